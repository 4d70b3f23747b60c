"""The criteria's files, read once when the service starts. Bad content raises ContentError."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from plugin.criteria.model import About, Attributes, Cases, Change, CriteriaContent, Criterion, Inputs
from plugin.domain.content import ContentError
from plugin.guidelines.load import Tables, load_toml

_ID = re.compile(r"[A-Z]+-[0-9]+|SCOPE")
_TABLES: Tables = {("cases",): Cases, ("changes",): Change}


def load_criteria(directory: Path | None = None) -> CriteriaContent:
    """Every `<criterion>.toml` of the directory (default: the shipped ones) and its folder `shared`.

    Raises ContentError naming the file, the key and what exists.
    """
    folder = Path(__file__).parent if directory is None else directory
    shared = folder / "shared"
    found = {path.stem: _load_criterion(path) for path in sorted(folder.glob("*.toml"))}
    about = load_toml(shared / "about.toml", About)
    inputs = load_toml(shared / "inputs.toml", Inputs).root
    attributes = load_toml(shared / "attributes.toml", Attributes).root
    for name, criterion in found.items():
        unknown = [key for key in criterion.inputs if key not in inputs]
        if unknown:
            raise ContentError(
                f"{folder / name}.toml: inputs: no input {unknown[0]!r}; there is {', '.join(inputs)}"
            )
    order = [criterion for group in about.groups for criterion in group.criteria]
    _require_each_once(shared / "about.toml", order, set(found))
    return CriteriaContent({name: found[name] for name in order}, about, inputs, attributes)


def _load_criterion(path: Path) -> Criterion:
    if not _ID.fullmatch(path.stem):
        raise ContentError(f"{path}: the file's name must be a criterion, such as IND-1.toml")
    return load_toml(path, Criterion, _TABLES)


def _require_each_once(path: Path, order: list[str], found: set[str]) -> None:
    strange = sorted(set(order) ^ found)
    if strange:
        raise ContentError(
            f"{path}: groups: {', '.join(strange)}: every criterion needs a file and a place in one group"
        )
    twice = [name for name, count in Counter(order).items() if count > 1]
    if twice:
        raise ContentError(f"{path}: groups: {', '.join(twice)}: in more than one place")
