"""Bodies as an EHR sends them, and a small service without anything clinical to send them to."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import flask
import msgspec

from cds_hooks import (
    AllowedBases,
    Card,
    Client,
    FhirAccess,
    HookCall,
    OpenTo,
    Response,
    Service,
    Source,
    create_blueprint,
)

HOOK_INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
CARD = Card(
    uuid="11111111-2222-4333-8444-555555555555",
    summary="One order was looked at.",
    indicator="info",
    source=Source(label="Test service"),
)
CANARY = "Canary-7f3a91"

CLIENT = Client("test-ehr", AllowedBases((), allow_loopback=True))

Answer = Callable[[HookCall], Response]


class ConditionView(msgspec.Struct, rename="camel"):
    resource_type: str
    id: str | None = None
    recorded_date: str | None = None


class PatientView(msgspec.Struct, rename="camel"):
    resource_type: str
    id: str | None = None


def order(identity: str | None = "o1", resource_type: str = "ServiceRequest", **more: Any) -> dict[str, Any]:
    named = {} if identity is None else {"id": identity}
    return {"resourceType": resource_type, **named, **more}


def bundle_of(*resources: Any, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources], **more}


def searchset(*resources: Any, **more: Any) -> dict[str, Any]:
    return bundle_of(*resources, type="searchset", total=len(resources), **more)


def hook_call(hook: Any = "order-sign", **changes: Any) -> dict[str, Any]:
    """A whole request; `changes` replace top-level fields."""
    return {
        "hook": hook,
        "hookInstance": HOOK_INSTANCE,
        "context": context(),
        "prefetch": {},
        **changes,
    }


def context(**changes: Any) -> dict[str, Any]:
    return {
        "userId": "Practitioner/u1",
        "patientId": "p1",
        "draftOrders": bundle_of(order()),
        **changes,
    }


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


def encoded(body: Any) -> bytes:
    return json.dumps(body).encode()


def one_card(_: HookCall) -> Response:
    return Response(cards=(CARD,))


def service(hook: str = "order-sign", answer: Answer = one_card, **changes: Any) -> Service:
    fields: dict[str, Any] = {
        "id": "test-service",
        "hook": hook,
        "title": "Test service",
        "description": "Looks at every order.",
        "prefetch": {"patient": "Patient/{{context.patientId}}"},
        "answer": answer,
    }
    return Service(**{**fields, **changes})


def app_with(services: Sequence[Service] | None = None, **options: Any) -> flask.Flask:
    app = flask.Flask("test")
    settings: dict[str, Any] = {
        "authenticator": OpenTo(CLIENT),
        "fhir_access": FhirAccess(),
        "cors_origins": (),
        **options,
    }
    chosen = [service(), service("order-select")] if services is None else services
    app.register_blueprint(create_blueprint(chosen, **settings))
    return app
