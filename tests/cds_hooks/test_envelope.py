"""What the prefetch holds is the same, whether it is decoded along with the call or looked at key by key."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks import (
    CdsHooksError,
    HookCall,
    HookRequest,
    PrefetchKey,
    PrefetchKeys,
    Reading,
    Response,
    Unread,
    read_hook_request,
)
from tests.cds_hooks.test_crowded_answers import ENDLESS, MEGABYTE, body
from tests.cds_hooks.test_prefetch import MALFORMED, NEXT, condition, outcome
from tests.cds_hooks.test_request import json_values
from tests.cds_hooks.wire import (
    ConditionView,
    PatientView,
    app_with,
    bundle_of,
    context,
    encoded,
    hook_call,
    order,
    searchset,
    service,
    without,
)

KEYS = {
    "conditions": PrefetchKey(ConditionView, "Condition"),
    "patient": PrefetchKey(PatientView, "Patient", is_single=True),
    "reports": PrefetchKey(ConditionView, "DiagnosticReport"),
}
DECODED = PrefetchKeys(KEYS)
HOOKS = ("order-sign", "order-select")
CALLED_FOR = {
    "patient": {"resourceType": "Patient", "id": "p1"},
    "conditions": searchset(condition("c1", recordedDate="2026-01-01"), condition("c2")),
}
INCLUDED = [
    {"resource": condition("c1"), "search": {"mode": "match"}},
    {"resource": condition("c2"), "search": {"mode": "include"}},
]
ODD: dict[str, Any] = {
    "null": None,
    "empty": searchset(),
    "no Bundle": {"resourceType": "Basic"},
    "a resource": condition(),
    "an array": [condition("c1"), condition("c2")],
    "a wrapper": {"response": {"status": "200"}, "resource": searchset(condition())},
    "text": "<html></html>",
    "a number": 7,
    "an outcome": outcome("error"),
    "an outcome beside": bundle_of(condition(), outcome("warning")),
    "another type": searchset({"resourceType": "Basic", "id": "b"}),
    "an entry that is malformed": searchset(condition(), MALFORMED),
    "an entry without a resource": {"resourceType": "Bundle", "entry": [{}, {"resource": condition()}]},
    "more pages": searchset(condition(), link=[{"relation": "next", "url": NEXT}]),
    "a next page without a URL": searchset(condition(), link=[{"relation": "next"}]),
    "two links alike": searchset(link=[{"relation": "self", "url": "a"}, {"relation": "self", "url": "b"}]),
    "fewer than counted": {**searchset(condition()), "total": 3},
    "a total that is no number": {**searchset(condition()), "total": "3"},
    "included beside": {"resourceType": "Bundle", "total": 1, "entry": INCLUDED},
    "included and fewer than counted": {"resourceType": "Bundle", "total": 2, "entry": INCLUDED},
    "a repeated id": searchset(condition("c1"), condition("c1", recordedDate="x"), condition(None)),
    "half a character": searchset(condition("\ud800")),
    "umlauts": searchset(condition("c1", recordedDate="ä", note="ö")),
}


def read(sent: bytes, keys: PrefetchKeys = DECODED) -> HookRequest:
    return read_hook_request(sent, HOOKS, keys)


def told(sent: bytes, *keys: PrefetchKeys) -> Any:
    """All there is to know of what was sent, or why it is refused."""
    try:
        request = read(sent, *keys)
    except CdsHooksError as refusal:
        return refusal.status, refusal.code, refusal.expression
    readings = [request.prefetch.read(name, key) for name, key in KEYS.items()]
    fields = [[getattr(reading, name) for name in Reading.__struct_fields__] for reading in readings]
    return fields, request.context, dict(request.prefetch)


def assert_told_alike(sent: bytes) -> None:
    assert told(sent, DECODED) == told(sent, PrefetchKeys({}))


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", KEYS)
def test_an_odd_value_is_told_alike(name: str, value: Any) -> None:
    assert_told_alike(encoded(hook_call(prefetch={**CALLED_FOR, name: value, "other": value})))


@pytest.mark.parametrize("name", KEYS)
def test_what_is_odd_in_one_key_takes_nothing_from_the_others(name: str) -> None:
    request = read(encoded(hook_call(prefetch={**CALLED_FOR, name: "<html></html>"})))
    readings = {each: request.prefetch.read(each, key) for each, key in KEYS.items()}

    assert readings.pop(name).unread is Unread.WRONG_TYPE
    assert {each: len(reading.resources) for each, reading in readings.items()} == {
        each: number for each, number in {"conditions": 2, "patient": 1, "reports": 0}.items() if each != name
    }


@pytest.mark.parametrize("prefetch", [None, {}, [], "none", 7, CALLED_FOR, {"other": 1}])
@pytest.mark.parametrize("orders", [None, bundle_of(order())])
def test_any_prefetch_is_told_alike(prefetch: Any, orders: Any) -> None:
    assert_told_alike(encoded(hook_call(context=context(draftOrders=orders), prefetch=prefetch)))
    assert_told_alike(encoded(without(hook_call(), "prefetch")))


def test_a_key_that_comes_twice_is_told_alike() -> None:
    twice = json.dumps(searchset(condition("c1")))[1:-1]
    start = encoded(without(hook_call(), "prefetch"))[:-1]
    for last in (searchset(condition("c2")), None, "<html></html>"):
        values = f'{{"conditions": {{{twice}}}, "conditions": {json.dumps(last)}}}'

        assert_told_alike(start + f', "prefetch": {values}}}'.encode())


def test_a_key_can_be_read_as_something_else_than_was_said() -> None:
    request = read(encoded(hook_call(prefetch=CALLED_FOR)))
    other = PrefetchKey(PatientView, "Condition")

    assert {type(each) for each in request.prefetch.read("conditions", other).resources} == {PatientView}
    assert request.prefetch.read("unknown", other).unread is Unread.ABSENT


@given(st.sampled_from(sorted(KEYS)), json_values)
def test_any_value_of_a_key_is_told_alike(name: str, value: Any) -> None:
    assert_told_alike(encoded(hook_call(prefetch={**CALLED_FOR, name: value})))


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_a_flipped_byte_is_told_alike(position: int, value: int) -> None:
    sent = bytearray(encoded(hook_call(prefetch=CALLED_FOR)))
    sent[position % len(sent)] = value

    assert_told_alike(bytes(sent))


def crowded_call(kind: str, size: int, beside: bytes = b"") -> bytes:
    start = encoded(without(hook_call(), "prefetch"))[:-1]
    value = body(kind, size)
    return start + b', "prefetch": {"conditions": ' + value + b', "other": "' + beside + b'"}}'


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("beside", [b"", b"x" * MEGABYTE], ids=["alone", "beside much else"])
def test_a_crowded_key_takes_little_memory_and_is_told_alike(kind: str, beside: bytes) -> None:
    sent = crowded_call(kind, MEGABYTE, beside)
    tracemalloc.start()
    try:
        request = read(sent)
        reading = request.prefetch.read("conditions", KEYS["conditions"])
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert taken < 30 * MEGABYTE
    assert reading == read(sent, PrefetchKeys({})).prefetch.read("conditions", KEYS["conditions"])


@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
def test_a_key_with_as_many_values_as_are_too_many_is_never_decoded(share: float) -> None:
    """However far apart the values are, and however much stands beside them."""
    items = 200_002
    apart = b" " * (int(2 * MEGABYTE / items) - 2)
    value = b'{"resourceType": "Bundle", "entry": [' + (b"1," + apart) * (items - 1) + b"1]}"
    start = encoded(without(hook_call(), "prefetch"))[:-1]
    text = b"x" * int(len(value) * (1 / share - 1))
    sent = start + b', "prefetch": {"other": "' + text + b'", "conditions": ' + value + b"}}"

    reading = read(sent).prefetch.read("conditions", KEYS["conditions"])

    assert reading.unread is Unread.TOO_LARGE


@pytest.mark.parametrize("before", range(8))
def test_a_character_may_stand_across_any_border(before: int) -> None:
    wide = "\N{BONE}" * 3_000
    sent = json.dumps(hook_call(extension="x" * before + wide), ensure_ascii=False).encode()

    assert read(sent).hook == "order-sign"
    assert told(sent.replace(wide.encode(), wide.encode()[:-1]), DECODED)[0] == 400


@pytest.mark.parametrize("position", [0, 1, 2_047, 2_048, 4_095, 4_096, 9_999])
def test_what_is_not_utf8_is_refused_wherever_it_is_skipped(position: int) -> None:
    text = b"x" * position + b"\xff" + b"x" * (9_999 - position)
    start = encoded(without(hook_call(prefetch=CALLED_FOR), "extension"))[:-1]

    assert told(start + b', "extension": "' + text + b'"}', DECODED)[0] == 400


def test_a_service_is_handed_what_it_says_that_it_reads() -> None:
    seen: list[Reading[Any]] = []

    def answer(call: HookCall) -> Response:
        seen.append(call.request.prefetch.read("conditions", KEYS["conditions"]))
        return Response()

    client = app_with([service(answer=answer, keys=KEYS)]).test_client()
    for prefetch in (CALLED_FOR, {**CALLED_FOR, "patient": "<html></html>"}):
        client.post("/cds-services/test-service", json=hook_call(prefetch=prefetch))

    assert [[each.id for each in reading.resources] for reading in seen] == [["c1", "c2"]] * 2
