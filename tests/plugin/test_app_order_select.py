"""order-select: which orders are meant, in every spelling, and what the others beside them are good for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.plugin.cards.service import cards, entries, gaps, order_of, request_of, said
from tests.scenarios.scenario import FINDINGS, Json
from tests.scenarios.test_wire import actions

OTHER = "other-injection"


def two_orders() -> tuple[Json, str]:
    """An order with a warning (no MRI) and its twin; both would be warned about. And the first one's id."""
    request = request_of("025")
    order = order_of(request)
    request["hook"] = "order-select"
    twin = order | {"id": OTHER}
    request["context"]["draftOrders"]["entry"].append({"resource": twin})
    return request, order["id"]


def spoken_of(answer: list[Json]) -> set[str]:
    return {f["order"] for card in answer for f in card["extension"][FINDINGS]["findings"]}


SPELLINGS: dict[str, Callable[[str], Any]] = {
    "relative": lambda id_: f"ServiceRequest/{id_}",
    "bare": lambda id_: id_,
    "absolute": lambda id_: f"https://ehr.example.org/fhir/ServiceRequest/{id_}",
    "versioned": lambda id_: f"ServiceRequest/{id_}/_history/3",
    "absolute and versioned": lambda id_: f"https://ehr.example.org/fhir/ServiceRequest/{id_}/_history/3",
    "fullUrl": lambda id_: "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
    "bare fullUrl": lambda id_: "0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_only_the_selected_order_gets_cards(spelling: Callable[[str], Any]) -> None:
    request, first = two_orders()
    drafts = request["context"]["draftOrders"]["entry"]
    drafts[0]["fullUrl"] = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
    request["context"]["selections"] = [spelling(first)]

    answer = cards(request)

    assert gaps(answer) == {"IMG-1"}
    assert spoken_of(answer) == {f"ServiceRequest/{first}"}


@pytest.mark.parametrize("selections", [None, [], "missing", [None], [7], "x", {}], ids=repr)
def test_without_usable_selections_every_order_is_meant(selections: Any) -> None:
    request, first = two_orders()
    request["context"]["selections"] = selections
    if selections == "missing":
        del request["context"]["selections"]

    assert spoken_of(cards(request)) == {f"ServiceRequest/{first}", f"ServiceRequest/{OTHER}"}


def test_at_signing_every_order_is_meant_whatever_the_selections_say() -> None:
    request, first = two_orders()
    request |= {"hook": "order-sign"}
    request["context"]["selections"] = [f"ServiceRequest/{first}"]

    assert spoken_of(cards(request)) == {f"ServiceRequest/{first}", f"ServiceRequest/{OTHER}"}


def test_a_selection_of_something_else_leaves_the_injection_alone() -> None:
    request, _ = two_orders()
    other = {"resourceType": "ServiceRequest", "id": "visit-1", "code": {"text": "Office visit"}}
    request["context"]["draftOrders"]["entry"].append({"resource": other})
    request["context"]["selections"] = ["ServiceRequest/visit-1"]

    assert cards(request) == []


def draft(code: str, system: str = "http://www.ama-assn.org/go/cpt", **more: Any) -> Json:
    order: Json = {
        "resourceType": "ServiceRequest",
        "id": "alongside-1",
        "status": "draft",
        "intent": "order",
        "code": {"coding": [{"system": system, "code": code}]},
    }
    return order | more


def alongside(request: Json, order: Json) -> Json:
    subject = order_of(request)["subject"]
    request["context"]["draftOrders"]["entry"].append({"resource": {"subject": subject} | order})
    request["context"]["selections"] = [f"ServiceRequest/{order_of(request)['id']}"]
    return request | {"hook": "order-select"}


def test_an_mri_drafted_alongside_is_ordered_without_a_result_and_not_suggested_again() -> None:
    request = alongside(request_of("025"), draft("72148"))

    answer = cards(request)

    assert said(answer) == [("IMG-1", "gap", "warning", None)]
    assert "ordered, no result" in answer[0]["summary"]
    assert list(actions(answer)) == []


def test_an_mri_of_another_region_drafted_alongside_is_no_mri_of_this_one() -> None:
    request = alongside(request_of("025"), draft("72141"))

    answer = cards(request)

    assert gaps(answer) == {"IMG-1"}
    assert "ordered, no result" not in answer[0]["summary"]


def test_a_referral_to_physiotherapy_drafted_alongside_is_not_suggested_again() -> None:
    before = cards(request_of("045") | {"hook": "order-select"})
    offered = [a["resource"]["code"] for a in actions(before)]
    referral = draft("any") | {"code": offered[0]}

    answer = cards(alongside(request_of("045"), referral))

    assert offered
    assert gaps(answer) == {"CC-1"}
    assert list(actions(answer)) == []


def test_a_finished_injection_among_the_drafts_is_left_alone() -> None:
    request, first = two_orders()
    order_of(request, 1)["status"] = "revoked"

    assert spoken_of(cards(request)) == {f"ServiceRequest/{first}"}


def test_an_order_without_an_id_is_reviewed_and_not_offered_for_removal() -> None:
    request = request_of("002")
    del order_of(request)["id"]

    answer = cards(request)

    assert gaps(answer) == {"IND-1"}
    assert [a for a in actions(answer) if a["type"] == "delete"] == []


@pytest.mark.parametrize("shape", ["no type", "array", "one resource", "array of entries", "no fullUrl"])
def test_drafts_are_read_in_the_shapes_that_ehrs_send(shape: str) -> None:
    request = request_of("025")
    before = cards(request)
    order = order_of(request)
    shapes: dict[str, Any] = {
        "no type": {"resourceType": "Bundle", "entry": [{"resource": order}]},
        "array": [order],
        "one resource": order,
        "array of entries": [{"resource": order}],
        "no fullUrl": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]},
    }
    request["context"]["draftOrders"] = shapes[shape]

    assert cards(request) == before


def test_a_charted_mri_order_is_as_good_as_one_drafted_alongside() -> None:
    request = request_of("025")
    subject = order_of(request)["subject"]
    entries(request, "serviceRequests").append({"resource": draft("72148", subject=subject, status="active")})

    assert "ordered, no result" in cards(request)[0]["summary"]


def test_a_drug_in_an_entry_of_its_own_counts_like_one_in_its_order() -> None:
    request = request_of("135")  # A baclofen trial.
    entries_of_drafts = request["context"]["draftOrders"]["entry"]
    drug = entries_of_drafts[1]["resource"]
    code = drug.pop("medicationCodeableConcept")
    drug["medicationReference"] = {"reference": "Medication/m1"}
    without_drug = cards(request)

    entries_of_drafts.append({"resource": {"resourceType": "Medication", "id": "m1", "code": code}})

    assert without_drug != []
    assert cards(request) == []
