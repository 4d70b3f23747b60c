"""Sends a scenario's request to the service, through Flask's test client."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from functools import cache
from urllib.parse import urlsplit

import responses
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_hooks import AllowedBases, Client, FhirAccess, read_hook_request
from plugin.app import HOOKS, create_app
from plugin.review import Review, Reviewed
from plugin.reviews import create_review
from plugin.settings import Settings
from tests.fake_fhir_server import FakeFhirServer
from tests.scenarios.scenario import Json, Scenario

SERVICE = "/cds-services/spinal-injection-review"
FHIR_BASE = "http://127.0.0.1:8103/fhir"
TOKEN = "token-of-the-scenario-server"


def review(scenario: Scenario, notes: str, request: Json | None = None) -> TestResponse:
    """The answer to the scenario's request, or to a changed one.

    A `fhirServer` named in the request holds the scenario's chart.
    """
    body = request or scenario.request()
    client = _client(scenario.policy_source, notes, scenario.today)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        if "fhirServer" in body:
            _server(scenario, body).mount(mock)
        return client.post(SERVICE, json=body)


def reviewed(scenario: Scenario) -> Reviewed:
    """The same from within: every rule's answer, whether or not a card speaks of it."""
    body = scenario.request()
    request = read_hook_request(json.dumps(body).encode(), HOOKS)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        if "fhirServer" in body:
            _server(scenario, body).mount(mock)
        client = Client("development", AllowedBases((), allow_loopback=True))
        server = FhirAccess(deadline_seconds=5).reader_for(request, client)
        return _review(scenario.policy_source, scenario.today).review(request, server)


def cards(scenario: Scenario, notes: str) -> list[Json]:
    answer = review(scenario, notes)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    listed: list[Json] = answer.get_json()["cards"]
    return listed


def followed(scenario: Scenario, notes: str, link: str) -> TestResponse:
    """The answer to a link of a card, from the service that gave it."""
    return _client(scenario.policy_source, notes, scenario.today).get(urlsplit(link).path)


def without_prefetch(scenario: Scenario) -> Json:
    """The same request from an EHR that sends no prefetch and lends its FHIR server."""
    request = scenario.request()
    del request["prefetch"]
    request["fhirServer"] = FHIR_BASE
    request["fhirAuthorization"] = {
        "access_token": TOKEN,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.read",
        "subject": "spinal-injection-cds",
    }
    return request


def reversed_prefetch(scenario: Scenario) -> Json:
    """The same request, the entries of each Bundle of its prefetch from the last to the first."""
    request = scenario.request()
    for value in request.get("prefetch", {}).values():
        if value and value.get("entry"):
            value["entry"].reverse()
    return request


def _server(scenario: Scenario, request: Json) -> FakeFhirServer:
    lent = request.get("fhirAuthorization")
    token = lent["access_token"] if lent else None
    forbidden: Collection[str] = scenario.forbidden
    return FakeFhirServer(request["fhirServer"], scenario.chart(), token=token, forbidden=forbidden)


@cache
def _review(policy: str, today: date) -> Review:
    return create_review(Settings(today=today, notes="always", policy=policy))


@cache
def _client(policy: str, notes: str, today: date) -> FlaskClient:
    settings = Settings(profile="development", today=today, notes=notes, policy=policy, fhir_servers=())
    return create_app(settings).test_client()
