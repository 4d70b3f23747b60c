"""Orders and records that carry only a site's own codes, read through its ConceptMap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from plugin.app import create_app
from plugin.settings import Settings
from tests.cds_hooks.tokens import ISSUER
from tests.plugin.cards.service import SERVICE, TODAY, gaps, order_of, request_of
from tests.plugin.registered import ENTRY, command, development, site, token
from tests.scenarios.scenario import Json, findings

SITE = "urn:oid:1.2.840.114350.1.13.999999.1.7.2.696580"
STANDARD = {
    "PAIN-1": ("http://www.ama-assn.org/go/cpt", "62323"),
    "DX-1": ("http://hl7.org/fhir/sid/icd-10-cm", "M54.16"),
    "PT-1": ("http://www.ama-assn.org/go/cpt", "97110"),
    "MRI-1": ("http://www.ama-assn.org/go/cpt", "72148"),
    "MED-1": ("http://www.nlm.nih.gov/research/umls/rxnorm", "7258"),
    "SCORE-1": ("http://loinc.org", "72514-3"),
}
LOCAL = {standard: code for code, standard in STANDARD.items()}


def code_map(folder: Path, *left_out: str) -> Path:
    groups = [
        {
            "source": SITE,
            "target": system,
            "element": [{"code": local, "target": [{"code": code, "equivalence": "equivalent"}]}],
        }
        for local, (system, code) in STANDARD.items()
        if local not in left_out
    ]
    path = folder / "local-codes.json"
    path.write_text(json.dumps({"resourceType": "ConceptMap", "group": groups}), encoding="utf-8")
    return path


def service(folder: Path, local_codes: Path | None) -> FlaskClient:
    database = f"sqlite:///{folder}/store.sqlite3"
    settings = {"today": TODAY, "database": database, "local_codes_file": local_codes}
    return create_app(Settings.model_validate(settings)).test_client()


def localised(value: Any) -> Any:
    """The same JSON, each code of `STANDARD` written as the site writes it and nothing else said."""
    if isinstance(value, list):
        return [localised(item) for item in value]
    if not isinstance(value, dict):
        return value
    local = LOCAL.get((str(value.get("system")), str(value.get("code"))))
    if local is not None:
        return {"system": SITE, "code": local}
    return {key: localised(item) for key, item in value.items() if key not in ("text", "description")}


def with_local_order(name: str = "025") -> Json:
    request = request_of(name)
    order_of(request)["code"] = {"coding": [{"system": SITE, "code": "PAIN-1"}]}
    return request


def cards(client: FlaskClient, request: Json, **headers: str) -> list[Json]:
    answer = client.post(SERVICE, json=request, headers=headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    listed: list[Json] = answer.get_json()["cards"]
    return listed


def test_an_order_with_a_local_code_only_is_reviewed_as_what_it_stands_for(tmp_path: Path) -> None:
    found = cards(service(tmp_path, code_map(tmp_path)), with_local_order())

    assert gaps(found) == {"IMG-1"}
    assert "code 62323" in found[0]["detail"]
    assert "site's own code" in found[0]["detail"]
    assert "PAIN-1" in found[0]["detail"].replace("\\", "")


@pytest.mark.parametrize("left_out", [None, "PAIN-1"])
def test_without_the_map_nothing_is_known_of_such_an_order(tmp_path: Path, left_out: str | None) -> None:
    local_codes = code_map(tmp_path, left_out) if left_out else None

    assert cards(service(tmp_path, local_codes), with_local_order()) == []


def test_an_order_that_has_the_standard_code_too_is_not_said_to_be_mapped(tmp_path: Path) -> None:
    request = request_of("025")
    order_of(request)["code"]["coding"].append({"system": SITE, "code": "PAIN-1"})

    [card] = cards(service(tmp_path, code_map(tmp_path)), request)

    assert "site's own code" not in card["detail"]


@pytest.mark.parametrize("name", ["001", "044", "047", "144"])
def test_a_record_in_local_codes_leads_to_the_same_findings(tmp_path: Path, name: str) -> None:
    local, standard = localised(request_of(name)), request_of(name)
    client = service(tmp_path, code_map(tmp_path))

    assert "97110" not in json.dumps(local)
    assert [findings(card) for card in cards(client, local)] == [
        findings(card) for card in cards(client, standard)
    ]


def test_an_order_that_cannot_be_read_is_told_by_its_local_code(tmp_path: Path) -> None:
    request = with_local_order()
    order_of(request)["reasonCode"] = "none"

    [card] = cards(service(tmp_path, code_map(tmp_path)), request)

    assert [finding["criterion"] for finding in findings(card)] == ["SCOPE"]


def test_pain_scores_are_asked_for_under_local_codes_too(tmp_path: Path) -> None:
    client = service(tmp_path, code_map(tmp_path))
    (listed, *_) = client.get("/cds-services").get_json()["services"]

    assert listed["prefetch"]["observations"].endswith(",SCORE-1")


OTHER = "https://other.example.org"


def test_a_map_of_one_client_is_about_its_own_codes(tmp_path: Path) -> None:
    code_map(tmp_path)
    own = ENTRY + 'local_codes = "local-codes.json"\n'
    other = ENTRY.replace("st-elsewhere", "other").replace(ISSUER, OTHER)
    settings = development(tmp_path, own + other)
    client = create_app(settings).test_client()

    mapped = cards(client, with_local_order(), Authorization=f"Bearer {token()}")
    unmapped = cards(client, with_local_order(), Authorization=f"Bearer {token(iss=OTHER)}")

    assert (gaps(mapped), unmapped) == ({"IMG-1"}, [])


def test_a_sound_map_is_summed_up(tmp_path: Path) -> None:
    result = command("check", local_codes_file=str(code_map(tmp_path)))

    assert result.exit_code == 0, result.output
    assert "6 of sites' own stand for standard ones, 0 on their maps do not" in result.output


def test_every_fault_of_the_clients_maps_and_policies_is_a_line(tmp_path: Path) -> None:
    path = site(tmp_path, ENTRY + 'local_codes = "absent.json"\npolicy = "none"\n')

    result = command("check", clients_file=str(path))

    lines = result.stderr.splitlines()
    assert result.exit_code == 1
    assert [line.split(": ")[2] for line in lines] == ["local_codes", "policy"]
    assert all("client st-elsewhere: " in line for line in lines)


def test_a_broken_map_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "local-codes.json"
    path.write_text('{"resourceType": "ValueSet"}', encoding="utf-8")

    result = command("check", local_codes_file=str(path))

    assert result.exit_code == 1
    assert "local-codes.json: must be a ConceptMap" in result.stderr
