"""Every element that the service reads of a chart, and what may stand there instead of a good value."""

from __future__ import annotations

import copy
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from plugin.evidence import views
from tests.plugin.cards.service import holder
from tests.scenarios.scenario import Json

Path = tuple[str | int, ...]

VIEWS: Mapping[str, type[msgspec.Struct]] = {
    "patient": views.Patient,
    "encounter": views.Encounter,
    "conditions": views.Condition,
    "procedures": views.Procedure,
    "serviceRequests": views.ServiceRequest,
    "reports": views.DiagnosticReport,
    "imaging": views.ImagingStudy,
    "medications": views.MedicationRequest,
    "medicationStatements": views.MedicationStatement,
    "observations": views.Observation,
    "researchSubjects": views.ResearchSubject,
}
MISSING = object()
CIRCULAR = {"reference": "Condition/junk", "resolved": {"reference": "Condition/junk"}}
JUNK: tuple[object, ...] = (
    MISSING,
    *(None, True, False, 0, -1, 1.5, 1e308, 10**30),
    *("", " ", "x", "#", "#junk", "\u0000", "\u202e", "9999-99-99", "0000", "1" * 1_000_000),
    *([], {}, [None], [[]], [{}], ["x"], {"a": None}, {"value": "x"}, [[[[[{}]]]]]),
    *({"resourceType": "Nope", "id": "junk"}, {"resourceType": 7}, {"reference": "#junk"}, CIRCULAR),
    *({"coding": "x"}, {"coding": [None]}, {"coding": [{"system": 1, "code": {}}]}, {"start": {}, "end": []}),
)


def sample(view: type[msgspec.Struct], patient: str) -> Json:
    """A resource in which every element of the view has a value of its type, and which says nothing."""
    resource: Json = _of_type(view)
    resource |= {"resourceType": view.__name__, "id": "junk"}
    for name in ("subject", "individual"):
        if name in resource:
            resource[name] = {"reference": f"Patient/{patient}"}
    return resource


def _of_type(kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = typing.get_type_hints(kind)
        return {field.encode_name: _of_type(hints[field.name]) for field in msgspec.structs.fields(kind)}
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _of_type(inside[0])
    if origin is list:
        return [_of_type(inside[0])]
    plain = {str: "x", bool: False, int: 3, float: 3.0, Any: {"value": 40}}
    return plain.get(kind, {"resourceType": "Medication", "id": "contained"})


def elements(node: Any, path: Path = ()) -> Iterator[Path]:
    """The path of every element of a sample, at every depth."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from elements(value, (*path, key))


def spoilt(resource: Json, path: Path, junk: object) -> Json:
    """A copy with `junk` at `path`."""
    changed: Json = copy.deepcopy(resource)
    where = holder(changed, path)
    if junk is MISSING:
        del where[path[-1]]
    else:
        where[path[-1]] = junk
    return changed


def cases(view: type[msgspec.Struct], patient: str, real: Json | None = None) -> Iterator[Json]:
    """Samples of the view with each junk at each element; and some that refer to themselves or are huge.

    The elements of `real` stand in the place of the sample's.
    """
    good = sample(view, patient) | (real or {})
    for path in elements(good):
        for junk in JUNK:
            yield spoilt(good, path, junk)
    yield good | {"contained": [good]}
    yield good | {"contained": [{"resourceType": "Medication", "id": "a", "ingredient": {"reference": "#a"}}]}
    yield good | {"extension": [good] * 500}
    yield good | {"_status": None, "status": None, "": {}}
