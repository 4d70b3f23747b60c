"""`spinal-cds build-sheet`: all that an EHR's analyst has to type, for one client."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cds_hooks import DIALECTS, Registration, Response, Service, unsupported_types
from plugin.app import SERVICE_ID, hook_services
from plugin.cards.compose import CRITERION_SYSTEM, OVERRIDE_SYSTEM
from plugin.cli.document import Block, Heading, Paragraph, Table
from plugin.criteria import load_criteria
from plugin.domain.content import ContentError
from plugin.policies.model import Policy
from plugin.reviews import create_reviews, load_content
from plugin.settings import Settings
from plugin.trust import registered_clients

Queries = Mapping[tuple[str, str], Sequence[str]]
"""Prefetch key and query, with the hooks that have it."""
_TYPE = re.compile(r"[A-Z][A-Za-z]+")
_HOOKS: Mapping[str, frozenset[str]] = {"epic": frozenset({"order-select", "order-sign"})}
"""Hooks that an EHR has, where it does not have all of ours."""
_NOTES: Mapping[str, Sequence[str]] = {
    "epic": (
        "Epic does not read discovery: endpoint, prefetch keys and queries are typed into the OPA record. "
        "The endpoint must be the same, to the letter, as the URI of the client ID; otherwise the call comes "
        "without orders, prefetch and FHIR access, and is answered 412 (`suppressed`).",
        "Beside the scopes below grant those for unsigned orders (ServiceRequest, MedicationRequest): "
        "without them `draftOrders` is left out. Map the override reasons to local ones.",
    ),
    "oracle": (
        "Oracle Health strips links that are not registered: allow the evidence pages. Override reasons and "
        "feedback are not sent. There is no ImagingStudy: imaging is read from reports and procedures.",
    ),
}


def build_sheet(settings: Settings, client_id: str) -> list[Block]:
    """Raises ContentError, also for a client that is not registered."""
    registrations = registered_clients(settings)
    registration = next((r for r in registrations if r.client.id == client_id), None)
    if registration is None:
        known = ", ".join(r.client.id for r in registrations) or "none: SPINAL_CDS_CLIENTS_FILE is not set"
        raise ContentError(f"--client {client_id}: no such client; there is {known}")
    reviews = create_reviews(settings, registrations, load_content(settings))
    review = reviews.get(client_id, reviews[None])
    dialect = registration.client.dialect
    hooks = _HOOKS.get(dialect)
    services = hook_services(review, lambda _: Response())
    services = [s for s in services if hooks is None or s.hook in hooks]
    queries = _queries(services, unsupported_types(registration.client))
    base = settings.public_url.rstrip("/")
    return [
        Heading(1, f"Build sheet: {client_id}"),
        Paragraph(f"Dialect `{dialect}`, policy `{review.policy.label}`."),
        *(Paragraph(note) for note in _NOTES.get(dialect, ())),
        *_endpoints(base, services),
        *_token(base, registration),
        *_prefetch(queries),
        *_scopes(queries),
        *_reading(registration),
        *_override_reasons(review.policy, is_taken=DIALECTS[dialect].takes_override_reasons),
        *_topics(),
    ]


def _endpoints(base: str, services: Iterable[Service]) -> Iterator[Block]:
    url = f"{base}/cds-services/{SERVICE_ID}"
    yield Heading(2, "Endpoints")
    rows = [(f"{s.hook} {s.hook_version}", f"POST {url}") for s in services]
    yield Table(
        ("what", "where"),
        [
            ("discovery", f"GET {base}/cds-services"),
            *rows,
            ("feedback", f"POST {url}/feedback"),
            ("evidence pages, linked from cards", f"{base}/evidence"),
        ],
    )


def _token(base: str, registration: Registration) -> Iterator[Block]:
    """What the JSON Web Token of each call must say."""
    url = f"{base}/cds-services/{SERVICE_ID}"
    keys = registration.jwks if isinstance(registration.jwks, str) else "a file of ours: send us each change"
    yield Heading(2, "Token")
    yield Table(
        ("part", "value"),
        [
            ("header", "Authorization: Bearer, a JSON Web Token that is good for one call"),
            ("alg", " or ".join(registration.algorithms)),
            ("typ", "JWT" if registration.requires_typ else "JWT, or none"),
            ("iss", " or ".join(registration.issuers)),
            ("aud", " or ".join((url, f"{url}/feedback (feedback)", *registration.audiences))),
            ("sub", _one_of(registration.subjects)),
            ("tenant", _one_of(registration.tenants)),
            ("exp, iat, jti", f"always; {registration.max_token_seconds} seconds from iat to exp at most"),
            ("jku", _one_of(registration.jkus, otherwise="none")),
            ("public keys (JWKS)", keys),
        ],
    )


def _one_of(values: Iterable[str], otherwise: str = "any, or none") -> str:
    return " or ".join(sorted(values)) or otherwise


def _queries(services: Iterable[Service], missing: frozenset[str]) -> Queries:
    """Without those for resource types that the EHR does not have."""
    hooks: dict[tuple[str, str], list[str]] = {}
    for service in services:
        for key, query in service.prefetch.items():
            if _type(query) not in missing:
                hooks.setdefault((key, query), []).append(service.hook)
    return hooks


def _type(query: str) -> str:
    found = _TYPE.match(query)
    return found[0] if found else ""


def _prefetch(queries: Queries) -> Iterator[Block]:
    yield Heading(2, "Prefetch")
    rows = [(key, f"`{query}`", ", ".join(hooks)) for (key, query), hooks in queries.items()]
    yield Table(("key", "query", "hooks"), rows)
    yield Paragraph("A key that is left out is read from the FHIR server, which takes longer.")


def _scopes(queries: Queries) -> Iterator[Block]:
    yield Heading(2, "Scopes for reading")
    rows = [
        (name, f"patient/{name}.read", f"patient/{name}.rs")
        for name in sorted({_type(query) for _, query in queries})
    ]
    yield Table(("resource", "SMART v1", "SMART v2"), rows)


def _reading(registration: Registration) -> Iterator[Block]:
    bases = registration.client.fhir_bases.registered
    yield Heading(2, "FHIR servers we may read")
    yield Paragraph("; ".join(bases) or "none: everything must come with the prefetch.")


def _override_reasons(policy: Policy, *, is_taken: bool) -> Iterator[Block]:
    yield Heading(2, "Override reasons")
    if not is_taken:
        yield Paragraph("None are sent.")
        return
    criteria: dict[tuple[str, str], list[str]] = {}
    for criterion, reasons in policy.file.override_reasons.items():
        for reason in reasons:
            criteria.setdefault((reason.code, reason.display), []).append(criterion)
    yield Paragraph(f"System `{OVERRIDE_SYSTEM}`.")
    yield Table(
        ("code", "display", "offered for"), [(*reason, ", ".join(used)) for reason, used in criteria.items()]
    )


def _topics() -> Iterator[Block]:
    """A static code per criterion, so that an override can be respected the next time."""
    yield Heading(2, "Topics of cards")
    yield Paragraph(f"`source.topic`, system `{CRITERION_SYSTEM}`.")
    criteria = load_criteria().criteria
    rows = [(name.replace("-", ""), criterion.title) for name, criterion in criteria.items()]
    yield Table(("code", "criterion"), rows)
