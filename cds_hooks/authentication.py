"""Who is calling."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cds_hooks.clients import Client


class Authenticator(Protocol):
    def client_of(self, authorization: Sequence[str], path: str) -> Client:
        """The client that sent the `Authorization` headers to `path` (`/cds-services/...`)."""


@dataclass(frozen=True, slots=True)
class OpenTo:
    """Takes every caller for one client, without asking for a token."""

    client: Client

    def client_of(self, authorization: Sequence[str], path: str) -> Client:
        return self.client
