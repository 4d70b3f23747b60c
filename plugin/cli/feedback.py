"""`spinal-cds feedback export`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

import click
from sqlalchemy.exc import SQLAlchemyError

from plugin.domain.content import ContentError
from plugin.store.database import existing_database
from plugin.store.export import Record, as_csv, as_ndjson, exported

FORMATS: Mapping[str, Callable[[Iterable[Record]], Iterator[bytes]]] = {"csv": as_csv, "ndjson": as_ndjson}


def export_feedback(database: str, encoding: str, since: datetime | None, client: str | None) -> None:
    """Writes to standard output. Raises ContentError when the database cannot be read."""
    engine = existing_database(database)
    try:
        records = exported(engine, since.replace(tzinfo=UTC) if since else None, client)
        for line in FORMATS[encoding](records):
            click.echo(line, nl=False)
    except SQLAlchemyError as error:
        raise ContentError(f"SPINAL_CDS_DATABASE: cannot be read ({type(error).__name__})") from error
    finally:
        engine.dispose()
