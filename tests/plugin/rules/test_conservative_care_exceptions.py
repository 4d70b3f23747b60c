"""CC-1: what stands in for conservative care, and what leaves the question open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Kind, Outcome, Reason
from plugin.domain.evidence import CareEntry, CareKind, Diagnosis, PainScore, Section, Standing
from plugin.domain.regions import Region
from tests.builders import (
    CERVICAL,
    LUMBAR,
    PLANNED,
    SESSIONS,
    UNSPECIFIED,
    care,
    case,
    conservative,
    days_ago,
    diagnosis,
    injection,
    medication,
    order,
    reasoned,
    score,
    section,
    sessions,
    unread,
    waiver,
)
from tests.plugin.rules.treated import OLD, row, treated


def test_acute_zoster_needs_no_conservative_care() -> None:
    asked = reasoned(diagnosis("B02.9", "2026-11-01"))

    check = conservative(case(asked.order, problems=asked.evidence.diagnoses.entries, care=section()))

    assert (check.outcome, check.kind) == (Outcome.WAIVED, None)


@pytest.mark.parametrize(
    ("deficit", "expected"),
    [
        (diagnosis("M21.371", days_ago(42)), "neurological-deficit"),
        (diagnosis("M21.371", days_ago(43)), "nothing-recorded"),
        (diagnosis("M21.371", days_ago(0)), "neurological-deficit"),
        (diagnosis("M21.371", recorded=days_ago(42)), "neurological-deficit"),
        (diagnosis("M21.371", recorded=days_ago(43)), "nothing-recorded"),
        (diagnosis("M21.371", "2026-10"), "undetermined"),
        (diagnosis("M62.81", days_ago(10)), "nothing-recorded"),
        (diagnosis("M21.371", days_ago(10), is_certain=False), "nothing-recorded"),
        (diagnosis("M21.371", days_ago(10), standing=Standing.HISTORICAL), "nothing-recorded"),
        (diagnosis("G83.4"), "neurological-deficit"),
        (diagnosis("G83.4", "2020-01-01"), "neurological-deficit"),
        (diagnosis("G83.4", standing=Standing.HISTORICAL), "nothing-recorded"),
    ],
)
def test_a_new_deficit_is_never_held_up_by_conservative_care(deficit: Diagnosis, expected: str) -> None:
    assert row(case(problems=[OLD, deficit], care=section()))[0] == expected


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [(1, 3, "neurological-deficit"), (3, 1, "nothing-recorded"), (2, 2, "nothing-recorded")],
)
def test_a_deficit_charted_again_as_more_severe_is_worsening(earlier: int, later: int, expected: str) -> None:
    first = diagnosis("M21.371", "2026-01-10", reference="Condition/first", severity=earlier)
    second = diagnosis("M21.371", "2026-06-10", reference="Condition/second", severity=later)

    assert row(case(problems=[OLD, first, second], care=section()))[0] == expected


def test_another_deficit_that_is_more_severe_is_no_worsening() -> None:
    right = diagnosis("M21.371", "2026-01-10", reference="Condition/first", severity=1)
    left = diagnosis("M21.372", "2026-06-10", reference="Condition/second", severity=3)

    assert row(case(problems=[OLD, right, left], care=section()))[0] == "nothing-recorded"


def test_pain_charted_again_as_more_severe_is_no_worsening_of_a_deficit_beside_it() -> None:
    deficit = diagnosis("M21.371", "2026-01-10", reference="Condition/deficit", severity=2)
    first = diagnosis("M54.50", "2026-01-10", reference="Condition/first", severity=1)
    second = diagnosis("M54.50", "2026-06-10", reference="Condition/second", severity=3)

    assert row(case(problems=[OLD, deficit, first, second], care=section()))[0] == "nothing-recorded"


@pytest.mark.parametrize(
    ("injected", "region", "expected"),
    [
        (days_ago(100), LUMBAR, "repeat-in-episode"),
        (days_ago(100), Region.pair("lumbar", "sacral"), "repeat-in-episode"),
        (days_ago(365), LUMBAR, "repeat-in-episode"),
        (days_ago(366), LUMBAR, "nothing-recorded"),
        (days_ago(-1), LUMBAR, "nothing-recorded"),
        (days_ago(100), CERVICAL, "nothing-recorded"),
        (days_ago(100), UNSPECIFIED, "undetermined"),
        (None, LUMBAR, "undetermined"),
        ("2025", LUMBAR, "undetermined"),
    ],
)
def test_care_was_judged_at_an_earlier_injection_of_the_episode(
    injected: str | None, region: Region, expected: str
) -> None:
    assert row(treated(injections=section(injection(injected, region))))[0] == expected


@pytest.mark.parametrize(
    ("onset", "expected"),
    [
        ("2026-08-17", "repeat-in-episode"),
        ("2026-08-18", "nothing-recorded"),
        ("2026-08", "undetermined"),
        (None, "repeat-in-episode"),
    ],
)
def test_an_injection_before_the_episode_began_is_no_repeat(onset: str | None, expected: str) -> None:
    asked = case(
        problems=[diagnosis("M54.16", onset)],
        care=section(),
        injections=section(injection("2026-08-17")),
    )

    assert row(asked)[0] == expected


def acute(
    entries: Sequence[CareEntry],
    scores: Section[PainScore],
    onset: str = "2026-10-01",
    recorded: str | None = None,
) -> Case:
    painful = diagnosis("M54.16", onset or None, recorded=recorded)
    return case(problems=[painful], care=section(*entries), pain_scores=scores)


@pytest.mark.parametrize(
    ("value", "days", "expected"),
    [
        (6, 14, "acute-severe"),
        (5, 14, "too-short"),
        (5.9, 14, "too-short"),
        (6, 13, "too-short"),
        (10, 27, "acute-severe"),
    ],
)
def test_severe_acute_pain_needs_14_days_of_care(value: float, days: int, expected: str) -> None:
    course = care("2026-10-20", (PLANNED.replace(month=10, day=20) + timedelta(days=days - 1)).isoformat())

    check = conservative(acute([course], section(score(value, "2026-11-10"))))

    assert check.row == expected
    assert check.kind is (Kind.NOTE if expected == "acute-severe" else Kind.GAP)


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        (days_ago(30), "acute-severe"),
        (days_ago(31), "too-short"),
        (days_ago(0), "acute-severe"),
        (days_ago(-1), "too-short"),
        ("2026-10", "undetermined"),
    ],
)
def test_the_pain_score_must_be_of_the_last_30_days(taken: str, expected: str) -> None:
    course = care("2026-10-20", "2026-11-02")

    assert row(acute([course], section(score(8, taken))))[0] == expected


@pytest.mark.parametrize(
    ("onset", "recorded", "expected"),
    [
        (days_ago(90), None, "acute-severe"),
        (days_ago(91), None, "too-short"),
        ("2026-08", None, "undetermined"),
        ("", days_ago(20), "undetermined"),
        ("", days_ago(91), "too-short"),
        ("", None, "undetermined"),
    ],
)
def test_pain_is_acute_up_to_90_days_and_a_recorded_date_never_proves_it(
    onset: str, recorded: str | None, expected: str
) -> None:
    course = care("2026-10-20", "2026-11-02")

    assert row(acute([course], section(score(8, "2026-11-10")), onset, recorded))[0] == expected


def test_two_weeks_of_medication_count_for_severe_acute_pain() -> None:
    course = medication("2026-10-20", "2026-11-02")

    assert row(acute([course], section(score(8, "2026-11-10"))))[0] == "acute-severe"


def test_unread_pain_scores_leave_open_what_the_shorter_rule_might_settle() -> None:
    course = care("2026-10-20", "2026-11-02")

    check = conservative(acute([course], unread("observations")))

    assert (check.outcome, check.reason, check.kind) == (
        Outcome.UNKNOWN,
        Reason.NO_ACCESS,
        Kind.UNKNOWN,
    )


def test_unread_pain_scores_change_nothing_for_long_standing_pain() -> None:
    check = conservative(treated(care("2026-10-20", "2026-11-02"), pain_scores=unread("observations")))

    assert (check.row, check.kind) == ("too-short", Kind.GAP)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("any", ("declined-or-contraindicated", Outcome.WAIVED)),
        ("therapy", ("declined-or-contraindicated", Outcome.WAIVED)),
        ("medication", ("nothing-recorded", Outcome.UNKNOWN)),
    ],
)
def test_a_refusal_waives_care_and_an_intolerance_of_drugs_alone_does_not(
    of: str, expected: tuple[str, Outcome]
) -> None:
    assert row(treated(waivers=section(waiver(of)))) == expected


def test_a_waiver_is_shown_as_a_note() -> None:
    check = conservative(treated(waivers=section(waiver())))

    assert (check.kind, [i.reference for i in check.decided_by]) == (Kind.NOTE, ["Condition/waiver"])


@pytest.mark.parametrize(
    "entries", [(), (care("2026-10-10"),), (care("2026-10-10", kind=CareKind.REFERRAL),)]
)
@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("care", "procedures"),
        ("care", "medications"),
        ("injections", "procedures"),
        ("waivers", "conditions"),
        ("diagnoses", "conditions"),
    ],
)
def test_a_gap_is_never_said_while_a_source_of_care_is_unread(
    part: str, source: str, entries: tuple[CareEntry, ...]
) -> None:
    known: dict[str, tuple[Any, ...]] = {"care": entries, "diagnoses": (OLD,)}

    asked = treated(*entries, **{part: unread(source, *known.get(part, ()))})
    check = conservative(asked)

    assert (check.row, check.kind, check.reason) == ("unread", Kind.UNKNOWN, Reason.NO_ACCESS)
    assert [u.source for u in check.unread] == [source]


def test_care_that_suffices_stands_though_other_sources_are_unread() -> None:
    entries = sessions(*SESSIONS).entries

    assert conservative(case(care=unread("medications", *entries))).outcome is Outcome.MET


def test_while_the_onset_may_be_unread_no_care_is_known_to_be_of_this_episode() -> None:
    check = conservative(case(order(), diagnoses=unread("conditions")))

    assert (check.row, check.kind) == ("unread", Kind.UNKNOWN)
