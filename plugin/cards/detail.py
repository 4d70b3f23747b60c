"""The Markdown of a card: what was looked for, what was found, what is missing, what would settle it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from plugin.cards.catalogue import Catalogue
from plugin.cards.markdown import quoted
from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Reason, Unread
from plugin.domain.dates import DateRange
from plugin.domain.families import Family
from plugin.guidelines.agreement import Agreement, Stance
from plugin.policies.judge import Finding, Judge, Testimony, Verdict

MAX_ITEMS = 8
_ABOUT_AGREEMENT = frozenset({"IND-1", "IND-3", "IND-5", "SIJ-3"})
"""Criteria whose very question guidelines answer differently."""


class Detail:
    """Writes details. Built once; keeps the paragraphs that hang on content alone."""

    def __init__(self, catalogue: Catalogue, judge: Judge) -> None:
        self._catalogue = catalogue
        self._judge = judge
        self._written: dict[tuple[int, str | None, str, bool], str] = {}

    def facts(self, check: Check, case: Case) -> dict[str, object]:
        """The facts of the answer and of the order, in the catalogue's words."""
        facts: dict[str, object] = {
            "region": case.region.label,
            "code": case.order.code.code,
            "order_name": self._catalogue.word(f"{case.order.family.value}-order"),
            **check.facts,
        }
        if "change" in facts:
            facts["change"] = self._catalogue.word(str(facts["change"]))
        if "max_age_days" in facts:
            facts["max_age_months"] = round(int(str(facts["max_age_days"])) / 30.4375)
        return facts

    def of_gap(self, verdict: Verdict, finding: Finding, notes: Sequence[Finding]) -> str:
        check, case = finding.check, verdict.case
        return _paragraphs(
            self._order(case),
            *self._answer(check, case),
            self._urgency(finding, case),
            self._notes([(verdict, n) for n in notes]),
            self._own_thresholds(case, check),
            self._positions(self._subject(verdict, check), in_full=check.criterion in _ABOUT_AGREEMENT),
            self._policy(),
        )

    def _subject(self, verdict: Verdict, check: Check) -> Verdict:
        """What guidelines are asked about: a biologic is a case of its own, whatever way it goes in."""
        if check.criterion != "BIO-1":
            return verdict
        case = replace(verdict.case, order=replace(verdict.case.order, family=Family.BIOLOGIC))
        return replace(verdict, case=case, agreement=self._judge.agreement(case))

    def _urgency(self, finding: Finding, case: Case) -> str:
        if finding.because is None:
            return ""
        words = self._catalogue.row(finding.because.criterion, finding.because.row)
        text = words.missing.format(**self.facts(finding.because, case))
        return self._catalogue.frame("more_urgent", text=text)

    def of_unknowns(
        self, pairs: Sequence[tuple[Verdict, Finding]], notes: Sequence[tuple[Verdict, Finding]]
    ) -> str:
        parts: list[str] = []
        for verdict in {v.case.order.reference: v for v, _ in pairs}.values():
            parts.append(self._order(verdict.case))
            for owner, finding in pairs:
                if owner is verdict:
                    title = self._catalogue.criterion(finding.check.criterion).title
                    parts += [f"### {title}", *self._answer(finding.check, verdict.case)]
            own_notes = [(v, f) for v, f in notes if v is verdict]
            parts += [self._notes(own_notes), self._positions(verdict)]
        return _paragraphs(*parts, self._policy())

    def of_notes(self, pairs: Sequence[tuple[Verdict, Finding]]) -> str:
        verdicts = list({id(v): v for v, _ in pairs}.values())
        parts: list[str] = []
        for verdict in verdicts:
            own = [(v, f) for v, f in pairs if v is verdict]
            parts += [self._order(verdict.case), self._notes(own), self._positions(verdict, in_full=True)]
        return _paragraphs(*parts, self._policy())

    def of_orphan(self, row: str, reference: str) -> str:
        words = self._catalogue.row("SCOPE", row)
        return _paragraphs(
            self._catalogue.frame("order", order=quoted(reference)),
            self._catalogue.frame("missing", text=words.missing),
            self._catalogue.frame("settle", text=words.settle),
            self._policy(),
        )

    def _order(self, case: Case) -> str:
        frame = self._catalogue.frame
        planned = case.order.planned
        line = frame(
            "order_line",
            family=self._catalogue.word(case.order.family.value),
            code=case.order.code.code,
            region=case.region.label,
            planned=frame("planned", date=planned) if planned else frame("not_planned"),
        )
        if case.order.local_code is not None:
            line += f", {frame('local_code', code=quoted(case.order.local_code))}"
        return frame("order", order=f"{line} ({quoted(case.order.reference)})")

    def _answer(self, check: Check, case: Case) -> list[str]:
        """Looked for, found, not counted, could not be read, missing, what would settle it."""
        catalogue, facts = self._catalogue, self.facts(check, case)
        words = catalogue.row(check.criterion, check.row)
        looked = (words.looked_for or catalogue.criterion(check.criterion).looked_for).format(**facts)
        aside = [
            i for i in check.set_aside if i.remark in ("resolved", "not-spinal", "other-region", "oral-only")
        ]
        found = self._items(check.decided_by)
        settle = words.settle
        if "met_on" in facts:
            continued = words.settle_if_continued
            settle = (continued if facts["is_met_in_time"] else words.settle_if_continued_late) or settle
        return [
            catalogue.frame("looked_for", text=looked),
            _listed(catalogue.frame("found"), found) or self._found_nothing(check),
            _listed(catalogue.frame("not_counted"), self._items(aside)),
            _listed(catalogue.frame("unread"), [self._unread(u) for u in check.unread]),
            catalogue.frame("missing", text=words.missing.format(**facts)),
            catalogue.frame("settle", text=settle.format(**facts)),
        ]

    def _found_nothing(self, check: Check) -> str:
        return "" if check.reason is Reason.NO_ACCESS else self._catalogue.frame("found_nothing")

    def _items(self, items: Iterable[Item]) -> list[str]:
        """One line per entry; several alike, such as sessions of one therapy, share a line."""
        groups: dict[tuple[str, str, str | None], list[Item]] = {}
        for item in items:
            groups.setdefault((item.what, item.label, item.remark), []).append(item)
        lines = [self._line(group) for group in groups.values()]
        if len(lines) > MAX_ITEMS:
            return [*lines[:MAX_ITEMS], f"… (+{len(lines) - MAX_ITEMS})"]
        return lines

    def _line(self, group: list[Item]) -> str:
        first = group[0]
        words = self._catalogue.word(first.what)
        label = quoted(first.label) if first.quoted else first.label
        text = f"{words}: {label}"
        if len(group) > 1:
            text = self._catalogue.frame("count", label=text, count=len(group))
        when = _dates(group)
        remark = self._catalogue.text.remarks.get(first.remark or "")
        remark = None if remark == first.label else remark
        reference = quoted(first.reference, limit=64)
        return ", ".join(part for part in (text, when, remark) if part) + f" ({reference})"

    def _unread(self, unread: Unread) -> str:
        source = self._catalogue.text.sources.get(unread.source, unread.source)
        why = self._catalogue.text.unread.get(unread.why, unread.why).format(count=unread.count)
        return f"{source}: {why}"

    def _notes(self, pairs: Sequence[tuple[Verdict, Finding]]) -> str:
        lines = []
        for verdict, finding in pairs:
            words = self._catalogue.row(finding.check.criterion, finding.check.row)
            lines.append(words.missing.format(**self.facts(finding.check, verdict.case)))
        return _listed(self._catalogue.frame("notes"), lines)

    def _own_thresholds(self, case: Case, check: Check) -> str:
        lines = [self._testimony(t) for t in self._judge.testimonies(case, check)]
        return _listed(self._catalogue.frame("own_threshold"), lines)

    def _testimony(self, testimony: Testimony) -> str:
        claim, outcome = testimony.claim, testimony.outcome
        remarks = [] if claim.mark == "verified" else [self._catalogue.word(claim.mark)]
        if not claim.asks:
            remarks.append(self._catalogue.word("not-asked"))
        elif outcome is not None:
            key = "unknown-outcome" if outcome.value == "unknown" else outcome.value
            remarks.append(self._catalogue.word(key))
        text = f"{testimony.guideline.short_name}: {claim.says}"
        return f"{text} ({'; '.join(remarks)})" if remarks else text

    def _positions(self, verdict: Verdict, *, in_full: bool = False) -> str:
        """Who is for and who is against this case; in full with what each says and in which words read."""
        agreement, case = verdict.agreement, verdict.case
        if agreement is None:
            return self._alternatives(verdict)
        # The library keeps its agreements for good, so that their identity can stand for them.
        key = (id(agreement), case.pattern.case, case.chronicity, in_full)
        if key not in self._written:
            self._written[key] = self._stances(agreement, case, in_full=in_full)
        return self._written[key]

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
        lines: list[str] = []
        for pattern, agreement in self._judge.alternatives(verdict.case).items():
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

    def _policy(self) -> str:
        return self._catalogue.frame("policy", policy=self._judge.policy.label)


def _sides(agreement: Agreement) -> dict[str, Sequence[Stance]]:
    return {
        "for": agreement.for_,
        "against": agreement.against,
        "conditional": agreement.conditional,
    }


def _dates(group: list[Item]) -> str:
    """First and last day of a group, as exact as the chart has them; empty when nothing is dated."""
    starts = [i.when for i in group if i.when is not None and i.when.first > date.min]
    if not starts:
        return ""
    first = str(min(starts))
    last = max((i.until or i.when for i in group if i.when is not None), key=_last_day)
    if last is None or last.last == date.max:
        return f"{first} onwards"
    return first if str(last) == first else f"{first} to {last}"


def _last_day(when: DateRange | None) -> date:
    return when.last if when is not None else date.min


def _listed(head: str, lines: Sequence[str]) -> str:
    return "\n".join([head, "", *(f"- {line}" for line in lines)]) if lines else ""


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
