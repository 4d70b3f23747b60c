"""Draft orders to injections of ours, or none of ours: decided before anything else is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from cds_hooks import DraftOrder, OrderContext, is_relative_reference
from plugin.domain.codes import Concept
from plugin.domain.dates import parse_fhir_date
from plugin.domain.families import Family
from plugin.domain.injections import is_same_half
from plugin.domain.order import Companion, Drug, InjectionOrder, Word
from plugin.domain.regions import Region
from plugin.domain.truth import Truth, any_of
from plugin.evidence.conditions import diagnosis_from_code
from plugin.evidence.drugs import contained_drugs, form_of, medication_of, ordered_drug, supplied_drug
from plugin.evidence.families import (
    FAMILY_OF_SET,
    coded_family,
    is_add_on,
    leading,
    modifiers_of,
    purpose_of,
    sides_of,
)
from plugin.evidence.reading import Chart, any_in, relative, when
from plugin.evidence.sites import are_apart, ordered_region, sites_of
from plugin.evidence.ties import Ties
from plugin.evidence.views import (
    CodeableConcept,
    Condition,
    Medication,
    MedicationRequest,
    ServiceRequest,
    many,
)
from plugin.terminology.text_hints import Wording

_CATHETER = "proc-epidural-catheter"
_OUT_OF_SCOPE = frozenset({"proc-out-of-scope-neuraxial"})
_OVER = frozenset({"revoked", "entered-in-error", "completed", "cancelled"})
_NOT_AN_ORDER = frozenset({"plan", "proposal"})


@dataclass(slots=True)
class OrdersRead:
    """The hook's drafts, sorted."""

    injections: list[InjectionOrder] = field(default_factory=list)
    session: list[InjectionOrder] = field(default_factory=list)
    """Every injection among the drafts, selected or not: what is planned beside the reviewed ones."""
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
    resources: dict[str, msgspec.Raw] = field(default_factory=dict)
    """Every draft as it came, by reference."""

    @property
    def orphans(self) -> tuple[tuple[str, str], ...]:
        """Row of the scope criterion and reference, for each selected order that cannot be reviewed."""
        rows = {
            "not-coded": self.uncoded,
            "order-unreadable": self.unreadable,
            "other-patient": self.misplaced,
        }
        return tuple((row, reference) for row, references in rows.items() for reference in references)


@dataclass(frozen=True, slots=True)
class _Line:
    """A draft ServiceRequest, and the codes of it that a value set knows."""

    draft: DraftOrder
    request: ServiceRequest
    known: tuple[Concept, ...]


@dataclass(slots=True)
class _Surroundings:
    """What the drafts hold beside the injections."""

    lines: list[_Line] = field(default_factory=list)
    beside: list[Companion] = field(default_factory=list)
    """Every code of the drafts that a value set knows."""
    medications: list[tuple[DraftOrder, MedicationRequest]] = field(default_factory=list)
    sent: dict[str, CodeableConcept | None] = field(default_factory=dict)
    """Drugs sent as entries of their own, by `Medication/<id>`."""

    def add(self, draft: DraftOrder, known: Iterable[Concept]) -> None:
        self.beside += [Companion(concept, draft.reference) for concept in known]

    def drugs(self, chart: Chart) -> tuple[Drug, ...]:
        ordered = [(draft, self._drug(draft, request, chart)) for draft, request in self.medications]
        supplied = [
            (line.draft, supplied_drug(line.request, line.known, line.draft.reference)) for line in self.lines
        ]
        return tuple(
            [
                replace(drug, is_addressable=_is_addressable(draft))
                for draft, drug in (*ordered, *supplied)
                if drug is not None
            ]
        )

    def ties(self) -> Ties:
        return Ties((line.draft for line in self.lines), (draft for draft, _ in self.medications))

    def _drug(self, draft: DraftOrder, request: MedicationRequest, chart: Chart) -> Drug:
        medication = medication_of(request, self.sent)
        return ordered_drug(medication, draft.reference, chart, form_of(request, medication, chart))


def read_orders(context: OrderContext, hook: str, chart: Chart) -> OrdersRead:
    read = OrdersRead()
    drafts: dict[str, DraftOrder] = {}
    for draft in context.orders:
        drafts.setdefault(draft.reference, draft)  # The same order sent twice is one order.
    read.resources = {reference: draft.resource for reference, draft in drafts.items()}
    for number, raw in enumerate(context.unreadable_orders, start=1):
        if mentions_ours(raw, chart):
            read.unreadable.append(f"draftOrders/unreadable-{number}")
    around = _Surroundings()
    for draft in drafts.values():
        _look_at(draft, read, around, chart)
    return _sorted(around, read, hook, chart)


def read_placed_orders(placed: Iterable[tuple[str, ServiceRequest]], hook: str, chart: Chart) -> OrdersRead:
    """Orders that exist already, each with its reference. No action may name them: they are not drafts."""
    read = OrdersRead()
    around = _Surroundings()
    for reference, request in placed:
        order = DraftOrder(reference, False, "ServiceRequest", msgspec.Raw(), True)
        known = chart.coded(request.code)
        read.requests.append(request)
        read.conditions += _contained_conditions(request)
        around.lines.append(_Line(order, request, known))
        around.add(order, known)
    return _sorted(around, read, hook, chart)


def _sorted(around: _Surroundings, read: OrdersRead, hook: str, chart: Chart) -> OrdersRead:
    if "cisternography" not in [c.code.get("gate") for c in around.beside]:
        _read_injections(around, read, hook, chart)
    return read


def _look_at(draft: DraftOrder, read: OrdersRead, around: _Surroundings, chart: Chart) -> None:
    try:
        if draft.resource_type == "ServiceRequest":
            request = _request_decoder.decode(draft.resource)
            known = chart.coded(request.code)
            read.requests.append(request)
            read.conditions += _contained_conditions(request)
            around.lines.append(_Line(draft, request, known))
            around.add(draft, known)
        elif draft.resource_type == "MedicationRequest":
            ordered = _medication_request_decoder.decode(draft.resource)
            around.medications.append((draft, ordered))
            around.add(draft, chart.concepts(ordered.medicationCodeableConcept))
            around.sent.update(contained_drugs(ordered))
        elif draft.resource_type == "Medication":
            medication = _medication_decoder.decode(draft.resource)
            around.sent[draft.reference] = medication.code
            around.add(draft, chart.concepts(medication.code))
        elif draft.resource_type == "Condition":
            read.conditions.append(_condition_decoder.decode(draft.resource))
    except msgspec.ValidationError:
        if draft.selected and mentions_ours(draft.resource, chart):
            read.unreadable.append(draft.reference)


def _read_injections(around: _Surroundings, read: OrdersRead, hook: str, chart: Chart) -> None:
    drugs = around.drugs(chart)
    ties = around.ties() if drugs else None
    orders: list[tuple[InjectionOrder, bool]] = []
    for line in around.lines:
        if not _is_reviewable(line.request, hook) or any_in(line.known, _OUT_OF_SCOPE):
            continue
        own = ties.drugs_of(line.draft.reference, drugs) if ties else ()
        order = _injection(line, around.beside, own, chart)
        if order is None:
            if line.draft.selected and not line.known and _is_named_in_text(line.request, chart):
                read.uncoded.append(line.draft.reference)
        elif chart.is_about_patient("draftOrders", line.request):
            orders.append((order, line.draft.selected))
        elif line.draft.selected:
            read.misplaced.append(line.draft.reference)
    for order, is_selected in _with_add_ons(orders):
        read.session.append(order)
        if is_selected:
            read.injections.append(order)


def _with_add_ons(orders: list[tuple[InjectionOrder, bool]]) -> list[tuple[InjectionOrder, bool]]:
    """Lines for further levels, joined to the first line of their family in the same half of the spine.

    A joined order is selected when one of its lines is. A further level without a first one stands alone.
    """
    joined = [pair for pair in orders if not is_add_on(pair[0].code)]
    for add_on, is_selected in orders:
        if not is_add_on(add_on.code):
            continue
        place = next((n for n, (base, _) in enumerate(joined) if _is_of(add_on, base)), None)
        if place is None:
            levels = max(add_on.levels or 1, _stated_level(add_on.code))
            joined.append((replace(add_on, levels=levels), is_selected))
            continue
        base, was_selected = joined[place]
        levels = max((base.levels or 1) + (add_on.levels or 1), _stated_level(add_on.code))
        whole = replace(
            base,
            codes=(*base.codes, *add_on.codes),
            levels=levels,
            sides=base.sides | add_on.sides,
            modifiers=base.modifiers | add_on.modifiers,
            words=base.words | add_on.words,
            drugs=tuple(dict.fromkeys((*base.drugs, *add_on.drugs))),
        )
        joined[place] = (whole, was_selected or is_selected)
    return joined


def _is_of(add_on: InjectionOrder, base: InjectionOrder) -> bool:
    return add_on.family is base.family and is_same_half(add_on.region, base.region) is not Truth.FALSE


_request_decoder = msgspec.json.Decoder(ServiceRequest)
_medication_request_decoder = msgspec.json.Decoder(MedicationRequest)
_medication_decoder = msgspec.json.Decoder(Medication)
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
    line: _Line, beside: Iterable[Companion], drugs: tuple[Drug, ...], chart: Chart
) -> InjectionOrder | None:
    ours = leading(line.known)
    if not ours:
        return None
    request, code = line.request, ours[0]
    details = many(request.orderDetail)
    of_site = [chart.wording_of(site) for site in many(request.bodySite)]
    of_order = [chart.wording_of(concept) for concept in (*details, request.code)]
    wordings = of_site + of_order
    own_region = code.region or Region.unspecified()
    site, worded = sites_of(request.bodySite, of_site, of_order, chart)
    family = _family(code, site, wordings)
    planned = when(request.occurrenceDateTime, request.occurrencePeriod)
    authored = parse_fhir_date(request.authoredOn)
    as_of = planned.first if planned else authored.first if authored else chart.today
    modifiers = modifiers_of((request.code, *details), chart.terminology)
    steroid = any_of([drug.is_steroid for drug in drugs])
    return InjectionOrder(
        reference=line.draft.reference,
        is_addressable=_is_addressable(line.draft),
        code=code,
        family=family,
        region=ordered_region(own_region, site, worded, family),
        site_disagrees=site is not None and own_region.stated and are_apart(site, own_region),
        is_catheter=code.in_set(_CATHETER),
        is_contradictory=len(ours) > 1 and len({_kind(c) for c in ours} - {Family.BIOLOGIC}) > 1,
        reason_references=_reason_references(request),
        reason_codes=tuple(
            [diagnosis_from_code(reason, line.draft.reference, chart) for reason in many(request.reasonCode)]
        ),
        planned=planned,
        as_of=as_of,
        asked_on=chart.today,
        companions=frozenset([name for c in beside for name in c.code.sets]),
        ordered_beside=tuple([c for c in beside if c.code not in ours]),
        codes=tuple(ours),
        purpose=purpose_of(code, modifiers, wordings, steroid),
        sides=sides_of(modifiers, wordings),
        modifiers=modifiers,
        levels=_levels(code, request),
        repeats=_repeats(code, request),
        words=frozenset([Word(word) for wording in wordings for word in wording.order_words]),
        drugs=drugs,
        local_code=_local_code(request.code, code, chart),
    )


def _local_code(written: CodeableConcept | None, code: Concept, chart: Chart) -> str | None:
    terminology = chart.terminology
    if not terminology.local_codes.standard:
        return None
    codings = (written.coding if written else None) or ()
    same = [c for c in codings if terminology.lookup(c.system, c.code) == code]
    local = [c.code for c in same if terminology.is_local(c.system, c.code)]
    return local[0] if len(local) == len(same) and local else None


def _is_addressable(draft: DraftOrder) -> bool:
    return draft.has_id and is_relative_reference(draft.reference)


def _kind(concept: Concept) -> Family | None:
    """The coded family; how an epidural is approached from the midline is no contradiction."""
    family = coded_family(concept)
    return Family.INTERLAMINAR if family is Family.CAUDAL else family


def _levels(code: Concept, request: ServiceRequest) -> int | None:
    if code.get("level") is None:
        return None
    return _quantity(request) if is_add_on(code) else 1


def _stated_level(code: Concept) -> int:
    """The level that a code names as its own, 3 for `3+`; 1 where it names none."""
    level = code.get("level") or ""
    return int(level[0]) if level[:1].isdigit() else 1


def _repeats(code: Concept, request: ServiceRequest) -> bool:
    timing = request.occurrenceTiming
    count = timing.repeat.count if timing is not None and timing.repeat is not None else None
    return (count or 1) > 1 or (not is_add_on(code) and _quantity(request) > 1)


def _quantity(request: ServiceRequest) -> int:
    value = request.quantityQuantity.value if request.quantityQuantity is not None else None
    return int(value) if value is not None and value >= 1 else 1


def _reason_references(request: ServiceRequest) -> tuple[str, ...]:
    """`Condition/x`, contained `Condition/#x`; what names no resource stays, as a reason not found."""
    given = [r.reference or "" for r in request.reasonReference or ()]
    return tuple([f"Condition/{r}" if r.startswith("#") else relative(r) for r in given])


def _family(code: Concept, site: Region | None, wordings: Sequence[Wording]) -> Family:
    family = coded_family(code)
    if family is None:
        raise LookupError(f"{code.code}: no family; only codes of reviewed procedures come here")
    if code.get("approach") == "interlaminar-or-caudal":
        is_at_sacrum = site is not None and site.atoms == {"sacral"}
        if is_at_sacrum or any(wording.is_caudal for wording in wordings):
            return Family.CAUDAL
    return family


def _is_named_in_text(request: ServiceRequest, chart: Chart) -> bool:
    words: list[CodeableConcept | None] = [request.code, *many(request.orderDetail)]
    return any(chart.wording_of(concept).is_injection_order for concept in words)


def mentions_ours(raw: msgspec.Raw, chart: Chart) -> bool:
    """Does one of our codes stand in it, however it is written?"""
    terminology = chart.terminology
    codes = {c.code for name in FAMILY_OF_SET for c in terminology.members(name)}
    written = bytes(raw).decode(errors="replace")
    if not codes.isdisjoint(_NUMBER.findall(written)):
        return True
    return any(f'"{code}"' in written for name in FAMILY_OF_SET for code in terminology.local_members(name))


_NUMBER = re.compile(r"[A-Z]?\d{4,18}T?")
