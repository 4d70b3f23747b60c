"""What the answers about needles in muscles, foramina and discs show: entries, and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from plugin.domain.check import Check, Item
from plugin.domain.evidence import Section, SteroidOrder
from plugin.domain.families import Family
from plugin.domain.injections import Injection
from plugin.domain.order import Companion, Drug, InjectionOrder, Word
from plugin.domain.regions import Region
from plugin.domain.truth import Truth
from tests.builders import (
    CERVICAL,
    LUMBAR,
    TODAY,
    UNSPECIFIED,
    ask,
    case,
    concept,
    days_ago,
    diagnosis,
    injection,
    order,
    section,
)

MUSCLE = diagnosis("M79.18")
TRIAMCINOLONE = Drug("MedicationRequest/1", "triamcinolone (10759)", Truth.TRUE, Truth.TRUE, Truth.FALSE)
TRAY = Drug("MedicationRequest/3", "Tray 7", Truth.UNKNOWN, Truth.UNKNOWN, Truth.UNKNOWN, is_quoted=True)
KENALOG = replace(TRAY, reference="MedicationRequest/4", label="Kenalog", is_steroid=Truth.TRUE)
GIVEN = SteroidOrder("MedicationRequest/5", "triamcinolone (10759)", True, frozenset({"Condition/M79.18"}))
FOR_ASTHMA = replace(
    GIVEN, reference="MedicationRequest/6", reason_references=frozenset({"Condition/asthma"})
)
FOR_WHAT = replace(GIVEN, reference="MedicationRequest/7", states_reason=False, reason_references=frozenset())
UNDATED: dict[str, Any] = {"planned": None, "as_of": TODAY}


def references(check: Check) -> list[str]:
    return [item.reference for item in check.decided_by]


def steroid(*drugs: Drug, alongside: tuple[InjectionOrder, ...] = (), **record: Any) -> Check:
    placed = order("20552", drugs=drugs, reason_references=("Condition/M79.18",))
    asked = replace(case(placed, problems=[MUSCLE], **record), alongside=alongside)
    return ask("trigger_point_without_steroid", asked)


@pytest.mark.parametrize(
    ("drugs", "row", "shown"),
    [
        ((TRAY, TRIAMCINOLONE), "steroid-ordered", TRIAMCINOLONE),
        ((TRAY, KENALOG), "steroid-in-text", KENALOG),
        ((TRAY,), "drug-not-resolved", TRAY),
    ],
)
def test_the_drug_that_decides_is_shown(drugs: Sequence[Drug], row: str, shown: Drug) -> None:
    check = steroid(*drugs)

    assert (check.row, references(check)) == (row, [shown.reference])


def test_a_steroid_beside_two_injections_is_shown_and_without_one_nothing_is_said() -> None:
    epidural = (order("62323"),)

    check = steroid(TRIAMCINOLONE, alongside=epidural)

    assert (check.row, references(check)) == ("other-injection-beside", [TRIAMCINOLONE.reference])
    assert steroid(alongside=epidural).row == "no-steroid"


@pytest.mark.parametrize(
    ("known", "row", "shown"),
    [
        ((FOR_ASTHMA, GIVEN, FOR_WHAT), "steroid-in-encounter", GIVEN),
        ((FOR_ASTHMA, FOR_WHAT), "steroid-without-reason", FOR_WHAT),
    ],
)
def test_only_a_steroid_that_is_or_may_be_for_this_pain_is_shown(
    known: Sequence[SteroidOrder], row: str, shown: SteroidOrder
) -> None:
    check = steroid(steroid_orders=section(*known))

    assert (check.row, check.decided_by) == (row, (Item("drug", shown.label, shown.reference),))


def test_guidance_of_a_trigger_point_is_shown_on_the_order_that_holds_it() -> None:
    beside = (Companion(concept("77003"), "ServiceRequest/beside"),)
    placed = order("20552", codes=(concept("20552"), concept("76942")), ordered_beside=beside)

    check = ask("trigger_point_without_imaging", case(placed))

    assert check.row == "guidance-ordered"
    assert references(check) == ["ServiceRequest/order", "ServiceRequest/beside"]


def point(days: int) -> Injection:
    return injection(days_ago(days), UNSPECIFIED, family=Family.TRIGGER_POINT)


def spaced(*earlier: Injection, **changes: Any) -> Check:
    return ask("trigger_point_sessions_spaced", case(order("20553", **changes), injections=section(*earlier)))


@pytest.mark.parametrize(
    ("earlier", "changes", "row", "shown"),
    [
        ((20, 130, 200), {}, "too-many", (20, 130, 200)),
        ((20, 130), {}, "too-soon", (20,)),
        ((20, 130), UNDATED, "too-soon-no-date", (20,)),
        ((90, 160), {}, "spaced", (90, 160)),
    ],
)
def test_the_sessions_that_decide_are_shown(
    earlier: Sequence[int], changes: dict[str, Any], row: str, shown: Sequence[int]
) -> None:
    check = spaced(*map(point, earlier), **changes)

    assert (check.row, references(check)) == (row, [point(days).reference for days in shown])


def test_the_number_of_the_session_is_told() -> None:
    facts = spaced(point(90), point(160)).facts

    assert (facts["session_count"], facts["session_number"]) == (2, 3)


def test_procedures_that_do_not_count_are_listed_as_set_aside() -> None:
    aside = point(20).item("not-completed")
    history: Section[Injection] = Section((), set_aside=(aside,))

    check = ask("trigger_point_sessions_spaced", case(order("20553"), injections=history))

    assert check.set_aside == (aside,)


def test_a_needle_to_the_low_back_is_noted_on_its_order() -> None:
    placed = order("64483", reason_references=("Condition/M54.16",))

    check = ask("transforaminal_risk_weighed", case(placed))

    assert (check.row, references(check)) == ("low-back", [placed.reference])


@pytest.mark.parametrize(
    ("region", "row"), [(CERVICAL, "drug-unresolved-upper"), (LUMBAR, "drug-unresolved-lower")]
)
def test_a_drug_that_is_not_resolved_is_shown(region: Region, row: str) -> None:
    code, reason = ("64479", "M54.12") if region is CERVICAL else ("64483", "M54.16")
    placed = order(code, drugs=(TRAY,), reason_references=(f"Condition/{reason}",))

    check = ask("transforaminal_steroid_not_particulate", case(placed, problems=[diagnosis(reason)]))

    assert (check.row, references(check)) == (row, [TRAY.reference])


@pytest.mark.parametrize(("words", "row"), [((), "discography"), ((Word.STEROID,), "steroid-in-text")])
def test_a_needle_in_the_disc_is_noted_on_its_order(words: tuple[Word, ...], row: str) -> None:
    placed = order("62290", words=frozenset(words))

    check = ask("disc_injection_justified", case(placed))

    assert (check.row, references(check)) == (row, [placed.reference])
