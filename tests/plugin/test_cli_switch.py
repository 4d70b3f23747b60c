"""`spinal-cds off` and `on`."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from plugin.store.audit import entries
from plugin.store.database import connect, open_database
from plugin.store.switches import switch_off, switched_off_clients
from tests.plugin.registered import command, site


def database_in(folder: Path) -> str:
    url = f"sqlite:///{folder}/store.sqlite3"
    open_database(url).dispose()
    return url


def off_in(url: str) -> set[str]:
    engine = connect(url)
    found = set(switched_off_clients(engine))
    engine.dispose()
    return found


def test_everybody_is_switched_off_and_on_again_and_it_is_on_record(tmp_path: Path) -> None:
    url = database_in(tmp_path)

    off = command("off", "--reason", "wrong region", database=url)
    assert (off.exit_code, off_in(url)) == (0, {"*"})
    assert off.output == "off: every client; every instance follows within five seconds\n"

    on = command("on", "--reason", "mended", database=url)
    assert (on.exit_code, off_in(url)) == (0, set())

    engine = connect(url)
    noted = [(entry.event, entry.details) for entry in entries(engine)][1:]
    engine.dispose()
    assert noted == [
        ("switched-off", '{"client": "*", "reason": "wrong region"}'),
        ("switched-on", '{"client": "*", "reason": "mended"}'),
    ]


def test_one_client_is_switched_off(tmp_path: Path) -> None:
    url = database_in(tmp_path)
    clients = str(site(tmp_path))

    done = command("off", "--client", "st-elsewhere", "--reason", "drill", database=url, clients_file=clients)

    assert done.exit_code == 0
    assert off_in(url) == {"st-elsewhere"}


def test_a_client_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    url = database_in(tmp_path)

    done = command(
        "off", "--client", "st-elswhere", "--reason", "x", database=url, clients_file=str(site(tmp_path))
    )

    assert done.exit_code == 1
    assert done.stderr == "Error: --client st-elswhere: no such client; there is st-elsewhere\n"
    assert off_in(url) == set()


def test_who_is_not_off_cannot_be_switched_on(tmp_path: Path) -> None:
    done = command("on", "--reason", "x", database=database_in(tmp_path))

    assert done.exit_code == 1
    assert done.stderr == "Error: every client is not switched off in the database\n"


@pytest.mark.parametrize("whom", [(), ("--client", "st-elsewhere")])
def test_a_schema_of_a_later_version_does_not_stop_the_switch(
    url: str, tmp_path: Path, whom: tuple[str, ...]
) -> None:
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    clients = str(site(tmp_path))

    off = command("off", *whom, "--reason", "drill", database=url, clients_file=clients)
    assert (off.exit_code, len(off_in(url))) == (0, 1)
    on = command("on", *whom, "--reason", "drill over", database=url, clients_file=clients)
    assert (on.exit_code, off_in(url)) == (0, set())


def test_a_schema_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/empty.sqlite3"
    (tmp_path / "empty.sqlite3").touch()

    assert command("off", "--reason", "drill", database=url).exit_code == 0
    assert off_in(url) == {"*"}


def test_a_slip_in_the_clients_file_does_not_stop_the_switch_for_everybody(tmp_path: Path) -> None:
    url, clients = database_in(tmp_path), tmp_path / "clients.toml"
    clients.write_text("[[clients", encoding="utf-8")

    off = command("off", "--reason", "drill", database=url, clients_file=str(clients))
    assert (off.exit_code, off_in(url)) == (0, {"*"})
    on = command("on", "--reason", "drill over", database=url, clients_file=str(clients))
    assert (on.exit_code, off_in(url)) == (0, set())


def test_a_client_that_is_no_longer_in_the_clients_file_can_be_switched_on(tmp_path: Path) -> None:
    url = database_in(tmp_path)
    clients = str(site(tmp_path))
    engine = connect(url)
    switch_off(engine, "st-nowhere", "somebody", "drill")
    engine.dispose()

    on = [
        command("on", "--client", "st-nowhere", "--reason", "x", database=url, clients_file=clients)
        for _ in range(2)
    ]

    assert [done.exit_code for done in on] == [0, 1]
    assert on[1].stderr == "Error: --client st-nowhere: no such client; there is st-elsewhere\n"
    assert off_in(url) == set()


@pytest.mark.parametrize("reason", ["", " ", "\t\n"])
@pytest.mark.parametrize("switch", ["off", "on"])
def test_a_blank_reason_is_none(tmp_path: Path, switch: str, reason: str) -> None:
    url = database_in(tmp_path)

    done = command(switch, "--reason", reason, database=url)

    assert (done.exit_code, off_in(url)) == (1, set())
    assert done.stderr == "Error: --reason: is blank; say why, for the audit\n"


def test_a_reason_is_asked_for(tmp_path: Path) -> None:
    assert command("off", database=database_in(tmp_path)).exit_code == 2


def test_a_database_that_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    done = command("off", "--reason", "x", database=f"sqlite:///{tmp_path}/none.sqlite3")

    assert done.exit_code == 1
    assert "there is no such file" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_check_names_the_faults_of_the_control_file(tmp_path: Path) -> None:
    file = tmp_path / "control.toml"
    file.write_text('default = "sillent"\n[clients.nobody]\noff = ""', encoding="utf-8")

    done = command("check", control_file=str(file))

    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "Error: control file: default.word: Input should be 'live' or 'off'",
        "Error: control file: clients.nobody.off: String should have at least 1 character",
    ]
