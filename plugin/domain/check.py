"""What a rule answers: a Check, and the decision table that leads to it.

A table is read from the top; the first row that is true decides. A row that *may* be true keeps every row
below it from settling the question, unless all rows in question come to the same: all satisfied, or none.
A row that cannot hold changes nothing, so that a table may leave it out: `if unread: yield Row("unread", …)`.
By this, and because the conditions are Kleene's, learning more never reverses a settled answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from plugin.domain.dates import DateRange
from plugin.domain.truth import TRUE, UNKNOWN, Truth


class Outcome(StrEnum):
    MET = "met"
    NOT_MET = "not-met"
    UNKNOWN = "unknown"
    WAIVED = "waived"
    CONFLICT = "conflict"
    """Guidelines disagree about the case; no criterion of its own."""


class Reason(StrEnum):
    """Why an answer is unknown."""

    NO_EVIDENCE = "no-evidence"
    AMBIGUOUS = "ambiguous"
    NO_ACCESS = "no-access"


class Kind(StrEnum):
    GAP = "gap"
    UNKNOWN = "unknown"
    NOTE = "note"


class Item(NamedTuple):
    """One chart entry, as a card or `--explain` shows it."""

    what: str
    label: str
    """Our wording, or the chart's when `quoted`."""
    reference: str
    when: DateRange | None = None
    until: DateRange | None = None
    remark: str | None = None
    """A word of the message catalogue's `[remarks]`, for example `resolved`."""
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of the record that could not be read. `why` is a value of `cds_hooks.Unread`."""

    source: str
    why: str
    count: int = 0


Facts = Mapping[str, object]
NO_FACTS: Final[Facts] = MappingProxyType({})


class Row(NamedTuple):
    """One row of a decision table: when it holds, and what it then says."""

    name: str
    when: Truth
    outcome: Outcome
    reason: Reason | None = None
    is_gap: bool = False
    """The outcome is unknown, yet the item is required and the record was searched completely."""
    speaks: bool = False
    """A satisfied row that still has a note to show."""
    decided_by: tuple[Item, ...] = ()
    facts: Facts = NO_FACTS
    about: frozenset[str] = frozenset()


class Check(NamedTuple):
    """A rule's answer about one order."""

    criterion: str
    row: str
    outcome: Outcome
    reason: Reason | None = None
    kind: Kind | None = None
    """None: nothing to say."""
    decided_by: tuple[Item, ...] = ()
    set_aside: tuple[Item, ...] = ()
    facts: Facts = NO_FACTS
    unread: tuple[Unread, ...] = ()
    about: frozenset[str] = frozenset()
    """References of several orders that the answer is about together; each of them gets the same answer."""

    @property
    def is_satisfied(self) -> bool:
        return self.outcome in _SATISFIED


_SATISFIED = frozenset({Outcome.MET, Outcome.WAIVED})


def decide(
    criterion: str,
    rows: Iterable[Row],
    *,
    facts: Facts = NO_FACTS,
    set_aside: tuple[Item, ...] = (),
    unread: tuple[Unread, ...] = (),
) -> Check:
    """The first true row's answer, or unknown when a row above it may be true and would answer otherwise.

    Raises LookupError when no row is true: a table ends with a row that always holds.
    """
    open_rows: list[Row] = []
    for row in rows:
        if row.when is TRUE:
            break
        if row.when is UNKNOWN:
            open_rows.append(row)
    else:
        raise LookupError(f"{criterion}: no row of the table holds")
    if open_rows and _side(row) is not None and any(_side(r) is not _side(row) for r in open_rows):
        row = _undetermined(open_rows)
    if set_aside:
        used = {item.reference for item in row.decided_by}
        set_aside = tuple(item for item in set_aside if item.reference not in used)
    return Check(
        criterion,
        row.name,
        row.outcome,
        row.reason,
        _kind(row),
        row.decided_by,
        set_aside,
        {**facts, **row.facts} if row.facts else facts,
        unread if unread and row.reason is Reason.NO_ACCESS else (),
        row.about,
    )


def _side(row: Row) -> bool | None:
    """True for satisfied, False for a gap, None for an answer that is not settled."""
    if row.outcome in _SATISFIED:
        return True
    return False if row.outcome is Outcome.NOT_MET or row.is_gap else None


def _undetermined(open_rows: list[Row]) -> Row:
    seen = tuple(dict.fromkeys(item for row in open_rows for item in row.decided_by))
    return Row("undetermined", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=seen)


def _kind(row: Row) -> Kind | None:
    if row.is_gap or row.outcome is Outcome.NOT_MET:
        return Kind.GAP
    if row.outcome is Outcome.UNKNOWN:
        return Kind.UNKNOWN
    return Kind.NOTE if row.speaks else None
