"""Guideline files, read once when the service starts. Bad content raises ContentError."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from plugin.domain.content import ContentError
from plugin.guidelines.model import Criterion, Guideline, Position

M = TypeVar("M", bound=BaseModel)

Tables = Mapping[tuple[str, ...], type[BaseModel]]
"""The models of a file's tables, by their path in it."""

_TABLES: Tables = {
    ("positions",): Position,
    ("criteria",): Criterion,
}


def load_guidelines(directory: Path | None = None) -> tuple[Guideline, ...]:
    """Every `*.toml` of the directory (default: the shipped ones), by date of publication, then id.

    Raises ContentError naming the file, the key and what exists.
    """
    folder = Path(__file__).parent if directory is None else directory
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise ContentError(f"{folder}: no guideline files; at least one <id>.toml is needed")
    found = [_load_guideline(path) for path in paths]
    return tuple(sorted(found, key=lambda guideline: (guideline.published_order, guideline.id)))


def load_toml(path: Path, model: type[M], tables: Tables | None = None) -> M:
    """One file as the model. Raises ContentError for what cannot be read, parsed or validated.

    `tables`: the models inside the model, whose keys an error can then name.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContentError(f"{path}: cannot be read ({type(error).__name__})") from error
    except (ValueError, RecursionError) as error:
        raise ContentError(f"{path}: not a TOML file in UTF-8: {error}") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        known: Tables = {(): model, **(tables or {})}
        problems = "; ".join(_problem(details, known) for details in error.errors(include_url=False))
        raise ContentError(f"{path}: {problems}") from error


def _load_guideline(path: Path) -> Guideline:
    guideline = load_toml(path, Guideline, _TABLES)
    if guideline.id != path.stem:
        raise ContentError(
            f"{path}: id: {guideline.id!r} is not the name of the file; it would be {path.stem!r}"
        )
    return guideline


def _problem(details: Any, tables: Tables) -> str:
    key = ".".join(str(step + 1) if isinstance(step, int) else step for step in details["loc"])
    if details["type"] == "extra_forbidden":
        return f"{key}: no such key{_existing_keys(details['loc'], tables)}"
    message = str(details["msg"]).removeprefix("Value error, ")
    return f"{key}: {message}" if key else message


def _existing_keys(loc: tuple[int | str, ...], tables: Tables) -> str:
    table = tables.get(tuple(step for step in loc[:-1] if isinstance(step, str)))
    return f"; there is {', '.join(table.model_fields)}" if table else ""
