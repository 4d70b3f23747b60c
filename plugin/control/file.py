"""The control file: TOML that may change while the service runs. deploy/control.example.toml explains it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_serializer,
    model_validator,
)

from plugin.domain.content import ContentError

_Text = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Silent(_Table):
    """Reviewed and recorded, not shown; until the end of a day, and off after that."""

    mode: Literal["silent"]
    until: date


class Pilot(_Table):
    """Shown to some users. `percent` draws them by a keyed hash, `users` names them as the EHR does."""

    mode: Literal["pilot"]
    percent: Annotated[float, Field(ge=0, le=100)] = 0
    users: tuple[_Text, ...] = ()

    @field_serializer("users")
    def _only_counts(self, users: tuple[str, ...]) -> int:
        return len(users)


def _kind(asked: Any) -> str | None:
    if isinstance(asked, Silent | Pilot):
        return asked.mode
    mode = asked.get("mode") if isinstance(asked, dict) else "word"
    return mode if isinstance(mode, str) else None


Asked = Annotated[
    Annotated[Literal["live", "off"], Tag("word")]
    | Annotated[Silent, Tag("silent")]
    | Annotated[Pilot, Tag("pilot")],
    Discriminator(
        _kind,
        custom_error_type="mode",
        custom_error_message="must be 'live', 'off', or a table whose mode is 'silent' or 'pilot'",
    ),
]


class ClientControl(_Table):
    """For one client."""

    off: _Text | None = None
    """The kill switch: why."""
    default: Asked | None = None
    """The mode of every criterion that is not listed."""
    criteria: Mapping[str, Asked] = {}

    def asked(self) -> Iterator[Asked]:
        yield from self.criteria.values()
        if self.default is not None:
            yield self.default


class ControlFile(ClientControl):
    """For every client, and for single ones."""

    pilot_key: _Text | None = None
    """Another key draws other users."""
    clients: Mapping[str, ClientControl] = {}

    @model_validator(mode="after")
    def _has_a_key_to_draw_by(self) -> Self:
        asked = [*self.asked(), *(a for client in self.clients.values() for a in client.asked())]
        if self.pilot_key is None and any(isinstance(a, Pilot) for a in asked):
            raise ValueError("pilot_key: a pilot needs one: any text, which decides who is drawn")
        return self


@dataclass(frozen=True, slots=True)
class Known:
    """What a control file may name."""

    clients: frozenset[str]
    criteria: frozenset[str] = field(repr=False)


def read_control(path: Path) -> bytes:
    """Raises ContentError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ContentError(f"control file: cannot be read: {error.strerror}") from error


def parse_control(content: bytes, known: Known) -> ControlFile:
    """Raises ContentError, one fault per key, without the values."""
    try:
        tables = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise ContentError(f"control file: not TOML: {error}") from error
    try:
        control = ControlFile.model_validate(tables)
    except ValidationError as error:
        raise ContentError(*dict.fromkeys(map(_fault, error.errors()))) from error
    faults = list(_strangers(control, known))
    if faults:
        raise ContentError(*faults)
    return control


def _fault(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    return f"control file: {key}: {message}" if key else f"control file: {message}"


def _strangers(control: ControlFile, known: Known) -> Iterator[str]:
    """A client or criterion that does not exist would be left as it is by whoever mistyped it."""
    tables: list[tuple[str, ClientControl]] = [("", control)]
    for client, table in control.clients.items():
        tables.append((f"clients.{client}.", table))
        if client not in known.clients:
            yield f"control file: clients: no client {client!r}; there is {', '.join(sorted(known.clients))}"
    for place, table in tables:
        for criterion in table.criteria:
            if criterion not in known.criteria:
                there = ", ".join(sorted(known.criteria))
                yield f"control file: {place}criteria: no criterion {criterion!r}; there is {there}"
