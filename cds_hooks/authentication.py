"""Who is calling."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cds_hooks.clients import Client


class Authenticator(Protocol):
    def client_of(self, authorization: Sequence[str], path: str) -> Client:
        """The client that sent the `Authorization` headers to `path` (`/cds-services/...`)."""


class ReplayStoreUnavailable(Exception):  # noqa: N818 - says what is wrong.
    """The store cannot say whether a token was seen before; the call must not be answered."""


class ReplayStore(Protocol):
    def claim(self, issuer: str, jti: str, expires_at: float) -> bool:
        """True the first time this issuer's token id is claimed, False ever after.

        Atomic across threads, processes and machines. `expires_at` is in seconds since the epoch. Raises
        ReplayStoreUnavailable.
        """


@dataclass(frozen=True, slots=True)
class OpenTo:
    """Takes every caller for one client, without asking for a token."""

    client: Client

    def client_of(self, authorization: Sequence[str], path: str) -> Client:
        return self.client
