"""What a card offers to do: always something the clinician can leave, each action a complete R4 resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from cds_hooks import Action, Suggestion
from plugin.cards.catalogue import Catalogue
from plugin.cards.identity import suggestion_uuid
from plugin.domain.case import Case
from plugin.domain.check import Check
from plugin.domain.codes import Concept
from plugin.domain.content import ContentError
from plugin.domain.dates import parse_fhir_date
from plugin.domain.evidence import CareKind, Modality, Standing, StudyState
from plugin.domain.families import EPIDURAL
from plugin.domain.regions import Region
from plugin.terminology import Terminology

WANTS_MRI = frozenset(
    {"no-study", "other-region", "too-old", "predates-change", "plain-film-only", "ct-found"}
)
WANTS_CARE = frozenset(
    {"no-first-line-care", "nothing-recorded", "passive-only", "symptoms-too-recent", "too-short"}
)
WANTS_NO_STEROID = frozenset({"steroid-ordered"})
WANTS_GUIDANCE = frozenset({"no-guidance", "ultrasound"})
WANTS_BLOCK = frozenset({"no-block", "too-few-positive"})


_MODALITY_AND_STATE = attrgetter("modality", "state")
_KIND = attrgetter("kind")


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom the drafts are made, and the drafts that there are."""

    patient_id: str
    user_id: str | None
    encounter_id: str | None
    today: str
    drafts: Mapping[str, msgspec.Raw]
    """The drafts of the hook as they came, by reference."""

    def draft(self, reference: str) -> dict[str, Any] | None:
        """A draft with everything it holds, numbers to their last digit; None for one not sent."""
        raw = self.drafts.get(reference)
        return None if raw is None else _draft_decoder.decode(raw)


_draft_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class _NewOrder(NamedTuple):
    """An order that may be offered, as far as it is the same for every patient."""

    name: str
    label: str
    description: str
    code: dict[str, Any]


class Offers:
    """Makes suggestions; built once from the codes that value sets mark as offered."""

    def __init__(self, catalogue: Catalogue, terminology: Terminology) -> None:
        self._catalogue = catalogue
        codings: dict[frozenset[str], list[dict[str, str]]] = {}
        for concept in terminology.members("imaging-mri-spine"):
            if concept.get("offered-as") == "mri-order" and concept.region is not None:
                codings.setdefault(concept.region.atoms, []).append(_coding(concept))
        self._mri = {atoms: self._mri_of(Region.of(*atoms), listed) for atoms, listed in codings.items()}
        referrals = [
            _coding(concept)
            for concept in terminology.members("cc-pt-referral")
            if concept.get("offered-as") == "physiotherapy-referral"
        ]
        self._physiotherapy = self._new_order(
            "refer-physiotherapy", {"coding": referrals, "text": "Physiotherapy"}
        )
        self._guided = _guided_codes(terminology)

    def _mri_of(self, region: Region, codings: list[dict[str, str]]) -> _NewOrder:
        code = {"coding": codings, "text": f"MRI of the {region.label} spine"}
        return self._new_order("order-mri", code, region=region.label)

    def _new_order(self, name: str, code: dict[str, Any], **facts: str) -> _NewOrder:
        words = self._catalogue.text.suggestions[name]
        return _NewOrder(name, words.label.format(**facts), words.description.format(**facts), code)

    def on(
        self, check: Check, case: Case, caller: Caller, seed: str, *, is_only_gap: bool
    ) -> tuple[Suggestion, ...]:
        """What may be done about a gap. Seed: the card's uuid, from which each suggestion's is made."""
        if (
            check.criterion == "IMG-1"
            and check.row in WANTS_MRI
            and not (_mri_is_barred(case) or _mri_is_ordered(case))
        ):
            mri = self._mri.get(_one_region(case))
            return () if mri is None else (_create(mri, caller, case, seed),)
        if check.criterion == "CC-1" and check.row in WANTS_CARE and not _is_referred(case):
            return (_create(self._physiotherapy, caller, case, seed),)
        if check.criterion == "TPI-1" and check.row in WANTS_NO_STEROID:
            return self._without_steroid(case, seed)
        if check.criterion == "GUI-1" and check.row in WANTS_GUIDANCE:
            return self._with_guided_code(case, caller, seed)
        if check.criterion == "FAC-1" and check.row in WANTS_BLOCK:
            return self._as_block(case, caller, seed)
        is_epidural = case.order.family in EPIDURAL
        if check.criterion.startswith("IND") and is_epidural and case.order.is_addressable:
            return (self._remove(case, seed),)
        if check.criterion == "FRQ-2" and is_only_gap and case.order.is_addressable:
            return self._move(str(check.facts["earliest_date"]), case, caller, seed)
        return ()

    def _move(self, day: str, case: Case, caller: Caller, seed: str) -> tuple[Suggestion, ...]:
        """The order on the first day that is far enough, at the same time of day.

        None for a day that has passed, for an order of several lines, and for one whose date is a period's.
        """
        draft = caller.draft(case.order.reference) or {}
        planned = draft.get("occurrenceDateTime")
        if not isinstance(planned, str) or parse_fhir_date(planned) != case.order.planned:
            return ()
        if day < caller.today or (case.order.levels or 1) > 1:
            return ()
        moved = draft | {"occurrenceDateTime": day + planned[len(day) :]}
        return (self._update("move-date", moved, seed, date=day, code=case.order.code.code),)

    def _as_block(self, case: Case, caller: Caller, seed: str) -> tuple[Suggestion, ...]:
        """The order as a block for diagnosis, without the steroid lines beside it.

        None where the EHR could not find one of them, and beside other injections: the steroid may be theirs.
        """
        draft = caller.draft(case.order.reference)
        if draft is None or case.alongside or not case.order.is_addressable:
            return ()
        if any(drug.is_coded_steroid and not drug.is_addressable for drug in case.order.drugs):
            return ()
        details = draft.get("orderDetail")
        said = {"text": self._catalogue.word("as-diagnostic-block")}
        changed = draft | {"orderDetail": [*(details if isinstance(details, list) else ()), said]}
        offered = self._update("order-block", changed, seed, code=case.order.code.code)
        return (replace(offered, actions=(*offered.actions, *self._steroids_removed(case))),)

    def _remove(self, case: Case, seed: str) -> Suggestion:
        words = self._catalogue.text.suggestions["remove-order"]
        action = Action(
            type="delete",
            description=words.description.format(code=case.order.code.code),
            resource_id=case.order.reference,
        )
        return Suggestion(label=words.label, uuid=suggestion_uuid(seed, "remove-order"), actions=(action,))

    def _without_steroid(self, case: Case, seed: str) -> tuple[Suggestion, ...]:
        """All lines of it together; none when the EHR could not find one of them."""
        steroids = [drug for drug in case.order.drugs if drug.is_coded_steroid]
        if not all(drug.is_addressable for drug in steroids):
            return ()
        words = self._catalogue.text.suggestions["remove-steroid"]
        uuid = suggestion_uuid(seed, "remove-steroid")
        return (Suggestion(label=words.label, uuid=uuid, actions=self._steroids_removed(case)),)

    def _steroids_removed(self, case: Case) -> tuple[Action, ...]:
        words = self._catalogue.text.suggestions["remove-steroid"]
        return tuple(
            Action(
                type="delete",
                description=words.description.format(drug=drug.label),
                resource_id=drug.reference,
            )
            for drug in case.order.drugs
            if drug.is_coded_steroid
        )

    def _with_guided_code(self, case: Case, caller: Caller, seed: str) -> tuple[Suggestion, ...]:
        """The draft as it came, under the code that includes imaging."""
        own, guided = case.order.code, self._guided.get(case.order.code)
        resource = caller.draft(case.order.reference)
        if guided is None or resource is None or not case.order.is_addressable:
            return ()
        codings = [_recoded(coding, own, guided) for coding in resource["code"]["coding"]]
        resource["code"] |= {"coding": codings, "text": guided.label}
        return (self._update("use-guided-code", resource, seed, code=guided.code, label=guided.label),)

    def _update(self, name: str, resource: dict[str, Any], seed: str, **facts: str) -> Suggestion:
        words = self._catalogue.text.suggestions[name]
        action = Action(type="update", description=words.description.format(**facts), resource=resource)
        return Suggestion(
            label=words.label.format(**facts), uuid=suggestion_uuid(seed, name), actions=(action,)
        )


def _guided_codes(terminology: Terminology) -> dict[Concept, Concept]:
    """Codes without imaging, each with the one that includes it. Raises ContentError for one that is none."""
    found: dict[Concept, Concept] = {}
    for name in ("proc-esi-interlaminar-caudal", "proc-epidural-catheter"):
        for concept in terminology.members(name):
            code = concept.get("guided-code")
            if code is None:
                continue
            guided = terminology.lookup(concept.system, code)
            if guided is None or guided.get("guidance") != "included":
                raise ContentError(f"{name}.json: {concept.code}: guided-code {code} is no code with imaging")
            found[concept] = guided
    return found


def _create(new: _NewOrder, caller: Caller, case: Case, seed: str) -> Suggestion:
    action = Action(type="create", description=new.description, resource=_request(caller, new.code, case))
    return Suggestion(label=new.label, uuid=suggestion_uuid(seed, new.name), actions=(action,))


def _is_on_file(reference: str) -> bool:
    """A Condition of the record, as opposed to one contained in the order."""
    return reference.startswith("Condition/") and "#" not in reference


def _coding(concept: Concept) -> dict[str, str]:
    return {"system": concept.system, "code": concept.code, "display": concept.label}


def _recoded(coding: dict[str, Any], own: Concept, other: Concept) -> dict[str, Any]:
    """A coding of `own` under the other code, its modifiers kept; any other coding as it is."""
    code = str(coding.get("code", "")).strip()
    if not code.upper().startswith(own.code):
        return coding
    return coding | {"code": other.code + code[len(own.code) :], "display": other.label}


def _one_region(case: Case) -> frozenset[str]:
    """The region as an MRI code names it: a lumbar study shows the sacral roots too."""
    atoms = case.region.atoms
    return atoms - {"sacral"} if len(atoms) > 1 else atoms


def _mri_is_barred(case: Case) -> bool:
    """A contraindication stands today, or the order itself does not say which region it means."""
    if case.order.site_disagrees:
        return True
    current = [d for d in case.evidence.diagnoses.entries if d.standing is Standing.CURRENT]
    return any(d.in_set("dx-mri-contraindication") for d in current)


def _mri_is_ordered(case: Case) -> bool:
    studies = map(_MODALITY_AND_STATE, case.evidence.studies.entries)
    return (Modality.MR, StudyState.ORDERED) in studies


def _is_referred(case: Case) -> bool:
    return CareKind.REFERRAL in map(_KIND, case.evidence.care.entries)


def _request(caller: Caller, code: dict[str, Any], case: Case) -> dict[str, Any]:
    request: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "code": code,
        "subject": {"reference": f"Patient/{caller.patient_id}"},
        "authoredOn": caller.today,
    }
    if caller.user_id:
        request["requester"] = {"reference": caller.user_id}
    if caller.encounter_id:
        request["encounter"] = {"reference": f"Encounter/{caller.encounter_id}"}
    reasons = [{"reference": r} for r in case.order.reason_references if _is_on_file(r)]
    if reasons:
        request["reasonReference"] = reasons
    return request
