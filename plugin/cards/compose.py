"""Verdicts to cards: one per gap and order, all unknowns in one, notes in one or beside a gap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from cds_hooks import Card, Coding, Link, Source, Suggestion
from plugin.cards.catalogue import Catalogue, filled
from plugin.cards.detail import Detail, Ordered
from plugin.cards.identity import card_uuid
from plugin.cards.suggestions import Caller, Offers
from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.policies.judge import Finding, Judge, Verdict
from plugin.policies.model import Indicator, NotesShown
from plugin.terminology import Terminology

CRITERION_SYSTEM = "urn:spinal-injection-cds:criterion"
FINDINGS_EXTENSION = "org.spinal-injection-cds.findings"
OVERRIDE_SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
URGENCY: dict[Indicator, int] = {"critical": 0, "warning": 1, "info": 2}


class Topic(NamedTuple):
    """What all cards about one thing have in common."""

    source: Source
    override_reasons: tuple[Coding, ...]


class Composer:
    """Turns verdicts into cards; built once."""

    def __init__(
        self,
        judge: Judge,
        catalogue: Catalogue,
        terminology: Terminology,
        notes: NotesShown,
        evidence_base: str,
    ) -> None:
        """`evidence_base`: the public base URL, without a trailing slash."""
        self.judge = judge
        self.catalogue = catalogue
        self.notes = notes
        self.detail = Detail(catalogue, judge)
        self.offers = Offers(catalogue, terminology)
        self._label = judge.policy.label
        self._max_cards = judge.policy.file.max_cards
        self._evidence_base = evidence_base
        for conflict in judge.policy.file.conflicts:
            catalogue.require_row(conflict.criterion, conflict.pattern)
        for consequence in judge.policy.file.consequences:
            if consequence.indicator == "critical":
                catalogue.require_row(*consequence.when.split(".", 1))
        criteria = catalogue.text.criteria
        self.topics = {c: self._topic(c, text.title) for c, text in criteria.items()}
        self.unknown = self._topic("UNKNOWN", catalogue.frame("topic_unknown"))
        self.notes_alone = self._topic("NOTES", catalogue.frame("topic_notes"))
        self.scope = self._topic("SCOPE", catalogue.frame("topic_scope"))
        self.links = {criterion: self._link(criterion) for criterion in criteria}

    def source(self, code: str, display: str) -> Source:
        """The policy, with code and display of a card's topic."""
        return Source(
            label=self.catalogue.frame("source_label", policy=self._label),
            topic=Coding(system=CRITERION_SYSTEM, code=code, display=display),
        )

    def _topic(self, name: str, display: str) -> Topic:
        """`name`: a criterion, or what stands for several or for none."""
        reasons = self.judge.policy.reasons_for_override(name)
        return Topic(
            source=self.source(name.replace("-", ""), display),
            override_reasons=tuple(
                Coding(system=OVERRIDE_SYSTEM, code=reason.code, display=reason.display) for reason in reasons
            ),
        )

    def _link(self, criterion: str) -> Link:
        return Link(
            label=self.catalogue.frame("link_label", criterion=criterion),
            url=f"{self._evidence_base}/evidence/{criterion}",
            type="absolute",
        )

    def extension(self, findings: Iterable[tuple[str, Finding]]) -> dict[str, Any]:
        """What a card speaks for, as a machine reads it: order's reference and finding."""
        listed = [_wire(order, finding) for order, finding in findings]
        return {FINDINGS_EXTENSION: {"policy": self._label, "findings": listed}}

    def cards(
        self,
        verdicts: Sequence[Verdict],
        orphans: Sequence[tuple[str, str]],
        caller: Caller,
        hook_instance: str,
    ) -> tuple[Card, ...]:
        """`orphans`: row and reference of selected orders that could not be reviewed at all."""
        call = _Call(self, caller, hook_instance)
        orders = [self.detail.order(verdict) for verdict in verdicts if verdict.findings]
        cards = [call.orphan(row, reference) for row, reference in orphans]
        unknown: list[tuple[Ordered, Finding]] = []
        notes: list[tuple[Ordered, Finding]] = []
        for order in orders:
            cards += call.gaps(order, orders)
            for finding in order.verdict.findings:
                if finding.kind is Kind.UNKNOWN:
                    unknown.append((order, finding))
                elif finding.kind is Kind.NOTE and self.has_notes_card(finding):
                    notes.append((order, finding))
        cards += call.unknown(unknown)
        cards += call.notes(notes)
        cards.sort(key=lambda card: URGENCY[card.indicator])
        return self._capped(cards)

    def has_notes_card(self, note: Finding) -> bool:
        """Is the note one of a card of its own? One that the policy makes louder than info always is."""
        return self.notes == "always" or note.indicator != "info"

    def _capped(self, cards: list[Card]) -> tuple[Card, ...]:
        """The most urgent cards; the last one names those that had no room."""
        limit = self._max_cards
        if len(cards) <= limit:
            return tuple(cards)
        kept, dropped = cards[:limit], cards[limit:]
        names = ", ".join(dict.fromkeys(c.source.topic.code for c in dropped if c.source.topic))
        line = self.catalogue.frame("more_cards", criteria=names)
        last = replace(kept[-1], detail=f"{kept[-1].detail}\n\n{line}")
        return (*kept[:-1], last)


class _Call:
    """The cards of one call."""

    def __init__(self, composer: Composer, caller: Caller, hook_instance: str) -> None:
        self.composer = composer
        self.caller = caller
        self.hook_instance = hook_instance
        self.detail = composer.detail
        self.noted: set[str] = set()
        """References of orders whose notes stand in a card already."""

    def gaps(self, order: Ordered, orders: Sequence[Ordered]) -> list[Card]:
        """One card per gap, the most urgent first; that one carries the order's notes.

        A gap of several orders together is said once, with the first of them.
        """
        gaps = [f for f in order.verdict.findings if f.kind is Kind.GAP]
        said = [(f, said_of) for f in gaps if (said_of := _said_of(f.check, order, orders))[0] is order]
        said.sort(key=lambda pair: URGENCY[pair[0].indicator])
        cards: list[Card] = []
        for finding, said_of in said:
            notes = [] if cards else self._beside(order)
            cards.append(self._gap(order, finding, notes, said_of, is_only_gap=len(gaps) == 1))
        return cards

    def _beside(self, order: Ordered) -> list[Finding]:
        """Notes for the first card about an order, without those that have a card of their own."""
        if order.reference in self.noted:
            return []
        self.noted.add(order.reference)
        notes = [f for f in order.verdict.findings if f.kind is Kind.NOTE]
        return [f for f in notes if not self.composer.has_notes_card(f)]

    def _gap(
        self,
        order: Ordered,
        finding: Finding,
        notes: list[Finding],
        said_of: Sequence[Ordered],
        *,
        is_only_gap: bool,
    ) -> Card:
        """`said_of`: the orders of which the gap is said, this one first."""
        check = finding.check
        catalogue, facts = self.composer.catalogue, self.detail.facts(check, order.facts)
        uuid = card_uuid(self.hook_instance, order.reference, check.criterion)
        return self._card(
            uuid,
            self.composer.topics[check.criterion],
            summary=filled(catalogue.row(check.criterion, check.row).summary, facts),
            indicator=finding.indicator,
            detail=self.detail.of_gap(order, finding, facts, notes),
            findings=[
                *[(o.reference, finding) for o in said_of],
                *[(order.reference, note) for note in notes],
            ],
            suggestions=self.composer.offers.on(
                check, order.verdict.case, self.caller, uuid, is_only_gap=is_only_gap
            ),
            criteria=[check.criterion, *(n.check.criterion for n in notes)],
        )

    def unknown(self, pairs: list[tuple[Ordered, Finding]]) -> list[Card]:
        """All that could not be determined or read, of all orders, in one card."""
        if not pairs:
            return []
        orders = list({o.reference: o for o, _ in pairs}.values())
        beside = [(o, f) for o in orders for f in self._beside(o)]
        catalogue = self.composer.catalogue
        only_scope = all(f.check.criterion == "SCOPE" for _, f in pairs)
        incomplete = any(f.check.reason is Reason.NO_ACCESS for _, f in pairs)
        order, first = pairs[0]
        if only_scope:
            topic, name = self.composer.scope, "SCOPE"
            words = catalogue.row("SCOPE", first.check.row)
            summary = filled(words.summary, self.detail.facts(first.check, order.facts))
        else:
            topic, name = self.composer.unknown, "UNKNOWN"
            subjects = self._subjects(pairs, incomplete=incomplete)
            key = "summary_incomplete" if incomplete else "summary_ambiguous"
            codes = ", ".join(dict.fromkeys(o.verdict.case.order.code.code for o in orders))
            summary = filled(catalogue.text.unknown[key], {"subjects": subjects, "code": codes})
        references = "|".join(o.reference for o in orders)
        return [
            self._card(
                card_uuid(self.hook_instance, references, name),
                topic,
                summary=summary,
                indicator="info",
                detail=self.detail.of_unknowns(pairs, beside),
                findings=[(o.reference, f) for o, f in (*pairs, *beside)],
                suggestions=(),
                criteria=[f.check.criterion for _, f in (*pairs, *beside)],
            )
        ]

    def _subjects(self, pairs: list[tuple[Ordered, Finding]], *, incomplete: bool) -> str:
        """What cannot be told; of a record that could not be read, what that leaves unchecked."""
        catalogue = self.composer.catalogue
        asked = [(o, f.check) for o, f in pairs if not incomplete or f.check.reason is Reason.NO_ACCESS]
        if len(asked) == 1 and not incomplete:
            order, check = asked[0]
            words = catalogue.row(check.criterion, check.row)
            return words.summary.format_map(self.detail.facts(check, order.facts))
        return "; ".join(
            dict.fromkeys(
                catalogue.criterion(check.criterion).subject.format_map(self.detail.facts(check, order.facts))
                for order, check in asked
            )
        )

    def notes(self, pairs: list[tuple[Ordered, Finding]]) -> list[Card]:
        if not pairs:
            return []
        catalogue = self.composer.catalogue
        order, first = pairs[0]
        references = list(dict.fromkeys(o.reference for o, _ in pairs))
        if len(references) > 1:
            summary = filled(catalogue.text.notes["summary_many"], {"count": len(references)})
        else:
            facts = self.detail.facts(first.check, order.facts)
            subject = catalogue.row(first.check.criterion, first.check.row).summary.format_map(facts)
            code = order.verdict.case.order.code.code
            summary = filled(catalogue.text.notes["summary"], {"code": code, "subject": subject})
        return [
            self._card(
                card_uuid(self.hook_instance, "|".join(references), "NOTES"),
                self.composer.notes_alone,
                summary=summary,
                indicator=min((f.indicator for _, f in pairs), key=URGENCY.__getitem__),
                detail=self.detail.of_notes(pairs),
                findings=[(o.reference, f) for o, f in pairs],
                suggestions=(),
                criteria=[f.check.criterion for _, f in pairs],
            )
        ]

    def orphan(self, row: str, reference: str) -> Card:
        """An order that could not be reviewed: not coded, or not readable."""
        catalogue = self.composer.catalogue
        words = catalogue.row("SCOPE", row)
        return self._card(
            card_uuid(self.hook_instance, reference, "SCOPE"),
            self.composer.scope,
            summary=words.summary,
            indicator="info",
            detail=self.detail.of_orphan(row, reference),
            findings=[(reference, orphan_finding(row))],
            suggestions=(),
            criteria=["SCOPE"],
        )

    def _card(
        self,
        uuid: str,
        topic: Topic,
        *,
        summary: str,
        indicator: Indicator,
        detail: str,
        findings: Iterable[tuple[str, Finding]],
        suggestions: tuple[Suggestion, ...],
        criteria: list[str],
    ) -> Card:
        composer = self.composer
        return Card(
            uuid=uuid,
            summary=summary,
            indicator=indicator,
            detail=detail,
            source=topic.source,
            suggestions=suggestions,
            selection_behavior="any" if suggestions else None,
            override_reasons=topic.override_reasons,
            links=tuple([composer.links[criterion] for criterion in dict.fromkeys(criteria)]),
            extension=composer.extension(findings),
        )


def _said_of(check: Check, order: Ordered, orders: Sequence[Ordered]) -> Sequence[Ordered]:
    """The orders whose verdict holds this answer: this one, or all that it is about together."""
    if not check.about:
        return (order,)
    return [o for o in orders if any(_is_same(f.check, check) for f in o.verdict.findings)]


def _is_same(one: Check, other: Check) -> bool:
    return one is other or (one.about == other.about and one.row == other.row)


def _wire(order: str, finding: Finding) -> dict[str, str]:
    check = finding.check
    wire = {
        "criterion": check.criterion,
        "outcome": str(check.outcome),
        "kind": str(finding.kind),
        "order": order,
    }
    if check.reason is not None:
        wire["reason"] = str(check.reason)
    return wire


def orphan_finding(row: str) -> Finding:
    check = Check("SCOPE", row, Outcome.UNKNOWN, Reason.AMBIGUOUS, Kind.UNKNOWN)
    return Finding(check, "info", Kind.UNKNOWN)
