"""Which family an injection belongs to, what it is for, and which side it is on: from its codes and words."""

from __future__ import annotations

from collections.abc import Iterable

from plugin.domain.codes import Concept
from plugin.domain.families import Family, Purpose
from plugin.domain.truth import Truth
from plugin.evidence.reading import Words, text_of
from plugin.evidence.views import CodeableConcept
from plugin.terminology import Terminology

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
_RANK = {family: rank for rank, family in enumerate(Family)}
_SIDES_OF_MODIFIER = {
    "LT": frozenset({"left"}),
    "RT": frozenset({"right"}),
    "50": frozenset({"left", "right"}),
}
_DIAGNOSTIC_MODIFIER = "KX"


def coded_family(concept: Concept) -> Family | None:
    """The family that a code names by itself; an epidural with a caudal approach is caudal."""
    family = next((FAMILY_OF_SET[name] for name in FAMILY_OF_SET if name in concept.sets), None)
    if family is Family.INTERLAMINAR and concept.get("approach") == "caudal":
        return Family.CAUDAL
    if family is Family.SIJ_INJECTION and concept.get("target") == "lateral-branch":
        return Family.LATERAL_BRANCH_BLOCK
    return family


def leading(concepts: Iterable[Concept]) -> list[Concept]:
    """The concepts of procedures that are reviewed, the most invasive first."""
    ours = [(coded_family(c), c) for c in concepts]
    ranked = [(_RANK[family], concept) for family, concept in ours if family is not None]
    return [concept for _, concept in sorted(ranked, key=lambda pair: pair[0])]


def modifiers_of(concepts: Iterable[CodeableConcept | None], terminology: Terminology) -> frozenset[str]:
    """Modifiers as codings of their own and behind a procedure code, such as `64493-KX`."""
    found: set[str] = set()
    for coding in (c for concept in concepts if concept for c in concept.coding or ()):
        found.update(terminology.modifiers_of(coding.code))
        known = terminology.lookup(coding.system, coding.code)
        if known is not None and known.in_set("order-modifier"):
            found.add(known.code)
    return frozenset(found)


def purpose_of(
    code: Concept, modifiers: frozenset[str], texts: Iterable[str | None], steroid: Truth, words: Words
) -> Purpose:
    """DIAGNOSTIC or THERAPEUTIC by code, modifier, text or injectate; UNDETERMINED by none or by both.

    `steroid`: is one ordered beside it? UNKNOWN says nothing either way.
    """
    stated = code.get("purpose")
    if stated is not None:
        return Purpose(stated)
    texts = list(texts)
    diagnostic = _DIAGNOSTIC_MODIFIER in modifiers or any(words.is_diagnostic(t) for t in texts)
    therapeutic = steroid is Truth.TRUE or any(words.is_therapeutic(t) for t in texts)
    if diagnostic is therapeutic:
        return Purpose.UNDETERMINED
    return Purpose.DIAGNOSTIC if diagnostic else Purpose.THERAPEUTIC


def sides_of(modifiers: frozenset[str], sites: Iterable[CodeableConcept], words: Words) -> frozenset[str]:
    """By modifier, else by the words of the site or of the order."""
    by_modifier = [_SIDES_OF_MODIFIER[m] for m in modifiers if m in _SIDES_OF_MODIFIER]
    if by_modifier:
        return frozenset().union(*by_modifier)
    return frozenset().union(*(words.sides(text_of(site)) for site in sites))


def is_add_on(concept: Concept) -> bool:
    """A line that is only ever billed beside another one: a further level or joint."""
    return concept.get("level") in ("add-on", "2", "3+")
