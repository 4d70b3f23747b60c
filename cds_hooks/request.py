"""A hook request: the body of POST /cds-services/{id}, strict where it matters and lenient elsewhere.

Unknown fields and extensions are skipped without being decoded. Context and prefetch stay `msgspec.Raw`
until someone needs them, so the body is scanned once. A hook is added by registering its context reader in
`_CONTEXT_READERS`.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cds_hooks.draft_orders import DraftOrder, read_draft_orders
from cds_hooks.errors import InvalidRequest
from cds_hooks.raw_json import decodable, is_absent, is_object

_ABSENT = msgspec.Raw()
_UUID = re.compile(r"(?:urn:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE | re.ASCII)
# Wider than FHIR's id, as EHRs are; nothing that has a meaning in a URL or in a FHIR search.
_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~:=@-]+", re.ASCII)
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class FhirAuthorization:
    """The bearer token for the FHIR server, and what it was issued for. `expires_in` is in seconds."""

    access_token: str = field(repr=False)
    token_type: str
    expires_in: int | None
    scope: str | None
    subject: str | None
    patient: str | None


@dataclass(frozen=True, slots=True)
class OrderContext:
    """The context of order-select and order-sign. Ids are bare and can go into a FHIR search as they are."""

    user_id: str
    patient_id: str
    encounter_id: str | None
    orders: tuple[DraftOrder, ...]
    unreadable_orders: tuple[msgspec.Raw, ...]
    """Entries of `draftOrders` that are no usable resource, as they came."""


@dataclass(frozen=True, slots=True)
class HookRequest:
    """`hook_instance` is a lower-case UUID; `prefetch` holds the value of each key as it came."""

    hook: str
    hook_instance: str
    fhir_server: str | None
    fhir_authorization: FhirAuthorization | None
    context: OrderContext
    prefetch: Mapping[str, msgspec.Raw]


class _Envelope(msgspec.Struct, rename="camel"):
    hook: msgspec.Raw = _ABSENT
    hook_instance: msgspec.Raw = _ABSENT
    fhir_server: msgspec.Raw = _ABSENT
    fhir_authorization: msgspec.Raw = _ABSENT
    context: msgspec.Raw = _ABSENT
    prefetch: dict[str, msgspec.Raw] | None = None


class _EnvelopeWithOddPrefetch(_Envelope, rename="camel"):
    """A prefetch that is no object holds no data."""

    prefetch: Any = None


class _Authorization(msgspec.Struct):
    access_token: Any = None
    token_type: Any = None
    expires_in: Any = None
    scope: Any = None
    subject: Any = None
    patient: Any = None


class _OrderContext(msgspec.Struct, rename="camel"):
    user_id: msgspec.Raw = _ABSENT
    patient_id: msgspec.Raw = _ABSENT
    encounter_id: msgspec.Raw = _ABSENT
    selections: msgspec.Raw = _ABSENT
    draft_orders: msgspec.Raw = _ABSENT


_envelope_decoder = msgspec.json.Decoder(_Envelope)
_odd_envelope_decoder = msgspec.json.Decoder(_EnvelopeWithOddPrefetch)
_authorization_decoder = msgspec.json.Decoder(_Authorization)
_order_context_decoder = msgspec.json.Decoder(_OrderContext)
_string_decoder = msgspec.json.Decoder(str)


def read_hook_request(body: bytes, service_hooks: Collection[str]) -> HookRequest:
    """The request in `body` for a service that answers `service_hooks`.

    Raises InvalidRequest, naming the field at fault, and UnsupportedFhirVersion for orders that are not R4.
    """
    try:
        return _read(body, service_hooks)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("The body must be one JSON object in UTF-8.", code="structure") from None


def _read(body: bytes, service_hooks: Collection[str]) -> HookRequest:
    envelope = _read_envelope(body)
    hook = _string(envelope.hook)
    if hook is None or hook not in service_hooks:
        raise InvalidRequest(
            "hook must be one of the hooks that this service lists in its discovery.", "hook"
        )
    instance = _UUID.fullmatch(_string(envelope.hook_instance) or "")
    if instance is None:
        raise InvalidRequest("hookInstance must be a UUID.", "hookInstance", code="value")
    fhir_server = _read_fhir_server(envelope.fhir_server)
    return HookRequest(
        hook=hook,
        hook_instance=instance[1].lower(),
        fhir_server=fhir_server,
        fhir_authorization=_read_authorization(envelope.fhir_authorization, fhir_server),
        context=_CONTEXT_READERS[hook](envelope.context),
        prefetch=envelope.prefetch or {},
    )


def _read_envelope(body: bytes) -> _Envelope:
    body = decodable(body)
    try:
        return _envelope_decoder.decode(body)
    except msgspec.ValidationError:
        envelope = _odd_envelope_decoder.decode(body)
        envelope.prefetch = None
        return envelope


def _string(raw: msgspec.Raw) -> str | None:
    """The string in `raw`, or None for a missing field and for any other type."""
    if is_absent(raw):
        return None
    try:
        return _string_decoder.decode(raw)
    except msgspec.ValidationError:
        return None


def _read_fhir_server(raw: msgspec.Raw) -> str | None:
    fhir_server = _string(raw)
    if fhir_server is None and not is_absent(raw):
        raise InvalidRequest("fhirServer must be a URL.", "fhirServer", code="value")
    return fhir_server or None


def _read_authorization(raw: msgspec.Raw, fhir_server: str | None) -> FhirAuthorization | None:
    """None as well for an authorization that cannot be used: the call is then one without FHIR access."""
    if is_absent(raw):
        return None
    if not is_object(raw):
        raise InvalidRequest("fhirAuthorization must be an object.", "fhirAuthorization", code="structure")
    try:
        given = _authorization_decoder.decode(raw)
    except msgspec.ValidationError:
        return None
    token_type = given.token_type if isinstance(given.token_type, str) else "Bearer"
    if not isinstance(given.access_token, str) or not _TOKEN.fullmatch(given.access_token):
        return None
    if token_type.lower() != "bearer":
        return None
    if fhir_server is None:
        raise InvalidRequest("fhirServer is required with fhirAuthorization.", "fhirServer", code="required")
    return FhirAuthorization(
        access_token=given.access_token,
        token_type="Bearer",  # noqa: S106 - the scheme of RFC 6750, not a token.
        expires_in=given.expires_in if type(given.expires_in) is int else None,
        scope=_text(given.scope),
        subject=_text(given.subject),
        patient=_bare_id(_text(given.patient), "Patient"),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _bare_id(reference: str | None, resource_type: str) -> str | None:
    """The `x` of `x`, `Type/x`, `Type/x/_history/1` and `https://host/base/Type/x`, or None."""
    if reference is None:
        return None
    path = reference.split("/_history/", 1)[0].split("/")
    if len(path) > 1 and path[-2] != resource_type:
        return None
    return path[-1] if _ID.fullmatch(path[-1]) else None


def _read_order_sign(raw: msgspec.Raw) -> OrderContext:
    return _read_order_context(raw, has_selections=False)


def _read_order_select(raw: msgspec.Raw) -> OrderContext:
    return _read_order_context(raw, has_selections=True)


def _read_order_context(raw: msgspec.Raw, *, has_selections: bool) -> OrderContext:
    if not is_object(raw):
        raise InvalidRequest("context is required and must be an object.", "context", code="required")
    given = _order_context_decoder.decode(raw)
    user_id = _string(given.user_id)
    if not user_id:
        raise InvalidRequest(
            "userId is required: Practitioner/<id> for example.", "context.userId", code="required"
        )
    patient_id = _bare_id(_string(given.patient_id), "Patient")
    if patient_id is None:
        raise InvalidRequest("patientId is required: the patient's id.", "context.patientId", code="required")
    orders, unreadable = read_draft_orders(given.draft_orders, given.selections if has_selections else None)
    return OrderContext(
        user_id=user_id,
        patient_id=patient_id,
        encounter_id=_bare_id(_string(given.encounter_id), "Encounter"),
        orders=orders,
        unreadable_orders=unreadable,
    )


_CONTEXT_READERS: Mapping[str, Callable[[msgspec.Raw], OrderContext]] = {
    "order-select": _read_order_select,
    "order-sign": _read_order_sign,
}
READABLE_HOOKS = frozenset(_CONTEXT_READERS)
