"""Requests as each EHR writes them, and its answers: `fixtures/dialects/<dialect>/<case>.*.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from cds_hooks import DIALECTS, AllowedBases, Client, FhirAccess, OpenTo, create_blueprint
from plugin.app import HOOKS, SERVICE_ID, hook_services
from plugin.reviews import create_review
from plugin.settings import Settings
from tests.scenarios.scenario import ROOT, Json, findings
from tests.scenarios.test_requests import SYNTHETIC

FOLDER = ROOT / "fixtures" / "dialects"
TODAY = "2026-11-20"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, and the status and body that answer it."""

    dialect: str
    case: str

    @property
    def request(self) -> Json:
        request: Json = json.loads(self._path("request").read_text(encoding="utf-8"))
        return request

    @property
    def response(self) -> Json:
        response: Json = json.loads(self._path("response").read_text(encoding="utf-8"))
        return response

    def write(self, response: Json) -> None:
        text = json.dumps(response, indent=2, ensure_ascii=False) + "\n"
        self._path("response").write_text(text, encoding="utf-8")

    def _path(self, part: str) -> Path:
        return FOLDER / self.dialect / f"{self.case}.{part}.json"


def exchanges() -> list[Exchange]:
    paths = sorted(FOLDER.glob("*/*.request.json"))
    return [Exchange(path.parent.name, path.name.removesuffix(".request.json")) for path in paths]


@cache
def client(dialect: str) -> FlaskClient:
    """The service as one EHR knows it. No FHIR server may be contacted."""
    review = create_review(Settings.model_validate({"today": TODAY}))
    app = flask.Flask("dialects")
    app.register_blueprint(
        create_blueprint(
            hook_services(review, lambda call: review.review(call.request, call.server).response),
            authenticator=OpenTo(Client(dialect, AllowedBases((), allow_loopback=False), dialect=dialect)),
            fhir_access=FhirAccess(),
            cors_origins=(),
        )
    )
    return app.test_client()


def answer(dialect: str, request: Json) -> Json:
    response = client(dialect).post(f"/cds-services/{SERVICE_ID}", json=request)
    return {"status": response.status_code, "body": response.get_json()}


every_exchange = pytest.mark.parametrize("exchange", exchanges(), ids=lambda e: f"{e.dialect}-{e.case}")


@every_exchange
def test_the_answer_is_the_one_on_file(exchange: Exchange, write_expected: bool) -> None:
    given = answer(exchange.dialect, exchange.request)

    if write_expected:
        exchange.write(given)
    assert given == exchange.response


def test_every_dialect_is_shown_on_every_hook() -> None:
    assert {(e.dialect, e.request["hook"]) for e in exchanges()} == {(d, h) for d in DIALECTS for h in HOOKS}


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("dialect", [dialect for dialect in DIALECTS if dialect != "spec"])
def test_what_is_found_does_not_depend_on_the_dialect(hook: str, dialect: str) -> None:
    assert found(Exchange(dialect, hook)) == found(Exchange("spec", hook)) != []


def found(exchange: Exchange) -> list[Json]:
    """Findings without the order's id, which EHRs write differently."""
    body = answer(exchange.dialect, exchange.request)["body"]
    listed = [finding for card in body["cards"] for finding in findings(card)]
    return [{key: value for key, value in finding.items() if key != "order"} for finding in listed]


@pytest.mark.parametrize(
    "case", ["order-select", "order-sign", "order-dispatch", "smart-v2-scopes", "order-dispatch-1.0"]
)
def test_the_spelling_of_scopes_and_fields_changes_nothing(case: str) -> None:
    hook = Exchange("spec", case).request["hook"]

    assert found(Exchange("spec", case)) == found(Exchange("spec", hook))


@every_exchange
def test_every_resource_is_marked_synthetic(exchange: Exchange) -> None:
    unmarked = [
        resource["resourceType"]
        for resource in resources(exchange.request)
        if SYNTHETIC not in resource.get("meta", {}).get("tag", [])
    ]

    assert unmarked == []


def resources(node: Any) -> Iterator[Json]:
    """Every resource in a request that is about somebody."""
    if isinstance(node, dict):
        if node.get("resourceType", "Bundle") not in ("Bundle", "OperationOutcome"):
            yield node
        for member in node.values():
            yield from resources(member)
    elif isinstance(node, list):
        for item in node:
            yield from resources(item)


def test_epic_gets_its_long_ids_back_letter_for_letter() -> None:
    exchange = Exchange("epic", "order-select")
    [entry, *_] = exchange.request["context"]["draftOrders"]["entry"]
    identity = entry["resource"]["id"]

    [card, *_] = answer("epic", exchange.request)["body"]["cards"]

    assert len(identity) >= 180
    assert [a["resourceId"] for s in card["suggestions"] for a in s["actions"]] == [
        f"ServiceRequest/{identity}"
    ]


@pytest.mark.parametrize("case", ["stripped", "no-scope-for-unsigned-orders"])
def test_a_call_without_orders_is_412_and_never_no_cards(case: str) -> None:
    given = answer("epic", Exchange("epic", case).request)

    assert given["status"] == 412
    assert given["body"]["issue"][0]["code"] == "suppressed"
