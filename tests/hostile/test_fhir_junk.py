"""T05: junk in every element that is read of a chart, an order or feedback."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest

from plugin.evidence import views
from tests.hostile.junk import JUNK, VIEWS, cases, elements, spoilt
from tests.hostile.watch import FEEDBACK, Watch
from tests.plugin.cards.service import cards, entries, order_of, request_of, said, searchset
from tests.plugin.test_app_appointment_book import booking_of
from tests.plugin.test_app_order_dispatch import dispatch_of
from tests.scenarios.scenario import Json
from tests.sizes import sized

SHARE = sized(1, 10)
"""Every so manieth case is sent."""
SINGLE = ("patient", "encounter")
STANDS = {
    "imaging": {"IND-1", "CC-1"},
    "reports": {"IND-1", "CC-1"},
    "medications": {"IND-1", "IMG-1"},
    "medicationStatements": {"IND-1", "IMG-1"},
    "observations": {"IND-1", "IMG-1"},
    "procedures": {"IND-1"},
    "serviceRequests": {"IND-1"},
    "researchSubjects": {"IND-1", "IMG-1", "CC-1"},
    "conditions": set(),
}
"""Criteria that a key has no part in: what they find stays as it is, whatever stands there."""


def with_every_gap() -> Json:
    """Back pain only, no MRI, no care."""
    request = request_of("002")
    for key in ("imaging", "procedures", "medications"):
        request["prefetch"][key] = searchset()
    return request


def patient_of(request: Json) -> str:
    identity: str = request["context"]["patientId"]
    return identity


def findings(answer: list[Json]) -> dict[str, tuple[Any, ...]]:
    return {criterion: rest for criterion, *rest in said(answer)}


def test_the_chart_that_is_spoilt_has_every_gap() -> None:
    assert {c for c, (kind, *_) in findings(cards(with_every_gap())).items() if kind == "gap"} == {
        *("IND-1", "IMG-1", "CC-1")
    }


def test_every_key_that_is_read_is_spoilt() -> None:
    templates = request_of("002")["prefetch"].keys() - {"allergies"}

    assert VIEWS.keys() == templates == {*STANDS, *SINGLE}


@pytest.mark.parametrize("key", STANDS)
def test_junk_in_an_entry_keeps_no_rule_from_being_evaluated(key: str, watch: Watch) -> None:
    request = with_every_gap()
    usual = findings(cards(request))
    listed = entries(request, key)
    for junk in islice(cases(VIEWS[key], patient_of(request)), None, None, SHARE):
        listed.append({"resource": junk})

        answer = watch.send(json.dumps(request).encode())
        listed.pop()

        found = findings(answer.get_json()["cards"])
        assert answer.status_code == 200
        assert {"IND-1", "IMG-1", "CC-1"} <= found.keys(), junk
        assert {c: found[c] for c in STANDS[key]} == {c: usual[c] for c in STANDS[key]}, junk


@pytest.mark.parametrize("key", SINGLE)
def test_junk_about_the_patient_or_the_encounter_is_answered(key: str, watch: Watch) -> None:
    request = with_every_gap()
    for junk in islice(cases(VIEWS[key], patient_of(request)), None, None, SHARE):
        request["prefetch"][key] = junk

        assert watch.send(json.dumps(request).encode()).status_code == 200


def test_junk_in_the_order_is_answered_or_refused(watch: Watch) -> None:
    request = with_every_gap()
    order = dict(order_of(request))
    [entry] = request["context"]["draftOrders"]["entry"]
    for junk in islice(cases(VIEWS["serviceRequests"], patient_of(request)), None, None, SHARE):
        entry["resource"] = order | {name: value for name, value in junk.items() if name != "code"}

        watch.send(json.dumps(request).encode())


def test_junk_in_an_entry_of_feedback_is_passed_over_or_refuses_the_batch(watch: Watch) -> None:
    coding = {"code": "r", "system": "urn:x", "display": "Reason"}
    good = {
        "card": "c1",
        "outcome": "accepted",
        "acceptedSuggestions": [{"id": "s1"}],
        "overrideReason": {"reason": coding, "userComment": "x", "extension": {"x": "y"}},
        "outcomeTimestamp": "2026-11-20T09:30:00Z",
    }
    for path in elements(good):
        for junk in JUNK:
            batch = {"feedback": [good, spoilt(good, path, junk)]}

            assert watch.send(json.dumps(batch).encode(), FEEDBACK).status_code in (200, 400)

    assert {200, 400} == watch.statuses.keys()


def test_junk_in_a_dispatched_order_is_answered_or_said_to_be_missing(watch: Watch) -> None:
    request = dispatch_of("002")
    [entry] = entries(request, "dispatchedOrders")
    for junk in islice(
        cases(views.ServiceRequest, patient_of(request), entry["resource"]), None, None, SHARE
    ):
        entry["resource"] = junk

        assert watch.send(json.dumps(request).encode()).status_code in (200, 412)


def test_junk_in_an_appointment_is_answered_or_refused(watch: Watch) -> None:
    request = booking_of("002")
    [entry] = request["context"]["appointments"]["entry"]
    junks = cases(views.Appointment, patient_of(request), entry["resource"])
    for junk in islice(junks, None, None, SHARE):
        entry["resource"] = junk

        assert watch.send(json.dumps(request).encode()).status_code in (200, 412, 422)
