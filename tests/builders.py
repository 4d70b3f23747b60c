"""Synthetic cases for tests: a clean one, and what differs from it by keyword.

CLEAN: interlaminar lumbar order 62323 for M54.16 since 2026-06-01, lumbar MRI of 2026-07-10, six
physiotherapy sessions from 2026-09-15 to 2026-10-30, planned for 2026-11-25. Every criterion is met.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any, TypeVar

from cds_hooks import Reading, read_resource, read_searchset
from plugin.domain.case import Case, open_case
from plugin.domain.check import Check, Unread
from plugin.domain.codes import Concept
from plugin.domain.dates import DateRange, parse_fhir_date
from plugin.domain.evidence import (
    CareEntry,
    CareKind,
    Diagnosis,
    Event,
    Evidence,
    Modality,
    PainScore,
    Patient,
    Section,
    Standing,
    Study,
    StudyState,
    Waiver,
)
from plugin.domain.families import Family
from plugin.domain.injections import Injection
from plugin.domain.order import InjectionOrder
from plugin.domain.pain_pattern import PatternParams
from plugin.domain.regions import Region
from plugin.domain.truth import Truth
from plugin.evidence import views
from plugin.evidence.families import coded_family
from plugin.evidence.gather import assemble
from plugin.evidence.orders import OrdersRead
from plugin.evidence.reading import Chart
from plugin.guidelines import Library, load_guidelines
from plugin.policies.judge import Judge
from plugin.policies.load import load_policy
from plugin.policies.model import RULES, Policy
from plugin.terminology import Terminology, load_terminology
from tests.well_formed import assert_sayable, assert_well_formed

Json = dict[str, Any]
T = TypeVar("T")

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
TODAY = date(2026, 11, 20)
PLANNED = date(2026, 11, 25)
PATIENT = "patient-test"
ENCOUNTER = "encounter-test"
SESSIONS = ("2026-09-15", "2026-09-24", "2026-10-02", "2026-10-12", "2026-10-21", "2026-10-30")
LUMBAR = Region.of("lumbar")
CERVICAL = Region.of("cervical")
UNSPECIFIED = Region.unspecified()
SOME_DAY = DateRange(date.min, PLANNED)
"""What readers make of an entry without a date."""


@cache
def terminology() -> Terminology:
    return load_terminology()


@cache
def policy() -> Policy:
    """The shipped default policy."""
    return load_policy("default", frozenset(g.id for g in load_guidelines()))


@cache
def judge() -> Judge:
    """Applies the default policy."""
    listed = policy().file.guidelines
    return Judge(policy(), Library(g for g in load_guidelines() if g.id in listed))


def concept(code: str) -> Concept:
    """What the value sets say of a code. Raises LookupError for one they do not know."""
    for system in (ICD, CPT, SNOMED, LOINC, RXNORM):
        found = terminology().lookup(system, code)
        if found is not None:
            return found
    raise LookupError(f"no value set knows {code}")


def days_ago(days: int) -> str:
    """That many days before the planned procedure."""
    return (PLANNED - timedelta(days=days)).isoformat()


def on(text: str) -> DateRange:
    """A FHIR date as a range. Raises ValueError for what is no date."""
    found = parse_fhir_date(text)
    if found is None:
        raise ValueError(f"{text!r} is no FHIR date")
    return found


def section(*entries: T) -> Section[T]:
    """Read completely."""
    return Section(entries)


def unread(source: str, *entries: T, why: str = "timeout") -> Section[T]:
    """Not read completely: these entries, and perhaps more."""
    return Section(entries, (Unread(source, why),))


def diagnosis(
    code: str,
    onset: str | None = None,
    *,
    reference: str | None = None,
    recorded: str | None = None,
    region: Region | None = None,
    standing: Standing = Standing.CURRENT,
    is_certain: bool = True,
    severity: int = 0,
) -> Diagnosis:
    """One coded Condition. The region is the code's own unless given."""
    known = concept(code)
    return Diagnosis(
        reference=reference or f"Condition/{code}",
        concepts=(known,),
        pattern=known.pain_pattern,
        region=region or known.region or UNSPECIFIED,
        standing=standing,
        is_certain=is_certain,
        label=f"{known.label} ({known.code})",
        onset=on(onset) if onset else None,
        recorded=on(recorded) if recorded else None,
        severity=severity,
    )


def order(code: str = "62323", **changes: Any) -> InjectionOrder:
    """A draft order; region, catheter and family follow the code unless given. `planned`: a FHIR date."""
    known = concept(code)
    planned = changes.pop("planned", PLANNED.isoformat())
    when = on(planned) if planned else None
    given: dict[str, Any] = {
        "reference": "ServiceRequest/order",
        "is_addressable": True,
        "code": known,
        "family": coded_family(known),
        "codes": (known,),
        "region": known.region or UNSPECIFIED,
        "site_disagrees": False,
        "is_catheter": known.in_set("proc-epidural-catheter"),
        "is_contradictory": False,
        "reason_references": (),
        "reason_codes": (),
        "planned": when,
        "as_of": when.first if when else TODAY,
    }
    return InjectionOrder(**{**given, **changes})


def study(
    taken: str | None = "2026-07-10",
    region: Region = LUMBAR,
    modality: Modality = Modality.MR,
    **changes: Any,
) -> Study:
    """A completed study of the spine, a lumbar MRI unless said otherwise."""
    given: dict[str, Any] = {
        "reference": f"ImagingStudy/{modality.value}-{taken}",
        "modality": modality,
        "region": region,
        "state": StudyState.DONE,
        "date": on(taken) if taken else None,
    }
    return Study(**{**given, **changes})


def care(
    first: str | None, last: str | None = None, kind: CareKind = CareKind.ACTIVE, **changes: Any
) -> CareEntry:
    """A session on `first`, or a period with an end. Without a date: any day so far."""
    started = on(first) if first else SOME_DAY
    given: dict[str, Any] = {
        "kind": kind,
        "reference": f"Procedure/{kind.value}-{first}",
        "label": "Therapeutic exercise (97110)",
        "first": started,
        "last": on(last) if last else (started if first else None),
        "is_period": last is not None,
    }
    return CareEntry(**{**given, **changes})


def sessions(*days: str) -> Section[CareEntry]:
    return Section(tuple(care(day) for day in days))


def medication(first: str, last: str | None, **changes: Any) -> CareEntry:
    """An analgesic; `last` None: its end is not recorded."""
    entry = care(first, last, CareKind.MEDICATION, **changes)
    return replace(entry, last=on(last) if last else None, is_period=True)


def injection(when: str | None, region: Region = LUMBAR, **changes: Any) -> Injection:
    """An earlier interlaminar epidural, completed."""
    given = Injection(
        reference=f"Procedure/injection-{when}",
        label="Interlaminar epidural",
        family=Family.INTERLAMINAR,
        code=Concept(CPT, "62323", "Interlaminar epidural", region=region),
        region=region,
        date=on(when) if when else None,
    )
    return replace(given, **changes)


def event(when: str | None, region: Region = LUMBAR) -> Event:
    """A spine operation or an earlier injection."""
    return Event(f"Procedure/event-{when}", "Procedure of the spine", region, on(when) if when else None)


def score(value: float, taken: str) -> PainScore:
    return PainScore(f"Observation/{taken}", value, on(taken))


def waiver(of: str = "any") -> Waiver:
    return Waiver("Condition/waiver", "Refusal of treatment by patient (105480006)", of)


def case(
    placed: InjectionOrder | None = None, *, problems: Iterable[Diagnosis] | None = None, **sections: Any
) -> Case:
    """CLEAN, with another order, other diagnoses, or other sections of the record."""
    by_reference = order(reason_references=("Condition/M54.16",))
    listed = (diagnosis("M54.16", "2026-06-01"),) if problems is None else tuple(problems)
    given: dict[str, Any] = {
        "patient": Patient(Truth.TRUE, Truth.FALSE, on("1970-02-03")),
        "diagnoses": Section(listed),
        "studies": section(study()),
        "care": sessions(*SESSIONS),
    }
    return opened(placed or by_reference, Evidence(**{**given, **sections}))


def opened(placed: InjectionOrder, evidence: Evidence, structural: str = "unknown") -> Case:
    """The case under the default policy's settings; `structural`: how codes without limb symptoms count."""
    file = policy().file
    params = PatternParams(structural, file.zoster_acute_days)
    return open_case(placed, evidence, params, file.chronic_pain_days)


def reasoned(*reasons: Diagnosis, code: str = "62323", problems: Iterable[Diagnosis] = ()) -> Case:
    """An order for these reasons, in the order given, beside a problem list."""
    named = tuple(r.reference for r in reasons)
    return case(order(code, reason_references=named), problems=(*reasons, *problems))


def ask(rule: str, asked: Case) -> Check:
    """The rule's answer under the default policy. Fails where no rule may answer so."""
    check: Check = RULES[rule].evaluate(asked, policy().params[rule])
    assert_well_formed(rule, check)
    assert_sayable(asked, check, judge())
    return check


def indication(asked: Case) -> Check:
    return ask("indication_documented", asked)


def imaging(asked: Case) -> Check:
    return ask("mri_confirms_region", asked)


def conservative(asked: Case) -> Check:
    return ask("conservative_care_completed", asked)


def coded(code: str, system: str | None = None, text: str | None = None) -> Json:
    """A CodeableConcept; the system is the one whose value sets know the code, unless given."""
    found: Json = {"coding": [{"system": system or concept(code).system, "code": code}]}
    return found | ({"text": text} if text else {})


def resource(kind: str, code: str | None = None, /, **elements: Any) -> Json:
    """A resource about the patient. `id` is made from type and code; elements given as None are left out."""
    body: Json = {"resourceType": kind, "id": f"{kind.lower()}-{code}"}
    body["subject"] = {"reference": f"Patient/{PATIENT}"}
    if code is not None:
        body["code"] = coded(code)
    return {key: value for key, value in (body | elements).items() if value is not None}


_VIEWS: Mapping[str, type[Any]] = {
    "conditions": views.Condition,
    "procedures": views.Procedure,
    "serviceRequests": views.ServiceRequest,
    "reports": views.DiagnosticReport,
    "imaging": views.ImagingStudy,
    "medications": views.MedicationRequest,
    "medicationStatements": views.MedicationStatement,
    "observations": views.Observation,
    "researchSubjects": views.ResearchSubject,
}
_SINGLE: Mapping[str, type[Any]] = {"patient": views.Patient, "encounter": views.Encounter}


def read(known: Terminology | None = None, /, **record: Any) -> Evidence:
    """The evidence of a prefetch: lists of resources by key; keys not given hold none."""
    chart = Chart(known or terminology(), PATIENT, TODAY, encounter_id=ENCOUNTER)
    readings: dict[str, Reading[Any]] = {}
    for key, view in _VIEWS.items():
        entries = [{"resource": entry} for entry in record.get(key, ())]
        bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
        readings[key] = read_searchset(json.dumps(bundle).encode(), view, view.__name__)
    for key, view in _SINGLE.items():
        if key in record:
            readings[key] = read_resource(json.dumps(record[key]).encode(), view, view.__name__)
    days = policy().file.encounter_diagnosis_max_age_days
    return assemble(readings, OrdersRead(), chart, days)
