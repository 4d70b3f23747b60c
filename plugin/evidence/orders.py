"""Draft orders to injections of ours, or none of ours: decided before anything else is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from cds_hooks import DraftOrder, OrderContext, is_relative_reference
from plugin.domain.codes import Concept
from plugin.domain.dates import parse_fhir_date
from plugin.domain.order import Family, InjectionOrder
from plugin.domain.regions import Region
from plugin.evidence.conditions import diagnosis_from_code
from plugin.evidence.reading import Chart, region_of, relative, text_of, when
from plugin.evidence.views import (
    CodeableConcept,
    Condition,
    Medication,
    MedicationRequest,
    ServiceRequest,
    many,
)

_TRANSFORAMINAL = "proc-esi-transforaminal"
_INTERLAMINAR = "proc-esi-interlaminar-caudal"
_CATHETER = "proc-epidural-catheter"
_OUT_OF_SCOPE = "proc-out-of-scope-neuraxial"
_OVER = frozenset({"revoked", "entered-in-error", "completed", "cancelled"})
_NOT_AN_ORDER = frozenset({"plan", "proposal"})


@dataclass(slots=True)
class OrdersRead:
    """The hook's drafts, sorted."""

    injections: list[InjectionOrder] = field(default_factory=list)
    uncoded: list[str] = field(default_factory=list)
    """References of selected orders that name an injection in text only."""
    unreadable: list[str] = field(default_factory=list)
    """References of selected orders that mention one of our codes and cannot be read."""
    misplaced: list[str] = field(default_factory=list)
    """References of selected injections that are about another patient."""
    requests: list[ServiceRequest] = field(default_factory=list)
    """Every draft ServiceRequest, as surroundings: imaging ordered alongside, referrals."""
    conditions: list[Condition] = field(default_factory=list)
    """Conditions sent with the drafts, contained in one or as an entry of their own."""

    @property
    def orphans(self) -> tuple[tuple[str, str], ...]:
        """Row of the scope criterion and reference, for each selected order that cannot be reviewed."""
        rows = {
            "not-coded": self.uncoded,
            "order-unreadable": self.unreadable,
            "other-patient": self.misplaced,
        }
        return tuple((row, reference) for row, references in rows.items() for reference in references)


def read_orders(context: OrderContext, hook: str, chart: Chart) -> OrdersRead:
    read = OrdersRead()
    drafts: dict[str, DraftOrder] = {}
    for draft in context.orders:
        drafts.setdefault(draft.reference, draft)  # The same order sent twice is one order.
    for number, raw in enumerate(context.unreadable_orders, start=1):
        if mentions_ours(raw, chart):
            read.unreadable.append(f"draftOrders/unreadable-{number}")
    selected: list[_Selected] = []
    alongside = [c for draft in drafts.values() for c in _surroundings(draft, read, chart, selected)]
    return _sorted(selected, alongside, read, hook, chart)


def read_placed_orders(placed: Iterable[tuple[str, ServiceRequest]], hook: str, chart: Chart) -> OrdersRead:
    """Orders that exist already, each with its reference. No action may name them: they are not drafts."""
    read = OrdersRead()
    selected: list[_Selected] = []
    for reference, request in placed:
        read.requests.append(request)
        read.conditions += _contained_conditions(request)
        order = DraftOrder(reference, False, "ServiceRequest", msgspec.Raw(), True)
        selected.append((order, request, chart.concepts(request.code)))
    alongside = [concept for _, _, known in selected for concept in known]
    return _sorted(selected, alongside, read, hook, chart)


_Selected = tuple[DraftOrder, ServiceRequest, tuple[Concept, ...]]


def _sorted(
    selected: list[_Selected], alongside: list[Concept], read: OrdersRead, hook: str, chart: Chart
) -> OrdersRead:
    if any(concept.get("gate") == "cisternography" for concept in alongside):
        return read
    companions = frozenset().union(*(concept.sets for concept in alongside))
    for draft, request, known in selected:
        if not _is_reviewable(request, hook):
            continue
        if any(_OUT_OF_SCOPE in c.sets for c in known):
            continue
        order = _injection(draft, request, known, companions, chart)
        if order is not None and not chart.is_about_patient("draftOrders", request):
            read.misplaced.append(draft.reference)
        elif order is not None:
            read.injections.append(order)
        elif not known and _is_named_in_text(request, chart):
            read.uncoded.append(draft.reference)
    return read


def _surroundings(
    draft: DraftOrder,
    read: OrdersRead,
    chart: Chart,
    selected: list[_Selected],
) -> tuple[Concept, ...]:
    """The draft's concepts; a selected ServiceRequest is kept for the review."""
    try:
        if draft.resource_type == "ServiceRequest":
            request = _request_decoder.decode(draft.resource)
            known = chart.concepts(request.code)
            read.requests.append(request)
            read.conditions += _contained_conditions(request)
            if draft.selected:
                selected.append((draft, request, known))
            return known
        if draft.resource_type == "MedicationRequest":
            return chart.concepts(_medication_decoder.decode(draft.resource).medicationCodeableConcept)
        if draft.resource_type == "Medication":
            return chart.concepts(_drug_decoder.decode(draft.resource).code)
        if draft.resource_type == "Condition":
            read.conditions.append(_condition_decoder.decode(draft.resource))
    except msgspec.ValidationError:
        if draft.selected and mentions_ours(draft.resource, chart):
            read.unreadable.append(draft.reference)
    return ()


_request_decoder = msgspec.json.Decoder(ServiceRequest)
_medication_decoder = msgspec.json.Decoder(MedicationRequest)
_drug_decoder = msgspec.json.Decoder(Medication)
_condition_decoder = msgspec.json.Decoder(Condition)


def _contained_conditions(request: ServiceRequest) -> list[Condition]:
    """Contained Conditions, under the id by which the order's reasons name them."""
    found: list[Condition] = []
    for raw in request.contained or ():
        try:
            condition = _condition_decoder.decode(raw)
        except msgspec.ValidationError:
            continue
        if condition.resourceType == "Condition" and condition.id:
            condition.id = f"#{condition.id.removeprefix('#')}"
            found.append(condition)
    return found


def _is_reviewable(request: ServiceRequest, hook: str) -> bool:
    if request.status in _OVER or request.doNotPerform:
        return False
    return not (hook == "order-sign" and request.intent in _NOT_AN_ORDER)


def _injection(
    draft: DraftOrder,
    request: ServiceRequest,
    known: tuple[Concept, ...],
    companions: frozenset[str],
    chart: Chart,
) -> InjectionOrder | None:
    ours = injections_among(known)
    if not ours:
        return None
    code = ours[0]
    own_region = code.region or Region.unspecified()
    site, worded = _site(request, chart)
    family = _family(code, request, site, chart)
    planned = when(request.occurrenceDateTime, request.occurrencePeriod)
    authored = parse_fhir_date(request.authoredOn)
    as_of = planned.first if planned else authored.first if authored else chart.today
    return InjectionOrder(
        reference=draft.reference,
        is_addressable=draft.has_id and is_relative_reference(draft.reference),
        code=code,
        family=family,
        region=_region(own_region, site, worded, family),
        site_disagrees=site is not None and own_region.stated and _are_apart(site, own_region),
        is_catheter=_CATHETER in code.sets,
        is_contradictory=_TRANSFORAMINAL in code.sets and any(_TRANSFORAMINAL not in c.sets for c in ours),
        reason_references=_reason_references(request),
        reason_codes=tuple(
            diagnosis_from_code(concept, draft.reference, chart) for concept in many(request.reasonCode)
        ),
        planned=planned,
        as_of=as_of,
        asked_on=chart.today,
        companions=companions,
    )


def injections_among(known: Iterable[Concept]) -> list[Concept]:
    """The codes that are ours, the most invasive first."""
    listed = tuple(known)
    return [c for name in (_TRANSFORAMINAL, _INTERLAMINAR, _CATHETER) for c in listed if name in c.sets]


def _reason_references(request: ServiceRequest) -> tuple[str, ...]:
    """`Condition/x`, contained `Condition/#x`; what names no resource stays, as a reason not found."""
    given = [r.reference or "" for r in request.reasonReference or ()]
    return tuple(f"Condition/{r}" if r.startswith("#") else relative(r) for r in given)


def _site(request: ServiceRequest, chart: Chart) -> tuple[Region | None, Region | None]:
    """The region that the body site's code names, and the one that the order's text names."""
    hints = chart.words
    coded = region_of(chart.concepts_of(request.bodySite))
    sites = [hints.region(text_of(site)) for site in many(request.bodySite)]
    if coded is None:
        coded = next((r for r in sites if r is not None), None)
    words = [text_of(c) for c in (*many(request.orderDetail), *((request.code,) if request.code else ()))]
    worded = next((r for r in map(hints.region, words) if r is not None), None)
    return coded, worded


def _region(own: Region, site: Region | None, worded: Region | None, family: Family) -> Region:
    """Body site, then the words of the order within the code's region, then the code's region.

    A caudal injection enters at the sacrum and treats lumbar roots: its site says how, not where.
    """
    if family is Family.CAUDAL and own.stated:
        return own
    if site is not None:
        return own.refined_by(site) if site.atoms & own.atoms else site
    if not own.stated:
        return worded or own
    is_narrower = worded is not None and not worded.atoms >= own.atoms
    return own.refined_by(worded) if worded is not None and is_narrower else own


def _are_apart(site: Region, own: Region) -> bool:
    return not (site.atoms & own.atoms) and not site.is_everywhere and not own.is_everywhere


def _family(code: Concept, request: ServiceRequest, site: Region | None, chart: Chart) -> Family:
    if _TRANSFORAMINAL in code.sets:
        return Family.TRANSFORAMINAL
    if code.get("approach") == "caudal":
        return Family.CAUDAL
    if code.get("approach") == "interlaminar-or-caudal":
        if site is not None and site.atoms == {"sacral"}:
            return Family.CAUDAL
        words = (text_of(c) for c in (*many(request.bodySite), *many(request.orderDetail), request.code))
        if any(chart.words.is_caudal(text) for text in words):
            return Family.CAUDAL
    return Family.INTERLAMINAR


def _is_named_in_text(request: ServiceRequest, chart: Chart) -> bool:
    words: list[CodeableConcept | None] = [request.code, *many(request.orderDetail)]
    return any(chart.words.is_injection_order(text_of(concept)) for concept in words)


def mentions_ours(raw: msgspec.Raw, chart: Chart) -> bool:
    """Does one of our codes stand in it, however it is written?"""
    codes = {
        c.code
        for name in (_TRANSFORAMINAL, _INTERLAMINAR, _CATHETER)
        for c in chart.terminology.members(name)
    }
    return not codes.isdisjoint(_NUMBER.findall(bytes(raw).decode(errors="replace")))


_NUMBER = re.compile(r"\d{5,18}")
