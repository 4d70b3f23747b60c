"""A hook request: the body of POST /cds-services/{id}, strict where it matters and lenient elsewhere.

Unknown fields and extensions are skipped without being decoded. The context stays `msgspec.Raw` until it is
known which hook calls; the prefetch is decoded along with the rest where the service says what it holds.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from cds_hooks.contexts import CONTEXT_READERS, Context, DraftOrdersMissing
from cds_hooks.envelope import NO_KEYS, Envelope, Prefetch, PrefetchKeys, read_envelope
from cds_hooks.errors import CdsHooksError, InvalidRequest, OrdersWithheld
from cds_hooks.raw_json import is_absent, is_object, string_in
from cds_hooks.references import bare_id

_UUID = re.compile(r"(?:urn:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE | re.ASCII)
_TOKEN = re.compile(r"[\x21-\x7e]+")
_NOT_LISTED = "hook must be one of the hooks that this service lists in its discovery."
_NOT_ANSWERED = {
    "medication-prescribe": "medication-prescribe is deprecated; order-select has taken its place.",
    "order-review": "order-review is deprecated; order-sign has taken its place.",
}


@dataclass(frozen=True, slots=True)
class FhirAuthorization:
    """The bearer token for the FHIR server, and what it was issued for. `expires_in` is in seconds."""

    access_token: str = field(repr=False)
    token_type: str
    expires_in: int | None
    scope: str | None
    subject: str | None
    patient: str | None


class HookRequest(NamedTuple):
    """`hook_instance` is a lower-case UUID; `prefetch` holds the value of each key as it came.

    `sends_authorization` holds for one that cannot be used, too, when `fhir_authorization` is None.
    `unsupported_types` are the resource types that the EHR that calls does not have.
    """

    hook: str
    hook_instance: str
    fhir_server: str | None
    fhir_authorization: FhirAuthorization | None
    context: Context
    prefetch: Prefetch
    sends_authorization: bool = False
    unsupported_types: frozenset[str] = frozenset()


class _Authorization(msgspec.Struct):
    access_token: Any = None
    token_type: Any = None
    expires_in: Any = None
    scope: Any = None
    subject: Any = None
    patient: Any = None


_authorization_decoder = msgspec.json.Decoder(_Authorization)


def read_hook_request(
    body: bytes,
    service_hooks: Collection[str],
    keys: PrefetchKeys = NO_KEYS,
    *,
    unsupported_types: frozenset[str] = frozenset(),
) -> HookRequest:
    """The request in `body` for a service that answers `service_hooks` and reads `keys` of the prefetch.

    Raises InvalidRequest, naming the field at fault, and UnsupportedFhirVersion for orders that are not R4.
    """
    try:
        return _read(body, service_hooks, keys, unsupported_types)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("The body must be one JSON object in UTF-8.", code="structure") from None


def _read(
    body: bytes, service_hooks: Collection[str], keys: PrefetchKeys, unsupported_types: frozenset[str]
) -> HookRequest:
    envelope, prefetch = read_envelope(body, keys)
    hook = string_in(envelope.hook)
    if hook is None or hook not in service_hooks:
        raise InvalidRequest(_NOT_ANSWERED.get(hook or "", _NOT_LISTED), "hook")
    instance = _UUID.fullmatch(string_in(envelope.hook_instance) or "")
    if instance is None:
        raise InvalidRequest("hookInstance must be a UUID.", "hookInstance", code="value")
    fhir_server = _read_fhir_server(envelope.fhir_server)
    return HookRequest(
        hook=hook,
        hook_instance=instance[1].lower(),
        fhir_server=fhir_server,
        fhir_authorization=_read_authorization(envelope.fhir_authorization, fhir_server),
        context=_read_context(hook, envelope, prefetch),
        prefetch=prefetch,
        sends_authorization=not is_absent(envelope.fhir_authorization),
        unsupported_types=unsupported_types,
    )


def _read_context(hook: str, envelope: Envelope, prefetch: Prefetch) -> Context:
    try:
        return CONTEXT_READERS[hook](envelope.context)
    except DraftOrdersMissing as missing:
        raise _withheld(envelope, prefetch) or missing from None


def _withheld(envelope: Envelope, prefetch: Prefetch) -> CdsHooksError | None:
    """Why an EHR sends no orders at all, as far as the rest of the call gives it away."""
    if not is_absent(envelope.fhir_authorization):
        return OrdersWithheld(
            "The call lends FHIR access and yet has no draftOrders. Likely the app at the EHR has not been "
            "granted the scopes for unsigned orders."
        )
    if not prefetch:
        return OrdersWithheld(
            "The call has neither draftOrders nor prefetch nor fhirAuthorization. Likely the EHR stripped "
            "it, since this service's URL is not registered, exactly as called, for the app's client id."
        )
    return None


def _read_fhir_server(raw: msgspec.Raw) -> str | None:
    fhir_server = string_in(raw)
    if fhir_server is None and not is_absent(raw):
        raise InvalidRequest("fhirServer must be a URL.", "fhirServer", code="value")
    return fhir_server or None


def _read_authorization(raw: msgspec.Raw, fhir_server: str | None) -> FhirAuthorization | None:
    """None as well for an authorization that cannot be used: the call is then one without FHIR access."""
    if is_absent(raw):
        return None
    if not is_object(raw):
        raise InvalidRequest("fhirAuthorization must be an object.", "fhirAuthorization", code="structure")
    if fhir_server is None:
        raise InvalidRequest("fhirServer is required with fhirAuthorization.", "fhirServer", code="required")
    try:
        given = _authorization_decoder.decode(raw)
    except msgspec.ValidationError:
        return None
    token_type = given.token_type if isinstance(given.token_type, str) else "Bearer"
    if not isinstance(given.access_token, str) or not _TOKEN.fullmatch(given.access_token):
        return None
    if token_type.lower() != "bearer":
        return None
    return FhirAuthorization(
        access_token=given.access_token,
        token_type="Bearer",  # noqa: S106 - the scheme of RFC 6750, not a token.
        expires_in=given.expires_in if type(given.expires_in) is int else None,
        scope=_text(given.scope),
        subject=_text(given.subject),
        patient=bare_id(_text(given.patient), "Patient"),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


READABLE_HOOKS = frozenset(CONTEXT_READERS)
