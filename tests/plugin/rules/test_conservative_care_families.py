"""CC-1 before facet, sacroiliac and trigger point procedures."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.evidence import CareEntry, CareKind
from plugin.domain.families import Purpose
from tests.builders import (
    care,
    case,
    conservative,
    days_ago,
    diagnosis,
    injection,
    judge,
    medication,
    order,
    score,
    section,
    unread,
    waiver,
)

JOINTS = [
    ("64493", "M47.816"),
    ("64635", "M47.816"),
    ("27096", "M46.1"),
    ("64451", "M46.1"),
    ("64625", "M46.1"),
]
LONG = "2026-01-01"


def joint(code: str = "64493", reason: str = "M47.816", onset: str | None = LONG, **changes: Any) -> Case:
    """An order for pain since `onset`, after 46 days of physiotherapy unless said otherwise."""
    planned = {"planned": changes.pop("planned")} if "planned" in changes else {}
    recorded = changes.pop("recorded", None)
    placed = order(code, reason_references=(f"Condition/{reason}",), **planned)
    return case(placed, problems=[diagnosis(reason, onset, recorded=recorded)], **changes)


def muscle(*entries: CareEntry, **changes: Any) -> Check:
    placed = order("20553", reason_references=("Condition/M79.18",))
    return conservative(case(placed, problems=[diagnosis("M79.18", LONG)], care=section(*entries), **changes))


@pytest.mark.parametrize(("code", "reason"), JOINTS)
def test_long_pain_and_long_care_meet_the_criterion(code: str, reason: str) -> None:
    check = conservative(joint(code, reason))

    assert (check.row, check.outcome, check.kind) == ("active-care", Outcome.MET, None)


@pytest.mark.parametrize(("code", "reason"), JOINTS)
@pytest.mark.parametrize(("days", "row"), [(89, "pain-too-recent"), (90, "active-care"), (91, "active-care")])
def test_the_pain_of_a_joint_has_lasted_90_days(code: str, reason: str, days: int, row: str) -> None:
    course = section(care(days_ago(60)), care(days_ago(20)))

    check = conservative(joint(code, reason, days_ago(days), care=course))

    assert check.row == row
    assert check.kind is (Kind.GAP if row == "pain-too-recent" else None)


def test_pain_too_recent_tells_its_days_and_the_first_day_that_would_do() -> None:
    check = conservative(joint(onset="2026-10-16"))

    assert (check.facts["onset_days"], check.facts["earliest_date"]) == (40, "2027-01-14")
    assert [item.reference for item in check.decided_by] == ["Condition/M47.816"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"onset": None}, Reason.NO_EVIDENCE),
        ({"onset": None, "recorded": "2026-10-01"}, Reason.AMBIGUOUS),
        ({"onset": "2026-08"}, Reason.AMBIGUOUS),
        ({"onset": days_ago(80), "planned": None}, Reason.AMBIGUOUS),
    ],
)
def test_pain_of_unknown_length_only_informs(changes: dict[str, Any], reason: Reason) -> None:
    check = conservative(joint(**changes))

    assert (check.row, check.outcome, check.reason) == ("pain-duration-unknown", Outcome.UNKNOWN, reason)
    assert check.kind is Kind.UNKNOWN


def test_a_recorded_date_90_days_ago_is_long_enough() -> None:
    assert conservative(joint(onset=None, recorded="2026-08-01")).row == "active-care"


def test_pain_of_unknown_length_does_not_hide_missing_care() -> None:
    assert conservative(joint(onset=None, care=section())).row == "nothing-recorded"
    assert conservative(joint(onset=None, care=section(care("2026-10-01")))).row == "too-short"


def test_missing_care_is_a_gap_after_long_pain() -> None:
    assert conservative(joint(care=section())).row == "nothing-recorded"
    short = section(care("2026-10-01"), care("2026-10-27"))
    assert conservative(joint(care=short)).row == "too-short"
    assert conservative(joint(care=section(care("2026-10-01"), care("2026-10-28")))).row == "active-care"


def test_recent_pain_is_a_gap_whatever_the_care() -> None:
    assert conservative(joint(onset=days_ago(60), care=section())).row == "pain-too-recent"
    assert conservative(joint(onset=days_ago(20), care=section())).row == "pain-too-recent"


def test_declined_care_does_not_stand_in_for_long_pain() -> None:
    declined = {"waivers": section(waiver()), "care": section()}

    assert conservative(joint(**declined)).row == "declined-or-contraindicated"
    assert conservative(joint(onset=days_ago(60), **declined)).row == "pain-too-recent"
    assert conservative(joint(onset=None, **declined)).row == "pain-duration-unknown"


def test_the_special_cases_of_epidurals_are_theirs_alone() -> None:
    before = {"care": section(), "injections": section(injection("2026-08-01"))}
    acute = {
        "care": section(care("2026-11-05"), care("2026-11-20")),
        "pain_scores": section(score(8, "2026-11-15")),
    }

    assert conservative(joint(**before)).row == "nothing-recorded"
    assert conservative(joint(onset="2026-10-01", **acute)).row == "pain-too-recent"
    assert conservative(case(**before)).row == "repeat-in-episode"


def test_what_could_not_be_read_is_never_a_gap() -> None:
    for name, source in (("care", "procedures"), ("diagnoses", "conditions"), ("waivers", "procedures")):
        asked = joint(onset=days_ago(60), **{"care": section(), name: unread(source)})
        assert conservative(asked).row == "unread"


@pytest.mark.parametrize("kind", [CareKind.ACTIVE, CareKind.PASSIVE])
def test_any_treatment_comes_before_an_injection_into_a_muscle(kind: CareKind) -> None:
    check = muscle(care("2026-10-01", kind=kind))

    assert (check.row, check.outcome, check.kind) == ("first-line-care", Outcome.MET, None)


def test_medication_is_a_treatment_before_an_injection_into_a_muscle() -> None:
    assert muscle(medication("2026-10-01", "2026-10-03")).row == "first-line-care"


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (care("2026-10-01", kind=CareKind.REFERRAL),),
        (care("2026-10-01", is_evaluation=True),),
        (care("2025-10-01"),),
    ],
)
def test_without_any_treatment_an_injection_into_a_muscle_has_a_gap(entries: tuple[CareEntry, ...]) -> None:
    check = muscle(*entries)

    assert (check.row, check.outcome, check.reason) == (
        "no-first-line-care",
        Outcome.UNKNOWN,
        Reason.NO_EVIDENCE,
    )
    assert check.kind is Kind.GAP


def test_a_treatment_that_is_not_certain_leaves_it_open() -> None:
    assert muscle(care("2026-10-01", is_certain=False)).row == "undetermined"


def test_declined_treatment_is_waived_before_an_injection_into_a_muscle() -> None:
    assert muscle(waivers=section(waiver())).row == "declined-or-contraindicated"
    assert muscle(waivers=unread("procedures")).row == "unread"


@pytest.mark.parametrize("code", ["64628", "62290"])
def test_other_families_are_not_asked(code: str) -> None:
    verdict = judge().judge(case(order(code, purpose=Purpose.UNDETERMINED)), "order-sign")

    assert "CC-1" not in {check.criterion for check in verdict.checks}
