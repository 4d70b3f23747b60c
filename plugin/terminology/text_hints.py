"""What the words of a record hint at, where it has no code. The words themselves are in `text_hints.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import msgspec

from plugin.domain.content import ContentError
from plugin.domain.regions import Region

MAX_TEXT_LENGTH = 500

_ORDER_WORDS = ("series", "intra_articular", "not_thermal", "biologic", "ultrasound", "steroid", "above_c6_7")
_HINTS = (
    *("injection_order", "caudal", "active_care", "non_spinal", "labour", "radicular"),
    *("diagnostic", "therapeutic", "left", "right"),
    *_ORDER_WORDS,
)
_MODALITIES = ("mr", "ct", "ct-myelogram", "plain-film", "emg-ncs")


class _Words(msgspec.Struct, forbid_unknown_fields=True, rename={"except_": "except"}):
    include: tuple[str, ...]
    ignore: tuple[str, ...] = ()
    except_: tuple[str, ...] = ()


class _RegionWords(msgspec.Struct, forbid_unknown_fields=True):
    atoms: tuple[str, ...]
    include: tuple[str, ...]
    ignore: tuple[str, ...] = ()


class _Use(msgspec.Struct, forbid_unknown_fields=True, rename={"except_": "except"}):
    except_: tuple[str, ...]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    regions: list[_RegionWords]
    modality: dict[str, _Words]
    hints: dict[str, _Words]
    analgesics: dict[str, str]
    analgesic_use: _Use


@dataclass(frozen=True, slots=True)
class Hint:
    """Words that must be found, after phrases in another sense are taken out, and words that rule it out."""

    include: re.Pattern[str]
    ignore: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None

    def is_in(self, text: str) -> bool:
        if not _may_hold(self.include, text) or not self.include.search(text):
            return False
        if self.ignore is not None:
            text = self.ignore.sub(" ; ", text)
        return bool(self.include.search(text)) and not (self.unless and self.unless.search(text))


@dataclass(frozen=True, slots=True)
class TextHints:
    """Questions to a text. Each reads its first `MAX_TEXT_LENGTH` characters; None is an empty text."""

    _regions: tuple[tuple[frozenset[str], Hint], ...]
    _modalities: tuple[tuple[str, Hint], ...]
    _hints: dict[str, Hint]
    _analgesics: tuple[tuple[str, Hint], ...]
    _any: dict[str, re.Pattern[str]]
    """Per question with many answers, one pattern that finds any of them: most texts give none."""

    def region(self, text: str | None) -> Region | None:
        """All regions the text names, by word or by level; None when it names none."""
        if not text:
            return None
        text = text[:MAX_TEXT_LENGTH]
        if not _may_hold(self._any["region"], text):
            return None
        atoms = [atom for named, hint in self._regions if hint.is_in(text) for atom in named]
        return Region.of(*atoms) if atoms else None

    def modality(self, text: str | None) -> str | None:
        """`mr`, `ct`, `ct-myelogram`, `plain-film` or `emg-ncs`; None when it names none or several."""
        if not text:
            return None
        text = text[:MAX_TEXT_LENGTH]
        if not _may_hold(self._any["modality"], text):
            return None
        named = [name for name, hint in self._modalities if hint.is_in(text)]
        return named[0] if len(named) == 1 else None

    def is_injection_order(self, text: str | None) -> bool:
        """Does the order's text ask for one of the injections or ablations that are reviewed?"""
        return self._has("injection_order", text)

    def is_caudal(self, text: str | None) -> bool:
        return self._has("caudal", text)

    def active_care(self, text: str | None) -> bool:
        """Does the text speak of physical therapy, exercise or manual treatment that took place?"""
        return self._has("active_care", text)

    def is_non_spinal(self, text: str | None) -> bool:
        """Does the text name another part of the body, and nothing of the spine?"""
        return self._has("non_spinal", text) and self.region(text) is None

    def is_labour(self, text: str | None) -> bool:
        return self._has("labour", text)

    def order_words(self, text: str | None) -> frozenset[str]:
        """What else an order's text says, by the names of `plugin.domain.order.Word`."""
        return frozenset(name for name in _ORDER_WORDS if self._has(name, text))

    def is_diagnostic(self, text: str | None) -> bool:
        """Does the text call the injection a block for diagnosis?"""
        return self._has("diagnostic", text)

    def is_therapeutic(self, text: str | None) -> bool:
        """Does the text call the injection a treatment, or name a steroid or the joint space?"""
        return self._has("therapeutic", text)

    def sides(self, text: str | None) -> frozenset[str]:
        """`left`, `right`, both for bilateral, or none."""
        return frozenset(side for side in ("left", "right") if self._has(side, text))

    def radicular(self, text: str | None) -> bool:
        """Does the text speak of pain from a nerve root or radiating into a limb, and not deny it?"""
        return self._has("radicular", text)

    def analgesic(self, text: str | None) -> str | None:
        """The generic name of the first pain drug in the text, as the value sets label it."""
        if not text:
            return None
        text = text[:MAX_TEXT_LENGTH]
        if not _may_hold(self._any["analgesic"], text):
            return None
        return next((name for name, hint in self._analgesics if hint.is_in(text)), None)

    @property
    def analgesic_names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self._analgesics)

    def _has(self, name: str, text: str | None) -> bool:
        return bool(text) and self._hints[name].is_in(str(text)[:MAX_TEXT_LENGTH])


class Wording:
    """What one text hints at. Each question is put to the text once, when it is first asked."""

    def __init__(self, hints: TextHints, text: str | None) -> None:
        self._hints = hints
        self._text = text

    @cached_property
    def region(self) -> Region | None:
        return self._hints.region(self._text)

    @cached_property
    def modality(self) -> str | None:
        return self._hints.modality(self._text)

    @cached_property
    def analgesic(self) -> str | None:
        return self._hints.analgesic(self._text)

    @cached_property
    def is_injection_order(self) -> bool:
        return self._hints.is_injection_order(self._text)

    @cached_property
    def is_caudal(self) -> bool:
        return self._hints.is_caudal(self._text)

    @cached_property
    def active_care(self) -> bool:
        return self._hints.active_care(self._text)

    @cached_property
    def is_non_spinal(self) -> bool:
        return self._hints.is_non_spinal(self._text)

    @cached_property
    def is_labour(self) -> bool:
        return self._hints.is_labour(self._text)

    @cached_property
    def order_words(self) -> frozenset[str]:
        return self._hints.order_words(self._text)

    @cached_property
    def is_diagnostic(self) -> bool:
        return self._hints.is_diagnostic(self._text)

    @cached_property
    def is_therapeutic(self) -> bool:
        return self._hints.is_therapeutic(self._text)

    @cached_property
    def sides(self) -> frozenset[str]:
        return self._hints.sides(self._text)

    @cached_property
    def radicular(self) -> bool:
        return self._hints.radicular(self._text)


def read_text_hints(path: Path) -> TextHints:
    """Raises ContentError naming the file and the hint or pattern that is wrong."""
    try:
        file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise ContentError(f"{path}: {error}") from error
    _same_names(path, "hints", file.hints, _HINTS)
    _same_names(path, "modality", file.modality, _MODALITIES)
    unless = _compiled(path, "analgesic_use", file.analgesic_use.except_)
    regions = tuple(_region(path, words) for words in file.regions)
    modalities = tuple((name, _hint(path, f"modality.{name}", w)) for name, w in file.modality.items())
    analgesics = tuple(
        (name, Hint(_one_of(path, f"analgesics.{name}", (words,)), None, unless))
        for name, words in file.analgesics.items()
    )
    hints = {name: _hint(path, f"hints.{name}", words) for name, words in file.hints.items()}
    answers = {"region": regions, "modality": modalities, "analgesic": analgesics}
    found_by = {name: _any_of(hint for _, hint in named) for name, named in answers.items()}
    return TextHints(regions, modalities, hints, analgesics, found_by)


def _any_of(hints: Iterable[Hint]) -> re.Pattern[str]:
    return re.compile("|".join(hint.include.pattern for hint in hints), re.IGNORECASE)


def _may_hold(pattern: re.Pattern[str], text: str) -> bool:
    """False when the pattern surely finds nothing; a cheap question, since most texts hold nothing."""
    return _sketch(pattern).search(text.lower()) is not None


@cache
def _sketch(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """A pattern that finds at least what this one does, in lower-case text.

    Without case folding the engine rules out most places at a glance. Where every alternative begins at a
    word's start, it looks there only; otherwise leading word boundaries are dropped, so that it can skip from
    one possible first letter to the next. Upper-case letters that are no escapes are lowered.
    """
    lowered = re.sub(r"(?<!\\)[A-Z]", lambda letter: letter.group().lower(), pattern.pattern)
    if all(part.startswith("\\b") for part in lowered.removeprefix("(?:").split(")|(?:")):
        return re.compile(rf"\b(?:{lowered})")
    return re.compile(re.sub(r"(^|\|)(\(\?:)?\\b", r"\1\2", lowered))


def _same_names(path: Path, table: str, found: Iterable[str], expected: tuple[str, ...]) -> None:
    if set(found) != set(expected):
        raise ContentError(f"{path}: [{table}] holds {', '.join(found)}; it must hold {', '.join(expected)}")


def _region(path: Path, words: _RegionWords) -> tuple[frozenset[str], Hint]:
    where = f"regions {words.atoms}"
    try:
        named = Region.of(*words.atoms)
    except ValueError as error:
        raise ContentError(f"{path}: {where}: {error}") from error
    if not named.stated:
        raise ContentError(f"{path}: {where}: atoms must name at least one region")
    return named.atoms, Hint(_one_of(path, where, words.include), _compiled(path, where, words.ignore))


def _hint(path: Path, where: str, words: _Words) -> Hint:
    return Hint(
        _one_of(path, where, words.include),
        _compiled(path, where, words.ignore),
        _compiled(path, where, words.except_),
    )


def _one_of(path: Path, where: str, patterns: tuple[str, ...]) -> re.Pattern[str]:
    compiled = _compiled(path, where, patterns)
    if compiled is None:
        raise ContentError(f"{path}: {where}: include must hold at least one pattern")
    return compiled


def _compiled(path: Path, where: str, patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    for pattern in patterns:
        try:
            finds_nothing = re.search(pattern, "", re.IGNORECASE)
        except re.error as error:
            raise ContentError(f"{path}: {where}: {pattern!r} is no regular expression: {error}") from error
        if finds_nothing:
            raise ContentError(f"{path}: {where}: {pattern!r} is found in an empty text")
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE) if patterns else None
