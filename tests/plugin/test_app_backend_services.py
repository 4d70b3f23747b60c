"""The service with keys of its own: what it publishes of them, and what it says when it gets no token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt
import responses
from flask.testing import FlaskClient

from plugin.app import create_app
from tests.cds_hooks.tokens import public_jwk
from tests.fake_fhir_server import FakeFhirServer
from tests.plugin.cards.service import SERVICE, gaps, story, text, unread
from tests.plugin.registered import ENTRY, development, token
from tests.scenarios.scenario import Json

BASE = "https://ehr.example.org/fhir/r4"
OPTED_IN = f"""{ENTRY}
[clients.backend_services]
client_id = "spinal"
private_key_file = "current.pem"
next_private_key_file = "next.pem"
"""


def service(folder: Path, entries: str = OPTED_IN) -> FlaskClient:
    return create_app(development(folder, entries)).test_client()


def answer(using: FlaskClient, mock: responses.RequestsMock, *, name: str = "025", missing: str) -> Any:
    """The answer to the story's request without the key `missing`, when the FHIR server wants our token."""
    scenario = story(name)
    request: Json = scenario.request() | {"fhirServer": BASE}
    del request["prefetch"][missing]
    FakeFhirServer(BASE, scenario.chart(), token="granted").mount(mock)
    return using.post(SERVICE, json=request, headers={"Authorization": f"Bearer {token()}"})


def test_both_public_keys_are_published_and_described(tmp_path: Path) -> None:
    using = service(tmp_path)

    published = using.get("/.well-known/jwks.json")

    keys = published.get_json()["keys"]
    assert (published.status_code, published.mimetype) == (200, "application/json")
    expected = [public_jwk("ES384", name="current"), public_jwk("RS384", name="next")]
    assert [key.get("x") or key["n"] for key in keys] == [key.get("x") or key["n"] for key in expected]
    assert all("d" not in key and jwt.PyJWK(key) for key in keys)
    assert "/.well-known/jwks.json" in using.get("/openapi.json").get_json()["paths"]


def test_without_need_of_keys_none_are_published(tmp_path: Path) -> None:
    using = service(tmp_path, ENTRY)

    assert using.get("/.well-known/jwks.json").status_code == 404
    assert "/.well-known/jwks.json" not in using.get("/openapi.json").get_json()["paths"]


def test_what_was_not_sent_is_read_with_the_token_that_was_granted(tmp_path: Path) -> None:
    grant = {"access_token": "granted", "token_type": "Bearer", "expires_in": 300}
    with responses.RequestsMock() as mock:
        mock.get(
            f"{BASE}/.well-known/smart-configuration",
            json={"token_endpoint": "https://ehr.example.org/token"},
        )
        mock.post("https://ehr.example.org/token", json=grant)
        given = answer(service(tmp_path), mock, missing="imaging")

    assert given.status_code == 200
    assert "IMG-1" in gaps(given.get_json()["cards"])


def test_without_a_token_the_card_says_why_nothing_could_be_read(tmp_path: Path) -> None:
    using = service(tmp_path)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(
            f"{BASE}/.well-known/smart-configuration", json={"token_endpoint": "https://evil.test/token"}
        )
        given = answer(using, mock, missing="imaging")

    cards = given.get_json()["cards"]
    assert given.status_code == 200
    assert ("IMG-1" in unread(cards), "IMG-1" in gaps(cards)) == (True, False)
    assert "access to the record server could not be obtained" in text(cards)
