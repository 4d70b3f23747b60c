"""From one order and its record to findings: the rules ask, the policy decides, the guidelines testify."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, NamedTuple, get_args

from plugin.domain.case import Case, Chronicity
from plugin.domain.check import Check, Kind, Outcome
from plugin.domain.families import Family
from plugin.domain.memory import Memory
from plugin.domain.pain_pattern import PatternFinding
from plugin.domain.scope import Scope, scope_of
from plugin.guidelines.agreement import Agreement, Library
from plugin.guidelines.agreement import Case as GuidelineCase
from plugin.guidelines.model import PATTERNS, Criterion, Guideline
from plugin.policies.model import CONFLICTS, RULES, Conflict, Indicator, Loudness, Policy


class Finding(NamedTuple):
    """Something to say about one order."""

    check: Check
    indicator: Indicator
    kind: Kind
    because: Check | None = None
    """The answer that makes this one more urgent."""


class Testimony(NamedTuple):
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


class _Rule(NamedTuple):
    """A rule of the policy, with the policy's numbers."""

    criteria: tuple[str, ...]
    families: frozenset[Family]
    evaluate: Callable[[Case, Any], Check]
    params: Any
    turns_on: Mapping[str, frozenset[str] | None]
    """The parameters by which a row may come out otherwise; None where no number could change it."""


class _Claim(NamedTuple):
    """What a document says of a criterion, and what the rule would be asked by it."""

    guideline: Guideline
    criterion: Criterion
    numbers: tuple[tuple[str, Any], ...]
    """The document's own."""
    keys: frozenset[str]
    params: Any
    """The rule's, with these numbers in place of the policy's; None where the rule does not count by them."""
    is_as_policy: bool


class Judge:
    """Applies one policy. Built once; `judge` is called per order."""

    def __init__(self, policy: Policy, library: Library) -> None:
        self.policy = policy
        self.library = library
        rules = [_rule(name, policy) for name in policy.file.rules]
        self._rules = {family: tuple(r for r in rules if family in r.families) for family in Family}
        self._rule_of = {criterion: rule for rule in reversed(rules) for criterion in rule.criteria}
        self._conflicts: dict[tuple[Family, str | None, Chronicity], tuple[Conflict, ...]] = {
            words: tuple(c for c in policy.file.conflicts if c.is_about(*words, gaps=c.beside))
            for words in product(Family, (None, *PATTERNS), get_args(Chronicity))
        }
        """By family, pattern and chronicity; some stand only beside a gap."""
        self._telling_rows = frozenset(c.when.rpartition(".")[2] for c in policy.file.consequences)
        self._claims: dict[str, list[_Claim]] = {}
        for guideline in library.guidelines:
            for criterion in guideline.criteria:
                claim = _claim(guideline, criterion, self._rule_of.get(criterion.criterion))
                self._claims.setdefault(criterion.criterion, []).append(claim)
        self._speaking: Memory[_Asked, tuple[_Claim, ...]] = Memory(self._speaking_of, lambda asked: True)

    def judge(self, case: Case, hook: str) -> Verdict:
        """The answers in the order of the policy's rules, then the guideline conflicts."""
        scope = scope_of(case, self.policy.scope_params)
        if scope.silenced_by is not None:
            return Verdict(case, scope, (), (), None)
        checks = [*scope.checks, *self._ask(case, scope)]
        agreement = self.agreement(case)
        if not scope.conflicts_off:
            checks += self._conflicting(case, agreement, checks)
        changed = self._changed(checks)
        said = [self._finding(check, check.kind, scope, hook, changed) for check in checks if check.kind]
        return Verdict(case, scope, tuple(checks), tuple([f for f in said if f is not None]), agreement)

    def testimonies(self, case: Case, check: Check) -> tuple[Testimony, ...]:
        """What each document of the policy says of the criterion for such a case, its own numbers applied."""
        rule = self._rule_of.get(check.criterion)
        found: list[Testimony] = []
        answered: dict[tuple[tuple[str, Any], ...], Outcome | None] = {}
        order, pattern = case.order, case.pattern.case
        asked = (check.criterion, order.family, pattern, case.chronicity, case.region.atoms)
        for claim in self._speaking[asked]:
            if claim.numbers not in answered:
                answered[claim.numbers] = None if rule is None else _outcome_by(claim, case, check, rule)
            found.append(Testimony(claim.guideline, claim.criterion, answered[claim.numbers]))
        return tuple(found)

    def alternatives(self, case: Case) -> dict[str, Agreement]:
        """Where the pain pattern is open: the agreement for each pattern it may turn out to be."""
        if case.pattern.finding not in _OPEN_PATTERN:
            return {}
        return {pattern: self._agreement_on(case, pattern) for pattern in ("radicular", "axial")}

    def agreement(self, case: Case) -> Agreement | None:
        """Who is for and who is against the order's procedure in this case."""
        pattern = case.pattern.case
        return None if pattern is None else self._agreement_on(case, pattern)

    def _agreement_on(self, case: Case, pattern: str) -> Agreement:
        regions = case.region.atoms
        return self.library.agreement(
            GuidelineCase(case.order.family.value, pattern, case.chronicity, regions)
        )

    def _ask(self, case: Case, scope: Scope) -> list[Check]:
        rules = self._rules[case.order.family]
        if not scope.off:
            return [rule.evaluate(case, rule.params) for rule in rules]
        asked = [r for r in rules if not all(scope.is_off(criterion) for criterion in r.criteria)]
        answers = [rule.evaluate(case, rule.params) for rule in asked]
        return [check for check in answers if not scope.is_off(check.criterion)]

    def _conflicting(self, case: Case, agreement: Agreement | None, checks: list[Check]) -> list[Check]:
        gaps = {check.criterion for check in checks if check.kind is Kind.GAP}
        return [
            Check(
                conflict.criterion,
                conflict.pattern,
                Outcome.CONFLICT,
                kind=Kind.NOTE,
                decided_by=tuple([d.item() for d in case.pattern.deciding]),
            )
            for conflict in self._conflicts[case.order.family, case.pattern.case, case.chronicity]
            if not (conflict.beside and gaps.isdisjoint(conflict.beside)) and _is_told(conflict, agreement)
        ]

    def _changed(self, checks: list[Check]) -> dict[str, tuple[Loudness, Check]]:
        """Criteria that are said more or less loudly in this case, and the answer that makes them so."""
        telling = [check for check in checks if check.row in self._telling_rows]
        if not telling:
            return {}
        rows = {f"{check.criterion}.{check.row}": check for check in telling}
        listed = [c for c in self.policy.file.consequences if c.when in rows]
        return {criterion: (c.indicator, rows[c.when]) for c in listed for criterion in c.criteria}

    def _finding(
        self, check: Check, kind: Kind, scope: Scope, hook: str, changed: dict[str, tuple[Loudness, Check]]
    ) -> Finding | None:
        loudness = self.policy.loudness(check.criterion, check.row, hook)
        group = CONFLICTS if check.outcome is Outcome.CONFLICT else check.criterion
        change, cause = changed.get(group, (None, None))
        if loudness == "silent" or change == "silent":
            return None
        indicator: Indicator = loudness or ("warning" if kind is Kind.GAP else "info")
        if check.criterion in scope.lowered:
            return Finding(check, "info", kind)
        if change is not None and kind is Kind.GAP and indicator == "warning":
            return Finding(check, change, kind, cause if change == "critical" else None)
        return Finding(check, indicator, kind)

    def _speaking_of(self, asked: _Asked) -> tuple[_Claim, ...]:
        """What the documents say of the criterion in such a case: a matter of content and a few words."""
        criterion, family, pattern, chronicity, regions = asked
        claims = self._claims.get(criterion, ())
        return tuple(c for c in claims if c.criterion.is_about(family, pattern, chronicity, regions))


_Asked = tuple[str, Family, str | None, Chronicity, frozenset[str]]
"""Criterion, family, pattern, chronicity and regions."""


def _rule(name: str, policy: Policy) -> _Rule:
    module = RULES[name]
    turns_on = getattr(module, "TURNS_ON", {})
    return _Rule(module.CRITERIA, module.FAMILIES, module.evaluate, policy.params[name], turns_on)


def _claim(guideline: Guideline, criterion: Criterion, rule: _Rule | None) -> _Claim:
    given = criterion.params.model_dump(exclude_none=True)
    params, is_as_policy = None, False
    if given and rule is not None and all(hasattr(rule.params, key) for key in given):
        params = replace(rule.params, **given)
        is_as_policy = params == rule.params
    return _Claim(guideline, criterion, tuple(given.items()), frozenset(given), params, is_as_policy)


def _outcome_by(claim: _Claim, case: Case, asked: Check, rule: _Rule) -> Outcome | None:
    """The rule's outcome by the document's own numbers."""
    if claim.params is None:
        return None
    # Of a rule with several limits, the number that this row turns on must be the document's own.
    turns_on = rule.turns_on.get(asked.row, _NO_NUMBER)
    if turns_on is None or not claim.keys >= turns_on:
        return None
    return asked.outcome if claim.is_as_policy else rule.evaluate(case, claim.params).outcome


_NO_NUMBER: frozenset[str] = frozenset()


def _is_told(conflict: Conflict, agreement: Agreement | None) -> bool:
    """Do the documents say of the case what the conflict needs?"""
    if conflict.needs == "nothing":
        return True
    if agreement is None:
        return False
    return agreement.is_conflict if conflict.needs == "disagreement" else agreement.takes_position
