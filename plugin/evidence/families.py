"""Which family an injection belongs to, what it is for, and which side it is on: from its codes and words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from plugin.domain.codes import Concept
from plugin.domain.families import Family, Purpose
from plugin.domain.truth import Truth
from plugin.evidence.views import CodeableConcept
from plugin.terminology import Terminology
from plugin.terminology.text_hints import Wording

FAMILY_OF_SET = {
    "proc-basivertebral-ablation": Family.BASIVERTEBRAL,
    "proc-discography-intradiscal": Family.INTRADISCAL,
    "proc-facet-rfa": Family.FACET_RFA,
    "proc-sij-rfa": Family.SIJ_RFA,
    "proc-esi-transforaminal": Family.TRANSFORAMINAL,
    "proc-esi-interlaminar-caudal": Family.INTERLAMINAR,
    "proc-epidural-catheter": Family.INTERLAMINAR,
    "proc-facet-injection-mbb": Family.FACET_INJECTION,
    "proc-sij-injection": Family.SIJ_INJECTION,
    "proc-trigger-point": Family.TRIGGER_POINT,
    "proc-biologic": Family.BIOLOGIC,
}
"""Every value set of procedures that are reviewed; some hold codes of a second family, told apart below."""
_OURS = frozenset(FAMILY_OF_SET)
_RANK = {family: rank for rank, family in enumerate(Family)}
_SIDES_OF_MODIFIER = {
    "LT": frozenset({"left"}),
    "RT": frozenset({"right"}),
    "50": frozenset({"left", "right"}),
}
_DIAGNOSTIC_MODIFIER = "KX"


def coded_family(concept: Concept) -> Family | None:
    """The family that a code names by itself; an epidural with a caudal approach is caudal."""
    if _OURS.isdisjoint(concept.sets):
        return None
    name = next(filter(concept.sets.__contains__, FAMILY_OF_SET))
    family = FAMILY_OF_SET[name]
    if family is Family.INTERLAMINAR and concept.get("approach") == "caudal":
        return Family.CAUDAL
    if family is Family.SIJ_INJECTION and concept.get("target") == "lateral-branch":
        return Family.LATERAL_BRANCH_BLOCK
    return family


def leading(concepts: Iterable[Concept]) -> list[Concept]:
    """The concepts of procedures that are reviewed, the most invasive first."""
    ours = [c for c in concepts if not _OURS.isdisjoint(c.sets)]
    return sorted(ours, key=_rank) if len(ours) > 1 else ours


def _rank(concept: Concept) -> int:
    family = coded_family(concept)
    return len(_RANK) if family is None else _RANK[family]


def modifiers_of(concepts: Iterable[CodeableConcept | None], terminology: Terminology) -> frozenset[str]:
    """Modifiers as codings of their own and behind a procedure code, such as `64493-KX`."""
    found: set[str] = set()
    for concept in concepts:
        for coding in (concept.coding if concept is not None else None) or ():
            found.update(terminology.modifiers_of(coding.code))
            known = terminology.concepts[coding.system, coding.code]
            if known is not None and "order-modifier" in known.sets:
                found.add(known.code)
    return frozenset(found)


def purpose_of(
    code: Concept, modifiers: frozenset[str], wordings: Sequence[Wording], steroid: Truth
) -> Purpose:
    """DIAGNOSTIC or THERAPEUTIC by code, modifier, text or injectate; UNDETERMINED by none or by both.

    `steroid`: is one ordered beside it? UNKNOWN says nothing either way.
    """
    stated = code.get("purpose")
    if stated is not None:
        return Purpose(stated)
    diagnostic, therapeutic = _DIAGNOSTIC_MODIFIER in modifiers, steroid is Truth.TRUE
    for wording in wordings:
        diagnostic = diagnostic or wording.is_diagnostic
        therapeutic = therapeutic or wording.is_therapeutic
    if diagnostic is therapeutic:
        return Purpose.UNDETERMINED
    return Purpose.DIAGNOSTIC if diagnostic else Purpose.THERAPEUTIC


def sides_of(modifiers: frozenset[str], wordings: Iterable[Wording]) -> frozenset[str]:
    """By modifier, else by the words of the site or of the order."""
    by_modifier = [_SIDES_OF_MODIFIER[m] for m in modifiers if m in _SIDES_OF_MODIFIER]
    if by_modifier:
        return frozenset().union(*by_modifier)
    return frozenset().union(*[wording.sides for wording in wordings])


def is_add_on(concept: Concept) -> bool:
    """A line that is only ever billed beside another one: a further level or joint."""
    return concept.get("level") in ("add-on", "2", "3+")
