"""Earlier injections: what relief they brought, which days count as sessions, and where they were."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from plugin.domain.case import Case
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Injection, Relief, Verdict, is_same_area, is_same_half
from plugin.domain.regions import Region
from plugin.domain.truth import Truth
from tests.builders import (
    CERVICAL,
    LUMBAR,
    UNSPECIFIED,
    case,
    days_ago,
    diagnosis,
    injection,
    order,
    section,
    unread,
)

YES, NO, OPEN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
RIGHT, LEFT = frozenset({"right"}), frozenset({"left"})
THORACIC, SACRAL = Region.of("thoracic"), Region.of("sacral")
CERVICOTHORACIC, THORACOLUMBAR = Region.of("cervical", "thoracic"), Region.of("thoracic", "lumbar")
UPPER, LOWER = Region.pair("cervical", "thoracic"), Region.pair("lumbar", "sacral")
WORKED, PARTLY, FAILED = Verdict.SUCCESSFUL, Verdict.PARTIAL, Verdict.UNSUCCESSFUL


@pytest.mark.parametrize(
    ("relief", "expected"),
    [
        (Relief(), OPEN),
        (Relief(79.9), NO),
        (Relief(80), YES),
        (Relief(80.1), YES),
        (Relief(80, highest_percent=95), YES),
        (Relief(60, highest_percent=95), OPEN),
        (Relief(60, highest_percent=79), NO),
        (Relief(verdict=WORKED), OPEN),
        (Relief(verdict=PARTLY), NO),
        (Relief(verdict=FAILED), NO),
        (Relief(85, WORKED), YES),
        (Relief(85, PARTLY), YES),
        (Relief(85, FAILED), OPEN),
        (Relief(60, WORKED), NO),
        (Relief(85, is_contradictory=True), OPEN),
        (Relief(40, is_contradictory=True), OPEN),
    ],
)
def test_relief_reaches_a_percentage_only_where_nothing_speaks_against_it(
    relief: Relief, expected: Truth
) -> None:
    assert relief.reached(80) is expected


@pytest.mark.parametrize(
    ("relief", "expected"),
    [
        (Relief(), OPEN),
        (Relief(90), OPEN),
        (Relief(10, WORKED), YES),
        (Relief(verdict=PARTLY), NO),
        (Relief(90, FAILED), NO),
        (Relief(90, WORKED, is_contradictory=True), OPEN),
    ],
)
def test_help_is_what_the_chart_calls_a_success(relief: Relief, expected: Truth) -> None:
    assert relief.helped is expected


def test_a_result_is_recorded_by_a_number_or_a_word() -> None:
    assert [r.is_recorded for r in (Relief(), Relief(0), Relief(verdict=PARTLY))] == [False, True, True]
    assert [r.is_unquantified for r in (Relief(verdict=WORKED), Relief(80, WORKED), Relief())] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("own", "ordered", "expected"),
    [
        (RIGHT, RIGHT, True),
        (RIGHT, LEFT, False),
        (RIGHT, frozenset(), True),
        (frozenset(), RIGHT, True),
        (RIGHT | LEFT, LEFT, True),
        (RIGHT, RIGHT | LEFT, True),
    ],
)
def test_only_two_stated_sides_can_differ(
    own: frozenset[str], ordered: frozenset[str], expected: bool
) -> None:
    assert injection("2026-09-01", sides=own).is_on_side_of(ordered) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (CERVICAL, THORACIC, YES),
        (LUMBAR, SACRAL, YES),
        (LUMBAR, Region.of("sacroiliac"), YES),
        (CERVICAL, LUMBAR, NO),
        (UPPER, LOWER, NO),
        (Region.of("thoracic", "lumbar"), CERVICAL, YES),
        (Region.of("thoracic", "lumbar"), SACRAL, YES),
        (UNSPECIFIED, LUMBAR, OPEN),
        (LUMBAR, UNSPECIFIED, OPEN),
        (Region.everywhere(), CERVICAL, YES),
    ],
)
def test_sessions_are_counted_by_half_of_the_spine(one: Region, other: Region, expected: Truth) -> None:
    assert is_same_half(one, other) is expected
    assert is_same_half(other, one) is expected


@pytest.mark.parametrize(
    ("ordered", "other", "expected"),
    [
        (LUMBAR, LUMBAR, YES),
        (LUMBAR, SACRAL, YES),
        (LOWER, LUMBAR, YES),
        (CERVICAL, CERVICAL, YES),
        (CERVICAL, THORACIC, NO),
        (CERVICAL, UPPER, YES),
        (UPPER, UPPER, YES),
        (UPPER, THORACIC, OPEN),
        (CERVICAL, CERVICOTHORACIC, YES),
        (CERVICAL, Region.everywhere(), YES),
        (CERVICAL, THORACOLUMBAR, NO),
        (THORACOLUMBAR, CERVICAL, NO),
        (CERVICOTHORACIC, CERVICAL, YES),
        (UPPER, CERVICOTHORACIC, YES),
        (CERVICAL, LUMBAR, NO),
        (LUMBAR, UNSPECIFIED, OPEN),
    ],
)
def test_blocks_are_compared_by_neck_mid_back_or_low_back(
    ordered: Region, other: Region, expected: Truth
) -> None:
    assert is_same_area(ordered, other) is expected


def facet(when: str | None, **changes: Any) -> Injection:
    given = {"family": Family.FACET_INJECTION, "purpose": Purpose.DIAGNOSTIC}
    return injection(when, **{**given, **changes})


def charted(*entries: Injection, **changes: Any) -> Case:
    """A lumbar facet order on the right, and these injections on record."""
    placed = order("64493", reason_references=("Condition/M47.816",), sides=RIGHT, **changes)
    return case(placed, problems=[diagnosis("M47.816", "2026-01-01")], injections=section(*entries))


def counted(*entries: Injection, **changes: Any) -> tuple[int, int]:
    found = charted(*entries, **changes).sessions({Family.FACET_INJECTION}, 365)
    return found.least, found.most


def is_facet(found: Injection) -> Truth:
    return Truth.of(found.family is Family.FACET_INJECTION)


def test_injections_of_one_day_are_one_session() -> None:
    lines = [facet("2026-09-01"), facet("2026-09-01", sides=LEFT), facet("2026-09-15")]

    assert counted(*lines) == (2, 2)


@pytest.mark.parametrize(("days", "sessions"), [(364, 1), (365, 0), (366, 0), (1, 1), (0, 0), (-1, 0)])
def test_a_session_counts_within_the_window_and_before_the_day(days: int, sessions: int) -> None:
    assert counted(facet(days_ago(days))) == (sessions, sessions)


@pytest.mark.parametrize(
    "entry",
    [
        facet(None),
        facet("2026-09"),
        facet("2026-09-01", is_certain=False),
        facet("2026-09-01", region=UNSPECIFIED),
        facet("2025-11"),
    ],
)
def test_what_is_not_exact_may_be_a_session(entry: Injection) -> None:
    assert counted(entry) == (0, 1)


@pytest.mark.parametrize(
    "entry",
    [facet("2026-09-01", region=CERVICAL), injection("2026-09-01"), facet("2024"), facet("2027-01")],
)
def test_another_half_family_or_time_is_none(entry: Injection) -> None:
    assert counted(entry) == (0, 0)


def test_a_number_of_sessions_is_open_while_some_may_be_missing() -> None:
    asked = charted(facet("2026-09-01"), facet(None))
    found = asked.sessions({Family.FACET_INJECTION}, 365)
    part = case(asked.order, injections=unread("procedures", facet("2026-09-01")))

    assert [found.at_least(n) for n in (1, 2, 3)] == [YES, OPEN, NO]
    assert part.sessions({Family.FACET_INJECTION}, 365).at_least(3) is OPEN


def test_the_latest_session_is_the_latest_that_is_certain() -> None:
    found = charted(
        facet("2026-09-01"), facet("2026-10-01", is_certain=False), facet("2026-10"), facet("2026-08-01")
    ).sessions({Family.FACET_INJECTION}, 365)

    assert found.latest is not None
    assert found.latest.day.first == date(2026, 9, 1)
    assert [s.day.last.isoformat() for s in found.entries] == [
        "2026-10-31",
        "2026-10-01",
        "2026-09-01",
        "2026-08-01",
    ]


def test_an_injection_of_undetermined_purpose_may_be_of_any() -> None:
    def diagnostic(purpose: Purpose) -> tuple[int, int]:
        asked = charted(facet("2026-09-01", purpose=purpose))
        found = asked.sessions({Family.FACET_INJECTION}, 365, {Purpose.DIAGNOSTIC})
        return found.least, found.most

    assert diagnostic(Purpose.DIAGNOSTIC) == (1, 1)
    assert diagnostic(Purpose.UNDETERMINED) == (0, 1)
    assert diagnostic(Purpose.THERAPEUTIC) == (0, 0)


def test_a_session_tells_which_of_its_injections_are_certain() -> None:
    sure, unsure = facet("2026-09-01"), facet("2026-09-01", region=UNSPECIFIED)

    (session,) = charted(sure, unsure).sessions({Family.FACET_INJECTION}, 365).entries

    assert session.injections == (sure, unsure)
    assert session.certain == (sure,)
    assert session.counts is YES


@pytest.mark.parametrize(
    ("entry", "least"),
    [
        (facet("2026-09-01"), 1),
        (facet("2026-09-01", sides=RIGHT), 1),
        (facet("2026-09-01", sides=LEFT), 0),
        (facet("2026-09-01", region=SACRAL), 1),
        (facet("2026-09-01", region=CERVICAL), 0),
    ],
)
def test_a_session_here_is_in_the_area_and_on_the_side(entry: Injection, least: int) -> None:
    assert charted(entry).sessions_here(is_facet, 365).least == least


@pytest.mark.parametrize(
    ("entry", "planned", "expected"),
    [
        (facet("2026-11-11"), "2026-11-25", NO),
        (facet("2026-11-12"), "2026-11-25", YES),
        (facet("2026-11"), "2026-11-25", OPEN),
        (facet(None), "2026-11-25", OPEN),
        (facet("2026-11-18"), "2026-12", OPEN),
        (facet("2026-11-10"), "2026-12", NO),
        (facet("2026-11-18"), None, OPEN),
        (facet("2026-11-06"), None, NO),
    ],
)
def test_days_between_are_counted_to_the_planned_day(
    entry: Injection, planned: str | None, expected: Truth
) -> None:
    asked = charted(entry, planned=planned, asked_on=date(2026, 11, 20))

    assert asked.had_session_here(is_facet, 14) is expected


def test_days_since_a_session_are_as_exact_as_the_dates() -> None:
    exact, rough = charted(facet("2026-11-15")), charted(facet("2026-11-15"), planned="2026-12")

    def since(asked: Case) -> str:
        return asked.days_since(asked.sessions_here(is_facet, 365).latest)

    assert since(exact) == "10"
    assert since(rough) == "16 to 46"
    assert exact.days_since(None) == ""
