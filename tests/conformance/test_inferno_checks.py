"""Inferno's checks of a CRD server, less those of coverage information, put to this service.

Each test says in its first line which of Inferno's tests it re-expresses. What Inferno demands of CRD alone
(coverage information as a system action, form completion) is not part of CDS Hooks and left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fhir.resources.R4B import get_fhir_model_class
from flask.testing import FlaskClient

from plugin.app import create_app
from tests.cds_hooks.tokens import PUBLIC_URL, bearer
from tests.conformance.calls import Call, answer_to, body_of, calls, cards_of
from tests.conformance.invariants import REQUEST, RESPONSE, UUID, broken
from tests.plugin.cards.service import SERVICE, client
from tests.plugin.registered import development, token
from tests.scenarios.scenario import Json

HOOKS = (
    *("appointment-book", "encounter-start", "encounter-discharge"),
    *("order-dispatch", "order-select", "order-sign"),
)
ID = r"[A-Za-z0-9.-]{1,64}"
USERS = rf"(Practitioner|PractitionerRole|Patient|RelatedPerson)/{ID}"
ORDER_TYPES = {
    *("CommunicationRequest", "DeviceRequest", "MedicationRequest", "NutritionOrder"),
    *("ServiceRequest", "Task", "VisionPrescription", "Appointment"),
}
ONE_OF_EACH_HOOK = {"spec-order-select", "spec-order-sign", "spec-order-dispatch", "spec-appointment-book"}
each_call = pytest.mark.parametrize("call", calls(), ids=lambda call: call.name)


def all_cards() -> Iterator[tuple[str, Json]]:
    """Every card of every call, with the hook that it answers."""
    for call in calls():
        yield from ((call.request()["hook"], card) for card in cards_of(call))


def offered() -> set[str]:
    return {service["hook"] for service in client().get("/cds-services").get_json()["services"]}


def actions_of(card: Json) -> Iterator[tuple[Json, ...]]:
    """Per suggestion, what is done when it is taken."""
    yield from (tuple(suggestion.get("actions", ())) for suggestion in card.get("suggestions", ()))


def is_address(value: Any) -> bool:
    parts = urlsplit(value)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


@pytest.fixture
def registered(tmp_path: Path) -> FlaskClient:
    """The service at a site where Inferno is registered: calls need a token."""
    return create_app(development(tmp_path)).test_client()


def test_discovery_answers_with_json(registered: FlaskClient) -> None:
    """crd_discovery_endpoint_test, with a token and without"""
    for service in (client(), registered):
        for headers in ({}, bearer(token(aud=f"{PUBLIC_URL}/cds-services"))):
            answer = service.get("/cds-services", headers=headers)

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


@each_call
def test_a_call_is_answered_with_200_and_json(call: Call) -> None:
    """crd_service_call_test"""
    assert answer_to(call).status_code == 200
    assert isinstance(json.loads(answer_to(call).data), dict)


@pytest.mark.parametrize(
    "call", [c for c in calls() if c.name in ONE_OF_EACH_HOOK], ids=lambda call: call.name
)
def test_a_call_with_a_signed_token_is_answered_with_200_and_json(
    registered: FlaskClient, call: Call
) -> None:
    """crd_service_call_test, with a token like Inferno's: ES384, five minutes to live"""
    answer = registered.post(SERVICE, json=call.request(), headers=bearer(token()))
    again = registered.post(SERVICE, json=call.request(), headers=bearer(token()))
    without = registered.post(SERVICE, json=call.request())

    assert [each.status_code for each in (answer, again, without)] == [200, 200, 401]
    assert isinstance(json.loads(answer.data), dict)
    assert broken(answer.get_json(), RESPONSE) == []


def test_there_is_a_call_with_a_token_on_every_hook() -> None:
    assert {c.request()["hook"] for c in calls() if c.name in ONE_OF_EACH_HOOK} == offered()


@each_call
def test_a_request_has_its_required_fields(call: Call) -> None:
    """crd_service_request_required_fields_validation"""
    request = call.request()

    assert request["hook"] in offered()
    assert UUID.fullmatch(request["hookInstance"])
    assert isinstance(request["context"], dict)
    assert broken(request, REQUEST) == []


OUT_OF_LINE = {
    **dict.fromkeys(("epic-local-code", "epic-order-select", "epic-order-sign"), "ids of any length"),
    **dict.fromkeys(("sandbox-order-dispatch", "spec-order-dispatch-1.0"), "fields as in older definitions"),
}
"""Calls that are answered although Inferno would not take their contexts, and why it would not."""


@pytest.mark.parametrize(
    "call", [c for c in calls() if c.name not in OUT_OF_LINE], ids=lambda call: call.name
)
def test_a_context_has_what_its_hook_defines(call: Call) -> None:
    """crd_service_request_context_validation"""
    assert_context(call.request())


@pytest.mark.parametrize("call", [c for c in calls() if c.name in OUT_OF_LINE], ids=lambda call: call.name)
def test_a_context_out_of_line_is_found(call: Call) -> None:
    with pytest.raises(AssertionError):
        assert_context(call.request())


def assert_context(request: Json) -> None:
    context = request["context"]
    assert re.fullmatch(ID, context["patientId"])
    if "userId" in context:
        assert re.fullmatch(USERS, context["userId"])
    if "encounterId" in context:
        assert re.fullmatch(ID, context["encounterId"])
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
    assert all(re.fullmatch(ID, entry["resource"]["id"]) for entry in bundle["entry"])
    assert {entry["resource"]["resourceType"] for entry in bundle["entry"]} <= ORDER_TYPES


def references(bundle: Json) -> set[str]:
    resources = [entry["resource"] for entry in bundle.get("entry", ())]
    return {f"{resource['resourceType']}/{resource['id']}" for resource in resources}


@each_call
def test_the_optional_fields_of_a_request_are_what_they_should_be(call: Call) -> None:
    """crd_service_request_optional_fields_validation"""
    request = call.request()

    assert is_address(request.get("fhirServer", "https://ehr.example.org"))
    assert isinstance(request.get("fhirAuthorization", {}), dict)
    assert isinstance(request.get("prefetch", {}), dict)
    for value in request.get("prefetch", {}).values():
        assert value is None or isinstance(value["resourceType"], str)


@each_call
def test_a_response_has_valid_cards(call: Call) -> None:
    """crd_service_response_validation, less the systemActions that CRD requires"""
    body = body_of(call)

    assert isinstance(body["cards"], list)
    assert broken(body, RESPONSE) == []
    for card in body["cards"]:
        assert len(card["summary"]) < 140
        assert card["indicator"] in ("info", "warning", "critical")
        assert card["source"]["label"]
        assert card["source"]["topic"]["code"]
        assert card["source"]["topic"]["system"]


@each_call
def test_the_actions_of_a_response_carry_what_their_type_needs(call: Call) -> None:
    """crd_service_response_validation: the action part"""
    for card in cards_of(call):
        for action in (action for taken in actions_of(card) for action in taken):
            assert action["description"]
            if action["type"] == "delete":
                assert re.fullmatch(r"[A-Z][A-Za-z]+/\S+", action["resourceId"])
            else:
                resource = action["resource"]
                get_fhir_model_class(resource["resourceType"]).model_validate(resource)


@each_call
def test_the_optional_fields_of_a_card_are_valid(call: Call) -> None:
    """crd_card_optional_fields_validation"""
    for card in cards_of(call):
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

    assert referring == {"order-select", "order-sign", "order-dispatch"}


def test_there_is_a_card_that_only_instructs() -> None:
    """crd_valid_instructions_card_received and its _across_hooks.

    Inferno takes a card without links for one, as those at booking are. Every other card links to its
    evidence, so what instructs there is a card that offers nothing to do and says in its detail what would
    settle the question.
    """
    instructing = [
        (hook, card) for hook, card in all_cards() if "suggestions" not in card and card.get("detail")
    ]

    assert {hook for hook, card in instructing if "links" not in card} == {"appointment-book"}
    assert {hook for hook, _ in instructing} == offered()


def test_there_is_a_card_that_proposes_additional_orders() -> None:
    """crd_additional_orders_card_validation"""
    proposing = {
        hook
        for hook, card in all_cards()
        for taken in actions_of(card)
        if taken and all(action["type"] == "create" for action in taken)
    }

    assert proposing == {"order-select", "order-sign", "order-dispatch"}


@each_call
def test_what_is_proposed_instead_refers_to_an_order_of_the_call(call: Call) -> None:
    """crd_propose_alternate_request_card_validation.

    Today the alternative is to leave the order out: a deletion. An exchange would delete and create the same
    type, or update the order in its place.
    """
    drafts = references(call.request()["context"].get("draftOrders", {}))

    for card in cards_of(call):
        for taken in actions_of(card):
            removed = [action["resourceId"] for action in taken if action["type"] == "delete"]
            updated = [
                f"{action['resource']['resourceType']}/{action['resource']['id']}"
                for action in taken
                if action["type"] == "update"
            ]
            assert {*removed, *updated} <= drafts


def test_there_is_a_card_that_proposes_to_leave_the_order_out() -> None:
    """crd_propose_alternate_request_card_validation, its occurrence; where the order is still a draft"""
    removing = {
        hook
        for hook, card in all_cards()
        for taken in actions_of(card)
        if any(action["type"] == "delete" for action in taken)
    }

    assert removing == {"order-select", "order-sign"}
