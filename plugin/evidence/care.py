"""Conservative care, injections and operations: one pass over procedures, orders, reports and medication."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import msgspec

from plugin.domain.check import Item
from plugin.domain.codes import Concept
from plugin.domain.dates import DateRange, days_after, parse_fhir_date
from plugin.domain.evidence import CareEntry, CareKind, Event, Study, Waiver
from plugin.domain.injections import Injection
from plugin.domain.regions import Region
from plugin.evidence.families import FAMILY_OF_SET
from plugin.evidence.imaging import STUDY_SETS, study_from_procedure, study_from_report, study_from_request
from plugin.evidence.injections import read_injection, reported_injection
from plugin.evidence.reading import Chart, any_in, label_of, reference_of, region_of, text_of, when
from plugin.evidence.views import (
    CodeableConcept,
    DiagnosticReport,
    Medication,
    MedicationRequest,
    MedicationStatement,
    OneOrMany,
    Procedure,
    ServiceRequest,
    many,
)

_CARE_SETS = {
    "cc-physical-therapy": CareKind.ACTIVE,
    "cc-manual-chiro": CareKind.ACTIVE,
    "cc-education-hep": CareKind.ACTIVE,
    "cc-cbt": CareKind.ACTIVE,
    "cc-acupuncture": CareKind.ACTIVE,
    "cc-passive-modality": CareKind.PASSIVE,
    "cc-pt-referral": CareKind.REFERRAL,
}
_DRUG_SETS = frozenset({"cc-med-nsaid", "cc-med-other-analgesic"})
_SURGERY = "proc-spine-surgery"
_ON_SPINE = frozenset({_SURGERY, *FAMILY_OF_SET, *STUDY_SETS})
_DONE = frozenset({"completed", "in-progress", "stopped"})
_NOT_YET = frozenset({"preparation", "on-hold"})
_TAKEN_FORMS = frozenset({None, "oral", "topical", "other"})
_ONGOING = DateRange.on(date.max)
_SOME_DAY = date.min


@dataclass(slots=True)
class CareFound:
    """What procedures, orders, reports and medication show."""

    care: list[CareEntry] = field(default_factory=list)
    waivers: list[Waiver] = field(default_factory=list)
    injections: list[Injection] = field(default_factory=list)
    operations: list[Event] = field(default_factory=list)
    studies: list[Study] = field(default_factory=list)


def read_procedures(procedures: Sequence[Procedure], chart: Chart, found: CareFound) -> None:
    for procedure in chart.about_patient("procedures", procedures):
        known = chart.coded(procedure.code)
        if known:
            _read_coded(procedure, known, chart, found)
        elif procedure.status != "entered-in-error":
            _read_worded(procedure, chart, found)


def _read_coded(procedure: Procedure, known: tuple[Concept, ...], chart: Chart, found: CareFound) -> None:
    if procedure.status == "entered-in-error":
        chart.leave_out("procedures", _left_out(procedure, known, "entered-in-error"))
        return
    kind = _care_kind(known)
    if kind is not None:
        _read_care(procedure, known, kind, chart, found)
    if not any_in(known, _ON_SPINE):
        return
    _read_operation(procedure, known, found)
    injection = read_injection(procedure, known, chart)
    if injection is not None:
        found.injections.append(injection)
    study = study_from_procedure(procedure, known, chart)
    if study is not None:
        found.studies.append(study)


def _read_worded(procedure: Procedure, chart: Chart, found: CareFound) -> None:
    """A procedure without a code of ours may be care or a study by its words."""
    wording = chart.wording_of(procedure.code)
    if wording.active_care:
        _read_care(procedure, (), None, chart, found)
    if wording.modality is not None:
        study = study_from_procedure(procedure, (), chart)
        if study is not None:
            found.studies.append(study)


def _care_kind(known: Iterable[Concept]) -> CareKind | None:
    for concept in known:
        for name in concept.sets:
            if name in _CARE_SETS:
                return _CARE_SETS[name]
    return None


def _read_care(
    procedure: Procedure, known: tuple[Concept, ...], kind: CareKind | None, chart: Chart, found: CareFound
) -> None:
    """`kind`: None for care that is told from the text."""
    if _is_for_other_part(procedure.bodySite, procedure.reasonCode, chart):
        chart.leave_out("procedures", _left_out(procedure, known, "not-spinal"))
        return
    label, quoted = label_of(procedure.code, known)
    if procedure.status == "not-done":
        why = chart.concepts(procedure.statusReason)
        is_declined = any("dx-refusal-intolerance" in c.sets for c in why)
        if kind is CareKind.ACTIVE and procedure.statusReason is not None and (is_declined or not why):
            found.waivers.append(Waiver(reference_of(procedure), label, "therapy", is_declined))
        return
    if procedure.status in _NOT_YET:
        chart.leave_out("procedures", _left_out(procedure, known, "not-completed"))
        return
    first, last, is_period = _performed(procedure)
    found.care.append(
        CareEntry(
            kind=kind or CareKind.ACTIVE,
            reference=reference_of(procedure),
            label=label,
            first=first or DateRange(_SOME_DAY, chart.today),
            last=last,
            is_period=is_period,
            is_certain=procedure.status in _DONE and kind is not None,
            is_evaluation="evaluation" in [c.get("participation") for c in known],
            is_quoted=quoted,
        )
    )


def _performed(procedure: Procedure) -> tuple[DateRange | None, DateRange | None, bool]:
    """First and last day, and whether they come from a period. Without a date: any day so far."""
    period = procedure.performedPeriod
    if period is not None:
        first = parse_fhir_date(period.start) or parse_fhir_date(period.end)
        return first, parse_fhir_date(period.end) or _open_end(procedure), True
    day = parse_fhir_date(procedure.performedDateTime)
    return day, day, False


def _open_end(procedure: Procedure) -> DateRange | None:
    return _ONGOING if procedure.status == "in-progress" else None


def _read_operation(procedure: Procedure, known: tuple[Concept, ...], found: CareFound) -> None:
    operated = [c for c in known if _SURGERY in c.sets]
    if not operated or procedure.status not in ("completed", None, "unknown"):
        return
    label, _ = label_of(procedure.code, operated)
    region = region_of(operated) or Region.unspecified()
    taken = when(procedure.performedDateTime, procedure.performedPeriod)
    is_certain = procedure.status == "completed"
    is_fusion = "fusion" in [c.get("operation") for c in operated]
    found.operations.append(Event(reference_of(procedure), label, region, taken, is_certain, is_fusion))


def read_requests(requests: Sequence[ServiceRequest], chart: Chart, found: CareFound) -> None:
    """Orders on file: imaging asked for or done, and referrals to therapy."""
    for request in chart.about_patient("serviceRequests", requests):
        _read_request(request, chart.coded(request.code), chart, found)


def read_surroundings(requests: Sequence[ServiceRequest], chart: Chart, found: CareFound) -> None:
    """The same of the hook's own orders, whose codes were counted when the orders were read."""
    for request in chart.about_patient("serviceRequests", requests):
        _read_request(request, chart.concepts(request.code), chart, found)


def _read_request(
    request: ServiceRequest, known: tuple[Concept, ...], chart: Chart, found: CareFound
) -> None:
    if not known and chart.wording_of(request.code).modality is None:
        return
    study = study_from_request(request, known, chart)
    if study is not None:
        found.studies.append(study)
    if _care_kind(known) is None or request.doNotPerform or request.status in _WITHDRAWN:
        return
    if _is_for_other_part(request.bodySite, request.reasonCode, chart):
        return
    label, quoted = label_of(request.code, known)
    asked = parse_fhir_date(request.authoredOn)
    asked = asked or when(request.occurrenceDateTime, request.occurrencePeriod)
    first = asked or DateRange(_SOME_DAY, chart.today)
    found.care.append(
        CareEntry(CareKind.REFERRAL, reference_of(request), label, first, first, False, is_quoted=quoted)
    )


_WITHDRAWN = frozenset({"entered-in-error", "revoked", "cancelled"})


def read_reports(
    reports: Sequence[DiagnosticReport], charted: Sequence[Injection], chart: Chart, found: CareFound
) -> None:
    """Studies, and injections that are known from their report alone. `charted`: those of procedures."""
    for report in chart.about_patient("reports", reports):
        known = chart.coded(report.code)
        study = study_from_report(report, known, chart)
        if study is not None:
            found.studies.append(study)
        injection = reported_injection(report, known, charted) if known else None
        if injection is not None:
            found.injections.append(injection)


def read_medication_requests(requests: Sequence[MedicationRequest], chart: Chart, found: CareFound) -> None:
    for request in chart.about_patient("medications", requests):
        drug = _analgesic(request, "medications", chart)
        if drug is None:
            continue
        if request.intent in _NO_ORDER or request.status in _NEVER_TAKEN:
            chart.leave_out(
                "medications", Item("medication", drug[0], reference_of(request), remark="not-an-order")
            )
            continue
        authored = parse_fhir_date(request.authoredOn)
        found.care.append(_medication(request, drug, authored, _end_of_order(request, authored), chart))


_NO_ORDER = frozenset({"proposal", "plan", "option"})
_NEVER_TAKEN = frozenset({"entered-in-error", "cancelled", "draft"})


def read_medication_statements(
    statements: Sequence[MedicationStatement], chart: Chart, found: CareFound
) -> None:
    key = "medicationStatements"
    for statement in chart.about_patient(key, statements):
        drug = _analgesic(statement, key, chart)
        if drug is None:
            continue
        if statement.status in ("entered-in-error", "intended", "not-taken"):
            chart.leave_out(key, Item("medication", drug[0], reference_of(statement), remark="not-an-order"))
            continue
        period = statement.effectivePeriod
        first = when(statement.effectiveDateTime, period)
        last = parse_fhir_date(period.end) if period is not None else None
        if last is None and statement.status == "active":
            last = _ONGOING
        found.care.append(_medication(statement, drug, first, last, chart))


Drug = tuple[str, bool, bool]
"""Label, whether it is the chart's own text, whether it is certain."""


def _analgesic(resource: MedicationRequest | MedicationStatement, key: str, chart: Chart) -> Drug | None:
    concept = _drug_concept(resource)
    drugs = chart.terminology.drugs
    for coding in (concept.coding if concept is not None else None) or ():
        contents = drugs[coding.system, coding.code]
        ours = [c for c in contents.ingredients if not _DRUG_SETS.isdisjoint(c.sets)]
        if not ours:
            continue
        label = f"{ours[0].label} ({ours[0].code})"
        if contents.dose_form not in _TAKEN_FORMS:
            chart.leave_out(key, Item("medication", label, reference_of(resource), remark="oral-only"))
            return None
        if _is_for_other_part(None, resource.reasonCode, chart):
            chart.leave_out(key, Item("medication", label, reference_of(resource), remark="not-spinal"))
            return None
        return label, False, True
    words = text_of(concept)
    if words is None and resource.medicationReference is not None:
        words = resource.medicationReference.display
    if words and chart.wording(words).analgesic is not None:
        return words, True, False
    return None


def _drug_concept(resource: MedicationRequest | MedicationStatement) -> CodeableConcept | None:
    """The drug given in place, or in the Medication that the resource contains."""
    pointer = resource.medicationReference
    if resource.medicationCodeableConcept is not None or pointer is None:
        return resource.medicationCodeableConcept
    for raw in resource.contained or ():
        try:
            medication = _medication_decoder.decode(raw)
        except msgspec.ValidationError:
            continue
        if medication.resourceType == "Medication" and pointer.reference == f"#{medication.id}":
            return medication.code
    return None


_medication_decoder = msgspec.json.Decoder(Medication)


def _end_of_order(request: MedicationRequest, authored: DateRange | None) -> DateRange | None:
    """End of the dispense period, else ongoing while active, else start plus supply; None: not known."""
    if request.status == "stopped":
        return None
    dispense = request.dispenseRequest
    period = dispense.validityPeriod if dispense else None
    ended = parse_fhir_date(period.end) if period else None
    if ended is not None:
        return ended
    if request.status == "active":
        return _ONGOING
    supply = _supply_days(request)
    if supply is None or authored is None or not authored.is_exact:
        return None
    return DateRange.on(days_after(authored.first, max(supply - 1, 0)))


def _supply_days(request: MedicationRequest) -> int | None:
    supply = request.dispenseRequest.expectedSupplyDuration if request.dispenseRequest else None
    if supply is None or supply.value is None or not 0 <= supply.value <= 3650:
        return None
    unit = (supply.code or supply.unit or "d").lower()
    factor = {"d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7}.get(unit)
    return None if factor is None else int(supply.value * factor)


def _medication(
    resource: MedicationRequest | MedicationStatement,
    drug: Drug,
    first: DateRange | None,
    last: DateRange | None,
    chart: Chart,
) -> CareEntry:
    label, quoted, certain = drug
    return CareEntry(
        kind=CareKind.MEDICATION,
        reference=reference_of(resource),
        label=label,
        first=first or DateRange(_SOME_DAY, chart.today),
        last=last,
        is_period=True,
        is_certain=certain and resource.status in ("active", "completed", "stopped"),
        is_quoted=quoted,
    )


def _is_for_other_part(sites: OneOrMany, reasons: OneOrMany, chart: Chart) -> bool:
    """Plainly for another part of the body: a known site or reason says so and none says spine."""
    given = (*many(sites), *many(reasons))
    if not given:
        return False
    is_other = False
    for concept in given:
        for known in chart.concepts(concept):
            if known.region is not None or known.pain_pattern is not None:
                return False
            is_other = is_other or not _NOT_SPINAL.isdisjoint(known.sets)
    if is_other:
        return True
    wordings = [chart.wording(text) for concept in given for text in _words(concept)]
    if any(wording.region is not None for wording in wordings):
        return False
    return any(wording.is_non_spinal for wording in wordings)


_NOT_SPINAL = frozenset({"body-site-non-spinal", "dx-non-spinal"})


def _words(concept: CodeableConcept) -> list[str]:
    displays = [coding.display for coding in concept.coding or () if coding.display]
    return [concept.text, *displays] if concept.text else displays


def _left_out(procedure: Procedure, known: tuple[Concept, ...], remark: str) -> Item:
    label, quoted = label_of(procedure.code, known)
    taken = when(procedure.performedDateTime, procedure.performedPeriod)
    return Item("active", label, reference_of(procedure), taken, remark=remark, quoted=quoted)
