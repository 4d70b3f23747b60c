"""The fake server holds what the prefetch holds, in pages."""

from __future__ import annotations

import requests
import responses

from tests.fake_fhir_server import FakeFhirServer
from tests.scenarios.scenario import Json, Scenario

BASE = "http://127.0.0.1:8103/fhir"
TYPES = ("Condition", "Procedure", "ImagingStudy", "MedicationRequest", "AllergyIntolerance")


def walk(url: str) -> list[Json]:
    """Every resource of a search, page by page."""
    found: list[Json] = []
    following: str | None = url
    while following:
        page = requests.get(following, timeout=1).json()
        found += [entry["resource"] for entry in page.get("entry", [])]
        following = next((x["url"] for x in page.get("link", []) if x["relation"] == "next"), None)
    return found


def test_a_search_for_the_patient_finds_what_the_prefetch_holds(scenario: Scenario) -> None:
    chart = scenario.chart()
    patient = scenario.request()["context"]["patientId"]

    with responses.RequestsMock() as mock:
        FakeFhirServer(BASE, chart).mount(mock)
        found = {t: walk(f"{BASE}/{t}?patient={patient}") for t in TYPES}

    assert found == {t: [r for r in chart if r["resourceType"] == t] for t in TYPES}


def test_six_sessions_come_in_two_pages() -> None:
    sessions = [session(n) for n in range(6)]

    with responses.RequestsMock() as mock:
        server = FakeFhirServer(BASE, sessions)
        server.mount(mock)
        found = walk(f"{BASE}/Procedure?patient=p")

    assert found == sessions
    assert server.asked == ["Procedure?patient=p", "Procedure?patient=p&_page=2"]


def test_a_request_without_the_token_or_for_a_forbidden_type_is_refused() -> None:
    bearer = {"Authorization": "Bearer right"}

    with responses.RequestsMock() as mock:
        FakeFhirServer(BASE, [session(1)], token="right", forbidden=["Condition"]).mount(mock)
        stranger = requests.get(f"{BASE}/Procedure/session-1", timeout=1)
        known = requests.get(f"{BASE}/Procedure/session-1", headers=bearer, timeout=1)
        refused = requests.get(f"{BASE}/Condition?patient=p", headers=bearer, timeout=1)

    assert (stranger.status_code, known.status_code, refused.status_code) == (401, 200, 403)


def session(number: int) -> Json:
    return {"resourceType": "Procedure", "id": f"session-{number}", "subject": {"reference": "Patient/p"}}
