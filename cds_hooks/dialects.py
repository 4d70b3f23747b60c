"""How EHRs differ from CDS Hooks 2.0.1: one entry each in `DIALECTS`, and nothing else knows of it.

What a request may look like in any dialect is read for every client alike: identifiers of code systems as
OIDs, outcomes among the entries of a search, scopes of any grammar, ids of any length. Only what would be
wrong for the others is done per dialect.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid5

from msgspec.structs import replace

from cds_hooks.cards import Action, Card, Link, Response, Suggestion
from cds_hooks.clients import Client


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one EHR makes of CDS Hooks. The defaults are the specification's."""

    selection_behavior: Literal["at-most-one", "any"] | None = None
    """The only one that is honoured; None: both are."""
    takes_several_actions: bool = True
    """False: a suggestion has one action at most."""
    deletes_by_resource: bool = False
    """The form of CDS Hooks 1.0: `resource` holds the id of what is to be deleted."""
    takes_override_reasons: bool = True
    takes_app_context: bool = True
    max_detail_characters: int | None = None
    """For a panel too narrow for a whole detail, and for any table."""
    names_systems_by_oid: bool = False
    """Code systems in actions are `urn:oid:…`."""
    missing_types: frozenset[str] = frozenset()
    """Resource types that the EHR does not have at all, so that to ask for them is in vain."""


_SPEC = Dialect()
DIALECTS: Mapping[str, Dialect] = {
    "spec": _SPEC,
    "sandbox": _SPEC,
    "epic": Dialect(selection_behavior="any", takes_several_actions=False, names_systems_by_oid=True),
    "oracle": Dialect(
        selection_behavior="at-most-one",
        deletes_by_resource=True,
        takes_override_reasons=False,
        takes_app_context=False,
        max_detail_characters=900,
        missing_types=frozenset({"ImagingStudy"}),
    ),
}
_OIDS = {
    "http://hl7.org/fhir/sid/icd-10-cm": "urn:oid:2.16.840.1.113883.6.90",
    "http://hl7.org/fhir/sid/ndc": "urn:oid:2.16.840.1.113883.6.69",
    "http://loinc.org": "urn:oid:2.16.840.1.113883.6.1",
    "http://snomed.info/sct": "urn:oid:2.16.840.1.113883.6.96",
    "http://www.ama-assn.org/go/cpt": "urn:oid:2.16.840.1.113883.6.12",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "urn:oid:2.16.840.1.113883.6.285",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "urn:oid:2.16.840.1.113883.6.88",
}


def unsupported_types(client: Client) -> frozenset[str]:
    """Resource types that the client's EHR does not have: as registered, else as its dialect says."""
    return DIALECTS[client.dialect].missing_types if client.unsupported is None else client.unsupported


def adapt(response: Response, dialect: Dialect) -> Response:
    """The response as the EHR can take it. What it would misread is left out, never sent by halves."""
    if dialect is _SPEC or not response.cards:
        return response
    return replace(response, cards=tuple(_card(card, dialect) for card in response.cards))


def _card(card: Card, dialect: Dialect) -> Card:
    suggestions = _suggestions(card, dialect)
    behavior = dialect.selection_behavior or card.selection_behavior
    return replace(
        card,
        detail=_shortened(card.detail, dialect.max_detail_characters),
        suggestions=suggestions,
        selection_behavior=behavior if suggestions else None,
        override_reasons=card.override_reasons if dialect.takes_override_reasons else (),
        links=tuple(_link(link, dialect) for link in card.links),
    )


def _suggestions(card: Card, dialect: Dialect) -> tuple[Suggestion, ...]:
    offered = card.suggestions
    if not dialect.takes_several_actions:
        offered = tuple(suggestion for suggestion in offered if _stands_apart(suggestion))
    if dialect.selection_behavior == "any" and card.selection_behavior == "at-most-one":
        # Where all may be taken, alternatives cannot be told as such: one of them is offered.
        offered = tuple(sorted(offered, key=lambda suggestion: not suggestion.is_recommended)[:1])
    if dialect.selection_behavior == "at-most-one" and sum(bool(s.is_recommended) for s in offered) > 1:
        # Recommended together, none of them is the one to take.
        offered = tuple(replace(suggestion, is_recommended=None) for suggestion in offered)
    if not dialect.takes_several_actions:
        offered = tuple(single for suggestion in offered for single in _singles(suggestion))
    return tuple(
        replace(suggestion, actions=tuple(_action(action, dialect) for action in suggestion.actions))
        for suggestion in offered
    )


def _stands_apart(suggestion: Suggestion) -> bool:
    """May each action be taken without the others?

    New drafts may. Half of an exchange would leave the patient with both orders, or with none.
    """
    return len(suggestion.actions) <= 1 or all(action.type == "create" for action in suggestion.actions)


def _singles(suggestion: Suggestion) -> Iterator[Suggestion]:
    if len(suggestion.actions) <= 1:
        yield suggestion
        return
    for number, action in enumerate(suggestion.actions, start=1):
        uuid = str(uuid5(UUID(suggestion.uuid), str(number)))
        yield replace(suggestion, label=action.description, uuid=uuid, actions=(action,))


def _action(action: Action, dialect: Dialect) -> Action:
    if dialect.deletes_by_resource and action.resource_id is not None:
        return replace(action, resource=action.resource_id.partition("/")[2], resource_id=None)
    if dialect.names_systems_by_oid and action.resource is not None:
        return replace(action, resource=_with_oids(action.resource))
    return action


def _with_oids(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _OIDS.get(member, member)
            if key == "system" and isinstance(member, str)
            else _with_oids(member)
            for key, member in value.items()
        }
    return [_with_oids(item) for item in value] if isinstance(value, list) else value


def _link(link: Link, dialect: Dialect) -> Link:
    if link.app_context is None or dialect.takes_app_context:
        return link
    return replace(link, app_context=None)


def _shortened(detail: str | None, limit: int | None) -> str | None:
    """The first whole paragraphs that fit, tables left out; an ellipsis says that there was more."""
    if detail is None or limit is None:
        return detail
    whole = detail.split("\n\n")
    kept: list[str] = []
    for paragraph in whole:
        if _is_table(paragraph):
            continue
        if kept and len("\n\n".join([*kept, paragraph])) > limit:
            break
        kept.append(paragraph)
    if len(kept) == len(whole):
        return detail
    while len(kept) > 1 and _is_heading(kept[-1]):
        kept.pop()
    return "\n\n".join([*kept, "…"])


def _is_table(paragraph: str) -> bool:
    return paragraph.startswith("|")


def _is_heading(paragraph: str) -> bool:
    """A line that announces what comes after it."""
    return paragraph.startswith("#") or paragraph.rstrip("*").endswith(":")
