"""`draftOrders` and `selections` of the order hooks, in the shapes that EHRs really send.

The specification asks for an R4 Bundle. Bundles without type or entries, entries without fullUrl or id,
arrays and single resources are read as well; what cannot be read is counted, never guessed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from cds_hooks.errors import InvalidRequest, UnsupportedFhirVersion
from cds_hooks.raw_json import is_absent

FIELD = "context.draftOrders"

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


@dataclass(frozen=True, slots=True)
class DraftOrder:
    """One usable entry of `draftOrders`, of any resource type.

    `reference` is `Type/id`; without an id it is the fullUrl, and without that `Type/entry-<n>`, n from 1.
    """

    reference: str
    has_id: bool
    resource_type: str
    resource: msgspec.Raw
    selected: bool


class _Bundle(msgspec.Struct, rename="camel"):
    resource_type: Any = None
    entry: msgspec.Raw = msgspec.Raw()


class _Entry(msgspec.Struct, rename="camel"):
    """A Bundle entry, or (in an array) a resource: then `resource_type` is a string."""

    resource_type: Any = None
    full_url: Any = None
    resource: msgspec.Raw = msgspec.Raw()


class _Head(msgspec.Struct, rename="camel"):
    resource_type: Any = None
    id: Any = None


@dataclass(frozen=True, slots=True)
class _Found:
    """An entry that can be used: its names, and the resource as it came."""

    reference: str
    has_id: bool
    resource_type: str
    resource: msgspec.Raw
    names: frozenset[str]


_bundle_decoder = msgspec.json.Decoder(_Bundle)
_array_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_entry_decoder = msgspec.json.Decoder(_Entry)
_head_decoder = msgspec.json.Decoder(_Head)
_list_decoder = msgspec.json.Decoder(list[Any])


def read_draft_orders(
    draft_orders: msgspec.Raw, selections: msgspec.Raw | None
) -> tuple[tuple[DraftOrder, ...], tuple[msgspec.Raw, ...]]:
    """The usable entries, and those that cannot be read. `selections=None` means that all are selected.

    Raises InvalidRequest when `draftOrders` is missing or no object or array, UnsupportedFhirVersion when
    what is selected are orders of DSTU2 or STU3.
    """
    found, unreadable = _find(_entries(draft_orders))
    chosen = _selected(found, _selection_list(selections))
    orders = tuple(
        DraftOrder(each.reference, each.has_id, each.resource_type, each.resource, is_selected)
        for each, is_selected in zip(found, chosen, strict=True)
    )
    selected_types = {order.resource_type for order in orders if order.selected}
    if selected_types & _PRE_R4_ORDER_TYPES and not selected_types & _R4_ORDER_TYPES:
        raise UnsupportedFhirVersion(FIELD)
    return orders, unreadable


_RawEntry = tuple[msgspec.Raw, _Entry | None]


def _entries(raw: msgspec.Raw) -> list[_RawEntry]:
    """The entries in their order, each as it came and as read; None for one that is not even an object."""
    if is_absent(raw):
        raise InvalidRequest(
            "draftOrders is required: a FHIR R4 Bundle of the draft orders.", FIELD, code="required"
        )
    try:
        bundle = _bundle_decoder.decode(raw)
    except msgspec.ValidationError:
        return [(item, _array_entry(item)) for item in _array(raw, FIELD)]
    if isinstance(bundle.resource_type, str) and bundle.resource_type != "Bundle":
        return [(raw, _Entry(resource=raw))]
    if is_absent(bundle.entry):
        is_no_bundle = bundle.resource_type is None and memoryview(raw).nbytes > len(b"{}")
        return [(raw, None)] if is_no_bundle else []
    return [(item, _entry(item)) for item in _array(bundle.entry, f"{FIELD}.entry")]


def _array(raw: msgspec.Raw, field: str) -> list[msgspec.Raw]:
    try:
        return _array_decoder.decode(raw)
    except msgspec.ValidationError:
        raise InvalidRequest("draftOrders must be a FHIR R4 Bundle.", field, code="structure") from None


def _entry(raw: msgspec.Raw) -> _Entry | None:
    try:
        return _entry_decoder.decode(raw)
    except msgspec.ValidationError:
        return None


def _array_entry(raw: msgspec.Raw) -> _Entry | None:
    entry = _entry(raw)
    if entry is not None and isinstance(entry.resource_type, str):
        return _Entry(resource=raw)
    return entry


def _find(entries: Sequence[_RawEntry]) -> tuple[list[_Found], tuple[msgspec.Raw, ...]]:
    found: list[_Found] = []
    unreadable: list[msgspec.Raw] = []
    for number, (raw, entry) in enumerate(entries, start=1):
        usable = None if entry is None else _usable(entry, number)
        if usable is None:
            unreadable.append(raw)
        else:
            found.append(usable)
    return found, tuple(unreadable)


def _usable(entry: _Entry, number: int) -> _Found | None:
    if is_absent(entry.resource):
        return None
    try:
        head = _head_decoder.decode(entry.resource)
    except msgspec.ValidationError:
        return None
    resource_type = head.resource_type
    if not isinstance(resource_type, str) or not resource_type:
        return None
    full_url = entry.full_url if isinstance(entry.full_url, str) else ""
    names = set(_names(full_url))
    if isinstance(head.id, str) and head.id:
        reference = f"{resource_type}/{head.id}"
        names |= {reference, head.id}
        return _Found(reference, True, resource_type, entry.resource, frozenset(names))
    reference = full_url or f"{resource_type}/entry-{number}"
    return _Found(reference, False, resource_type, entry.resource, frozenset(names))


def _names(reference: str) -> Iterable[str]:
    """Under which names a reference may point at an entry: as it is, without version, relative, bare."""
    if not reference:
        return ()
    unversioned = reference.split("/_history/", 1)[0]
    return (
        reference,
        unversioned,
        "/".join(unversioned.rsplit("/", 2)[-2:]),
        unversioned.removeprefix("urn:uuid:"),
    )


def _selection_list(raw: msgspec.Raw | None) -> list[str]:
    """The selections that are strings; empty when there is none, which selects everything."""
    if raw is None or is_absent(raw):
        return []
    try:
        items = _list_decoder.decode(raw)
    except msgspec.ValidationError:
        return []
    return [item for item in items if isinstance(item, str) and item]


def _selected(found: Sequence[_Found], selections: Sequence[str]) -> list[bool]:
    if not selections:
        return [True] * len(found)
    chosen = [False] * len(found)
    for selection in selections:
        names = set(_names(selection))
        hits = [index for index, each in enumerate(found) if names & each.names]
        # An EHR that numbers its selections but not its entries can only mean the entries without an id.
        for index in hits or [index for index, each in enumerate(found) if not each.has_id]:
            chosen[index] = True
    return chosen
