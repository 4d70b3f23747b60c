"""Loads the terminology once, at start-up. Everything that is wrong with it is found here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from plugin.domain.codes import Concept
from plugin.domain.content import ContentError
from plugin.domain.regions import Region
from plugin.terminology.lookup import Terminology
from plugin.terminology.text_hints import read_text_hints
from plugin.terminology.value_sets import Entry, Product, Range, read_products, read_value_set
from plugin.terminology.vocabulary import Vocabulary, read_vocabulary

SHIPPED = Path(__file__).parent

_Known = dict[tuple[str, str], Concept]
_Products = dict[str, dict[str, tuple[tuple[Concept, ...], Product]]]


def load_terminology(
    directory: Path | None = None, *, relief_code: tuple[str, str] | None = None
) -> Terminology:
    """Reads `vocabulary.toml`, `text_hints.toml`, `value_sets/*.json` and `concept_maps/*.json`.

    `directory` is the shipped content when None. `relief_code`: system and code under which the site charts
    percent relief. Raises ContentError naming file, code or key.
    """
    root = directory or SHIPPED
    vocabulary = read_vocabulary(root / "vocabulary.toml")
    entries: list[Entry] = []
    ranges: list[Range] = []
    paths = sorted((root / "value_sets").glob("*.json"))
    if not paths:
        raise ContentError(f"{root / 'value_sets'}: no value set here")
    for path in paths:
        listed, ranged = read_value_set(path, vocabulary)
        entries.extend(listed)
        ranges.extend(ranged)
    known = _merged(entries)
    members: dict[str, list[Concept]] = {path.stem: [] for path in paths}
    for entry in entries:
        members[entry.set_id].append(known[_key(entry)])
    products = _products(sorted((root / "concept_maps").glob("*.json")), vocabulary, known)
    text = read_text_hints(root / "text_hints.toml")
    return Terminology(vocabulary, known.values(), ranges, products, members, text, relief_code)


def _key(entry: Entry) -> tuple[str, str]:
    return entry.system.url, entry.code


def _merged(entries: Iterable[Entry]) -> _Known:
    """One concept for each code, with what all value sets say of it."""
    by_code: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        by_code.setdefault(_key(entry), []).append(entry)
    return {key: _concept(same) for key, same in by_code.items()}


def _concept(entries: list[Entry]) -> Concept:
    properties: dict[str, str | bool] = {}
    region: Region | None = None
    for entry in entries:
        for name, value in entry.said.properties.items():
            if properties.setdefault(name, value) != value:
                raise _contradiction(entries, name)
        if region is not None and entry.said.region not in (None, region):
            raise _contradiction(entries, "region")
        region = region or entry.said.region
    pattern = properties.get("pain-pattern")
    return Concept(
        system=entries[0].system.url,
        code=entries[0].code,
        label=next((entry.label for entry in entries if entry.label), ""),
        sets=frozenset(entry.set_id for entry in entries),
        region=region,
        pain_pattern=pattern if isinstance(pattern, str) else None,
        properties=properties,
    )


def _contradiction(entries: list[Entry], name: str) -> ContentError:
    says = {
        str(entry.path): entry.said.region.label
        if name == "region" and entry.said.region
        else entry.said.properties.get(name)
        for entry in entries
    }
    listed = "; ".join(f"{path} says {value}" for path, value in says.items() if value is not None)
    return ContentError(
        f"{entries[0].code} of {entries[0].system.name}: property {name} must agree: {listed}"
    )


def _products(paths: list[Path], vocabulary: Vocabulary, known: _Known) -> _Products:
    products: _Products = {}
    for path in paths:
        for source, target, product in read_products(path, vocabulary):
            table = products.setdefault(source.url, {})
            if product.code in table:
                raise ContentError(f"{path}: {product.code} is listed twice")
            missing = [code for code in product.ingredients if (target.url, code) not in known]
            if missing:
                raise ContentError(
                    f"{path}: {product.code} has {', '.join(missing)}, which no value set lists"
                )
            concepts = tuple(known[target.url, code] for code in product.ingredients)
            table[product.code] = (concepts, product)
    return products
