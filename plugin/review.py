"""The whole service on one screen: orders → record → evidence → verdicts → cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from cds_hooks import (
    AppointmentContext,
    Card,
    DataUnobtainable,
    FhirReader,
    HookRequest,
    Response,
    Unread,
)
from plugin.cards.booking import BookingCards
from plugin.cards.compose import Composer
from plugin.cards.suggestions import Caller
from plugin.control import ALL_LIVE, Mode, Modes
from plugin.domain.case import Case, open_case
from plugin.domain.evidence import Evidence
from plugin.domain.order import InjectionOrder
from plugin.evidence.gather import Record, assemble, nothing_was_read
from plugin.evidence.orders import OrdersRead
from plugin.evidence.placed import find_orders
from plugin.evidence.reading import Chart
from plugin.policies.judge import Judge, Verdict
from plugin.policies.model import Policy
from plugin.terminology import Terminology

Orphans = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What came of one call."""

    verdicts: tuple[Verdict, ...]
    orphans: Orphans
    """Row and reference of selected orders that could not be reviewed."""
    response: Response
    unmapped: Mapping[str, int]
    """How many codes that were read no value set holds, by the short name of their system.

    Codes of orders, diagnoses, procedures and imaging. Names are those of `vocabulary.toml`, `local` for the
    systems of the site's code map, else `other`.
    """
    unread: tuple[Unread, ...] = ()
    """Why parts of the record could not be read, one for each part."""
    silent: tuple[Card, ...] = ()
    """What would have been shown of the criteria that are silent."""


@dataclass(frozen=True, slots=True)
class Review:
    """Answers hook requests under one policy. Holds no state of a call."""

    policy: Policy
    terminology: Terminology
    record: Record
    judge: Judge
    composer: Composer
    booking: BookingCards
    today: Callable[[], date]

    def review(self, request: HookRequest, server: FhirReader | None, modes: Modes = ALL_LIVE) -> Reviewed:
        """Raises DataUnobtainable when no order, or no part of the record, could be had.

        Nothing is read where nothing would be made of it.
        """
        if modes.are_all_off:
            return Reviewed((), (), Response(), {})
        chart = Chart(
            self.terminology, request.context.patient_id, self.today(), request.context.encounter_id
        )
        orders = find_orders(request, server, chart)
        orphans = orders.orphans
        verdicts: tuple[Verdict, ...] = ()
        unread: tuple[Unread, ...] = ()
        if orders.injections:
            readings = self.record.read(request, server, orders)
            if nothing_was_read(readings):
                raise DataUnobtainable(*readings)
            unread = tuple([r.unread for r in readings.values() if r.unread is not None])
            evidence = assemble(readings, orders, chart, self.policy.file.encounter_diagnosis_max_age_days)
            verdicts = tuple(
                self.judge.judge(self._case(order, evidence, orders), request.hook)
                for order in orders.injections
            )
        if modes.are_all_live:
            cards = self._cards(request, chart.today, verdicts, orphans, orders)
            return Reviewed(verdicts, orphans, Response(cards=cards), chart.unmapped(), unread)
        live, silent = (
            self._cards(request, chart.today, *_in_mode(mode, modes, verdicts, orphans), orders)
            for mode in (Mode.LIVE, Mode.SILENT)
        )
        return Reviewed(verdicts, orphans, Response(cards=live), chart.unmapped(), unread, silent)

    def _cards(
        self,
        request: HookRequest,
        today: date,
        verdicts: tuple[Verdict, ...],
        orphans: Orphans,
        orders: OrdersRead,
    ) -> tuple[Card, ...]:
        context = request.context
        if isinstance(context, AppointmentContext):
            return self.booking.cards(verdicts, orphans, request.hook_instance)
        caller = Caller(
            context.patient_id, context.user_id, context.encounter_id, today.isoformat(), orders.resources
        )
        return self.composer.cards(verdicts, orphans, caller, request.hook_instance)

    def _case(self, order: InjectionOrder, evidence: Evidence, orders: OrdersRead) -> Case:
        beside = tuple(other for other in orders.session if other.reference != order.reference)
        return open_case(
            order, evidence, self.policy.pattern_params, self.policy.file.chronic_pain_days, beside
        )


def _in_mode(
    mode: Mode, modes: Modes, verdicts: tuple[Verdict, ...], orphans: Orphans
) -> tuple[tuple[Verdict, ...], Orphans]:
    """What is said by the criteria in this mode, and by no others."""
    said = tuple(
        replace(v, findings=tuple(f for f in v.findings if modes.of(f.check.criterion) is mode))
        for v in verdicts
    )
    return said, orphans if modes.of("SCOPE") is mode else ()
