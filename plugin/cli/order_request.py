"""A hook request for orders that somebody names on the command line, as an EHR would send it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from plugin.cli.fhir_server import FhirServer
from plugin.domain.content import ContentError
from plugin.terminology import Terminology

Json = dict[str, Any]

_ORDER_SYSTEMS = (
    "http://www.ama-assn.org/go/cpt",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "http://snomed.info/sct",
    "http://loinc.org",
)
_ICD_10_CM, _SNOMED = "http://hl7.org/fhir/sid/icd-10-cm", "http://snomed.info/sct"
_ICD_CODE = re.compile(r"[A-TV-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?", re.IGNORECASE)
_PATIENT_ID = re.compile(r"(?:Patient/)?([A-Za-z0-9.-]{1,64})")
_USER = "Practitioner/spinal-cds-try"


@dataclass(frozen=True, slots=True)
class AskedOrders:
    """`orders` are codes; a reason is a code, `Condition/<id>` or words."""

    patient: str
    orders: Sequence[str]
    reasons: Sequence[str] = ()
    hook: str = "order-select"
    planned: date | None = None


def hook_request(asked: AskedOrders, server: FhirServer, terminology: Terminology, today: date) -> Json:
    """Without prefetch, so that all of the record is read from `server`.

    Raises ContentError for an order's code that no value set holds, and for what is no id.
    """
    patient = _PATIENT_ID.fullmatch(asked.patient)
    if patient is None:
        raise ContentError(f"--patient {asked.patient}: must be the id of a Patient")
    common = _common(asked, f"Patient/{patient[1]}", today)
    drafts = [
        {
            "resourceType": "ServiceRequest",
            "id": f"order-{number}",
            "code": _code(code, terminology),
            **common,
        }
        for number, code in enumerate(asked.orders, start=1)
    ]
    context: Json = {
        "userId": _USER,
        "patientId": patient[1],
        "draftOrders": {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": draft} for draft in drafts],
        },
    }
    if asked.hook == "order-select":
        context["selections"] = [f"ServiceRequest/{draft['id']}" for draft in drafts]
    request: Json = {
        "hook": asked.hook,
        "hookInstance": str(uuid4()),
        "fhirServer": server.base,
        "context": context,
    }
    return request if server.token is None else request | {"fhirAuthorization": _authorization(server.token)}


def _common(asked: AskedOrders, patient: str, today: date) -> Json:
    common: Json = {
        "status": "draft",
        "intent": "order",
        "subject": {"reference": patient},
        "requester": {"reference": _USER},
        "authoredOn": today.isoformat(),
    }
    references = [reason for reason in asked.reasons if reason.startswith("Condition/")]
    concepts = [_reason(reason) for reason in asked.reasons if reason not in references]
    if references:
        common["reasonReference"] = [{"reference": reference} for reference in references]
    if concepts:
        common["reasonCode"] = concepts
    if asked.planned is not None:
        common["occurrenceDateTime"] = asked.planned.isoformat()
    return common


def _code(code: str, terminology: Terminology) -> Json:
    for system in _ORDER_SYSTEMS:
        concept = terminology.lookup(system, code)
        if concept is not None:
            return {"coding": [{"system": concept.system, "code": code}]}
    raise ContentError(f"--order {code}: no code of CPT, HCPCS, SNOMED CT or LOINC that this service knows")


def _reason(given: str) -> Json:
    if _ICD_CODE.fullmatch(given):
        return {"coding": [{"system": _ICD_10_CM, "code": given}]}
    if given.isdecimal():
        return {"coding": [{"system": _SNOMED, "code": given}]}
    return {"text": given}


def _authorization(token: str) -> Json:
    return {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.read",
        "subject": "spinal-cds-try",
    }
