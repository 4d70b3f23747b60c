"""Who gives a command, and the database that it is given for."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from plugin.domain.content import ContentError
from plugin.store.database import existing_database


def operator() -> str:
    """The login name, or the number of a user that has none, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


@contextmanager
def operated_database(url: str, *, newer_will_do: bool = False) -> Iterator[Engine]:
    """A database that is there. Raises ContentError, also for what goes wrong inside."""
    engine = existing_database(url, newer_will_do=newer_will_do)
    try:
        yield engine
    except SQLAlchemyError as error:
        raise ContentError(f"SPINAL_CDS_DATABASE: cannot be used ({type(error).__name__})") from error
    finally:
        engine.dispose()
