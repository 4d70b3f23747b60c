"""Code systems and code properties that the content may use, read from `vocabulary.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from plugin.domain.content import ContentError
from plugin.terminology.check_digits import is_luhn_valid, is_verhoeff_valid

Form = Literal["procedure", "icd", "upper", "plain"]

MAX_CODE_LENGTH = 64
MAX_URL_LENGTH = 256
"""Longer codes and urls are none of ours and are not looked at."""

_CHECKS: Mapping[str, Callable[[str], bool]] = {"verhoeff": is_verhoeff_valid, "luhn": is_luhn_valid}
_MODIFIED = re.compile(r"([0-9A-Z]{5})((?:[-, ]+[0-9A-Z]{2})+)")
_MODIFIED_LENGTH = len("64483-RT")


class _System(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    aliases: tuple[str, ...]
    form: Form
    pattern: str
    check_digit: Literal["verhoeff", "luhn"] | None = None
    editions: bool = False


class _File(msgspec.Struct, forbid_unknown_fields=True):
    systems: dict[str, _System]
    properties: dict[str, tuple[str, ...] | Literal["boolean"]]


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """A code system: its canonical url, and how its codes are written."""

    name: str
    url: str
    form: Form
    pattern: re.Pattern[str]
    check_digit: str | None

    def accepts(self, code: str) -> bool:
        """Is this a whole code as the system writes it, check digit included?"""
        if not self.pattern.fullmatch(code):
            return False
        return self.check_digit is None or _CHECKS[self.check_digit](code)

    def normalised(self, code: str) -> str:
        """The code as the system writes it: trimmed, in upper case, ICD with its dot, without modifiers."""
        code = code.strip()
        if self.form == "plain":
            return code
        code = code.upper()
        if self.form == "icd":
            bare = code.replace(".", "")
            return f"{bare[:3]}.{bare[3:]}" if len(bare) > 3 else bare
        if self.form == "procedure" and (split := _MODIFIED.fullmatch(code)):
            return split[1]
        return code


def modifiers_in(code: str) -> tuple[str, ...]:
    """The modifiers behind a procedure code, `("RT", "KX")` of `64483-RT-KX`; empty without one."""
    if len(code) < _MODIFIED_LENGTH:
        return ()
    split = _MODIFIED.fullmatch(code[:MAX_CODE_LENGTH].strip().upper())
    return tuple(re.findall(r"[0-9A-Z]{2}", split[2])) if split else ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    systems: Mapping[str, CodeSystem]
    """By canonical url."""
    properties: Mapping[str, tuple[str, ...] | Literal["boolean"]]
    _aliases: Mapping[str, CodeSystem] = field(repr=False)
    _editions: tuple[tuple[str, CodeSystem], ...] = field(repr=False)

    def system(self, url: str) -> CodeSystem | None:
        """The system a record means by this url or one of its aliases, None when it is not one of ours."""
        key = url_key(url)
        found = self._aliases.get(key)
        if found is None:
            found = next((system for start, system in self._editions if key.startswith(start)), None)
        return found


def url_key(url: str) -> str:
    """The same for all spellings of one system's url."""
    key = url.strip().rstrip("/").lower().removeprefix("urn:oid:")
    return "http://" + key.removeprefix("https://") if key.startswith("https://") else key


def read_vocabulary(path: Path) -> Vocabulary:
    """Raises ContentError naming the file and the key that is wrong, or the url that stands twice."""
    try:
        file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
        systems = {name: _code_system(name, entry) for name, entry in file.systems.items()}
    except (OSError, ValueError, msgspec.ValidationError, re.error) as error:
        raise ContentError(f"{path}: {error}") from error
    aliases: dict[str, CodeSystem] = {}
    for name, entry in file.systems.items():
        for url in (entry.url, *entry.aliases):
            if aliases.setdefault(url_key(url), systems[name]) is not systems[name]:
                raise ContentError(f"{path}: {url} stands for {aliases[url_key(url)].name} and for {name}")
    editions = tuple((url_key(e.url) + "/", systems[name]) for name, e in file.systems.items() if e.editions)
    by_url = {system.url: system for system in systems.values()}
    return Vocabulary(by_url, file.properties, aliases, editions)


def _code_system(name: str, entry: _System) -> CodeSystem:
    return CodeSystem(name, entry.url, entry.form, re.compile(entry.pattern), entry.check_digit)
