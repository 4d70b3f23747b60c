"""The OpenAPI 3.1 description of the routes, made from what the service lists, sends and refuses.

Requests are described as leniently as they are read: what the schema allows is not refused as malformed, and
what is read without complaint the schema allows.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import chain
from typing import Any

import msgspec

from cds_hooks.cards import Response
from cds_hooks.errors import CdsHooksError
from cds_hooks.service import CDS_HOOKS_VERSION, Service

Schema = dict[str, Any]

OPENAPI_PATH = "/openapi.json"
_COMPONENTS = "#/components/schemas/"
_HEADER_OF_STATUS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
_UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def openapi_document(services: Sequence[Service], *, is_open: bool) -> bytes:
    """The JSON body of GET /openapi.json. `is_open`: calls need no token."""
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
            **_service_paths(services, is_open),
        },
        "components": {
            "schemas": {
                **_response_schemas(),
                **_discovery_schemas(),
                **_outcome_schemas(),
                **{_call_name(service): _call_schema(service) for service in services},
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


def _service_paths(services: Iterable[Service], is_open: bool) -> Schema:
    by_id: dict[str, list[Service]] = {}
    for service in services:
        by_id.setdefault(service.id, []).append(service)
    security: list[Schema] = [{}, {"jwt": []}] if is_open else [{"jwt": []}]
    return {
        f"/cds-services/{service_id}": {"post": _call_operation(service_id, offered) | {"security": security}}
        for service_id, offered in by_id.items()
    }


def _call_operation(service_id: str, offered: Sequence[Service]) -> Schema:
    body = {
        "oneOf": [_ref(_call_name(service)) for service in offered],
        "discriminator": {
            "propertyName": "hook",
            "mapping": {service.hook: _COMPONENTS + _call_name(service) for service in offered},
        },
    }
    return {
        "operationId": service_id,
        "summary": offered[0].title,
        "description": offered[0].description,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {
                "description": "The cards; none when there is nothing to say",
                "headers": {"Cache-Control": {"schema": {"const": "no-store"}}},
                "content": {"application/json": {"schema": _ref("Response")}},
            },
            **_refusals(),
        },
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


def _refusals() -> Schema:
    """One answer per status of the error tree, and one for what the web server refuses by itself."""
    names: dict[int, list[str]] = {}
    for error in _errors(CdsHooksError):
        names.setdefault(error.status, []).append(_in_words(error.__name__))
    names[HTTPStatus.INTERNAL_SERVER_ERROR] = ["Failed while answering"]
    told = {
        str(status): _refusal(" or ".join(words), _HEADER_OF_STATUS.get(status))
        for status, words in sorted(names.items())
    }
    return told | {"default": _refusal("Any other failure")}


def _errors(parent: type[CdsHooksError]) -> Iterator[type[CdsHooksError]]:
    return chain.from_iterable((error, *_errors(error)) for error in parent.__subclasses__())


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
            "context": _CONTEXTS.get(service.hook, {"type": "object"}),
            "prefetch": {"description": "What each template found.", "properties": keys},
        },
        "if": {"required": ["fhirAuthorization"], "properties": {"fhirAuthorization": {"type": "object"}}},
        "then": {
            "required": ["fhirServer"],
            "properties": {"fhirServer": {"type": "string", "minLength": 1}},
        },
    }


_BARE_ID = r"(?!\.{1,2}(/_history/|$))[A-Za-z0-9._~:=@-]+"
_PATH = r"((?!/_history/)[\s\S])*/"


def _id_of(resource_type: str) -> Schema:
    """A bare id, or a reference that ends in one."""
    return {"type": "string", "pattern": rf"^(({_PATH})?{resource_type}/)?{_BARE_ID}(/_history/[\s\S]*)?$"}


def _first_of(spellings: Sequence[str], schema: Schema) -> Schema:
    """The first member that is there and not null fits the schema; those after it may be anything."""
    return {
        "anyOf": [
            {
                "required": [spelling],
                "properties": {name: {"type": "null"} for name in spellings[:number]} | {spelling: schema},
            }
            for number, spelling in enumerate(spellings)
        ]
    }


def _bundle_of(what: str) -> Schema:
    return {
        "description": f"A FHIR R4 Bundle of {what}; an array or a single resource is read as well.",
        "anyOf": [
            {"type": "array"},
            {"type": "object", "properties": {"entry": {"type": ["array", "null"]}}},
            {
                "type": "object",
                "required": ["resourceType"],
                "properties": {"resourceType": {"type": "string", "not": {"const": "Bundle"}}},
            },
        ],
    }


def _context(required: Mapping[str, Schema], optional: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "required": [*required], "properties": {**required, **optional}}


_TEXT: Schema = {"type": "string", "minLength": 1}
_REFERENCE: Schema = {
    "type": "string",
    "pattern": rf"^({_PATH})?[A-Z][A-Za-z]+/{_BARE_ID}(/_history/[\s\S]*)?$",
}
_PATIENT = _id_of("Patient")
_USER = _TEXT | {"description": "Practitioner/<id> or PractitionerRole/<id>"}
_BOOKING_USER = _TEXT | {
    "description": "Practitioner/<id>, PractitionerRole/<id>, Patient/<id> or RelatedPerson/<id>"
}
_ENCOUNTER: Schema = {"description": "The id of the Encounter"}
_SELECTIONS: Schema = {"description": "References into draftOrders; without them, all are meant."}
_TASKS: Schema = {"description": "Task resources"}
_ORDERS = {"userId": _USER, "patientId": _PATIENT, "draftOrders": _bundle_of("the draft orders")}
_DISPATCHED = {
    "description": "References to the orders, `Type/<id>`; a single one is read without array as well.",
    "anyOf": [_REFERENCE, {"type": "array", "minItems": 1, "items": _REFERENCE}],
}
_CONTEXTS: Mapping[str, Schema] = {
    "order-select": _context(_ORDERS, {"encounterId": _ENCOUNTER, "selections": _SELECTIONS}),
    "order-sign": _context(_ORDERS, {"encounterId": _ENCOUNTER}),
    "order-dispatch": {
        **_context({"patientId": _PATIENT, "performer": _REFERENCE}, {"fulfillmentTasks": _TASKS}),
        **_first_of(("dispatchedOrders", "dispatched-orders", "order"), _DISPATCHED),
    },
    "appointment-book": _context(
        {
            "userId": _BOOKING_USER,
            "patientId": _PATIENT,
            "appointments": _bundle_of("the proposed appointments"),
        },
        {"encounterId": _ENCOUNTER},
    ),
}


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
