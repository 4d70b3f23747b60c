"""The shipped guidelines, and a folder of them that a test may damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import plugin.guidelines
from plugin.guidelines import Guideline, load_guidelines


@pytest.fixture(scope="session")
def guidelines() -> tuple[Guideline, ...]:
    return load_guidelines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in Path(plugin.guidelines.__file__).parent.glob("*.toml"):
        shutil.copy(path, tmp_path)
    return tmp_path
