"""`spinal-cds try`: the cards for a patient on a FHIR server, what was read there, and what could not be."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import date

import pytest
import requests
import responses
from click.testing import CliRunner, Result

from plugin.cli import main
from plugin.cli.fhir_server import FhirServer
from plugin.cli.order_request import AskedOrders, hook_request
from plugin.cli.synthetic import stored_id
from tests.builders import terminology
from tests.fake_fhir_server import FakeFhirServer
from tests.plugin.cards.service import story
from tests.scenarios.scenario import FOLDERS, Json, findings

ELSEWHERE = "https://fhir.example.org/r4"
TOKEN = "canary-token-4711"
TODAY = ("--today", "2026-11-20")


@pytest.fixture(autouse=True)
def _no_token_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FHIR_TOKEN", raising=False)


def run(*arguments: str, entered: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=entered)


def try_order(server: str, patient: str, *arguments: str, entered: str | None = None) -> Result:
    return run("try", "--fhir-server", server, "--patient", patient, *TODAY, *arguments, entered=entered)


@pytest.fixture
def medplum_with_patients(medplum_url: str) -> Iterator[str]:
    """A real server with the demonstration's patients."""
    loaded = run("load-demo", "--fhir-server", medplum_url, "--scenarios", str(FOLDERS))
    assert loaded.exit_code == 0, loaded.output
    yield medplum_url
    assert run("load-demo", "--fhir-server", medplum_url, "--remove").exit_code == 0


@pytest.fixture
def remote() -> Iterator[responses.RequestsMock]:
    """No server but those that a test sets up."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def chart_of(name: str) -> tuple[str, list[Json]]:
    scenario = story(name)
    patient: str = scenario.request()["context"]["patientId"]
    return patient, scenario.chart()


def assert_one_line(result: Result, *words: str) -> None:
    lines = result.stderr.strip().splitlines()
    assert (result.exit_code, result.stdout, len(lines)) == (1, "", 1), result.output
    assert lines[0].startswith("Error: ")
    assert [word for word in words if word not in lines[0]] == []


@pytest.mark.parametrize("name", ["demo-axial", "demo-no-mri", "demo-meets"])
def test_the_cards_are_those_of_the_patients_story(medplum_with_patients: str, name: str) -> None:
    scenario = story(name)
    context = scenario.request()["context"]
    order = context["draftOrders"]["entry"][0]["resource"]
    reason = "Condition/" + stored_id(order["reasonReference"][0]["reference"].removeprefix("Condition/"))
    given = ("--order", "62323", "--reason", reason, "--planned", order["occurrenceDateTime"])

    result = try_order(medplum_with_patients, stored_id(context["patientId"]), *given, "--json")

    assert result.exit_code == 0, result.output
    told = json.loads((scenario.folder / "response.attached.json").read_text(encoding="utf-8"))["cards"]
    cards = json.loads(result.stdout)["cards"]
    assert [card["summary"] for card in cards] == [card["summary"] for card in told]
    assert [[f | {"order": ""} for f in findings(card)] for card in cards] == [
        [f | {"order": ""} for f in findings(card)] for card in told
    ]


def test_the_cards_are_printed_and_every_search_with_its_time(medplum_with_patients: str) -> None:
    patient = stored_id("patient-demo-no-mri")

    result = try_order(medplum_with_patients, f"Patient/{patient}", "--order", "62323")

    assert result.exit_code == 0, result.output
    assert "WARNING  Epidural order 62323: no MRI of the lumbar spine" in result.stdout
    assert re.search(r"\d ms +procedures +Procedure\?patient=\S+ +4 entries\n", result.stdout)
    assert re.search(r"\d ms +imaging studies +ImagingStudy\?patient=\S+ +none\n", result.stdout)
    assert "UNREAD" not in result.stdout
    assert "decided by" not in result.stdout


def test_what_may_not_be_read_is_unread_with_its_reason(medplum_with_patients: str) -> None:
    patient = stored_id("patient-demo-clean")

    result = try_order(
        medplum_with_patients, patient, "--order", "62323", "--token", "all-but-ImagingStudy,DiagnosticReport"
    )

    assert result.exit_code == 0, result.output
    assert "INFO  Injection order 62323: record incomplete" in result.stdout
    assert re.search(r"imaging studies +ImagingStudy\S+ +UNREAD: access not permitted\n", result.stdout)


def test_with_explain_every_rule_is_answered(medplum_with_patients: str) -> None:
    patient = stored_id("patient-demo-clean")

    result = try_order(medplum_with_patients, patient, "--order", "62323", "--explain")

    assert result.stdout.startswith("order-select of 62323 for Patient/spinal-cds-patient-demo-clean on ")
    assert [w for w in ("No cards", "IMG-1 met", "decided by", "procedures") if w not in result.stdout] == []


def test_several_orders_are_placed_together(medplum_with_patients: str) -> None:
    patient = stored_id("patient-demo-clean")

    result = try_order(medplum_with_patients, patient, "--order", "62323", "--order", "64493", "--explain")

    assert "ServiceRequest/order-1: interlaminar epidural" in result.stdout
    assert "ServiceRequest/order-2: facet" in result.stdout


def test_an_order_that_is_not_reviewed_is_said_to_be_none(remote: responses.RequestsMock) -> None:
    result = try_order(ELSEWHERE, "anybody", "--order", "77003")

    assert result.exit_code == 0
    assert result.stdout == "No order of this request is one that is reviewed.\n"
    assert len(remote.calls) == 0


def test_a_patient_who_is_not_there_is_one_line_and_no_finding(remote: responses.RequestsMock) -> None:
    FakeFhirServer(ELSEWHERE, []).mount(remote)

    assert_one_line(
        try_order(ELSEWHERE, "nobody", "--order", "62323"), ELSEWHERE, "there is no Patient/nobody"
    )


def test_a_url_that_is_no_fhir_base_is_one_line(remote: responses.RequestsMock) -> None:
    remote.get(re.compile(".*"), status=404, body="<h1>not here</h1>")

    assert_one_line(try_order(ELSEWHERE, "anybody", "--order", "62323"), "404", "base URL")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 401}, "access not permitted"),
        ({"status": 503}, "the server reported an error"),
        ({"status": 302, "headers": {"Location": "https://elsewhere.example.org/r4"}}, "could not be used"),
        ({"body": requests.ConnectionError()}, "server could not be reached"),
    ],
)
def test_a_server_that_gives_nothing_is_one_line(
    remote: responses.RequestsMock, answer: Json, words: str
) -> None:
    remote.get(re.compile(".*"), **answer)

    assert_one_line(try_order(ELSEWHERE, "anybody", "--order", "62323"), ELSEWHERE, words)
    assert {call.request.url.partition("/r4/")[0] for call in remote.calls} == {"https://fhir.example.org"}


def test_what_comes_too_late_is_unread_and_the_deadline_is_named(
    remote: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPINAL_CDS_DEADLINE_SECONDS", "3")
    patient, chart = chart_of("001")
    server, is_over = FakeFhirServer(ELSEWHERE, chart), threading.Event()

    def late(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        is_over.wait(30)
        return server.answer(request)

    remote.add_callback(responses.GET, re.compile(f"{ELSEWHERE}/ImagingStudy"), callback=late)
    server.mount(remote)

    result = try_order(ELSEWHERE, patient, "--order", "62323")
    is_over.set()

    assert result.exit_code == 0, result.output
    assert re.search(r"imaging studies .*UNREAD: no answer in time", result.stdout)
    assert "have 3 s (SPINAL_CDS_DEADLINE_SECONDS)" in result.stdout


@pytest.mark.parametrize("way", ["option", "environment", "input"])
def test_the_token_is_sent_and_not_shown(
    remote: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    patient, chart = chart_of("001")
    FakeFhirServer(ELSEWHERE, chart, token=TOKEN).mount(remote)
    if way == "environment":
        monkeypatch.setenv("FHIR_TOKEN", TOKEN)
    given = {"option": ("--token", TOKEN), "environment": (), "input": ("--token", "-")}[way]

    result = try_order(ELSEWHERE, patient, "--order", "62323", "--explain", *given, entered=f"{TOKEN}\n")

    assert result.exit_code == 0, result.output
    assert "UNREAD" not in result.stdout
    assert TOKEN not in result.output


def test_a_production_environment_does_not_matter(
    remote: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPINAL_CDS_PROFILE", "production")
    monkeypatch.setenv("SPINAL_CDS_CLIENTS_FILE", "none.toml")
    patient, chart = chart_of("001")
    FakeFhirServer(ELSEWHERE, chart).mount(remote)

    assert try_order(ELSEWHERE, patient, "--order", "62323").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--order", "00000"), ("--order 00000", "CPT", "knows")),
        (("--order", "62323", "--patient", "a b"), ("--patient",)),
        (("--order", "62323", "--patient", "../Patient"), ("--patient",)),
        (("--order", "62323", "--fhir-server", "https://user:secret@fhir.example.org"), ("--fhir-server",)),
        (("--order", "62323", "--token", "two words"), ("--token",)),
    ],
)
def test_an_argument_at_fault_is_one_line(arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    result = try_order(ELSEWHERE, "anybody", *arguments)

    assert_one_line(result, *words)
    assert "secret" not in result.stderr


def request_for(*orders: str, reasons: tuple[str, ...] = (), **more: str) -> Json:
    asked = AskedOrders("p", orders, reasons, **more)
    return hook_request(asked, FhirServer(ELSEWHERE), terminology(), date(2026, 11, 20))


@pytest.mark.parametrize(
    ("code", "system"),
    [
        ("62323", "http://www.ama-assn.org/go/cpt"),
        ("62323-50", "http://www.ama-assn.org/go/cpt"),
        ("J3301", "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"),
        ("171787008", "http://snomed.info/sct"),
    ],
)
def test_an_order_is_coded_in_the_system_that_knows_the_code(code: str, system: str) -> None:
    request = request_for(code)

    (entry,) = request["context"]["draftOrders"]["entry"]
    assert entry["resource"]["code"] == {"coding": [{"system": system, "code": code}]}


@pytest.mark.parametrize(
    ("given", "element"),
    [
        ("M54.16", {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M54.16"}]}),
        ("m5416", {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "m5416"}]}),
        ("23056005", {"coding": [{"system": "http://snomed.info/sct", "code": "23056005"}]}),
        ("leg pain", {"text": "leg pain"}),
    ],
)
def test_a_reason_is_a_code_or_words(given: str, element: Json) -> None:
    request = request_for("62323", reasons=(given, "Condition/c-1"))

    (entry,) = request["context"]["draftOrders"]["entry"]
    assert entry["resource"]["reasonCode"] == [element]
    assert entry["resource"]["reasonReference"] == [{"reference": "Condition/c-1"}]


def test_all_orders_are_selected_and_at_signing_none() -> None:
    selected, signed = request_for("62323", "64493"), request_for("62323", hook="order-sign")

    assert selected["context"]["selections"] == ["ServiceRequest/order-1", "ServiceRequest/order-2"]
    assert signed["hook"] == "order-sign"
    assert "selections" not in signed["context"]
    assert "prefetch" not in selected
