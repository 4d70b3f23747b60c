"""Requests that were right before something happened to them: never a 5xx, and every 200 in order."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plugin.cards.service import (
    SERVICE,
    assert_obeys_the_contract,
    client,
    holder,
    order_of,
    outcome,
    places,
    request_of,
)
from tests.plugin.test_app_appointment_book import booking_of
from tests.plugin.test_app_order_dispatch import dispatch_of
from tests.scenarios.scenario import Json

ALLOWED = {200, 400, 412, 413, 415, 422}
STORIES = (
    *("001", "002", "010", "011", "019", "020b", "025", "032", "035", "038", "040", "044", "045", "047"),
    *("049", "050", "052", "053", "056", "127", "134", "139", "141"),
)
JUNK: tuple[object, ...] = (
    *(None, True, False, 0, -1, 7, 1e308, -0.5, 10**30),
    *("", "x", "#", "\u0000", "\u202e", "😀" * 50, "9" * 5000, "M54", "62323-50"),
    *("0001-01-01", "9000-01-01", "9999-12-31", "9999", "9999-12-10", "a b", "a/b", "\n"),
    *("2026", "2026-02", "2026-13-45", "2026-02-30T23:59:60+14:00"),
    *("Patient/somebody-else", "Condition/none", "https://ehr.example.org/fhir/Condition/x/_history/2"),
    *("order-select", "draft", "completed", "62323", "M54.16", "http://www.ama-assn.org/go/cpt"),
    *([], {}, [None], [[]], {"a": None}, [{}], {"resourceType": "Bundle"}, {"resourceType": 3}),
    {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]},
    {"coding": [{"system": "http://snomed.info/sct", "code": 1}], "text": ["x"]},
    {"reference": "Patient/somebody-else"},
)
CAREFUL = settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def spoil(request: Json, draw: st.DrawFn) -> None:
    """One change anywhere in the request."""
    everywhere = list(places(request))
    path = draw(st.sampled_from(everywhere))
    where: Any = holder(request, path)
    step: Any = path[-1]
    change = draw(st.sampled_from(("drop", "replace", "wrap", "repeat", "move")))
    if change == "drop":
        del where[step]
    elif change == "replace":
        where[step] = deepcopy(draw(st.sampled_from(JUNK)))
    elif change == "wrap":
        where[step] = [where[step]]
    elif change == "repeat" and isinstance(where, list):
        where += [where[step]] * draw(st.integers(1, 5))
    else:
        other = draw(st.sampled_from(everywhere))
        where[step] = json.loads(json.dumps(holder(request, other)[other[-1]]))


@st.composite
def spoilt_requests(draw: st.DrawFn) -> Json:
    request = request_of(draw(st.sampled_from(STORIES)))
    for _ in range(draw(st.integers(1, 4))):
        if list(places(request)):
            spoil(request, draw)
    return request


@st.composite
def spoilt_references(draw: st.DrawFn) -> Json:
    """A dispatch or a booking, spoilt where it names the order or where the order is."""
    build, name = draw(st.sampled_from((dispatch_of, booking_of))), draw(st.sampled_from(STORIES))
    request = build(name)
    parts = {"context": request["context"]} | {
        key: value
        for key, value in request["prefetch"].items()
        if key in ("dispatchedOrders", "serviceRequests")
    }
    for _ in range(draw(st.integers(1, 3))):
        spoil(parts, draw)
    context = parts.pop("context", None)
    return request | {"context": context, "prefetch": request["prefetch"] | parts}


@st.composite
def spoilt_bytes(draw: st.DrawFn) -> bytes:
    body = bytearray(json.dumps(request_of(draw(st.sampled_from(STORIES)))).encode())
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(body) - 1))
        body[at] = draw(st.integers(0, 255))
    return bytes(body[: draw(st.sampled_from((len(body), len(body) - 1, len(body) // 2)))])


def assert_answered(body: bytes) -> None:
    answer = client().post(SERVICE, data=body, content_type="application/json")
    assert answer.status_code in ALLOWED, answer.get_data(as_text=True)
    if answer.status_code == 200:
        assert_obeys_the_contract(answer)
    else:
        outcome(answer)


@CAREFUL
@given(spoilt_requests())
def test_a_spoilt_request_is_refused_or_answered_in_order(request: Json) -> None:
    assert_answered(json.dumps(request).encode())


@CAREFUL
@given(spoilt_references())
def test_a_spoilt_reference_to_an_order_is_refused_or_answered_in_order(request: Json) -> None:
    assert_answered(json.dumps(request).encode())


@CAREFUL
@given(spoilt_bytes())
def test_a_damaged_body_is_refused_or_answered_in_order(body: bytes) -> None:
    assert_answered(body)


@pytest.mark.parametrize("element", ["occurrenceDateTime", "authoredOn"])
@pytest.mark.parametrize("day", ["0001-01-01", "0001", "9999", "9999-12", "9999-12-31"])
@pytest.mark.parametrize("name", ["001", "025", "045", "052"])
def test_an_order_at_the_end_of_the_calendar_is_answered(name: str, day: str, element: str) -> None:
    request = request_of(name)
    order_of(request).pop("occurrenceDateTime", None)
    order_of(request)[element] = day

    assert_answered(json.dumps(request).encode())
