"""The answer of a service: cards, their suggestions, actions and links, and system actions.

What can be built obeys the CDS Hooks 2.0.1 specification: a value that breaks it raises ValueError. Members
without value are left out when encoding, so that null and empty strings, arrays and objects never reach the
wire (`cards` itself may be empty).
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any, Literal

import msgspec
from msgspec.structs import force_setattr

MAX_SUMMARY = 139
"""The specification says "less than 140 characters"."""
_LINE_BREAK = re.compile(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HTTP_URL = re.compile(r"https?://[^\s/?#]+\S*")
_REFERENCE = re.compile(r"[A-Za-z]+/[^\s/]+")

# What the constructors below enforce, said once more for the published schema.
Uuid = Annotated[str, msgspec.Meta(pattern=f"^{_UUID.pattern}$")]
HttpUrl = Annotated[str, msgspec.Meta(pattern=f"^{_HTTP_URL.pattern}$")]
Summary = Annotated[str, msgspec.Meta(max_length=MAX_SUMMARY)]


def is_relative_reference(text: str) -> bool:
    """Can it stand as an action's `resource_id`: `Type/id`, no blanks?"""
    return _REFERENCE.fullmatch(text) is not None


class _Element(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", forbid_unknown_fields=True
):
    """One object of the response, in camelCase on the wire; members at their default are left out."""


class Coding(_Element, frozen=True):
    system: str
    code: str
    display: str | None = None

    def __post_init__(self) -> None:
        _require(self, "system", "code")
        _drop_empty(self, "display")


class Source(_Element, frozen=True):
    label: str
    url: HttpUrl | None = None
    icon: HttpUrl | None = None
    topic: Coding | None = None

    def __post_init__(self) -> None:
        _require(self, "label")
        _require_url(self, "url", "icon")


class Action(_Element, frozen=True):
    """`resource` is the whole FHIR resource to create or update; a deletion names `resource_id` instead.

    CDS Hooks 1.0 puts the bare id of what is to be deleted into `resource`; only a dialect may write that.
    """

    type: Literal["create", "update", "delete"]
    description: str
    resource: dict[str, Any] | str | None = None
    resource_id: str | None = None

    def __post_init__(self) -> None:
        _require(self, "description")
        if self.type == "delete":
            if isinstance(self.resource, str) and self.resource and self.resource_id is None:
                return
            if self.resource_id is None or self.resource is not None:
                raise ValueError("a delete action has resource_id and no resource")
            if not is_relative_reference(self.resource_id):
                raise ValueError("resource_id is a relative reference, Type/id")
        elif self.type in ("create", "update"):
            is_resource = isinstance(self.resource, dict) and self.resource.get("resourceType")
            if not is_resource or self.resource_id is not None:
                raise ValueError("a create or update action has a resource with its type, and no resource_id")
        else:
            raise ValueError("type is create, update or delete")


class Suggestion(_Element, frozen=True):
    """All of its actions are taken together; alternatives are suggestions of their own."""

    label: str
    uuid: Uuid
    is_recommended: bool | None = None
    actions: tuple[Action, ...] = ()

    def __post_init__(self) -> None:
        _require(self, "label")
        _require_uuid(self.uuid)


class Link(_Element, frozen=True):
    label: str
    url: HttpUrl
    type: Literal["absolute", "smart"]
    app_context: str | None = None

    def __post_init__(self) -> None:
        _require(self, "label", "url")
        _require_url(self, "url")
        _drop_empty(self, "app_context")
        if self.type not in ("absolute", "smart"):
            raise ValueError("type is absolute or smart")
        if self.app_context and self.type != "smart":
            raise ValueError("app_context belongs to links of type smart only")


class Card(_Element, frozen=True):
    """`detail` is GitHub-flavoured Markdown; `extension` is keyed by reverse domain names."""

    uuid: Uuid
    summary: Summary
    indicator: Literal["info", "warning", "critical"]
    source: Source
    detail: str | None = None
    suggestions: tuple[Suggestion, ...] = ()
    selection_behavior: Literal["at-most-one", "any"] | None = None
    override_reasons: tuple[Coding, ...] = ()
    links: tuple[Link, ...] = ()
    extension: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """cds-resp-1, cds-resp-4 and cds-resp-6 of the logical model, and the specification's prose."""
        _require_uuid(self.uuid)
        if not _is_summary(self.summary):
            raise ValueError(f"summary is one line of 1 to {MAX_SUMMARY} characters")
        if self.indicator not in ("info", "warning", "critical"):
            raise ValueError("indicator is info, warning or critical")
        if self.detail == "":
            force_setattr(self, "detail", None)
        self._require_choice()
        for reason in self.override_reasons:
            if not reason.display:
                raise ValueError("every override reason has a display")

    def _require_choice(self) -> None:
        if bool(self.suggestions) != (self.selection_behavior is not None):
            raise ValueError("selection_behavior is given if, and only if, there are suggestions")
        if self.selection_behavior not in (None, "at-most-one", "any"):
            raise ValueError("selection_behavior is at-most-one or any")
        if (
            self.selection_behavior == "at-most-one"
            and sum(bool(s.is_recommended) for s in self.suggestions) > 1
        ):
            raise ValueError("with selection_behavior at-most-one, one suggestion at most is recommended")


class Response(_Element, frozen=True, omit_defaults=False):
    """What a service answers. No cards means that it has nothing to say, never that it failed."""

    cards: tuple[Card, ...] = ()
    system_actions: tuple[Action, ...] | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if self.system_actions == ():
            force_setattr(self, "system_actions", msgspec.UNSET)

    def to_json(self) -> bytes:
        """The response without null and without anything empty, but for `cards` itself."""
        body = _encoder.encode(self)
        free = self._free_parts()
        seen = _encoder.encode(free) if free else b""
        if not any(mark in seen for mark in _EMPTY_MARKS):
            return body
        wire = _without_empty(msgspec.to_builtins(self, builtin_types=(Decimal,)))
        return _encoder.encode({"cards": [], **wire})

    def _free_parts(self) -> list[Any]:
        """What may hold anything: resources and extensions. All else leaves out what is empty by its type."""
        actions = list(self.system_actions or ())
        free: list[Any] = []
        for card in self.cards:
            if card.extension is not None:
                free.append(card.extension)
            for suggestion in card.suggestions:
                actions += suggestion.actions
        return free + [action.resource for action in actions if action.resource is not None]


_encoder = msgspec.json.Encoder(decimal_format="number")
_EMPTY_MARKS = (b"null", b'""', b"[]", b"{}")
"""What an encoded empty member looks like; in text they may stand too, which costs a second look, no more."""


def _is_summary(text: str) -> bool:
    is_one_line = text.isprintable() or not _LINE_BREAK.search(text)
    return is_one_line and len(text) <= MAX_SUMMARY and bool(text.strip())


def _require(element: _Element, *names: str) -> None:
    for name in names:
        value = getattr(element, name)
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name} is a string that is not empty")


def _drop_empty(element: _Element, *names: str) -> None:
    for name in names:
        if getattr(element, name) == "":
            force_setattr(element, name, None)


def _require_uuid(value: str) -> None:
    if not _UUID.fullmatch(value):
        raise ValueError("uuid is a UUID")


def _require_url(element: _Element, *names: str) -> None:
    for name in names:
        value = getattr(element, name)
        if value is not None and not _HTTP_URL.fullmatch(value):
            raise ValueError(f"{name} is an absolute http or https URL")


def _without_empty(value: Any, *, in_resource: bool = False) -> Any:
    """The value less its empty members. Inside resources, FHIR aligns arrays by nulls: there they stay."""
    if isinstance(value, Mapping):
        inside = in_resource or "resourceType" in value
        cleaned = ((key, _without_empty(member, in_resource=inside)) for key, member in value.items())
        return {key: member for key, member in cleaned if not _is_empty(member)}
    if isinstance(value, list | tuple):
        items = [_without_empty(item, in_resource=in_resource) for item in value]
        return [item for item in items if (item is None and in_resource) or not _is_empty(item)]
    return value


def _is_empty(value: Any) -> bool:
    if isinstance(value, float):
        return not isfinite(value)
    return value is None or (isinstance(value, str | list | dict) and not value)
