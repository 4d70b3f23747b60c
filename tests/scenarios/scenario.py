"""Reads the folders of `fixtures/scenarios`: a request, and what any answer to it must say."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDERS = ROOT / "fixtures" / "scenarios"
FINDINGS = "org.spinal-injection-cds.findings"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expectation:
    """A card that must appear. `criterion` may be a prefix, `IND` for any of `IND-1` to `IND-4`."""

    criterion: str
    indicator: str
    outcome: str | None = None
    kind: str | None = None
    reason: str | None = None
    order: str | None = None
    says: tuple[str, ...] = ()
    says_not: tuple[str, ...] = ()

    @property
    def is_note(self) -> bool:
        return self.kind == "note"

    def names(self, finding: Json) -> bool:
        """Is this finding the one expected? What is not given here may be anything."""
        wanted = {"outcome": self.outcome, "kind": self.kind, "reason": self.reason, "order": self.order}
        if any(value is not None and finding.get(key) != value for key, value in wanted.items()):
            return False
        return is_criterion(finding["criterion"], self.criterion)

    def fits(self, card: Json) -> bool:
        if card["indicator"] != self.indicator or not any(self.names(f) for f in findings(card)):
            return False
        text = f"{card['summary']}\n{card.get('detail', '')}".casefold()
        missing = [words for words in self.says if words.casefold() not in text]
        return not missing and not [words for words in self.says_not if words.casefold() in text]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One folder. The keys of `scenario.toml` are explained in `fixtures/README.md`."""

    folder: Path
    title: str
    source: str
    story: str
    today: date
    policy: str = "default"
    notes: str = "always"
    expect: tuple[Expectation, ...] = ()
    other_cards: bool = False
    silent: bool = False
    cards: int | None = None
    absent: tuple[str, ...] = ()
    silent_orders: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    deliberately_invalid: tuple[str, ...] = ()
    attached_silent: bool = False

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def number(self) -> int | None:
        """The number in the acceptance list; None for a demonstration."""
        digits = re.match(r"\d+", self.name)
        return int(digits.group()) if digits else None

    @property
    def policy_source(self) -> str:
        """What `Settings.policy` takes: a shipped policy's name, or the path of a file."""
        return str(ROOT / self.policy) if self.policy.endswith(".toml") else self.policy

    def request(self) -> Json:
        """Read afresh, so that a test may change it."""
        request: Json = json.loads((self.folder / "request.json").read_text(encoding="utf-8"))
        return request

    def orders(self) -> list[Json]:
        entries = self.request()["context"]["draftOrders"]["entry"]
        return [entry["resource"] for entry in entries]

    def chart(self) -> list[Json]:
        """Every resource that the prefetch holds, once."""
        return [r for value in self.request()["prefetch"].values() if value for r in _resources(value)]

    def private_strings(self) -> set[str]:
        """Strings of this patient that no card, log or error may carry."""
        patient = self.request()["prefetch"]["patient"]
        strings = {name["family"] for name in patient["name"]}
        strings |= {identifier["value"] for identifier in patient["identifier"]}
        strings |= {contact["value"] for contact in patient["telecom"]}
        strings |= {line for address in patient["address"] for line in address["line"]}
        noted = [n["text"] for r in (*self.chart(), *self.orders()) for n in r.get("note", [])]
        return strings | set(noted)


def findings(card: Json) -> list[Json]:
    listed: list[Json] = card["extension"][FINDINGS]["findings"]
    return listed


def is_criterion(criterion: str, name_or_prefix: str) -> bool:
    return criterion == name_or_prefix or criterion.startswith(f"{name_or_prefix}-")


def load_scenario(folder: Path) -> Scenario:
    """Raises ValueError naming file and key when `scenario.toml` holds a key that does not exist."""
    path = folder / "scenario.toml"
    written = tomllib.loads(path.read_text(encoding="utf-8"))
    attached = written.pop("attached", {})
    _check(path, "attached", attached, {"silent"})
    allowed = {field.name for field in fields(Scenario)} - {"folder", "attached_silent"}
    _check(path, "scenario", written, allowed)
    for expected in written.get("expect", []):
        _check(path, "expect", expected, {field.name for field in fields(Expectation)})
    written["expect"] = [Expectation(**_frozen(expected)) for expected in written.get("expect", [])]
    return Scenario(folder=folder, attached_silent=attached.get("silent", False), **_frozen(written))


@cache
def load_scenarios() -> tuple[Scenario, ...]:
    return tuple(load_scenario(path.parent) for path in sorted(FOLDERS.glob("*/scenario.toml")))


def _resources(value: Json) -> Iterator[Json]:
    if value["resourceType"] != "Bundle":
        yield value
        return
    for entry in value.get("entry", []):
        yield entry["resource"]


def _check(path: Path, table: str, written: Mapping[str, object], allowed: set[str]) -> None:
    unknown = sorted(written.keys() - allowed)
    if unknown:
        raise ValueError(f"{path}: {table}: no key {unknown[0]!r}; there is {', '.join(sorted(allowed))}")


def _frozen(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
