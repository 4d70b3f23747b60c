"""What one criterion's page shows, gathered from criteria, policies, guidelines and terminology."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from plugin.criteria import ATTRIBUTES, Criterion
from plugin.guidelines import Guideline
from plugin.guidelines.model import CHRONICITIES, FAMILIES, PATTERNS, REGIONS, About
from plugin.guidelines.model import Criterion as Asked
from plugin.pages.cases import SPEAKING, CaseGroup, Statement, case_groups, statements
from plugin.pages.knowledge import Knowledge
from plugin.policies.model import Policy

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Threshold:
    """One key of the policies: value and source under each of them, None where a policy does not set it."""

    key: str
    label: str
    values: tuple[tuple[str, str] | None, ...]


@dataclass(frozen=True, slots=True)
class OwnNumber:
    """What one document asks for under a criterion."""

    guideline: Guideline
    asked: Asked
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InputLine:
    title: str
    elements: str
    search: str | None
    """None: it comes with the call."""
    limits: str


@dataclass(frozen=True, slots=True)
class CodeList:
    name: str
    verified: int
    unverified: int


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the decision table, as a card words it. Placeholders stand in brackets."""

    row: str
    summary: str
    missing: str
    settle: str
    shown: tuple[str, ...]
    """Where a policy sets how loud the row is: `info`, or `default: info` of several policies."""


@dataclass(frozen=True, slots=True)
class AttributeLine:
    number: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class CriterionView:
    id: str
    entry: Criterion
    policies: tuple[Policy, ...]
    """Those that use it; empty: not in use."""
    inputs: tuple[InputLine, ...]
    code_lists: tuple[CodeList, ...]
    thresholds: tuple[Threshold, ...]
    own_numbers: tuple[OwnNumber, ...]
    cases: tuple[CaseGroup, ...]
    statements: Mapping[str, tuple[Statement, ...]]
    """By pain pattern; patterns of which no document speaks are left out."""
    documents: tuple[Guideline, ...]
    """Those that take a position on its cases, or set numbers of their own."""
    messages: tuple[Message, ...]
    attributes: tuple[AttributeLine, ...]

    def is_overdue(self, today: date) -> bool:
        return self.entry.next_review < today


def criterion_view(knowledge: Knowledge, name: str) -> CriterionView:
    """Raises KeyError for a criterion without an entry."""
    entry = knowledge.content.criteria[name]
    cases = _cases(knowledge, entry)
    own = _own_numbers(knowledge, name)
    speaking = {s.guideline.id for case in cases for s in case.sides} | {o.guideline.id for o in own}
    documents = tuple(g for g in knowledge.guidelines if g.id in speaking)
    return CriterionView(
        id=name,
        entry=entry,
        policies=knowledge.in_use(name),
        inputs=_inputs(knowledge, entry),
        code_lists=tuple(code_list(knowledge, set_id) for set_id in entry.value_sets),
        thresholds=_thresholds(knowledge, name, entry),
        own_numbers=own,
        cases=cases,
        statements=_statements(knowledge, entry),
        documents=documents,
        messages=_messages(knowledge, name),
        attributes=_attributes(knowledge, entry, _citations(knowledge, cases, documents)),
    )


@dataclass(frozen=True, slots=True)
class GuidelinesView:
    """Every case that a document takes a side on, and what each says."""

    cases: tuple[CaseGroup, ...]
    statements: Mapping[str, tuple[Statement, ...]]


def guidelines_view(knowledge: Knowledge) -> GuidelinesView:
    groups = case_groups(knowledge.guidelines, FAMILIES, PATTERNS, CHRONICITIES)
    return GuidelinesView(
        tuple(group for group in groups if group.sides),
        _by_pattern(knowledge, FAMILIES, PATTERNS, CHRONICITIES),
    )


def durations(knowledge: Knowledge, chronicity: Sequence[str]) -> str:
    if len(chronicity) == len(CHRONICITIES):
        return "any duration"
    return ", ".join(map(knowledge.catalogue.word, chronicity))


def code_list(knowledge: Knowledge, set_id: str) -> CodeList:
    members = knowledge.terminology.members(set_id)
    verified = sum(concept.properties.get("verified") is True for concept in members)
    return CodeList(set_id, verified, len(members) - verified)


def _cases(knowledge: Knowledge, entry: Criterion) -> tuple[CaseGroup, ...]:
    if entry.cases is None:
        return ()
    return case_groups(knowledge.guidelines, entry.families, entry.cases.patterns, entry.cases.chronicity)


def _statements(knowledge: Knowledge, entry: Criterion) -> Mapping[str, tuple[Statement, ...]]:
    if entry.cases is None:
        return {}
    return _by_pattern(knowledge, entry.families, entry.cases.patterns, entry.cases.chronicity)


def _by_pattern(
    knowledge: Knowledge, families: Sequence[str], patterns: Sequence[str], chronicity: Sequence[str]
) -> Mapping[str, tuple[Statement, ...]]:
    found = {p: statements(knowledge.guidelines, families, p, chronicity) for p in patterns}
    return {pattern: said for pattern, said in found.items() if said}


def _own_numbers(knowledge: Knowledge, name: str) -> tuple[OwnNumber, ...]:
    return tuple(
        OwnNumber(guideline, asked, tuple(_numbers(asked)))
        for guideline in knowledge.guidelines
        for asked in guideline.criteria
        if asked.criterion == name
    )


def _numbers(asked: Asked) -> Iterator[str]:
    for key, value in asked.params.model_dump(exclude_none=True).items():
        yield f"{key} = {_plain(value)}"


def narrowed(about: About, families: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """What a claim applies to, part by part: families, then what else of the cases it leaves out."""
    yield tuple(families)
    for listed, all_there_are in (
        (about.patterns, PATTERNS),
        (about.chronicity, CHRONICITIES),
        (about.regions, REGIONS),
    ):
        if len(listed) < len(all_there_are):
            yield listed


def _inputs(knowledge: Knowledge, entry: Criterion) -> tuple[InputLine, ...]:
    parts = [(key, knowledge.content.inputs[key]) for key in entry.inputs]
    return tuple(InputLine(p.title, p.elements, knowledge.searches.get(key), p.limits) for key, p in parts)


def _thresholds(knowledge: Knowledge, name: str, entry: Criterion) -> tuple[Threshold, ...]:
    own = [
        Threshold(f"params.{name}.{key}", label, _under(knowledge, name, key))
        for key, label in entry.params.items()
    ]
    shared = [Threshold(key, label, _under(knowledge, None, key)) for key, label in entry.settings.items()]
    return tuple(threshold for threshold in (*own, *shared) if any(threshold.values))


def _under(knowledge: Knowledge, name: str | None, key: str) -> tuple[tuple[str, str] | None, ...]:
    return tuple(_value(policy, name, key) for policy in knowledge.policies)


def _value(policy: Policy, name: str | None, key: str) -> tuple[str, str] | None:
    if name is None:
        return _plain(getattr(policy.file, key)), policy.file.sources.get(key, "")
    if key not in policy.file.params.get(name, {}):
        return None
    return _plain(policy.file.params[name][key]), policy.file.sources.get(f"{name}.{key}", "")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _messages(knowledge: Knowledge, name: str) -> tuple[Message, ...]:
    words = knowledge.catalogue.text.criteria.get(name)
    if words is None:
        return ()
    return tuple(
        Message(
            row=row,
            summary=_bracketed(said.summary),
            missing=_bracketed(said.missing),
            settle=_bracketed(said.settle),
            shown=_shown(knowledge, name, row),
        )
        for row, said in words.rows.items()
    )


def _bracketed(template: str) -> str:
    return _PLACEHOLDER.sub(lambda found: f"[{found[1].replace('_', ' ')}]", template)


def _shown(knowledge: Knowledge, name: str, row: str) -> tuple[str, ...]:
    """How loud the policies make the row, where they say so; `order-sign` and the like for one hook."""
    found = []
    for policy in knowledge.policies:
        tables = [
            ("", policy.file.severity),
            *((f" at {hook}", t) for hook, t in policy.file.severity_at.items()),
        ]
        prefix = f"{policy.file.id}: " if len(knowledge.policies) > 1 else ""
        found += [
            f"{prefix}{table[f'{name}.{row}']}{where}" for where, table in tables if f"{name}.{row}" in table
        ]
    return tuple(found)


def _citations(
    knowledge: Knowledge, cases: tuple[CaseGroup, ...], documents: tuple[Guideline, ...]
) -> tuple[str, ...]:
    """Each document with the sides it takes on the criterion's cases."""
    found = []
    for guideline in documents:
        sides = [d for d in SPEAKING if any(s.guideline is guideline for case in cases for s in case.by(d))]
        words = ", ".join(knowledge.catalogue.word(side).lower() for side in sides)
        found.append(f"{guideline.short_name}{f' ({words})' if words else ''}: {guideline.citation}")
    return tuple(found)


def _attributes(
    knowledge: Knowledge, entry: Criterion, citations: tuple[str, ...]
) -> tuple[AttributeLine, ...]:
    released, revised = entry.changes[0].date, entry.changes[-1].date
    lines = []
    for number, name in enumerate(ATTRIBUTES, start=1):
        default = knowledge.content.attributes[name]
        value = entry.attributes.get(name, default.value)
        if name == "citation" and citations:
            value = " ".join(citations)
        if name == "dates":
            value = value.format(released=released, revised=revised)
        lines.append(AttributeLine(number, default.title, value))
    return tuple(lines)
