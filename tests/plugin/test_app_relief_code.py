"""The site's code for percent relief, from the setting to the answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from plugin.app import create_app
from plugin.settings import Settings
from tests.plugin.cards.service import SERVICE, TODAY, entries, gaps, request_of
from tests.scenarios.scenario import Json

SITE, CODE = "https://ehr.example.org/codes", "RELIEF"


def service(tmp_path: Path, relief_code: str | None) -> FlaskClient:
    database = f"sqlite:///{tmp_path}/store.sqlite3"
    settings = Settings.model_validate({"today": TODAY, "database": database, "relief_code": relief_code})
    return create_app(settings).test_client()


def request_with(percent: float) -> Json:
    """An ablation after one positive block by scores, and a second one with a percentage of the site."""
    request = request_of("064")
    first = entries(request, "procedures")[-1]["resource"]
    second = first | {"id": "second-block", "performedDateTime": "2026-09-30"}
    relief = {
        "resourceType": "Observation",
        "id": "relief",
        "status": "final",
        "subject": first["subject"],
        "code": {"coding": [{"system": SITE, "code": CODE}]},
        "effectiveDateTime": "2026-10-08",
        "partOf": [{"reference": "Procedure/second-block"}],
        "valueQuantity": {"value": percent, "unit": "%"},
    }
    entries(request, "procedures").append({"resource": second})
    entries(request, "observations").append({"resource": relief})
    return request


@pytest.mark.parametrize(
    ("relief_code", "percent", "expected"),
    [
        (f"{SITE}|{CODE}", 85, set()),
        (f"{SITE}|{CODE}", 60, {"RFA-1"}),
        (f"{SITE}|OTHER", 85, {"RFA-1"}),
        (None, 85, {"RFA-1"}),
    ],
)
def test_relief_charted_under_the_sites_code_counts(
    tmp_path: Path, relief_code: str | None, percent: float, expected: set[str]
) -> None:
    answer = service(tmp_path, relief_code).post(SERVICE, json=request_with(percent))

    assert answer.status_code == 200
    assert gaps(answer.get_json()["cards"]) == expected


def test_the_ehr_is_asked_for_the_sites_code_beside_the_scores(tmp_path: Path) -> None:
    (listed, *_) = service(tmp_path, f"{SITE}|{CODE}").get("/cds-services").get_json()["services"]

    assert listed["prefetch"]["observations"].endswith(f",{CODE}")
