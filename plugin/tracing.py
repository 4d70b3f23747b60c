"""Traces for OpenTelemetry, with the optional extra `otel`; where they go, the standard variables say.

Instrumentations put addresses, queries, headers and messages of exceptions into spans. What leaves the
process is made anew from what is listed here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from flask import Flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, SpanKind, Status

_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
_METHOD = "http.request.method"
_STATUS = "http.response.status_code"
_ROUTE = "http.route"
_SERVER = "server.address"


def trace(app: Flask, exporter: SpanExporter) -> None:
    """Traces calls of `app` and reads of FHIR servers."""
    # Otherwise the instrumentations name attributes as they did years ago.
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    resource = Resource.create({"service.name": "spinal-injection-cds"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(ScrubbingExporter(exporter)))
    FlaskInstrumentor().instrument_app(app, tracer_provider=provider)  # type: ignore[no-untyped-call]
    RequestsInstrumentor().instrument(tracer_provider=provider)


class ScrubbingExporter(SpanExporter):
    """Hands on of each span what is listed: method, route, status, times, and the host that we asked."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([scrubbed(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def scrubbed(span: ReadableSpan) -> ReadableSpan:
    """A span with the listed attributes; without events, links, trace state and the text of its status."""
    given = span.attributes or {}
    kept = {name: given[name] for name in (_METHOD, _STATUS) if name in given}
    if kept.get(_METHOD) not in _METHODS:
        kept.pop(_METHOD, None)
    of_its_kind = _SERVER if span.kind is SpanKind.CLIENT else _ROUTE
    if of_its_kind in given:
        kept[of_its_kind] = given[of_its_kind]
    return ReadableSpan(
        name=" ".join(str(kept[name]) for name in (_METHOD, _ROUTE) if name in kept) or "other",
        context=_without_state(span.get_span_context()),
        parent=_without_state(span.parent),
        resource=span.resource,
        attributes=kept,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _without_state(context: SpanContext | None) -> SpanContext | None:
    """The state may be whatever the caller wrote into a header."""
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)
