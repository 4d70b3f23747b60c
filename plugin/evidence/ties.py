"""Which order of the hook a drug is for, where the orders say so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from cds_hooks import DraftOrder
from plugin.domain.order import Drug
from plugin.evidence.reading import relative
from plugin.evidence.views import Reference


class _Identifier(msgspec.Struct):
    system: str | None = None
    value: str | None = None


class _Names(msgspec.Struct, rename="camel"):
    """The elements of ServiceRequest and MedicationRequest by which orders name each other."""

    based_on: list[Reference] | None = None
    supporting_info: list[Reference] | None = None
    supporting_information: list[Reference] | None = None
    requisition: _Identifier | None = None
    group_identifier: _Identifier | None = None


_decoder = msgspec.json.Decoder(_Names)


@dataclass(frozen=True, slots=True)
class _Said:
    """What one order says: the references it names, and the group it was placed in."""

    names: frozenset[str] = frozenset()
    group: tuple[str | None, str] | None = None


class Ties:
    """The orders of one hook, as far as they name each other or share a requisition."""

    def __init__(self, orders: Iterable[DraftOrder], medications: Iterable[DraftOrder]) -> None:
        """`orders`: the ServiceRequests, those that supply a drug among them."""
        self._orders = {draft.reference: _said(draft) for draft in orders}
        self._said = self._orders | {draft.reference: _said(draft) for draft in medications}

    def drugs_of(self, order: str, drugs: Sequence[Drug]) -> tuple[Drug, ...]:
        """The drugs that are for the order of this reference, and those that are for none in particular."""
        meant = [(drug, self._meant(drug.reference)) for drug in drugs]
        return tuple(
            replace(drug, is_tied=bool(orders)) for drug, orders in meant if not orders or order in orders
        )

    def _meant(self, drug: str) -> list[str]:
        """A reference says more than a requisition, which may hold the orders of a whole visit."""
        said = self._said[drug]
        others = [(order, other) for order, other in self._orders.items() if order != drug]
        named = [order for order, other in others if order in said.names or drug in other.names]
        return named or [order for order, other in others if said.group and said.group == other.group]


def _said(draft: DraftOrder) -> _Said:
    try:
        said = _decoder.decode(draft.resource)
    except msgspec.DecodeError:  # What cannot be read states nothing.
        return _Said()
    listed = (*(said.based_on or ()), *(said.supporting_info or ()), *(said.supporting_information or ()))
    group = said.requisition or said.group_identifier
    return _Said(
        frozenset(relative(r.reference) for r in listed if r.reference),
        (group.system, group.value) if group is not None and group.value else None,
    )
