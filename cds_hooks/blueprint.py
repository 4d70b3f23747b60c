"""The protocol over HTTP: discovery, service calls, and failures as a status with an OperationOutcome."""

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import NamedTuple, cast

import flask
import msgspec
import werkzeug
from flask.blueprints import BlueprintSetupState
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from cds_hooks.authentication import Authenticator, OpenTo
from cds_hooks.bodies import current_request, json_body
from cds_hooks.clients import Client
from cds_hooks.cors import allow_origins, origin_pattern
from cds_hooks.dialects import DIALECTS, adapt, unsupported_types
from cds_hooks.envelope import PrefetchKeys
from cds_hooks.errors import (
    CdsHooksError,
    Overloaded,
    Unauthenticated,
    UnknownService,
    error_of_status,
    internal_error,
    operation_outcome,
)
from cds_hooks.feedback import Feedback, read_feedback
from cds_hooks.fhir_access import FhirAccess
from cds_hooks.in_flight import InFlight
from cds_hooks.openapi import OPENAPI_PATH, openapi_document
from cds_hooks.rate_limit import RateLimit
from cds_hooks.request import READABLE_HOOKS, HookRequest, read_hook_request
from cds_hooks.service import HookCall, Service, discovery_document
from cds_hooks.signing_keys import JWKS_PATH

_PUBLIC_MAX_AGE_SECONDS = 3600
_KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")


class CallRecord(NamedTuple):
    """One service call, as it may be logged and counted. Nothing in it comes from a chart.

    `client` is the registered one that called, or that a refused token names; `refusal` says why it was
    refused. `service` is None for an id that does not exist, `hook` and `hook_instance` for a request that
    could not be read. `error` is the IssueType code of the answer, None when cards were sent.
    """

    client: str | None
    refusal: str | None
    service: str | None
    hook: str | None
    hook_instance: str | None
    status: int
    milliseconds: float
    card_count: int
    error: str | None


class FeedbackRecord(NamedTuple):
    """One call of a feedback endpoint, as it may be logged and counted.

    `client` and `refusal` are as in `CallRecord`, `service` is None for an id that does not exist. `error` is
    the IssueType code of the answer, None when all entries were taken.
    """

    client: str | None
    refusal: str | None
    service: str | None
    status: int
    milliseconds: float
    entry_count: int
    error: str | None


TakeFeedback = Callable[[Client, str, Sequence[Feedback]], None]


def ignore(_: object) -> None:
    """For callers who do not want to be told."""


def create_blueprint(
    services: Sequence[Service],
    *,
    authenticator: Authenticator,
    fhir_access: FhirAccess,
    cors_origins: Sequence[str | re.Pattern[str]],
    take_feedback: TakeFeedback | None = None,
    jwks: bytes | None = None,
    max_body_bytes: int = 2 * 1024 * 1024,
    rate_limit: RateLimit | None = None,
    max_in_flight: int = 64,
    on_in_flight: Callable[[int], object] = ignore,
    observe: Callable[[CallRecord | FeedbackRecord], None] = ignore,
    on_unexpected: Callable[[Exception], None] = ignore,
) -> flask.Blueprint:
    """The routes of `services`, and the error answers of the whole app the blueprint is registered with.

    `take_feedback` gets the client, the service id and a whole batch, and returns once it is kept; without it
    there is no feedback endpoint. `jwks` are the service's own public keys. `max_in_flight` calls (from 2
    on), and half as many of feedback, are answered at once and others refused; the server needs more threads
    than those. `on_in_flight` is told 1 when any of them begins, and -1 when it ends. `observe` is told of
    every call; `on_unexpected` of every exception that became a 500 (its type may be logged, its message may
    hold patient data). Raises ValueError for services that cannot be told apart, for hooks nobody can read,
    and for the CORS origin `*`.
    """
    calls = _Calls(
        _registry(services),
        authenticator,
        fhir_access,
        max_body_bytes,
        rate_limit,
        InFlight(max_in_flight, on_in_flight),
        InFlight(max_in_flight // 2, on_in_flight),
        observe,
        on_unexpected,
    )
    blueprint = flask.Blueprint("cds_hooks", __name__)
    described = openapi_document(
        services,
        is_open=isinstance(authenticator, OpenTo),
        takes_feedback=take_feedback is not None,
        publishes_keys=jwks is not None,
    )
    blueprint.add_url_rule("/cds-services", "discovery", _public(discovery_document(services)))
    blueprint.add_url_rule(OPENAPI_PATH, "openapi", _public(described))
    if jwks is not None:
        blueprint.add_url_rule(JWKS_PATH, "jwks", _public(jwks))
    blueprint.add_url_rule("/cds-services/<service_id>", "call", calls.answer, methods=["POST"])
    if take_feedback is not None:
        view = partial(calls.take, take_feedback)
        blueprint.add_url_rule("/cds-services/<service_id>/feedback", "feedback", view, methods=["POST"])
    blueprint.record_once(_take_paths_literally)
    _answer_errors(blueprint, on_unexpected)
    patterns = [origin_pattern(origin) for origin in cors_origins]
    if patterns:
        blueprint.record_once(lambda state: allow_origins(state, patterns))
    return blueprint


@dataclass(frozen=True, slots=True)
class _Offered:
    """What is offered under one service id."""

    by_hook: Mapping[str, Service]
    keys: PrefetchKeys


Registry = Mapping[str, _Offered]


def _registry(services: Sequence[Service]) -> Registry:
    """By service id."""
    registry: dict[str, dict[str, Service]] = {}
    for service in services:
        if service.hook not in READABLE_HOOKS:
            known = ", ".join(sorted(READABLE_HOOKS))
            raise ValueError(
                f"service {service.id!r}: hook {service.hook!r} cannot be read; there is {known}"
            )
        hooks = registry.setdefault(service.id, {})
        if service.hook in hooks:
            raise ValueError(f"service {service.id!r} is given twice for hook {service.hook!r}")
        hooks[service.hook] = service
    return {service_id: _Offered(hooks, _keys(hooks)) for service_id, hooks in registry.items()}


def _keys(hooks: Mapping[str, Service]) -> PrefetchKeys:
    """Which hook calls is told by the body alone, so that those of all hooks are looked for."""
    keys = {name: key for service in hooks.values() for name, key in service.keys.items()}
    guesses = dict.fromkeys(service.reads_keys for service in hooks.values())
    return PrefetchKeys(keys, () if None in guesses else [guess for guess in guesses if guess is not None])


def _public(document: bytes) -> Callable[[], werkzeug.Response]:
    """Answers with a JSON document that never changes while the service runs."""
    etag = hashlib.sha256(document).hexdigest()[:32]

    def answer() -> werkzeug.Response:
        response = flask.Response(document, mimetype="application/json")
        response.cache_control.max_age = _PUBLIC_MAX_AGE_SECONDS
        response.set_etag(etag)
        return response.make_conditional(flask.request)

    return answer


@dataclass(frozen=True, slots=True)
class _Calls:
    """Answers POST /cds-services/{id} and /cds-services/{id}/feedback."""

    registry: Registry
    authenticator: Authenticator
    fhir_access: FhirAccess
    max_body_bytes: int
    rate_limit: RateLimit | None
    calls_in_flight: InFlight
    feedback_in_flight: InFlight
    observe: Callable[[CallRecord | FeedbackRecord], None]
    on_unexpected: Callable[[Exception], None]

    def answer(self, service_id: str) -> flask.Response:
        return self.calls_in_flight.run(partial(self._answer, service_id))

    def _answer(self, service_id: str, is_free: bool) -> flask.Response:
        started = time.perf_counter()
        request = current_request()
        offered = self.registry.get(service_id)
        client: Client | None = None
        hook_request: HookRequest | None = None
        error: CdsHooksError | None = None
        card_count = 0
        try:
            _require(is_free)
            client = self._client(request)
            dialect = DIALECTS[client.dialect]
            if offered is None:
                raise UnknownService
            hook_request = read_hook_request(
                json_body(request, self.max_body_bytes),
                offered.by_hook,
                offered.keys,
                unsupported_types=unsupported_types(client),
            )
            service = offered.by_hook[hook_request.hook]
            server = self.fhir_access.reader_for(hook_request, client)
            cards = adapt(service.answer(HookCall(client, hook_request, server)), dialect)
            response = _json_response(cards.to_json(), 200)
            card_count = len(cards.cards)
        except CdsHooksError as own_error:
            error = own_error
        except Exception as unexpected:
            self.on_unexpected(unexpected)
            error = internal_error()
        if error is not None:
            response = _error_response(error, error.status)
        self.observe(
            CallRecord(
                client=_client_id(client, error),
                refusal=error.reason if isinstance(error, Unauthenticated) else None,
                service=None if offered is None else service_id,
                hook=None if hook_request is None else hook_request.hook,
                hook_instance=None if hook_request is None else hook_request.hook_instance,
                status=response.status_code,
                milliseconds=(time.perf_counter() - started) * 1000,
                card_count=card_count,
                error=None if error is None else error.code,
            )
        )
        return response

    def take(self, take_feedback: TakeFeedback, service_id: str) -> flask.Response:
        return self.feedback_in_flight.run(partial(self._take, take_feedback, service_id))

    def _take(self, take_feedback: TakeFeedback, service_id: str, is_free: bool) -> flask.Response:
        started = time.perf_counter()
        request = current_request()
        client: Client | None = None
        feedback: Sequence[Feedback] = ()
        error: CdsHooksError | None = None
        try:
            _require(is_free)
            client = self._client(request)
            if service_id not in self.registry:
                raise UnknownService
            feedback = read_feedback(json_body(request, self.max_body_bytes))
            take_feedback(client, service_id, feedback)
            response = _json_response(b"{}", 200)
        except CdsHooksError as own_error:
            error = own_error
        except Exception as unexpected:
            self.on_unexpected(unexpected)
            error = CdsHooksError("The service failed; whether this feedback was stored is not known.")
        if error is not None:
            response = _error_response(error, error.status)
        self.observe(
            FeedbackRecord(
                client=_client_id(client, error),
                refusal=error.reason if isinstance(error, Unauthenticated) else None,
                service=service_id if service_id in self.registry else None,
                status=response.status_code,
                milliseconds=(time.perf_counter() - started) * 1000,
                entry_count=len(feedback),
                error=None if error is None else error.code,
            )
        )
        return response

    def _client(self, request: flask.Request) -> Client:
        """Raises Unauthenticated, TooManyRequests or TemporarilyUnavailable."""
        authorization = request.environ.get("HTTP_AUTHORIZATION")
        try:
            client = self.authenticator.client_of(
                [] if authorization is None else [authorization], request.path
            )
        except Unauthenticated:
            self._count(f"address {request.remote_addr}")
            raise
        if self.rate_limit is not None:
            self._count(f"client {client.id}")
        return client

    def _count(self, caller: str) -> None:
        if self.rate_limit is not None:
            self.rate_limit.count(caller)


def _require(slot_is_free: bool) -> None:
    if not slot_is_free:
        raise Overloaded


def _client_id(client: Client | None, error: CdsHooksError | None) -> str | None:
    if client is not None:
        return client.id
    return error.client_id if isinstance(error, Unauthenticated) else None


def _json_response(body: bytes, status: int) -> flask.Response:
    headers = Headers([("Content-Type", "application/json"), ("Cache-Control", "no-store")])
    return flask.Response(body, status, headers)


def _error_response(error: CdsHooksError, status: int) -> flask.Response:
    response = _json_response(msgspec.json.encode(operation_outcome(error)), status)
    response.headers.update(error.headers)
    return response


def _answer_errors(blueprint: flask.Blueprint, on_unexpected: Callable[[Exception], None]) -> None:
    """Registers, for the whole app, the answers to whatever goes wrong outside a service call."""

    @blueprint.app_errorhandler(CdsHooksError)
    def answer_own(error: CdsHooksError) -> flask.Response:
        return _error_response(error, error.status)

    @blueprint.app_errorhandler(HTTPException)
    def answer_http(error: HTTPException) -> flask.Response:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        response = _error_response(error_of_status(status), status)
        for name, value in error.get_headers():
            if name in _KEPT_HEADERS:
                response.headers.add(name, value)
        return response

    @blueprint.app_errorhandler(Exception)
    def answer_unexpected(error: Exception) -> flask.Response:
        on_unexpected(error)
        return _error_response(internal_error(), HTTPStatus.INTERNAL_SERVER_ERROR)


def _take_paths_literally(state: BlueprintSetupState) -> None:
    """Otherwise a doubled slash is answered with a redirect to whatever host the caller names."""
    cast(flask.Flask, state.app).url_map.merge_slashes = False
