"""Each scenario's record on a real FHIR R4 server, read by search: the same bytes as from the prefetch.

The records are put there by `load-demo`, one patient at a time, under ids of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache

import pytest
import requests
from flask.testing import FlaskClient

from plugin.app import create_app
from plugin.cli.fhir_server import FhirServer
from plugin.cli.load_demo import load
from plugin.cli.synthetic import SyntheticPatient, read_patients, stored_id
from plugin.settings import Settings
from tests.scenarios.reviewer import SERVICE
from tests.scenarios.scenario import FOLDERS, Json, Scenario

DEADLINE_SECONDS = 30
"""How fast the server is, is not what is tested."""


@pytest.fixture
def server(medplum_url: str, patient: SyntheticPatient) -> Iterator[str]:
    """Holds the scenario's patient."""
    load(FhirServer(medplum_url), [patient])
    yield medplum_url
    deletions = [
        {"request": {"method": "DELETE", "url": f"{resource['resourceType']}/{resource['id']}"}}
        for resource in patient.resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": deletions}
    requests.post(medplum_url, json=bundle, timeout=60).raise_for_status()


@pytest.fixture
def patient(scenario: Scenario) -> SyntheticPatient:
    (found,) = read_patients(FOLDERS, [scenario.name])
    return found


@cache
def client(policy: str, notes: str, today: date, database: str) -> FlaskClient:
    settings = Settings(
        today=today, notes=notes, policy=policy, database=database, deadline_seconds=DEADLINE_SECONDS
    )
    return create_app(settings).test_client()


def as_stored(scenario: Scenario, patient: SyntheticPatient) -> Json:
    """The scenario's request, with the ids under which the patient is on the server."""
    text = json.dumps(scenario.request())
    for given in {resource["id"].removeprefix(stored_id("")) for resource in patient.resources}:
        text = text.replace(f'"{given}"', f'"{stored_id(given)}"').replace(
            f'/{given}"', f'/{stored_id(given)}"'
        )
    request: Json = json.loads(text)
    return request


def lent(server: str, forbidden: Sequence[str]) -> Json:
    """The members of a request that lend the server, without the types that may not be read."""
    if not forbidden:
        return {"fhirServer": server}
    token = {"access_token": f"all-but-{','.join(forbidden)}", "token_type": "Bearer", "expires_in": 300}
    return {"fhirServer": server, "fhirAuthorization": token | {"scope": "patient/*.read", "subject": "test"}}


def test_a_real_server_leads_to_the_same_answer_as_the_prefetch(
    scenario: Scenario, server: str, patient: SyntheticPatient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = f"sqlite:///{tmp_path_factory.getbasetemp()}/real-fhir-server.sqlite3"
    request = as_stored(scenario, patient)
    with_prefetch = request | (lent(server, scenario.forbidden) if scenario.forbidden else {})
    with_server = {key: value for key, value in request.items() if key != "prefetch"}
    with_server |= lent(server, scenario.forbidden)

    for notes in ("always", "attached"):
        service = client(scenario.policy_source, notes, scenario.today, store)
        prefetched = service.post(SERVICE, json=with_prefetch)
        fetched = service.post(SERVICE, json=with_server)

        assert prefetched.status_code == fetched.status_code == 200
        assert fetched.data == prefetched.data
