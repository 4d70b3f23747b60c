"""FRQ-2: enough days between epidural sessions."""

from __future__ import annotations

import pytest

from plugin.domain.check import Kind, Outcome, Reason
from plugin.domain.families import Purpose
from plugin.domain.regions import Region
from tests.builders import (
    CERVICAL,
    UNSPECIFIED,
    ask,
    case,
    days_ago,
    injection,
    on,
    unread,
)
from tests.plugin.rules.epidurals import UNDATED, after, times

SPACING = "sessions_spaced"


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
