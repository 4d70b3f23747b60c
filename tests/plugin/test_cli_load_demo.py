"""`spinal-cds load-demo`: what is put on a FHIR server, what is taken away, and what is left alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from click.testing import CliRunner, Result

from plugin.cli import main
from plugin.cli.load_demo import TYPES
from plugin.cli.synthetic import read_patients
from tests.scenarios.scenario import FOLDERS, Json

SYNTHETIC = {"system": "https://spinal-injection-cds.org/fhir/CodeSystem/fixture", "code": "synthetic"}
TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
ELSEWHERE = "https://fhir.example.org/r4"
TOKEN = "canary-token-4711"
REFERENCE = re.compile(r'"reference": "([^"]+)"')


@pytest.fixture(autouse=True)
def _no_token_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FHIR_TOKEN", raising=False)


def load_demo(server: str, *arguments: str, entered: str | None = None) -> Result:
    given = ["load-demo", "--fhir-server", server, "--scenarios", str(FOLDERS), *arguments]
    return CliRunner().invoke(main, given, input=entered)


@pytest.fixture
def empty_server(medplum_url: str) -> Iterator[str]:
    yield medplum_url
    assert load_demo(medplum_url, "--remove").exit_code == 0


@pytest.fixture
def remote() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def held(server: str) -> list[Json]:
    """Everything on the server, without what it notes of each version."""
    found: list[Json] = []
    for resource_type in TYPES:
        bundle = requests.get(f"{server}/{resource_type}?_count=1000", timeout=60).json()
        found += [entry["resource"] for entry in bundle.get("entry", ())]
    for resource in found:
        resource["meta"].pop("versionId")
        resource["meta"].pop("lastUpdated")
    return found


def committed(mock: responses.RequestsMock) -> list[Json]:
    """The transactions that were posted."""
    return [json.loads(call.request.body) for call in mock.calls if call.request.method == "POST"]


def take_transactions(mock: responses.RequestsMock, status: str = "201 Created", **more: Any) -> None:
    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        entries = json.loads(request.body or "")["entry"]
        answered = [{"response": {"status": status, **more}} for _ in entries]
        return 200, {}, json.dumps({"resourceType": "Bundle", "entry": answered})

    mock.add_callback(responses.POST, ELSEWHERE, callback=answer)


def answer_searches(mock: responses.RequestsMock, *found: Json, **more: Any) -> None:
    """Every search finds all of these, whatever was asked."""
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": r} for r in found]}
    mock.get(re.compile(re.escape(ELSEWHERE) + "/"), json=bundle | more)


def condition(resource_id: str, *tags: Json) -> Json:
    about = {"subject": {"reference": "Patient/p"}, "meta": {"tag": list(tags)}}
    return {"resourceType": "Condition", "id": resource_id, **about}


def assert_one_line(result: Result, *words: str) -> None:
    lines = result.stderr.strip().splitlines()
    assert (result.exit_code, result.stdout, len(lines)) == (1, "", 1), result.output
    assert lines[0].startswith("Error: ")
    assert [word for word in words if word not in lines[0]] == []


def test_the_patients_of_the_demonstration_are_there_afterwards_and_tagged(empty_server: str) -> None:
    result = load_demo(empty_server)

    found = held(empty_server)
    patients = [resource["id"] for resource in found if resource["resourceType"] == "Patient"]
    assert result.exit_code == 0, result.output
    assert len(patients) == 3
    assert [patient for patient in patients if patient not in result.stdout] == []
    assert f"{len(found)} resources of 3 synthetic patients" in result.stdout
    for resource in found:
        assert SYNTHETIC in resource["meta"]["tag"]
        assert TEST_DATA in resource["meta"]["security"]


def test_to_load_twice_changes_nothing(empty_server: str) -> None:
    load_demo(empty_server, "025*")
    once = held(empty_server)

    load_demo(empty_server, "025*")

    assert once
    assert held(empty_server) == once


def test_what_is_taken_away_is_what_carries_the_tag(empty_server: str) -> None:
    theirs = {"resourceType": "Patient", "id": "somebody-elses", "meta": {"tag": [TEST_DATA]}}
    requests.put(f"{empty_server}/Patient/somebody-elses", json=theirs, timeout=60).raise_for_status()
    load_demo(empty_server, "*")

    result = load_demo(empty_server, "--remove")

    left = [resource["id"] for resource in held(empty_server)]
    requests.delete(f"{empty_server}/Patient/somebody-elses", timeout=60).raise_for_status()
    assert result.exit_code == 0, result.output
    assert left == ["somebody-elses"]
    assert "Took 0 " in load_demo(empty_server, "--remove").stdout


def test_of_a_server_that_ignores_the_tag_nothing_else_is_taken(remote: responses.RequestsMock) -> None:
    answer_searches(remote, condition("ours", SYNTHETIC), condition("theirs"), condition("too", TEST_DATA))
    take_transactions(remote, "204")

    result = load_demo(ELSEWHERE, "--remove", "--yes")

    assert result.exit_code == 0, result.output
    (transaction,) = committed(remote)
    assert [entry["request"] for entry in transaction["entry"]] == [
        {"method": "DELETE", "url": "Condition/ours"}
    ]


def test_no_page_of_a_search_is_asked_for_elsewhere(remote: responses.RequestsMock) -> None:
    link = {"relation": "next", "url": "https://elsewhere.example.org/r4/ResearchSubject?page=2"}
    answer_searches(remote, condition("ours", SYNTHETIC), link=[link])

    result = load_demo(ELSEWHERE, "--remove", "--yes", "--token", TOKEN)

    assert_one_line(result, "another server")
    assert len(remote.calls) == 1


def test_a_search_whose_pages_do_not_end_is_given_up(remote: responses.RequestsMock) -> None:
    answer_searches(remote, link=[{"relation": "next", "url": f"{ELSEWHERE}/ResearchSubject?again"}])

    assert_one_line(load_demo(ELSEWHERE, "--remove", "--yes"), "ResearchSubject", "do not end")


def test_a_type_that_the_server_does_not_know_holds_nothing(remote: responses.RequestsMock) -> None:
    remote.get(f"{ELSEWHERE}/ResearchSubject", status=404)
    answer_searches(remote)

    assert load_demo(ELSEWHERE, "--remove", "--yes").stdout.startswith("Took 0 resources")


@pytest.mark.parametrize("arguments", [(), ("--remove",)])
def test_another_machine_is_written_to_with_consent_only(
    remote: responses.RequestsMock, arguments: tuple[str, ...]
) -> None:
    answer_searches(remote)
    take_transactions(remote)

    assert_one_line(load_demo(ELSEWHERE, *arguments), ELSEWHERE, "--yes")
    assert len(remote.calls) == 0
    assert load_demo(ELSEWHERE, *arguments, "--yes").exit_code == 0
    assert len(remote.calls) > 0


@pytest.mark.parametrize("way", ["option", "environment", "input"])
def test_the_token_is_sent_and_not_shown(
    remote: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    take_transactions(remote)
    if way == "environment":
        monkeypatch.setenv("FHIR_TOKEN", TOKEN)
    given = {"option": ("--token", TOKEN), "environment": (), "input": ("--token", "-")}[way]

    result = load_demo(ELSEWHERE, "--yes", *given, entered=f"{TOKEN}\n")

    assert result.exit_code == 0, result.output
    assert remote.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in result.output


def test_a_few_patients_are_one_transaction_and_many_never_parted(remote: responses.RequestsMock) -> None:
    take_transactions(remote)

    load_demo(ELSEWHERE, "--yes")
    assert len(committed(remote)) == 1

    load_demo(ELSEWHERE, "--yes", "0*")
    several = committed(remote)[1:]
    assert len(several) > 1
    for transaction in several:
        own = {entry["request"]["url"] for entry in transaction["entry"]}
        assert transaction["type"] == "transaction"
        assert len(own) == len(transaction["entry"]) <= 50
        assert set(REFERENCE.findall(json.dumps(transaction))) <= own


def test_every_resource_has_a_type_that_is_taken_away_and_an_id_of_our_own() -> None:
    resources = [resource for patient in read_patients(FOLDERS, ["*"]) for resource in patient.resources]

    assert {resource["resourceType"] for resource in resources} <= set(TYPES)
    assert all(re.fullmatch(r"spinal-cds-[A-Za-z0-9.-]{1,53}", resource["id"]) for resource in resources)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (
            400,
            {"resourceType": "OperationOutcome", "issue": [{"diagnostics": "no\n such"}]},
            ("400: no such",),
        ),
        (401, {}, ("401",)),
        (302, {}, ("302",)),
        (200, {}, ("no FHIR resource",)),
        (503, {"resourceType": "OperationOutcome", "issue": [{"details": {"text": "busy"}}]}, ("503: busy",)),
    ],
)
def test_a_refusal_is_one_line(
    remote: responses.RequestsMock, status: int, body: Json, words: tuple[str, ...]
) -> None:
    remote.post(ELSEWHERE, status=status, json=body, headers={"Location": "https://elsewhere.example.org"})

    assert_one_line(load_demo(ELSEWHERE, "--yes"), ELSEWHERE, *words)
    assert len(remote.calls) == 1


def test_one_refused_resource_is_a_refusal(remote: responses.RequestsMock) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"diagnostics": "unknown code"}]}
    take_transactions(remote, "422 Unprocessable", outcome=outcome)

    assert_one_line(load_demo(ELSEWHERE, "--yes"), "32 resources were refused", "422", "unknown code")


def test_a_server_that_cannot_be_reached_is_one_line(remote: responses.RequestsMock) -> None:
    assert_one_line(load_demo("http://127.0.0.1:9/fhir"), "could not be reached")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no-such-*",), ("no-such-*",)),
        (("--scenarios", "nowhere"), ("nowhere", "in the repository")),
        (("--token", "two words"), ("--token",)),
        (("--fhir-server", "ftp://127.0.0.1/"), ("--fhir-server",)),
    ],
)
def test_an_argument_at_fault_is_one_line(arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert_one_line(load_demo("http://127.0.0.1:9/fhir", *arguments), *words)


@pytest.mark.parametrize(
    "body",
    [
        {"entry": [None]},
        {"entry": 7},
        {"entry": [{"resource": "x"}]},
        {"entry": [{"resource": {"resourceType": "Patient", "meta": {"tag": ["x"]}}}]},
        {"entry": [{"resource": {"resourceType": "Patient", "meta": ["x"]}}]},
        {"entry": [{"resource": {"resourceType": "Patient", "meta": {"tag": [SYNTHETIC]}}}]},
        {"link": ["x"]},
        {"link": {"relation": "next"}},
    ],
)
def test_an_odd_answer_holds_nothing_of_ours(remote: responses.RequestsMock, body: Json) -> None:
    remote.get(re.compile(re.escape(ELSEWHERE)), json={"resourceType": "Bundle", **body})

    result = load_demo(ELSEWHERE, "--remove", "--yes")

    assert (result.exit_code, result.exception) == (0, None)
    assert result.output.startswith("Took 0 resources")


@pytest.mark.parametrize("link", [7, ["x"], {}])
def test_a_next_page_without_a_url_is_one_line(remote: responses.RequestsMock, link: Any) -> None:
    body = {"resourceType": "Bundle", "link": [{"relation": "next", "url": link}]}
    remote.get(re.compile(re.escape(ELSEWHERE)), json=body)

    assert_one_line(load_demo(ELSEWHERE, "--remove", "--yes"), "next page")


@pytest.mark.parametrize("entry", [None, {}, {"response": "x"}])
def test_an_odd_answer_to_a_transaction_is_no_success(remote: responses.RequestsMock, entry: Any) -> None:
    remote.post(ELSEWHERE, json={"resourceType": "Bundle", "entry": [entry]})

    assert_one_line(load_demo(ELSEWHERE, "--yes"), "refused")


@pytest.mark.parametrize(
    "issue",
    [["x"], [{"details": "x"}], [{"diagnostics": 7}], "x", [{"diagnostics": "\x1b[31mred\x9b\u202e"}]],
)
def test_what_a_server_says_is_no_command_to_the_terminal(remote: responses.RequestsMock, issue: Any) -> None:
    remote.post(ELSEWHERE, status=400, json={"resourceType": "OperationOutcome", "issue": issue})

    result = load_demo(ELSEWHERE, "--yes")

    assert_one_line(result, "400")
    assert result.output.rstrip("\n").isprintable()


def test_the_token_is_not_replaced_by_one_of_this_machine(
    remote: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine fhir.example.org login someone password hunter2\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    remote.get(re.compile(re.escape(ELSEWHERE)), json={"resourceType": "Bundle"})

    load_demo(ELSEWHERE, "--remove", "--yes", "--token", TOKEN)

    assert {call.request.headers["Authorization"] for call in remote.calls} == {f"Bearer {TOKEN}"}
