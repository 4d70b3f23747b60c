"""Who may call: the clients file, and what production does not start with."""

from __future__ import annotations

from collections.abc import Iterable

from cds_hooks import ClientsFileError, Registration, read_clients
from plugin.domain.content import ContentError
from plugin.settings import PREFIX, Settings

OPEN_CLIENT = "development"
"""The client that every caller is taken for in the open development profile."""
_PUBLIC_SANDBOX = "https://sandbox.cds-hooks.org"
"""Its private key is published: whoever likes can sign as this issuer."""


def registered_clients(settings: Settings) -> tuple[Registration, ...]:
    """None only in the development profile. Raises ContentError, one fault per reason not to start."""
    faults: list[str] = []
    registrations: tuple[Registration, ...] = ()
    try:
        registrations = read_clients_file(settings)
    except ContentError as error:
        faults += error.faults
    faults += production_faults(settings, registrations)
    if faults:
        raise ContentError(*faults)
    return registrations


def read_clients_file(settings: Settings) -> tuple[Registration, ...]:
    """None when the settings name no file. Raises ContentError."""
    if settings.clients_file is None:
        return ()
    try:
        return read_clients(settings.clients_file)
    except ClientsFileError as error:
        raise ContentError(*error.faults) from error


def client_ids(settings: Settings) -> list[str]:
    """Of the registered clients, or of the one that everybody is taken for. Raises ContentError."""
    return [registration.client.id for registration in read_clients_file(settings)] or [OPEN_CLIENT]


def production_faults(settings: Settings, registrations: Iterable[Registration]) -> list[str]:
    """What must not be in production. Nothing is wrong in development."""
    if settings.profile == "development":
        return []
    faults = [f"{PREFIX}{name}: {why}" for name, why in _faults_of_settings(settings)]
    for registration in registrations:
        faults += [f"client {registration.client.id}: {fault}" for fault in _faults_of(registration)]
    return faults


def _faults_of_settings(settings: Settings) -> Iterable[tuple[str, str]]:
    if settings.clients_file is None:
        yield "CLIENTS_FILE", "production needs one; without it every caller would be let in"
    if "public_url" not in settings.model_fields_set:
        yield "PUBLIC_URL", "production needs the https URL that clients know the service by"
    elif not settings.public_url.startswith("https:"):
        yield "PUBLIC_URL", "must be https in production"
    if settings.today is not None:
        yield "TODAY", "fixes the clock, which is for development only"
    if settings.fhir_servers:
        yield "FHIR_SERVERS", "for development only; in production FHIR bases stand in the clients file"


def _faults_of(registration: Registration) -> Iterable[str]:
    if any(issuer.rstrip("/") == _PUBLIC_SANDBOX for issuer in registration.issuers):
        yield "issuer: the public sandbox, in whose name anybody can sign"
    if isinstance(registration.jwks, str) and not registration.jwks.startswith("https:"):
        yield "jwks_url: must be https in production"
    services = registration.client.backend_services
    if (
        services is not None
        and services.token_url is not None
        and not services.token_url.startswith("https:")
    ):
        yield "backend_services.token_url: must be https in production"
    for number, base in enumerate(registration.client.fhir_bases.registered, start=1):
        if not base.lower().startswith("https:"):
            yield f"fhir_bases[{number}]: must be https in production"
