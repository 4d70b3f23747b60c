"""What production refuses to start with, and who is let in where."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_hooks.clients import ClientEntry
from plugin.app import create_app
from plugin.cli.serve import require_free
from plugin.domain.content import ContentError
from plugin.logs import configure_logging
from plugin.settings import Settings
from plugin.trust import registered_clients
from tests.cds_hooks.tokens import ISSUER, PUBLIC_URL, bearer, claims, signed
from tests.plugin.cards.service import SERVICE, request_of
from tests.plugin.registered import ENTRY, development, production, token
from tests.scenarios.scenario import ROOT

SIX_WEEKS = ROOT / "fixtures" / "policies" / "six-weeks-of-care.toml"


def faults(settings: Settings) -> tuple[str, ...]:
    with pytest.raises(ContentError) as raised:
        create_app(settings)
    assert not any("\n" in fault for fault in raised.value.faults)
    return raised.value.faults


SANDBOX = ENTRY.replace(ISSUER, "https://sandbox.cds-hooks.org")
REASONS: dict[str, tuple[str, dict[str, Any], str]] = {
    "no clients file": (ENTRY, {"clients_file": None}, "SPINAL_CDS_CLIENTS_FILE"),
    "a clients file that is not there": (ENTRY, {"clients_file": Path("none.toml")}, "cannot be read"),
    "no clients": ("", {}, "[[clients]]"),
    "the public sandbox": (SANDBOX, {}, "client st-elsewhere: issuer"),
    "the public sandbox with a slash": (
        ENTRY.replace(ISSUER, "https://sandbox.cds-hooks.org/"),
        {},
        "client st-elsewhere: issuer",
    ),
    "the public sandbox as an alias": (
        f'{ENTRY}issuer_aliases = ["https://sandbox.cds-hooks.org"]',
        {},
        "client st-elsewhere: issuer",
    ),
    "any origin": (ENTRY.replace('["https://ehr.example.org"]', '["*"]'), {}, "cors_origins[1]"),
    "an http FHIR base": (
        ENTRY.replace("https://ehr.example.org/fhir", "http://x/fhir"),
        {},
        "fhir_bases[1]",
    ),
    "an HTTP FHIR base": (
        ENTRY.replace("https://ehr.example.org/fhir", "HTTP://x/fhir"),
        {},
        "fhir_bases[1]",
    ),
    "an http JWKS": (ENTRY.replace('jwks_file = "jwks.json"', 'jwks_url = "http://x/j"'), {}, "jwks_url"),
    "an http public URL": (ENTRY, {"public_url": "http://cds.example.org"}, "SPINAL_CDS_PUBLIC_URL"),
    "an http token URL": (
        f"""{ENTRY}
[clients.backend_services]
client_id = "spinal"
private_key_file = "current.pem"
next_private_key_file = "next.pem"
token_url = "http://x/token"
""",
        {},
        "backend_services.token_url",
    ),
    "a fixed clock": (ENTRY, {"today": "2026-11-20"}, "SPINAL_CDS_TODAY"),
    "FHIR servers for everybody": (ENTRY, {"fhir_servers": "https://x.org/f"}, "SPINAL_CDS_FHIR_SERVERS"),
    "an unknown policy": (f'{ENTRY}policy = "none"', {}, "client st-elsewhere: policy: no policy 'none'"),
}


@pytest.mark.parametrize("case", REASONS)
def test_production_does_not_start_with(tmp_path: Path, case: str) -> None:
    entries, changes, words = REASONS[case]

    [fault] = faults(production(tmp_path, entries, **changes))

    assert words in fault


def test_production_needs_to_know_its_public_url(tmp_path: Path) -> None:
    settings = production(tmp_path)
    given = settings.model_dump(exclude={"public_url"})

    assert "SPINAL_CDS_PUBLIC_URL" in faults(Settings.model_validate(given))[0]


def test_all_reasons_are_listed_at_once(tmp_path: Path) -> None:
    entries = SANDBOX.replace("https://ehr.example.org/fhir", "http://x/fhir")
    settings = production(tmp_path, entries, today="2026-11-20", public_url="http://cds.example.org")

    found = faults(settings)

    assert [fault.partition(":")[0] for fault in found] == [
        "SPINAL_CDS_PUBLIC_URL",
        "SPINAL_CDS_TODAY",
        "client st-elsewhere",
        "client st-elsewhere",
    ]


def test_the_example_in_the_repository_is_fit_for_production() -> None:
    example = ROOT / "deploy" / "clients.example.toml"
    settings = Settings(profile="production", clients_file=example, public_url=PUBLIC_URL)

    assert [r.client.dialect for r in registered_clients(settings)] == ["epic", "oracle"]


def test_the_example_explains_every_key() -> None:
    entry = tomllib.loads((ROOT / "deploy" / "clients.example.toml").read_text(encoding="utf-8"))["clients"][
        0
    ]

    optional = {"jwks_file", "policy", "local_codes", "backend_services"}
    assert entry.keys() | optional == ClientEntry.model_fields.keys()


def test_any_address_may_be_listened_on_in_production_only(tmp_path: Path) -> None:
    require_free(production(tmp_path), "0.0.0.0", 0)  # noqa: S104

    with pytest.raises(ContentError, match="development profile listens on"):
        require_free(development(tmp_path), "0.0.0.0", 0)  # noqa: S104


def test_development_may_have_what_production_may_not(tmp_path: Path) -> None:
    entries = SANDBOX.replace("https://ehr.example.org/fhir", "http://127.0.0.1:9/fhir")

    [found] = registered_clients(development(tmp_path, entries, public_url="http://127.0.0.1:8000"))

    assert found.issuer == "https://sandbox.cds-hooks.org"


def client_of(settings: Settings) -> FlaskClient:
    return create_app(settings).test_client()


def post(client: FlaskClient, **headers: str) -> TestResponse:
    return client.post(SERVICE, json=request_of("025"), headers=headers)


def test_registered_clients_are_let_in_and_nobody_else(tmp_path: Path) -> None:
    for settings in (production(tmp_path), development(tmp_path)):
        client = client_of(settings)

        assert post(client, **bearer(token())).status_code == 200
        assert post(client).status_code == 401
        assert client.get("/cds-services").status_code == 200


def test_each_client_is_answered_under_its_own_policy(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_bytes(SIX_WEEKS.read_bytes())
    own = ENTRY + 'policy = "site.toml"\n'
    other = ENTRY.replace("st-elsewhere", "other").replace(ISSUER, "https://other.example.org")
    client = client_of(development(tmp_path, own + other))

    labels = []
    for issuer in (ISSUER, "https://other.example.org"):
        answer = post(client, **bearer(token(iss=issuer)))
        labels.append({card["source"]["label"] for card in answer.get_json()["cards"]})

    assert all("six-weeks-of-care" in label for label in labels[0])
    assert all("default" in label for label in labels[1])
    assert all(labels)


def test_the_rate_limit_holds_per_client(tmp_path: Path) -> None:
    client = client_of(production(tmp_path, rate_limit="2/hour"))

    assert [post(client, **bearer(token())).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize(
    ("profile", "origin", "is_allowed"),
    [
        ("production", "https://ehr.example.org", True),
        ("production", "http://localhost:3000", False),
        ("production", "https://other.example.org", False),
        ("development", "https://ehr.example.org", True),
        ("development", "http://localhost:3000", True),
    ],
)
def test_origins_are_those_of_the_clients(
    tmp_path: Path, profile: str, origin: str, is_allowed: bool
) -> None:
    settings = (production if profile == "production" else development)(tmp_path)
    response = post(client_of(settings), Origin=origin)

    assert ("Access-Control-Allow-Origin" in response.headers) is is_allowed


def run(folder: str) -> None:
    """Good and bad tokens, with every logger at its loudest. For a process of its own."""
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    configure_logging("DEBUG")
    client = client_of(development(Path(folder)))
    forged = signed(claims(aud=f"{PUBLIC_URL}{SERVICE}"), name="attacker")
    tokens = [token(), token(iss="https://evil.example.org"), token(exp=1, iat=0), token(aud="x")]
    for sent in (*tokens, tokens[0], forged):
        answer = post(client, **bearer(sent))
        sys.stdout.write(f"{answer.status_code} {json.dumps(sent)}\n")


def test_the_log_says_who_was_refused_and_why_and_nothing_of_the_token(tmp_path: Path) -> None:
    command = "import sys; from tests.plugin.test_trust import run; run(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    answers = [line.split(" ", 1) for line in done.stdout.splitlines()]
    calls = [json.loads(line) for line in done.stderr.splitlines()]
    assert [status for status, _ in answers] == ["200", "401", "401", "401", "401", "401"]
    assert [(call.get("client"), call.get("refusal")) for call in calls] == [
        ("st-elsewhere", None),
        (None, "unknown-issuer"),
        ("st-elsewhere", "expired"),
        ("st-elsewhere", "wrong-audience"),
        ("st-elsewhere", "replayed"),
        ("st-elsewhere", "wrong-signature"),
    ]
    parts = [part for _, sent in answers for part in json.loads(sent).split(".")]
    assert [part for part in parts if part in done.stderr] == []
    assert "evil.example.org" not in done.stderr
