"""What is too old is deleted, and nothing else; and it is on record that it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, insert, select

from plugin.store.audit import entries
from plugin.store.database import open_database
from plugin.store.retention import Purged, purge
from plugin.store.tables import cards_issued, feedback, tokens_seen

NOW = datetime.now(UTC)
COMMENT = "Canary-comment-9b02"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_database(url)
    yield opened
    opened.dispose()


def put(engine: Engine, table: Table, **values: Any) -> None:
    texts = {c.name: "x" for c in table.columns if c.name not in ("silent", "expires_at")}
    with engine.begin() as connection:
        connection.execute(insert(table), texts | values)


def card(engine: Engine, card: str, days: float) -> None:
    put(engine, cards_issued, card=card, issued_at=NOW - timedelta(days=days))


def told(engine: Engine, card: str, days: float, comment: str | None = COMMENT) -> None:
    moment = NOW - timedelta(days=days)
    given = {"id": card, "card": card, "accepted_suggestions": [], "user_comment": comment}
    put(engine, feedback, outcome_timestamp=moment, received_at=moment, **given)


def kept(engine: Engine, *columns: Any) -> set[Any]:
    with engine.connect() as connection:
        return {tuple(row) for row in connection.execute(select(*columns))}


def purged(engine: Engine) -> Purged:
    return purge(engine, comments_days=90, cards_days=1095, actor="somebody")


def test_comments_are_emptied_and_cards_deleted_when_their_time_is_over(engine: Engine) -> None:
    for days in (89, 91, 1094, 1096):
        card(engine, f"c-{days}", days)
        told(engine, f"c-{days}", days)
    told(engine, "no-comment", 91, comment=None)

    assert purged(engine) == Purged(comments=3, feedback=1, cards=1, tokens=0)

    assert kept(engine, cards_issued.c.card) == {("c-89",), ("c-91",), ("c-1094",)}
    assert kept(engine, feedback.c.card, feedback.c.user_comment) == {
        ("c-89", COMMENT),
        ("c-91", None),
        ("c-1094", None),
        ("no-comment", None),
    }


def test_more_than_one_part_is_deleted(engine: Engine) -> None:
    rows = [
        {c.name: "x" for c in cards_issued.columns} | {"card": f"c-{n}", "silent": False, "issued_at": moment}
        for n, moment in enumerate([NOW - timedelta(days=2000)] * 1201 + [NOW])
    ]
    with engine.begin() as connection:
        connection.execute(insert(cards_issued), rows)

    assert purged(engine).cards == 1201
    assert kept(engine, cards_issued.c.card) == {("c-1201",)}


def test_tokens_long_expired_are_deleted(engine: Engine) -> None:
    for token, seconds in ((b"old", -400), (b"lately", -200), (b"valid", 200)):
        put(engine, tokens_seen, token=token, expires_at=int(NOW.timestamp()) + seconds)

    assert purged(engine).tokens == 1
    assert kept(engine, tokens_seen.c.token) == {(b"lately",), (b"valid",)}


def test_a_purge_is_on_record_with_what_it_deleted(engine: Engine) -> None:
    card(engine, "c-1", 2000)
    purged(engine)

    last = entries(engine)[-1]

    assert (last.event, last.actor) == ("purged", "somebody")
    assert last.details == (
        '{"cards": 1, "cards_days": 1095, "comments": 0, "comments_days": 90, "feedback": 0, "tokens": 0}'
    )


def test_a_comment_that_was_purged_is_in_no_file(sqlite_url: str, tmp_path: Path) -> None:
    engine = open_database(sqlite_url)
    told(engine, "c-1", 91)
    assert COMMENT.encode() in written(tmp_path)

    purged(engine)

    assert b"c-1" in written(tmp_path)
    assert COMMENT.encode() not in written(tmp_path)
    engine.dispose()


def written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
