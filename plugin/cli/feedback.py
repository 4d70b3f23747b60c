"""`spinal-cds feedback export`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

import click

from plugin.cli.operated import operated_database, operator
from plugin.store.audit import append, auditing
from plugin.store.export import Record, as_csv, as_ndjson, exported

FORMATS: Mapping[str, Callable[[Iterable[Record]], Iterator[bytes]]] = {"csv": as_csv, "ndjson": as_ndjson}


def export_feedback(database: str, encoding: str, since: datetime | None, client: str | None) -> None:
    """Writes to standard output, once that is audited. Raises ContentError."""
    with operated_database(database) as engine:
        asked = {"format": encoding, "since": since and f"{since:%Y-%m-%d}", "client": client}
        with auditing(engine) as connection:
            append(connection, "exported", operator(), asked)
        records = exported(engine, since.replace(tzinfo=UTC) if since else None, client)
        for line in FORMATS[encoding](records):
            click.echo(line, nl=False)
