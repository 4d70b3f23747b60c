"""Makes the reviews: under the settings' policy, and for clients with a policy or codes of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from cds_hooks import Registration
from plugin.cards.booking import BookingCards
from plugin.cards.catalogue import Catalogue, load_catalogue
from plugin.cards.compose import Composer
from plugin.domain.content import ContentError
from plugin.evidence.gather import Record
from plugin.guidelines import Guideline, Library, load_guidelines
from plugin.policies.judge import Judge
from plugin.policies.load import load_policy
from plugin.review import Review
from plugin.settings import Settings
from plugin.terminology import Terminology, load_terminology, read_local_codes

Reviews = Mapping[str | None, Review]
"""By client id; None is the one for all other clients."""


def create_review(settings: Settings) -> Review:
    """The review under the settings' policy."""
    return _review(settings, settings.policy, load_content(settings))


def create_reviews(settings: Settings, registrations: Sequence[Registration], content: Content) -> Reviews:
    """One review per client that has a policy or local codes of its own, under its id; None is the settings'.

    Clients that have the same share one. Raises ContentError for what cannot be used, naming the client.
    """
    reviews: dict[str | None, Review] = {}
    made: dict[tuple[str | None, Path | None], Review] = {}
    faults: list[str] = []
    with _collected_in(faults, ""):
        reviews[None] = _review(settings, settings.policy, content)
    for client in (registration.client for registration in registrations):
        own, known = (client.policy, client.local_codes), content
        if own == (None, None):
            continue
        with _collected_in(faults, f"client {client.id}: local_codes: "):
            known = content.with_local_codes(client.local_codes)
        with _collected_in(faults, f"client {client.id}: policy: "):
            made[own] = made.get(own) or _review(settings, _policy_source(settings, client.policy), known)
            reviews[client.id] = made[own]
    if faults:
        raise ContentError(*faults)
    return reviews


@contextmanager
def _collected_in(faults: list[str], place: str) -> Iterator[None]:
    try:
        yield
    except ContentError as error:
        faults += [f"{place}{fault}" for fault in error.faults]


@dataclass(frozen=True, slots=True)
class Content:
    """What all policies share."""

    terminology: Terminology
    guidelines: tuple[Guideline, ...]
    catalogue: Catalogue

    def with_local_codes(self, path: Path | None) -> Content:
        """The same for an EHR whose own codes stand in the file. Raises ContentError."""
        if path is None:
            return self
        local_codes = read_local_codes(path, self.terminology)
        return replace(self, terminology=self.terminology.with_local_codes(local_codes))


def load_content(settings: Settings) -> Content:
    """Raises ContentError."""
    terminology = load_terminology(relief_code=settings.relief_code)
    content = Content(terminology, load_guidelines(), load_catalogue())
    return content.with_local_codes(settings.local_codes_file)


def _review(settings: Settings, policy_source: str, content: Content) -> Review:
    policy = load_policy(policy_source, frozenset(g.id for g in content.guidelines))
    judge = Judge(policy, Library(g for g in content.guidelines if g.id in policy.file.guidelines))
    composer = Composer(
        judge=judge,
        catalogue=content.catalogue,
        terminology=content.terminology,
        notes=settings.notes or policy.file.notes,
        evidence_base=settings.public_url.rstrip("/"),
    )
    record = Record(content.terminology)
    booking = BookingCards(composer)
    return Review(policy, content.terminology, record, judge, composer, booking, _clock(settings))


def _policy_source(settings: Settings, policy: str | None) -> str:
    """A client's policy file stands relative to the clients file."""
    if policy is None:
        return settings.policy
    if settings.clients_file is None or not policy.endswith(".toml"):
        return policy
    return str(settings.clients_file.parent / policy)


def _clock(settings: Settings) -> Callable[[], date]:
    fixed = settings.today
    return date.today if fixed is None else lambda: fixed
