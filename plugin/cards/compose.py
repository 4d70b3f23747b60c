"""Verdicts to cards: one per gap and order, all unknowns in one, notes in one or beside a gap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID, uuid5

from msgspec.structs import replace

from cds_hooks import Card, Coding, Link, Source, Suggestion
from plugin.cards.catalogue import Catalogue, filled
from plugin.cards.detail import Detail
from plugin.cards.suggestions import Caller, Offers
from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.policies.judge import Finding, Judge, Verdict
from plugin.policies.model import Indicator, NotesShown, Policy
from plugin.terminology import Terminology

CRITERION_SYSTEM = "urn:spinal-injection-cds:criterion"
FINDINGS_EXTENSION = "org.spinal-injection-cds.findings"
OVERRIDE_SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
_NAMESPACE = UUID("6a0c40a2-5b5b-5f0e-9f3a-8d2b6c1f7e11")
_MERGED = frozenset({"UNKNOWN", "NOTES", "SCOPE"})
"""Topics of cards that speak for several criteria, or for none."""
URGENCY: dict[Indicator, int] = {"critical": 0, "warning": 1, "info": 2}


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
        self._evidence_base = evidence_base
        for conflict in judge.policy.file.conflicts:
            catalogue.require_row(conflict.criterion, conflict.pattern)
        for consequence in judge.policy.file.consequences:
            if consequence.indicator == "critical":
                catalogue.require_row(*consequence.when.split(".", 1))
        self._overrides: dict[str, tuple[Coding, ...]] = {}
        self._links: dict[str, Link] = {}
        self._sources: dict[tuple[str, str], Source] = {}

    def source(self, topic: tuple[str, str]) -> Source:
        """Code and display of the card's topic; one `Source` for each."""
        if topic not in self._sources:
            self._sources[topic] = Source(
                label=self.catalogue.frame("source_label", policy=self.judge.policy.label),
                topic=Coding(system=CRITERION_SYSTEM, code=topic[0], display=topic[1]),
            )
        return self._sources[topic]

    def override_reasons(self, criterion: str) -> tuple[Coding, ...]:
        if criterion not in self._overrides:
            self._overrides[criterion] = tuple(
                Coding(system=OVERRIDE_SYSTEM, code=reason.code, display=reason.display)
                for reason in self.judge.policy.reasons_for_override(criterion)
            )
        return self._overrides[criterion]

    def link(self, criterion: str) -> Link:
        if criterion not in self._links:
            self._links[criterion] = Link(
                label=self.catalogue.frame("link_label", criterion=criterion),
                url=f"{self._evidence_base}/evidence/{criterion}",
                type="absolute",
            )
        return self._links[criterion]

    def uuid(self, hook_instance: str, order: str, criterion: str) -> UUID:
        """The same for the same call, order and criterion."""
        return uuid5(_NAMESPACE, f"{hook_instance}|{order}|{criterion}")

    def cards(
        self,
        verdicts: Sequence[Verdict],
        orphans: Sequence[tuple[str, str]],
        caller: Caller,
        hook_instance: str,
    ) -> tuple[Card, ...]:
        """`orphans`: row and reference of selected orders that could not be reviewed at all."""
        call = _Call(self, caller, hook_instance)
        cards = [call.orphan(row, reference) for row, reference in orphans]
        for verdict in verdicts:
            cards += call.gaps(verdict, verdicts)
        cards += call.unknown([(v, f) for v in verdicts for f in v.findings if f.kind is Kind.UNKNOWN])
        cards += call.notes([(v, f) for v in verdicts for f in v.findings if self.has_notes_card(f)])
        cards.sort(key=lambda card: URGENCY[card.indicator])
        return self._capped(cards)

    def has_notes_card(self, finding: Finding) -> bool:
        """Is this a note of a card of its own? One that the policy makes louder than info always is."""
        return finding.kind is Kind.NOTE and (self.notes == "always" or finding.indicator != "info")

    def _capped(self, cards: list[Card]) -> tuple[Card, ...]:
        """The most urgent cards; the last one names those that had no room."""
        limit = self.judge.policy.file.max_cards
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

    def gaps(self, verdict: Verdict, verdicts: Sequence[Verdict]) -> list[Card]:
        """One card per gap, the most urgent first; that one carries the order's notes.

        A gap of several orders together is said once, with the first of them.
        """
        found = [
            f for f in verdict.findings if f.kind is Kind.GAP and _first_to_say(f.check, verdicts) is verdict
        ]
        found.sort(key=lambda f: URGENCY[f.indicator])
        beside = [self._beside(verdict) if index == 0 else [] for index in range(len(found))]
        return [self._gap(verdict, f, notes, verdicts) for f, notes in zip(found, beside, strict=True)]

    def _beside(self, verdict: Verdict) -> list[Finding]:
        """Notes for the first card about an order, without those that have a card of their own."""
        reference = verdict.case.order.reference
        if reference in self.noted:
            return []
        self.noted.add(reference)
        notes = [f for f in verdict.findings if f.kind is Kind.NOTE]
        return [f for f in notes if not self.composer.has_notes_card(f)]

    def _gap(
        self, verdict: Verdict, finding: Finding, notes: list[Finding], verdicts: Sequence[Verdict]
    ) -> Card:
        check, case = finding.check, verdict.case
        words = self.composer.catalogue.row(check.criterion, check.row)
        uuid = self._uuid(case.order.reference, check.criterion)
        is_only_gap = [f for f in verdict.findings if f.kind is Kind.GAP] == [finding]
        offered = self.composer.offers.on(check, case, self.caller, uuid, is_only_gap=is_only_gap)
        return self._card(
            uuid=uuid,
            topic=(
                check.criterion.replace("-", ""),
                self.composer.catalogue.criterion(check.criterion).title,
            ),
            summary=filled(words.summary, self.detail.facts(check, case)),
            indicator=finding.indicator,
            detail=self.detail.of_gap(verdict, finding, notes),
            findings=[
                *((v.case.order.reference, finding) for v in verdicts if _says(v, check)),
                *((case.order.reference, note) for note in notes),
            ],
            suggestions=offered,
            criteria=[check.criterion, *(n.check.criterion for n in notes)],
        )

    def unknown(self, pairs: list[tuple[Verdict, Finding]]) -> list[Card]:
        """All that could not be determined or read, of all orders, in one card."""
        if not pairs:
            return []
        verdicts = list({v.case.order.reference: v for v, _ in pairs}.values())
        beside = [(v, f) for v in verdicts for f in self._beside(v)]
        catalogue = self.composer.catalogue
        only_scope = all(f.check.criterion == "SCOPE" for _, f in pairs)
        incomplete = any(f.check.reason is Reason.NO_ACCESS for _, f in pairs)
        verdict, first = pairs[0]
        if only_scope:
            topic = ("SCOPE", catalogue.frame("topic_scope"))
            words = catalogue.row("SCOPE", first.check.row)
            summary = filled(words.summary, self.detail.facts(first.check, verdict.case))
        else:
            topic = ("UNKNOWN", catalogue.frame("topic_unknown"))
            subjects = self._subjects(pairs, incomplete=incomplete)
            key = "summary_incomplete" if incomplete else "summary_ambiguous"
            codes = ", ".join(dict.fromkeys(v.case.order.code.code for v in verdicts))
            summary = filled(catalogue.text.unknown[key], {"subjects": subjects, "code": codes})
        order = "|".join(v.case.order.reference for v in verdicts)
        return [
            self._card(
                uuid=self._uuid(order, topic[0]),
                topic=topic,
                summary=summary,
                indicator="info",
                detail=self.detail.of_unknowns(pairs, beside),
                findings=[(v.case.order.reference, f) for v, f in (*pairs, *beside)],
                suggestions=(),
                criteria=[f.check.criterion for _, f in (*pairs, *beside)],
            )
        ]

    def _subjects(self, pairs: list[tuple[Verdict, Finding]], *, incomplete: bool) -> str:
        """What cannot be told; of a record that could not be read, what that leaves unchecked."""
        catalogue = self.composer.catalogue
        asked = [(v, f) for v, f in pairs if not incomplete or f.check.reason is Reason.NO_ACCESS]
        subjects = dict.fromkeys(
            catalogue.criterion(f.check.criterion).subject.format(**self.detail.facts(f.check, v.case))
            for v, f in asked
        )
        if len(asked) == 1 and not incomplete:
            verdict, finding = asked[0]
            words = catalogue.row(finding.check.criterion, finding.check.row)
            return words.summary.format(**self.detail.facts(finding.check, verdict.case))
        return "; ".join(subjects)

    def notes(self, pairs: list[tuple[Verdict, Finding]]) -> list[Card]:
        if not pairs:
            return []
        catalogue = self.composer.catalogue
        verdict, first = pairs[0]
        orders = list(dict.fromkeys(v.case.order.reference for v, _ in pairs))
        if len(orders) > 1:
            summary = filled(catalogue.text.notes["summary_many"], {"count": len(orders)})
        else:
            facts = self.detail.facts(first.check, verdict.case)
            subject = catalogue.row(first.check.criterion, first.check.row).summary.format(**facts)
            summary = filled(
                catalogue.text.notes["summary"], {"code": verdict.case.order.code.code, "subject": subject}
            )
        return [
            self._card(
                uuid=self._uuid("|".join(orders), "NOTES"),
                topic=("NOTES", catalogue.frame("topic_notes")),
                summary=summary,
                indicator=min((f.indicator for _, f in pairs), key=URGENCY.__getitem__),
                detail=self.detail.of_notes(pairs),
                findings=[(v.case.order.reference, f) for v, f in pairs],
                suggestions=(),
                criteria=[f.check.criterion for _, f in pairs],
            )
        ]

    def orphan(self, row: str, reference: str) -> Card:
        """An order that could not be reviewed: not coded, or not readable."""
        catalogue = self.composer.catalogue
        words = catalogue.row("SCOPE", row)
        return self._card(
            uuid=self._uuid(reference, "SCOPE"),
            topic=("SCOPE", catalogue.frame("topic_scope")),
            summary=words.summary,
            indicator="info",
            detail=self.detail.of_orphan(row, reference),
            findings=[(reference, orphan_finding(row))],
            suggestions=(),
            criteria=["SCOPE"],
        )

    def _uuid(self, order: str, criterion: str) -> UUID:
        return self.composer.uuid(self.hook_instance, order, criterion)

    def _card(
        self,
        *,
        uuid: UUID,
        topic: tuple[str, str],
        summary: str,
        indicator: Indicator,
        detail: str,
        findings: Iterable[tuple[str, Finding]],
        suggestions: tuple[Suggestion, ...],
        criteria: list[str],
    ) -> Card:
        policy = self.composer.judge.policy
        return Card(
            uuid=str(uuid),
            summary=summary,
            indicator=indicator,
            detail=detail,
            source=self.composer.source(topic),
            suggestions=suggestions,
            selection_behavior="any" if suggestions else None,
            override_reasons=self.composer.override_reasons(topic[0] if topic[0] in _MERGED else criteria[0]),
            links=tuple(self.composer.link(criterion) for criterion in dict.fromkeys(criteria)),
            extension=extension_of(policy, findings),
        )


def extension_of(policy: Policy, findings: Iterable[tuple[str, Finding]]) -> dict[str, Any]:
    """What a card speaks for, as a machine reads it: order's reference and finding."""
    listed = [_wire(order, finding) for order, finding in findings]
    return {FINDINGS_EXTENSION: {"policy": policy.label, "findings": listed}}


def _says(verdict: Verdict, check: Check) -> bool:
    """Does the verdict hold this answer, its own or one of several orders together?"""
    return any(
        f.check is check or (check.about and f.check.about == check.about and f.check.row == check.row)
        for f in verdict.findings
    )


def _first_to_say(check: Check, verdicts: Sequence[Verdict]) -> Verdict | None:
    return next((verdict for verdict in verdicts if _says(verdict, check)), None)


def _wire(order: str, finding: Finding) -> dict[str, str]:
    check = finding.check
    wire = {
        "criterion": check.criterion,
        "outcome": check.outcome.value,
        "kind": finding.kind.value,
        "order": order,
    }
    if check.reason is not None:
        wire["reason"] = check.reason.value
    return wire


def orphan_finding(row: str) -> Finding:
    check = Check("SCOPE", row, Outcome.UNKNOWN, Reason.AMBIGUOUS, Kind.UNKNOWN)
    return Finding(check, "info", Kind.UNKNOWN)
