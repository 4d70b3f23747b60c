"""`spinal-cds build-sheet`: what it says is what the service asks for, accepts and sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugin.app import create_app
from tests.cds_hooks.tokens import ISSUER, PUBLIC_URL
from tests.plugin.cards.service import SERVICE, request_of
from tests.plugin.registered import ENTRY, command, development, site, token


def sheet_of(folder: Path, entries: str = ENTRY, client: str = "st-elsewhere") -> str:
    done = command(
        *("build-sheet", "--client", client),
        profile="production",
        public_url=PUBLIC_URL,
        clients_file=str(site(folder, entries)),
        database=f"sqlite:///{folder}/store.sqlite3",
    )
    assert done.exit_code == 0, done.stderr
    return done.output


def test_it_names_every_endpoint_and_every_query_that_discovery_does(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path)

    services = create_app(development(tmp_path)).test_client().get("/cds-services").get_json()["services"]
    for service in services:
        assert f"| {service['hook']} {service['hookVersion']} | POST {PUBLIC_URL}{SERVICE} |" in sheet
        for key, query in service["prefetch"].items():
            assert f"| {key} | `{query}` | " in sheet


def test_a_token_made_after_it_is_accepted(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path)
    assert f"| iss | {ISSUER} |" in sheet
    assert f"| aud | {PUBLIC_URL}{SERVICE} or " in sheet

    service = create_app(development(tmp_path)).test_client()
    headers = {"Authorization": f"Bearer {token(iss=ISSUER, aud=f'{PUBLIC_URL}{SERVICE}')}"}
    answer = service.post(SERVICE, json=request_of("025"), headers=headers)

    assert answer.status_code == 200
    for reason in answer.get_json()["cards"][0]["overrideReasons"]:
        assert f"| {reason['code']} | {reason['display']} | " in sheet
        assert f"System `{reason['system']}`." in sheet
    assert f"| {answer.get_json()['cards'][0]['source']['topic']['code']} | " in sheet


def test_epic_is_told_of_its_two_hooks_and_of_the_scopes_for_unsigned_orders(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, f'{ENTRY}dialect = "epic"\n')

    assert "unsigned orders" in sheet
    assert "order-sign" in sheet
    assert "order-dispatch" not in sheet
    assert "appointment-book" not in sheet


def test_oracle_is_asked_for_nothing_it_does_not_have(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, f'{ENTRY}dialect = "oracle"\n')

    assert "ImagingStudy?" not in sheet
    assert "patient/ImagingStudy" not in sheet
    assert "None are sent." in sheet


@pytest.mark.parametrize("given", ["nobody", ""])
def test_a_client_that_is_not_registered_is_named_with_those_that_are(tmp_path: Path, given: str) -> None:
    done = command("build-sheet", "--client", given, clients_file=str(site(tmp_path)))

    assert done.exit_code == 1
    assert done.stderr == f"Error: --client {given}: no such client; there is st-elsewhere\n"
