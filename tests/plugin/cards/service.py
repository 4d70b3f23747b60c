"""Scenario requests, changed by a test and sent to the whole service; and what every answer obeys."""

from __future__ import annotations

import atexit
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_hooks import Breakers
from plugin.app import create_app
from plugin.settings import Settings
from tests.conformance.invariants import RESPONSE, broken
from tests.scenarios.scenario import FINDINGS, FOLDERS, Json, Scenario, findings, load_scenario
from tests.scenarios.test_wire import INDICATORS, MAX_CARDS, actions, suggestions

SERVICE = "/cds-services/spinal-injection-review"
FHIR_BASE = "http://127.0.0.1:8103/fhir"
TODAY = "2026-11-20"


def story(name: str) -> Scenario:
    """The scenario whose folder begins with `name`."""
    (folder,) = FOLDERS.glob(f"{name}*")
    return load_scenario(folder)


def request_of(name: str) -> Json:
    return story(name).request()


def order_of(request: Json, index: int = 0) -> Json:
    order: Json = request["context"]["draftOrders"]["entry"][index]["resource"]
    return order


def entries(request: Json, key: str) -> list[Json]:
    """The entries of a prefetched searchset, to be changed in place."""
    listed: list[Json] = request["prefetch"][key].setdefault("entry", [])
    return listed


def searchset(*resources: Json, **more: Any) -> Json:
    listed = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    bundle: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(listed)}
    return bundle | ({"entry": listed} if listed else {}) | more


@cache
def client(policy: str = "default", notes: str = "attached") -> FlaskClient:
    """The service with the scenarios' clock and a store of its own, kept for the test run."""
    settings = Settings.model_validate(
        {"today": TODAY, "policy": policy, "notes": notes, "database": f"sqlite:///{_folder()}/store.sqlite3"}
    )
    app = create_app(settings)
    # Many tests share the app: a server that is broken in one must not be left alone in the next.
    app.extensions["fhir_access"].breakers = Breakers(fail_max=sys.maxsize)
    return app.test_client()


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="spinal-cds-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def ask(request: Json, *, policy: str = "default", notes: str = "attached") -> TestResponse:
    return client(policy, notes).post(SERVICE, json=request)


def cards(request: Json, *, policy: str = "default", notes: str = "attached") -> list[Json]:
    """The cards of an answer that is a 200 and obeys the contract."""
    answer = ask(request, policy=policy, notes=notes)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert_obeys_the_contract(answer)
    listed: list[Json] = answer.get_json()["cards"]
    return listed


def said(answer: list[Json]) -> list[tuple[str, str, str, str | None]]:
    """Criterion, kind, indicator of the card, and reason, of every finding that is no note."""
    return [
        (f["criterion"], f["kind"], card["indicator"], f.get("reason"))
        for card in answer
        for f in findings(card)
        if f["kind"] != "note"
    ]


def gaps(answer: list[Json]) -> set[str]:
    return {criterion for criterion, kind, _, _ in said(answer) if kind == "gap"}


def unread(answer: list[Json]) -> set[str]:
    """Criteria that are left open because a part of the record could not be read."""
    return {
        criterion
        for criterion, kind, indicator, reason in said(answer)
        if (kind, indicator, reason) == ("unknown", "info", "no-access")
    }


def text(answer: list[Json]) -> str:
    return "\n".join(f"{card['summary']}\n{card.get('detail', '')}" for card in answer)


def outcome(answer: TestResponse) -> Json:
    """The answer's body, once it is known to be a valid R4 OperationOutcome."""
    body: Json = json.loads(answer.data)
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    get_fhir_model_class("OperationOutcome").model_validate(body)
    assert body["issue"][0]["severity"] == "error"
    return body


def assert_obeys_the_contract(answer: TestResponse) -> None:
    """What any 200 has to fulfil, whatever was asked."""
    body = json.loads(answer.data)
    assert answer.mimetype == "application/json"
    assert body.keys() == {"cards"}
    assert broken(body, RESPONSE) == []
    listed: list[Json] = body["cards"]
    ids = [item["uuid"] for item in (*listed, *suggestions(listed))]
    assert len(ids) == len(set(ids))
    ranks = [INDICATORS.index(card["indicator"]) for card in listed]
    assert len(listed) <= MAX_CARDS
    assert ranks == sorted(ranks)
    for card in listed:
        _assert_card(card)
    for action in actions(listed):
        _assert_action(action)


def _assert_card(card: Json) -> None:
    assert card["uuid"]
    assert "\n" not in card["summary"]
    assert re.fullmatch(r"[A-Z0-9]{1,100}", card["source"]["topic"]["code"])
    assert re.fullmatch(r"[a-z0-9-]+@\S+", card["extension"][FINDINGS]["policy"])
    assert ("selectionBehavior" in card) == bool(card.get("suggestions"))
    listed = findings(card)
    assert listed
    for finding in listed:
        assert finding["outcome"] in {"not-met", "unknown", "waived", "met", "conflict"}
        assert finding["kind"] in {"gap", "unknown", "note"}
        assert finding.get("reason") in {None, "no-evidence", "ambiguous", "no-access"}
    kinds = {finding["kind"] for finding in listed}
    if "unknown" in kinds and not (is_for_booking(card) and "gap" in kinds):
        assert card["indicator"] == "info"


def is_for_booking(card: Json) -> bool:
    """Whoever books gets one card per order, with the gaps and what is unknown together."""
    return bool(card["source"]["topic"]["display"] == "Visit for an injection")


def _assert_action(action: Json) -> None:
    if action["type"] == "delete":
        assert re.fullmatch(r"(ServiceRequest|MedicationRequest)/\S+", action["resourceId"])
        return
    resource = action["resource"]
    if action["type"] == "update":  # The draft as it came, whatever else is wrong with it.
        assert resource["id"]
        return
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    assert action["type"] in {"create", "update"}
    if action["type"] == "create":
        assert (resource["status"], resource["intent"]) == ("draft", "order")


def places(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value inside a JSON tree, the root left out."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


def holder(tree: Any, path: tuple[str | int, ...]) -> Any:
    """The object or array in which the last step of `path` is taken."""
    for step in path[:-1]:
        tree = tree[step]
    return tree
