"""TPI-0 and SIJ-4: does the record name pain of a muscle, rather than a joint or a widespread pain?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, decide
from plugin.domain.evidence import Diagnosis
from plugin.domain.families import Family
from plugin.domain.truth import Truth

FAMILIES = frozenset({Family.TRIGGER_POINT})
CRITERIA = ("TPI-0", "SIJ-4")
ROWS = {
    "TPI-0": frozenset(
        {
            "excluded-listed",
            "excluded-only",
            "muscle-named",
            "none-recorded",
            "possible",
            "undetermined",
            "unread",
        }
    ),
    "SIJ-4": frozenset({"joint-listed", "joint-only"}),
}
"""Every row of the tables, by criterion: what a policy may give a severity to."""
_MUSCLE = "dx-myofascial"
_JOINT = "dx-sacroiliac"
_EXCLUDED = "dx-tpi-excluded"
_SILENT = frozenset({None, "generic"})
"""Patterns that do not say where the pain is."""


@dataclass(frozen=True, slots=True)
class Params:
    """Diagnoses alone decide; there is no number to set."""


def evaluate(case: Case, params: Params) -> Check:
    """One answer for both criteria: a diagnosis of the joint alone is SIJ-4, everything else TPI-0."""
    telling = _telling(case)
    check = decide(
        "TPI-0",
        _rows(case, telling),
        facts={"codes": ", ".join(dict.fromkeys(c.code for d in telling for c in d.concepts))},
        set_aside=case.pattern.set_aside,
        unread=case.diagnoses_unread,
    )
    return check._replace(criterion="SIJ-4") if check.row in ROWS["SIJ-4"] else check


def _rows(case: Case, telling: tuple[Diagnosis, ...]) -> Iterator[Row]:
    muscle = [d for d in (*case.reasons, *case.listed) if d.in_set(_MUSCLE)]
    certain = [d for d in muscle if d.is_certain]
    yield Row("muscle-named", Truth.of(bool(certain)), Outcome.MET, decided_by=_items(certain))
    yield Row("unread", Truth.of(bool(case.diagnoses_unread)), Outcome.UNKNOWN, Reason.NO_ACCESS)
    is_possible = Truth.of(bool(muscle))
    yield Row("possible", is_possible, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=_items(muscle))
    seen = _items(telling)
    by_reason = Truth.of(bool(_speaking(case.reasons)))
    is_joint = _are_all(telling, _JOINT)
    yield Row("joint-only", by_reason & is_joint, Outcome.NOT_MET, decided_by=seen)
    yield Row("joint-listed", is_joint, Outcome.NOT_MET, decided_by=seen)
    is_excluded = _are_all(telling, _EXCLUDED)
    yield Row("excluded-only", by_reason & is_excluded, Outcome.NOT_MET, decided_by=seen)
    yield Row("excluded-listed", is_excluded, Outcome.NOT_MET, decided_by=seen)
    yield Row("none-recorded", Truth.TRUE, Outcome.UNKNOWN, Reason.NO_EVIDENCE, decided_by=seen)


def _telling(case: Case) -> tuple[Diagnosis, ...]:
    """What the order says it is for; without a reason that speaks of pain, what the list holds."""
    return _speaking(case.reasons) or _speaking(case.listed)


def _speaking(diagnoses: Iterable[Diagnosis]) -> tuple[Diagnosis, ...]:
    return tuple(d for d in diagnoses if d.pattern not in _SILENT or d.in_set(_EXCLUDED))


def _are_all(diagnoses: tuple[Diagnosis, ...], name: str) -> Truth:
    """Is there one, and are all of them of this value set, for certain?"""
    return Truth.of(bool(diagnoses) and all(d.is_certain and d.in_set(name) for d in diagnoses))


def _items(diagnoses: Iterable[Diagnosis]) -> tuple[Item, ...]:
    return tuple(diagnosis.item() for diagnosis in diagnoses)
