"""The Markdown of a card: what was looked for, what was found, what is missing, what would settle it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from plugin.cards.catalogue import Catalogue, CriterionText, RowText
from plugin.cards.markdown import quoted
from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Unread
from plugin.domain.dates import DateRange
from plugin.domain.families import Family
from plugin.guidelines.agreement import Agreement, Stance
from plugin.policies.judge import Finding, Judge, Testimony, Verdict

MAX_ITEMS = 8
_ABOUT_AGREEMENT = frozenset({"IND-1", "IND-3", "IND-5", "SIJ-3"})
"""Criteria whose very question guidelines answer differently."""
_SHOWN_ASIDE = frozenset({"resolved", "not-spinal", "other-region", "oral-only"})
"""Remarks of entries that do not count, and that a reader would look for."""


class Ordered(NamedTuple):
    """A verdict, and what all cards about its order say of the order, said once for all of them."""

    verdict: Verdict
    reference: str
    paragraph: str
    facts: dict[str, object]


class _Answer(NamedTuple):
    """The paragraphs of one row that lack nothing but the facts: templates, made once."""

    looked_for: str
    open: str
    """What is missing, and what would settle it."""
    open_if_continued: str
    """The same where therapy that goes on will settle it before the planned date."""
    open_if_continued_late: str
    """Or after it."""


class Detail:
    """Writes details. Built once; keeps the paragraphs that hang on content alone."""

    def __init__(self, catalogue: Catalogue, judge: Judge) -> None:
        self._catalogue = catalogue
        self._judge = judge
        self._answers = {
            criterion: {row: self._worded(text, words) for row, words in text.rows.items()}
            for criterion, text in catalogue.text.criteria.items()
        }
        self._planned = self._order_template(catalogue.frame("planned", date="{planned}"))
        self._not_planned = self._order_template(catalogue.frame("not_planned"))
        self._policy = catalogue.frame("policy", policy=judge.policy.label)
        self._positions_written: dict[tuple[int, str | None, str, bool], str] = {}
        self._alternatives_written: dict[tuple[tuple[str, int], ...], str] = {}
        self._testimonies_written: dict[tuple[int, Outcome | None], str] = {}

    def _worded(self, criterion: CriterionText, row: RowText) -> _Answer:
        frame = self._catalogue.frame

        def open_until(settle: str | None) -> str:
            return _paragraphs(
                [frame("missing", text=row.missing), frame("settle", text=settle or row.settle)]
            )

        return _Answer(
            looked_for=frame("looked_for", text=row.looked_for or criterion.looked_for),
            open=open_until(None),
            open_if_continued=open_until(row.settle_if_continued),
            open_if_continued_late=open_until(row.settle_if_continued_late),
        )

    def _order_template(self, planned: str) -> str:
        frame = self._catalogue.frame
        line = frame("order_line", family="{family}", code="{code}", region="{region}", planned=planned)
        return frame("order", order=f"{line}{{local_code}} ({{reference}})")

    def order(self, verdict: Verdict) -> Ordered:
        """What there is to say of the order, whatever is then said about it."""
        order, catalogue = verdict.case.order, self._catalogue
        facts = self.order_facts(verdict.case)
        local_code = ""
        if order.local_code is not None:
            local_code = f", {catalogue.frame('local_code', code=quoted(order.local_code))}"
        template = self._not_planned if order.planned is None else self._planned
        paragraph = template.format(
            family=catalogue.word(str(order.family)),
            code=facts["code"],
            region=facts["region"],
            planned=order.planned,
            local_code=local_code,
            reference=quoted(order.reference),
        )
        return Ordered(verdict, order.reference, paragraph, facts)

    def order_facts(self, case: Case) -> dict[str, object]:
        """The facts that hold of every answer about the order."""
        return {
            "region": case.region.label,
            "code": case.order.code.code,
            "order_name": self._catalogue.word(f"{case.order.family}-order"),
        }

    def facts(self, check: Check, order_facts: Mapping[str, object]) -> dict[str, object]:
        """The facts of the answer and of the order, in the catalogue's words."""
        facts = {**order_facts, **check.facts}
        if "change" in facts:
            facts["change"] = self._catalogue.word(str(facts["change"]))
        if "max_age_days" in facts:
            facts["max_age_months"] = round(int(str(facts["max_age_days"])) / 30.4375)
        return facts

    def of_gap(
        self, order: Ordered, finding: Finding, facts: dict[str, object], notes: Sequence[Finding]
    ) -> str:
        """`facts`: those of the finding's answer."""
        check, verdict = finding.check, order.verdict
        parts = [order.paragraph, *self._answer(check, facts)]
        if finding.because is not None:
            parts.append(self._urgency(finding.because, order))
        if notes:
            parts.append(self._notes(order, notes))
        parts += self._own_thresholds(verdict.case, check)
        subject = self._subject(verdict) if check.criterion == "BIO-1" else verdict
        parts.append(self._positions(subject, in_full=check.criterion in _ABOUT_AGREEMENT))
        parts.append(self._policy)
        return _paragraphs(parts)

    def _subject(self, verdict: Verdict) -> Verdict:
        """What guidelines are asked about a biologic: a case of its own, whatever way it goes in."""
        case = replace(verdict.case, order=replace(verdict.case.order, family=Family.BIOLOGIC))
        return replace(verdict, case=case, agreement=self._judge.agreement(case))

    def _urgency(self, because: Check, order: Ordered) -> str:
        words = self._catalogue.row(because.criterion, because.row)
        text = words.missing.format_map(self.facts(because, order.facts))
        return self._catalogue.frame("more_urgent", text=text)

    def of_unknowns(
        self, pairs: Sequence[tuple[Ordered, Finding]], notes: Sequence[tuple[Ordered, Finding]]
    ) -> str:
        parts: list[str] = []
        for order in {o.reference: o for o, _ in pairs}.values():
            parts.append(order.paragraph)
            for finding in (f for owner, f in pairs if owner is order):
                title = self._catalogue.criterion(finding.check.criterion).title
                parts += [
                    f"### {title}",
                    *self._answer(finding.check, self.facts(finding.check, order.facts)),
                ]
            own_notes = [f for owner, f in notes if owner is order]
            if own_notes:
                parts.append(self._notes(order, own_notes))
            parts.append(self._positions(order.verdict))
        return _paragraphs([*parts, self._policy])

    def of_notes(self, pairs: Sequence[tuple[Ordered, Finding]]) -> str:
        parts: list[str] = []
        for order in {id(o): o for o, _ in pairs}.values():
            own = [f for owner, f in pairs if owner is order]
            parts += [order.paragraph, self._notes(order, own), self._positions(order.verdict, in_full=True)]
        return _paragraphs([*parts, self._policy])

    def of_orphan(self, row: str, reference: str) -> str:
        order = self._catalogue.frame("order", order=quoted(reference))
        return _paragraphs([order, self._answers["SCOPE"][row].open, self._policy])

    def _answer(self, check: Check, facts: dict[str, object]) -> list[str]:
        """Looked for, found, not counted, could not be read, missing, what would settle it."""
        frame, answer = self._catalogue.text.frame, self._answers[check.criterion][check.row]
        parts = [answer.looked_for.format_map(facts)]
        if check.decided_by:
            parts.append(_listed(frame["found"], self._items(check.decided_by)))
        elif check.reason is not Reason.NO_ACCESS:
            parts.append(frame["found_nothing"])
        if aside := [i for i in check.set_aside if i.remark in _SHOWN_ASIDE]:
            parts.append(_listed(frame["not_counted"], self._items(aside)))
        if check.unread:
            parts.append(_listed(frame["unread"], [self._unread(u) for u in check.unread]))
        open_ = answer.open
        if "met_on" in facts:
            in_time = facts["is_met_in_time"]
            open_ = answer.open_if_continued if in_time else answer.open_if_continued_late
        parts.append(open_.format_map(facts))
        return parts

    def _items(self, items: Iterable[Item]) -> list[str]:
        """One line per entry; several alike, such as sessions of one therapy, share a line."""
        groups: dict[tuple[str, str, str | None], list[Item]] = {}
        for item in items:
            groups.setdefault((item.what, item.label, item.remark), []).append(item)
        lines = [self._line(group) for group in list(groups.values())[:MAX_ITEMS]]
        if len(groups) > MAX_ITEMS:
            lines.append(f"… (+{len(groups) - MAX_ITEMS})")
        return lines

    def _line(self, group: list[Item]) -> str:
        first, words = group[0], self._catalogue.text
        label = quoted(first.label) if first.quoted else first.label
        line = f"{words.words.get(first.what, first.what)}: {label}"
        if len(group) > 1:
            line = words.frame["count"].format(label=line, count=len(group))
        if when := _dates(group):
            line += f", {when}"
        remark = words.remarks.get(first.remark) if first.remark else None
        if remark and remark != first.label:
            line += f", {remark}"
        return f"{line} ({quoted(first.reference, limit=64)})"

    def _unread(self, unread: Unread) -> str:
        source = self._catalogue.text.sources.get(unread.source, unread.source)
        why = self._catalogue.text.unread.get(unread.why, unread.why).format(count=unread.count)
        return f"{source}: {why}"

    def _notes(self, order: Ordered, notes: Sequence[Finding]) -> str:
        lines = []
        for note in notes:
            words = self._catalogue.row(note.check.criterion, note.check.row)
            lines.append(words.missing.format_map(self.facts(note.check, order.facts)))
        return _listed(self._catalogue.text.frame["notes"], lines)

    def _own_thresholds(self, case: Case, check: Check) -> list[str]:
        """One paragraph, or none."""
        written = self._testimonies_written
        lines = [
            written.get((id(testimony.claim), testimony.outcome)) or self._testified(testimony)
            for testimony in self._judge.testimonies(case, check)
        ]
        return [_listed(self._catalogue.text.frame["own_threshold"], lines)] if lines else []

    def _testified(self, testimony: Testimony) -> str:
        claim, outcome = testimony.claim, testimony.outcome
        remarks = [] if claim.mark == "verified" else [self._catalogue.word(claim.mark)]
        if not claim.asks:
            remarks.append(self._catalogue.word("not-asked"))
        elif outcome is not None:
            key = "unknown-outcome" if outcome.value == "unknown" else outcome.value
            remarks.append(self._catalogue.word(key))
        text = f"{testimony.guideline.short_name}: {claim.says}"
        if remarks:
            text += f" ({'; '.join(remarks)})"
        # The library keeps its guidelines for good, so that the identity of what they say can stand for it.
        self._testimonies_written[id(claim), outcome] = text
        return text

    def _positions(self, verdict: Verdict, *, in_full: bool = False) -> str:
        """Who is for and who is against this case; in full with what each says and in which words read."""
        agreement, case = verdict.agreement, verdict.case
        if agreement is None:
            return self._alternatives(verdict)
        # The library keeps its agreements for good, so that their identity can stand for them.
        key = (id(agreement), case.pattern.case, case.chronicity, in_full)
        written = self._positions_written.get(key)
        if written is None:
            written = self._positions_written[key] = self._stances(agreement, case, in_full=in_full)
        return written

    def _stances(self, agreement: Agreement, case: Case, *, in_full: bool) -> str:
        pattern = self._catalogue.word(case.pattern.case or "")
        head = self._catalogue.frame("guidelines", case=f"{pattern}, {self._catalogue.word(case.chronicity)}")
        lines: list[str] = []
        for direction, found in _sides(agreement).items():
            word = f"**{self._catalogue.word(direction)}:**"
            if in_full:
                lines += [f"{word} {self._stance(s, in_full=True)}" for s in found]
            elif found:
                lines.append(f"{word} {self._together(found)}")
        if not lines:
            return self._catalogue.frame("no_position")
        return _listed(head, lines)

    def _alternatives(self, verdict: Verdict) -> str:
        """The pain pattern is open: who is for and against in either case."""
        alternatives = self._judge.alternatives(verdict.case)
        key = tuple([(pattern, id(agreement)) for pattern, agreement in alternatives.items()])
        written = self._alternatives_written.get(key)
        if written is None:
            written = self._alternatives_written[key] = self._either(alternatives)
        return written

    def _either(self, alternatives: Mapping[str, Agreement]) -> str:
        lines: list[str] = []
        for pattern, agreement in alternatives.items():
            for direction, found in _sides(agreement).items():
                if found:
                    word = f"{self._catalogue.word(pattern)}, {self._catalogue.word(direction).lower()}"
                    lines.append(f"**{word}:** {self._together(found)}")
        if not lines:
            return self._catalogue.frame("no_position")
        return _listed(self._catalogue.frame("guidelines_open"), lines)

    def _together(self, stances: Sequence[Stance]) -> str:
        return "; ".join(self._stance(stance) for stance in stances)

    def _stance(self, stance: Stance, *, in_full: bool = False) -> str:
        """The document, its strength, and how it was read where that was not in its own words."""
        position = stance.position
        remarks = [position.strength] if position.strength else []
        if stance.guideline.kind == "coverage" and not in_full:
            remarks.append(self._catalogue.word("coverage"))
        if position.mark != "verified":
            remarks.append(self._catalogue.word(position.mark))
        name = stance.guideline.short_name + (f" ({'; '.join(remarks)})" if remarks else "")
        says = stance.proviso or (position.says if in_full else None)
        return f"{name}: {says}" if says else name


def _sides(agreement: Agreement) -> dict[str, Sequence[Stance]]:
    return {
        "for": agreement.for_,
        "against": agreement.against,
        "conditional": agreement.conditional,
    }


def _dates(group: list[Item]) -> str:
    """First and last day of a group, as exact as the chart has them; empty when nothing is dated."""
    first: DateRange | None = None
    last: DateRange | None = None
    for item in group:
        if item.when is not None:
            if item.when.first > date.min and (first is None or item.when < first):
                first = item.when
            end = item.until or item.when
            if last is None or end.last > last.last:
                last = end
    if first is None or last is None:
        return ""
    if last.last == date.max:
        return f"{first} onwards"
    start, end_day = str(first), str(last)
    return start if start == end_day else f"{start} to {end_day}"


def _listed(head: str, lines: Sequence[str]) -> str:
    return "\n- ".join([f"{head}\n", *lines])


def _paragraphs(parts: Sequence[str]) -> str:
    return "\n\n".join(parts)
