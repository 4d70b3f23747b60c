"""`spinal-cds audit list` and `audit verify`."""

from __future__ import annotations

from collections.abc import Iterator

from plugin.cli.operated import operated_database
from plugin.domain.content import ContentError
from plugin.store.audit import entries, first_broken_link


def audit_lines(database: str) -> Iterator[str]:
    """One line per entry, oldest first. Raises ContentError."""
    with operated_database(database) as engine:
        for entry in entries(engine):
            at = f"{entry.at:%Y-%m-%dT%H:%M:%SZ}"
            yield f"{entry.number}  {at}  {entry.event}  {entry.actor}  {entry.details}"


def verified(database: str) -> str:
    """The last number and digest, to be kept elsewhere. Raises ContentError naming the first broken link."""
    with operated_database(database) as engine:
        found = entries(engine)
    broken = first_broken_link(found)
    if broken is not None:
        raise ContentError(f"audit: entry {broken.number} {broken.why}")
    if not found:
        raise ContentError("audit: entry 1 is missing")
    return f"ok: {len(found)} entries; the last is {found[-1].number} {found[-1].digest}"
