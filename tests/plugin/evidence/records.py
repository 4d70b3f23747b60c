"""Records of care as an EHR would send them, and what is read from them."""

from __future__ import annotations

from typing import Any

from plugin.domain.evidence import CareEntry, Section
from tests.builders import RXNORM, Json, coded, read, resource

NAPROXEN, TRIAMCINOLONE = "7258", "10759"
KNEE = coded("72696002")
LUMBAR_SITE = coded("122496007")
DRUG_KEYS = [("medications", "MedicationRequest"), ("medicationStatements", "MedicationStatement")]


def therapy(code: str | None = "97110", /, **elements: Any) -> Json:
    body = {"status": "completed", "performedDateTime": "2026-10-01"}
    return resource("Procedure", code, **(body | elements))


def referral(code: str | None = "308447003", /, **elements: Any) -> Json:
    body = {"status": "active", "intent": "order", "authoredOn": "2026-09-01"}
    return resource("ServiceRequest", code, **(body | elements))


def prescription(code: str | None = NAPROXEN, /, **elements: Any) -> Json:
    body = {
        "status": "active",
        "intent": "order",
        "authoredOn": "2026-09-01",
        "medicationCodeableConcept": coded(code, RXNORM) if code else None,
    }
    return resource("MedicationRequest", **(body | elements))


def statement(code: str | None = NAPROXEN, /, **elements: Any) -> Json:
    body = {
        "status": "completed",
        "effectivePeriod": {"start": "2026-09-01", "end": "2026-10-01"},
        "medicationCodeableConcept": coded(code, RXNORM) if code else None,
    }
    return resource("MedicationStatement", **(body | elements))


def found(**record: Any) -> Section[CareEntry]:
    return read(**record).care


def only(**record: Any) -> CareEntry:
    entries = found(**record).entries
    assert len(entries) == 1
    return entries[0]
