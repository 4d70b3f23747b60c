"""`spinal-cds audit`, `purge` and `config print`, and what exporting leaves on record."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from plugin.store.audit import entries
from plugin.store.database import connect
from tests.plugin.registered import command
from tests.plugin.test_cli_switch import database_in

SECRET = "Canary-password-33"


def tamper(url: str) -> None:
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_refuses_update"))
        connection.execute(text("UPDATE audit SET actor = 'another' WHERE number = 2"))
    engine.dispose()


def events(url: str) -> list[tuple[str, str]]:
    engine = connect(url)
    found = [(entry.event, entry.details) for entry in entries(engine)]
    engine.dispose()
    return found


def test_the_audit_is_listed_and_verified(tmp_path: Path) -> None:
    url = database_in(tmp_path)
    command("off", "--reason", "drill", database=url)

    listed = command("audit", "list", database=url).output.splitlines()
    verified = command("audit", "verify", database=url)

    assert len(listed) == 2
    assert re.fullmatch(
        r'2  \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  switched-off  \S+  \{"client": "\*", "reason": "drill"\}',
        listed[1],
    )
    assert re.fullmatch(r"ok: 2 entries; the last is 2 [0-9a-f]{64}\n", verified.output)


def test_the_first_broken_link_is_named(tmp_path: Path) -> None:
    url = database_in(tmp_path)
    for _ in range(3):
        command("off", "--reason", "drill", database=url)
    tamper(url)

    done = command("audit", "verify", database=url)

    assert (done.exit_code, done.stderr) == (1, "Error: audit: entry 2 was changed\n")


def test_a_purge_says_what_it_deleted_and_follows_the_settings(tmp_path: Path) -> None:
    url = database_in(tmp_path)

    done = command("purge", database=url, keep_comments_days="30", keep_cards_days="400")

    assert done.output == (
        "purged: 0 comments older than 30 days; 0 cards and 0 feedbacks older than 400 days; 0 used tokens\n"
    )
    assert events(url)[-1][0] == "purged"


def test_an_export_is_on_record(tmp_path: Path) -> None:
    url = database_in(tmp_path)

    assert command("feedback", "export", "--since", "2026-11-01", database=url).exit_code == 0

    assert events(url)[-1] == ("exported", '{"client": null, "format": "csv", "since": "2026-11-01"}')


def test_the_settings_are_printed_without_secrets() -> None:
    done = command(
        *("config", "print", "--redacted"),
        database=f"postgresql+psycopg://service:{SECRET}@db.example.org/cds",
        replay_url=f"rediss://:{SECRET}@redis.example.org/0?password={SECRET}",
        relief_code="http://example.org/codes|42",
    )

    lines = done.output.splitlines()
    assert done.exit_code == 0
    assert SECRET not in done.output
    assert "SPINAL_CDS_DATABASE=postgresql+psycopg://***@db.example.org/cds" in lines
    assert "SPINAL_CDS_REPLAY_URL=rediss://***@redis.example.org/0?***" in lines
    assert "SPINAL_CDS_PROFILE=development  # default" in lines


USERINFO = [
    f"cds:{SECRET}",
    f"cds@server:{SECRET}",
    f"cds:pass@{SECRET}",
    f"cds:pass/{SECRET}",
    f"cds:pass?{SECRET}",
    f"cds:pass#{SECRET}",
    f"cds:pass {SECRET}",
    f"cds:pass://{SECRET}",
    f"cds:{SECRET}@ ",
    f":{SECRET}",
    SECRET,
]


@pytest.mark.parametrize("user", USERINFO)
@pytest.mark.parametrize("query", ["", f"?password={SECRET}", f"?password=a@{SECRET}"])
def test_no_shape_of_a_url_gives_its_password_away(user: str, query: str) -> None:
    done = command(
        *("config", "print", "--redacted"),
        database=f"postgresql+psycopg://{user}@db.example.org/cds{query}",
        replay_url=f"redis://{user}@redis.example.org/0{query}",
    )

    assert done.exit_code == 0
    assert "SPINAL_CDS_DATABASE=postgresql+psycopg://***" in done.output
    assert "SPINAL_CDS_REPLAY_URL=redis://***" in done.output
    assert SECRET not in done.output


def test_a_value_at_fault_is_not_printed() -> None:
    done = command("config", "print", replay_url=f"ftp://:{SECRET}@x")

    assert done.exit_code == 1
    assert "SPINAL_CDS_REPLAY_URL" in done.stderr
    assert SECRET not in done.stderr
