"""Reads the FHIR R4 ValueSets and the ConceptMap that hold the codes, and refuses what is wrong in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from plugin.domain.content import ContentError
from plugin.domain.regions import Region
from plugin.terminology.vocabulary import CodeSystem, Vocabulary

BASE = "https://spinal-injection-cds.org/fhir"
_PROPERTY = f"{BASE}/StructureDefinition/"


class Extension(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    valueCode: str | None = None  # noqa: N815
    valueBoolean: bool | None = None  # noqa: N815


class _Concept(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    display: str = ""
    extension: list[Extension] = []


class _Filter(msgspec.Struct, forbid_unknown_fields=True):
    property: Literal["code"]
    op: Literal["regex"]
    value: str


class _Include(msgspec.Struct, forbid_unknown_fields=True):
    system: str
    concept: list[_Concept] = []
    filter: list[_Filter] = []
    extension: list[Extension] = []


class _Compose(msgspec.Struct, forbid_unknown_fields=True):
    include: list[_Include]


class _ValueSet(msgspec.Struct):
    resourceType: Literal["ValueSet"]  # noqa: N815
    id: str
    url: str
    compose: _Compose


class _Target(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    equivalence: str


class _Element(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    target: list[_Target]
    extension: list[Extension] = []


class _Group(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    target: str
    element: list[_Element]


class _ConceptMap(msgspec.Struct):
    resourceType: Literal["ConceptMap"]  # noqa: N815
    id: str
    url: str
    group: list[_Group]


@dataclass(frozen=True, slots=True)
class Said:
    """What one value set says about a code, or about the codes of a range."""

    region: Region | None
    properties: dict[str, str | bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """One code, as one value set lists it."""

    path: Path
    set_id: str
    system: CodeSystem
    code: str
    label: str
    said: Said


@dataclass(frozen=True, slots=True)
class Range:
    """Every code of the system that the pattern matches from end to end, as one value set includes them."""

    set_id: str
    system: CodeSystem
    pattern: re.Pattern[str]
    said: Said


def read_value_set(path: Path, vocabulary: Vocabulary) -> tuple[list[Entry], list[Range]]:
    """Raises ContentError naming file, code and property, and what exists instead."""
    try:
        value_set = msgspec.json.decode(path.read_bytes(), type=_ValueSet)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ContentError(f"{path}: {error}") from error
    if value_set.id != path.stem or value_set.url != f"{BASE}/ValueSet/{path.stem}":
        raise ContentError(f"{path}: id must be {path.stem!r} and url {BASE}/ValueSet/{path.stem}")
    entries: list[Entry] = []
    ranges: list[Range] = []
    for include in value_set.compose.include:
        system = _system(path, include.system, vocabulary)
        if bool(include.concept) is bool(include.filter):
            raise ContentError(f"{path}: an include of {system.name} needs either concept or filter")
        if include.concept and include.extension:
            raise ContentError(
                f"{path}: properties stand on each concept; on an include only beside a filter"
            )
        entries.extend(_entries(path, include, system, vocabulary))
        ranges.extend(_ranges(path, include, system, vocabulary))
    _refuse_duplicates(path, entries)
    return entries, ranges


def _system(path: Path, url: str, vocabulary: Vocabulary) -> CodeSystem:
    system = vocabulary.systems.get(url)
    if system is None:
        raise ContentError(f"{path}: no code system {url!r}; there is {', '.join(vocabulary.systems)}")
    return system


def _entries(path: Path, include: _Include, system: CodeSystem, vocabulary: Vocabulary) -> Iterator[Entry]:
    for concept in include.concept:
        if not system.accepts(concept.code):
            raise ContentError(
                f"{path}: {concept.code!r} is no code of {system.name}; check it for a typing error"
            )
        said = _said(f"{path}: {concept.code}", concept.extension, vocabulary)
        yield Entry(path, path.stem, system, concept.code, concept.display, said)


def _ranges(path: Path, include: _Include, system: CodeSystem, vocabulary: Vocabulary) -> Iterator[Range]:
    for part in include.filter:
        try:
            pattern = re.compile(part.value)
        except re.error as error:
            raise ContentError(f"{path}: filter {part.value!r} is no regular expression: {error}") from error
        said = _said(f"{path}: filter {part.value!r}", include.extension, vocabulary)
        yield Range(path.stem, system, pattern, said)


def _refuse_duplicates(path: Path, entries: Iterable[Entry]) -> None:
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        key = (entry.system.url, entry.code)
        if key in seen:
            raise ContentError(f"{path}: {entry.code} of {entry.system.name} is listed twice")
        seen.add(key)


def _said(where: str, extensions: Iterable[Extension], vocabulary: Vocabulary) -> Said:
    properties: dict[str, str | bool] = {}
    regions: list[str] = []
    for extension in extensions:
        name, value = _property(where, extension, vocabulary)
        if name == "region" and isinstance(value, str):
            regions.append(value)
        elif name in properties:
            raise ContentError(f"{where}: property {name} is given twice")
        else:
            properties[name] = value
    kind = properties.pop("region-kind", None)
    return Said(_region(where, regions, kind), properties)


def _property(where: str, extension: Extension, vocabulary: Vocabulary) -> tuple[str, str | bool]:
    name = extension.url.removeprefix(_PROPERTY)
    allowed = vocabulary.properties.get(name)
    if allowed is None:
        raise ContentError(f"{where}: no property {name!r}; there is {', '.join(vocabulary.properties)}")
    if allowed == "boolean":
        if extension.valueBoolean is None or extension.valueCode is not None:
            raise ContentError(f"{where}: property {name} needs a valueBoolean and nothing else")
        return name, extension.valueBoolean
    if extension.valueCode not in allowed or extension.valueBoolean is not None:
        raise ContentError(f"{where}: property {name} needs a valueCode out of {', '.join(allowed)}")
    return name, extension.valueCode


def _region(where: str, names: list[str], kind: str | bool | None) -> Region | None:
    if not names:
        if kind is not None:
            raise ContentError(f"{where}: region-kind stands without a region")
        return None
    if names == ["all"]:
        return Region.everywhere()
    if names in (["unspecified"], ["multiple"]):
        return Region.unspecified()
    if {"all", "unspecified", "multiple"} & set(names) or len(set(names)) < len(names):
        raise ContentError(f"{where}: region {' with '.join(names)} cannot stand together")
    if kind is not None and len(names) != 2:
        raise ContentError(f"{where}: a {kind} joins two regions, not {len(names)}")
    return Region.pair(*names) if kind == "pair" else Region.of(*names)


@dataclass(frozen=True, slots=True)
class Product:
    """A drug product: the codes of its ingredients, and how it is given."""

    code: str
    ingredients: tuple[str, ...]
    dose_form: str | None


def read_products(path: Path, vocabulary: Vocabulary) -> Iterator[tuple[CodeSystem, CodeSystem, Product]]:
    """Product system, ingredient system and product. Raises ContentError naming file and code."""
    try:
        concept_map = msgspec.json.decode(path.read_bytes(), type=_ConceptMap)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ContentError(f"{path}: {error}") from error
    if concept_map.id != path.stem or concept_map.url != f"{BASE}/ConceptMap/{path.stem}":
        raise ContentError(f"{path}: id must be {path.stem!r} and url {BASE}/ConceptMap/{path.stem}")
    for group in concept_map.group:
        source, target = (_system(path, url, vocabulary) for url in (group.source, group.target))
        for element in group.element:
            if not source.accepts(element.code) or not element.target:
                raise ContentError(f"{path}: {element.code!r} must be a code of {source.name} with a target")
            said = _said(f"{path}: {element.code}", element.extension, vocabulary)
            form = said.properties.get("dose-form")
            codes = tuple(entry.code for entry in element.target)
            yield source, target, Product(element.code, codes, form if isinstance(form, str) else None)
