"""`draftOrders` and `selections` of the order hooks, in the shapes that EHRs really send."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from cds_hooks.context_bundle import ContextEntry, read_entries
from cds_hooks.errors import UnsupportedFhirVersion
from cds_hooks.raw_json import is_absent
from cds_hooks.references import names_of

# The request resources of R4 that the order hooks carry.
_R4_ORDER_TYPES = frozenset(
    {
        "CommunicationRequest",
        "DeviceRequest",
        "MedicationRequest",
        "NutritionOrder",
        "ServiceRequest",
        "Task",
        "VisionPrescription",
    }
)
# Their names in DSTU2 and STU3.
_PRE_R4_ORDER_TYPES = frozenset({"DiagnosticOrder", "MedicationOrder", "ProcedureRequest", "ReferralRequest"})


class DraftOrder(NamedTuple):
    """One usable entry of `draftOrders`, of any resource type.

    `reference` is `Type/id`; without an id it is the fullUrl, and without that `Type/entry-<n>`, n from 1.
    """

    reference: str
    has_id: bool
    resource_type: str
    resource: msgspec.Raw
    selected: bool


_list_decoder = msgspec.json.Decoder(list[Any])


def read_draft_orders(
    draft_orders: msgspec.Raw, selections: msgspec.Raw | None
) -> tuple[tuple[DraftOrder, ...], tuple[msgspec.Raw, ...]]:
    """The usable entries, and those that cannot be read. `selections=None` means that all are selected.

    Raises InvalidRequest when `draftOrders` is missing or no object or array, UnsupportedFhirVersion when
    what is selected are orders of DSTU2 or STU3.
    """
    found, unreadable = read_entries(draft_orders, "draftOrders")
    chosen = _selected(found, _selection_list(selections))
    orders = tuple(
        DraftOrder(each.reference, each.has_id, each.resource_type, each.resource, is_selected)
        for each, is_selected in zip(found, chosen, strict=True)
    )
    require_r4([order.resource_type for order in orders if order.selected], "context.draftOrders")
    return orders, unreadable


def require_r4(order_types: Iterable[str], field: str) -> None:
    """Raises UnsupportedFhirVersion when all the orders are of a type that only DSTU2 or STU3 has."""
    types = frozenset(order_types)
    if not types.isdisjoint(_PRE_R4_ORDER_TYPES) and types.isdisjoint(_R4_ORDER_TYPES):
        raise UnsupportedFhirVersion(field)


def _selection_list(raw: msgspec.Raw | None) -> list[str]:
    """The selections that are strings; empty when there is none, which selects everything."""
    if raw is None or is_absent(raw):
        return []
    try:
        items = _list_decoder.decode(raw)
    except msgspec.ValidationError:
        return []
    return [item for item in items if isinstance(item, str) and item]


def _selected(found: Sequence[ContextEntry], selections: Sequence[str]) -> list[bool]:
    if not selections:
        return [True] * len(found)
    chosen = [False] * len(found)
    for selection in selections:
        names = set(names_of(selection))
        hits = [index for index, each in enumerate(found) if names & each.names]
        # An EHR that numbers its selections but not its entries can only mean the entries without an id.
        for index in hits or [index for index, each in enumerate(found) if not each.has_id]:
            chosen[index] = True
    return chosen
