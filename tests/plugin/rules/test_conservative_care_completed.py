"""CC-1, row by row: what counts as care, how its days are counted, and what stands in for it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from plugin.domain.check import Kind, Outcome, Reason
from plugin.domain.evidence import CareEntry, CareKind
from tests.builders import (
    SESSIONS,
    care,
    case,
    conservative,
    days_ago,
    diagnosis,
    medication,
    order,
    section,
)
from tests.plugin.rules.treated import BY_REASON, OLD, row, treated


def test_six_sessions_over_46_days_meet_the_criterion_silently() -> None:
    check = conservative(case())

    assert (check.row, check.outcome, check.kind) == ("active-care", Outcome.MET, None)
    assert check.facts["documented_days"] == 46
    assert len(check.decided_by) == len(SESSIONS)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-10-01", "2026-10-27", ("too-short", Outcome.NOT_MET)),
        ("2026-10-01", "2026-10-28", ("active-care", Outcome.MET)),
        ("2026-10-01", "2026-10-29", ("active-care", Outcome.MET)),
    ],
)
def test_first_and_last_session_both_count(first: str, last: str, expected: tuple[str, Outcome]) -> None:
    assert row(treated(care(first), care(last))) == expected
    assert row(treated(care(first, last))) == expected


def test_the_days_documented_and_missing_are_told() -> None:
    facts = conservative(treated(care("2026-11-02"), care("2026-11-15"))).facts

    assert (facts["documented_days"], facts["remaining_days"]) == (14, 14)
    assert facts["met_on"] == "2026-11-29"


def test_care_that_stopped_long_ago_has_no_day_on_which_it_would_suffice() -> None:
    assert "met_on" not in conservative(treated(care("2026-03-02"), care("2026-03-15"))).facts


@pytest.mark.parametrize(
    ("pause", "expected"), [(44, "active-care"), (45, "active-care"), (46, "too-short"), (90, "too-short")]
)
def test_a_pause_of_more_than_45_days_begins_a_new_course(pause: int, expected: str) -> None:
    assert row(treated(care(days_ago(100)), care(days_ago(100 - pause))))[0] == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (392, 365, "too-short"),
        (365, 338, "active-care"),
        (366, 339, "too-short"),
        (400, 366, "nothing-recorded"),
    ],
)
def test_care_counts_within_365_days(first: int, last: int, expected: str) -> None:
    assert row(treated(care(days_ago(first), days_ago(last))))[0] == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(27, 0, "active-care"), (26, 0, "too-short"), (20, -30, "too-short"), (-1, -40, "nothing-recorded")],
)
def test_care_planned_after_the_procedure_does_not_count(first: int, last: int, expected: str) -> None:
    assert row(treated(care(days_ago(first), days_ago(last))))[0] == expected


@pytest.mark.parametrize(
    ("onset", "expected"),
    [
        ("2026-09-01", "active-care"),
        ("2026-10-03", "active-care"),
        ("2026-10-04", "too-short"),
        ("2026-10", "undetermined"),
        ("2026-09", "active-care"),
    ],
)
def test_care_is_clipped_to_the_episode(onset: str, expected: str) -> None:
    asked = case(problems=[diagnosis("M54.16", onset)], care=section(care("2026-08-01", "2026-10-30")))

    assert row(asked)[0] == expected


def test_an_old_course_of_a_drug_cannot_stand_for_a_new_problem() -> None:
    asked = case(
        problems=[diagnosis("M54.16", "2026-10-15")],
        care=section(medication("2026-06-01", "2026-08-30"), care("2026-11-01")),
    )

    assert row(asked)[0] == "too-short"


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([care("2026-10-10")], ("too-short", Outcome.NOT_MET, None)),
        ([care("2026-10-10"), care("2026-10-10")], ("too-short", Outcome.NOT_MET, None)),
        (
            [care("2026-10-10", is_evaluation=True)],
            ("referral-only", Outcome.UNKNOWN, Reason.NO_EVIDENCE),
        ),
        (
            [care("2026-09-01", is_evaluation=True), care("2026-10-15", is_evaluation=True)],
            ("referral-only", Outcome.UNKNOWN, Reason.NO_EVIDENCE),
        ),
        (
            [care("2026-09-20", is_evaluation=True), care("2026-10-20")],
            ("active-care", Outcome.MET, None),
        ),
        (
            [medication("2026-09-01", "2026-10-30")],
            ("medication-only", Outcome.UNKNOWN, Reason.AMBIGUOUS),
        ),
        (
            [medication("2026-10-01", "2026-10-28")],
            ("medication-only", Outcome.UNKNOWN, Reason.AMBIGUOUS),
        ),
        ([medication("2026-10-01", "2026-10-27")], ("too-short", Outcome.NOT_MET, None)),
        (
            [medication("2026-09-01", "2026-10-30"), care("2026-10-10")],
            ("active-and-medication", Outcome.MET, None),
        ),
        (
            [medication("2026-10-01", "2026-10-20"), care("2026-10-28")],
            ("too-short", Outcome.NOT_MET, None),
        ),
        (
            [
                medication("2026-10-01", "2026-10-14"),
                medication("2026-10-15", "2026-10-27"),
                care("2026-10-28"),
            ],
            ("active-and-medication", Outcome.MET, None),
        ),
        (
            [medication("2026-10-01", "2026-10-20"), medication("2026-10-10", "2026-10-27")],
            ("too-short", Outcome.NOT_MET, None),
        ),
        (
            [care("2026-10-01", "2026-10-30", CareKind.PASSIVE)],
            ("passive-only", Outcome.UNKNOWN, Reason.NO_EVIDENCE),
        ),
        (
            [care("2026-10-01", kind=CareKind.REFERRAL)],
            ("referral-only", Outcome.UNKNOWN, Reason.NO_EVIDENCE),
        ),
        (
            [care("2026-10-01", kind=CareKind.PASSIVE), care("2026-10-02", kind=CareKind.REFERRAL)],
            ("passive-only", Outcome.UNKNOWN, Reason.NO_EVIDENCE),
        ),
        (
            [care("2026-10-01", "2026-11-10", CareKind.PASSIVE), care("2026-10-05")],
            ("too-short", Outcome.NOT_MET, None),
        ),
        ([], ("nothing-recorded", Outcome.UNKNOWN, Reason.NO_EVIDENCE)),
    ],
)
def test_what_care_alone_or_together_amounts_to(
    entries: Sequence[CareEntry], expected: tuple[str, Outcome, Reason | None]
) -> None:
    check = conservative(treated(*entries))

    assert (check.row, check.outcome, check.reason) == expected


@pytest.mark.parametrize(
    "entries",
    [[], [care("2026-10-10")], [care("2026-10-01", kind=CareKind.REFERRAL)]],
)
def test_care_not_found_after_a_complete_search_is_a_gap(entries: list[CareEntry]) -> None:
    assert conservative(treated(*entries)).kind is Kind.GAP


def test_medication_alone_is_an_open_question_and_no_gap() -> None:
    assert conservative(treated(medication("2026-09-01", "2026-10-30"))).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "entry",
    [
        care("2026-09-01", "2026-10-30", is_certain=False),
        care("2026-09", "2026-11"),
        care("2026-09-20", "2026-10"),
        care(None, "2026-11-01"),
        medication("2026-09-01", None),
        medication("2026-09-01", "2026-10-30", is_certain=False),
    ],
)
def test_care_not_certain_or_not_dated_to_the_day_leaves_the_answer_open(entry: CareEntry) -> None:
    check = conservative(treated(entry, care("2026-10-01")))

    assert (check.row, check.kind) == ("undetermined", Kind.UNKNOWN)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (care("2026-09", "2026-11", kind=CareKind.PASSIVE), "passive-only"),
        (care("2026-11", "2026-11-20"), "too-short"),
        (care("2024"), "nothing-recorded"),
    ],
)
def test_inexact_care_that_cannot_reach_the_days_is_still_a_gap(entry: CareEntry, expected: str) -> None:
    assert row(treated(entry))[0] == expected


def test_sessions_known_only_by_text_are_a_hint_and_never_proof() -> None:
    hinted = [care(day, is_certain=False) for day in SESSIONS]

    assert conservative(treated(*hinted)).row == "undetermined"


@pytest.mark.parametrize(
    ("days", "expected"),
    [(27, "symptoms-too-recent"), (28, "nothing-recorded"), (29, "nothing-recorded")],
)
def test_a_pain_younger_than_28_days_cannot_have_had_28_days_of_care(days: int, expected: str) -> None:
    asked = case(problems=[diagnosis("M54.16", days_ago(days))], care=section())

    assert row(asked)[0] == expected


def test_the_days_since_onset_and_the_earliest_date_are_told() -> None:
    check = conservative(case(problems=[diagnosis("M54.16", "2026-11-02")], care=section()))

    assert (check.outcome, check.facts["onset_days"]) == (Outcome.NOT_MET, 23)
    assert check.facts["earliest_date"] == "2026-11-30"


def test_without_a_planned_date_recent_pain_is_an_open_question() -> None:
    placed = order(planned=None, reason_references=BY_REASON)

    check = conservative(case(placed, problems=[diagnosis("M54.16", "2026-11-02")], care=section()))

    assert (check.row, check.kind) == ("symptoms-recent-no-date", Kind.UNKNOWN)


def test_without_a_planned_date_care_of_an_old_pain_is_judged_all_the_same() -> None:
    placed = order(planned=None, reason_references=BY_REASON)

    assert row(case(placed, problems=[OLD], care=section()))[0] == "nothing-recorded"


@pytest.mark.parametrize(
    ("onset", "expected"),
    [("2026-11", "symptoms-too-recent"), ("2026-10", "nothing-recorded"), ("2026", "nothing-recorded")],
)
def test_an_onset_known_roughly_leaves_a_gap_where_every_day_of_it_does(onset: str, expected: str) -> None:
    asked = case(problems=[diagnosis("M54.16", onset)], care=section())

    assert conservative(asked).kind is Kind.GAP
    assert row(asked)[0] == expected
