"""Wires the parts. Holds no logic; refuses bad content."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import structlog
from flask import Flask

from cds_hooks import (
    AllowedBases,
    CallRecord,
    Client,
    FhirAccess,
    HookCall,
    OpenTo,
    Response,
    Service,
    create_blueprint,
)
from plugin.cards.catalogue import load_catalogue
from plugin.cards.compose import Composer
from plugin.domain.content import ContentError
from plugin.evidence.gather import Record
from plugin.guidelines import Library, load_guidelines
from plugin.policies.judge import Judge
from plugin.policies.load import load_policy
from plugin.review import Review
from plugin.settings import Settings
from plugin.store import IssuedCard, Store, open_store
from plugin.terminology import load_terminology

Answer = Callable[[HookCall], Response]
SERVICE_ID = "spinal-injection-review"
HOOKS = {"order-select": "1.0", "order-sign": "1.0"}
_LOOPBACK_ORIGIN = re.compile(r"^http://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$")
_USAGE = (
    "Reads ServiceRequest drafts with CPT or SNOMED CT codes for interlaminar, caudal and transforaminal "
    "epidural injections. Prefetch, or a FHIR R4 server that may be read, is required for those orders. "
    "Other orders are answered without cards."
)


def create_app(settings: Settings) -> Flask:
    """The WSGI application. Raises ContentError when settings or content are at fault."""
    review = create_review(settings)
    store = open_store(settings.database, _log_loss)
    app = Flask("spinal-injection-cds", static_folder=None)
    app.register_blueprint(
        create_blueprint(
            _services(review, _recording(review, store)),
            authenticator=OpenTo(create_client(settings)),
            fhir_access=create_fhir_access(settings),
            cors_origins=(_LOOPBACK_ORIGIN,),
            max_body_bytes=settings.max_body_bytes,
            observe=_log_call,
            on_unexpected=_log_unexpected,
        )
    )
    return app


def _recording(review: Review, store: Store) -> Answer:
    """The review, with what it issued handed to the store."""
    policy, digest = review.policy.label, review.policy.content_hash

    def answer(call: HookCall) -> Response:
        request = call.request
        reviewed = review.review(request, call.server)
        response = reviewed.response
        gates = sorted({v.scope.silenced_by for v in reviewed.verdicts if v.scope.silenced_by})
        if gates:
            _log.info("not reviewed", hook_instance=request.hook_instance, gates=gates)
        if response.cards:
            now = datetime.now(UTC)
            store.record(
                [
                    IssuedCard(
                        card=card.uuid,
                        hook_instance=request.hook_instance,
                        hook=request.hook,
                        topic=card.source.topic.code if card.source.topic else "",
                        indicator=card.indicator,
                        policy=policy,
                        policy_hash=digest,
                        issued_at=now,
                    )
                    for card in response.cards
                ]
            )
        return response

    return answer


def create_review(settings: Settings) -> Review:
    """The review under the settings' policy."""
    terminology = load_terminology(relief_code=settings.relief_code)
    guidelines = load_guidelines()
    policy = load_policy(settings.policy, frozenset(g.id for g in guidelines))
    judge = Judge(policy, Library(g for g in guidelines if g.id in policy.file.guidelines))
    composer = Composer(
        judge=judge,
        catalogue=load_catalogue(),
        terminology=terminology,
        notes=settings.notes or policy.file.notes,
        evidence_base=settings.public_url.rstrip("/"),
    )
    return Review(policy, terminology, Record(terminology), judge, composer, _clock(settings))


def create_client(settings: Settings) -> Client:
    """The client that every caller is taken for in the development profile."""
    try:
        bases = AllowedBases(registered=settings.fhir_servers, allow_loopback=True)
    except ValueError:
        # The message would repeat the URL, which may hold a password.
        raise ContentError(
            "--fhir-server, SPINAL_CDS_FHIR_SERVERS: must be http or https base URLs, without user or query"
        ) from None
    return Client("development", bases)


def create_fhir_access(settings: Settings) -> FhirAccess:
    return FhirAccess(deadline_seconds=settings.deadline_seconds)


def _clock(settings: Settings) -> Callable[[], date]:
    fixed = settings.today
    return date.today if fixed is None else lambda: fixed


def _services(review: Review, answer: Answer) -> list[Service]:
    return [
        Service(
            id=SERVICE_ID,
            hook=hook,
            title="Spinal injection review",
            description=(
                "Reviews orders for epidural injections against the record: pain pattern, MRI of the ordered "
                "region, conservative care. Silent when nothing is missing."
            ),
            prefetch=review.record.templates,
            answer=answer,
            usage_requirements=_USAGE,
            hook_version=version,
        )
        for hook, version in HOOKS.items()
    ]


def configure_logging(level: str) -> None:
    """One JSON line per event on standard error; only fields that are named here are ever written."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )


def _as_json(fields: dict[str, object], **_: object) -> bytes:
    return msgspec.json.encode(fields)


_log: Any = structlog.get_logger()


def _log_loss(count: int, why: str) -> None:
    _log.warning("issued cards not stored", count=count, why=why)


def _log_call(record: CallRecord) -> None:
    fields = {key: value for key, value in asdict(record).items() if value is not None}
    fields["milliseconds"] = round(record.milliseconds, 2)
    _log.info("call", **fields)


def _log_unexpected(error: Exception) -> None:
    """The type and the place only: messages may hold what came from a chart."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f"{last.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{last.tb_lineno}" if last else ""
    _log.error("unexpected", error=type(error).__name__, place=place)
