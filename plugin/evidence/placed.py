"""The orders that a hook is about: sent as drafts, dispatched by reference, or behind an appointment.

Orders that are only referred to are taken from the prefetch, else read from the FHIR server by id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from cds_hooks import (
    AppointmentContext,
    ContextEntry,
    DataUnobtainable,
    DispatchContext,
    FhirReader,
    HookRequest,
    OrderContext,
    PrefetchKey,
    PrefetchState,
    Query,
    Reading,
    Unread,
)
from plugin.evidence.families import leading
from plugin.evidence.orders import (
    OrdersRead,
    mentions_ours,
    read_orders,
    read_placed_orders,
)
from plugin.evidence.reading import Chart, relative
from plugin.evidence.views import Appointment, CodeableConcept, Reference, ServiceRequest, many

DISPATCHED = "dispatchedOrders"
TEMPLATES: Mapping[str, str] = {DISPATCHED: "ServiceRequest?_id={{context.dispatchedOrders}}"}
KEYS: Mapping[str, PrefetchKey] = {DISPATCHED: PrefetchKey(ServiceRequest, "ServiceRequest")}
_RECORDED = "serviceRequests"
_ORDER = re.compile(r"ServiceRequest/(?!\.{1,2}\Z)[A-Za-z0-9._-]+", re.ASCII)
"""A reference that may become a path on the FHIR server: nothing in it has a meaning in a URL."""
_MAX_READS = 20
"""Orders read from the FHIR server in one call; more are left as not read."""
_OVER = frozenset({"cancelled", "entered-in-error", "fulfilled", "noshow"})
_NOT_ANSWERED = frozenset({PrefetchState.ABSENT, PrefetchState.ERROR, PrefetchState.WRONG_TYPE})
_appointment_decoder = msgspec.json.Decoder(Appointment)


def find_orders(request: HookRequest, server: FhirReader | None, chart: Chart) -> OrdersRead:
    """Raises DataUnobtainable when the hook refers to orders of which none could be had."""
    context = request.context
    if isinstance(context, DispatchContext):
        return _dispatched(context, request, server, chart)
    if isinstance(context, AppointmentContext):
        return _booked(context, request, server, chart)
    if isinstance(context, OrderContext):
        return read_orders(context, request.hook, chart)
    raise TypeError(f"{type(context).__name__} refers to no orders")


def _dispatched(
    context: DispatchContext, request: HookRequest, server: FhirReader | None, chart: Chart
) -> OrdersRead:
    named = [r for r in context.dispatched_orders if r.startswith("ServiceRequest/")]
    found = _look_up(named, DISPATCHED, request, server)
    read = read_placed_orders(found.items(), request.hook, chart)
    read.unreadable += [reference for reference in named if reference not in found]
    return read


@dataclass(frozen=True, slots=True)
class _Visit:
    """An appointment that may be for an injection: the orders that it names, and itself as one."""

    orders: tuple[str, ...]
    itself: tuple[str, ServiceRequest] | None
    start: str | None

    def planned(self, order: ServiceRequest) -> ServiceRequest:
        """The order, planned for the day of the visit."""
        if self.start is None:
            return order
        return msgspec.structs.replace(order, occurrenceDateTime=self.start, occurrencePeriod=None)


def _booked(
    context: AppointmentContext, request: HookRequest, server: FhirReader | None, chart: Chart
) -> OrdersRead:
    unreadable = [
        f"appointments/unreadable-{number}"
        for number, raw in enumerate(context.unreadable_appointments, start=1)
        if mentions_ours(raw, chart)
    ]
    appointments: dict[str, ContextEntry] = {}
    for entry in context.appointments:
        appointments.setdefault(entry.reference, entry)  # The same appointment sent twice is one.
    visits: list[_Visit] = []
    for entry in appointments.values():
        try:
            visits.append(_visit(entry, chart))
        except msgspec.ValidationError:
            if mentions_ours(entry.resource, chart) or b"ServiceRequest/" in bytes(entry.resource):
                unreadable.append(entry.reference)
    named = list(dict.fromkeys(order for visit in visits for order in visit.orders))
    found = _look_up(named, _RECORDED, request, server)
    read = read_placed_orders(_placed(visits, found), request.hook, chart)
    read.unreadable += [*unreadable, *(reference for reference in named if reference not in found)]
    return read


def _visit(entry: ContextEntry, chart: Chart) -> _Visit:
    """Raises msgspec.ValidationError for an Appointment that is not R4."""
    appointment = _appointment_decoder.decode(entry.resource)
    if appointment.status in _OVER:
        return _Visit((), None, None)
    period = next(iter(appointment.requestedPeriod or ()), None)
    start = appointment.start or (period.start if period else None)
    named = (r.reference or "" for r in (*(appointment.basedOn or ()), *(appointment.reasonReference or ())))
    orders = tuple(r for r in map(relative, named) if r.startswith("ServiceRequest/"))
    is_injection = not orders and leading(chart.concepts_of(appointment.serviceType))
    itself = (entry.reference, _as_order(appointment, start)) if is_injection else None
    return _Visit(orders, itself, start)


def _as_order(appointment: Appointment, start: str | None) -> ServiceRequest:
    """What is booked without an order, as the order that it stands for."""
    codings = [coding for concept in many(appointment.serviceType) for coding in concept.coding or ()]
    actors = (participant.actor for participant in appointment.participant or ())
    patients = (a for a in actors if a is not None and relative(a.reference or "").startswith("Patient/"))
    return ServiceRequest(
        resourceType="ServiceRequest",
        code=CodeableConcept(coding=codings),
        subject=next(patients, None),
        occurrenceDateTime=start,
        reasonCode=appointment.reasonCode,
        reasonReference=[Reference(r.reference) for r in appointment.reasonReference or ()],
    )


def _placed(
    visits: Iterable[_Visit], found: Mapping[str, ServiceRequest]
) -> Iterator[tuple[str, ServiceRequest]]:
    """Each order once, planned for the first visit that names it."""
    seen: set[str] = set()
    for visit in visits:
        if visit.itself is not None:
            yield visit.itself
        for reference in visit.orders:
            if reference in found and reference not in seen:
                seen.add(reference)
                yield reference, visit.planned(found[reference])


def _look_up(
    references: Sequence[str], key: str, request: HookRequest, server: FhirReader | None
) -> Mapping[str, ServiceRequest]:
    """The orders by reference, as far as they can be had. `key`: the prefetch key that should hold them.

    Raises DataUnobtainable when there is none, and not because the EHR has none under these references.
    """
    if not references:
        return {}
    readings = {k: _sent(k, request) for k in (key, _RECORDED)}
    sent = {f"ServiceRequest/{r.id}": r for reading in readings.values() for r in reading.resources}
    found = {reference: sent[reference] for reference in references if reference in sent}
    answers = _asked([r for r in references if r not in found], server)
    found |= {reference: answer.resources[0] for reference, answer in answers.items() if answer.resources}
    is_searched = readings[key].state not in _NOT_ANSWERED
    is_missing = any(a.unread in (Unread.NOT_FOUND, Unread.MALFORMED_ENTRIES) for a in answers.values())
    if not found and not is_searched and not is_missing:
        raise DataUnobtainable(key)
    return found


def _sent(key: str, request: HookRequest) -> Reading[ServiceRequest]:
    return request.prefetch.read(key, KEYS[DISPATCHED])


def _asked(references: Sequence[str], server: FhirReader | None) -> Mapping[str, Reading[Any]]:
    """What the FHIR server holds under these references; an answer with another id counts as none."""
    plain = [reference for reference in references if _ORDER.fullmatch(reference)][:_MAX_READS]
    if server is None or not plain:
        return {}
    queries = {r: Query(r, ServiceRequest, "ServiceRequest", single=True) for r in plain}
    answers = server.fetch(queries)
    return {
        reference: answer
        for reference, answer in answers.items()
        if all(f"ServiceRequest/{order.id}" == reference for order in answer.resources)
    }
