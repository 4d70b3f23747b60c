"""Whoever wants to know what happens: the log, and the counters."""

from __future__ import annotations

from dataclasses import dataclass

from cds_hooks import Breakers, CallRecord, FeedbackRecord
from plugin.control import Control
from plugin.logs import log_call, log_control_broken, log_control_changed, log_loss
from plugin.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Observers:
    metrics: Metrics

    def called(self, record: CallRecord | FeedbackRecord, breakers: Breakers) -> None:
        log_call(record)
        self.metrics.call(record)
        self.metrics.breakers(breakers.states)

    def lost(self, count: int, why: str) -> None:
        log_loss(count, why)
        self.metrics.lost(count)

    def changed(self, control: Control) -> None:
        self.metrics.changed(control)
        log_control_changed(control)

    def broken(self, faults: tuple[str, ...]) -> None:
        self.metrics.control_is_broken(True)
        log_control_broken(faults)

    def mended(self) -> None:
        self.metrics.control_is_broken(False)
