"""Appends to the audit until it is killed, telling each entry that is on disk. For a process of its own."""

from __future__ import annotations

import sys

from sqlalchemy.exc import OperationalError

from plugin.store.audit import append, auditing
from plugin.store.database import open_database


def main(url: str, name: str) -> None:
    engine = open_database(url)
    number = 0
    while True:
        try:
            with auditing(engine) as connection:
                append(connection, "test", name, {"number": number})
        except OperationalError as error:
            if "locked" not in str(error):
                raise
            # Another process kept the lock for longer than is waited for; SQLite gives it to whom it likes.
            continue
        sys.stdout.write(f"{name} {number}\n")
        sys.stdout.flush()
        number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
