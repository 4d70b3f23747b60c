"""`spinal-cds off` and `on`: the kill switch."""

from __future__ import annotations

from plugin.cli.operated import operated_database, operator
from plugin.domain.content import ContentError
from plugin.settings import Settings, valid_settings
from plugin.store.switches import EVERYBODY, switch_off, switch_on, switched_off_clients
from plugin.trust import client_ids


def turn_off(client: str | None, reason: str) -> str:
    """What holds now, in a line. Raises ContentError."""
    _require_reason(reason)
    settings = valid_settings()
    if client is not None:
        _require_known(client, settings)
    whom = client or EVERYBODY
    with operated_database(settings.database, newer_will_do=True) as engine:
        switch_off(engine, whom, operator(), reason)
        return _state(switched_off_clients(engine))


def turn_on(client: str | None, reason: str) -> str:
    """What holds now, in a line. Raises ContentError.

    Also for a client that was taken out of the clients file since.
    """
    _require_reason(reason)
    settings = valid_settings()
    whom = client or EVERYBODY
    with operated_database(settings.database, newer_will_do=True) as engine:
        if not switch_on(engine, whom, operator(), reason):
            if client is not None:
                _require_known(client, settings)
            raise ContentError(f"{_named(whom)} is not switched off in the database")
        return _state(switched_off_clients(engine))


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ContentError("--reason: is blank; say why, for the audit")


def _require_known(client: str, settings: Settings) -> None:
    known = client_ids(settings)
    if client not in known:
        raise ContentError(f"--client {client}: no such client; there is {', '.join(known)}")


def _state(off: frozenset[str]) -> str:
    if not off:
        return "on: nobody is switched off in the database; the control file may say otherwise"
    return f"off: {', '.join(map(_named, sorted(off)))}; every instance follows within five seconds"


def _named(client: str) -> str:
    return "every client" if client == EVERYBODY else f"client {client}"
