"""Inferno's checks of a CRD server, less those of coverage information, put to this service.

Each test says in its first line which of Inferno's tests it re-expresses. What Inferno demands of CRD alone
(coverage information as a system action, form completion) is not part of CDS Hooks and left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from fhir.resources.R4B import get_fhir_model_class
from werkzeug.test import TestResponse

from tests.conformance.invariants import REQUEST, RESPONSE, UUID, broken
from tests.plugin.cards.service import client
from tests.scenarios.reviewer import review
from tests.scenarios.scenario import Json, Scenario, load_scenarios

HOOKS = (
    *("appointment-book", "encounter-start", "encounter-discharge"),
    *("order-dispatch", "order-select", "order-sign"),
)
USERS = r"(Practitioner|PractitionerRole|Patient|RelatedPerson)/[A-Za-z0-9.-]{1,64}"
ORDER_TYPES = {
    *("CommunicationRequest", "DeviceRequest", "MedicationRequest", "NutritionOrder"),
    *("ServiceRequest", "Task", "VisionPrescription", "Appointment"),
}
# The header and claims that Inferno's helper writes; the signature is not looked at by an open service.
BEARER = {"Authorization": "Bearer eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl"}
each_scenario = pytest.mark.parametrize("scenario", load_scenarios(), ids=lambda scenario: scenario.name)


@cache
def answer_to(scenario: Scenario) -> TestResponse:
    return review(scenario, "always")


def cards_of(scenario: Scenario) -> list[Json]:
    listed: list[Json] = answer_to(scenario).get_json()["cards"]
    return listed


def all_cards() -> Iterator[tuple[str, Json]]:
    """Every card of every scenario, with the hook that it answers."""
    for scenario in load_scenarios():
        yield from ((scenario.request()["hook"], card) for card in cards_of(scenario))


def offered() -> set[str]:
    return {service["hook"] for service in client().get("/cds-services").get_json()["services"]}


def actions_of(card: Json) -> Iterator[tuple[Json, ...]]:
    """Per suggestion, what is done when it is taken."""
    yield from (tuple(suggestion.get("actions", ())) for suggestion in card.get("suggestions", ()))


def is_address(value: Any) -> bool:
    parts = urlsplit(value)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


@pytest.mark.parametrize("headers", [{}, BEARER], ids=["without a token", "with a token"])
def test_discovery_answers_with_json(headers: dict[str, str]) -> None:
    """crd_discovery_endpoint_test"""
    answer = client().get("/cds-services", headers=headers)

    assert answer.status_code == 200
    assert isinstance(json.loads(answer.data), dict)


def test_every_discovered_service_has_its_required_fields() -> None:
    """crd_discovery_services_validation"""
    services = client().get("/cds-services").get_json()["services"]

    assert isinstance(services, list)
    for service in services:
        for field in ("hook", "description", "id"):
            assert isinstance(service[field], str)
            assert service[field]
        assert service["hook"] in HOOKS


@each_scenario
def test_a_call_is_answered_with_200_and_json(scenario: Scenario) -> None:
    """crd_service_call_test"""
    assert answer_to(scenario).status_code == 200
    assert isinstance(json.loads(answer_to(scenario).data), dict)


def test_a_call_with_a_token_is_answered_with_200_and_json() -> None:
    """crd_service_call_test, with the Bearer token that Inferno sends"""
    scenario = load_scenarios()[0]

    answer = client().post("/cds-services/spinal-injection-review", json=scenario.request(), headers=BEARER)

    assert answer.status_code == 200
    assert isinstance(json.loads(answer.data), dict)


@each_scenario
def test_a_request_has_its_required_fields(scenario: Scenario) -> None:
    """crd_service_request_required_fields_validation"""
    request = scenario.request()

    assert request["hook"] in offered()
    assert UUID.fullmatch(request["hookInstance"])
    assert isinstance(request["context"], dict)
    assert broken(request, REQUEST) == []


@each_scenario
def test_a_context_has_what_its_hook_defines(scenario: Scenario) -> None:
    """crd_service_request_context_validation"""
    request = scenario.request()
    context = request["context"]

    assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", context["patientId"])
    if "userId" in context:
        assert re.fullmatch(USERS, context["userId"])
    if "encounterId" in context:
        assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", context["encounterId"])
    for name in ("draftOrders", "appointments"):
        if name in context:
            assert_bundle_of_orders(context[name])
    assert set(context.get("selections", ())) <= references(context.get("draftOrders", {}))
    assert required_of(request["hook"]) <= context.keys()


def required_of(hook: str) -> set[str]:
    return {
        "order-select": {"userId", "patientId", "selections", "draftOrders"},
        "order-sign": {"userId", "patientId", "draftOrders"},
        "order-dispatch": {"patientId", "dispatchedOrders", "performer"},
        "appointment-book": {"userId", "patientId", "appointments"},
    }[hook]


def assert_bundle_of_orders(bundle: Json) -> None:
    assert bundle["resourceType"] == "Bundle"
    assert {entry["resource"]["resourceType"] for entry in bundle["entry"]} <= ORDER_TYPES


def references(bundle: Json) -> set[str]:
    resources = [entry["resource"] for entry in bundle.get("entry", ())]
    return {f"{resource['resourceType']}/{resource['id']}" for resource in resources}


@each_scenario
def test_the_optional_fields_of_a_request_are_what_they_should_be(scenario: Scenario) -> None:
    """crd_service_request_optional_fields_validation"""
    request = scenario.request()

    assert is_address(request.get("fhirServer", "https://ehr.example.org"))
    assert isinstance(request.get("fhirAuthorization", {}), dict)
    assert isinstance(request.get("prefetch", {}), dict)
    for value in request.get("prefetch", {}).values():
        assert value is None or isinstance(value["resourceType"], str)


@each_scenario
def test_a_response_has_valid_cards(scenario: Scenario) -> None:
    """crd_service_response_validation, less the systemActions that CRD requires"""
    body = answer_to(scenario).get_json()

    assert isinstance(body["cards"], list)
    assert broken(body, RESPONSE) == []
    for card in body["cards"]:
        assert len(card["summary"]) < 140
        assert card["indicator"] in ("info", "warning", "critical")
        assert card["source"]["label"]
        assert card["source"]["topic"]["code"]
        assert card["source"]["topic"]["system"]


@each_scenario
def test_the_actions_of_a_response_carry_what_their_type_needs(scenario: Scenario) -> None:
    """crd_service_response_validation: the action part"""
    for card in cards_of(scenario):
        for action in (action for taken in actions_of(card) for action in taken):
            assert action["description"]
            if action["type"] == "delete":
                assert re.fullmatch(r"[A-Z][A-Za-z]+/\S+", action["resourceId"])
            else:
                resource = action["resource"]
                get_fhir_model_class(resource["resourceType"]).model_validate(resource)


@each_scenario
def test_the_optional_fields_of_a_card_are_valid(scenario: Scenario) -> None:
    """crd_card_optional_fields_validation"""
    for card in cards_of(scenario):
        for name in ("uuid", "detail"):
            assert isinstance(card.get(name, ""), str)
        for name in ("suggestions", "overrideReasons", "links"):
            assert name not in card or (isinstance(card[name], list) and card[name])
        assert ("selectionBehavior" in card) >= ("suggestions" in card)
        assert card.get("selectionBehavior", "any") in ("any", "at-most-one")
        for reason in card.get("overrideReasons", ()):
            assert all(isinstance(reason[name], str) for name in ("code", "system", "display"))
        for link in card.get("links", ()):
            assert link["label"]
            assert is_address(link["url"])
            assert link["type"] in ("absolute", "smart")
            assert link["type"] == "smart" or "appContext" not in link
        for suggestion in card.get("suggestions", ()):
            assert suggestion["label"]
            assert isinstance(suggestion["actions"], list)
            assert suggestion["actions"]


def test_there_is_a_card_that_refers_elsewhere() -> None:
    """crd_external_reference_card_validation and its _across_hooks"""
    referring = {
        hook
        for hook, card in all_cards()
        if card.get("links") and all(link["type"] == "absolute" for link in card["links"])
    }

    assert {"order-select", "order-sign"} <= referring


def test_there_is_a_card_that_only_instructs() -> None:
    """crd_valid_instructions_card_received and its _across_hooks.

    Inferno takes a card without links for one. Here every card links to its evidence, so what instructs is a
    card that offers nothing to do and says in its detail what would settle the question.
    """
    instructing = {hook for hook, card in all_cards() if "suggestions" not in card and card.get("detail")}

    assert {"order-select", "order-sign"} <= instructing


def test_there_is_a_card_that_proposes_additional_orders() -> None:
    """crd_additional_orders_card_validation"""
    proposing = {
        hook
        for hook, card in all_cards()
        for taken in actions_of(card)
        if taken and all(action["type"] == "create" for action in taken)
    }

    assert {"order-select", "order-sign"} <= proposing


@each_scenario
def test_what_is_proposed_instead_refers_to_an_order_of_the_call(scenario: Scenario) -> None:
    """crd_propose_alternate_request_card_validation.

    Today the alternative is to leave the order out: a deletion. An exchange would delete and create the same
    type, or update the order in its place.
    """
    drafts = references(scenario.request()["context"].get("draftOrders", {}))

    for card in cards_of(scenario):
        for taken in actions_of(card):
            removed = [action["resourceId"] for action in taken if action["type"] == "delete"]
            updated = [
                f"{action['resource']['resourceType']}/{action['resource']['id']}"
                for action in taken
                if action["type"] == "update"
            ]
            assert {*removed, *updated} <= drafts


def test_there_is_a_card_that_proposes_to_leave_the_order_out() -> None:
    """crd_propose_alternate_request_card_validation, its occurrence"""
    removing = {
        hook
        for hook, card in all_cards()
        for taken in actions_of(card)
        if any(action["type"] == "delete" for action in taken)
    }

    assert {"order-select", "order-sign"} <= removing
