"""FRQ-1 to FRQ-4: how many sessions, how far apart, how the last one went, and whether more are planned."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Injection, Relief, Verdict
from plugin.domain.order import Word
from plugin.domain.regions import Region
from tests.builders import (
    CERVICAL,
    LUMBAR,
    TODAY,
    UNSPECIFIED,
    ask,
    case,
    concept,
    days_ago,
    injection,
    on,
    order,
    score,
    section,
    unread,
)

COUNT, SPACING = "session_count_within_limit", "sessions_spaced"
RESPONSE, SERIES = "repeat_response_documented", "no_predetermined_series"
GOOD = Relief(verdict=Verdict.SUCCESSFUL)
FAILED = Relief(verdict=Verdict.UNSUCCESSFUL)
PARTIAL = Relief(verdict=Verdict.PARTIAL)
REASON = {"reason_references": ("Condition/M54.16",)}
UNDATED: dict[str, Any] = {"planned": None, "as_of": TODAY, "asked_on": TODAY}


def after(*earlier: Injection, code: str = "62323", **changes: Any) -> Case:
    """An order after these injections, which are all there are on record."""
    return case(order(code, **REASON, **changes), injections=section(*earlier))


def times(*ago: int, **changes: Any) -> list[Injection]:
    """Sessions so many days before the planned one."""
    return [injection(days_ago(days), **changes) for days in ago]


def transforaminal(when: str | None, **changes: Any) -> Injection:
    return injection(when, family=Family.TRANSFORAMINAL, code=concept("64483"), **changes)


# How many sessions


@pytest.mark.parametrize(
    ("count", "row"), [(0, "within-limit"), (2, "within-limit"), (3, "above-limit"), (4, "above-limit")]
)
def test_a_fourth_session_in_the_window_is_one_too_many(count: int, row: str) -> None:
    check = ask(COUNT, after(*times(*range(60, 60 + 30 * count, 30))))

    assert (check.row, check.kind) == (row, Kind.GAP if row == "above-limit" else None)
    assert (check.facts["session_count"], check.facts["session_number"]) == (count, count + 1)


@pytest.mark.parametrize(
    ("first", "row"), [(364, "above-limit"), (365, "within-limit"), (366, "within-limit")]
)
def test_the_window_holds_364_days_before_the_planned_one(first: int, row: str) -> None:
    assert ask(COUNT, after(*times(first, 200, 100))).row == row


@pytest.mark.parametrize(("last", "row"), [(1, "above-limit"), (0, "within-limit"), (-3, "within-limit")])
def test_a_session_on_the_planned_day_or_later_is_none_before(last: int, row: str) -> None:
    assert ask(COUNT, after(*times(200, 100, last))).row == row


def test_without_a_planned_date_the_window_ends_at_the_orders_date() -> None:
    assert ask(COUNT, after(*times(200, 100, 5), **UNDATED)).row == "within-limit"
    assert ask(COUNT, after(*times(200, 100, 6), **UNDATED)).row == "above-limit"


def test_several_injections_of_one_day_are_one_session() -> None:
    again = [transforaminal(days_ago(100)), injection(days_ago(200), reference="Procedure/other-side")]

    assert ask(COUNT, after(*times(200, 100), *again)).facts["session_count"] == 2


@pytest.mark.parametrize(
    ("elsewhere", "row"),
    [
        (CERVICAL, "within-limit"),
        (Region.of("thoracic"), "within-limit"),
        (Region.of("sacral"), "above-limit"),
        (LUMBAR, "above-limit"),
        (UNSPECIFIED, "undated"),
    ],
)
def test_only_sessions_of_the_same_half_of_the_spine_count(elsewhere: Region, row: str) -> None:
    assert ask(COUNT, after(*times(200, 100), *times(50, region=elsewhere))).row == row


@pytest.mark.parametrize(
    ("other", "row"),
    [
        (transforaminal(days_ago(50)), "above-limit"),
        (injection(days_ago(50), family=Family.CAUDAL), "above-limit"),
        (injection(days_ago(50), family=Family.FACET_INJECTION), "within-limit"),
        (injection(days_ago(50), family=Family.SIJ_INJECTION), "within-limit"),
        (injection(days_ago(50), purpose=Purpose.THERAPEUTIC), "above-limit"),
        (injection(days_ago(50), purpose=Purpose.DIAGNOSTIC), "within-limit"),
    ],
)
def test_epidurals_count_however_they_go_in_and_blocks_for_diagnosis_do_not(
    other: Injection, row: str
) -> None:
    assert ask(COUNT, after(*times(200, 100), other)).row == row


@pytest.mark.parametrize("when", [None, "2026", "2026-11"])
def test_an_injection_without_an_exact_date_leaves_the_limit_open(when: str | None) -> None:
    check = ask(COUNT, after(*times(200, 100), injection(when)))

    assert (check.row, check.outcome, check.reason) == ("undated", Outcome.UNKNOWN, Reason.AMBIGUOUS)
    assert len(check.decided_by) == 3


def test_an_injection_not_charted_as_completed_leaves_the_limit_open() -> None:
    assert ask(COUNT, after(*times(200, 100), injection(days_ago(50), is_certain=False))).row == "undated"


@pytest.mark.parametrize("when", [None, "2026"])
def test_an_injection_without_an_exact_date_matters_only_at_the_limit(when: str | None) -> None:
    assert ask(COUNT, after(*times(100), injection(when))).row == "within-limit"
    assert ask(COUNT, after(*times(200, 100, 50), injection(when))).row == "above-limit"


def test_a_month_that_lies_in_the_window_is_still_no_certain_day() -> None:
    """Two entries of one month may be one session."""
    assert ask(COUNT, after(*times(200, 100), injection("2026-09"))).row == "undated"


def test_a_block_for_diagnosis_is_not_held_to_the_limit() -> None:
    check = ask(COUNT, after(*times(200, 100, 50), purpose=Purpose.DIAGNOSTIC))

    assert (check.row, check.kind) == ("diagnostic", None)


@pytest.mark.parametrize(
    ("known", "row"), [((), "unread"), ((200, 100), "unread"), ((200, 100, 50), "above-limit")]
)
def test_procedures_that_could_not_be_read_may_hold_sessions(known: tuple[int, ...], row: str) -> None:
    check = ask(COUNT, case(injections=unread("procedures", *times(*known))))

    assert check.row == row
    assert (check.reason is Reason.NO_ACCESS) == bool(check.unread) == (row == "unread")


# How far apart


@pytest.mark.parametrize(
    ("ago", "row"),
    [(1, "too-soon"), (13, "too-soon"), (14, "too-soon"), (15, "spaced"), (16, "spaced"), (0, "spaced")],
)
def test_fifteen_days_lie_between_sessions(ago: int, row: str) -> None:
    check = ask(SPACING, after(*times(ago)))

    assert (check.row, check.outcome) == (row, Outcome.NOT_MET if row == "too-soon" else Outcome.MET)


@pytest.mark.parametrize(("ago", "row"), [(13, "too-soon"), (14, "spaced"), (15, "spaced")])
def test_fourteen_days_lie_before_a_block_for_diagnosis(ago: int, row: str) -> None:
    assert ask(SPACING, after(*times(ago), purpose=Purpose.DIAGNOSTIC)).row == row


def test_the_answer_says_how_long_ago_and_when_it_would_be_far_enough() -> None:
    check = ask(SPACING, after(*times(11, 200)))

    assert check.facts["days_since"] == 11
    assert check.facts["last_session"] == "2026-11-14"
    assert check.facts["earliest_date"] == "2026-11-29"
    assert [item.reference for item in check.decided_by] == ["Procedure/injection-2026-11-14"]


def test_the_last_session_is_the_last_certain_one() -> None:
    check = ask(SPACING, after(*times(11), injection(days_ago(3), is_certain=False)))

    assert (check.row, check.facts["days_since"]) == ("too-soon", 11)
    assert [item.reference for item in check.decided_by] == ["Procedure/injection-2026-11-14"]


@pytest.mark.parametrize(("region", "row"), [(CERVICAL, "spaced"), (UNSPECIFIED, "dates-not-exact")])
def test_another_half_of_the_spine_is_not_compared(region: Region, row: str) -> None:
    assert ask(SPACING, after(*times(11, region=region))).row == row


@pytest.mark.parametrize("purpose", list(Purpose))
def test_any_earlier_epidural_keeps_the_distance(purpose: Purpose) -> None:
    assert ask(SPACING, after(*times(11, purpose=purpose))).row == "too-soon"


@pytest.mark.parametrize(
    ("when", "row"),
    [
        (None, "dates-not-exact"),
        ("2026-11", "dates-not-exact"),
        ("2026", "dates-not-exact"),
        ("2026-10", "spaced"),
    ],
)
def test_a_session_without_an_exact_date_may_be_too_near(when: str | None, row: str) -> None:
    check = ask(SPACING, after(injection(when)))

    assert check.row == row
    assert (check.reason is Reason.AMBIGUOUS) == (row == "dates-not-exact")


@pytest.mark.parametrize(
    ("planned", "sessions", "row"),
    [
        ("2026-12", ("2026-11-20",), "dates-not-exact"),
        ("2026-12", ("2026-11-17",), "dates-not-exact"),
        ("2026-12", ("2026-11-16",), "spaced"),
        ("2026-12", ("2026-12-10",), "dates-not-exact"),
        ("2026-12", ("2026-11-25", "2026-12-20"), "dates-not-exact"),
        ("2026", ("2026-06-01",), "dates-not-exact"),
        ("2026", ("2025-12-17",), "spaced"),
    ],
)
def test_a_planned_month_or_year_is_too_soon_only_in_part(
    planned: str, sessions: tuple[str, ...], row: str
) -> None:
    when = on(planned)

    assert ask(SPACING, after(*map(injection, sessions), planned=planned, as_of=when.first)).row == row


@pytest.mark.parametrize(("ago", "row"), [(3, "no-planned-date"), (300, "no-planned-date"), (400, "spaced")])
def test_without_a_planned_date_the_distance_is_open_never_a_gap(ago: int, row: str) -> None:
    check = ask(SPACING, after(*times(ago + 5), **UNDATED))

    assert (check.row, check.kind) == (row, Kind.UNKNOWN if row == "no-planned-date" else None)


def test_without_a_planned_date_and_an_earlier_session_nothing_is_said() -> None:
    assert ask(SPACING, after(**UNDATED)).row == "spaced"


@pytest.mark.parametrize(("known", "row"), [((), "unread"), ((15,), "unread"), ((14,), "too-soon")])
def test_a_session_that_could_not_be_read_may_be_near(known: tuple[int, ...], row: str) -> None:
    check = ask(SPACING, case(injections=unread("procedures", *times(*known))))

    assert check.row == row
    assert (check.reason is Reason.NO_ACCESS) == bool(check.unread) == (row == "unread")


# How the last one went


def response(*earlier: Injection, **changes: Any) -> Check:
    return ask(RESPONSE, after(*earlier, **changes))


def test_the_first_session_repeats_nothing() -> None:
    assert response().row == "first-session"
    assert response(*times(365, relief=FAILED)).row == "first-session"
    assert response(*times(50, region=CERVICAL, relief=FAILED)).row == "first-session"


@pytest.mark.parametrize(
    "relief",
    [GOOD, Relief(percent=50.0), Relief(percent=90.0), Relief(percent=50.0, verdict=Verdict.PARTIAL)],
)
@pytest.mark.parametrize(("ago", "row"), [(364, "relieved"), (90, "relieved"), (89, "relief-recent")])
def test_a_repeat_after_relief_is_noted_before_three_months(relief: Relief, ago: int, row: str) -> None:
    check = response(*times(ago, relief=relief))

    assert (check.row, check.outcome) == (row, Outcome.MET)
    assert check.kind is (Kind.NOTE if row == "relief-recent" else None)
    assert check.facts["days_since"] == ago


@pytest.mark.parametrize("relief", [FAILED, Relief(percent=49.0), Relief(percent=0.0)])
def test_the_same_again_after_one_that_failed_is_a_gap(relief: Relief) -> None:
    check = response(*times(100, relief=relief))

    assert (check.row, check.kind) == ("failed", Kind.GAP)


@pytest.mark.parametrize(
    ("ago", "row", "kind"),
    [(14, "failed-other-approach", Kind.NOTE), (13, "failed-retried-early", Kind.GAP)],
)
def test_another_way_may_be_tried_after_14_days(ago: int, row: str, kind: Kind) -> None:
    check = response(*times(ago, relief=FAILED), code="64483")

    assert (check.row, check.kind) == (row, kind)


def test_a_code_of_the_same_approach_leaves_open_whether_the_same_is_done_again() -> None:
    """62322 and 62323 are one approach, with and without imaging; caudal may be another under one code."""
    without_imaging = response(*times(100, relief=FAILED), code="62322")
    caudal = response(*times(100, relief=FAILED), family=Family.CAUDAL)

    assert [without_imaging.row, caudal.row] == ["undetermined", "undetermined"]
    assert {without_imaging.kind, caudal.kind} == {Kind.UNKNOWN}


def test_without_a_planned_date_another_way_may_come_late_enough() -> None:
    early = response(*times(5 + 13, relief=FAILED), code="64483", **UNDATED)
    late = response(*times(5 + 14, relief=FAILED), code="64483", **UNDATED)

    assert (early.row, early.kind) == ("undetermined", Kind.UNKNOWN)
    assert late.row == "failed-other-approach"


def test_without_a_planned_date_relief_may_yet_last_three_months() -> None:
    assert response(*times(5 + 89, relief=GOOD), **UNDATED).row == "relief-recent"
    assert response(*times(5 + 90, relief=GOOD), **UNDATED).row == "relieved"


@pytest.mark.parametrize("earlier", [GOOD, FAILED])
def test_the_last_session_alone_is_judged(earlier: Relief) -> None:
    assert response(*times(200, relief=earlier), *times(100, relief=GOOD)).row == "relieved"
    assert response(*times(200, relief=earlier), *times(100, relief=FAILED)).row == "failed"


def test_no_recorded_result_is_open() -> None:
    check = response(*times(100))

    assert (check.row, check.outcome, check.reason) == ("no-result", Outcome.UNKNOWN, Reason.NO_EVIDENCE)
    assert check.kind is Kind.UNKNOWN


def test_partly_successful_without_a_number_is_open() -> None:
    assert response(*times(100, relief=PARTIAL)).row == "partial"
    assert response(*times(100, relief=Relief(percent=30.0, verdict=Verdict.PARTIAL))).row == "failed"


@pytest.mark.parametrize(
    "reliefs",
    [
        (Relief(percent=90.0, is_contradictory=True),),
        (GOOD, FAILED),
        (Relief(percent=60.0), Relief(percent=20.0)),
        (Relief(verdict=Verdict.SUCCESSFUL, is_contradictory=True), GOOD),
    ],
)
def test_results_that_disagree_are_open(reliefs: tuple[Relief, ...]) -> None:
    day = days_ago(100)
    same_day = [injection(day, reference=f"Procedure/{n}", relief=r) for n, r in enumerate(reliefs)]

    check = response(*same_day)

    assert (check.row, check.reason) == ("contradictory", Reason.AMBIGUOUS)
    assert len(check.decided_by) == len(reliefs)


def test_one_result_speaks_for_all_injections_of_its_day() -> None:
    day = days_ago(100)

    assert response(transforaminal(day), injection(day, relief=GOOD)).row == "relieved"


@pytest.mark.parametrize("later", [None, "2026-10", "2026"])
def test_which_session_was_the_last_is_open_beside_an_inexact_one(later: str | None) -> None:
    check = response(*times(100, relief=FAILED), injection(later, relief=GOOD))

    assert (check.row, check.reason) == ("dates-not-exact", Reason.AMBIGUOUS)


def test_an_inexact_date_before_the_last_session_does_not_matter() -> None:
    assert response(*times(100, relief=GOOD), injection("2026-06", relief=FAILED)).row == "relieved"


def test_only_inexact_sessions_leave_everything_open() -> None:
    assert response(injection(None, relief=FAILED)).row == "dates-not-exact"
    assert response(*times(100, relief=FAILED, is_certain=False)).row == "dates-not-exact"


@pytest.mark.parametrize("known", [[], times(100, relief=GOOD), times(100, relief=FAILED)])
def test_procedures_that_could_not_be_read_may_hold_a_later_session(known: list[Injection]) -> None:
    check = ask(RESPONSE, case(injections=unread("procedures", *known)))

    assert (check.row, check.reason) == ("unread", Reason.NO_ACCESS)
    assert [u.source for u in check.unread] == ["procedures"]


@pytest.mark.parametrize(
    ("relief", "row"),
    [(GOOD, "relieved"), (FAILED, "unread"), (PARTIAL, "unread"), (Relief(), "unread")],
)
def test_measures_that_could_not_be_read_may_show_relief(relief: Relief, row: str) -> None:
    asked = case(
        injections=section(*times(100, relief=relief)),
        pain_scores=unread("observations", score(4, "2026-11-01")),
    )

    check = ask(RESPONSE, asked)

    assert check.row == row
    assert [u.source for u in check.unread] == (["observations"] if row == "unread" else [])


def test_measures_that_could_not_be_read_do_not_matter_to_a_first_session() -> None:
    assert ask(RESPONSE, case(pain_scores=unread("observations"))).row == "first-session"


# Whether more are planned


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({}, "one-session"),
        ({"repeats": True}, "series-ordered"),
        ({"words": frozenset({Word.SERIES})}, "series-in-text"),
        ({"repeats": True, "words": frozenset({Word.SERIES})}, "series-ordered"),
        ({"words": frozenset({Word.STEROID})}, "one-session"),
    ],
)
def test_a_series_ordered_at_once_is_a_gap(changes: dict[str, Any], row: str) -> None:
    check = ask(SERIES, after(**changes))

    assert check.row == row
    assert (check.kind is Kind.GAP) == (row != "one-session")
