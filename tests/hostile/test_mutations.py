"""T01: requests that were right before something happened to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_hooks import DIALECTS
from tests.conformance.calls import in_todays_form
from tests.conformance.invariants import RESPONSE, broken
from tests.hostile.watch import FEEDBACK, REFUSALS, TOKEN, Watch, watching
from tests.plugin.cards.service import SERVICE, holder, order_of, outcome, places, request_of
from tests.plugin.test_app_appointment_book import booking_of
from tests.plugin.test_app_order_dispatch import dispatch_of
from tests.scenarios.scenario import Json
from tests.scenarios.test_dialects import client as client_of
from tests.scenarios.test_dialects import exchanges
from tests.sizes import sized

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
    *(
        "http://169.254.169.254/latest",
        "https://127.0.0.1.evil.test/fhir",
        "file:///etc/passwd",
        "//evil.test",
    ),
    *([], {}, [None], [[]], {"a": None}, [{}], {"resourceType": "Bundle"}, {"resourceType": 3}),
    {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]},
    {"coding": [{"system": "http://snomed.info/sct", "code": 1}], "text": ["x"]},
    {"reference": "Patient/somebody-else"},
)
PARTS, PER_PART = sized(50, 4), sized(1000, 300)
PARANOID = settings(
    max_examples=sized(3000, 100),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
randoms = st.randoms(use_true_random=False)


def recorded(random: Random) -> Json:
    """A scenario's request, as a draft, dispatched or booked; some lack prefetch and lend a server.

    Nobody registered that server, and its token must never be seen again.
    """
    build = random.choice((request_of, request_of, dispatch_of, booking_of))
    request = build(random.choice(STORIES))
    if random.random() < 0.3:
        for key in random.sample(sorted(request["prefetch"]), k=random.randint(1, len(request["prefetch"]))):
            del request["prefetch"][key]
        request["fhirServer"] = "https://unregistered.example.org/fhir"
        request["fhirAuthorization"] = {
            "access_token": TOKEN,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "patient/*.read",
            "subject": "s",
        }
    return request


def spoil(request: Json, random: Random) -> None:
    """One change anywhere in the request."""
    everywhere = list(places(request))
    if not everywhere:
        return
    path = random.choice(everywhere)
    where: Any = holder(request, path)
    step: Any = path[-1]
    change = random.choice(("drop", "replace", "wrap", "repeat", "move"))
    if change == "drop":
        del where[step]
    elif change == "replace":
        where[step] = deepcopy(random.choice(JUNK))
    elif change == "wrap":
        where[step] = [where[step]]
    elif change == "repeat" and isinstance(where, list):
        where += [where[step]] * random.randint(1, 5)
    else:
        other = random.choice(everywhere)
        where[step] = json.loads(json.dumps(holder(request, other)[other[-1]]))


Build = Callable[[Random], Json]


def spoilt_json(random: Random, build: Build = recorded) -> bytes:
    request = build(random)
    for _ in range(random.randint(1, 4)):
        spoil(request, random)
    return json.dumps(request).encode()


def spoilt_bytes(random: Random, build: Build = recorded) -> bytes:
    """Bytes flipped, replaced, cut out, put in twice; perhaps cut off."""
    body = bytearray(json.dumps(build(random)).encode())
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(body))
        change = random.choice(("flip", "replace", "cut", "double"))
        if change == "flip":
            body[at] ^= 1 << random.randrange(8)
        elif change == "replace":
            body[at] = random.randrange(256)
        elif change == "cut":
            del body[at : at + random.randint(1, 40)]
        else:
            body[at:at] = body[at : at + random.randint(1, 40)]
    return bytes(body[: random.choice((len(body), len(body), len(body) - 1, len(body) // 2))])


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("spoilt", [spoilt_json, spoilt_bytes])
def test_a_spoilt_request_is_refused_or_answered_in_order(spoilt: Any, part: int, watch: Watch) -> None:
    random = Random(f"{spoilt.__name__} {part}")

    for _ in range(PER_PART // 2):
        watch.send(spoilt(random))

    assert {200, 400} <= watch.statuses.keys()


@cache
def requests_in(dialect: str) -> tuple[str, ...]:
    return tuple(json.dumps(e.request) for e in exchanges() if e.dialect == dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_spoilt_request_in_a_dialect_is_refused_or_answered_in_that_dialect(
    dialect: str, watch: Watch
) -> None:
    random = Random(f"dialect {dialect}")
    watch.service = client_of(dialect)

    for _ in range(sized(1000, 50)):
        request = json.loads(random.choice(requests_in(dialect)))
        for _ in range(random.randint(1, 4)):
            spoil(request, random)
        answer = watch.open(SERVICE, method="POST", json=request)

        if answer.status_code == 200:
            assert broken(in_todays_form(answer.get_json(), dialect), RESPONSE) == []
        else:
            assert answer.status_code in REFUSALS
            outcome(answer)

    assert {200, 400} <= watch.statuses.keys()


Spoilt = Callable[[Random, Build], bytes]


def said(random: Random) -> Json:
    """A batch of feedback as the specification has it, or as Epic."""
    suggestion = {"id": "11111111-2222-4333-8444-555555555555"}
    reason = {"reason": {"code": "r", "system": "urn:x", "display": "Reason"}, "userComment": TOKEN}
    epic = "com.epic.cdshooks.feedback.overrideReason.reasonCategory"
    entry = {"card": str(random.randrange(1000)), "outcomeTimestamp": "2026-11-20T09:30:00Z"}
    entries = [
        entry | {"outcome": "accepted", "acceptedSuggestions": [suggestion]},
        entry | {"outcome": "overridden", "overrideReason": reason},
        entry | {"outcome": "overridden", "overrideReasons": {"extension": {epic: "7"}}},
    ]
    return {"feedback": random.sample(entries, k=random.randint(1, 3))}


@pytest.mark.parametrize("spoil_it", [spoilt_json, spoilt_bytes])
def test_spoilt_feedback_is_refused_or_taken_and_never_repeated(spoil_it: Spoilt, watch: Watch) -> None:
    random = Random(f"feedback {spoil_it.__name__}")

    for _ in range(sized(5000, 100)):
        watch.send(spoil_it(random, said), FEEDBACK)

    assert {200, 400} == watch.statuses.keys()


@PARANOID
@given(randoms)
def test_a_spoilt_request_that_fails_is_found_in_its_smallest_form(random: Random) -> None:
    with watching() as watch:
        watch.send(spoilt_json(random))
        watch.assert_clean()


@pytest.mark.parametrize("element", ["occurrenceDateTime", "authoredOn"])
@pytest.mark.parametrize("day", ["0001-01-01", "0001", "9999", "9999-12", "9999-12-31"])
@pytest.mark.parametrize("name", ["001", "025", "045", "052"])
def test_an_order_at_the_end_of_the_calendar_is_answered(
    name: str, day: str, element: str, watch: Watch
) -> None:
    request = request_of(name)
    order_of(request).pop("occurrenceDateTime", None)
    order_of(request)[element] = day

    watch.send(json.dumps(request).encode())
