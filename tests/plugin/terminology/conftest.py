"""The shipped terminology, and a copy of its files to spoil."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugin.terminology import Terminology, load_terminology
from plugin.terminology.load import SHIPPED

Spoil = Callable[[str, Callable[[dict[str, Any]], None]], Path]


@pytest.fixture(scope="session")
def terminology() -> Terminology:
    return load_terminology()


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of every content file."""
    for name in ("value_sets", "concept_maps"):
        shutil.copytree(SHIPPED / name, tmp_path / name)
    for name in ("vocabulary.toml", "text_hints.toml"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def spoil(content: Path) -> Spoil:
    """Changes one JSON file of the copy, named by its path in it; gives the directory to load."""

    def change(name: str, edit: Callable[[dict[str, Any]], None]) -> Path:
        path = content / name
        body = json.loads(path.read_text(encoding="utf-8"))
        edit(body)
        path.write_text(json.dumps(body), encoding="utf-8")
        return content

    return change
