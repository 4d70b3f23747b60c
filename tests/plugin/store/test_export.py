"""Feedback as it leaves the house: the six fields, orphans marked, and nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, insert

from cds_hooks import AllowedBases, Client, Feedback
from plugin.cli import main
from plugin.store import FeedbackLog, open_database
from plugin.store.export import FIELDS, as_csv, as_ndjson, exported
from plugin.store.tables import cards_issued, feedback
from tests.database_servers import PostgresServer

SIX = ("intervention", "action_taken", "user_feedback", "user", "date", "location")
DAY = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_database(url)
    yield opened
    opened.dispose()


def issue(engine: Engine, card: str, client: str = "ehr") -> None:
    row = {
        "card": card,
        "client": client,
        "service": "spinal-injection-review",
        "hook_instance": "i-1",
        "hook": "order-sign",
        "topic": "IMG1",
        "indicator": "warning",
        "policy": "default@1.0.0",
        "policy_hash": "0123456789abcdef",
        "issued_at": DAY,
    }
    with engine.begin() as connection:
        connection.execute(insert(cards_issued), row)


def say(engine: Engine, identity: str, card: str = "c-1", **changes: Any) -> None:
    row = {
        "id": identity,
        "client": "ehr",
        "service": "spinal-injection-review",
        "card": card,
        "outcome": "overridden",
        "accepted_suggestions": [],
        "reason_code": "patient-wish",
        "reason_system": "https://example.org/reasons",
        "reason_display": "Patient's wish",
        "user_comment": None,
        "outcome_timestamp": DAY,
        "received_at": DAY,
    }
    with engine.begin() as connection:
        connection.execute(insert(feedback), row | changes)


def hour(number: int) -> datetime:
    return DAY.replace(hour=number)


def records(engine: Engine, since: datetime | None = None, client: str | None = None) -> list[dict[str, Any]]:
    lines = b"".join(as_ndjson(exported(engine, since, client))).splitlines()
    return [json.loads(line) for line in lines]


def cells(engine: Engine) -> list[dict[str, str]]:
    written = b"".join(as_csv(exported(engine, None, None))).decode()
    return list(csv.DictReader(io.StringIO(written, newline="")))


def test_the_six_fields_come_first(engine: Engine) -> None:
    issue(engine, "c-1")
    say(engine, "1", user_comment="Discussed.")

    [record] = records(engine)
    assert tuple(record) == FIELDS
    assert FIELDS[:6] == SIX
    assert [record[field] for field in SIX] == [
        *("IMG1", "overridden", "Patient's wish; Discussed.", "not-recorded"),
        *("2026-11-20T12:00:00Z", "ehr"),
    ]
    assert record["card_known"] is True
    assert (record["policy"], record["hook"]) == ("default@1.0.0", "order-sign")


def test_csv_holds_what_ndjson_holds(engine: Engine) -> None:
    issue(engine, "c-1")
    say(engine, "1", outcome="accepted", accepted_suggestions=["s-1", "s-2"], reason_display=None)

    [record], [row] = records(engine), cells(engine)

    assert list(row) == list(record)
    assert row["accepted_suggestions"] == "s-1 s-2"
    assert (row["card_known"], row["latest"]) == ("true", "true")
    texts = [field for field in FIELDS if isinstance(record[field], str)]
    assert [row[field] for field in texts] == [record[field] for field in texts]


def test_a_card_that_is_not_known_is_marked(engine: Engine) -> None:
    issue(engine, "c-1", client="other-ehr")
    say(engine, "1")

    [record] = records(engine)
    assert (record["card_known"], record["intervention"], record["policy"]) == (False, None, None)
    assert cells(engine)[0]["card_known"] == "false"


def test_a_card_written_after_its_feedback_is_found(engine: Engine) -> None:
    say(engine, "1")
    issue(engine, "c-1")

    assert records(engine)[0]["intervention"] == "IMG1"


def test_of_all_outcomes_of_a_card_the_newest_is_the_latest(engine: Engine) -> None:
    say(engine, "1", outcome="accepted", outcome_timestamp=hour(9), received_at=DAY.replace(minute=1))
    say(engine, "2", outcome_timestamp=hour(11), received_at=DAY.replace(minute=2))
    say(engine, "3", outcome="accepted", outcome_timestamp=hour(10), received_at=DAY.replace(minute=3))
    say(engine, "4", client="other-ehr", received_at=DAY.replace(minute=4))
    say(engine, "5", card="c-2", received_at=DAY.replace(minute=5))

    assert [record["latest"] for record in records(engine)] == [False, True, False, True, True]


def test_outcomes_of_the_same_moment_count_in_the_order_they_came(engine: Engine) -> None:
    say(engine, "b", outcome="accepted", received_at=DAY.replace(microsecond=0))
    say(engine, "a", outcome="overridden", received_at=DAY.replace(microsecond=1))

    assert [(r["action_taken"], r["latest"]) for r in records(engine)] == [
        ("accepted", False),
        ("overridden", True),
    ]


def test_a_day_and_a_client_narrow_the_export_and_not_what_is_latest(engine: Engine) -> None:
    say(engine, "1", outcome_timestamp=DAY, received_at=DAY.replace(day=19))
    say(engine, "2", outcome_timestamp=hour(1), received_at=DAY.replace(day=20))
    say(engine, "3", client="other-ehr", received_at=DAY.replace(day=21))

    assert len(records(engine)) == 3
    [late, other] = records(engine, since=datetime(2026, 11, 20, tzinfo=UTC))
    assert (late["latest"], other["location"]) == (False, "other-ehr")
    assert [r["location"] for r in records(engine, client="other-ehr")] == ["other-ehr"]
    assert records(engine, client="nobody") == []


def test_no_cell_is_taken_for_a_formula(engine: Engine) -> None:
    starts = ("=", "+", "-", "@", "\t", "\r", "\n")
    texts = ("card", "reason_code", "reason_system", "reason_display", "client", "service")
    for number, start in enumerate(starts):
        evil = f"{start}cmd|' /C calc'!A0"
        later = DAY.replace(minute=number)
        say(engine, evil, **dict.fromkeys(texts, evil), accepted_suggestions=[evil], received_at=later)

    for start, row, record in zip(starts, cells(engine), records(engine), strict=True):
        evil = f"{start}cmd|' /C calc'!A0"
        assert [name for name, cell in row.items() if cell.startswith(start)] == []
        assert row["card"] == f"'{evil}"
        assert record["card"] == evil


def test_lines_and_quotes_stay_in_their_cell(engine: Engine) -> None:
    say(engine, "1", reason_display='a "b", c\r\nd;\u2028é<script>')
    say(engine, "2", received_at=DAY.replace(minute=1))

    assert [row["user_feedback"] for row in cells(engine)] == [
        'a "b", c\r\nd;\u2028é<script>',
        "Patient's wish",
    ]


def test_more_rows_than_are_read_at_once_all_come_in_order(engine: Engine) -> None:
    log = FeedbackLog(engine, lambda: DAY)
    cards = [f"c-{number}" for number in range(1200)]
    client = Client("ehr", AllowedBases((), allow_loopback=True))
    log.take(client, "s", [Feedback(card, "overridden", (), None, None, DAY) for card in cards])

    assert [record["card"] for record in records(engine)] == cards


def run(url: str, *arguments: str) -> Result:
    environment = {"SPINAL_CDS_DATABASE": url}
    return CliRunner().invoke(main, list(arguments), env=environment, catch_exceptions=False)


def test_the_command_writes_csv_or_ndjson(url: str, engine: Engine) -> None:
    say(engine, "1")
    say(engine, "2", client="other-ehr", received_at=DAY.replace(day=21))

    table = run(url, "feedback", "export")
    lines = run(
        url, "feedback", "export", "--format", "ndjson", "--since", "2026-11-21", "--client", "other-ehr"
    )

    assert (table.exit_code, lines.exit_code) == (0, 0)
    assert table.output.splitlines()[0] == ",".join(FIELDS)
    assert len(table.output.splitlines()) == 3
    assert [json.loads(line)["location"] for line in lines.output.splitlines()] == ["other-ehr"]


def test_an_empty_log_is_a_header(url: str) -> None:
    assert run(url, "feedback", "export").output.split() == [",".join(FIELDS)]


def test_a_database_that_is_not_there_is_one_line(sqlite_url: str) -> None:
    result = run(sqlite_url, "feedback", "export")

    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "Error: SPINAL_CDS_DATABASE: there is no such file; nothing was stored yet"
    ]


def test_the_schema_is_upgraded_by_a_command(empty_url: str) -> None:
    assert run(empty_url, "db", "upgrade").exit_code == 0
    assert run(empty_url, "db", "upgrade").exit_code == 0
    assert run(empty_url, "feedback", "export").exit_code == 0


def test_serve_refuses_a_postgresql_that_is_not_upgraded(postgresql_server: PostgresServer) -> None:
    result = run(postgresql_server.empty_database(), "serve", "--port", "1")

    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1
