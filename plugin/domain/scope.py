"""Is this order one that the criteria were written for? The gates that need the patient's record.

Gates that the order alone decides (status, codes of another procedure) are taken before anything is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from plugin.domain.case import Case
from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.dates import DateRange, days_before
from plugin.domain.evidence import Diagnosis, Evidence, Standing
from plugin.domain.families import Family
from plugin.domain.truth import Truth

_AT_ANY_AGE = frozenset({"GUI-1"})
_FREQUENCY = frozenset({"FRQ-1", "FRQ-2", "FRQ-3", "FRQ-4"})
INDICATION = frozenset({"IND-1", "IND-2", "IND-3"})


@dataclass(frozen=True, slots=True)
class ScopeParams:
    adult_age_years: int
    labour_recent_days: int


@dataclass(frozen=True, slots=True)
class Scope:
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
    if _is_minor(case, params) is Truth.TRUE:
        minor = _scope_check("outside-adult-population", Kind.UNKNOWN)
        return Scope(
            gates=("G9",), checks=(minor,), off=frozenset({"*"}), kept=_AT_ANY_AGE, conflicts_off=True
        )
    return _narrowed(case)


def _silenced_by(case: Case, params: ScopeParams) -> str | None:
    order, evidence = case.order, case.evidence
    if evidence.patient.is_deceased is Truth.TRUE or evidence.patient.is_found is Truth.FALSE:
        return "G12"
    if _is_catheter_in_hospital(case, params):
        return "G3"
    if _is_pregnant(evidence) and _is_in_labour(case, params):
        return "G4"
    pump_trial = order.companions & {"dx-spasticity", "proc-out-of-scope-neuraxial"}
    if pump_trial and any(d.in_set("dx-spasticity") for d in _current(evidence)):
        return "G5"
    if any(d.in_set("dx-postop-acute-pain") for d in _reasons(case)):
        return "G7"
    return None


def _narrowed(case: Case) -> Scope:
    evidence = case.evidence
    gates: list[str] = []
    off: frozenset[str] = frozenset()
    lowered: frozenset[str] = frozenset()
    conflicts_off = False
    trial = any(d.in_set("dx-research-participant") for d in (*_current(evidence), *_reasons(case)))
    if trial or evidence.in_trial is Truth.TRUE:
        gates.append("G8")
        lowered |= {"IND-1", "BIO-1"}
        conflicts_off = True
    if _is_cancer_pain(case):
        gates.append("G10")
        off |= INDICATION | {"CC-1"}
        lowered |= {"IMG-1"} | _FREQUENCY
        conflicts_off = True
    if any(_is_other_cause(d, case) for d in _current(evidence)):
        gates.append("fracture-or-infection")
        conflicts_off = True
    if any(d.in_set("dx-inflammatory-spine") for d in _current(evidence)):
        gates.append("inflammatory-spine")
        lowered |= {"IND-1"}
        conflicts_off = True
    if evidence.encounter.is_inpatient is Truth.TRUE:
        gates.append("G11")
        lowered |= {"CC-1"}
    checks = []
    if case.order.is_catheter:
        checks.append(_scope_check("catheter", Kind.NOTE))
    if case.order.family is Family.BASIVERTEBRAL:
        checks.append(_scope_check("basivertebral", Kind.UNKNOWN))
    if case.order.is_contradictory:
        checks.append(_scope_check("contradictory-codes", Kind.UNKNOWN))
    return Scope(None, tuple(gates), tuple(checks), off, lowered, conflicts_off=conflicts_off)


def _scope_check(row: str, kind: Kind) -> Check:
    if kind is Kind.NOTE:
        return Check("SCOPE", row, Outcome.MET, kind=kind)
    return Check("SCOPE", row, Outcome.UNKNOWN, Reason.AMBIGUOUS, kind)


def _is_minor(case: Case, params: ScopeParams) -> Truth:
    born = case.evidence.patient.born
    if born is None:
        return Truth.UNKNOWN
    return born.holds(lambda day: _age(day, case.as_of) < params.adult_age_years)


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _is_catheter_in_hospital(case: Case, params: ScopeParams) -> bool:
    if not case.order.is_catheter:
        return False
    current = (*_current(case.evidence), *_reasons(case))
    return (
        case.evidence.encounter.is_inpatient is Truth.TRUE
        or _is_in_labour(case, params)
        or any(d.in_set("dx-postop-acute-pain") or d.in_set("dx-pregnancy") for d in current)
    )


def _is_pregnant(evidence: Evidence) -> bool:
    return any(d.in_set("dx-pregnancy") for d in _current(evidence))


def _is_in_labour(case: Case, params: ScopeParams) -> bool:
    if case.evidence.encounter.is_labour is Truth.TRUE:
        return True
    since = days_before(case.as_of, params.labour_recent_days)
    return any(
        _is_on_or_after(d.since, since)
        for d in _current(case.evidence)
        if any(c.get("episode") == "labour-delivery" for c in d.concepts)
    )


def _is_on_or_after(when: DateRange | None, since: date) -> bool:
    return when is not None and when.first >= since


def _is_cancer_pain(case: Case) -> bool:
    """A cancer of the list as the order's reason, or pain charted as caused by cancer."""
    if any(d.has_strength("dx-redflag-cancer", "definite") for d in _reasons(case)):
        return True
    everyone = (*_current(case.evidence), *_reasons(case))
    return any(c.get("gate") == "cancer-pain" for d in everyone for c in d.concepts)


def _is_other_cause(diagnosis: Diagnosis, case: Case) -> bool:
    """A fracture or an infection where the order goes: guidelines on chronic pain do not speak of it."""
    is_one = diagnosis.in_set("dx-redflag-fracture") or diagnosis.in_set("dx-redflag-infection")
    return is_one and case.region.matches(diagnosis.region) is not Truth.FALSE


def _current(evidence: Evidence) -> tuple[Diagnosis, ...]:
    return tuple(d for d in evidence.diagnoses.entries if d.standing is Standing.CURRENT and d.is_certain)


def _reasons(case: Case) -> tuple[Diagnosis, ...]:
    by_reference = {d.reference: d for d in case.evidence.diagnoses.entries}
    referenced = (by_reference[r] for r in case.order.reason_references if r in by_reference)
    return tuple(d for d in (*referenced, *case.order.reason_codes) if d.standing is Standing.CURRENT)
