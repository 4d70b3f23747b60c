"""Every answer to every scenario obeys CDS Hooks and the project's own contract, under both note settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.scenarios.reviewer import cards, followed, review
from tests.scenarios.scenario import FINDINGS, Json, Scenario, findings

pytestmark = pytest.mark.parametrize("notes", ["always", "attached"])

INDICATORS = ("critical", "warning", "info")
TOPICS = "urn:spinal-injection-cds:criterion"
MERGED = {"UNKNOWN", "NOTES", "SCOPE"}
MAX_CARDS = 8
RAW_HTML = re.compile(r"<(?!https?://)[A-Za-z!/?]")
ACCUSATIONS = ("has not had", "was not done", "never had", "did not have")


def suggestions(answer: list[Json]) -> Iterator[Json]:
    for card in answer:
        yield from card.get("suggestions", [])


def actions(answer: list[Json]) -> Iterator[Json]:
    for suggestion in suggestions(answer):
        yield from suggestion.get("actions", [])


def values(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a JSON tree with its path."""
    yield path, node
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield from values(value, f"{path}.{key}")


def references(node: Any) -> set[str]:
    return {value for path, value in values(node) if path.endswith(".reference") and isinstance(value, str)}


def is_web_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def assert_coding(coding: Json) -> None:
    assert isinstance(coding["system"], str)
    assert isinstance(coding["code"], str)


def test_the_answer_is_json_with_cards_and_nothing_empty(scenario: Scenario, notes: str) -> None:
    answer = review(scenario, notes)

    body = answer.get_json()
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert body.keys() == {"cards"}
    empty = [path for path, value in values(body) if value is None or value == "" or value in ([], {})]
    assert [path for path in empty if path != ".cards"] == []


def test_every_card_has_its_required_parts(scenario: Scenario, notes: str) -> None:
    for card in cards(scenario, notes):
        assert UUID(card["uuid"])
        assert 1 <= len(card["summary"]) <= 139
        assert "\n" not in card["summary"]
        assert card["indicator"] in INDICATORS
        assert isinstance(card["source"]["label"], str)
        assert all(is_web_address(card["source"][k]) for k in ("url", "icon") if k in card["source"])
        assert not RAW_HTML.search(card.get("detail", ""))


def test_no_two_cards_or_suggestions_share_an_id(scenario: Scenario, notes: str) -> None:
    answer = cards(scenario, notes)

    ids = [item["uuid"] for item in (*answer, *suggestions(answer))]
    assert len(ids) == len(set(ids))


def test_cards_are_few_and_the_gravest_comes_first(scenario: Scenario, notes: str) -> None:
    answer = cards(scenario, notes)

    ranks = [INDICATORS.index(card["indicator"]) for card in answer]
    assert len(answer) <= MAX_CARDS
    assert ranks == sorted(ranks)


def test_the_topic_of_a_card_is_a_criterion_it_speaks_for(scenario: Scenario, notes: str) -> None:
    for card in cards(scenario, notes):
        topic = card["source"]["topic"]
        assert topic["system"] == TOPICS
        assert re.fullmatch(r"[A-Z0-9]{1,100}", topic["code"])
        spoken = {finding["criterion"].replace("-", "") for finding in findings(card)}
        assert topic["code"] in spoken | MERGED


def test_the_findings_of_a_card_can_be_read_by_a_machine(scenario: Scenario, notes: str) -> None:
    orders = {f"{order['resourceType']}/{order['id']}" for order in scenario.orders()}

    for card in cards(scenario, notes):
        assert re.fullmatch(r"[a-z0-9-]+@\S+", card["extension"][FINDINGS]["policy"])
        assert findings(card)
        for finding in findings(card):
            assert re.fullmatch(r"[A-Z]+(-\d+)?", finding["criterion"])
            assert finding["outcome"] in {"not-met", "unknown", "waived", "met", "conflict"}
            assert finding["kind"] in {"gap", "unknown", "note"}
            assert finding["order"] in orders
            assert finding.get("reason") in {None, "no-evidence", "ambiguous", "no-access"}


def test_an_unknown_gives_its_reason_and_never_warns_unless_required(scenario: Scenario, notes: str) -> None:
    for card in cards(scenario, notes):
        for finding in findings(card):
            if finding["outcome"] == "unknown" and finding["kind"] == "unknown":
                assert card["indicator"] == "info"
            if finding["outcome"] == "unknown" and finding["criterion"] != "SCOPE":
                assert finding["reason"]
            if finding["outcome"] in {"met", "waived", "conflict"}:
                assert finding["kind"] == "note"


def test_suggestions_offer_and_come_with_a_selection_behaviour(scenario: Scenario, notes: str) -> None:
    for card in cards(scenario, notes):
        offered = card.get("suggestions", [])
        assert ("selectionBehavior" in card) == bool(offered)
        assert card.get("selectionBehavior") in {None, "at-most-one", "any"}
        if card.get("selectionBehavior") == "at-most-one":
            assert sum(bool(s.get("isRecommended")) for s in offered) <= 1
        for suggestion in offered:
            assert isinstance(suggestion["label"], str)
            assert UUID(suggestion["uuid"])
            assert "actionSelectionBehavior" not in suggestion


def test_every_action_carries_what_its_type_asks_for(scenario: Scenario, notes: str) -> None:
    orders = {f"{order['resourceType']}/{order['id']}" for order in scenario.orders()}

    for action in actions(cards(scenario, notes)):
        assert action["type"] in {"create", "update", "delete"}
        assert isinstance(action["description"], str)
        if action["type"] == "delete":
            assert action["resourceId"] in orders
            assert "resource" not in action
        else:
            assert isinstance(action["resource"], dict)
        if action["type"] == "update":
            assert f"{action['resource']['resourceType']}/{action['resource']['id']}" in orders


def test_a_suggested_resource_is_a_valid_draft_about_this_patient(scenario: Scenario, notes: str) -> None:
    context = scenario.request()["context"]
    known = {f"{r['resourceType']}/{r['id']}" for r in (*scenario.chart(), *scenario.orders())}

    for action in actions(cards(scenario, notes)):
        if action["type"] != "create":
            continue
        resource = action["resource"]
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        assert resource["status"] == "draft"
        assert resource["intent"] in {"order", "proposal"}
        assert resource["subject"] == {"reference": f"Patient/{context['patientId']}"}
        assert resource["requester"] == {"reference": context["userId"]}
        assert references(resource) <= known | {context["userId"]}


def test_an_updated_order_keeps_everything_it_held(scenario: Scenario, notes: str) -> None:
    held = {(order["resourceType"], order["id"]): order for order in scenario.orders()}

    for action in actions(cards(scenario, notes)):
        if action["type"] == "update":
            resource = action["resource"]
            assert held[resource["resourceType"], resource["id"]].keys() <= resource.keys()


def test_links_lead_somewhere(scenario: Scenario, notes: str) -> None:
    for card in cards(scenario, notes):
        for link in card.get("links", []):
            assert isinstance(link["label"], str)
            assert is_web_address(link["url"])
            assert link["type"] in {"absolute", "smart"}
            assert "appContext" not in link or link["type"] == "smart"


def test_every_link_leads_to_a_page_about_its_criterion(scenario: Scenario, notes: str) -> None:
    for card in cards(scenario, notes):
        spoken = {finding["criterion"] for finding in findings(card)}
        linked = set()
        for link in card["links"]:
            answer = followed(scenario, notes, link["url"])
            assert (answer.status_code, answer.mimetype) == (200, "text/html"), link["url"]
            linked.add(link["url"].rpartition("/")[2])
        assert linked == spoken


def test_override_reasons_are_codings_that_can_be_shown(scenario: Scenario, notes: str) -> None:
    for card in cards(scenario, notes):
        for reason in card.get("overrideReasons", []):
            assert_coding(reason)
            assert isinstance(reason["display"], str)


def test_the_same_request_gets_the_same_answer(scenario: Scenario, notes: str) -> None:
    assert review(scenario, notes).data == review(scenario, notes).data


def test_another_call_gets_the_same_words_under_new_ids(scenario: Scenario, notes: str) -> None:
    request = scenario.request()
    request["hookInstance"] = "7f0c2f5e-59a1-4a1b-8a3e-0d9b6b6f2c11"

    first = cards(scenario, notes)
    second: list[Json] = review(scenario, notes, request).get_json()["cards"]

    ids = {item["uuid"] for item in (*first, *suggestions(first))}
    assert not ids & {item["uuid"] for item in (*second, *suggestions(second))}
    assert [card["summary"] for card in first] == [card["summary"] for card in second]
    assert [card.get("detail") for card in first] == [card.get("detail") for card in second]


def test_no_card_carries_a_private_string_of_the_patient(scenario: Scenario, notes: str) -> None:
    text = json.dumps(cards(scenario, notes), ensure_ascii=False)

    leaked = [string for string in scenario.private_strings() if string in text]
    assert leaked == []


def test_a_card_never_claims_that_care_was_not_given(scenario: Scenario, notes: str) -> None:
    for card in cards(scenario, notes):
        text = f"{card['summary']} {card.get('detail', '')}".casefold()
        assert [words for words in ACCUSATIONS if words in text] == []
