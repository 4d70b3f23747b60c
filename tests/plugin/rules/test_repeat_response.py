"""FRQ-3: how the last epidural session went."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.families import Family
from plugin.domain.injections import Injection, Relief, Verdict
from tests.builders import (
    CERVICAL,
    ask,
    case,
    days_ago,
    injection,
    score,
    section,
    unread,
)
from tests.plugin.rules.epidurals import FAILED, GOOD, PARTIAL, UNDATED, after, times, transforaminal

RESPONSE = "repeat_response_documented"


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
    [(GOOD, "relieved"), (FAILED, "failed"), (PARTIAL, "unread"), (Relief(), "unread")],
)
def test_measures_that_could_not_be_read_may_show_relief_unless_it_failed(relief: Relief, row: str) -> None:
    asked = case(
        injections=section(*times(100, relief=relief)),
        pain_scores=unread("observations", score(4, "2026-11-01")),
    )

    check = ask(RESPONSE, asked)

    assert check.row == row
    assert [u.source for u in check.unread] == (["observations"] if row == "unread" else [])


def test_a_session_of_several_injections_failed_only_when_all_of_them_did() -> None:
    day = days_ago(100)
    asked = case(
        injections=section(injection(day, relief=FAILED), transforaminal(day)),
        pain_scores=unread("observations"),
    )

    assert ask(RESPONSE, asked).row == "unread"


def test_measures_that_could_not_be_read_do_not_matter_to_a_first_session() -> None:
    assert ask(RESPONSE, case(pain_scores=unread("observations"))).row == "first-session"
