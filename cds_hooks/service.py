"""A CDS service: its entry in the discovery document, and the function that answers its calls."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from cds_hooks.cards import Response
from cds_hooks.clients import Client
from cds_hooks.contexts import PREFETCH_TOKENS
from cds_hooks.fhir_access import FhirReader
from cds_hooks.prefetch import PrefetchKey
from cds_hooks.request import HookRequest

CDS_HOOKS_VERSION = "2.0.1"
_TOKEN = re.compile(r"\{\{(.*?)\}\}")


class HookCall(NamedTuple):
    """One call: who makes it, what was sent, and the FHIR server to read, None when none may be read."""

    client: Client
    request: HookRequest
    server: FhirReader | None


@dataclass(frozen=True, slots=True)
class Service:
    """One hook that a service answers; the same `id` may be offered for several hooks.

    `prefetch` maps keys to FHIR query templates; of those in `keys` it is known what they hold, and so they
    are decoded along with the call. Raises ValueError for a required text that is empty, and for
    a template with a token that the hook does not have.
    """

    id: str
    hook: str
    title: str
    description: str
    prefetch: Mapping[str, str]
    answer: Callable[[HookCall], Response] = field(repr=False)
    keys: Mapping[str, PrefetchKey] = field(default_factory=dict, repr=False)
    usage_requirements: str | None = None
    hook_version: str | None = None

    def __post_init__(self) -> None:
        for name in ("id", "hook", "title", "description"):
            if not getattr(self, name):
                raise ValueError(f"service {self.id!r}: {name} is empty; a discovery entry needs it")
        if not all(self.prefetch.values()):
            raise ValueError(f"service {self.id!r}: a prefetch template is empty; leave the key out instead")
        strange = self.prefetch.keys() - templates_for(self.hook, self.prefetch).keys()
        if strange:
            raise ValueError(
                f"service {self.id!r}: {self.hook} has no such token: {', '.join(sorted(strange))}"
            )


def templates_for(hook: str, templates: Mapping[str, str]) -> Mapping[str, str]:
    """Those of `templates` whose tokens `hook` has; all of them for a hook that is not known here."""
    tokens = PREFETCH_TOKENS.get(hook)
    if tokens is None:
        return templates
    return {key: text for key, text in templates.items() if tokens.issuperset(_TOKEN.findall(text))}


def discovery_document(services: Iterable[Service]) -> bytes:
    """The JSON body of GET /cds-services: `{"services": [...]}`, attributes without value left out."""
    return msgspec.json.encode({"services": [_entry(service) for service in services]})


def _entry(service: Service) -> dict[str, object]:
    entry: dict[str, object] = {
        "hook": service.hook,
        "title": service.title,
        "description": service.description,
        "id": service.id,
        "version": CDS_HOOKS_VERSION,
    }
    if service.prefetch:
        entry["prefetch"] = dict(service.prefetch)
    if service.usage_requirements:
        entry["usageRequirements"] = service.usage_requirements
    if service.hook_version:
        entry["hookVersion"] = service.hook_version
    return entry
