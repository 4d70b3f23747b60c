"""IND-1 to IND-4: does the record document pain that an epidural injection is meant for?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Kind, Outcome, Reason
from plugin.domain.evidence import Diagnosis
from plugin.domain.families import EPIDURAL
from plugin.domain.pain_pattern import PatternFinding

FAMILIES = EPIDURAL
CRITERIA = ("IND-1", "IND-2", "IND-3", "IND-4")
ROWS = {
    "IND-1": frozenset(
        {
            "positive",
            "positive-listed",
            "positive-without-reason",
            "possible",
            "conflict",
            "open",
            "unread",
            "axial",
            "axial-by-policy",
            "axial-listed",
        }
    ),
    "IND-2": frozenset({"not-stated", "reason-refuted", "reason-not-recognised", "nothing"}),
    "IND-3": frozenset({"excluded", "excluded-listed"}),
    "IND-4": frozenset({"region-differs", "region-unknown", "site-disagrees"}),
}
"""Every row of the tables, by criterion: what a policy may give a severity to."""


@dataclass(frozen=True, slots=True)
class Params:
    """The reading of pain patterns has its own settings; this table has none."""


class _Answer(NamedTuple):
    criterion: str
    outcome: Outcome
    reason: Reason | None = None
    kind: Kind | None = None


_GAP = Kind.GAP
_UNKNOWN = Kind.UNKNOWN
_ANSWERS = {
    PatternFinding.POSITIVE: _Answer("IND-1", Outcome.MET),
    PatternFinding.POSITIVE_LISTED: _Answer("IND-1", Outcome.MET),
    PatternFinding.POSSIBLE: _Answer("IND-1", Outcome.UNKNOWN, Reason.AMBIGUOUS, _UNKNOWN),
    PatternFinding.CONFLICT: _Answer("IND-1", Outcome.UNKNOWN, Reason.AMBIGUOUS, _UNKNOWN),
    PatternFinding.OPEN: _Answer("IND-1", Outcome.UNKNOWN, Reason.AMBIGUOUS, _UNKNOWN),
    PatternFinding.UNREAD: _Answer("IND-1", Outcome.UNKNOWN, Reason.NO_ACCESS, _UNKNOWN),
    PatternFinding.AXIAL: _Answer("IND-1", Outcome.NOT_MET, None, _GAP),
    PatternFinding.AXIAL_LISTED: _Answer("IND-1", Outcome.NOT_MET, None, _GAP),
    PatternFinding.NOT_STATED: _Answer("IND-2", Outcome.UNKNOWN, Reason.AMBIGUOUS, _UNKNOWN),
    PatternFinding.REASON_REFUTED: _Answer("IND-2", Outcome.UNKNOWN, Reason.AMBIGUOUS, _UNKNOWN),
    PatternFinding.NOT_RECOGNISED: _Answer("IND-2", Outcome.UNKNOWN, Reason.NO_EVIDENCE, _UNKNOWN),
    PatternFinding.NOTHING: _Answer("IND-2", Outcome.UNKNOWN, Reason.NO_EVIDENCE, _UNKNOWN),
    PatternFinding.EXCLUDED: _Answer("IND-3", Outcome.NOT_MET, None, _GAP),
    PatternFinding.EXCLUDED_LISTED: _Answer("IND-3", Outcome.NOT_MET, None, _GAP),
    PatternFinding.REGION_DIFFERS: _Answer("IND-4", Outcome.NOT_MET, None, _GAP),
    PatternFinding.REGION_UNKNOWN: _Answer("IND-4", Outcome.UNKNOWN, Reason.AMBIGUOUS, _UNKNOWN),
}


def evaluate(case: Case, params: Params) -> Check:
    """One answer for the four criteria: the table leads to exactly one of them."""
    if case.order.site_disagrees:
        return _site_disagrees(case)
    pattern = case.pattern
    answer = _ANSWERS[pattern.finding]
    row = pattern.finding.value
    kind = answer.kind
    if pattern.finding is PatternFinding.POSITIVE_LISTED and not case.order.has_reason:
        row, kind = "positive-without-reason", Kind.NOTE
    if pattern.finding is PatternFinding.AXIAL and all(
        d.pattern == "structural-negative" for d in pattern.deciding
    ):
        row = "axial-by-policy"
    return Check(
        criterion=answer.criterion,
        row=row,
        outcome=answer.outcome,
        reason=answer.reason,
        kind=kind,
        decided_by=_items(pattern.deciding, None) + _items(pattern.listed, "listed"),
        set_aside=pattern.set_aside,
        facts={
            "region": case.order.region.label,
            "documented_region": pattern.region.label,
            "codes": _codes(pattern.deciding),
            "listed_codes": _codes(pattern.listed),
        },
        unread=pattern.unread,
    )


def _site_disagrees(case: Case) -> Check:
    order = case.order
    return Check(
        criterion="IND-4",
        row="site-disagrees",
        outcome=Outcome.NOT_MET,
        kind=Kind.GAP,
        decided_by=(Item("order", order.code.label, order.reference),),
        facts={
            "code_region": order.code.region.label if order.code.region else "",
            "site_region": order.region.label,
            "documented_region": order.region.label,
        },
    )


def _items(diagnoses: tuple[Diagnosis, ...], remark: str | None) -> tuple[Item, ...]:
    return tuple([diagnosis.item(remark) for diagnosis in diagnoses])


def _codes(diagnoses: tuple[Diagnosis, ...]) -> str:
    """The codes of our value sets that speak, such as `M54.50`; never the chart's own text."""
    return ", ".join(dict.fromkeys([c.code for d in diagnoses for c in d.concepts if c.pain_pattern]))
