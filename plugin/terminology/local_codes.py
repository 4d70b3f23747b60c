"""A site's own codes, read from a FHIR R4 ConceptMap that says which standard code each one stands for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from plugin.domain.content import ContentError
from plugin.terminology.lookup import Code, LocalCodes, Terminology
from plugin.terminology.vocabulary import MAX_CODE_LENGTH, MAX_URL_LENGTH, url_key

Equivalence = Literal[
    "relatedto",
    "equivalent",
    "equal",
    "wider",
    "subsumes",
    "narrower",
    "specializes",
    "inexact",
    "unmatched",
    "disjoint",
]
_COUNTS: frozenset[Equivalence] = frozenset({"equal", "equivalent", "wider", "subsumes"})
"""The target is true of whatever the code is given to: it means the same, or more than the code does."""
_WRITABLE = re.compile(r"[^\s,|$\\{}]+( [^\s,|$\\{}]+)*")
"""A code that may stand in a search."""


class _Target(msgspec.Struct):
    equivalence: Equivalence
    code: str | None = None
    dependsOn: list[msgspec.Raw] = []  # noqa: N815


class _Element(msgspec.Struct):
    code: str
    target: list[_Target] = []


class _Group(msgspec.Struct):
    source: str
    target: str
    element: list[_Element]


class _ConceptMap(msgspec.Struct):
    resourceType: Literal["ConceptMap"]  # noqa: N815
    group: list[_Group]


@dataclass(frozen=True, slots=True)
class _Mapped:
    """One element of the map, and where it stands in the file."""

    place: str
    system: str
    element: _Element
    standard: str
    """The target's system, as the vocabulary writes it."""

    @property
    def targets(self) -> list[_Target]:
        return [target for target in self.element.target if target.equivalence in _COUNTS]


def read_local_codes(path: Path, terminology: Terminology) -> LocalCodes:
    """The codes that stand for one the value sets or the drug products know.

    Targets that are narrower than the code, or merely related to it, are left out. Raises ContentError with a
    line per fault, naming file and place.
    """
    try:
        concept_map = msgspec.json.decode(path.read_bytes(), type=_ConceptMap)
    except OSError as error:
        raise ContentError(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ContentError(f"{path}: must be a ConceptMap of FHIR R4: {error}") from error
    faults: list[str] = []
    standard_codes: dict[Code, Code] = {}
    left_out = 0
    for mapped in _elements(concept_map, terminology, faults):
        faults += _faults(mapped, terminology)
        if not mapped.targets:
            left_out += 1
            continue
        key = (mapped.system, mapped.element.code)
        if key in standard_codes:
            faults.append(f"{mapped.place}: is listed twice")
        standard_codes[key] = (mapped.standard, mapped.targets[0].code or "")
    if not standard_codes and not faults:
        faults.append("no code of it stands for a standard one")
    if faults:
        raise ContentError(*(f"{path}: {fault}" for fault in faults))
    systems = frozenset(url_key(group.source) for group in concept_map.group)
    return LocalCodes(standard_codes, systems, left_out)


def _elements(concept_map: _ConceptMap, terminology: Terminology, faults: list[str]) -> Iterator[_Mapped]:
    for number, group in enumerate(concept_map.group, start=1):
        place = f"group[{number}]"
        standard = terminology.system(group.target)
        if terminology.system(group.source) is not None or not 0 < len(group.source) <= MAX_URL_LENGTH:
            faults.append(f"{place}.source: must be the site's own code system, not {group.source[:80]!r}")
        if standard is None:
            known = ", ".join(terminology.systems)
            faults.append(f"{place}.target: no code system {group.target[:80]!r}; there is {known}")
            continue
        for element in group.element:
            yield _Mapped(f"{place}: {element.code!r}", url_key(group.source), element, standard.url)


def _faults(mapped: _Mapped, terminology: Terminology) -> Iterator[str]:
    code = mapped.element.code
    if not _WRITABLE.fullmatch(code) or len(code) > MAX_CODE_LENGTH:
        yield f"{mapped.place}: must have at most {MAX_CODE_LENGTH} characters, none of , | $ \\ {{ }}"
    if len(mapped.targets) > 1:
        yield f"{mapped.place}: must stand for one code, not for {len(mapped.targets)}"
    for target in mapped.targets:
        if target.dependsOn:
            yield f"{mapped.place}: dependsOn cannot be told from the code alone"
        if not terminology.ingredients(mapped.standard, target.code):
            yield f"{mapped.place}: no value set holds {target.code!r}{_nearest(mapped, target, terminology)}"


def _nearest(mapped: _Mapped, target: _Target, terminology: Terminology) -> str:
    close = difflib.get_close_matches(target.code or "", terminology.codes(mapped.standard), cutoff=0.5)
    return f"; nearest: {', '.join(close)}" if close else ""
