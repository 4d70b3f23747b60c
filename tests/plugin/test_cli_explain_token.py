"""`spinal-cds explain-token`: why a token is accepted or refused, without repeating its signature."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.testing import Result

from tests.cds_hooks.tokens import ISSUER, PUBLIC_URL, claims, segments, signed
from tests.plugin.cards.service import SERVICE
from tests.plugin.registered import ENTRY, command, site, token
from tests.socket_guard import watched_sockets

REMOTE = ENTRY.replace('jwks_file = "jwks.json"', 'jwks_url = "http://127.0.0.1:9/jwks"')


def explain(folder: Path, given: str, *options: str, entries: str = ENTRY) -> Result:
    path = str(site(folder, entries))
    return command("explain-token", *options, "-", stdin=given, clients_file=path, public_url=PUBLIC_URL)


def refused(result: Result) -> dict[str, str]:
    """What was refused, and the remark beside it."""
    lines = [line for line in result.output.splitlines() if line.startswith("REFUSED")]
    return {what: remark for what, _, remark in (line[12:].partition(": ") for line in lines)}


def test_a_good_token_is_accepted_in_all_steps(tmp_path: Path) -> None:
    result = explain(tmp_path, token(sub="app"))

    assert result.exit_code == 0
    assert refused(result) == {}
    assert result.output.splitlines()[-1] == "accepted, as far as was checked"
    assert "ok          issuer: client st-elsewhere" in result.output
    assert "ok          signature" in result.output
    assert 'sub         "app"' in result.output


@pytest.mark.parametrize("prefix", ["", "Bearer ", "Authorization: Bearer ", "  bearer  "])
def test_a_token_may_be_pasted_with_its_header(tmp_path: Path, prefix: str) -> None:
    assert explain(tmp_path, f"{prefix}{token()}\n").exit_code == 0


def test_a_token_may_be_an_argument(tmp_path: Path) -> None:
    path = str(site(tmp_path))

    assert command("explain-token", token(), clients_file=path, public_url=PUBLIC_URL).exit_code == 0


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    now = int(time.time())
    wrong = claims(iat=now - 9000, exp=now - 600, aud=f"{PUBLIC_URL}/other", sub="someone", tenant="t2")
    entries = f'{ENTRY}sub = ["app"]\ntenants = ["t1"]\n'

    result = explain(
        tmp_path, signed(wrong, name="attacker", typ=None, jku="https://evil.test/jwks"), entries=entries
    )

    found = refused(result)
    assert result.exit_code == 1
    assert found.keys() == {"typ", "jku", "life", "sub", "tenant", "times", "aud", "signature"}
    assert "registered: none" in found["jku"]
    assert "allowed: app" in found["sub"]
    assert "expired" in found["times"]
    assert f"{PUBLIC_URL}{SERVICE}" in found["aud"]
    assert result.output.splitlines()[-1] == "refused"


def test_an_issuer_that_differs_by_a_slash_is_recognised(tmp_path: Path) -> None:
    found = refused(explain(tmp_path, token(iss=f"{ISSUER}/")))

    assert "only a slash is different" in found["issuer"]
    assert ISSUER in found["issuer"]


def test_the_endpoint_can_be_named(tmp_path: Path) -> None:
    given = token(aud=f"{PUBLIC_URL}{SERVICE}/feedback")

    assert refused(explain(tmp_path, given)).keys() == {"aud"}
    assert explain(tmp_path, given, "--path", f"{SERVICE}/feedback").exit_code == 0


@pytest.mark.parametrize(
    "given", ["", "x", "a.b", segments([], {}, b"x"), segments({"alg": "ES384"}, {}, b"x"), "x" * 20_000]
)
def test_what_is_no_token_is_said_to_be_none(tmp_path: Path, given: str) -> None:
    result = explain(tmp_path, given)

    assert result.exit_code == 1
    assert refused(result).keys() == {"form"}


def test_the_signature_and_the_whole_token_are_never_printed(tmp_path: Path) -> None:
    for given in (token(), signed(claims(), name="attacker")):
        assert [part for part in given.split(".") if part in explain(tmp_path, given).output] == []


def test_control_characters_of_a_token_do_not_reach_the_terminal(tmp_path: Path) -> None:
    result = explain(tmp_path, token(sub="\x1b[2J\r\n", tenant="\u202e"))

    assert "\x1b" not in result.output
    assert "\u202e" not in result.output


def test_keys_are_fetched_only_when_that_is_asked_for(tmp_path: Path) -> None:
    with watched_sockets() as traffic:
        quiet = explain(tmp_path, token(), entries=REMOTE)
    assert traffic.addresses == []
    assert "not checked signature: the keys are at the JWKS URL" in quiet.output

    fetched = explain(tmp_path, token(), "--fetch-keys", entries=REMOTE)

    assert refused(fetched).keys() == {"signature"}


def test_without_a_clients_file_there_is_nothing_to_explain() -> None:
    result = command("explain-token", token())

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: SPINAL_CDS_CLIENTS_FILE")
