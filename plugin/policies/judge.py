"""From one order and its record to findings: the rules ask, the policy decides, the guidelines testify."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from plugin.domain.case import Case
from plugin.domain.check import Check, Kind, Outcome
from plugin.domain.pain_pattern import PatternFinding
from plugin.domain.scope import Scope, scope_of
from plugin.guidelines.agreement import Agreement, Library
from plugin.guidelines.agreement import Case as GuidelineCase
from plugin.guidelines.model import Criterion, Guideline
from plugin.policies.model import CONFLICTS, RULES, Conflict, Indicator, Loudness, Policy


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to say about one order."""

    check: Check
    indicator: Indicator
    kind: Kind
    because: Check | None = None
    """The answer that makes this one more urgent."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """What one document asks for under a criterion, and whether this case meets it by that."""

    guideline: Guideline
    claim: Criterion
    outcome: Outcome | None
    """None when the document gives no number of its own, or asks for something the rule does not count."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every answer about one order, and what of it is said."""

    case: Case
    scope: Scope
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    agreement: Agreement | None
    """None while the pain pattern is not known."""


_OPEN_PATTERN = frozenset(
    {
        PatternFinding.POSSIBLE,
        PatternFinding.CONFLICT,
        PatternFinding.OPEN,
        PatternFinding.NOT_STATED,
        PatternFinding.NOTHING,
        PatternFinding.UNREAD,
        PatternFinding.NOT_RECOGNISED,
        PatternFinding.REASON_REFUTED,
        PatternFinding.REGION_DIFFERS,
        PatternFinding.REGION_UNKNOWN,
    }
)


_Claim = tuple[Guideline, Criterion, dict[str, Any]]
"""A document, what it says of a criterion, and its own numbers."""


class Judge:
    """Applies one policy. Built once; `judge` is called per order."""

    def __init__(self, policy: Policy, library: Library) -> None:
        self.policy = policy
        self.library = library
        self._claims: dict[str, list[_Claim]] = {}
        for guideline in library.guidelines:
            for criterion in guideline.criteria:
                given = criterion.params.model_dump(exclude_none=True)
                self._claims.setdefault(criterion.criterion, []).append((guideline, criterion, given))

    def judge(self, case: Case, hook: str) -> Verdict:
        """The answers in the order of the policy's rules, then the guideline conflicts."""
        scope = scope_of(case, self.policy.scope_params)
        if scope.silenced_by is not None:
            return Verdict(case, scope, (), (), None)
        checks = [*scope.checks, *self._ask(case, scope)]
        agreement = self.agreement(case)
        if not scope.conflicts_off:
            checks += self._conflicts(case, agreement, checks)
        changed = self._changed(checks)
        findings = [self._finding(check, scope, hook, changed) for check in checks]
        return Verdict(case, scope, tuple(checks), tuple(f for f in findings if f is not None), agreement)

    def testimonies(self, case: Case, check: Check) -> tuple[Testimony, ...]:
        """What each document of the policy says of the criterion for such a case, its own numbers applied."""
        found: list[Testimony] = []
        answered: dict[tuple[tuple[str, object], ...], Outcome | None] = {}
        for guideline, criterion, given in self._claims.get(check.criterion, ()):
            if _is_about(criterion, case):
                numbers = tuple(given.items())
                if numbers not in answered:
                    answered[numbers] = self._outcome_by(case, check, given)
                found.append(Testimony(guideline, criterion, answered[numbers]))
        return tuple(found)

    def alternatives(self, case: Case) -> dict[str, Agreement]:
        """Where the pain pattern is open: the agreement for each pattern it may turn out to be."""
        if case.pattern.finding not in _OPEN_PATTERN:
            return {}
        return {pattern: self._agreement_on(case, pattern) for pattern in ("radicular", "axial")}

    def _ask(self, case: Case, scope: Scope) -> list[Check]:
        checks: list[Check] = []
        for rule in self.policy.file.rules:
            if case.order.family not in RULES[rule].FAMILIES:
                continue
            if all(scope.is_off(criterion) for criterion in RULES[rule].CRITERIA):
                continue
            check = RULES[rule].evaluate(case, self.policy.params[rule])
            if not scope.is_off(check.criterion):
                checks.append(check)
        return checks

    def agreement(self, case: Case) -> Agreement | None:
        """Who is for and who is against the order's procedure in this case."""
        pattern = case.pattern.case
        return None if pattern is None else self._agreement_on(case, pattern)

    def _agreement_on(self, case: Case, pattern: str) -> Agreement:
        regions = case.region.atoms
        return self.library.agreement(
            GuidelineCase(case.order.family.value, pattern, case.chronicity, regions)
        )

    def _conflicts(self, case: Case, agreement: Agreement | None, checks: list[Check]) -> list[Check]:
        gaps = {check.criterion for check in checks if check.kind is Kind.GAP}
        return [
            Check(
                conflict.criterion,
                conflict.pattern,
                Outcome.CONFLICT,
                kind=Kind.NOTE,
                decided_by=tuple(d.item() for d in case.pattern.deciding),
            )
            for conflict in self.policy.file.conflicts
            if conflict.is_about(case.order.family.value, case.pattern.case, case.chronicity, gaps)
            and _is_told(conflict, agreement)
        ]

    def _changed(self, checks: list[Check]) -> dict[str, tuple[Loudness, Check]]:
        """Criteria that are said more or less loudly in this case, and the answer that makes them so."""
        rows = {f"{check.criterion}.{check.row}": check for check in checks}
        listed = [c for c in self.policy.file.consequences if c.when in rows]
        return {criterion: (c.indicator, rows[c.when]) for c in listed for criterion in c.criteria}

    def _finding(
        self, check: Check, scope: Scope, hook: str, changed: dict[str, tuple[Loudness, Check]]
    ) -> Finding | None:
        if check.kind is None:
            return None
        loudness = self.policy.loudness(check.criterion, check.row, hook)
        group = CONFLICTS if check.outcome is Outcome.CONFLICT else check.criterion
        change, cause = changed.get(group, (None, None))
        if loudness == "silent" or change == "silent":
            return None
        indicator: Indicator = loudness or ("warning" if check.kind is Kind.GAP else "info")
        if check.criterion in scope.lowered:
            return Finding(check, "info", check.kind)
        if change is not None and check.kind is Kind.GAP and indicator == "warning":
            return Finding(check, change, check.kind, cause if change == "critical" else None)
        return Finding(check, indicator, check.kind)

    def _outcome_by(self, case: Case, asked: Check, given: dict[str, Any]) -> Outcome | None:
        rule = next((r for r in self.policy.file.rules if asked.criterion in RULES[r].CRITERIA), None)
        if rule is None:
            return None
        params = self.policy.params[rule]
        if not given or not all(hasattr(params, key) for key in given):
            return None
        # Of a rule with several limits, the number that this row turns on must be the document's own.
        turns_on = getattr(RULES[rule], "TURNS_ON", {}).get(asked.row, frozenset())
        if turns_on is None or not given.keys() >= turns_on:
            return None
        if all(getattr(params, key) == value for key, value in given.items()):
            return asked.outcome
        check: Check = RULES[rule].evaluate(case, replace(params, **given))
        return check.outcome


def _is_about(criterion: Criterion, case: Case) -> bool:
    return criterion.is_about(case.order.family.value, case.pattern.case, case.chronicity, case.region.atoms)


def _is_told(conflict: Conflict, agreement: Agreement | None) -> bool:
    """Do the documents say of the case what the conflict needs?"""
    if conflict.needs == "nothing":
        return True
    if agreement is None:
        return False
    return agreement.is_conflict if conflict.needs == "disagreement" else agreement.takes_position
