"""Reads policy files. A fault stops the start-up and names file, key and what exists."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Collection
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from plugin.domain.content import ContentError
from plugin.policies.model import CONFLICTS, RULES, Conflict, Policy, PolicyFile

_LONGEST = 36_500
"""A hundred years of days: no threshold is larger."""
_UNSOURCED = "Set by the site's policy, which gives no source."
SHIPPED = Path(__file__).parent


def shipped_policies() -> tuple[str, ...]:
    """The names of the policies that come with the service; `default` first."""
    names = sorted(path.stem for path in SHIPPED.glob("*.toml"))
    return tuple(sorted(names, key=lambda name: name != "default"))


def load_policy(name_or_path: str, guidelines: frozenset[str]) -> Policy:
    """A shipped policy by name, or the TOML file at a path. `guidelines`: the ids that exist."""
    path = _find(name_or_path)
    merged = _merged(path, ())
    try:
        file = PolicyFile.model_validate(merged)
    except ValidationError as error:
        raise ContentError(f"{path.name}: {_faults(error)}") from error
    _check_names(path, file, guidelines)
    params = {rule: _params(path, rule, file) for rule in file.rules}
    if file.extends is not None and _merged(_find(file.extends), (path,)).get("id") == file.id:
        raise ContentError(f"{path.name}: id: a policy that extends {file.id!r} needs an id of its own")
    digest = hashlib.sha256(json.dumps(merged, sort_keys=True, default=str).encode()).hexdigest()
    return Policy(file, params, digest[:16])


def _find(name_or_path: str) -> Path:
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        if not path.is_file():
            raise ContentError(f"no policy file {name_or_path}")
        return path
    path = SHIPPED / f"{name_or_path}.toml"
    if not path.is_file():
        known = ", ".join(shipped_policies())
        raise ContentError(f"no policy {name_or_path!r}; there is {known}, or the path of a .toml file")
    return path


def _merged(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path in seen:
        raise ContentError(f"{path.name}: extends itself")
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ContentError(f"{path.name}: not TOML: {error}") from error
    base = own.get("extends")
    if not isinstance(base, str):
        return own
    merged = _overlaid(_merged(_find(base), (*seen, path)), own)
    return {**merged, "sources": _own_sources(own, merged)}


def _own_sources(own: dict[str, Any], merged: dict[str, Any]) -> dict[str, Any]:
    """A threshold that a policy changes loses its parent's source, unless the policy gives one."""
    params = own.get("params")
    tables = params.items() if isinstance(params, dict) else ()
    changed = {f"{c}.{key}" for c, table in tables if isinstance(table, dict) for key in table} | own.keys()
    given = own.get("sources")
    sources = merged.get("sources")
    kept = sources if isinstance(sources, dict) else {}
    replaced = {
        key: _UNSOURCED for key in changed & kept.keys() if not isinstance(given, dict) or key not in given
    }
    return {**kept, **replaced}


def _overlaid(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """`own` laid over `base`; tables merge key by key, everything else is replaced."""
    result = dict(base)
    for key, value in own.items():
        kept = result.get(key)
        both_tables = isinstance(kept, dict) and isinstance(value, dict)
        result[key] = _overlaid(kept, value) if both_tables else value  # type: ignore[arg-type]
    return result


def _check_names(path: Path, file: PolicyFile, guidelines: frozenset[str]) -> None:
    for rule in file.rules:
        if rule not in RULES:
            raise ContentError(f"{path.name}: rules: no rule {rule!r}; there is {', '.join(sorted(RULES))}")
    for guideline in file.guidelines:
        if guideline not in guidelines:
            known = ", ".join(sorted(guidelines))
            raise ContentError(f"{path.name}: guidelines: no guideline {guideline!r}; there is {known}")
    _check_rows(path, file)
    answered = {criterion for module in RULES.values() for criterion in module.CRITERIA}
    for criterion in file.params:
        if criterion not in answered:
            raise ContentError(
                f"{path.name}: params.{criterion}: no rule answers it; there is {', '.join(sorted(answered))}"
            )


def _check_rows(path: Path, file: PolicyFile) -> None:
    """Severities name rows, override reasons and `beside` name criteria, that exist."""
    rows: dict[str, set[str]] = {c: set(names) for m in RULES.values() for c, names in m.ROWS.items()}
    for conflict in file.conflicts:
        _check_beside(path, conflict, rows)
    for conflict in file.conflicts:
        rows.setdefault(conflict.criterion, set()).add(conflict.pattern)
    known = {f"{criterion}.{row}" for criterion, names in rows.items() for row in names}
    for table in (file.severity, *file.severity_at.values()):
        for key in table:
            if key not in known:
                raise ContentError(
                    f"{path.name}: severity: no row {key!r}; there is {', '.join(sorted(known))}"
                )
    for consequence in file.consequences:
        if consequence.when not in known:
            there = ", ".join(sorted(known))
            raise ContentError(f"{path.name}: consequences: no row {consequence.when!r}; there is {there}")
        for criterion in consequence.criteria:
            if criterion not in {CONFLICTS, *rows}:
                there = ", ".join(sorted({CONFLICTS, *rows}))
                raise ContentError(f"{path.name}: consequences: no criterion {criterion!r}; there is {there}")
    criteria = {"default", "SCOPE", "UNKNOWN", "NOTES", *rows}
    for key in file.override_reasons:
        if key not in criteria:
            there = ", ".join(sorted(criteria))
            raise ContentError(f"{path.name}: override_reasons: no criterion {key!r}; there is {there}")


def _check_beside(path: Path, conflict: Conflict, asked: Collection[str]) -> None:
    for criterion in conflict.beside:
        if criterion not in asked:
            raise ContentError(
                f"{path.name}: conflicts.{conflict.criterion}.beside: no criterion {criterion!r}; "
                f"there is {', '.join(sorted(asked))}"
            )


def _params(path: Path, rule: str, file: PolicyFile) -> Any:
    """The rule's `Params`, from the tables of the criteria it answers."""
    module = RULES[rule]
    given: dict[str, Any] = {}
    for criterion in module.CRITERIA:
        given |= file.params.get(criterion, {})
    known = [field.name for field in fields(module.Params)]
    criteria = ", ".join(module.CRITERIA)
    for key in given:
        if key not in known:
            raise ContentError(f"{path.name}: params of {criteria}: no parameter {key!r}; there is {known}")
    for key in known:
        if key not in given:
            raise ContentError(f"{path.name}: params of {criteria}: {key!r} is missing")
    for key, value in given.items():
        if isinstance(value, int | float) and not 0 <= value <= _LONGEST:
            raise ContentError(f"{path.name}: params of {criteria}: {key!r} must be from 0 to {_LONGEST}")
    try:
        return TypeAdapter(module.Params).validate_python(given)
    except ValidationError as error:
        raise ContentError(f"{path.name}: params of {criteria}: {_faults(error)}") from error


def _faults(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
