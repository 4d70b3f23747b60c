"""Who a patient is, beside age, changes nothing: the same chart gives the same bytes.

Charts are put together from parts of the scenarios, so that there are far more of them than stories.
"""

from __future__ import annotations

import copy
import json
import random
import sys
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from cds_hooks import Breakers
from plugin.app import create_app
from plugin.settings import Settings
from tests.plugin.cards.service import SERVICE, TODAY
from tests.scenarios.scenario import Json, load_scenarios

CHARTS = 5000
CHUNKS = 20
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
PATIENT = "patient-mixed"
MIXED = ("conditions", "procedures", "serviceRequests", "reports", "imaging", "medications", "observations")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    store = tmp_path_factory.mktemp("store") / "store.sqlite3"
    settings = Settings(today=TODAY, database=f"sqlite:///{store}", notes="always")
    app = create_app(settings)
    # Some charts name a server that is not there; when it is left alone, the reason on the card is another.
    app.extensions["fhir_access"].breakers = Breakers(fail_max=sys.maxsize)
    return app.test_client()


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_race_ethnicity_language_sex_and_name_change_nothing(chunk: int, client: FlaskClient) -> None:
    draw = random.Random(f"invariance-{chunk}")
    spoken = 0
    for request in charts(draw, CHARTS // CHUNKS):
        one, other = described(request, draw), described(request, draw)

        answer = client.post(SERVICE, data=json.dumps(one), content_type="application/json")
        again = client.post(SERVICE, data=json.dumps(other), content_type="application/json")

        assert answer.status_code == again.status_code == 200
        assert answer.data == again.data
        spoken += b'"summary"' in answer.data
    assert spoken > 0


def charts(draw: random.Random, count: int) -> Iterator[Json]:
    """Requests whose order comes from one scenario and every part of the record from another."""
    requests = [_renamed(s.request()) for s in load_scenarios() if "prefetch" in s.request()]
    for _ in range(count):
        request = copy.deepcopy(draw.choice(requests))
        for key in MIXED:
            part = draw.choice(requests)["prefetch"].get(key)
            if part is not None and key in request["prefetch"]:
                request["prefetch"][key] = part
        yield request


def _renamed(request: Json) -> Json:
    """The request with the ids of one patient and one encounter, so that parts can be exchanged."""
    context = request["context"]
    text = json.dumps(request).replace(f"Patient/{context['patientId']}", f"Patient/{PATIENT}")
    renamed: Json = json.loads(text)
    renamed["context"]["patientId"] = PATIENT
    if isinstance(renamed["prefetch"].get("patient"), dict):
        renamed["prefetch"]["patient"]["id"] = PATIENT
    return renamed


def described(request: Json, draw: random.Random) -> Json:
    """The request about a patient of the same age who is otherwise somebody else."""
    described = copy.deepcopy(request)
    patient = described["prefetch"].get("patient")
    if isinstance(patient, dict) and patient.get("resourceType") == "Patient":
        patient.update(
            name=[{"family": draw.choice(["Testname-A", "Testname-Ü", "O'Test"]), "given": ["Synthetic"]}],
            gender=draw.choice(["female", "male", "other", "unknown"]),
            communication=[{"language": {"coding": [{"code": draw.choice(["en", "es", "vi", "so"])}]}}],
            maritalStatus={"coding": [{"code": draw.choice(["M", "S", "W"])}]},
            address=[{"postalCode": draw.choice(["00000", "99999"]), "country": draw.choice(["US", "DE"])}],
            extension=[
                _category("us-core-race", draw.choice(["2106-3", "2054-5", "2028-9", "1002-5"])),
                _category("us-core-ethnicity", draw.choice(["2135-2", "2186-5"])),
                {"url": f"{US_CORE}us-core-birthsex", "valueCode": draw.choice(["F", "M", "UNK"])},
                {
                    "url": f"{US_CORE}us-core-genderIdentity",
                    "valueCode": draw.choice(["female", "non-binary"]),
                },
            ],
        )
    return described


def _category(name: str, code: str) -> Json:
    coding = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": code}
    return {"url": US_CORE + name, "extension": [{"url": "ombCategory", "valueCoding": coding}]}
