"""Which web pages may call: the listed origins, to the letter, whatever the answer."""

from __future__ import annotations

import re

import flask
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_hooks import FhirAccess, OpenTo, TokenAuthenticator, create_blueprint
from tests.cds_hooks.tokens import PUBLIC_URL, SpentTokens
from tests.cds_hooks.wire import CLIENT, app_with, encoded, hook_call, service

URL = "/cds-services/test-service"
ORIGIN = "https://sandbox.example.org"
LOCAL = re.compile(r"http://(?:localhost|127\.0\.0\.1):\d+")
LISTED = [ORIGIN, "http://localhost:3000", "http://127.0.0.1:8080"]
OTHERS = [
    "https://evil.test",
    "http://sandbox.example.org",
    "https://sandbox.example.org:444",
    "https://sandbox.example.org:443",
    "https://sandbox.example.org/",
    "https://sandbox.example.org.evil.test",
    "https://evil.sandbox.example.org",
    "https://sandboxXexample.org",
    "https://evil.test/https://sandbox.example.org",
    "http://localhost:3000.evil.test",
    "http://localhost",
    "https://localhost:3000",
    "null",
    "*",
    "",
]


@pytest.fixture
def client() -> FlaskClient:
    return app_with(cors_origins=[ORIGIN, LOCAL]).test_client()


@pytest.fixture
def closed() -> FlaskClient:
    """A service that lets nobody in."""
    authenticator = TokenAuthenticator([], public_url=PUBLIC_URL, replay=SpentTokens(), warn=lambda *_: None)
    origins = [ORIGIN, LOCAL]
    app = app_with(authenticator=authenticator, cors_origins=origins, take_feedback=lambda *_: None)
    return app.test_client()


def actual(client: FlaskClient, origin: str) -> list[TestResponse]:
    """A call, a bad call, discovery and paths that nobody serves, as a browser there would send them."""
    headers = {"Origin": origin}
    good = encoded(hook_call())
    return [
        client.post(URL, data=good, content_type="application/json", headers=headers),
        client.post(URL, data=b"{", content_type="application/json", headers=headers),
        client.post("/cds-services/none", data=good, content_type="application/json", headers=headers),
        client.get("/cds-services", headers=headers),
        client.post(f"{URL}/feedback", data=b"{}", content_type="application/json", headers=headers),
        client.put(URL, headers=headers),
    ]


def preflight(client: FlaskClient, origin: str, url: str = URL) -> TestResponse:
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, x-other",
    }
    return client.options(url, headers={"Origin": origin, **asked})


@pytest.mark.parametrize("origin", LISTED)
def test_a_listed_origin_may_read_every_answer(client: FlaskClient, closed: FlaskClient, origin: str) -> None:
    for response in (*actual(client, origin), *actual(closed, origin)):
        assert response.headers.getlist("Access-Control-Allow-Origin") == [origin]
        assert "Origin" in response.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("origin", OTHERS)
def test_another_origin_may_not(client: FlaskClient, closed: FlaskClient, origin: str) -> None:
    for response in (*actual(client, origin), *actual(closed, origin)):
        assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("origin", LISTED)
@pytest.mark.parametrize("url", [URL, "/cds-services", f"{URL}/feedback"])
def test_a_preflight_allows_what_a_cds_client_sends_and_asks_for_no_token(
    closed: FlaskClient, url: str, origin: str
) -> None:
    response = preflight(closed, origin, url)

    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert response.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    assert "Access-Control-Allow-Credentials" not in response.headers
    methods = response.headers["Access-Control-Allow-Methods"]
    assert sorted(methods.split(", ")) == ["GET", "OPTIONS", "POST"]


@pytest.mark.parametrize("origin", OTHERS)
@pytest.mark.parametrize("url", [URL, "/cds-services", f"{URL}/feedback"])
def test_a_preflight_from_another_origin_allows_nothing(client: FlaskClient, url: str, origin: str) -> None:
    response = preflight(client, origin, url)

    assert [name for name, _ in response.headers if name.startswith("Access-Control")] == []


def test_without_listed_origins_there_is_no_cors() -> None:
    for response in actual(app_with().test_client(), ORIGIN):
        assert "Access-Control-Allow-Origin" not in response.headers


def test_a_blueprint_below_a_prefix_keeps_its_cors() -> None:
    app = flask.Flask("test")
    blueprint = create_blueprint(
        [service()], authenticator=OpenTo(CLIENT), fhir_access=FhirAccess(), cors_origins=[ORIGIN]
    )
    app.register_blueprint(blueprint, url_prefix="/site")
    response = app.test_client().get("/site/cds-services", headers={"Origin": ORIGIN})

    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_any_origin_at_all_is_not_a_choice() -> None:
    with pytest.raises(ValueError, match="CORS"):
        app_with(cors_origins=["*"])
