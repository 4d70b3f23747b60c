"""Words the readers share: what a CodeableConcept means, which patient a resource is about, when it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeVar

from plugin.domain.check import Item, Unread
from plugin.domain.codes import Concept
from plugin.domain.dates import DateRange, parse_fhir_date
from plugin.domain.regions import Region
from plugin.evidence.views import CodeableConcept, Coding, OneOrMany, Period, Reference, many
from plugin.terminology import Terminology
from plugin.terminology.lookup import MAX_TEXT_KEPT, Written
from plugin.terminology.text_hints import Wording


class Subject(Protocol):
    resourceType: str
    id: str | None
    subject: Reference | None


S = TypeVar("S", bound=Subject)


@dataclass(slots=True)
class Chart:
    """What all readers need, and where they leave what does not count."""

    terminology: Terminology
    patient_id: str
    today: date
    encounter_id: str | None = None
    set_aside: dict[str, list[Item]] = field(default_factory=dict)
    """Per prefetch key."""
    foreign: dict[str, int] = field(default_factory=dict)
    """Entries about another patient, per prefetch key."""
    not_listed: dict[str | None, int] = field(default_factory=dict)
    """How many codes no value set holds, by their system as the record writes it."""
    _usual_reference: str = field(init=False, repr=False)
    _concepts: Mapping[Written, Concept | None] = field(init=False, repr=False)
    _wordings: Mapping[str | None, Wording] = field(init=False, repr=False)
    _long: dict[str, Wording] = field(default_factory=dict, init=False, repr=False)
    """Texts that are too long to be kept between calls."""

    def __post_init__(self) -> None:
        self._usual_reference = f"Patient/{self.patient_id}"
        self._concepts = self.terminology.concepts
        self._wordings = self.terminology.wordings

    def wording(self, text: str | None) -> Wording:
        """What a text hints at. A text that charts repeat is looked at once."""
        if text is None or len(text) <= MAX_TEXT_KEPT:
            return self._wordings[text]
        known = self._long.get(text)
        if known is None:
            known = self._long[text] = self._wordings[text]
        return known

    def wording_of(self, concept: CodeableConcept | None) -> Wording:
        """What the chart's own words for a concept hint at."""
        text = concept.text if concept is not None and concept.text else text_of(concept)
        if text is None or len(text) <= MAX_TEXT_KEPT:
            return self._wordings[text]
        return self.wording(text)

    def concepts(self, concept: CodeableConcept | None) -> tuple[Concept, ...]:
        """The codings that a value set knows."""
        if concept is None or not concept.coding:
            return ()
        return self.known(concept.coding)

    def known(self, codings: Iterable[Coding]) -> tuple[Concept, ...]:
        """Those of the codings that a value set knows."""
        concepts, found = self._concepts, []
        for coding in codings:
            concept = concepts[coding.system, coding.code]
            if concept is not None:
                found.append(concept)
        return tuple(found)

    def coded(self, concept: CodeableConcept | None) -> tuple[Concept, ...]:
        """The codings that a value set knows, of what a resource itself is; the others are counted."""
        if concept is None or not concept.coding:
            return ()
        concepts, not_listed, found = self._concepts, self.not_listed, []
        for coding in concept.coding:
            system, code = coding.system, coding.code
            known = concepts[system, code]
            if known is not None:
                found.append(known)
            elif code:
                not_listed[system] = not_listed.get(system, 0) + 1
        return tuple(found)

    def unmapped(self) -> Mapping[str, int]:
        """How many codes of orders, diagnoses, procedures and imaging no value set holds, by system.

        Systems are named as `Terminology.system_name` does: nothing of it comes from the record.
        """
        counts: dict[str, int] = {}
        for system, count in self.not_listed.items():
            name = self.terminology.system_name(system)
            counts[name] = counts.get(name, 0) + count
        return counts

    def concepts_of(self, concepts: OneOrMany) -> tuple[Concept, ...]:
        listed = many(concepts)
        if len(listed) == 1:
            return self.concepts(listed[0])
        return tuple(c for concept in listed for c in self.concepts(concept))

    def leave_out(self, key: str, item: Item) -> None:
        self.set_aside.setdefault(key, []).append(item)

    def about_patient(self, key: str, resources: Sequence[S]) -> Sequence[S]:
        """The resources about the patient; those about somebody else are counted."""
        usual = self._usual_reference
        plain = [r for r in resources if r.subject is not None and r.subject.reference == usual]
        if len(plain) == len(resources):
            return plain
        return [r for r in resources if self.is_about_patient(key, r)]

    def is_about_patient(self, key: str, resource: Subject) -> bool:
        """False, and counted, when the subject is somebody else."""
        return self.is_patient(key, resource.subject)

    def is_own(self, subject: Reference | None) -> bool:
        """Is it the patient of the call, or nobody in particular?"""
        if subject is None or subject.reference is None or subject.reference == self._usual_reference:
            return True
        return names(subject.reference, "Patient", self.patient_id)

    def is_patient(self, key: str, subject: Reference | None) -> bool:
        if self.is_own(subject):
            return True
        self.foreign[key] = self.foreign.get(key, 0) + 1
        return False

    def foreign_entries(self, key: str) -> tuple[Unread, ...]:
        count = self.foreign.get(key, 0)
        return (Unread(key, "malformed-entries", count),) if count else ()


def names(reference: str, resource_type: str, resource_id: str) -> bool:
    """Does a reference (bare, relative, absolute, versioned or a URN) point at this resource?"""
    plain = reference.partition("/_history/")[0]
    typed = f"{resource_type}/{resource_id}"
    return plain in (resource_id, typed, f"urn:uuid:{resource_id}") or plain.endswith(f"/{typed}")


def reference_of(resource: Subject) -> str:
    return f"{resource.resourceType}/{resource.id}" if resource.id else resource.resourceType


def relative(reference: str) -> str:
    """`Condition/x` for a relative, absolute or versioned reference to it; `#x` stays."""
    plain = reference.partition("/_history/")[0]
    return "/".join(plain.rsplit("/", 2)[-2:])


def text_of(concept: CodeableConcept | None) -> str | None:
    """The chart's own words: the text, or the first display."""
    if concept is None:
        return None
    if concept.text:
        return concept.text
    for coding in concept.coding or ():
        if coding.display:
            return coding.display
    return None


def label_of(concept: CodeableConcept | None, known: Iterable[Concept]) -> tuple[str, bool]:
    """How to name a coded entry: our label and code, or the chart's own words (then True)."""
    for ours in known:
        if ours.label:
            return f"{ours.label} ({ours.code})", False
    words = text_of(concept)
    if words:
        return words, True
    code = next((c.code for c in (concept.coding if concept else None) or () if c.code), None)
    return (code, True) if code else ("not coded", False)


def code_of(concept: CodeableConcept | None) -> str | None:
    """The first code, in lower case: for status elements, whose codes all systems share."""
    for coding in (concept.coding if concept else None) or ():
        if coding.code:
            return coding.code.lower()
    return None


def when(moment: str | None, period: Period | None) -> DateRange | None:
    return parse_fhir_date(moment) or (parse_fhir_date(period.start) if period is not None else None)


def region_of(concepts: Iterable[Concept]) -> Region | None:
    """The stated regions together; a pair stays a pair when it stands alone. None when nothing is stated."""
    stated = [c.region for c in concepts if c.region is not None and c.region.stated]
    if not stated:
        return None
    if len(stated) == 1 or len(set(stated)) == 1:
        return stated[0]
    return Region.of(*{atom for region in stated for atom in region.atoms})


def first_region(wordings: Iterable[Wording]) -> Region | None:
    """The region that the first of the texts to name one names."""
    for wording in wordings:
        if wording.region is not None:
            return wording.region
    return None


def any_in(concepts: Iterable[Concept], sets: frozenset[str]) -> bool:
    """Does one of these value sets hold one of the codes?"""
    return not sets.isdisjoint([name for concept in concepts for name in concept.sets])


def codings_of(value: list[Coding] | Coding | None) -> list[Coding]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
