"""What a card shows of each kind of entry."""

from __future__ import annotations

import pytest

from plugin.domain.check import Item
from plugin.domain.evidence import SteroidOrder, Waiver
from plugin.domain.order import Drug
from plugin.domain.truth import Truth
from tests.builders import care, event, injection, medication, on, order, study

UNKNOWN = (Truth.UNKNOWN, Truth.UNKNOWN, Truth.UNKNOWN)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (Waiver("Condition/1", "Refusal", "any").item(), Item("waiver", "Refusal", "Condition/1")),
        (
            SteroidOrder("MedicationRequest/1", "Steroid", True).item(),
            Item("drug", "Steroid", "MedicationRequest/1"),
        ),
        (
            Drug("MedicationRequest/2", "Tray 7", *UNKNOWN, is_quoted=True).item(),
            Item("drug", "Tray 7", "MedicationRequest/2", quoted=True),
        ),
        (
            Drug("MedicationRequest/3", "Steroid", *UNKNOWN).item(),
            Item("drug", "Steroid", "MedicationRequest/3", quoted=False),
        ),
        (order().item(), Item("order", order().code.label, "ServiceRequest/order")),
        (
            event("2020-05").item(),
            Item("event", "Procedure of the spine", "Procedure/event-2020-05", on("2020-05")),
        ),
        (
            injection("2026-05-01").item("no-result"),
            Item(
                "event",
                "Interlaminar epidural",
                "Procedure/injection-2026-05-01",
                on("2026-05-01"),
                remark="no-result",
            ),
        ),
        (
            study("2026-07-10").item("ordered"),
            Item("mr", "lumbar", "ImagingStudy/mr-2026-07-10", on("2026-07-10"), remark="ordered"),
        ),
        (
            care("2026-09-15").item(),
            Item("active", "Therapeutic exercise (97110)", "Procedure/active-2026-09-15", on("2026-09-15")),
        ),
        (
            medication("2026-09-01", "2026-10-01", label="Naproxen", is_quoted=True).item("too-old"),
            Item(
                "medication",
                "Naproxen",
                "Procedure/medication-2026-09-01",
                on("2026-09-01"),
                on("2026-10-01"),
                "too-old",
                True,
            ),
        ),
    ],
)
def test_an_entry_is_shown_with_its_kind_label_reference_and_dates(shown: Item, expected: Item) -> None:
    assert shown == expected
