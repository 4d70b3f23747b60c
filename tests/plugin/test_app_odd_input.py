"""Charts, orders and settings as nobody should send them, and what the service makes of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import responses
from click.testing import CliRunner

from plugin.cards.markdown import quoted
from plugin.cli import main
from tests.plugin.cards.service import (
    FHIR_BASE,
    ask,
    cards,
    entries,
    gaps,
    order_of,
    request_of,
    said,
    searchset,
    story,
    unread,
)
from tests.plugin.cards.test_escaping import tokens
from tests.scenarios.test_wire import actions


@pytest.mark.parametrize("identity", ["a b", "a/b", "x\n", " "])
def test_an_order_with_an_odd_id_is_answered(identity: str) -> None:
    request = request_of("002")
    order_of(request)["id"] = identity

    assert gaps(cards(request)) == {"IND-1"}


@pytest.mark.parametrize("name", ["001", "025", "044", "045"])
@pytest.mark.parametrize("onset", ["9999-12-31", "9999", "9999-12-10"])
def test_a_placeholder_onset_at_the_end_of_the_calendar_is_answered(name: str, onset: str) -> None:
    request = request_of(name)
    for entry in entries(request, "conditions"):
        entry["resource"]["onsetDateTime"] = onset

    cards(request)


def test_a_supply_beyond_the_calendar_is_answered() -> None:
    request = request_of("047")
    for entry in entries(request, "medications"):
        entry["resource"] |= {"authoredOn": "9999-12-20", "status": "completed"}
        entry["resource"]["dispenseRequest"] = {"expectedSupplyDuration": {"value": 90, "unit": "d"}}

    cards(request)


def test_the_same_draft_twice_gets_no_card_twice() -> None:
    request = request_of("025")
    drafts = request["context"]["draftOrders"]["entry"]
    drafts.append(drafts[0])

    cards(request)  # asserts that ids are unique


@pytest.mark.parametrize(
    "payload",
    [
        "www.evil.com",
        "WWW.evil.example.com/x",
        "evil.com",
        "evil.org/path?pt=1",
        "//evil.com/x",
        "evil.com:80/",
        "evil.рф",
        "sub.evil.co.uk",
        "evil.io#x",
        "//localhost/x",
    ],
)
def test_a_bare_address_in_the_chart_becomes_no_link(payload: str) -> None:
    assert "link_open" not in {t.type for t in tokens(f"- Diagnosis: {quoted(payload)} (x)")}


def _numeric(order: dict[str, Any]) -> None:
    order["code"]["coding"][0]["code"] = int(order["code"]["coding"][0]["code"])


def _modifier(order: dict[str, Any]) -> None:
    order["code"]["coding"][0]["code"] += "-50"
    order["status"] = 5


def _untyped(order: dict[str, Any]) -> None:
    del order["resourceType"]


def _listed_type(order: dict[str, Any]) -> None:
    order["resourceType"] = ["ServiceRequest"]


def _catheter(order: dict[str, Any]) -> None:
    order["code"]["coding"][0]["code"] = "62327"
    order["status"] = 5


@pytest.mark.parametrize("spoil", [_numeric, _modifier, _untyped, _listed_type, _catheter])
def test_an_unreadable_order_that_mentions_our_code_is_not_passed_over_in_silence(spoil: Any) -> None:
    request = request_of("025")
    spoil(order_of(request))

    assert said(cards(request)) == [("SCOPE", "unknown", "info", "ambiguous")]


@pytest.mark.parametrize("wrap", [lambda e: [e], lambda e: {"resource": [e["resource"]]}])
def test_a_malformed_entry_that_holds_our_order_is_not_passed_over_in_silence(wrap: Any) -> None:
    request = request_of("025")
    drafts = request["context"]["draftOrders"]
    drafts["entry"] = [wrap(drafts["entry"][0])]

    assert cards(request) != []  # OrderContext.unreadable_orders counts them, and nobody reads it


def test_a_dead_stranger_in_the_patient_key_does_not_silence_the_review() -> None:
    request = request_of("025")
    request["prefetch"]["patient"] |= {"id": "somebody-else", "deceasedBoolean": True}

    assert gaps(cards(request)) == {"IMG-1"}


def test_a_strangers_child_in_the_patient_key_does_not_end_the_review() -> None:
    request = request_of("025")
    request["prefetch"]["patient"] |= {"id": "somebody-else", "birthDate": "2015-01-01"}

    assert gaps(cards(request)) == {"IMG-1"}


@pytest.mark.parametrize(
    "stranger", [{"subject": {"reference": "Patient/somebody-else"}}, {"id": "another-visit"}]
)
def test_another_encounter_lowers_nothing(stranger: dict[str, Any]) -> None:
    request = request_of("045")
    encounter = request["prefetch"]["encounter"]
    encounter |= stranger
    encounter["class"]["code"] = "IMP"

    assert ("CC-1", "gap", "warning", "no-evidence") in said(cards(request))


def test_a_strangers_trial_lowers_nothing() -> None:
    request = request_of("002")
    subject = {"resourceType": "ResearchSubject", "id": "x", "status": "on-study"}
    request["prefetch"]["researchSubjects"] = searchset(
        subject | {"individual": {"reference": "Patient/somebody-else"}}
    )

    assert ("IND-1", "gap", "warning", None) in said(cards(request))


def test_a_suggested_order_does_not_point_at_what_is_only_contained_in_another() -> None:
    request = request_of("025")
    code = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M54.16"}]}
    order_of(request)["contained"] = [{"resourceType": "Condition", "id": "c1", "code": code}]
    order_of(request)["reasonReference"] = [{"reference": "#c1"}]

    for action in actions(cards(request)):
        assert {"reference": "Condition/c1"} not in action["resource"].get("reasonReference", [])


def test_an_order_with_thousands_of_reasons_does_not_cause_thousands_of_reads() -> None:
    request = request_of("025") | {"fhirServer": FHIR_BASE}
    order_of(request)["reasonReference"] = [{"reference": f"Condition/c{n}"} for n in range(3000)]

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add(responses.GET, re.compile(re.escape(FHIR_BASE)), status=404)
        ask(request)
        assert len(mock.calls) <= 50


@pytest.mark.parametrize(
    "reference",
    [
        "Condition/..",
        "Condition/.",
        "Condition/x?_include=*",
        "Condition/%2e%2e",
        "Condition/x y",
        "Condition/",
    ],
)
def test_a_reason_with_more_than_an_id_in_it_is_not_asked_for(reference: str) -> None:
    request = request_of("025") | {"fhirServer": FHIR_BASE}
    order_of(request)["reasonReference"] = [{"reference": reference}]

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add(responses.GET, re.compile(re.escape(FHIR_BASE)), status=404)
        answer = ask(request)
        asked = [call.request.url for call in mock.calls]

    assert answer.status_code == 200
    assert asked == []


@pytest.mark.parametrize("url", ["ftp://x", "nonsense", "https://user:secret77@ehr.example.org/fhir"])
def test_a_fhir_server_that_is_no_plain_url_stops_the_start_in_one_line(url: str) -> None:
    path = str(story("025").folder / "request.json")

    result = CliRunner().invoke(main, ["review", path, "--fhir-server", url])

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1
    assert "secret77" not in result.stderr


@pytest.mark.parametrize(
    "line",
    [
        "min_days = 99999999999",
        "min_days = 5000000",
        "min_days = -5",
        "lookback_days = -1",
        "gap_days = -3",
        "severe_pain_score = -1",
    ],
)
def test_a_threshold_out_of_range_stops_the_start(tmp_path: Path, line: str) -> None:
    site = tmp_path / "site.toml"
    site.write_text(f'extends = "default"\nid = "site"\n[params.CC-1]\n{line}\n', encoding="utf-8")

    result = CliRunner().invoke(
        main,
        ["review", str(story("044").folder / "request.json"), "--policy", str(site), "--today", "2026-11-20"],
    )

    assert result.exit_code == 1
    assert line.split(" ")[0] in result.stderr


@pytest.mark.parametrize(
    "table",
    [
        '[severity]\n"NOPE-1.x" = "info"',
        '[severity]\n"IMG-1.no-stduy" = "info"',
        '[override_reasons]\n"IMG1" = [{ code = "x", display = "y" }]',
    ],
)
def test_a_key_that_names_no_criterion_or_row_stops_the_start(tmp_path: Path, table: str) -> None:
    site = tmp_path / "site.toml"
    site.write_text(f'extends = "default"\nid = "site"\n{table}\n', encoding="utf-8")

    result = CliRunner().invoke(
        main,
        ["review", str(story("025").folder / "request.json"), "--policy", str(site), "--today", "2026-11-20"],
    )

    assert result.exit_code == 1


@pytest.mark.parametrize(
    "reason",
    [
        {"identifier": {"value": "x"}, "display": "Lumbar radiculopathy"},
        {"display": "Lumbar radiculopathy"},
        {"reference": "Observation/obs-1"},
        {"reference": "DiagnosticReport/report-1"},
    ],
)
def test_a_reason_that_cannot_be_followed_is_not_called_no_reason(reason: dict[str, Any]) -> None:
    request = request_of("020a")
    order_of(request)["reasonReference"] = [reason]

    answer = cards(request)

    assert gaps(answer) == set()
    assert unread(answer) == {"IND-1", "IMG-1", "CC-1"}


def test_an_order_about_another_patient_is_not_judged_by_this_patients_chart() -> None:
    request = request_of("001")
    order_of(request)["subject"] = {"reference": "Patient/somebody-else"}

    assert cards(request) != []


@pytest.mark.parametrize(
    "where",
    [
        b'"status": "draft"',
        b'"text": "Lumbar',
        b"condition-025-1",
        b'"text": "Synthetic order',
        b'"family": "Te',
    ],
)
def test_a_byte_that_is_no_utf_8_is_refused_wherever_it_stands(where: bytes) -> None:
    from tests.plugin.cards.service import SERVICE, client

    body = bytearray(json.dumps(request_of("025")).encode())
    body[body.index(where) + len(where) - 2] = 0xFF

    assert client().post(SERVICE, data=bytes(body), content_type="application/json").status_code == 400
