"""T02: nesting without bottom."""

from __future__ import annotations

import json

import pytest

from tests.hostile.watch import FEEDBACK, Watch
from tests.plugin.cards.service import SERVICE, holder, request_of
from tests.plugin.test_app_appointment_book import booking_of
from tests.plugin.test_app_order_dispatch import dispatch_of

PLACES: list[tuple[str | int, ...]] = [
    ("extension",),
    ("hook",),
    ("hookInstance",),
    ("fhirServer",),
    ("fhirAuthorization",),
    ("context",),
    ("context", "patientId"),
    ("context", "selections"),
    ("context", "draftOrders"),
    ("context", "draftOrders", "entry", 0),
    ("context", "draftOrders", "entry", 0, "resource", "code"),
    ("context", "draftOrders", "entry", 0, "resource", "id"),
    ("context", "draftOrders", "entry", 0, "resource", "note"),
    ("prefetch",),
    ("prefetch", "patient", "contact"),
    ("prefetch", "conditions"),
    ("prefetch", "conditions", "entry", 0, "resource", "code"),
    ("prefetch", "procedures", "entry", 2, "resource", "performedPeriod"),
    ("prefetch", "unknownKey"),
]
OF_A_DISPATCH: list[tuple[str | int, ...]] = [
    ("context", "performer"),
    ("context", "dispatchedOrders"),
    ("context", "dispatchedOrders", 0),
    ("context", "fulfillmentTasks"),
    ("prefetch", "dispatchedOrders", "entry", 0, "resource", "code"),
]
OF_A_BOOKING: list[tuple[str | int, ...]] = [
    ("context", "appointments"),
    ("context", "appointments", "entry", 0),
    ("context", "appointments", "entry", 0, "resource", "participant"),
    ("context", "appointments", "entry", 0, "resource", "comment"),
]
CALLS = [
    *((request_of, path) for path in PLACES),
    *((dispatch_of, path) for path in OF_A_DISPATCH),
    *((booking_of, path) for path in OF_A_BOOKING),
]
DEPTHS = (200, 5_000, 100_000, 1_000_000)
CAP = 2 * 1024 * 1024


def arrays(depth: int) -> str:
    return "[" * depth + "]" * depth


def objects(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def open_arrays(depth: int) -> str:
    return "[" * depth


def open_objects(depth: int) -> str:
    return '{"a":' * depth


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("nested", [arrays, objects, open_arrays, open_objects])
def test_nesting_is_refused_wherever_it_stands(nested: object, depth: int, watch: Watch) -> None:
    assert callable(nested)
    deep = nested(depth)
    for build, path in CALLS:
        request = build("025")
        holder(request, path)[path[-1]] = "@here@"
        body = json.dumps(request).replace('"@here@"', deep).encode()

        answer = watch.send(body)

        assert answer.status_code == (413 if len(body) > CAP else 400)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("body", [arrays, objects, open_arrays, open_objects])
def test_a_body_that_is_nothing_but_nesting_is_refused(body: object, depth: int, watch: Watch) -> None:
    assert callable(body)
    sent = body(depth).encode()

    for path in (SERVICE, FEEDBACK):
        assert watch.send(sent, path).status_code == (413 if len(sent) > CAP else 400)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("nested", [arrays, objects, open_arrays, open_objects])
@pytest.mark.parametrize("field", ["feedback", "extension"])
def test_nesting_in_feedback_is_refused(field: str, nested: object, depth: int, watch: Watch) -> None:
    assert callable(nested)
    body = json.dumps({"feedback": [], field: "@here@"}).replace('"@here@"', nested(depth)).encode()

    assert watch.send(body, FEEDBACK).status_code == (413 if len(body) > CAP else 400)


@pytest.mark.parametrize("depth", DEPTHS)
def test_nesting_with_blanks_between_is_skipped_or_refused(depth: int, watch: Watch) -> None:
    """Where nothing tells it from text at a glance, it is left to the decoder, which has its own limit."""
    request = request_of("001") | {"extension": "@here@"}
    body = json.dumps(request).replace('"@here@"', "[ " * depth + "] " * depth).encode()

    assert watch.send(body).status_code in ((413,) if len(body) > CAP else (200, 400))
    blank = b'{"feedback": [], "extension": ' + b"[ " * depth + b"] " * depth + b"}"
    assert watch.send(blank, FEEDBACK).status_code in ((413,) if len(blank) > CAP else (200, 400))
