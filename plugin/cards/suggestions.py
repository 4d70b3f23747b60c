"""What a card offers to do: always something the clinician can leave, each action a complete R4 resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from cds_hooks import Action, Suggestion
from plugin.cards.catalogue import Catalogue
from plugin.domain.case import Case
from plugin.domain.check import Check
from plugin.domain.evidence import CareKind, Modality, StudyState
from plugin.terminology import Terminology

_WANTS_MRI = frozenset(
    {"no-study", "other-region", "too-old", "predates-change", "plain-film-only", "ct-found"}
)
_WANTS_CARE = frozenset({"nothing-recorded", "passive-only", "too-short", "symptoms-too-recent"})


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom the drafts are made."""

    patient_id: str
    user_id: str
    encounter_id: str | None
    today: str


def suggestions_for(
    check: Check, case: Case, caller: Caller, seed: UUID, catalogue: Catalogue, terminology: Terminology
) -> tuple[Suggestion, ...]:
    """Seed: the card's uuid, from which each suggestion's is made."""
    if check.criterion == "IMG-1" and check.row in _WANTS_MRI and not _mri_is_barred(case):
        resource = _mri_request(case, caller, terminology)
        return (_create("order-mri", resource, seed, catalogue, case),) if resource else ()
    if check.criterion == "CC-1" and check.row in _WANTS_CARE and not _is_referred(case):
        return (_create("refer-physiotherapy", _referral(case, caller, terminology), seed, catalogue, case),)
    if check.criterion.startswith("IND") and case.order.has_id:
        return (_remove(case, seed, catalogue),)
    return ()


def _mri_is_barred(case: Case) -> bool:
    barred = any(d.in_set("dx-mri-contraindication") for d in case.evidence.diagnoses.entries)
    return barred or any(
        s.modality is Modality.MR and s.state is StudyState.ORDERED for s in case.evidence.studies.entries
    )


def _is_referred(case: Case) -> bool:
    return any(e.kind is CareKind.REFERRAL for e in case.evidence.care.entries)


def _mri_request(case: Case, caller: Caller, terminology: Terminology) -> dict[str, Any] | None:
    """None when the region is not one that a single MRI code names."""
    wanted = case.region.atoms - {"sacral"} if len(case.region.atoms) > 1 else case.region.atoms
    codes = [
        c
        for c in terminology.members("imaging-mri-spine")
        if c.get("offered-as") == "mri-order" and c.region is not None and c.region.atoms == wanted
    ]
    if not codes:
        return None
    coding = [{"system": c.system, "code": c.code, "display": c.label} for c in codes]
    return _request(caller, {"coding": coding, "text": f"MRI of the {case.region.label} spine"}, case)


def _referral(case: Case, caller: Caller, terminology: Terminology) -> dict[str, Any]:
    codes = [
        c for c in terminology.members("cc-pt-referral") if c.get("offered-as") == "physiotherapy-referral"
    ]
    coding = [{"system": c.system, "code": c.code, "display": c.label} for c in codes]
    return _request(caller, {"coding": coding, "text": "Physiotherapy"}, case)


def _request(caller: Caller, code: dict[str, Any], case: Case) -> dict[str, Any]:
    request: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "code": code,
        "subject": {"reference": f"Patient/{caller.patient_id}"},
        "authoredOn": caller.today,
        "requester": {"reference": caller.user_id},
    }
    if caller.encounter_id:
        request["encounter"] = {"reference": f"Encounter/{caller.encounter_id}"}
    reasons = [r for r in case.order.reason_references if r.startswith("Condition/")]
    if reasons:
        request["reasonReference"] = [{"reference": reference} for reference in reasons]
    return request


def _create(name: str, resource: dict[str, Any], seed: UUID, catalogue: Catalogue, case: Case) -> Suggestion:
    words = catalogue.text.suggestions[name]
    facts = {"region": case.region.label}
    action = Action(type="create", description=words.description.format(**facts), resource=resource)
    return Suggestion(label=words.label.format(**facts), uuid=str(uuid5(seed, name)), actions=(action,))


def _remove(case: Case, seed: UUID, catalogue: Catalogue) -> Suggestion:
    words = catalogue.text.suggestions["remove-order"]
    action = Action(
        type="delete",
        description=words.description.format(code=case.order.code.code),
        resource_id=case.order.reference,
    )
    return Suggestion(label=words.label, uuid=str(uuid5(seed, "remove-order")), actions=(action,))
