"""Reads the requirements that are to be met, and the rows of the lists they come from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "fixtures" / "conformance"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row: `tests` are node ids without parameters; without any, `not_applicable` says why."""

    level: str
    says: str
    tests: tuple[str, ...] = ()
    not_applicable: str | None = None


@dataclass(frozen=True, slots=True)
class PublishedList:
    name: str
    source: str
    levels: dict[str, str]
    """By id of the requirement: `I-18`."""


def load_requirements() -> dict[str, Requirement]:
    """By id. Raises TypeError for a key that does not exist."""
    written = _read("requirements.toml")
    return {
        name: Requirement(**{**row, "tests": tuple(row.get("tests", ()))}) for name, row in written.items()
    }


def load_lists() -> dict[str, PublishedList]:
    """By the letter that ids begin with."""
    return {
        letter: PublishedList(
            table["list"],
            table["source"],
            {f"{letter}-{row}": level for level, rows in table["levels"].items() for row in rows},
        )
        for letter, table in _read("rows.toml").items()
    }


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
