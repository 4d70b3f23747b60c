"""What is counted, for Prometheus: on a port of its own, never through the public application.

Labels are ids of registered clients, names of our own and of the specification; nothing of a patient or user.
With PROMETHEUS_MULTIPROC_DIR several processes count together, in files that prometheus_client keeps there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from cds_hooks import BreakerState, CallRecord, FeedbackRecord, FhirRead, ReplayStore, ReplayStoreUnavailable
from plugin.control import Control
from plugin.domain.content import ContentError
from plugin.review import Reviewed

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0)
_BREAKER: Mapping[BreakerState, int] = {"closed": 0, "half-open": 1, "open": 2}
_OF_NOBODY = "none"
"""The label of what could not be told, as a client that was not recognised."""


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, namespace="spinal_cds", registry=registry)

        def seconds(name: str, text: str, *labels: str) -> Histogram:
            return Histogram(name, text, labels, namespace="spinal_cds", registry=registry, buckets=_SECONDS)

        def gauge(name: str, text: str, mode: Literal["livesum", "livemax"], *labels: str) -> Gauge:
            return Gauge(
                name, text, labels, namespace="spinal_cds", registry=registry, multiprocess_mode=mode
            )

        self._requests = counter("requests", "Calls of a service", "client", "hook", "status")
        self._duration = seconds("request_duration_seconds", "From a call to its answer", "hook")
        self._in_flight = gauge("requests_in_flight", "Calls being answered", "livesum")
        self._feedback = counter("feedback_requests", "Calls with feedback", "client", "status")
        self._refused = counter("tokens_refused", "Tokens refused, and why", "client", "reason")
        self._cards = counter(
            "cards", "Cards made; silent ones are not shown", "criterion", "indicator", "mode"
        )
        self._unread = counter("unread_sections", "Parts of records that could not be read", "reason")
        self._unmapped = counter("unmapped_codes", "Codes that no value set holds", "system")
        self._fhir = seconds("fhir_read_duration_seconds", "Reads of FHIR servers", "resource_type")
        self._breaker = gauge(
            "fhir_breaker_state", "0 closed, 1 half-open, 2 open: left alone for a while", "livemax", "base"
        )
        self._jwks = gauge(
            "jwks_read_timestamp_seconds", "When a client's keys were last read", "livemax", "client"
        )
        self._replay = counter(
            "replay_store_failures", "Calls refused as it could not be told if a token was used"
        )
        self._lost = counter("issued_cards_lost", "Cards shown and not recorded")
        self._off = gauge(
            "switched_off", "1 while the kill switch is thrown; * is everybody", "livemax", "client"
        )
        self._broken = gauge(
            "control_broken", "1 while the control file or the switches cannot be read", "livemax"
        )
        # To find a child by the texts of its labels takes longer than to count: those of every call are kept.
        self._requests_of = cache(self._requests.labels)
        self._duration_of = cache(self._duration.labels)
        self._cards_of = cache(self._cards.labels)
        self._unread_of = cache(self._unread.labels)
        self._unmapped_of = cache(self._unmapped.labels)
        self._ever_off: frozenset[str] = frozenset()

    def call(self, record: CallRecord | FeedbackRecord) -> None:
        client = record.client or _OF_NOBODY
        if record.refusal is not None:
            self._refused.labels(client, record.refusal).inc()
        if isinstance(record, FeedbackRecord):
            self._feedback.labels(client, record.status).inc()
            return
        hook = record.hook or _OF_NOBODY
        self._requests_of(client, hook, record.status).inc()
        self._duration_of(hook).observe(record.milliseconds / 1000)

    def reviewed(self, reviewed: Reviewed) -> None:
        """Cards, and what of the record could not be read or recognised."""
        for mode, cards in (("live", reviewed.response.cards), ("silent", reviewed.silent)):
            for card in cards:
                topic = card.source.topic.code if card.source.topic else _OF_NOBODY
                self._cards_of(topic, card.indicator, mode).inc()
        for unread in reviewed.unread:
            self._unread_of(unread.value).inc()
        for system, count in reviewed.unmapped.items():
            self._unmapped_of(system).inc(count)

    def fhir_read(self, read: FhirRead) -> None:
        self._fhir.labels(read.resource_type).observe(read.seconds)

    def breakers(self, states: Mapping[str, BreakerState]) -> None:
        """By FHIR base."""
        for base, state in states.items():
            self._breaker.labels(base).set(_BREAKER[state])

    def keys_read(self, client: str) -> None:
        self._jwks.labels(client).set_to_current_time()

    def lost(self, count: int) -> None:
        self._lost.inc(count)

    def replay_failed(self) -> None:
        self._replay.inc()

    def changed(self, control: Control) -> None:
        self._ever_off |= control.clients_off
        for client in self._ever_off:
            self._off.labels(client).set(client in control.clients_off)

    def control_is_broken(self, is_so: bool) -> None:
        self._broken.set(is_so)

    def in_flight(self, change: int) -> None:
        """Calls of services and feedback that began, less those that ended."""
        self._in_flight.inc(change)


class CountedReplayStore:
    """A replay store whose failures are counted."""

    def __init__(self, store: ReplayStore, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics

    def claim(self, issuer: str, jti: str, expires_at: float) -> bool:
        try:
            return self._store.claim(issuer, jti, expires_at)
        except ReplayStoreUnavailable:
            self._metrics.replay_failed()
            raise


def serve_metrics(host: str, port: int, metrics: Metrics | None = None) -> None:
    """Answers `/metrics` from a thread: of `metrics`, or of all processes that count together.

    For gunicorn's `when_ready`, in the master. Raises ContentError for an address that cannot be had.
    """
    registry = CollectorRegistry() if metrics is None else metrics.registry
    if metrics is None:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    try:
        start_http_server(port, host, registry)
    except OSError as error:
        raise ContentError(f"SPINAL_CDS_METRICS_PORT: {host}:{port}: {error.strerror}") from error


def forget_process(pid: int) -> None:
    """For gunicorn's `child_exit`: what a process that ended was doing is not being done any more."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
