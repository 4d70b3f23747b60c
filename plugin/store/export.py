"""Feedback in computable form: the six fields that certification asks for, and what tells them apart.

| field | holds |
|---|---|
| intervention | the criterion whose card it was, such as IMG1; empty for a card that is not known |
| action_taken | accepted or overridden |
| user_feedback | the override reason's display or code, and the comment where comments are kept |
| user | always `not-recorded`: no user is stored |
| date | when the clinician acted, RFC 3339 in UTC |
| location | the id of the client, which stands for the site |
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Engine, Row, and_, func, select

from plugin.store.tables import cards_issued, feedback

FIELDS = (
    *("intervention", "action_taken", "user_feedback", "user", "date", "location"),
    *("card", "card_known", "latest", "service", "hook", "policy", "policy_hash"),
    *("accepted_suggestions", "reason_code", "reason_system", "received_at"),
)
Record = Mapping[str, Any]
_ROWS_AT_ONCE = 500
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def exported(engine: Engine, since: datetime | None, client: str | None) -> Iterator[Record]:
    """All feedback received from `since` on, of one client or of all, oldest first, row by row.

    `latest` marks the newest outcome of each card; `card_known` is False for a card that was never issued to
    that client, or whose entry was lost.
    """
    newest_first = (feedback.c.outcome_timestamp.desc(), feedback.c.received_at.desc())
    rank = func.row_number().over(partition_by=(feedback.c.client, feedback.c.card), order_by=newest_first)
    ranked = select(feedback, rank.label("rank")).subquery()
    issued = (cards_issued.c.topic, cards_issued.c.hook, cards_issued.c.policy, cards_issued.c.policy_hash)
    is_its_card = and_(cards_issued.c.card == ranked.c.card, cards_issued.c.client == ranked.c.client)
    asked = select(ranked, *issued).outerjoin(cards_issued, is_its_card).order_by(ranked.c.received_at)
    if since is not None:
        asked = asked.where(ranked.c.received_at >= since)
    if client is not None:
        asked = asked.where(ranked.c.client == client)
    with engine.connect().execution_options(yield_per=_ROWS_AT_ONCE) as connection:
        for row in connection.execute(asked):
            yield _record(row)


def _record(row: Row[Any]) -> Record:
    said = (row.reason_display or row.reason_code, row.user_comment)
    return {
        "intervention": row.topic,
        "action_taken": row.outcome,
        "user_feedback": "; ".join(filter(None, said)) or None,
        "user": "not-recorded",
        "date": _text(row.outcome_timestamp),
        "location": row.client,
        "card": row.card,
        "card_known": row.topic is not None,
        "latest": row.rank == 1,
        "service": row.service,
        "hook": row.hook,
        "policy": row.policy,
        "policy_hash": row.policy_hash,
        "accepted_suggestions": row.accepted_suggestions,
        "reason_code": row.reason_code,
        "reason_system": row.reason_system,
        "received_at": _text(row.received_at),
    }


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def as_ndjson(records: Iterable[Record]) -> Iterator[bytes]:
    """One JSON object per line; what is not known is null."""
    for record in records:
        yield msgspec.json.encode(record) + b"\n"


def as_csv(records: Iterable[Record]) -> Iterator[bytes]:
    """RFC 4180 in UTF-8, a header first. No cell is taken for a formula by a spreadsheet."""
    line = io.StringIO()
    writer = csv.writer(line)
    for cells in _rows(records):
        writer.writerow(cells)
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()


def _rows(records: Iterable[Record]) -> Iterator[list[str]]:
    yield list(FIELDS)
    for record in records:
        yield [_cell(record[field]) for field in FIELDS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = " ".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
