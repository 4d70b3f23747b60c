"""One unreadable entry among good ones: skipped, counted, said, and never the cause of a gap."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugin.cards.service import cards, entries, gaps, order_of, request_of, said, text, unread
from tests.scenarios.scenario import Json

TYPES = {
    "conditions": "Condition",
    "procedures": "Procedure",
    "serviceRequests": "ServiceRequest",
    "reports": "DiagnosticReport",
    "imaging": "ImagingStudy",
    "medications": "MedicationRequest",
    "medicationStatements": "MedicationStatement",
    "observations": "Observation",
}
IN_DOUBT: list[tuple[str, str, str]] = [
    *(("025", "IMG-1", key) for key in ("imaging", "reports", "procedures", "serviceRequests", "conditions")),
    *(("045", "CC-1", key) for key in ("procedures", "medications", "medicationStatements", "conditions")),
    ("020a", "IND-1", "conditions"),
    ("002", "IND-1", "conditions"),
]
"""Story, the criterion it warns of, and a key whose unreadable entry may hold what is missing."""
MALFORMED: dict[str, Json] = {
    "a status that is a number": {"status": 5},
    "a code that is text": {"code": "M54.16"},
    "a subject that is a list": {"subject": [{"reference": "Patient/x"}]},
}


def broken(resource_type: str, fault: Json) -> Json:
    readable = {"resourceType": resource_type, "id": "broken-1"}
    return {"resource": readable | fault, "search": {"mode": "match"}}


@pytest.mark.parametrize(("name", "criterion", "key"), IN_DOUBT)
def test_what_an_unreadable_entry_may_hold_is_no_gap(name: str, criterion: str, key: str) -> None:
    request = request_of(name)
    before = gaps(cards(request))
    # `subject` is an element of every view.
    entries(request, key).append(broken(TYPES[key], MALFORMED["a subject that is a list"]))

    answer = cards(request)

    assert criterion in before
    assert criterion not in gaps(answer)
    assert criterion in unread(answer)
    assert "1 entries could not be read" in text(answer)


@pytest.mark.parametrize("count", [2, 5])
def test_unreadable_entries_are_counted(count: int) -> None:
    request = request_of("025")
    entries(request, "reports").extend(
        broken("DiagnosticReport", fault) for fault in [*MALFORMED.values()] * 2
    )
    del entries(request, "reports")[count:]

    assert f"{count} entries could not be read" in text(cards(request))


@pytest.mark.parametrize(
    "shape", [None, 7, "x", [], ["x"], {}, {"resource": None}, {"resource": "x"}], ids=repr
)
@pytest.mark.parametrize(("name", "criterion", "key"), IN_DOUBT[::2])
def test_an_entry_of_any_shape_is_counted_as_unreadable(
    name: str, criterion: str, key: str, shape: Any
) -> None:
    request = request_of(name)
    entries(request, key).append(shape)

    answer = cards(request)

    assert criterion not in gaps(answer)
    assert "1 entries could not be read" in text(answer)


@pytest.mark.parametrize(("name", "criterion", "key"), IN_DOUBT)
def test_another_patients_entry_is_left_out_and_leaves_the_question_open(
    name: str, criterion: str, key: str
) -> None:
    request = request_of(name)
    stranger = {"subject": {"reference": "Patient/somebody-else"}}
    entries(request, key).append(broken(TYPES[key], stranger))

    answer = cards(request)

    assert criterion not in gaps(answer)
    assert criterion in unread(answer)
    assert "1 entries could not be read" in text(answer)
    assert "somebody-else" not in str(answer)


def test_an_mri_of_another_patient_proves_nothing() -> None:
    with_mri, without = request_of("001"), request_of("025")
    study = entries(with_mri, "imaging")[0]
    study["resource"]["subject"]["reference"] = "Patient/somebody-else"
    entries(without, "imaging").append(study)

    assert ("IMG-1", "unknown", "info", "no-access") in said(cards(without))


def test_an_unreadable_pain_score_leaves_a_shorter_course_open() -> None:
    """Fourteen days are enough where the pain began lately and was rated severe."""
    request = request_of("044")
    for entry in entries(request, "conditions"):
        entry["resource"] |= {"onsetDateTime": "2026-10-01", "recordedDate": "2026-10-02"}
    before = gaps(cards(request))
    entries(request, "observations").append(broken("Observation", {"valueQuantity": "eight"}))

    answer = cards(request)

    assert "CC-1" in before
    assert "CC-1" not in gaps(answer)


@pytest.mark.parametrize("key", TYPES)
def test_good_entries_beside_an_unreadable_one_still_count(key: str) -> None:
    request = request_of("001")
    entries(request, key).append(broken(TYPES[key], MALFORMED["a subject that is a list"]))

    assert gaps(cards(request)) == set()


@pytest.mark.parametrize("fault", MALFORMED.values(), ids=MALFORMED)
def test_a_draft_that_names_one_of_our_codes_and_cannot_be_read_is_said_to_be_so(fault: Json) -> None:
    request = request_of("025")
    order = order_of(request)
    coding = order["code"]["coding"]
    order.update(fault)
    order["code"] = order["code"] if isinstance(order["code"], str) else {"coding": coding}
    order["orderDetail"] = [{"coding": coding}]

    answer = cards(request)

    assert said(answer) == [("SCOPE", "unknown", "info", "ambiguous")]


@pytest.mark.parametrize("fault", MALFORMED.values(), ids=MALFORMED)
def test_an_unreadable_draft_of_something_else_is_nobodys_business(fault: Json) -> None:
    request = request_of("138")
    order_of(request).update(fault)

    assert cards(request) == []


def test_an_unreadable_draft_beside_ours_changes_nothing_about_ours() -> None:
    request = request_of("025")
    before = cards(request)
    stray = {"resourceType": "ServiceRequest", "id": "stray-1", "status": 5, "code": {"text": "X-ray"}}
    request["context"]["draftOrders"]["entry"].append({"resource": stray})

    assert cards(request) == before
