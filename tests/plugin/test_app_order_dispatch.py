"""order-dispatch: the order is named only, and comes from the prefetch or from the FHIR server."""

from __future__ import annotations

from typing import Any

import pytest
import responses

from tests.fake_fhir_server import FakeFhirServer
from tests.plugin.cards.service import (
    FHIR_BASE,
    ask,
    cards,
    entries,
    gaps,
    order_of,
    outcome,
    request_of,
    said,
    searchset,
    story,
    text,
    unread,
)
from tests.scenarios.scenario import FINDINGS, Json
from tests.scenarios.test_wire import actions

KEY = "dispatchedOrders"


def dispatch_of(name: str, **order_changes: Any) -> Json:
    """The story's order, signed and now sent to an imaging centre; it comes under its own prefetch key."""
    request = request_of(name)
    order = order_of(request) | {"status": "active"} | order_changes
    request["hook"] = "order-dispatch"
    request["context"] = {
        "patientId": request["context"]["patientId"],
        "dispatchedOrders": [f"ServiceRequest/{order['id']}"],
        "performer": "Organization/pain-clinic",
    }
    request["prefetch"][KEY] = searchset(order)
    request["prefetch"].pop("encounter", None)
    return request


def order_in(request: Json) -> Json:
    order: Json = entries(request, KEY)[0]["resource"]
    return order


def with_server(request: Json, *held: Json, **options: Any) -> tuple[Any, FakeFhirServer]:
    """The answer when the dispatched order has to be read from a FHIR server that holds `held`."""
    del request["prefetch"][KEY]
    request["fhirServer"] = FHIR_BASE
    server = FakeFhirServer(FHIR_BASE, [*held, *story("001").chart()], **options)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        server.mount(mock)
        return ask(request), server


@pytest.mark.parametrize("name", ["001", "002", "025", "044", "045"])
def test_a_dispatched_order_is_reviewed_like_a_signed_one(name: str) -> None:
    assert gaps(cards(dispatch_of(name))) == gaps(cards(request_of(name)))


@pytest.mark.parametrize(
    "spelled",
    [
        lambda r: {"dispatched-orders": [r], "fulfillment-tasks": [{"resourceType": "Task"}]},
        lambda r: {"order": r, "task": {"resourceType": "Task"}},
    ],
    ids=["with dashes", "hook version 1.0"],
)
def test_every_spelling_of_the_context_leads_to_the_same_cards(spelled: Any) -> None:
    request = dispatch_of("025")
    plain = cards(request)
    [reference] = request["context"].pop("dispatchedOrders")
    request["context"] |= spelled(reference)

    assert cards(request) == plain


def test_the_cards_name_the_order_and_ask_nothing_of_a_user_who_is_not_there() -> None:
    request = dispatch_of("025")

    answer = cards(request)

    spoken = {f["order"] for card in answer for f in card["extension"][FINDINGS]["findings"]}
    assert spoken == {f"ServiceRequest/{order_in(request)['id']}"}
    [offered] = list(actions(answer))
    assert offered["type"] == "create"
    assert "requester" not in offered["resource"]


def test_a_signed_order_is_not_offered_for_removal() -> None:
    answer = cards(dispatch_of("002"))

    assert gaps(answer) == {"IND-1"}
    assert list(actions(answer)) == []


@pytest.mark.parametrize("status", ["revoked", "cancelled", "entered-in-error", "completed"])
def test_an_order_that_is_over_gets_no_card(status: str) -> None:
    assert cards(dispatch_of("025", status=status)) == []


def test_an_order_about_another_patient_is_not_reviewed_and_that_is_said() -> None:
    answer = cards(dispatch_of("025", subject={"reference": "Patient/somebody-else"}))

    assert [criterion for criterion, *_ in said(answer)] == ["SCOPE"]
    assert "another patient" in text(answer)


def test_an_order_in_the_prefetch_that_was_not_dispatched_is_left_alone() -> None:
    request = dispatch_of("001")
    other = order_of(request_of("010")) | {"id": "not-dispatched", "subject": order_in(request)["subject"]}
    entries(request, KEY).append({"resource": other})

    assert cards(request) == []


@pytest.mark.parametrize("reference", ["MedicationRequest/m1", "DeviceRequest/d1"])
def test_a_dispatch_of_something_else_gets_no_card_and_no_read(reference: str) -> None:
    request = dispatch_of("025")
    request["context"]["dispatchedOrders"] = [reference]

    answer, server = with_server(request)

    assert answer.get_json() == {"cards": []}
    assert server.asked == []


def test_the_order_is_found_among_the_orders_on_file() -> None:
    request = dispatch_of("025")
    entries(request, "serviceRequests").append(request["prefetch"].pop(KEY)["entry"][0])

    assert gaps(cards(request)) == {"IMG-1"}


def test_the_order_is_read_from_the_fhir_server_by_its_id() -> None:
    request = dispatch_of("025")
    order = order_in(request)

    answer, server = with_server(request, order)

    assert gaps(answer.get_json()["cards"]) == {"IMG-1"}
    assert server.asked[0] == f"ServiceRequest/{order['id']}"


def test_an_order_of_another_procedure_leads_to_no_further_read() -> None:
    request = dispatch_of("138")
    order = order_in(request)

    answer, server = with_server(request, order)

    assert answer.get_json() == {"cards": []}
    assert server.asked == [f"ServiceRequest/{order['id']}"]


@pytest.mark.parametrize("identity", ["a@b", "a:b", "x" * 300 + "~"])
def test_an_id_with_more_than_plain_letters_is_never_put_into_a_path(identity: str) -> None:
    request = dispatch_of("025", id=identity)

    answer, server = with_server(request, order_in(request))

    assert answer.status_code == 412
    assert server.asked == []


def test_an_answer_with_another_id_is_no_answer() -> None:
    request = dispatch_of("025")
    request["context"]["dispatchedOrders"] = ["ServiceRequest/wanted"]
    stranger = order_in(request) | {"id": "stranger"}
    del request["prefetch"][KEY]
    request["fhirServer"] = FHIR_BASE

    with responses.RequestsMock() as mock:
        mock.get(f"{FHIR_BASE}/ServiceRequest/wanted", json=stranger)
        answer = ask(request)

    assert answer.status_code == 412


@pytest.mark.parametrize("key", ["absent", "error"])
def test_an_order_that_cannot_be_had_is_412_naming_its_key(key: str) -> None:
    request = dispatch_of("025")
    del request["prefetch"][KEY]
    if key == "error":
        request["prefetch"][KEY] = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}

    answer = ask(request)

    assert answer.status_code == 412
    assert outcome(answer)["issue"][0]["expression"] == [f"prefetch.{KEY}"]


def test_a_server_that_refuses_the_order_is_412() -> None:
    request = dispatch_of("025")

    answer, _ = with_server(request, order_in(request), forbidden=["ServiceRequest"])

    assert answer.status_code == 412


@pytest.mark.parametrize("value", [None, searchset()], ids=["null", "empty"])
def test_an_order_that_the_ehr_looked_for_in_vain_is_said_to_be_unread(value: Any) -> None:
    request = dispatch_of("025")
    request["prefetch"][KEY] = value

    answer = cards(request)

    assert [(criterion, kind) for criterion, kind, *_ in said(answer)] == [("SCOPE", "unknown")]


def test_an_order_that_the_server_does_not_know_is_said_to_be_unread() -> None:
    answer, _ = with_server(dispatch_of("025"))

    assert [criterion for criterion, *_ in said(answer.get_json()["cards"])] == ["SCOPE"]


def test_of_two_orders_the_one_that_can_be_had_is_reviewed_and_the_other_is_named() -> None:
    request = dispatch_of("025")
    request["context"]["dispatchedOrders"].append("ServiceRequest/lost")

    answer = cards(request)

    assert gaps(answer) == {"IMG-1"}
    assert ("SCOPE", "unknown", "info", "ambiguous") in said(answer)
    assert "ServiceRequest/lost" in text(answer)


def test_an_order_that_is_malformed_is_said_to_be_unread() -> None:
    request = dispatch_of("025", code="62323")

    assert [criterion for criterion, *_ in said(cards(request))] == ["SCOPE"]


def test_what_is_missing_of_the_record_is_unknown_as_at_every_hook() -> None:
    request = dispatch_of("025")
    del request["prefetch"]["imaging"]

    assert unread(cards(request)) == {"IMG-1"}
