"""The invariants of the CDS Hooks logical models, each as a function from a document to where it breaks.

Named as published: cds-r (request), cds-resp (response), cds-fb (feedback), ord-1 (references). Those that
end in a word stand for the types and the empty-value rules that the models give to their elements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]
Found = Iterator[str]
"""Paths at which a document breaks an invariant."""

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
LOCAL_REFERENCE = re.compile(r"[\d\w]+/[\d\w\-.]+")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
INDICATORS = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True)
class Invariant:
    """`breaks` gives the paths at fault. A `warning` may be broken by a client that is still served."""

    id: str
    says: str
    breaks: Callable[[Json], Found]
    is_warning: bool = False


DISCOVERY: list[Invariant] = []
REQUEST: list[Invariant] = []
RESPONSE: list[Invariant] = []
FEEDBACK: list[Invariant] = []


def broken(document: Json, model: Sequence[Invariant]) -> list[str]:
    """`<id> at <path>` for everything in `document` that breaks an invariant of its model."""
    return [f"{invariant.id} at {path}" for invariant in model for path in invariant.breaks(document)]


def _invariant(
    model: list[Invariant], name: str, *, is_warning: bool = False
) -> Callable[[Callable[[Json], Found]], Callable[[Json], Found]]:
    def register(breaks: Callable[[Json], Found]) -> Callable[[Json], Found]:
        model.append(Invariant(name, breaks.__doc__ or "", breaks, is_warning))
        return breaks

    return register


def values(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value below `node` with its path, `cards[0].links[1].url`."""
    if isinstance(node, dict):
        for key, value in node.items():
            inner = f"{path}.{key}" if path else key
            yield inner, value
            yield from values(value, inner)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield f"{path}[{index}]", value
            yield from values(value, f"{path}[{index}]")


def _members(node: Json, name: str, path: str = "") -> Iterator[tuple[str, Json]]:
    for index, member in enumerate(node.get(name, [])):
        yield f"{path}{name}[{index}]", member


def _cards(response: Json) -> Iterator[tuple[str, Json]]:
    yield from _members(response, "cards")


def _suggestions(response: Json) -> Iterator[tuple[str, Json]]:
    for path, card in _cards(response):
        yield from _members(card, "suggestions", f"{path}.")


def _actions(response: Json) -> Iterator[tuple[str, Json]]:
    for path, suggestion in _suggestions(response):
        yield from _members(suggestion, "actions", f"{path}.")
    yield from _members(response, "systemActions")


def _links(response: Json) -> Iterator[tuple[str, Json]]:
    for path, card in _cards(response):
        yield from _members(card, "links", f"{path}.")


def _override_reasons(response: Json) -> Iterator[tuple[str, Json]]:
    for path, card in _cards(response):
        yield from _members(card, "overrideReasons", f"{path}.")


def _codings(response: Json) -> Iterator[tuple[str, Json]]:
    yield from _override_reasons(response)
    for path, card in _cards(response):
        if "topic" in card.get("source", {}):
            yield f"{path}.source.topic", card["source"]["topic"]


def _is_url(value: Any) -> bool:
    if not isinstance(value, str) or re.search(r"\s", value):
        return False
    parts = urlsplit(value)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and UUID.fullmatch(value) is not None


def _is_instant(value: Any) -> bool:
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _wrong(node: Json, path: str, **checks: Callable[[Any], bool]) -> Found:
    """Members that are there and of the wrong type; a name with a trailing underscore is required as well."""
    for given, fits in checks.items():
        name = given.rstrip("_")
        is_due = name in node or given.endswith("_")
        if is_due and not fits(node.get(name)):
            yield f"{path}.{name}" if path else name


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_array(value: Any) -> bool:
    return isinstance(value, list)


def _one_of(*allowed: str) -> Callable[[Any], bool]:
    return lambda value: value in allowed


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


@_invariant(DISCOVERY, "cds-services-types")
def _discovery_types(document: Json) -> Found:
    """`services` is an array of objects with hook, title, description and id, whose templates are strings."""
    yield from _wrong(document, "", services_=_is_array)
    for path, service in _members(document, "services"):
        yield from _wrong(service, path, hook_=_is_text, title_=_is_text, description_=_is_text, id_=_is_text)
        yield from _wrong(service, path, version=_is_text, hookVersion=_is_text, usageRequirements=_is_text)
        yield from _wrong(service, path, prefetch=_is_object, extension=_is_object)
        for key, template in service.get("prefetch", {}).items():
            if not _is_text(template):
                yield f"{path}.prefetch.{key}"


@_invariant(DISCOVERY, "cds-services-empty")
def _discovery_empty(document: Json) -> Found:
    """Nothing is null or empty but `services` itself."""
    yield from (path for path, value in values(document) if _is_empty(value) and path != "services")


@_invariant(REQUEST, "cds-r-1")
def _server_with_authorization(request: Json) -> Found:
    """With fhirAuthorization there is a fhirServer."""
    if "fhirAuthorization" in request and "fhirServer" not in request:
        yield "fhirAuthorization"


@_invariant(REQUEST, "cds-r-2", is_warning=True)
def _patient_of_a_patient_scope(request: Json) -> Found:
    """An authorization whose scope names patient/ names the patient."""
    authorization = request.get("fhirAuthorization", {})
    if "patient/" in authorization.get("scope", "") and "patient" not in authorization:
        yield "fhirAuthorization.patient"


@_invariant(REQUEST, "cds-r-types")
def _request_types(request: Json) -> Found:
    """hook, a UUID as hookInstance and a context; an absolute URL as fhirServer, an object as prefetch."""
    yield from _wrong(request, "", hook_=_is_text, hookInstance_=_is_uuid, context_=_is_object)
    yield from _wrong(request, "", fhirServer=_is_url, fhirAuthorization=_is_object, prefetch=_is_object)
    if "fhirAuthorization" in request:
        yield from _wrong(
            request["fhirAuthorization"],
            "fhirAuthorization",
            access_token_=_is_text,
            token_type_=_one_of("Bearer"),
            expires_in_=lambda value: type(value) is int,
            scope_=_is_text,
            subject_=_is_text,
            patient=_is_text,
        )


@_invariant(REQUEST, "cds-r-empty")
def _request_empty(request: Json) -> Found:
    """Nothing is null or empty but the value of a prefetch key and a prefetch without keys."""
    for path, value in values(request):
        is_prefetch = path == "prefetch" or re.fullmatch(r"prefetch\.[^.\[]+", path)
        if _is_empty(value) and not is_prefetch:
            yield path


@_invariant(REQUEST, "ord-1")
def _local_references(request: Json) -> Found:
    """performer and dispatchedOrders are local references, Type/id."""
    context = request.get("context", {})
    named = [("context.performer", context["performer"])] if "performer" in context else []
    orders = enumerate(context.get("dispatchedOrders", []))
    named += [(f"context.dispatchedOrders[{index}]", order) for index, order in orders]
    for path, reference in named:
        if not isinstance(reference, str) or not LOCAL_REFERENCE.fullmatch(reference):
            yield path


@_invariant(RESPONSE, "cds-resp-1")
def _one_recommendation(response: Json) -> Found:
    """Where at most one suggestion may be taken, at most one is recommended."""
    for path, card in _cards(response):
        recommended = sum(s.get("isRecommended") is True for s in card.get("suggestions", []))
        if card.get("selectionBehavior") == "at-most-one" and recommended > 1:
            yield path


@_invariant(RESPONSE, "cds-resp-2", is_warning=True)
def _deletion_by_id(response: Json) -> Found:
    """A deletion names resourceId and carries no resource."""
    for path, action in _actions(response):
        if action.get("type") == "delete" and ("resourceId" not in action or "resource" in action):
            yield path


@_invariant(RESPONSE, "cds-resp-3")
def _app_context_of_smart_links(response: Json) -> Found:
    """Only a link to a SMART app has an appContext."""
    yield from (p for p, link in _links(response) if link.get("type") != "smart" and "appContext" in link)


@_invariant(RESPONSE, "cds-resp-4")
def _displayed_override_reasons(response: Json) -> Found:
    """Every override reason has a display."""
    yield from (path for path, reason in _override_reasons(response) if not reason.get("display"))


@_invariant(RESPONSE, "cds-resp-5")
def _described_actions(response: Json) -> Found:
    """Every action has a description."""
    yield from (path for path, action in _actions(response) if not action.get("description"))


@_invariant(RESPONSE, "cds-resp-6")
def _selection_of_suggestions(response: Json) -> Found:
    """A card with suggestions says how they may be selected."""
    yield from (
        p for p, card in _cards(response) if "suggestions" in card and "selectionBehavior" not in card
    )


@_invariant(RESPONSE, "cds-resp-7")
def _selection_of_actions(response: Json) -> Found:
    """actionSelectionBehavior, where it is given, is all, any or at-most-one."""
    for path, suggestion in _suggestions(response):
        if suggestion.get("actionSelectionBehavior", "all") not in ("all", "any", "at-most-one"):
            yield path


@_invariant(RESPONSE, "cds-resp-types")
def _response_types(response: Json) -> Found:
    """Required members are there; ids are UUIDs, addresses are URLs, codes are of their value sets."""
    yield from _wrong(response, "", cards_=_is_array, systemActions=_is_array)
    for path, card in _cards(response):
        yield from _wrong(
            card,
            path,
            uuid=_is_uuid,
            summary_=lambda value: isinstance(value, str) and 0 < len(value) < 140,
            detail=_is_text,
            indicator_=_one_of(*INDICATORS),
            source_=_is_object,
            selectionBehavior=_one_of("at-most-one", "any"),
            extension=_is_object,
        )
        yield from _wrong(card, path, suggestions=_is_array, links=_is_array, overrideReasons=_is_array)
        yield from _wrong(
            card.get("source", {}), f"{path}.source", label_=_is_text, url=_is_url, icon=_is_url
        )
    for path, coding in _codings(response):
        yield from _wrong(coding, path, code_=_is_text, system_=_is_text, display=_is_text)
    for path, suggestion in _suggestions(response):
        yield from _wrong(suggestion, path, label_=_is_text, uuid=_is_uuid, actions=_is_array)
        yield from _wrong(suggestion, path, isRecommended=lambda value: isinstance(value, bool))
    for path, action in _actions(response):
        yield from _wrong(action, path, type_=_one_of("create", "update", "delete"), resource=_is_resource)
        yield from _wrong(action, path, resourceId=_is_text)
        if action.get("type") in ("create", "update") and "resource" not in action:
            yield f"{path}.resource"
    for path, link in _links(response):
        yield from _wrong(link, path, label_=_is_text, url_=_is_url, type_=_one_of("absolute", "smart"))
        yield from _wrong(link, path, appContext=_is_text, autolaunchable=lambda v: isinstance(v, bool))


def _is_resource(value: Any) -> bool:
    return isinstance(value, dict) and _is_text(value.get("resourceType"))


@_invariant(RESPONSE, "cds-resp-empty")
def _response_empty(response: Json) -> Found:
    """Nothing is null or empty but `cards` itself; inside resources FHIR's own rule for arrays holds."""
    for path, value in values(response):
        is_aligned = value is None and ".resource." in path and path.endswith("]")
        if _is_empty(value) and path != "cards" and not is_aligned:
            yield path


@_invariant(FEEDBACK, "cds-fb-1")
def _outcomes(body: Json) -> Found:
    """The outcome is accepted or overridden."""
    for path, entry in _members(body, "feedback"):
        yield from _wrong(entry, path, outcome_=_one_of("accepted", "overridden"))


@_invariant(FEEDBACK, "cds-fb-2")
def _accepted_suggestions(body: Json) -> Found:
    """What was accepted is named."""
    for path, entry in _members(body, "feedback"):
        if entry.get("outcome") == "accepted" and not entry.get("acceptedSuggestions"):
            yield path


@_invariant(FEEDBACK, "cds-fb-3")
def _reasons(body: Json) -> Found:
    """An override reason has a reason or a comment."""
    for path, entry in _members(body, "feedback"):
        reason = entry.get("overrideReason")
        if reason is not None and not ("reason" in reason or "userComment" in reason):
            yield f"{path}.overrideReason"


@_invariant(FEEDBACK, "cds-fb-types")
def _feedback_types(body: Json) -> Found:
    """An array of entries; cards and accepted suggestions are UUIDs, times are instants with a time zone."""
    yield from _wrong(body, "", feedback_=_is_array)
    for path, entry in _members(body, "feedback"):
        yield from _wrong(entry, path, card_=_is_uuid, outcomeTimestamp_=_is_instant)
        for accepted, suggestion in _members(entry, "acceptedSuggestions", f"{path}."):
            yield from _wrong(suggestion, accepted, id_=_is_uuid)
        coding = entry.get("overrideReason", {}).get("reason")
        if coding is not None:
            yield from _wrong(coding, f"{path}.overrideReason.reason", code_=_is_text, system_=_is_text)
