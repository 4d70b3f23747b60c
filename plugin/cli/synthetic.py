"""The synthetic patients of the scenarios, made ready for a FHIR server: under ids of our own, tagged."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from plugin.domain.content import ContentError

Json = dict[str, Any]

TAG_SYSTEM, TAG_CODE = "https://spinal-injection-cds.org/fhir/CodeSystem/fixture", "synthetic"
_TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
_ID_PREFIX = "spinal-cds-"
"""A shared server may well have a `patient-001` of somebody else's."""
_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9.-]+)")


@dataclass(frozen=True, slots=True)
class SyntheticPatient:
    """One scenario's patient as they are stored. `order_codes` are those of its orders, `today` its day."""

    title: str
    today: date
    id: str
    resources: tuple[Json, ...]
    order_codes: tuple[str, ...]


def stored_id(resource_id: str) -> str:
    """The id under which a resource of the scenarios is put on a server."""
    return f"{_ID_PREFIX}{resource_id}"


def is_ours(resource: Json) -> bool:
    """Does the resource itself carry our tag?"""
    metas = objects([resource.get("meta")])
    tags = (tag for meta in metas for tag in objects(meta.get("tag")))
    return any((tag.get("system"), tag.get("code")) == (TAG_SYSTEM, TAG_CODE) for tag in tags)


def objects(found: Any) -> list[Json]:
    """The JSON objects in what a server sent where a list of them belongs."""
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def read_patients(scenarios: Path, names: Sequence[str]) -> list[SyntheticPatient]:
    """Those whose folder fits one of the patterns in `names`. Raises ContentError where one fits none."""
    if not scenarios.is_dir():
        raise ContentError(f"{scenarios}: No such directory; run this in the repository")
    folders: set[Path] = set()
    for name in names:
        found = [folder for folder in scenarios.iterdir() if folder.match(name) and folder.is_dir()]
        if not found:
            raise ContentError(f"{scenarios}: no scenario is called {name}; * stands for any letters")
        folders.update(found)
    return [_read_patient(folder) for folder in sorted(folders)]


def _read_patient(folder: Path) -> SyntheticPatient:
    try:
        request = json.loads((folder / "request.json").read_bytes())
        story = tomllib.loads((folder / "scenario.toml").read_text(encoding="utf-8"))
    except OSError as error:
        raise ContentError(f"{error.filename}: {error.strerror}") from error
    chart = [_stored(resource) for value in request["prefetch"].values() for resource in _resources(value)]
    drafts = request["context"]["draftOrders"]["entry"]
    codings = (coding for draft in drafts for coding in draft["resource"].get("code", {}).get("coding", ()))
    return SyntheticPatient(
        title=story["title"],
        today=story["today"],
        id=stored_id(request["context"]["patientId"]),
        resources=(*_practitioners(chart), *chart),
        order_codes=tuple(coding["code"] for coding in codings),
    )


def _resources(value: Json | None) -> Iterator[Json]:
    if value is None:
        return
    if value["resourceType"] != "Bundle":
        yield value
        return
    for entry in value.get("entry", ()):
        yield entry["resource"]


def _stored(resource: Json) -> Json:
    stored: Json = _with_stored_references(resource)
    meta = {**resource["meta"], "security": [_TEST_DATA]}
    return {**stored, "id": stored_id(resource["id"]), "meta": meta}


def _with_stored_references(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_stored_references(item) for item in node]
    if not isinstance(node, dict):
        return node
    changed = {key: _with_stored_references(value) for key, value in node.items()}
    found = _REFERENCE.fullmatch(changed["reference"]) if isinstance(changed.get("reference"), str) else None
    return changed if found is None else {**changed, "reference": f"{found[1]}/{stored_id(found[2])}"}


def _practitioners(chart: Sequence[Json]) -> Iterator[Json]:
    """Those whom the chart names: a server may refuse references to what it does not hold."""
    named = set(re.findall(r'"Practitioner/([^"]+)"', json.dumps(chart)))
    for practitioner_id in sorted(named):
        yield {
            "resourceType": "Practitioner",
            "id": practitioner_id,
            "meta": {"tag": [{"system": TAG_SYSTEM, "code": TAG_CODE}], "security": [_TEST_DATA]},
            "name": [{"text": "Synthetic practitioner"}],
        }
