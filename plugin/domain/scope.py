"""Is this order one that the criteria were written for? The gates that need the patient's record.

Gates that the order alone decides (status, codes of another procedure) are taken before anything is read.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from plugin.domain.case import Case
from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.dates import DateRange, days_before
from plugin.domain.evidence import Diagnosis
from plugin.domain.families import Family
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth

_AT_ANY_AGE = frozenset({"GUI-1"})
_FREQUENCY = frozenset({"FRQ-1", "FRQ-2", "FRQ-3", "FRQ-4"})
_PUMP_TRIAL = frozenset({"dx-spasticity", "proc-out-of-scope-neuraxial"})
_TRIAL = "dx-research-participant"
_CANCER = "dx-redflag-cancer"
_OTHER_CAUSES = frozenset({"dx-redflag-fracture", "dx-redflag-infection"})
INDICATION = frozenset({"IND-1", "IND-2", "IND-3"})


class ScopeParams(NamedTuple):
    adult_age_years: int
    labour_recent_days: int


class Scope(NamedTuple):
    """What is left to ask about an order."""

    silenced_by: str | None = None
    """The gate that ends the review of this order without a card."""
    gates: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    off: frozenset[str] = frozenset()
    """Criteria that are not asked."""
    lowered: frozenset[str] = frozenset()
    """Criteria whose gaps are shown as information."""
    kept: frozenset[str] = frozenset()
    """With everything off, the criteria that are asked all the same."""
    conflicts_off: bool = False

    def is_off(self, criterion: str) -> bool:
        return criterion not in self.kept and ("*" in self.off or criterion in self.off)


def scope_of(case: Case, params: ScopeParams) -> Scope:
    silenced = _silenced_by(case, params)
    if silenced is not None:
        return Scope(silenced_by=silenced, gates=(silenced,))
    if _is_minor(case, params) is TRUE:
        minor = _scope_check("outside-adult-population", Kind.UNKNOWN)
        return Scope(
            gates=("G9",), checks=(minor,), off=frozenset({"*"}), kept=_AT_ANY_AGE, conflicts_off=True
        )
    return _narrowed(case)


def _silenced_by(case: Case, params: ScopeParams) -> str | None:
    order, evidence = case.order, case.evidence
    if evidence.patient.is_deceased is TRUE or evidence.patient.is_found is FALSE:
        return "G12"
    if _is_catheter_in_hospital(case, params):
        return "G3"
    if _is_charted(case, "dx-pregnancy") and _is_in_labour(case, params):
        return "G4"
    pump_trial = not order.companions.isdisjoint(_PUMP_TRIAL)
    if pump_trial and _is_charted(case, "dx-spasticity"):
        return "G5"
    if "dx-postop-acute-pain" in case.reason_sets:
        return "G7"
    return None


def _narrowed(case: Case) -> Scope:
    evidence = case.evidence
    gates: list[str] = []
    off: frozenset[str] = frozenset()
    lowered: frozenset[str] = frozenset()
    conflicts_off = False
    if _TRIAL in case.reason_sets or _is_charted(case, _TRIAL) or evidence.in_trial is TRUE:
        gates.append("G8")
        lowered |= {"IND-1", "BIO-1"}
        conflicts_off = True
    if _is_cancer_pain(case):
        gates.append("G10")
        off |= INDICATION | {"CC-1"}
        lowered |= {"IMG-1"} | _FREQUENCY
        conflicts_off = True
    if _has_other_cause(case):
        gates.append("fracture-or-infection")
        conflicts_off = True
    if _is_charted(case, "dx-inflammatory-spine"):
        gates.append("inflammatory-spine")
        lowered |= {"IND-1"}
        conflicts_off = True
    if evidence.encounter.is_inpatient is TRUE:
        gates.append("G11")
        lowered |= {"CC-1"}
    return Scope(None, tuple(gates), _said_of_the_order(case), off, lowered, conflicts_off=conflicts_off)


def _said_of_the_order(case: Case) -> tuple[Check, ...]:
    order = case.order
    checks = []
    if order.is_catheter:
        checks.append(_scope_check("catheter", Kind.NOTE))
    if order.family is Family.BASIVERTEBRAL:
        checks.append(_scope_check("basivertebral", Kind.UNKNOWN))
    if order.is_contradictory:
        checks.append(_scope_check("contradictory-codes", Kind.UNKNOWN))
    return tuple(checks)


def _scope_check(row: str, kind: Kind) -> Check:
    if kind is Kind.NOTE:
        return Check("SCOPE", row, Outcome.MET, kind=kind)
    return Check("SCOPE", row, Outcome.UNKNOWN, Reason.AMBIGUOUS, kind)


def _is_minor(case: Case, params: ScopeParams) -> Truth:
    born = case.evidence.patient.born
    if born is None:
        return UNKNOWN
    as_of = case.as_of
    oldest, youngest = _age(born.first, as_of), _age(born.last, as_of)
    if oldest < params.adult_age_years:
        return TRUE
    return FALSE if youngest >= params.adult_age_years else UNKNOWN


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _is_catheter_in_hospital(case: Case, params: ScopeParams) -> bool:
    if not case.order.is_catheter:
        return False
    return (
        case.evidence.encounter.is_inpatient is TRUE
        or _is_in_labour(case, params)
        or any(d.in_set("dx-postop-acute-pain") or d.in_set("dx-pregnancy") for d in _known(case))
    )


def _is_in_labour(case: Case, params: ScopeParams) -> bool:
    if case.evidence.encounter.is_labour is TRUE:
        return True
    since = days_before(case.as_of, params.labour_recent_days)
    return any(
        _is_on_or_after(d.since, since)
        for d in case.certain
        if any(c.get("episode") == "labour-delivery" for c in d.concepts)
    )


def _is_on_or_after(when: DateRange | None, since: date) -> bool:
    return when is not None and when.first >= since


def _is_cancer_pain(case: Case) -> bool:
    """A cancer of the list as the order's reason, or pain charted as caused by cancer."""
    reasons = case.current_reasons
    if _CANCER in case.reason_sets and any(d.has_strength(_CANCER, "definite") for d in reasons):
        return True
    return "cancer-pain" in [c.get("gate") for d in _known(case) for c in d.concepts]


def _has_other_cause(case: Case) -> bool:
    """A fracture or an infection where the order goes: guidelines on chronic pain do not speak of it."""
    if case.standing_sets.isdisjoint(_OTHER_CAUSES):
        return False
    return any(
        case.region.matches(d.region) is not FALSE
        for d in case.certain
        if any(d.in_set(name) for name in _OTHER_CAUSES)
    )


def _is_charted(case: Case, value_set: str) -> bool:
    """Does the patient have a diagnosis of the value set for sure?"""
    return value_set in case.standing_sets and any(d.in_set(value_set) for d in case.certain)


def _known(case: Case) -> tuple[Diagnosis, ...]:
    """What the patient has for sure, and what the order is for."""
    return (*case.certain, *case.current_reasons)
