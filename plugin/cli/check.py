"""`spinal-cds check`: would the service start? Every reason why it would not, at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cds_hooks import Registration
from plugin.app import check_control_file
from plugin.domain.content import ContentError
from plugin.reviews import Reviews, create_reviews, load_content
from plugin.settings import Settings, strange_settings, valid_settings
from plugin.trust import production_faults, read_clients_file, registered_clients


def settings_to_start_with(**overrides: object) -> Settings:
    """Raises ContentError listing every fault of the settings and the clients file."""
    faults, settings = strange_settings(), None
    with _collected_in(faults):
        settings = valid_settings(**overrides)
        registered_clients(settings)
    if settings is None or faults:
        raise ContentError(*faults)
    return settings


def check_start() -> str:
    """What the service would start with. Raises ContentError listing every fault, of the content too."""
    faults = strange_settings()
    registrations: tuple[Registration, ...] = ()
    reviews: Reviews = {}
    with _collected_in(faults):
        settings = valid_settings()
        with _collected_in(faults):
            registrations = read_clients_file(settings)
        faults += production_faults(settings, registrations)
        with _collected_in(faults):
            check_control_file(settings, registrations)
        reviews = create_reviews(settings, registrations, load_content(settings))
    if faults:
        raise ContentError(*faults)
    return _summary(settings, registrations, reviews)


@contextmanager
def _collected_in(faults: list[str]) -> Iterator[None]:
    try:
        yield
    except ContentError as error:
        faults += error.faults


def _summary(settings: Settings, registrations: tuple[Registration, ...], reviews: Reviews) -> str:
    clients = ", ".join(f"{r.client.id} ({r.client.dialect})" for r in registrations)
    labels = sorted({review.policy.label for review in reviews.values()})
    terminology = reviews[None].terminology
    local = {id(codes): codes for codes in (r.terminology.local_codes for r in reviews.values())}.values()
    read, left_out = sum(len(codes.standard) for codes in local), sum(codes.left_out for codes in local)
    return "\n".join(
        [
            f"ok: {settings.profile} profile",
            f"clients   {len(registrations)}: {clients or 'none, open to everybody on loopback'}",
            f"policies  {len(labels)}: {', '.join(labels)}",
            f"content   {len(terminology.set_ids)} value sets",
            f"codes     {read} of sites' own stand for standard ones, {left_out} on their maps do not",
        ]
    )
