"""Dates of charts: as exact as they are written, and no more."""

from __future__ import annotations

from datetime import date

import pytest

from plugin.domain.dates import DateRange, days_before, parse_fhir_date
from plugin.domain.truth import Truth
from tests.builders import on


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-09-15", date(2026, 9, 15), date(2026, 9, 15)),
        ("2026-09-15T23:59:59Z", date(2026, 9, 15), date(2026, 9, 15)),
        ("2026-09-15T23:30:00-05:00", date(2026, 9, 15), date(2026, 9, 15)),
        ("2026-09-15T00:30:00+14:00", date(2026, 9, 15), date(2026, 9, 15)),
        ("2026-09-15T10:30:00", date(2026, 9, 15), date(2026, 9, 15)),
        ("2026-09-15T10:30:00.123456789+02:00", date(2026, 9, 15), date(2026, 9, 15)),
        ("2026-09", date(2026, 9, 1), date(2026, 9, 30)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2024-02-29", date(2024, 2, 29), date(2024, 2, 29)),
        ("0001", date(1, 1, 1), date(1, 12, 31)),
        ("9999-12-31", date(9999, 12, 31), date(9999, 12, 31)),
    ],
)
def test_a_date_is_read_as_the_calendar_days_it_may_mean(text: str, first: date, last: date) -> None:
    assert parse_fhir_date(text) == DateRange(first, last)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "2026-13-40",
        "2026-02-29",
        "2026-00",
        "2026-13",
        "0000",
        "26",
        "2026-9-1",
        "15.09.2026",
        "09/15/2026",
        "soon",
        "next Monday",
        "-2026",
        "2026-",
        "10000-01-01",
        "2026-09-15\n",
        "2026-09-15Z",
        "2026-09T10:00:00Z",
        "2026-W38-2",
        "20260915",
        "٢٠٢٦-٠٩-١٥",
    ],
)
def test_what_is_no_fhir_date_is_none_and_no_error(text: str | None) -> None:
    assert parse_fhir_date(text) is None


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("2026-09-14", Truth.FALSE),
        ("2026-09-15", Truth.TRUE),
        ("2026-09", Truth.UNKNOWN),
        ("2026", Truth.UNKNOWN),
        ("2026-10", Truth.TRUE),
        ("2025", Truth.FALSE),
    ],
)
def test_a_range_holds_only_what_all_its_days_agree_on(text: str, truth: Truth) -> None:
    since = date(2026, 9, 15)

    assert on(text).holds(lambda day: day >= since) is truth


@pytest.mark.parametrize("text", ["2026-09-14", "2026-09-15", "2026-09-16", "2026-09", "2026-10", "2025"])
def test_a_range_is_compared_with_a_day_by_all_its_days(text: str) -> None:
    day, asked = date(2026, 9, 15), on(text)

    assert asked.is_on_or_after(day) is asked.holds(lambda d: d >= day)
    assert asked.is_before(day) is asked.holds(lambda d: d < day)
    assert asked.is_on_or_before(day) is asked.holds(lambda d: d <= day)


@pytest.mark.parametrize(("text", "exact"), [("2026-09-15", True), ("2026-09", False), ("2026", False)])
def test_only_a_day_is_exact(text: str, exact: bool) -> None:
    assert on(text).is_exact is exact


@pytest.mark.parametrize("text", ["2026-09-15", "2026-09", "2026"])
def test_a_range_is_written_as_the_chart_wrote_it(text: str) -> None:
    assert str(on(text)) == text


def test_a_range_over_a_turn_of_the_year_names_both_ends() -> None:
    spanning = DateRange(date(2025, 12, 1), date(2026, 1, 31))

    assert str(spanning) == "2025-12-01 to 2026-01-31"


@pytest.mark.parametrize(
    ("day", "days", "earlier"),
    [
        (date(2026, 11, 25), 0, date(2026, 11, 25)),
        (date(2026, 11, 25), 730, date(2024, 11, 25)),
        (date(2025, 3, 1), 366, date(2024, 2, 29)),
        (date(1, 1, 10), 365, date.min),
    ],
)
def test_days_before_stops_at_the_first_day_of_the_calendar(day: date, days: int, earlier: date) -> None:
    assert days_before(day, days) == earlier
