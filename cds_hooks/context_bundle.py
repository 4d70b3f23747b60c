"""A Bundle in the context of a hook (`draftOrders`, `appointments`), in the shapes that EHRs really send.

The specification asks for an R4 Bundle. Bundles without type or entries, entries without fullUrl or id,
arrays and single resources are read as well; what cannot be read is counted, never guessed.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from cds_hooks.errors import InvalidRequest
from cds_hooks.raw_json import is_absent
from cds_hooks.references import names_of


class ContextEntry(NamedTuple):
    """One usable entry, of any resource type.

    `reference` is `Type/id`; without an id it is the fullUrl, and without that `Type/entry-<n>`, n from 1.
    `names` are the spellings under which a reference may point at it.
    """

    reference: str
    has_id: bool
    resource_type: str
    resource: msgspec.Raw
    names: frozenset[str]


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


_bundle_decoder = msgspec.json.Decoder(_Bundle)
_array_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_entry_decoder = msgspec.json.Decoder(_Entry)
_head_decoder = msgspec.json.Decoder(_Head)


def read_entries(raw: msgspec.Raw, name: str) -> tuple[tuple[ContextEntry, ...], tuple[msgspec.Raw, ...]]:
    """The usable entries of the context field `name`, and those that cannot be read.

    Raises InvalidRequest when the field is missing or no object or array.
    """
    return _find(_entries(raw, name))


_RawEntry = tuple[msgspec.Raw, _Entry | None]


def _entries(raw: msgspec.Raw, name: str) -> list[_RawEntry]:
    """The entries in their order, each as it came and as read; None for one that is not even an object."""
    if is_absent(raw):
        raise InvalidRequest(f"{name} is required: a FHIR R4 Bundle.", f"context.{name}", code="required")
    try:
        bundle = _bundle_decoder.decode(raw)
    except msgspec.ValidationError:
        return [(item, _array_entry(item)) for item in _array(raw, name, "")]
    if isinstance(bundle.resource_type, str) and bundle.resource_type != "Bundle":
        return [(raw, _Entry(resource=raw))]
    if is_absent(bundle.entry):
        is_no_bundle = bundle.resource_type is None and memoryview(raw).nbytes > len(b"{}")
        return [(raw, None)] if is_no_bundle else []
    return [(item, _entry(item)) for item in _array(bundle.entry, name, ".entry")]


def _array(raw: msgspec.Raw, name: str, element: str) -> list[msgspec.Raw]:
    try:
        return _array_decoder.decode(raw)
    except msgspec.ValidationError:
        raise InvalidRequest(
            f"{name} must be a FHIR R4 Bundle.", f"context.{name}{element}", code="structure"
        ) from None


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


def _find(entries: Sequence[_RawEntry]) -> tuple[tuple[ContextEntry, ...], tuple[msgspec.Raw, ...]]:
    found: list[ContextEntry] = []
    unreadable: list[msgspec.Raw] = []
    for number, (raw, entry) in enumerate(entries, start=1):
        usable = None if entry is None else _usable(entry, number)
        if usable is None:
            unreadable.append(raw)
        else:
            found.append(usable)
    return tuple(found), tuple(unreadable)


def _usable(entry: _Entry, number: int) -> ContextEntry | None:
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
    names = set(names_of(full_url))
    if isinstance(head.id, str) and head.id:
        reference = f"{resource_type}/{head.id}"
        names |= {reference, head.id}
        return ContextEntry(reference, True, resource_type, entry.resource, frozenset(names))
    reference = full_url or f"{resource_type}/entry-{number}"
    return ContextEntry(reference, False, resource_type, entry.resource, frozenset(names))
