"""Records of care as an EHR would send them, and what is read from them."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from cds_hooks import OrderContext
from cds_hooks.draft_orders import read_draft_orders
from plugin.domain.evidence import CareEntry, Section
from plugin.domain.order import InjectionOrder
from plugin.evidence.orders import OrdersRead, read_orders
from plugin.evidence.reading import Chart
from tests.builders import ENCOUNTER, PATIENT, RXNORM, TODAY, Json, coded, read, resource, terminology

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


def draft(code: str | None = "62323", /, **elements: Any) -> Json:
    """A draft ServiceRequest; without an id where `id` is None."""
    return resource("ServiceRequest", code, **({"status": "draft", "intent": "order"} | elements))


def drafts(*resources: Json, hook: str = "order-sign") -> OrdersRead:
    """What is read of these drafts, all of them selected."""
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}
    orders, unreadable = read_draft_orders(msgspec.Raw(json.dumps(bundle).encode()), None)
    context = OrderContext(
        user_id="Practitioner/1",
        patient_id=PATIENT,
        encounter_id=ENCOUNTER,
        orders=orders,
        unreadable_orders=unreadable,
    )
    return read_orders(context, hook, Chart(terminology(), PATIENT, TODAY, encounter_id=ENCOUNTER))


def ordered(*resources: Json) -> InjectionOrder:
    """The one injection among these drafts."""
    (order,) = drafts(*resources).injections
    return order
