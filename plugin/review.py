"""The whole service on one screen: orders → record → evidence → verdicts → cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from cds_hooks import DataUnobtainable, FhirReader, HookRequest, Response
from plugin.cards.compose import Composer
from plugin.cards.suggestions import Caller
from plugin.domain.case import Case, open_case
from plugin.domain.evidence import Evidence
from plugin.domain.order import InjectionOrder
from plugin.evidence.gather import Record, assemble, nothing_was_read
from plugin.evidence.orders import OrdersRead, read_orders
from plugin.evidence.reading import Chart
from plugin.policies.judge import Judge, Verdict
from plugin.policies.model import Policy
from plugin.terminology import Terminology


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What came of one call."""

    verdicts: tuple[Verdict, ...]
    orphans: tuple[tuple[str, str], ...]
    """Row and reference of selected orders that could not be reviewed."""
    response: Response


@dataclass(frozen=True, slots=True)
class Review:
    """Answers hook requests under one policy. Holds no state of a call."""

    policy: Policy
    terminology: Terminology
    record: Record
    judge: Judge
    composer: Composer
    today: Callable[[], date]

    def review(self, request: HookRequest, server: FhirReader | None) -> Reviewed:
        """Raises DataUnobtainable when no part of the record could be had."""
        chart = Chart(
            self.terminology, request.context.patient_id, self.today(), request.context.encounter_id
        )
        drafts = read_orders(request.context, request.hook, chart)
        orphans = drafts.orphans
        verdicts: tuple[Verdict, ...] = ()
        if drafts.injections:
            readings = self.record.read(request, server, drafts)
            if nothing_was_read(readings):
                raise DataUnobtainable(*readings)
            evidence = assemble(readings, drafts, chart, self.policy.file.encounter_diagnosis_max_age_days)
            verdicts = tuple(
                self.judge.judge(self._case(order, evidence, drafts), request.hook)
                for order in drafts.injections
            )
        caller = Caller(
            request.context.patient_id,
            request.context.user_id,
            request.context.encounter_id,
            chart.today.isoformat(),
            drafts.resources,
        )
        cards = self.composer.cards(verdicts, orphans, caller, request.hook_instance)
        return Reviewed(verdicts, orphans, Response(cards=cards))

    def _case(self, order: InjectionOrder, evidence: Evidence, drafts: OrdersRead) -> Case:
        beside = tuple(other for other in drafts.session if other.reference != order.reference)
        return open_case(
            order, evidence, self.policy.pattern_params, self.policy.file.chronic_pain_days, beside
        )
