"""`spinal-cds off` and `on`: the kill switch."""

from __future__ import annotations

from plugin.cli.operated import operated_database, operator
from plugin.domain.content import ContentError
from plugin.settings import valid_settings
from plugin.store.switches import EVERYBODY, switch_off, switch_on, switched_off_clients
from plugin.trust import client_ids


def turn_off(client: str | None, reason: str) -> str:
    """What holds now, in a line. Raises ContentError."""
    database, whom = _asked(client)
    with operated_database(database) as engine:
        switch_off(engine, whom, operator(), reason)
        return _state(switched_off_clients(engine))


def turn_on(client: str | None, reason: str) -> str:
    database, whom = _asked(client)
    with operated_database(database) as engine:
        if not switch_on(engine, whom, operator(), reason):
            raise ContentError(f"{_named(whom)} is not switched off in the database")
        return _state(switched_off_clients(engine))


def _asked(client: str | None) -> tuple[str, str]:
    """The database, and whom it is about."""
    settings = valid_settings()
    known = client_ids(settings)
    if client is not None and client not in known:
        raise ContentError(f"--client {client}: no such client; there is {', '.join(known)}")
    return settings.database, client or EVERYBODY


def _state(off: frozenset[str]) -> str:
    if not off:
        return "on: nobody is switched off in the database; the control file may say otherwise"
    return f"off: {', '.join(map(_named, sorted(off)))}; every instance follows within five seconds"


def _named(client: str) -> str:
    return "every client" if client == EVERYBODY else f"client {client}"
