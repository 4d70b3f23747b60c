"""What is open about an injection, said to whoever books the visit: a scheduler, or the patient.

One card per order. It names what is open and who can settle it, and nothing of the chart; it offers nothing
that would change the order, asks for no reason, and says nothing about guidelines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cds_hooks import Card
from plugin.cards.catalogue import filled
from plugin.cards.compose import URGENCY, Composer, orphan_finding
from plugin.cards.identity import card_uuid
from plugin.domain.check import Kind
from plugin.policies.judge import Finding, Verdict
from plugin.policies.model import RULES


class BookingCards:
    """Built once, beside the composer of the clinicians' cards."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self._words = composer.catalogue.text.booking
        topics = [criterion.replace("-", "") for criterion in self._words.subjects]
        self._sources = {topic: composer.source(topic, self._words.topic) for topic in (*topics, "UNKNOWN")}
        for rule in composer.judge.policy.file.rules:
            for criterion in RULES[rule].CRITERIA:
                composer.catalogue.require_booking_subject(criterion)

    def cards(
        self, verdicts: Sequence[Verdict], orphans: Sequence[tuple[str, str]], hook_instance: str
    ) -> tuple[Card, ...]:
        """`orphans`: row and reference of orders that could not be reviewed at all."""
        cards = [self._orphan(row, reference, hook_instance) for row, reference in orphans]
        cards += [
            self._visit(verdict, open_, hook_instance)
            for verdict in verdicts
            if (open_ := [f for f in verdict.findings if f.kind is not Kind.NOTE])
        ]
        cards.sort(key=lambda card: URGENCY[card.indicator])
        return tuple(cards[: self._composer.judge.policy.file.max_cards])

    def _visit(self, verdict: Verdict, findings: list[Finding], hook_instance: str) -> Card:
        findings.sort(key=lambda f: (f.kind is not Kind.GAP, URGENCY[f.indicator]))
        gaps = self._subjects(f for f in findings if f.kind is Kind.GAP)
        unknown = self._subjects(f for f in findings if f.kind is Kind.UNKNOWN)
        words, planned = self._words, verdict.case.order.planned
        summary = words.summary_open if gaps else words.summary_unchecked
        first = findings[0].check.criterion
        return self._card(
            reference=verdict.case.order.reference,
            topic=first.replace("-", "") if gaps else "UNKNOWN",
            summary=filled(summary, {"subjects": gaps or unknown}),
            paragraphs=[
                words.visit.format(date=planned) if planned else words.visit_undated,
                words.open.format(subjects=gaps) if gaps else "",
                words.unchecked.format(subjects=unknown) if unknown else "",
            ],
            findings=findings,
            hook_instance=hook_instance,
        )

    def _orphan(self, row: str, reference: str, hook_instance: str) -> Card:
        words = self._words
        return self._card(
            reference=reference,
            topic="SCOPE",
            summary=words.summary_unread,
            paragraphs=[words.unchecked.format(subjects=words.subjects["SCOPE"])],
            findings=[orphan_finding(row)],
            hook_instance=hook_instance,
        )

    def _subjects(self, findings: Iterable[Finding]) -> str:
        return "; ".join(dict.fromkeys(self._words.subjects[f.check.criterion] for f in findings))

    def _card(
        self,
        *,
        reference: str,
        topic: str,
        summary: str,
        paragraphs: list[str],
        findings: list[Finding],
        hook_instance: str,
    ) -> Card:
        words = self._words
        return Card(
            uuid=card_uuid(hook_instance, reference, topic),
            summary=summary,
            indicator=min((f.indicator for f in findings), key=URGENCY.__getitem__),
            detail="\n\n".join(p for p in (*paragraphs, words.settle, words.meaning) if p),
            source=self._sources[topic],
            extension=self._composer.extension([(reference, finding) for finding in findings]),
        )
