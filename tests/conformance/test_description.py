"""Every ready-made request and its answer are as /openapi.json describes them."""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema_rs

from plugin.app import HOOKS, SERVICE_ID
from tests.conformance.calls import answer_to, calls
from tests.plugin.cards.service import client
from tests.scenarios.test_dialects import exchanges


@cache
def component(name: str) -> jsonschema_rs.Draft202012Validator:
    described = client().get("/openapi.json").get_json()["components"]
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": described}
    )


def faults(name: str, document: Any) -> list[str]:
    return [error.message for error in component(name).iter_errors(document)]


def test_every_request_is_described_under_its_hook_alone() -> None:
    described = {
        call.name: [hook for hook in HOOKS if component(f"{SERVICE_ID}.{hook}").is_valid(call.request())]
        for call in calls()
    }

    assert described == {call.name: [call.request()["hook"]] for call in calls()}


def test_every_answer_is_described() -> None:
    found = {call.name: faults("Response", answer_to(call).get_json()) for call in calls()}

    assert {name: listed for name, listed in found.items() if listed} == {}


def test_every_refusal_of_a_dialect_is_described() -> None:
    refusals = [e.response["body"] for e in exchanges() if e.response["status"] != 200]

    assert refusals
    assert [faults("OperationOutcome", body) for body in refusals] == [[] for _ in refusals]


def test_discovery_is_described() -> None:
    assert faults("Discovery", client().get("/cds-services").get_json()) == []
