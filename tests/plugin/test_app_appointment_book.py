"""appointment-book: the order behind a visit is reviewed, and what is open is said to whoever books."""

from __future__ import annotations

import re
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
    story,
    text,
    unread,
)
from tests.scenarios.scenario import FINDINGS, Json

VISIT = "visit-1"


def appointment(patient: str, **elements: Any) -> Json:
    actor = {"actor": {"reference": f"Patient/{patient}"}, "status": "needs-action"}
    return {
        "resourceType": "Appointment",
        "id": VISIT,
        "status": "proposed",
        "start": "2026-11-25T09:00:00-05:00",
        "participant": [actor],
        **elements,
    }


def booking_of(name: str, **elements: Any) -> Json:
    """The story's order is on file; a visit for it is being booked by a member of the family."""
    request = request_of(name)
    order = order_of(request) | {"status": "active"}
    patient = request["context"]["patientId"]
    elements = {"basedOn": [{"reference": f"ServiceRequest/{order['id']}"}]} | elements
    request["hook"] = "appointment-book"
    request["context"] = {
        "userId": "RelatedPerson/mother",
        "patientId": patient,
        "appointments": {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": appointment(patient, **elements)}],
        },
    }
    request["prefetch"].pop("encounter", None)
    entries(request, "serviceRequests").append({"resource": order})
    return request


def without_order(name: str, code: str | None = "62323", **elements: Any) -> Json:
    """A visit of a kind, for a reason, and for no order."""
    request = booking_of(name)
    system = "http://www.ama-assn.org/go/cpt"
    visit = request["context"]["appointments"]["entry"][0]["resource"]
    del visit["basedOn"]
    visit["reasonReference"] = order_of(request_of(name)).get("reasonReference", [])
    if code is not None:
        visit["serviceType"] = [{"coding": [{"system": system, "code": code}]}]
    visit |= elements
    entries(request, "serviceRequests").pop()
    return request


def spoken_of(answer: list[Json]) -> set[str]:
    return {f["order"] for card in answer for f in card["extension"][FINDINGS]["findings"]}


@pytest.mark.parametrize("name", ["001", "002", "025", "044", "045"])
def test_the_order_behind_a_visit_is_reviewed_like_a_signed_one(name: str) -> None:
    assert gaps(cards(booking_of(name))) == gaps(cards(request_of(name)))


def test_a_visit_for_an_order_that_meets_everything_gets_no_card() -> None:
    assert cards(booking_of("001"), notes="always") == []


CLINICAL = re.compile(
    r"M\d\d\.|62323|\b\d+ days|physio|naproxen|radicul|axial|guideline|epidural|MRI|BMJ|ServiceRequest/",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", ["002", "009", "010", "025", "028", "044", "045", "046", "050", "126"])
@pytest.mark.parametrize("notes", ["attached", "always"])
def test_whoever_books_reads_what_is_open_and_nothing_of_the_chart(name: str, notes: str) -> None:
    if name == "126":
        request = booking_of("025")
        request["prefetch"]["patient"]["birthDate"] = "2011-01-01"
    else:
        request = booking_of(name)

    answer = cards(request, notes=notes)

    assert len(answer) == 1
    assert "the ordering clinician" in text(answer)
    assert not CLINICAL.search(text(answer))
    chart = [r["code"]["coding"][0].get("display", "-") for r in story("025").chart() if "code" in r]
    assert [words for words in chart if words in text(answer)] == []


def test_whoever_books_is_offered_nothing_that_changes_the_order() -> None:
    [card] = cards(booking_of("002"))

    assert card.keys().isdisjoint({"suggestions", "selectionBehavior", "overrideReasons", "links"})


def test_one_card_per_order_names_everything_that_is_open_about_it() -> None:
    request = booking_of("045")
    request["prefetch"]["imaging"] = {"resourceType": "Bundle", "type": "searchset", "total": 0}

    [card] = cards(request)

    assert gaps([card]) == {"IMG-1", "CC-1"}
    assert "imaging of the spine" in card["summary"]
    assert "earlier treatment" in card["summary"]
    assert card["indicator"] == "warning"


def test_what_cannot_be_read_is_said_to_be_unchecked() -> None:
    request = booking_of("025")
    del request["prefetch"]["imaging"]

    [card] = cards(request)

    assert unread([card]) == {"IMG-1"}
    assert card["source"]["topic"]["code"] == "UNKNOWN"
    assert "not checked" in card["summary"]


def test_the_day_of_the_visit_is_the_day_that_counts() -> None:
    request = booking_of("028", start="2026-08-20T09:00:00Z")  # The MRI is of 2024-09-01.
    entries(request, "serviceRequests")[-1]["resource"]["occurrenceDateTime"] = "2026-11-25"

    assert "IMG-1" not in gaps(cards(request))


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error", "noshow", "fulfilled"])
def test_a_visit_that_is_over_gets_no_card(status: str) -> None:
    assert cards(booking_of("025", status=status)) == []


@pytest.mark.parametrize("element", ["basedOn", "reasonReference"])
def test_the_order_is_found_by_either_reference(element: str) -> None:
    request = booking_of("025")
    visit = request["context"]["appointments"]["entry"][0]["resource"]
    visit[element] = [{"reference": f"https://ehr.example.org/fhir/{visit.pop('basedOn')[0]['reference']}"}]

    assert gaps(cards(request)) == {"IMG-1"}


def test_the_order_is_read_from_the_fhir_server_by_its_id() -> None:
    request = booking_of("025")
    order = entries(request, "serviceRequests").pop()["resource"]
    request["fhirServer"] = FHIR_BASE

    with responses.RequestsMock() as mock:
        server = FakeFhirServer(FHIR_BASE, [order, *story("025").chart()])
        server.mount(mock)
        answer = ask(request)

    assert gaps(answer.get_json()["cards"]) == {"IMG-1"}
    assert server.asked[0] == f"ServiceRequest/{order['id']}"


def test_an_order_that_cannot_be_had_is_412() -> None:
    request = booking_of("025")
    del request["prefetch"]["serviceRequests"]

    answer = ask(request)

    assert answer.status_code == 412
    assert outcome(answer)["issue"][0]["expression"] == ["prefetch.serviceRequests"]


def test_an_order_that_is_not_among_those_on_file_is_said_to_be_unread() -> None:
    request = booking_of("025")
    entries(request, "serviceRequests").pop()

    answer = cards(request)

    assert [criterion for criterion, *_ in said(answer)] == ["SCOPE"]
    assert "could not be looked at" in text(answer)


def test_a_visit_for_an_injection_without_an_order_is_reviewed_by_its_kind() -> None:
    answer = cards(without_order("025"))

    assert gaps(answer) == {"IMG-1"}
    assert spoken_of(answer) == {f"Appointment/{VISIT}"}
    assert cards(without_order("001")) == []


@pytest.mark.parametrize("code", ["99213", "72148", None])
def test_a_visit_of_another_kind_gets_no_card_and_no_read(code: str | None) -> None:
    request = without_order("025", code)
    request["fhirServer"] = FHIR_BASE
    del request["prefetch"]

    with responses.RequestsMock():
        assert cards(request) == []


def test_a_visit_named_an_injection_in_words_only_gets_no_card() -> None:
    words = [{"text": "lumbar epidural steroid injection"}]

    assert cards(without_order("025", None, serviceType=words)) == []


def test_a_visit_for_another_patient_is_not_reviewed_and_that_is_said() -> None:
    stranger = [{"actor": {"reference": "Practitioner/x"}}, {"actor": {"reference": "Patient/stranger"}}]

    answer = cards(without_order("025", participant=stranger))

    assert [criterion for criterion, *_ in said(answer)] == ["SCOPE"]


def test_two_slots_for_one_order_are_one_order() -> None:
    request = booking_of("025")
    listed = request["context"]["appointments"]["entry"]
    listed.append({"resource": listed[0]["resource"] | {"id": "visit-2", "start": "2026-12-01T09:00:00Z"}})

    assert len(cards(request)) == 1


@pytest.mark.parametrize(
    "odd", [{"start": 7}, {"basedOn": "ServiceRequest/x"}, {"participant": ["Patient/x"]}]
)
def test_a_visit_that_is_malformed_is_said_to_be_unread_when_it_may_be_ours(odd: Json) -> None:
    assert [criterion for criterion, *_ in said(cards(booking_of("025", **odd)))] == ["SCOPE"]
    assert cards(without_order("025", "99213", start=7, reasonReference=[])) == []


@pytest.mark.parametrize("odd", [{}, {"start": 7}], ids=["sound", "malformed"])
def test_the_same_visit_twice_gets_no_card_twice(odd: Json) -> None:
    request = booking_of("025", **odd)
    request["context"]["appointments"]["entry"] *= 2

    assert len(cards(request)) == 1


def test_an_entry_that_is_no_resource_is_said_to_be_unread_when_it_may_be_ours() -> None:
    request = booking_of("001")
    request["context"]["appointments"]["entry"] += [{"resource": "62323"}, {"resource": "99213"}]

    assert [criterion for criterion, *_ in said(cards(request))] == ["SCOPE"]
