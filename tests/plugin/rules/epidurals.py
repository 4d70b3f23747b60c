"""Epidural orders, and the sessions before them."""

from __future__ import annotations

from typing import Any

from plugin.domain.case import Case
from plugin.domain.families import Family
from plugin.domain.injections import Injection, Relief, Verdict
from tests.builders import TODAY, case, concept, days_ago, injection, order, section

GOOD = Relief(verdict=Verdict.SUCCESSFUL)
FAILED = Relief(verdict=Verdict.UNSUCCESSFUL)
PARTIAL = Relief(verdict=Verdict.PARTIAL)
REASON = {"reason_references": ("Condition/M54.16",)}
UNDATED: dict[str, Any] = {"planned": None, "as_of": TODAY, "asked_on": TODAY}


def after(*earlier: Injection, code: str = "62323", **changes: Any) -> Case:
    """An order after these injections, which are all there are on record."""
    return case(order(code, **REASON, **changes), injections=section(*earlier))


def times(*ago: int, **changes: Any) -> list[Injection]:
    """Sessions so many days before the planned one."""
    return [injection(days_ago(days), **changes) for days in ago]


def transforaminal(when: str | None, **changes: Any) -> Injection:
    return injection(when, family=Family.TRANSFORAMINAL, code=concept("64483"), **changes)
