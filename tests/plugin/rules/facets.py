"""Facet orders, and the blocks and ablations before them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from plugin.domain.case import Case
from plugin.domain.evidence import Diagnosis, Section
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Injection, Relief, Verdict
from tests.builders import case, diagnosis, injection, order, section

SPONDYLOSIS = diagnosis("M47.816", "2026-01-01")
NECK = diagnosis("M47.812", "2026-01-01")
RIGHT, LEFT = frozenset({"right"}), frozenset({"left"})
WORKED = Relief(verdict=Verdict.SUCCESSFUL)
PARTLY = Relief(verdict=Verdict.PARTIAL)
FAILED = Relief(verdict=Verdict.UNSUCCESSFUL)
UNCLEAR = Relief(60, highest_percent=90)
NO_RESULT = Relief()


def block(when: str | None, percent: float | None = 85, **changes: Any) -> Injection:
    """A diagnostic block of the low back; `percent` None: no result on record."""
    given = {
        "family": Family.FACET_INJECTION,
        "purpose": Purpose.DIAGNOSTIC,
        "relief": NO_RESULT if percent is None else Relief(percent),
    }
    return injection(when, **{**given, **changes})


def ablation(when: str | None, relief: Relief = WORKED, **changes: Any) -> Injection:
    return injection(when, **{"family": Family.FACET_RFA, "relief": relief, **changes})


def facet(
    code: str = "64493",
    *history: Injection,
    reasons: Iterable[Diagnosis] = (SPONDYLOSIS,),
    problems: Iterable[Diagnosis] = (),
    sections: dict[str, Section[Any]] | None = None,
    **changes: Any,
) -> Case:
    """A facet order for lumbar spondylosis, with these injections on record."""
    reasons = tuple(reasons)
    placed = order(code, reason_references=tuple(d.reference for d in reasons), **changes)
    given = {"injections": section(*history), **(sections or {})}
    return case(placed, problems=(*reasons, *problems), **given)
