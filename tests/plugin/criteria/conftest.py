"""A copy of the criteria's folder that a test may damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import plugin.criteria


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shipped = Path(plugin.criteria.__file__).parent
    shutil.copytree(shipped, tmp_path / "criteria", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return tmp_path / "criteria"
