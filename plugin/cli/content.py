"""`spinal-cds content`: the whole clinical content, readable without Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from plugin.cli.document import Block, Heading, Paragraph, Table
from plugin.pages import Knowledge
from plugin.pages.cases import CaseGroup, Side
from plugin.pages.views import (
    CriterionView,
    GuidelinesView,
    OwnNumber,
    Threshold,
    code_list,
    criterion_view,
    durations,
    guidelines_view,
    narrowed,
)

_PACKAGE = Path(__file__).parents[1]
_STANDINGS = {
    "disagree": "⚠ disagree",
    "qualified": "conditions differ",
    "agree": "no disagreement",
    "none": "no position",
}


def content_digest(package: Path = _PACKAGE) -> str:
    """Over every file of content in the package: guidelines, policies, criteria, terminology, catalogues."""
    digest = hashlib.sha256()
    for path in sorted((*package.rglob("*.toml"), *package.rglob("*.json"))):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def content_listing(knowledge: Knowledge) -> list[Block]:
    about = knowledge.content.about
    return [
        Heading(1, "Clinical content"),
        Paragraph(f"{about.purpose} {about.sign_off} {about.validation}"),
        Paragraph(f"{about.unknown} {about.coverage}"),
        *_policies(knowledge),
        *_criteria(knowledge),
        *_guidelines(knowledge),
        *_value_sets(knowledge),
    ]


def _policies(knowledge: Knowledge) -> Iterator[Block]:
    yield Heading(2, "Policies")
    yield Table(
        ("Policy", "Title", "Owner", "Guidelines on its cards"),
        [(p.label, p.file.title, p.file.owner, ", ".join(p.file.guidelines)) for p in knowledge.policies],
    )


def _criteria(knowledge: Knowledge) -> Iterator[Block]:
    yield Heading(2, "Criteria")
    for group in knowledge.content.about.groups:
        yield Heading(3, group.title)
        for name in group.criteria:
            yield from _criterion(knowledge, criterion_view(knowledge, name))


def _criterion(knowledge: Knowledge, view: CriterionView) -> Iterator[Block]:
    entry, word = view.entry, knowledge.catalogue.word
    users = ", ".join(policy.label for policy in view.policies)
    yield Heading(4, f"{view.id}: {entry.title}")
    yield Paragraph(entry.question)
    yield Table(
        ("About", "Content"),
        [
            ("In use", users or "by no policy"),
            ("Procedures", ", ".join(map(word, entry.families))),
            *((f"Answer: {answer}", meaning) for answer, meaning in entry.answers.items()),
            ("Reads", ", ".join(line.title for line in view.inputs)),
            ("Limits", entry.limits),
            ("Code lists", ", ".join(entry.value_sets) or "none"),
            ("Health status assessments", view.attributes[-1].value),
            ("Owner", entry.owner),
            ("Last review", str(entry.last_review or "none yet by a clinician")),
            ("Next review", str(entry.next_review)),
        ],
    )
    if view.thresholds:
        yield Table(
            ("Threshold", "Key", *(policy.label for policy in knowledge.policies)),
            [(t.label, f"`{t.key}`", *_values(t)) for t in view.thresholds],
        )
    if view.own_numbers:
        yield Table(
            ("Document", "Applies to", "Number", "In short", "How it was read"),
            [_own_number(knowledge, own) for own in view.own_numbers],
        )
    if view.messages:
        yield Table(
            ("Row", "What a card says", "What is missing", "What would settle it", "Shown as"),
            [(m.row, m.summary, m.missing, m.settle, "; ".join(m.shown)) for m in view.messages],
        )


def _own_number(knowledge: Knowledge, own: OwnNumber) -> tuple[str, ...]:
    word, asked = knowledge.catalogue.word, own.asked
    return (
        own.guideline.short_name,
        "; ".join(", ".join(map(word, part)) for part in narrowed(asked, asked.families)),
        ", ".join(own.numbers) or ("none" if asked.asks else "does without it"),
        asked.says,
        f"{asked.mark} [{asked.source_key}]",
    )


def _values(threshold: Threshold) -> Iterator[str]:
    for value in threshold.values:
        yield f"{value[0]} ({value[1] or 'no source given'})" if value else "not set"


def _guidelines(knowledge: Knowledge) -> Iterator[Block]:
    view, marks = guidelines_view(knowledge), knowledge.content.about.marks
    yield Heading(2, "Guideline positions")
    yield Paragraph("Documents without a position on a case are not named; coverage documents carry a (c).")
    yield Table(
        ("Case", "Together", "For", "With conditions", "Against"),
        [_case(knowledge, group) for group in view.cases],
    )
    yield from _statements(knowledge, view)
    yield Heading(2, "Documents")
    yield Paragraph("; ".join(f"{mark}: {meaning}" for mark, meaning in marks.items()) + ".")
    yield Table(
        ("Document", "Kind", "Citation", "Population", "Leaves out", "Read", "Interests and disputes"),
        [
            (
                f"{g.short_name}, {g.published}",
                g.kind,
                f"{g.citation} {g.url or ''}".strip(),
                g.population,
                "; ".join(g.excludes),
                g.reading,
                g.conflict or "",
            )
            for g in knowledge.guidelines
        ],
    )


def _case(knowledge: Knowledge, group: CaseGroup) -> tuple[str, ...]:
    word = knowledge.catalogue.word
    times = durations(knowledge, group.chronicity)
    return (
        f"{word(group.pattern)}, {times}: {', '.join(map(word, group.families))}",
        _STANDINGS[group.standing],
        *(_sides(group.by(direction)) for direction in ("for", "conditional", "against")),
    )


def _sides(sides: Iterable[Side]) -> str:
    return ", ".join(
        side.guideline.short_name
        + ("" if side.is_everywhere else f" ({', '.join(side.regions)})")
        + (" (c)" if side.guideline.kind == "coverage" else "")
        for side in sides
    )


def _statements(knowledge: Knowledge, view: GuidelinesView) -> Iterator[Block]:
    word = knowledge.catalogue.word
    for pattern, found in view.statements.items():
        yield Heading(3, f"In full: {word(pattern)}")
        yield Table(
            ("Document", "Side", "Strength", "Applies to", "In short", "How it was read"),
            [
                (
                    s.guideline.short_name,
                    word(s.position.direction).lower(),
                    s.position.strength or "not stated",
                    f"{', '.join(map(word, s.families))}; {durations(knowledge, s.chronicity)}"
                    + ("" if s.is_everywhere else f"; {', '.join(s.position.regions)} only"),
                    s.position.says,
                    f"{s.position.mark} [{s.position.source_key}]",
                )
                for s in found
            ],
        )


def _value_sets(knowledge: Knowledge) -> Iterator[Block]:
    lists = [code_list(knowledge, name) for name in sorted(knowledge.terminology.set_ids)]
    yield Heading(2, "Value sets")
    verified, unverified = sum(c.verified for c in lists), sum(c.unverified for c in lists)
    yield Paragraph(
        f"{len(lists)} sets. Codes verified in a source: {verified}; not verified: {unverified}. "
        "A code in two sets counts twice; patterns of codes are not counted."
    )
    yield Table(
        ("Set", "Verified", "Not verified"), [(c.name, str(c.verified), str(c.unverified)) for c in lists]
    )
