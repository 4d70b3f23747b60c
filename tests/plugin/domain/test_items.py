"""What a card shows of each kind of entry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.domain.check import Item
from plugin.domain.evidence import SteroidOrder, Waiver
from plugin.domain.order import Drug
from plugin.domain.truth import Truth
from tests.builders import care, event, injection, medication, on, order, study

DRUG = Drug("MedicationRequest/2", "Tray 7", Truth.UNKNOWN, Truth.UNKNOWN, Truth.UNKNOWN)
WAIVER = Waiver("Condition/1", "Refusal", "any")
STEROID = SteroidOrder("MedicationRequest/1", "Steroid", states_reason=True)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (WAIVER, Item("waiver", "Refusal", "Condition/1")),
        (STEROID, Item("drug", "Steroid", "MedicationRequest/1")),
        (DRUG, Item("drug", "Tray 7", "MedicationRequest/2", quoted=False)),
        (replace(DRUG, is_quoted=True), Item("drug", "Tray 7", "MedicationRequest/2", quoted=True)),
        (order(), Item("order", order().code.label, "ServiceRequest/order")),
        (
            event("2020-05"),
            Item("event", "Procedure of the spine", "Procedure/event-2020-05", on("2020-05")),
        ),
        (
            care("2026-09-15"),
            Item("active", "Therapeutic exercise (97110)", "Procedure/active-2026-09-15", on("2026-09-15")),
        ),
    ],
)
def test_an_entry_is_shown_with_its_kind_label_reference_and_date(
    entry: Waiver | SteroidOrder | Drug, expected: Item
) -> None:
    assert entry.item() == expected


def test_a_remark_and_an_end_are_shown_beside_the_entry() -> None:
    course = medication("2026-09-01", "2026-10-01", label="Naproxen", is_quoted=True)
    dates = on("2026-09-01"), on("2026-10-01")
    reference = "Procedure/medication-2026-09-01"

    assert course.item("too-old") == Item("medication", "Naproxen", reference, *dates, "too-old", True)
    assert study("2026-07-10").item("ordered") == Item(
        "mr", "lumbar", "ImagingStudy/mr-2026-07-10", on("2026-07-10"), remark="ordered"
    )
    assert injection("2026-05-01").item("no-result").remark == "no-result"
