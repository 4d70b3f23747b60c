"""What cards offer: complete draft orders, a removal where there is an id, and nothing that is on its way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.plugin.cards.service import (
    SERVICE,
    cards,
    client,
    entries,
    gaps,
    order_of,
    request_of,
    searchset,
)
from tests.scenarios.scenario import Json
from tests.scenarios.test_wire import actions, suggestions

CPT = "http://www.ama-assn.org/go/cpt"
SNOMED = "http://snomed.info/sct"
SITES = {"cervical": "122494005", "thoracic": "122495006", "lumbar": "122496007"}
ORDERS = [
    *((CPT, "62321", site) for site in ("cervical", "thoracic", None)),
    *((CPT, "62320", site) for site in ("cervical", "thoracic")),
    *((CPT, code, site) for code in ("62322", "62323") for site in ("lumbar", None)),
    *((CPT, code, site) for code in ("64479", "64480") for site in ("cervical", "thoracic", None)),
    *((CPT, code, site) for code in ("64483", "64484") for site in ("lumbar", None)),
]
BARE: Json = {key: searchset() for key in ("conditions", "procedures", "serviceRequests", "reports")} | {
    key: searchset() for key in ("imaging", "medications", "medicationStatements", "observations")
}


def bare_order(system: str, code: str, site: str | None, **more: Any) -> Json:
    """An order on an empty chart, at signing."""
    request = request_of("001")
    request["prefetch"] |= {key: dict(value) for key, value in BARE.items()}
    order = order_of(request)
    order.pop("reasonReference", None)
    order["code"] = {"coding": [{"system": system, "code": code}]}
    if site is not None:
        order["bodySite"] = [{"coding": [{"system": SNOMED, "code": SITES[site]}]}]
    order.update(more)
    return request


@pytest.mark.parametrize(("system", "code", "site"), ORDERS)
def test_an_order_on_an_empty_chart_is_offered_valid_drafts(system: str, code: str, site: str | None) -> None:
    request = bare_order(system, code, site)

    answer = cards(request)

    offered = [a["resource"] for a in actions(answer) if a["type"] == "create"]
    assert gaps(answer) - {"APR-1", "GUI-1"} == {"IMG-1", "CC-1"}
    assert offered
    for resource in offered:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        assert (resource["status"], resource["intent"]) == ("draft", "order")
        assert resource["subject"]["reference"] == f"Patient/{request['context']['patientId']}"
        assert resource["requester"]["reference"] == request["context"]["userId"]
        assert all(coding["system"] and coding["code"] for coding in resource["code"]["coding"])


@pytest.mark.parametrize(
    ("code", "site", "mri"),
    [("62321", "cervical", "72141"), ("62321", "thoracic", "72146"), ("62323", None, "72148")],
)
def test_the_suggested_mri_is_of_the_ordered_region(code: str, site: str | None, mri: str) -> None:
    answer = cards(bare_order(CPT, code, site))

    offered = [a["resource"]["code"] for a in actions(answer) if "MRI" in a["description"]]
    assert [c["code"] for code in offered for c in code["coding"] if c["system"] == CPT] == [mri]


@pytest.mark.parametrize(("system", "code", "site"), ORDERS)
def test_an_mri_that_is_ordered_already_is_not_offered(system: str, code: str, site: str | None) -> None:
    request = bare_order(system, code, site)
    offered = [a["resource"] for a in actions(cards(request)) if "MRI" in a["description"]]
    for number, resource in enumerate(offered):
        charted = resource | {"id": f"charted-{number}", "status": "active"}
        entries(request, "serviceRequests").append({"resource": charted})

    answer = cards(request)

    assert "IMG-1" in gaps(answer)
    assert [a for a in actions(answer) if "MRI" in a["description"]] == []


def test_an_mri_is_not_offered_to_a_patient_with_a_contraindication() -> None:
    request, pacemaker = request_of("025"), request_of("032")
    barring = [
        entry
        for entry in entries(pacemaker, "conditions")
        if "Z95" in str(entry["resource"]["code"]) or "pacemaker" in str(entry["resource"]["code"]).lower()
    ]
    patient = {"reference": f"Patient/{request['context']['patientId']}"}
    for entry in barring:
        entries(request, "conditions").append({"resource": entry["resource"] | {"subject": patient}})

    answer = cards(request)

    assert barring
    assert gaps(answer) == {"IMG-1"}
    assert list(actions(answer)) == []


@pytest.mark.parametrize("name", ["046"])
def test_a_patient_who_is_referred_already_is_not_offered_a_referral(name: str) -> None:
    answer = cards(request_of(name))

    assert gaps(answer) == {"CC-1"}
    assert list(actions(answer)) == []


@pytest.mark.parametrize("name", ["002", "004", "009", "010", "016", "018", "020a", "024"])
def test_an_order_with_an_id_can_be_taken_back(name: str) -> None:
    request = request_of(name)
    reference = f"ServiceRequest/{order_of(request)['id']}"

    deletions = [a for a in actions(cards(request)) if a["type"] == "delete"]

    assert [a["resourceId"] for a in deletions] == [reference]
    assert all("resource" not in a for a in deletions)


@pytest.mark.parametrize("name", ["002", "004", "009", "010", "016", "018", "020a", "024"])
def test_an_order_without_an_id_cannot(name: str) -> None:
    request = request_of(name)
    del order_of(request)["id"]

    answer = cards(request)

    assert gaps(answer)
    assert [a for a in actions(answer) if a["type"] == "delete"] == []


@pytest.mark.parametrize("encounter", [None, "encounter-9", "Encounter/encounter-9"])
def test_a_suggested_order_belongs_to_the_encounter_of_the_call(encounter: str | None) -> None:
    request = request_of("025")
    del request["context"]["encounterId"]
    request["context"] |= {"encounterId": encounter} if encounter else {}

    (action,) = actions(cards(request))

    wanted = {"reference": "Encounter/encounter-9"} if encounter else None
    assert action["resource"].get("encounter") == wanted


@pytest.mark.parametrize("name", ["025", "044", "045"])
def test_each_suggestion_has_one_action(name: str) -> None:
    for suggestion in suggestions(cards(request_of(name))):
        assert len(suggestion["actions"]) == 1


def test_a_question_left_open_offers_nothing() -> None:
    request = request_of("025")
    del request["prefetch"]["imaging"]

    assert list(suggestions(cards(request))) == []


def moves(request: Json) -> list[Json]:
    return [action for action in actions(cards(request)) if action["type"] == "update"]


@pytest.mark.parametrize(
    ("planned", "moved"),
    [
        ("2026-11-25", "2026-11-29"),
        ("2026-11-25T09:30:00+01:00", "2026-11-29T09:30:00+01:00"),
        ("2026-11-28T23:59:59.5Z", "2026-11-29T23:59:59.5Z"),
    ],
)
def test_an_order_too_soon_is_offered_the_first_day_that_is_far_enough(planned: str, moved: str) -> None:
    request = request_of("111")
    order_of(request)["occurrenceDateTime"] = planned

    (action,) = moves(request)

    assert action["resource"] == order_of(request) | {"occurrenceDateTime": moved}
    assert "2026-11-29" in action["description"]


def test_an_order_that_is_moved_keeps_everything_it_held() -> None:
    request = request_of("111")
    order_of(request).update(
        extension=[{"url": "https://example.org/unknown", "valueDecimal": 1.5}],
        _occurrenceDateTime={"extension": [{"url": "https://example.org/slot", "valueString": "Ä 7"}]},
        note=[{"text": "Prefers mornings"}],
    )
    body = json.dumps(request).replace('"valueDecimal": 1.5', '"valueDecimal": 1.500')

    answer = client().post(SERVICE, data=body, content_type="application/json")

    (action,) = actions(answer.get_json()["cards"])
    held, moved = order_of(request), action["resource"]
    assert {k: v for k, v in moved.items() if k != "occurrenceDateTime"} == {
        k: v for k, v in held.items() if k != "occurrenceDateTime"
    }
    assert b'"valueDecimal":1.500' in answer.data


def test_an_order_that_is_moved_is_far_enough() -> None:
    request = request_of("111")
    (action,) = moves(request)
    request["context"]["draftOrders"]["entry"][0]["resource"] = action["resource"]

    assert cards(request) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"occurrenceDateTime": "2026-11-16"},
        {"occurrenceDateTime": None, "occurrencePeriod": {"start": "2026-11-25", "end": "2026-11-26"}},
        {"occurrenceDateTime": "soon", "occurrencePeriod": {"start": "2026-11-25"}},
        {"occurrenceDateTime": "2026-11"},
        {"orderDetail": [{"text": "Series of 3 injections"}]},
    ],
    ids=["no-id", "in-the-past", "period", "unreadable", "month", "another-gap"],
)
def test_an_order_is_moved_only_where_that_alone_is_wanted_and_can_be_done(changes: Json) -> None:
    request = request_of("111")
    order = {key: value for key, value in (order_of(request) | changes).items() if value is not None}
    request["context"]["draftOrders"]["entry"][0]["resource"] = order
    last = next(e["resource"] for e in entries(request, "procedures") if "session" in e["resource"]["id"])
    if changes.get("occurrenceDateTime") == "2026-11-16":
        last["performedDateTime"] = "2026-11-04"

    answer = cards(request)

    assert gaps(answer) >= ({"FRQ-2"} if changes.get("occurrenceDateTime") != "2026-11" else set())
    assert [action for action in actions(answer) if action["type"] == "update"] == []


def test_one_line_of_several_is_not_moved_alone() -> None:
    request = request_of("111")
    first = order_of(request) | {"code": {"coding": [{"system": CPT, "code": "64483"}]}}
    further = first | {"id": "further", "code": {"coding": [{"system": CPT, "code": "64484"}]}}
    request["context"]["draftOrders"]["entry"] = [{"resource": first}, {"resource": further}]

    assert "FRQ-2" in gaps(cards(request))
    assert moves(request) == []


def offered(request: Json, kind: str) -> list[Json]:
    return [action for action in actions(cards(request)) if action["type"] == kind]


def test_the_steroid_can_be_taken_out_of_a_trigger_point() -> None:
    request = request_of("082b")

    assert [a["resourceId"] for a in offered(request, "delete")] == [
        f"MedicationRequest/{order_of(request, 1)['id']}"
    ]


def test_all_steroids_of_a_trigger_point_are_taken_out_together() -> None:
    request = request_of("082b")
    supply = {"coding": [{"system": CPT, "code": "J3301"}]}
    second = order_of(request) | {"id": "supply", "code": supply}
    request["context"]["draftOrders"]["entry"].append({"resource": second})

    (suggestion,) = suggestions(cards(request))

    assert [a["resourceId"] for a in suggestion["actions"]] == [
        f"MedicationRequest/{order_of(request, 1)['id']}",
        "ServiceRequest/supply",
    ]


def test_a_steroid_without_an_id_cannot_be_taken_out() -> None:
    request = request_of("082b")
    del order_of(request, 1)["id"]

    assert gaps(cards(request)) == {"TPI-1"}
    assert offered(request, "delete") == []


@pytest.mark.parametrize(
    ("code", "guided"),
    [
        ("62320", "62321"),
        ("62322", "62323"),
        ("62324", "62325"),
        ("62326", "62327"),
        ("62322-KX", "62323-KX"),
    ],
)
def test_the_code_that_includes_imaging_is_offered_for_the_same_draft(code: str, guided: str) -> None:
    request = request_of("088")
    order = order_of(request)
    order["code"]["coding"] = [{"system": CPT, "code": code}, {"system": SNOMED, "code": "171787008"}]
    order["note"] = [{"text": "as it came"}]

    (action,) = offered(request, "update")

    resource = action["resource"]
    assert [coding["code"] for coding in resource["code"]["coding"]] == [guided, "171787008"]
    assert {k: v for k, v in resource.items() if k != "code"} == {
        k: v for k, v in order.items() if k != "code"
    }


def test_numbers_of_a_changed_draft_stay_as_exact_as_they_came() -> None:
    request = request_of("088")
    body = json.dumps(request).replace(
        '"status": "draft"', '"status": "draft", "quantityQuantity": {"value": 1.50}', 1
    )

    answer = client().post(SERVICE, data=body, content_type="application/json")

    assert b'"quantityQuantity":{"value":1.50}' in answer.data


def test_a_draft_without_an_id_cannot_be_changed() -> None:
    request = request_of("088")
    del order_of(request)["id"]

    assert gaps(cards(request)) == {"GUI-1"}
    assert offered(request, "update") == []


@pytest.mark.parametrize("name", ["073", "090"])
def test_a_code_without_a_guided_twin_is_left_alone(name: str) -> None:
    assert offered(request_of(name), "update") == []


def test_a_therapeutic_facet_order_can_become_a_diagnostic_block() -> None:
    request = request_of("059")
    order_of(request)["orderDetail"] = [{"text": "Right side"}]

    changed, removed = actions(cards(request))

    assert changed["type"] == "update"
    assert changed["resource"]["orderDetail"][0] == {"text": "Right side"}
    assert {k: v for k, v in changed["resource"].items() if k != "orderDetail"} == {
        k: v for k, v in order_of(request).items() if k != "orderDetail"
    }
    assert (removed["type"], removed["resourceId"]) == ("delete", "MedicationRequest/drug-059-1")


def test_an_order_that_became_a_diagnostic_block_asks_for_no_block() -> None:
    request = request_of("059")
    changed, _ = actions(cards(request))
    request["context"]["draftOrders"]["entry"] = [{"resource": changed["resource"]}]

    assert cards(request) == []


@pytest.mark.parametrize("without", ["order", "drug"])
def test_what_the_ehr_cannot_find_is_not_changed(without: str) -> None:
    request = request_of("059")
    del order_of(request, 0 if without == "order" else 1)["id"]

    answer = cards(request)

    assert "FAC-1" in gaps(answer)
    assert list(actions(answer)) == []


def test_beside_another_injection_the_steroid_stays() -> None:
    request = request_of("059")
    other = order_of(request) | {"id": "other", "code": {"coding": [{"system": CPT, "code": "20552"}]}}
    request["context"]["draftOrders"]["entry"].append({"resource": other})

    answer = cards(request)

    assert "FAC-1" in gaps(answer)
    assert [action for action in actions(answer) if action["type"] == "update"] == []
