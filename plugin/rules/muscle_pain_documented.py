"""TPI-0 and SIJ-4: does the record name pain of a muscle, rather than a joint or a widespread pain?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, decide
from plugin.domain.evidence import Diagnosis
from plugin.domain.families import Family
from plugin.domain.truth import TRUE

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
    if certain:
        yield Row("muscle-named", TRUE, Outcome.MET, decided_by=_items(certain))
    if case.diagnoses_unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    if muscle:
        yield Row("possible", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=_items(muscle))
    seen = _items(telling)
    by_reason = bool(_speaking(case.reasons))
    is_joint = _are_all(telling, _JOINT)
    if by_reason and is_joint:
        yield Row("joint-only", TRUE, Outcome.NOT_MET, decided_by=seen)
    if is_joint:
        yield Row("joint-listed", TRUE, Outcome.NOT_MET, decided_by=seen)
    is_excluded = _are_all(telling, _EXCLUDED)
    if by_reason and is_excluded:
        yield Row("excluded-only", TRUE, Outcome.NOT_MET, decided_by=seen)
    if is_excluded:
        yield Row("excluded-listed", TRUE, Outcome.NOT_MET, decided_by=seen)
    yield Row("none-recorded", TRUE, Outcome.UNKNOWN, Reason.NO_EVIDENCE, decided_by=seen)


def _telling(case: Case) -> tuple[Diagnosis, ...]:
    """What the order says it is for; without a reason that speaks of pain, what the list holds."""
    return _speaking(case.reasons) or _speaking(case.listed)


def _speaking(diagnoses: Iterable[Diagnosis]) -> tuple[Diagnosis, ...]:
    return tuple(d for d in diagnoses if d.pattern not in _SILENT or d.in_set(_EXCLUDED))


def _are_all(diagnoses: tuple[Diagnosis, ...], name: str) -> bool:
    """Is there one, and are all of them of this value set, for certain?"""
    return bool(diagnoses) and all(d.is_certain and d.in_set(name) for d in diagnoses)


def _items(diagnoses: Iterable[Diagnosis]) -> tuple[Item, ...]:
    return tuple(diagnosis.item() for diagnosis in diagnoses)
