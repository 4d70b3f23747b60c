"""Drugs ordered in the same hook or encounter: what is in them, as far as their codes or names say.

A product that cannot be resolved may hold anything: it is never taken for a drug without steroid.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from plugin.domain.codes import Concept
from plugin.domain.evidence import SteroidOrder
from plugin.domain.order import Drug
from plugin.domain.truth import Truth, any_of
from plugin.evidence.reading import Chart, names, reference_of, relative, text_of
from plugin.evidence.views import CodeableConcept, Medication, MedicationRequest, ServiceRequest

_STEROID = "drug-corticosteroid-injectable"
_LOCAL_ANAESTHETIC = "drug-local-anesthetic"
_SUPPLIED = frozenset({_STEROID, _LOCAL_ANAESTHETIC})
_NOT_INJECTED = frozenset({"oral", "topical", "rectal", "nasal", "ophthalmic", "inhaled"})
_SUPPLY_CODE = re.compile(r"J\d{4}")
"""HCPCS codes of drugs that are given by injection."""


def medication_of(
    request: MedicationRequest, sent: Mapping[str, CodeableConcept | None]
) -> CodeableConcept | None:
    """The drug given in place or in a Medication sent beside the order; `sent` is by `Medication/<id>`."""
    pointer = request.medicationReference
    if request.medicationCodeableConcept is not None or pointer is None:
        return request.medicationCodeableConcept
    return sent.get(pointer.reference or "") or CodeableConcept(text=pointer.display)


def contained_drugs(request: MedicationRequest) -> dict[str, CodeableConcept | None]:
    """Contained Medications, under the reference by which the order names them."""
    found: dict[str, CodeableConcept | None] = {}
    for raw in request.contained or ():
        try:
            medication = _medication_decoder.decode(raw)
        except msgspec.ValidationError:
            continue
        if medication.resourceType == "Medication" and medication.id:
            found[f"#{medication.id.removeprefix('#')}"] = medication.code
    return found


_medication_decoder = msgspec.json.Decoder(Medication)


def form_of(request: MedicationRequest, concept: CodeableConcept | None, chart: Chart) -> str | None:
    """`injectable`, `oral` …: by the product, else by the route on the order; None when neither says."""
    codings = (concept.coding if concept else None) or ()
    forms = [chart.terminology.drugs[coding.system, coding.code].dose_form for coding in codings]
    routes = [route for dosage in request.dosageInstruction or () for route in chart.concepts(dosage.route)]
    return next((form for form in (*forms, *(r.get("dose-form") for r in routes)) if form is not None), None)


def ordered_drug(
    concept: CodeableConcept | None, reference: str, chart: Chart, form: str | None = None
) -> Drug:
    """The drug of a medication order; UNKNOWN in every respect where code and name say nothing."""
    for coding in (concept.coding if concept else None) or ():
        known = chart.terminology.drugs[coding.system, coding.code].ingredients
        if known:
            return _resolved(known, reference, is_injected=form not in _NOT_INJECTED)
    text = text_of(concept) or ""
    steroid = Truth.TRUE if "steroid" in chart.wording(text).order_words else Truth.UNKNOWN
    return Drug(reference, text, steroid, Truth.UNKNOWN, Truth.UNKNOWN, is_quoted=True)


def supplied_drug(request: ServiceRequest, known: Iterable[Concept], reference: str) -> Drug | None:
    """A drug ordered as a supply code; None for a request that is no drug."""
    drugs = [c for c in known if not _SUPPLIED.isdisjoint(c.sets)]
    if drugs:
        return _resolved(drugs, reference, is_injected=True)
    codes = [c.code or "" for c in (request.code.coding if request.code else None) or ()]
    unknown = next((code for code in codes if _SUPPLY_CODE.fullmatch(code.strip().upper())), None)
    if unknown is None:
        return None
    return Drug(reference, unknown, Truth.UNKNOWN, Truth.UNKNOWN, Truth.UNKNOWN, is_quoted=True)


def _resolved(ingredients: Iterable[Concept], reference: str, *, is_injected: bool) -> Drug:
    ingredients = tuple(ingredients)
    steroids = [c for c in ingredients if is_injected and c.in_set(_STEROID)]
    return Drug(
        reference=reference,
        label=", ".join(f"{c.label} ({c.code})" if c.label else c.code for c in ingredients),
        is_steroid=Truth.of(bool(steroids)),
        is_particulate=any_of(_particulate(c) for c in steroids),
        is_local_anaesthetic=Truth.of(any(c.in_set(_LOCAL_ANAESTHETIC) for c in ingredients)),
    )


def _particulate(steroid: Concept) -> Truth:
    flag = steroid.flag("particulate")
    return Truth.UNKNOWN if flag is None else Truth.of(flag)


def steroid_orders(requests: Iterable[MedicationRequest], chart: Chart) -> tuple[SteroidOrder, ...]:
    """Steroids for injection that are ordered and active in the encounter of the call, by code."""
    found: list[SteroidOrder] = []
    for request in requests:
        if request.status != "active" or not _is_here(request, chart) or not chart.is_own(request.subject):
            continue
        medication = medication_of(request, contained_drugs(request))
        drug = ordered_drug(medication, reference_of(request), chart)
        if drug.is_coded_steroid and form_of(request, medication, chart) == "injectable":
            found.append(_steroid_order(request, drug, chart))
    return tuple(found)


def _steroid_order(request: MedicationRequest, drug: Drug, chart: Chart) -> SteroidOrder:
    return SteroidOrder(
        reference=drug.reference,
        label=drug.label,
        states_reason=bool(request.reasonReference or request.reasonCode),
        reason_references=frozenset([relative(r.reference or "") for r in request.reasonReference or ()]),
        reason_codes=frozenset(chart.concepts_of(request.reasonCode)),
    )


def _is_here(request: MedicationRequest, chart: Chart) -> bool:
    where = request.encounter.reference if request.encounter is not None else None
    encounter = chart.encounter_id
    # Every spelling of the reference holds the id: most orders are ruled out at a glance.
    if not where or not encounter or encounter not in where:
        return False
    return names(where, "Encounter", encounter)
