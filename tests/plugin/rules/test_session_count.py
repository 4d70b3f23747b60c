"""FRQ-1: not too many epidural sessions within a year."""

from __future__ import annotations

import pytest

from plugin.domain.check import Kind, Outcome, Reason
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Injection
from plugin.domain.regions import Region
from tests.builders import (
    CERVICAL,
    LUMBAR,
    UNSPECIFIED,
    ask,
    case,
    days_ago,
    injection,
    unread,
)
from tests.plugin.rules.epidurals import UNDATED, after, times, transforaminal

COUNT = "session_count_within_limit"


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
