"""What is read of a request, as JSON Schema: the context of each hook, and feedback.

As lenient as `contexts` and `feedback` read them: what a schema allows is not refused as malformed, and what
is read without complaint it allows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cds_hooks.feedback import EPIC_REASON, MAX_COMMENT_LENGTH, MAX_ENTRIES, MAX_SUGGESTIONS, MAX_TEXT_LENGTH

Schema = dict[str, Any]

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
CONTEXT_SCHEMAS: Mapping[str, Schema] = {
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


def _id(max_length: int = MAX_TEXT_LENGTH) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": max_length, "pattern": r"^[^\u0000]*$"}


def _text(max_length: int = MAX_TEXT_LENGTH) -> Schema:
    """A missing one may be null or empty too."""
    return _id(max_length) | {"type": ["string", "null"], "minLength": 0}


_LEAP_YEAR = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
_DAY_OF_ANY_YEAR = (
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
)
_DATE = f"(?!0000)([0-9]{{4}}-{_DAY_OF_ANY_YEAR}|{_LEAP_YEAR}-02-29)"
_HOUR_AND_MINUTE = "([01][0-9]|2[0-3]):[0-5][0-9]"
_TIMESTAMP: Schema = {
    "description": "RFC 3339, with its offset. A blank may stand for the T.",
    "type": "string",
    "pattern": (rf"^{_DATE}[Tt ]{_HOUR_AND_MINUTE}:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-]{_HOUR_AND_MINUTE})$"),
}
_SUGGESTIONS: Schema = {
    "type": "array",
    "maxItems": MAX_SUGGESTIONS,
    "items": {"type": "object", "required": ["id"], "properties": {"id": _id()}},
}
_CODING: Schema = {
    "type": "object",
    "minProperties": 1,
    "properties": {name: _text() for name in ("code", "system", "display")},
}
_EPIC_REASON: Schema = {
    "type": ["object", "null"],
    "properties": {name: _text() | {"type": ["string", "integer", "null"]} for name in EPIC_REASON},
}
_OVERRIDE: Schema = {
    "type": "object",
    "properties": {"userComment": _text(MAX_COMMENT_LENGTH)},
    "anyOf": [
        {"required": ["reason"], "properties": {"reason": _CODING}},
        {
            "properties": {
                "reason": {"type": ["object", "null"], "maxProperties": 0},
                "extension": _EPIC_REASON,
            }
        },
    ],
}
_NO_OVERRIDE: Schema = {
    "properties": {name: {"type": "null"} for name in ("overrideReason", "overrideReasons")},
}
FEEDBACK_ENTRY_SCHEMA: Schema = {
    "type": "object",
    "required": ["card", "outcome", "outcomeTimestamp"],
    "properties": {"card": _id(), "outcomeTimestamp": _TIMESTAMP},
    "allOf": [
        {
            "anyOf": [
                {
                    "required": ["acceptedSuggestions"],
                    "properties": {
                        "outcome": {"const": "accepted"},
                        "acceptedSuggestions": _SUGGESTIONS | {"minItems": 1},
                    },
                },
                {
                    "properties": {
                        "outcome": {"const": "overridden"},
                        "acceptedSuggestions": _SUGGESTIONS | {"type": ["array", "null"]},
                    },
                },
            ]
        },
        {"anyOf": [_NO_OVERRIDE, *_first_of(("overrideReason", "overrideReasons"), _OVERRIDE)["anyOf"]]},
    ],
}


def feedback_schema(entry: Schema) -> Schema:
    """The body: a batch, or one entry instead of the array or of the whole. `entry` may be a reference."""
    return {
        "type": "object",
        "anyOf": [
            {
                "required": ["feedback"],
                "properties": {
                    "feedback": {"anyOf": [{"type": "array", "maxItems": MAX_ENTRIES, "items": entry}, entry]}
                },
            },
            {"allOf": [entry, {"properties": {"feedback": False}}]},
        ],
    }
