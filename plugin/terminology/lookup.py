"""Finds what the value sets say about a code of the record."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from plugin.domain.codes import Concept
from plugin.domain.content import ContentError
from plugin.domain.memory import Memory
from plugin.terminology.text_hints import TextHints, Wording
from plugin.terminology.value_sets import Product, Range, Said
from plugin.terminology.vocabulary import (
    MAX_CODE_LENGTH,
    MAX_URL_LENGTH,
    CodeSystem,
    Vocabulary,
    modifiers_in,
    url_key,
)

MAX_TEXT_KEPT = 120
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
Code = tuple[str, str]
"""System and code."""
Written = tuple[str | None, str | None]
"""System and code as a record writes them."""


@dataclass(frozen=True, slots=True)
class LocalCodes:
    """A site's own codes, each with the standard code that it stands for."""

    standard: Mapping[Code, Code] = field(default_factory=dict)
    """By `url_key` of the site's system, and code."""
    systems: frozenset[str] = frozenset()
    """The site's systems, by `url_key`."""
    left_out: int = 0
    """Codes of the map that stand for no standard code."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a drug, and how it is given."""

    ingredients: tuple[Concept, ...] = ()
    """The known ones; empty for a product that is not on the map: what is in it is then unknown."""
    dose_form: str | None = None
    """`injectable`, `oral` …, None when the code does not say or is not on the map."""


class Terminology:
    """The codes of all value sets. Unknown systems and codes give None or nothing, never an error.

    What was found for a code or a short text is kept for the next call, in bounded memory.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        concepts: Iterable[Concept],
        ranges: Iterable[Range],
        products: Mapping[str, Mapping[str, tuple[tuple[Concept, ...], Product]]],
        members: Mapping[str, Iterable[Concept]],
        text: TextHints,
        relief_code: tuple[str, str] | None = None,
    ) -> None:
        """`relief_code`: system and code under which the site charts percent relief after an injection."""
        self.text = text
        self.relief_code = relief_code
        self.local_codes = LocalCodes()
        self._vocabulary = vocabulary
        self._products = products
        self._ranges: dict[str, list[Range]] = {}
        for entry in ranges:
            self._ranges.setdefault(entry.system.url, []).append(entry)
        self._by_system: dict[str, dict[str, Concept]] = {url: {} for url in vocabulary.systems}
        self._share_procedure_codes()
        for concept in concepts:
            system = vocabulary.systems[concept.system]
            self._by_system[concept.system][concept.code] = (
                self._in_ranges(system, concept.code, concept) or concept
            )
        self._members = {
            name: tuple(self._by_system[concept.system][concept.code] for concept in listed)
            for name, listed in members.items()
        }
        self._systems: Memory[str, CodeSystem | None] = Memory(
            vocabulary.system, is_kept=lambda url: len(url) <= MAX_URL_LENGTH
        )
        self.wordings: Memory[str | None, Wording] = Memory(
            partial(Wording, text), is_kept=lambda text: text is None or len(text) <= MAX_TEXT_KEPT
        )
        """What a text hints at, as `text` tells it."""
        self._remember_codes()

    def _remember_codes(self) -> None:
        self.concepts: Memory[Written, Concept | None] = Memory(self._concept, _is_short)
        """The concept behind a coding, whatever alias of the system and spelling of the code was used."""
        self.drugs: Memory[Written, Contents] = Memory(self._contents, _is_short)
        """What a drug holds; a code that a value set lists stands for itself."""
        self.modalities: Memory[Written, str | None] = Memory(self._modality, _is_short)
        """`mr`, `ct` or `plain-film` of a DICOM modality; a modality may stand without a system."""

    def _share_procedure_codes(self) -> None:
        """CPT is level I of HCPCS, and records label either with the other's url: one table for both."""
        shared: dict[str, Concept] = {}
        for url, system in self._vocabulary.systems.items():
            if system.form == "procedure":
                self._by_system[url] = shared

    def with_local_codes(self, local_codes: LocalCodes) -> Terminology:
        """The same, where a site's own codes mean what they stand for, and no other site's."""
        own = copy.copy(self)
        own.local_codes = local_codes
        own._remember_codes()
        return own

    @property
    def systems(self) -> tuple[str, ...]:
        """The url of every code system."""
        return tuple(self._vocabulary.systems)

    def system(self, url: str) -> CodeSystem | None:
        """The code system that a record means by a url, None when it is not one of ours."""
        return self._system(url)

    def system_name(self, url: str | None) -> str:
        """The short name of one of our code systems; `local` for one of the site's map, else `other`."""
        known = self._system(url) if url else None
        if known is not None:
            return known.name
        return "local" if url and url_key(url[:MAX_URL_LENGTH]) in self.local_codes.systems else "other"

    def codes(self, system: str) -> tuple[str, ...]:
        """The codes of a system, by its own url, that value sets list."""
        return tuple(self._by_system[system])

    @property
    def set_ids(self) -> frozenset[str]:
        return frozenset(self._members)

    def members(self, set_id: str) -> tuple[Concept, ...]:
        """The listed codes, in the order of the file; codes of a range are not among them.

        Raises ContentError for an id that does not exist.
        """
        if set_id not in self._members:
            raise ContentError(f"no value set {set_id!r}; there is {', '.join(sorted(self._members))}")
        return self._members[set_id]

    def lookup(self, system: str | None, code: str | None) -> Concept | None:
        """The concept behind a coding, whatever alias of the system and spelling of the code was used."""
        return self.concepts[system, code]

    def is_local(self, system: str | None, code: str | None) -> bool:
        """Is it a code of the site that stands for a standard one?"""
        return self._standard(system, code) != (system, code)

    def local_members(self, set_id: str) -> tuple[str, ...]:
        """The site's own codes that stand for a code of the value set."""
        found = ((code, self.lookup(*standard)) for (_, code), standard in self.local_codes.standard.items())
        return tuple(code for code, concept in found if concept is not None and concept.in_set(set_id))

    def modality(self, system: str | None, code: str | None) -> str | None:
        """`mr`, `ct` or `plain-film` of a DICOM modality; a modality may stand without a system."""
        return self.modalities[system, code]

    def modifiers_of(self, code: str | None) -> tuple[str, ...]:
        """The modifiers behind a procedure code, `("50",)` of `62323-50`."""
        return modifiers_in(code) if code else ()

    def modifier_of(self, code: str | None) -> str | None:
        """The first modifier behind a procedure code, `"50"` of `62323-50`; None without one."""
        return next(iter(self.modifiers_of(code)), None)

    def ingredients(self, system: str | None, code: str | None) -> tuple[Concept, ...]:
        """The known ingredients of a drug product; a code that a value set lists stands for itself.

        Empty for a product that is not on the map: what is in it is then unknown.
        """
        return self.drugs[system, code].ingredients

    def dose_form(self, system: str | None, code: str | None) -> str | None:
        """`injectable`, `oral` …, None when the code does not say or is not on the map."""
        return self.drugs[system, code].dose_form

    def _standard(self, system: str | None, code: str | None) -> tuple[str | None, str | None]:
        """What a code of the site stands for; any other code itself."""
        if not self.local_codes.standard or not system or not code:
            return system, code
        return self.local_codes.standard.get((url_key(system), code.strip()), (system, code))

    def _contents(self, written: Written) -> Contents:
        system, code = self._standard(*written)
        if system and code and len(code) <= MAX_CODE_LENGTH:
            known = self._system(system)
            product = self._products.get(known.url, {}).get(known.normalised(code)) if known else None
            if product is not None:
                return Contents(product[0], product[1].dose_form)
        concept = self.concepts[written]
        return Contents((concept,) if concept else ())

    def _modality(self, written: Written) -> str | None:
        system, code = self._standard(*written)
        if system and self._system(system) is not self._vocabulary.systems[_DICOM]:
            return None
        concept = self.concepts[_DICOM, code]
        return concept.get("modality") if concept else None

    def _system(self, url: str) -> CodeSystem | None:
        known = self._vocabulary.systems.get(url)
        if known is not None:
            return known
        return self._systems[url] if len(url) <= MAX_URL_LENGTH else None

    def _concept(self, written: Written) -> Concept | None:
        url, code = written
        if not url or not code or not _is_short(written):
            return None
        standard_url, standard_code = self._standard(url, code)
        system = self._system(standard_url or "")
        return self._search(system, standard_code or "") if system is not None else None

    def _search(self, system: CodeSystem, code: str) -> Concept | None:
        normalised = system.normalised(code)
        found = self._by_system[system.url].get(normalised)
        if found is None and system.accepts(normalised):
            found = self._in_ranges(system, normalised, None)
        return found

    def _in_ranges(self, system: CodeSystem, code: str, concept: Concept | None) -> Concept | None:
        """The concept with what ranges add; a value set that lists the code says all it has to say."""
        for entry in self._ranges.get(system.url, ()):
            if (concept is None or entry.set_id not in concept.sets) and entry.pattern.fullmatch(code):
                concept = _with(concept or Concept(system.url, code, ""), entry.set_id, entry.said)
        return concept


def _with(concept: Concept, set_id: str, said: Said) -> Concept:
    properties = {**said.properties, **concept.properties}
    pattern = properties.get("pain-pattern")
    return replace(
        concept,
        sets=concept.sets | {set_id},
        region=concept.region if concept.region is not None else said.region,
        pain_pattern=pattern if isinstance(pattern, str) else None,
        properties=properties,
    )


def _is_short(written: Written) -> bool:
    url, code = written
    return len(url or "") <= MAX_URL_LENGTH and len(code or "") <= MAX_CODE_LENGTH
