"""The answer of a service: cards, their suggestions, actions and links, and system actions.

A model that can be built obeys the CDS Hooks 2.0.1 specification. `Response.to_json` leaves out whatever
has no value: null and empty strings, arrays and objects never reach the wire (`cards` may be empty).
"""

from collections.abc import Mapping
from math import isfinite
from typing import Annotated, Any, ClassVar, Literal, Self

import msgspec
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

Text = Annotated[str, StringConstraints(min_length=1)]
# The specification says "less than 140 characters" and "one sentence".
_LINE = r"[^\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]*"
Summary = Annotated[str, StringConstraints(max_length=139, pattern=rf"^{_LINE}[^\s\x1c-\x1e]{_LINE}$")]
Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+\S*$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+/[^\s/]+$")]


class _Element(BaseModel):
    """One object of the response. Members are in camelCase on the wire."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=False
    )
    _members: ClassVar[tuple[tuple[str, str], ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls._members = tuple((name, field.alias or name) for name, field in cls.model_fields.items())

    def to_wire(self) -> dict[str, Any]:
        """The object as it is sent: only members that have a value."""
        wire = {}
        members = self.__dict__
        for name, alias in self._members:
            value = members[name]
            if value is None:
                continue
            if type(value) is not str:
                value = _wire(value)
            if not _is_empty(value):
                wire[alias] = value
        return wire


def _is_empty(value: Any) -> bool:
    if value:
        return type(value) is float and not isfinite(value)
    return value is None or isinstance(value, str | list | dict)


def _wire(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [item for item in map(_wire, value) if not _is_empty(item)]
    if isinstance(value, _Element):
        return value.to_wire()
    if isinstance(value, Mapping):
        members = ((key, _wire(member)) for key, member in value.items())
        return {key: member for key, member in members if not _is_empty(member)}
    return value


class Coding(_Element):
    system: Text
    code: Text
    display: str | None = None


class Source(_Element):
    label: Text
    url: HttpUrl | None = None
    icon: HttpUrl | None = None
    topic: Coding | None = None


class Action(_Element):
    """`resource` is the whole FHIR resource to create or update; a deletion names `resource_id` instead."""

    type: Literal["create", "update", "delete"]
    description: Text
    resource: dict[str, Any] | None = None
    resource_id: Reference | None = None

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        if self.type == "delete":
            if self.resource_id is None or self.resource is not None:
                raise ValueError("a delete action has resource_id and no resource")
        elif self.resource is None or not self.resource.get("resourceType") or self.resource_id is not None:
            raise ValueError(
                "a create or update action has a resource with its resourceType and no resource_id"
            )
        return self

    def to_wire(self) -> dict[str, Any]:
        wire = super().to_wire()
        if self.resource is not None:
            wire["resource"] = _fhir(self.resource)
        return wire


def _fhir(value: Any) -> Any:
    """Like `_wire`, but nulls inside arrays stay: FHIR aligns `given` with `_given` by them."""
    if isinstance(value, Mapping):
        members = ((key, _fhir(member)) for key, member in value.items())
        return {key: member for key, member in members if not _is_empty(member)}
    if isinstance(value, tuple | list):
        return [item for item in map(_fhir, value) if item is None or not _is_empty(item)]
    return value


class Suggestion(_Element):
    """All of its actions are taken together; alternatives are suggestions of their own."""

    label: Text
    uuid: Uuid
    is_recommended: bool | None = None
    actions: tuple[Action, ...] = ()


class Link(_Element):
    label: Text
    url: HttpUrl
    type: Literal["absolute", "smart"]
    app_context: str | None = None

    @model_validator(mode="after")
    def _has_app_context_only_for_an_app(self) -> Self:
        if self.app_context and self.type != "smart":
            raise ValueError("app_context belongs to links of type smart only")
        return self


class Card(_Element):
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

    @model_validator(mode="after")
    def _holds_the_invariants(self) -> Self:
        """cds-resp-1, cds-resp-4 and cds-resp-6 of the logical model."""
        if bool(self.suggestions) != (self.selection_behavior is not None):
            raise ValueError("selection_behavior is given if, and only if, there are suggestions")
        if (
            self.selection_behavior == "at-most-one"
            and sum(bool(s.is_recommended) for s in self.suggestions) > 1
        ):
            raise ValueError("with selection_behavior at-most-one, one suggestion at most is recommended")
        if any(not reason.display for reason in self.override_reasons):
            raise ValueError("every override reason has a display")
        return self


class Response(_Element):
    """What a service answers. No cards means that it has nothing to say, never that it failed."""

    cards: tuple[Card, ...] = ()
    system_actions: tuple[Action, ...] = ()

    def to_json(self) -> bytes:
        wire = self.to_wire()
        wire.setdefault("cards", [])
        return _encoder.encode(wire)


_encoder = msgspec.json.Encoder(decimal_format="number")
