"""The FHIR server that a command is told to speak to."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field

from cds_hooks import AllowedBases
from cds_hooks.allowed_bases import BaseUrl
from plugin.domain.content import ContentError

_TOKEN = re.compile(r"[\x21-\x7e]+")
_FROM_INPUT = "-"
_THIS_MACHINE = AllowedBases((), allow_loopback=True)


@dataclass(frozen=True, slots=True)
class FhirServer:
    """`base` has no slash at its end."""

    base: str
    token: str | None = field(default=None, repr=False)

    @property
    def is_on_this_machine(self) -> bool:
        return _THIS_MACHINE.permits(self.base)

    def holds(self, url: str) -> bool:
        """Is `url`, which may have a query, at or below the base?"""
        base = BaseUrl.parse(self.base)
        return base is not None and base.holds(url)


def named_server(url: str, token: str | None) -> FhirServer:
    """The server at `url`; the token `-` is read from standard input. Raises ContentError."""
    if BaseUrl.parse(url) is None:
        raise ContentError("--fhir-server: must be an http or https base URL, without user, query or escapes")
    given = sys.stdin.readline().strip() if token == _FROM_INPUT else token
    if given is not None and not _TOKEN.fullmatch(given):
        raise ContentError("--token, FHIR_TOKEN: must be a bearer token, without blanks")
    return FhirServer(url.rstrip("/"), given)


def require_consent(server: FhirServer, is_given: bool) -> None:
    """Raises ContentError before anything is written to a server on another machine without consent."""
    if not is_given and not server.is_on_this_machine:
        raise ContentError(f"{server.base} is not on this machine, and is written to; --yes if that is meant")
