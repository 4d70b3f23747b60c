"""What the answers about conservative care show, and where days that touch are told apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from plugin.domain.check import Check
from plugin.domain.evidence import CareEntry, CareKind, Diagnosis
from tests.builders import (
    care,
    case,
    conservative,
    diagnosis,
    injection,
    medication,
    order,
    section,
    waiver,
)

OLD = diagnosis("M54.16", "2025-01-15")
REFERRAL = care("2026-10-01", kind=CareKind.REFERRAL)
SESSION = care("2026-10-01")


def muscle(*entries: CareEntry) -> Check:
    placed = order("20553", reason_references=("Condition/M79.18",))
    return conservative(case(placed, problems=[diagnosis("M79.18", "2026-01-01")], care=section(*entries)))


def epidural(*problems: Diagnosis, **changes: Any) -> Check:
    """For a root's pain, without care unless given."""
    return conservative(case(problems=problems or [OLD], **{"care": section(), **changes}))


def references(check: Check) -> list[str]:
    return [item.reference for item in check.decided_by]


@pytest.mark.parametrize(("entry", "row"), [(SESSION, "first-line-care"), (REFERRAL, "no-first-line-care")])
def test_care_before_an_injection_into_a_muscle_is_shown(entry: CareEntry, row: str) -> None:
    check = muscle(entry)

    assert (check.row, references(check)) == (row, [entry.reference])


def test_pain_of_a_joint_without_a_date_is_shown() -> None:
    placed = order("64493", reason_references=("Condition/M47.816",))

    check = conservative(case(placed, problems=[diagnosis("M47.816")]))

    assert (check.row, references(check)) == ("pain-duration-unknown", ["Condition/M47.816"])


def test_recent_pain_without_a_planned_date_is_shown_with_its_days() -> None:
    placed = order(planned=None, as_of=date(2026, 11, 20), reason_references=("Condition/M54.16",))
    recent = diagnosis("M54.16", "2026-11-02")

    check = conservative(case(placed, problems=[recent], care=section(care("2026-11-10"))))

    assert (check.row, references(check)) == ("symptoms-recent-no-date", ["Procedure/active-2026-11-10"])
    assert (check.facts["onset_days"], check.facts["earliest_date"]) == (18, "2026-11-30")


def test_a_waiver_that_is_not_certain_leaves_it_open() -> None:
    unsure = replace(waiver(), is_certain=False)

    assert epidural(waivers=section(unsure)).row == "undetermined"
    assert epidural(waivers=section(unsure, waiver())).row == "declined-or-contraindicated"


def test_a_session_that_may_have_been_does_not_leave_medication_alone() -> None:
    drug, unsure = medication("2026-09-01", "2026-11-01"), care("2026-10-01", is_certain=False)

    assert epidural(care=section(drug)).row == "medication-only"
    assert epidural(care=section(drug, unsure)).row == "undetermined"


@pytest.mark.parametrize(
    ("later", "row"),
    [
        ("2026-01-10", "nothing-recorded"),
        ("2026-01-11", "neurological-deficit"),
        ("2026-01", "undetermined"),
        (None, "undetermined"),
    ],
)
def test_a_deficit_is_worse_when_it_was_charted_as_worse_on_a_later_day(later: str | None, row: str) -> None:
    mild = diagnosis("M21.371", "2026-01-10", reference="Condition/first", severity=1)
    severe = diagnosis("M21.371", later, reference="Condition/second", severity=3)

    assert epidural(OLD, mild, severe).row == row


@pytest.mark.parametrize(
    ("injected", "row"),
    [
        ("2026-05-31", "nothing-recorded"),
        ("2026-06-01", "undetermined"),
        ("2026-06-29", "undetermined"),
        ("2026-06-30", "repeat-in-episode"),
    ],
)
def test_an_injection_in_the_month_of_the_onset_may_be_of_the_episode(injected: str, row: str) -> None:
    began = diagnosis("M54.16", "2026-06")

    assert epidural(began, injections=section(injection(injected))).row == row
