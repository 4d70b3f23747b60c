"""Hook requests as an EHR sends them: one lumbar epidural order and a long, synthetic record in the prefetch.

The record gives real cards: radiculopathy, no MRI of the spine, 14 days of physiotherapy. Around it stands
what fills real charts and has nothing to do with the order. Each Bundle entry takes 1.5 to 2.4 kB.
"""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from itertools import accumulate, count, repeat
from typing import Any

from tests.benchmarks import vocabulary as words

HOOK_INSTANCE = "3c0f6f6e-6f0e-4b57-9d3c-9f1f6f0f7a10"
"""Stands in every body, to be replaced by a fresh one of the same length for each call."""
TODAY = date(2026, 11, 20)

Json = dict[str, Any]

_PATIENT = "bench-patient-1"
_BASE = "https://ehr.example.org/fhir/R4"
_ENTRY_BYTES = (1500, 2400)
_SHARES = {
    "conditions": 20,
    "procedures": 20,
    "serviceRequests": 14,
    "reports": 14,
    "imaging": 5,
    "medications": 14,
    "medicationStatements": 4,
    "observations": 9,
}


def hook_request(resource_count: int, seed: int) -> bytes:
    """An order-select call with `resource_count` Bundle entries in its prefetch. One seed, one request.

    Raises ValueError for fewer than 8 entries, which is what the cards need.
    """
    chart = _Chart(random.Random(seed))
    body = {
        "hook": "order-select",
        "hookInstance": HOOK_INSTANCE,
        "context": {
            "userId": "Practitioner/bench-practitioner-1",
            "patientId": _PATIENT,
            "encounterId": "bench-encounter-1",
            "selections": ["ServiceRequest/bench-order-1"],
            "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": chart.order()}]},
        },
        "prefetch": chart.prefetch(resource_count),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


class _Chart:
    """Draws resources with every element that EHRs send, most of which the service skips."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._number = count(1)

    def prefetch(self, resource_count: int) -> Json:
        needed = {"conditions": [self._radiculopathy()], "procedures": self._physiotherapy()}
        left = resource_count - sum(map(len, needed.values()))
        if left < 3:
            raise ValueError(f"resource_count {resource_count}: must be at least 8")
        kinds = {
            "conditions": self._condition,
            "procedures": self._procedure,
            "serviceRequests": self._service_request,
            "reports": self._report,
            "imaging": self._imaging_study,
            "medications": self._medication_request,
            "medicationStatements": self._medication_statement,
            "observations": self._observation,
        }
        bounds = [0, *(round(left * share / 100) for share in accumulate(_SHARES.values()))]
        values: Json = {"patient": self._patient(), "encounter": self._encounter()}
        for key, start, end in zip(_SHARES, bounds, bounds[1:], strict=False):
            drawn = [kinds[key]() for _ in range(end - start)]
            resources = [*needed.get(key, []), *drawn]
            self._draw.shuffle(resources)
            values[key] = self._searchset(resources)
        values["researchSubjects"] = self._searchset([])
        return values

    def order(self) -> Json:
        return {
            "resourceType": "ServiceRequest",
            "id": "bench-order-1",
            "status": "draft",
            "intent": "order",
            "category": [_concept(words.SURGICAL_PROCEDURE)],
            "code": _concept(words.LUMBAR_EPIDURAL),
            "subject": _reference("Patient", _PATIENT),
            "encounter": _reference("Encounter", "bench-encounter-1"),
            "occurrenceDateTime": "2026-11-27",
            "authoredOn": "2026-11-20T09:20:00-05:00",
            "requester": _reference("Practitioner", "bench-practitioner-1"),
            "reasonReference": [_reference("Condition", "bench-radiculopathy")],
        }

    def _radiculopathy(self) -> Json:
        condition = self._condition()
        condition |= {
            "id": "bench-radiculopathy",
            "code": _concept(words.RADICULOPATHY),
            "category": [_concept(words.PROBLEM_LIST_ITEM)],
            "onsetDateTime": "2026-06-01",
            "recordedDate": "2026-06-10",
        }
        return condition

    def _physiotherapy(self) -> list[Json]:
        days = ("2026-11-01", "2026-11-05", "2026-11-10", "2026-11-14")
        own = {"code": _concept(words.THERAPEUTIC_EXERCISE), "reasonCode": [_concept(words.RADICULOPATHY)]}
        return [self._procedure() | own | {"performedPeriod": {"start": day, "end": day}} for day in days]

    def _condition(self) -> Json:
        recorded = self._day()
        return self._resource("Condition") | {
            "clinicalStatus": _status(
                "condition-clinical", self._draw.choice(("active", "active", "resolved"))
            ),
            "verificationStatus": _status("condition-ver-status", "confirmed"),
            "category": [_concept(self._draw.choice((words.PROBLEM_LIST_ITEM, words.ENCOUNTER_DIAGNOSIS)))],
            "code": _concept(*self._draw.choice(words.DIAGNOSES)),
            "subject": _reference("Patient", _PATIENT),
            "encounter": self._visit(),
            "onsetDateTime": recorded,
            "recordedDate": recorded,
            "recorder": self._clinician(),
            "asserter": self._clinician(),
            "note": self._note(),
        }

    def _procedure(self) -> Json:
        return self._resource("Procedure") | {
            "status": "completed",
            "category": _concept(words.SURGICAL_PROCEDURE),
            "code": _concept(self._draw.choice(words.PROCEDURES)),
            "subject": _reference("Patient", _PATIENT),
            "encounter": self._visit(),
            "performedPeriod": {"start": self._instant(), "end": self._instant()},
            "performer": [{"actor": self._clinician()}],
            "location": _reference("Location", "bench-location-4"),
            "reasonCode": [_concept(*self._draw.choice(words.DIAGNOSES))],
            "note": self._note(),
        }

    def _service_request(self) -> Json:
        return self._resource("ServiceRequest") | {
            "status": self._draw.choice(("active", "completed", "completed")),
            "intent": "order",
            "category": [_concept(words.LABORATORY)],
            "priority": "routine",
            "code": _concept(self._draw.choice(words.ORDERS)),
            "subject": _reference("Patient", _PATIENT),
            "encounter": self._visit(),
            "occurrenceDateTime": self._instant(),
            "authoredOn": self._instant(),
            "requester": self._clinician(),
            "reasonCode": [_concept(*self._draw.choice(words.DIAGNOSES))],
            "note": self._note(),
        }

    def _report(self) -> Json:
        results = [_reference("Observation", f"bench-result-{next(self._number)}") for _ in range(6)]
        return self._resource("DiagnosticReport") | {
            "basedOn": [_reference("ServiceRequest", f"bench-{next(self._number)}")],
            "status": "final",
            "category": [_concept(words.LABORATORY)],
            "code": _concept(self._draw.choice(words.REPORTS)),
            "subject": _reference("Patient", _PATIENT),
            "encounter": self._visit(),
            "effectiveDateTime": self._instant(),
            "issued": self._instant(),
            "performer": [self._clinician()],
            "result": results,
            "conclusion": self._sentences(2),
        }

    def _imaging_study(self) -> Json:
        modality, site, description = self._draw.choice(words.IMAGING)
        series = {
            "uid": f"2.25.{self._draw.getrandbits(100)}",
            "number": 1,
            "modality": _coding(modality),
            "numberOfInstances": 24,
            "bodySite": _coding(site),
            "started": self._instant(),
        }
        return self._resource("ImagingStudy") | {
            "status": "available",
            "modality": [_coding(modality)],
            "subject": _reference("Patient", _PATIENT),
            "encounter": self._visit(),
            "started": self._instant(),
            "numberOfSeries": 1,
            "numberOfInstances": 24,
            "description": description,
            "series": [series],
        }

    def _medication_request(self) -> Json:
        return self._resource("MedicationRequest") | {
            "status": self._draw.choice(("active", "completed", "stopped")),
            "intent": "order",
            "category": [_concept(words.OUTPATIENT)],
            "medicationCodeableConcept": _concept(self._draw.choice(words.MEDICATIONS)),
            "subject": _reference("Patient", _PATIENT),
            "encounter": self._visit(),
            "authoredOn": self._instant(),
            "requester": self._clinician(),
            "reasonCode": [_concept(*self._draw.choice(words.DIAGNOSES))],
            "dosageInstruction": [self._dosage()],
            "dispenseRequest": {
                "validityPeriod": {"start": self._day(), "end": self._day()},
                "numberOfRepeatsAllowed": 3,
                "quantity": {"value": 90, "unit": "tablet"},
                "expectedSupplyDuration": {"value": 90, "unit": "days", "code": "d"},
            },
        }

    def _medication_statement(self) -> Json:
        return self._resource("MedicationStatement") | {
            "status": "active",
            "category": _concept(words.OUTPATIENT),
            "medicationCodeableConcept": _concept(self._draw.choice(words.MEDICATIONS)),
            "subject": _reference("Patient", _PATIENT),
            "effectivePeriod": {"start": self._day()},
            "dateAsserted": self._instant(),
            "informationSource": _reference("Patient", _PATIENT),
            "dosage": [self._dosage()],
            "note": self._note(),
        }

    def _observation(self) -> Json:
        return self._resource("Observation") | {
            "status": "final",
            "category": [_concept(words.SURVEY)],
            "code": _concept(words.PAIN_SCORE),
            "subject": _reference("Patient", _PATIENT),
            "encounter": self._visit(),
            "effectiveDateTime": self._instant(),
            "issued": self._instant(),
            "performer": [self._clinician()],
            "valueQuantity": {
                "value": self._draw.randint(1, 6),
                "unit": "{score}",
                "system": "http://unitsofmeasure.org",
                "code": "{score}",
            },
            "referenceRange": [{"low": {"value": 0}, "high": {"value": 10}, "text": "0 to 10"}],
            "note": self._note(),
        }

    def _patient(self) -> Json:
        return {
            "resourceType": "Patient",
            "id": _PATIENT,
            "identifier": [{"system": "https://ehr.example.org/mrn", "value": "BENCH-000001"}],
            "active": True,
            "name": [{"use": "official", "family": "Testpatient", "given": ["Bénédicte"]}],
            "gender": "female",
            "birthDate": "1961-04-12",
        }

    def _encounter(self) -> Json:
        return {
            "resourceType": "Encounter",
            "id": "bench-encounter-1",
            "status": "in-progress",
            "class": _coding(words.AMBULATORY),
            "type": [_concept(words.OFFICE_VISIT)],
            "subject": _reference("Patient", _PATIENT),
            "period": {"start": "2026-11-20T09:00:00-05:00"},
        }

    def _resource(self, resource_type: str) -> Json:
        number = next(self._number)
        return {
            "resourceType": resource_type,
            "id": f"bench-{number}",
            "meta": {"versionId": "3", "lastUpdated": self._instant(), "source": "#bench"},
            "identifier": [
                {
                    "use": "usual",
                    "system": f"urn:oid:1.2.3.4.{self._draw.randint(1, 99)}",
                    "value": f"BENCH-{self._draw.randint(10**8, 10**9)}",
                }
            ],
        }

    def _searchset(self, resources: list[Json]) -> Json:
        entries = [self._entry(resource) for resource in resources]
        own = {"relation": "self", "url": f"{_BASE}?patient={_PATIENT}"}
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(entries),
            "link": [own],
            "entry": entries,
        }

    def _entry(self, resource: Json) -> Json:
        """A Bundle entry, its narrative as long as its size asks for."""
        missing = self._draw.randint(*_ENTRY_BYTES) - len(json.dumps(resource, separators=(",", ":"))) - 290
        lines = max(1, round(missing / len(words.NARRATIVE_LINE)))
        rows = "".join(f"<tr><td>{line}</td></tr>" for line in repeat(self._sentences(1), lines))
        narrative = f'<div xmlns="http://www.w3.org/1999/xhtml"><table>{rows}</table></div>'
        return {
            "fullUrl": f"{_BASE}/{resource['resourceType']}/{resource['id']}",
            "resource": {**resource, "text": {"status": "generated", "div": narrative}},
            "search": {"mode": "match"},
        }

    def _dosage(self) -> Json:
        return {
            "text": "Take 1 tablet by mouth once daily",
            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
            "route": _concept(words.ORAL),
            "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}],
        }

    def _visit(self) -> Json:
        return _reference("Encounter", f"bench-encounter-{self._draw.randint(1, 60)}", "Office Visit")

    def _clinician(self) -> Json:
        return _reference("Practitioner", f"bench-practitioner-{self._draw.randint(1, 40)}", "Specimen, MD")

    def _note(self) -> list[Json]:
        return [{"authorReference": self._clinician(), "time": self._instant(), "text": self._sentences(1)}]

    def _sentences(self, number: int) -> str:
        return " ".join(self._draw.choices(words.SENTENCES, k=number))

    def _day(self) -> str:
        return (TODAY - timedelta(days=self._draw.randint(400, 4000))).isoformat()

    def _instant(self) -> str:
        return f"{self._day()}T{self._draw.randint(8, 17):02}:{self._draw.randint(0, 59):02}:00-05:00"


def _coding(coding: words.Code) -> Json:
    return dict(zip(("system", "code", "display"), coding, strict=True))


def _concept(*codings: words.Code) -> Json:
    return {"coding": [_coding(c) for c in codings], "text": codings[0][2]}


def _status(code_system: str, code: str) -> Json:
    system = f"http://terminology.hl7.org/CodeSystem/{code_system}"
    return {"coding": [{"system": system, "code": code, "display": code.capitalize()}]}


def _reference(resource_type: str, identity: str, display: str | None = None) -> Json:
    shown = {} if display is None else {"display": display}
    return {"reference": f"{resource_type}/{identity}", **shown}
