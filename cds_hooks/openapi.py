"""The OpenAPI 3.1 description of the routes, made from what the service lists, reads, sends and refuses."""

import re
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from cds_hooks.cards import Response
from cds_hooks.errors import (
    CardOfAnotherClient,
    CdsHooksError,
    DataUnobtainable,
    InvalidRequest,
    OrdersWithheld,
    Overloaded,
    PayloadTooLarge,
    TemporarilyUnavailable,
    TooManyRequests,
    Unauthenticated,
    UnknownService,
    UnsupportedContentType,
    UnsupportedFhirVersion,
)
from cds_hooks.request_schemas import CONTEXT_SCHEMAS, FEEDBACK_ENTRY_SCHEMA, Schema, feedback_schema
from cds_hooks.service import CDS_HOOKS_VERSION, Service
from cds_hooks.signing_keys import JWKS_PATH

OPENAPI_PATH = "/openapi.json"
_COMPONENTS = "#/components/schemas/"
_TOKEN: Schema = {"jwt": []}
_HEADER_OF_STATUS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
_UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def openapi_document(
    services: Sequence[Service], *, is_open: bool, takes_feedback: bool, publishes_keys: bool = False
) -> bytes:
    """The JSON body of GET /openapi.json. `is_open`: calls need no token."""
    keys = _object(keys={"type": "array", "minItems": 1, "items": {"type": "object"}})
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "CDS Hooks service",
            "version": CDS_HOOKS_VERSION,
            "description": "\n\n".join(dict.fromkeys(f"{s.title}: {s.description}" for s in services))
            or "No services.",
        },
        "paths": {
            OPENAPI_PATH: _document_path("This description", {"type": "object"}),
            "/cds-services": _document_path("The services, with their prefetch templates", _ref("Discovery")),
            **({JWKS_PATH: _document_path("The service's own public keys", keys)} if publishes_keys else {}),
            **{
                path: {"post": operation | {"security": [{}, _TOKEN] if is_open else [_TOKEN]}}
                for path, operation in _operations(services, takes_feedback)
            },
        },
        "components": {
            "schemas": {
                **_response_schemas(),
                **_discovery_schemas(),
                **_outcome_schemas(),
                **{_call_name(service): _call_schema(service) for service in services},
                **(_feedback_schemas() if takes_feedback and services else {}),
            },
            "securitySchemes": {
                "jwt": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A JSON Web Token signed by the EHR, as CDS Hooks 2.0 asks for.",
                }
            },
        },
    }
    return msgspec.json.encode(document)


def _operations(services: Iterable[Service], takes_feedback: bool) -> Iterator[tuple[str, Schema]]:
    """What is posted to, by path."""
    by_id: dict[str, list[Service]] = {}
    for service in services:
        by_id.setdefault(service.id, []).append(service)
    for service_id, offered in by_id.items():
        yield f"/cds-services/{service_id}", _call_operation(service_id, offered)
        if takes_feedback:
            yield f"/cds-services/{service_id}/feedback", _feedback_operation(service_id)


def _call_operation(service_id: str, offered: Sequence[Service]) -> Schema:
    body = {
        "oneOf": [_ref(_call_name(service)) for service in offered],
        "discriminator": {
            "propertyName": "hook",
            "mapping": {service.hook: _COMPONENTS + _call_name(service) for service in offered},
        },
    }
    cards = _answer("The cards; none when there is nothing to say", _ref("Response"))
    return {
        "operationId": service_id,
        "summary": offered[0].title,
        "description": offered[0].description,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"200": cards, **_refusals(*_OF_ANY_POST, *_OF_A_CALL)},
    }


def _feedback_operation(service_id: str) -> Schema:
    content = {"application/json": {"schema": _ref("Feedback")}}
    kept = _answer("All entries are kept", _object())
    return {
        "operationId": f"{service_id}.feedback",
        "summary": "What became of cards",
        "description": "Takes all entries of a batch or none.",
        "requestBody": {"required": True, "content": content},
        "responses": {"200": kept, **_refusals(*_OF_ANY_POST, *_OF_FEEDBACK)},
    }


def _answer(description: str, schema: Schema) -> Schema:
    return {
        "description": description,
        "headers": {"Cache-Control": {"schema": {"const": "no-store"}}},
        "content": {"application/json": {"schema": schema}},
    }


def _document_path(summary: str, schema: Schema) -> Schema:
    headers = {name: {"schema": {"type": "string"}} for name in ("ETag", "Cache-Control")}
    answers = {
        "200": {
            "description": summary,
            "headers": headers,
            "content": {"application/json": {"schema": schema}},
        },
        "304": {"description": "Unchanged since the ETag in If-None-Match"},
        "default": _refusal("Any failure"),
    }
    return {"get": {"summary": summary, "security": [], "responses": answers}}


_OF_ANY_POST = (
    InvalidRequest,
    Unauthenticated,
    UnknownService,
    PayloadTooLarge,
    UnsupportedContentType,
    TooManyRequests,
    Overloaded,
    TemporarilyUnavailable,
)
_OF_A_CALL = (OrdersWithheld, DataUnobtainable, UnsupportedFhirVersion)
_OF_FEEDBACK = (CardOfAnotherClient,)


def _refusals(*errors: type[CdsHooksError]) -> Schema:
    """One answer per status, and one for what the web server refuses by itself."""
    names: dict[int, list[str]] = {}
    for error in errors:
        names.setdefault(error.status, []).append(_in_words(error.__name__))
    names[HTTPStatus.INTERNAL_SERVER_ERROR] = ["Failed while answering"]
    told = {
        str(status): _refusal(" or ".join(words), _HEADER_OF_STATUS.get(status))
        for status, words in sorted(names.items())
    }
    return told | {"default": _refusal("Any other failure")}


def _in_words(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()


def _refusal(description: str, header: str | None = None) -> Schema:
    """`header` is sent with it."""
    refusal: Schema = {
        "description": description,
        "content": {"application/json": {"schema": _ref("OperationOutcome")}},
    }
    if header is not None:
        refusal["headers"] = {header: {"required": True, "schema": {"type": "string"}}}
    return refusal


def _call_name(service: Service) -> str:
    return f"{service.id}.{service.hook}"


def _call_schema(service: Service) -> Schema:
    """The body of a call. Members that are not named here may be anything, and are ignored."""
    keys = {key: {"description": template} for key, template in service.prefetch.items()}
    return {
        "type": "object",
        "required": ["hook", "hookInstance", "context"],
        "properties": {
            "hook": {"const": service.hook},
            "hookInstance": {"type": "string", "pattern": f"^([uU][rR][nN]:[uU][uU][iI][dD]:)?{_UUID}$"},
            "fhirServer": {"type": ["string", "null"]},
            "fhirAuthorization": {"type": ["object", "null"]},
            "context": CONTEXT_SCHEMAS.get(service.hook, {"type": "object"}),
            "prefetch": {"description": "What each template found.", "properties": keys},
        },
        "if": {"required": ["fhirAuthorization"], "properties": {"fhirAuthorization": {"type": "object"}}},
        "then": {
            "required": ["fhirServer"],
            "properties": {"fhirServer": {"type": "string", "minLength": 1}},
        },
    }


def _feedback_schemas() -> dict[str, Schema]:
    return {"Feedback": feedback_schema(_ref("FeedbackEntry")), "FeedbackEntry": FEEDBACK_ENTRY_SCHEMA}


def _response_schemas() -> dict[str, Schema]:
    """The models of `cards`, as they are sent: members without value are left out."""
    _, models = msgspec.json.schema_components([Response], ref_template=_COMPONENTS + "{name}")
    schemas = {name: _as_sent(model) for name, model in models.items()}
    schemas["Response"]["required"] = ["cards"]
    del schemas["Response"]["properties"]["cards"]["minItems"]
    return schemas


_NO_EMPTY_ONES = {"string": "minLength", "array": "minItems", "object": "minProperties"}


def _as_sent(schema: Any) -> Any:
    """The schema less null, defaults and everything empty."""
    if isinstance(schema, list):
        return [_as_sent(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    some = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(some) == 1:
        return _as_sent(some[0])
    sent = {key: _as_sent(member) for key, member in schema.items() if key not in ("default", "title")}
    least = _NO_EMPTY_ONES.get(schema["type"]) if isinstance(schema.get("type"), str) else None
    return {least: 1} | sent if least and "properties" not in schema else sent


_TEXT: Schema = {"type": "string", "minLength": 1}


def _discovery_schemas() -> dict[str, Schema]:
    entry = {
        "type": "object",
        "required": ["hook", "title", "description", "id", "version"],
        "properties": {
            **dict.fromkeys(("hook", "title", "description", "id"), _TEXT),
            "version": _TEXT | {"description": "Of CDS Hooks"},
            "hookVersion": _TEXT,
            "usageRequirements": _TEXT,
            "prefetch": {"type": "object", "minProperties": 1, "additionalProperties": _TEXT},
        },
        "additionalProperties": False,
    }
    return {
        "Service": entry,
        "Discovery": _object(services={"type": "array", "items": _ref("Service")}),
    }


def _outcome_schemas() -> dict[str, Schema]:
    issue = _object(severity={"const": "error"}, code=_TEXT, details=_object(text=_TEXT))
    issue["properties"]["expression"] = {"type": "array", "minItems": 1, "items": _TEXT}
    return {
        "OperationOutcome": _object(
            resourceType={"const": "OperationOutcome"},
            issue={"type": "array", "minItems": 1, "items": issue},
        )
    }


def _object(**required: Schema) -> Schema:
    return {
        "type": "object",
        "required": [*required],
        "properties": dict(required),
        "additionalProperties": False,
    }


def _ref(name: str) -> Schema:
    return {"$ref": _COMPONENTS + name}
