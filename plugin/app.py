"""Wires the parts. Holds no logic; refuses bad content."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version

from flask import Flask, g

from cds_hooks import (
    ANY_NETWORK,
    AllowedBases,
    Authenticator,
    BackendTokens,
    Client,
    FhirAccess,
    HookCall,
    OpenTo,
    RateLimit,
    Registration,
    Response,
    Service,
    TokenAuthenticator,
    create_blueprint,
    published_keys,
    templates_for,
)
from plugin.control import ControlWatch, Known, parse_control, read_control
from plugin.criteria import load_criteria
from plugin.domain.content import ContentError
from plugin.evidence.guess import guess_by
from plugin.evidence.placed import KEYS, TEMPLATES
from plugin.logs import log_keys, log_no_token, log_not_reviewed, log_unexpected
from plugin.metrics import CountedReplayStore, Metrics
from plugin.observers import Observers
from plugin.pages import Knowledge, create_pages
from plugin.policies.model import Policy
from plugin.probes import control_check, create_probes, database_checks
from plugin.review import Review, Reviewed
from plugin.reviews import Content, Reviews, create_reviews, load_content
from plugin.settings import Settings
from plugin.store import (
    FeedbackLog,
    IssuedCard,
    IssuedCards,
    connect,
    open_database,
    open_replay_store,
)
from plugin.trust import OPEN_CLIENT, registered_clients

Answer = Callable[[HookCall], Response]
SERVICE_ID = "spinal-injection-review"
HOOKS = {"appointment-book": "1.0", "order-dispatch": "1.1", "order-sign": "1.0", "order-select": "1.0"}
"""Every hook with the version of its definition. The CDS Hooks sandbox keeps the last one of a service."""
_LOOPBACK_ORIGIN = re.compile(r"^http://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$")
_USAGE = (
    "Reads ServiceRequests coded in CPT, HCPCS, SNOMED CT or LOINC as epidural, facet, sacroiliac or trigger "
    "point injections, ablations, disc injections or biologics. Prefetch, or a FHIR R4 server that may be "
    "read, is required for those orders. "
    "For order-dispatch and appointment-book the order itself comes from there too. "
    "Other orders are answered without cards."
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """All that an app reads once and never changes: made in one process, it serves those forked from it."""

    registrations: tuple[Registration, ...]
    reviews: Reviews
    knowledge: Knowledge


def load(settings: Settings) -> Loaded:
    """Raises ContentError when settings or content are at fault. Nothing is left open, no thread runs."""
    registrations = registered_clients(settings)
    check_control_file(settings, registrations)
    content = load_content(settings)
    reviews = create_reviews(settings, registrations, content)
    return Loaded(registrations, reviews, _knowledge(reviews, content))


def create_app(settings: Settings, loaded: Loaded | None = None) -> Flask:
    """The WSGI application of one process. Raises ContentError when it cannot start."""
    loaded = loaded or load(settings)
    registrations, reviews = loaded.registrations, loaded.reviews
    metrics = Metrics()
    observers = Observers(metrics)
    authenticator = create_authenticator(settings, registrations, metrics)
    database = open_database(settings.database)
    store = IssuedCards(database, observers.lost)
    watch = watch_control(settings, registrations, reviews, observers)
    fhir_access = create_fhir_access(settings, metrics)
    app = Flask("spinal-injection-cds", static_folder=None)
    app.extensions |= {"fhir_access": fhir_access, "metrics": metrics}
    weakref.finalize(app, watch.close)
    if settings.tracing:
        _trace(app)
    app.register_blueprint(
        create_blueprint(
            hook_services(reviews[None], _recording(reviews, watch, store, metrics)),
            authenticator=authenticator,
            fhir_access=fhir_access,
            cors_origins=_cors_origins(settings, registrations),
            take_feedback=FeedbackLog(database, _utc_now).take,
            jwks=_jwks(registrations),
            max_body_bytes=settings.max_body_bytes,
            rate_limit=RateLimit(settings.rate_limit) if registrations else None,
            max_in_flight=settings.max_in_flight,
            on_in_flight=metrics.in_flight,
            observe=partial(observers.called, breakers=fhir_access.breakers),
            on_unexpected=log_unexpected,
        )
    )
    today = reviews[None].today
    app.register_blueprint(create_pages(loaded.knowledge, today))
    app.register_blueprint(create_probes({**database_checks(database), **control_check(watch, today)}))
    return app


def _knowledge(reviews: Reviews, content: Content) -> Knowledge:
    """What the evidence pages show: the policies in use, the service's own first, and every guideline."""
    review = reviews[None]
    return Knowledge(
        content=load_criteria(),
        policies=tuple({r.policy.label: r.policy for r in reviews.values()}.values()),
        guidelines=content.guidelines,
        catalogue=content.catalogue,
        terminology=content.terminology,
        searches=review.record.templates,
    ).check()


def _trace(app: Flask) -> None:
    """Raises ContentError without the optional packages, which most sites need not have."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        from plugin.tracing import trace
    except ModuleNotFoundError as error:
        raise ContentError(
            "SPINAL_CDS_TRACING: the extra otel is not installed: pip install 'spinal-injection-cds[otel]'"
        ) from error
    trace(app, OTLPSpanExporter())


def watch_control(
    settings: Settings, registrations: Sequence[Registration], reviews: Reviews, observers: Observers
) -> ControlWatch:
    """Raises ContentError when it cannot be told what is to be shown."""
    known = _known(registrations)
    policies = sorted({f"{r.policy.label} {r.policy.content_hash}" for r in reviews.values()})
    return ControlWatch(
        settings.control_file,
        connect(settings.database, wait_seconds=1),
        known,
        {
            "version": version("spinal-injection-cds"),
            "clients": sorted(known.clients),
            "policies": policies,
        },
        observers,
    )


def check_control_file(settings: Settings, registrations: Sequence[Registration]) -> None:
    """Raises ContentError listing its faults."""
    if settings.control_file is not None:
        parse_control(read_control(settings.control_file), _known(registrations))


def _known(registrations: Sequence[Registration]) -> Known:
    """What a control file may name."""
    clients = [registration.client.id for registration in registrations] or [OPEN_CLIENT]
    return Known(frozenset(clients), frozenset(load_criteria().criteria))


def _recording(reviews: Reviews, watch: ControlWatch, store: IssuedCards, metrics: Metrics) -> Answer:
    """The review under the client's policy and modes, with what it issued handed to the store."""

    def answer(call: HookCall) -> Response:
        request, control = call.request, watch.control
        if control.is_off(call.client.id):
            return Response()
        review = reviews.get(call.client.id, reviews[None])
        modes = control.modes(call.client.id, request.context.user_id, review.today())
        reviewed = review.review(request, call.server, modes)
        g.unmapped = reviewed.unmapped
        gates = sorted({v.scope.silenced_by for v in reviewed.verdicts if v.scope.silenced_by})
        if gates:
            log_not_reviewed(request.hook_instance, gates)
        metrics.reviewed(reviewed)
        if reviewed.response.cards or reviewed.silent:
            store.record(_issued(reviewed, call, review.policy))
        return reviewed.response

    return answer


def _issued(reviewed: Reviewed, call: HookCall, policy: Policy) -> list[IssuedCard]:
    """A row for every card of the answer, then for every silent one."""
    client, request, label, now = call.client.id, call.request, policy.label, _utc_now()
    made = [(card, False) for card in reviewed.response.cards]
    made += [(card, True) for card in reviewed.silent]
    return [
        IssuedCard(
            card=card.uuid,
            client=client,
            service=SERVICE_ID,
            hook_instance=request.hook_instance,
            hook=request.hook,
            topic=card.source.topic.code if card.source.topic else "",
            indicator=card.indicator,
            policy=label,
            policy_hash=policy.content_hash,
            issued_at=now,
            silent=is_silent,
        )
        for card, is_silent in made
    ]


def create_authenticator(
    settings: Settings, registrations: Sequence[Registration], metrics: Metrics
) -> Authenticator:
    """By token, or without registered clients open."""
    if not registrations:
        return OpenTo(create_client(settings))
    return TokenAuthenticator(
        registrations,
        public_url=settings.public_url,
        replay=CountedReplayStore(open_replay_store(settings.database, settings.replay_url), metrics),
        warn=log_keys,
        on_keys_read=metrics.keys_read,
    )


def _cors_origins(settings: Settings, registrations: Sequence[Registration]) -> list[str | re.Pattern[str]]:
    listed = dict.fromkeys(origin for registration in registrations for origin in registration.cors_origins)
    return [*listed, *((_LOOPBACK_ORIGIN,) if settings.profile == "development" else ())]


def create_client(settings: Settings) -> Client:
    """The client that every caller is taken for in the open development profile."""
    try:
        bases = AllowedBases(settings.fhir_servers, allow_loopback=True, private_networks=ANY_NETWORK)
    except ValueError:
        # The message would repeat the URL, which may hold a password.
        raise ContentError(
            "--fhir-server, SPINAL_CDS_FHIR_SERVERS: must be http or https base URLs, without user or query"
        ) from None
    return Client(OPEN_CLIENT, bases)


def create_fhir_access(settings: Settings, metrics: Metrics | None = None) -> FhirAccess:
    """`metrics`: where reads are counted, if they are."""
    tokens = BackendTokens(warn=log_no_token)
    access = partial(FhirAccess, deadline_seconds=settings.deadline_seconds, tokens=tokens)
    return access() if metrics is None else access(observe=metrics.fhir_read)


def _jwks(registrations: Sequence[Registration]) -> bytes | None:
    """The service's own public keys; None when it has no need of any."""
    services = [r.client.backend_services for r in registrations if r.client.backend_services is not None]
    return published_keys(key for s in services for key in (s.key, s.next_key)) if services else None


def _utc_now() -> datetime:
    return datetime.now(UTC)


def hook_services(review: Review, answer: Answer) -> list[Service]:
    """One service per hook, all under the same id, so that a later hook's cards replace an earlier one's."""
    reads_keys = guess_by(review.terminology)
    return [
        Service(
            id=SERVICE_ID,
            hook=hook,
            title="Spinal injection review",
            description=(
                "Reviews orders for spinal injections and ablations against the record: the reason, imaging, "
                "conservative care, earlier procedures and what they did, guidance, drugs. Silent when "
                "nothing is missing."
            ),
            prefetch=templates_for(hook, {**TEMPLATES, **review.record.templates}),
            answer=answer,
            keys={**KEYS, **review.record.keys},
            reads_keys=reads_keys,
            usage_requirements=_USAGE,
            hook_version=version,
        )
        for hook, version in HOOKS.items()
    ]
