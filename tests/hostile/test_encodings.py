"""T04: odd encodings, numbers and keys."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.hostile.watch import FEEDBACK, Watch
from tests.plugin.cards.service import holder, request_of
from tests.plugin.test_app_appointment_book import booking_of
from tests.plugin.test_app_order_dispatch import dispatch_of
from tests.scenarios.scenario import Json

IGNORED = ("extension",)
READ: tuple[tuple[str | int, ...], ...] = (
    ("context", "encounterId"),
    ("context", "selections"),
    ("context", "draftOrders", "entry", 0, "resource", "id"),
    ("context", "draftOrders", "entry", 0, "resource", "status"),
    ("context", "draftOrders", "entry", 0, "resource", "code", "coding", 0, "code"),
    ("context", "draftOrders", "entry", 0, "resource", "code", "text"),
    ("prefetch", "conditions", "entry", 0, "resource", "code", "coding", 0, "code"),
    ("prefetch", "conditions", "entry", 0, "resource", "onsetDateTime"),
    ("prefetch", "observations"),
    ("prefetch", "unknownKey"),
)
OF_A_DISPATCH: tuple[tuple[str | int, ...], ...] = (
    ("context", "userId"),
    ("context", "fulfillmentTasks"),
    ("prefetch", "dispatchedOrders", "entry", 0, "resource", "code", "text"),
)
OF_A_BOOKING: tuple[tuple[str | int, ...], ...] = (
    ("context", "encounterId"),
    ("context", "appointments", "entry", 0, "resource", "id"),
    ("context", "appointments", "entry", 0, "resource", "start"),
    ("context", "appointments", "entry", 0, "resource", "serviceType"),
)
CALLS = [
    *((request_of, path) for path in READ),
    *((dispatch_of, path) for path in OF_A_DISPATCH),
    *((booking_of, path) for path in OF_A_BOOKING),
]
VALUES: dict[str, tuple[bytes, int]] = {
    "a number beyond any integer": (b"9" * 10_000, 200),
    "a number beyond any double": (b"1e99999", 200),
    "the greatest double": (b"1e308", 200),
    "the least double": (b"5e-324", 200),
    "minus nought": (b"-0", 200),
    "minus nought with a point": (b"-0.0", 200),
    "a fraction without end": (b"0." + b"3" * 5000, 200),
    "an escaped NUL": (b'"\\u0000"', 200),
    "a text that turns its direction": ('"\u202eabc\u2066"'.encode(), 200),
    "an unassigned code point": ('"\U000e0080"'.encode(), 200),
    "an object with one key twice": (b'{"a": 1, "a": {"a": null}}', 200),
    "an object with an empty key": (b'{"": [], "__proto__": {}}', 200),
    "NaN": (b"NaN", 400),
    "infinity": (b"Infinity", 400),
    "minus infinity": (b"-Infinity", 400),
    "a hexadecimal number": (b"0x10", 400),
    "an octal number": (b"010", 400),
    "a number with a plus": (b"+1", 400),
    "a bare word": (b"undefined", 400),
    "single quotes": (b"'x'", 400),
    "a comment": (b"1 /* x */", 400),
    "a trailing comma": (b"[1,]", 400),
    "a lone surrogate, escaped": (b'"\\ud800"', 400),
    "surrogates the wrong way round": (b'"\\udc00\\ud800"', 400),
    "a surrogate as bytes": (b'"\xed\xa0\x80"', 400),
    "a byte that is no UTF-8": (b'"\xff"', 400),
    "an overlong sequence": (b'"\xc0\xaf"', 400),
    "a sequence cut short": (b'"\xe2\x82"', 400),
    "beyond the last code point": (b'"\xf4\x90\x80\x80"', 400),
    "Latin-1": ('"Müller"'.encode("latin-1"), 400),
    "a NUL": (b'"a\x00b"', 400),
    "a line break in a text": (b'"a\nb"', 400),
    "an unknown escape": (b'"\\x41"', 400),
}


def body_with(path: tuple[str | int, ...], value: bytes, build: Callable[[str], Json] = request_of) -> bytes:
    request = build("025")
    holder(request, path)[path[-1]] = "@here@"
    return json.dumps(request).encode().replace(b'"@here@"', value)


@pytest.mark.parametrize(("value", "status"), VALUES.values(), ids=VALUES)
def test_an_odd_value_that_is_ignored_has_its_status(value: bytes, status: int, watch: Watch) -> None:
    assert watch.send(body_with(IGNORED, value)).status_code == status


@pytest.mark.parametrize(("value", "status"), VALUES.values(), ids=VALUES)
def test_an_odd_value_that_is_read_is_answered_if_it_is_json(value: bytes, status: int, watch: Watch) -> None:
    for build, path in CALLS:
        assert watch.send(body_with(path, value, build)).status_code == status, path


BEYOND_FEEDBACK = {"a number beyond any integer", "a number beyond any double"}
"""Feedback is decoded as a whole: where a number cannot be held, nothing of it is read."""


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("field", ["extension", "overrideReasons"])
def test_an_odd_value_in_feedback_has_its_status(name: str, field: str, watch: Watch) -> None:
    value, status = VALUES[name]
    entry = {
        "card": "c1",
        "outcome": "overridden",
        "outcomeTimestamp": "2026-11-20T09:30:00Z",
        "overrideReason": {"userComment": "x"},
        field: "@here@",
    }
    body = json.dumps({"feedback": [entry]}).encode().replace(b'"@here@"', value)

    answer = watch.send(body, FEEDBACK)

    assert answer.status_code == (400 if name in BEYOND_FEEDBACK else status)


WHOLE = json.dumps(request_of("025"), ensure_ascii=False)
CODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "cp037")


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_in_another_encoding_is_refused(coding: str, watch: Watch) -> None:
    assert watch.send(WHOLE.encode(coding)).status_code == 400
    assert watch.send('{"feedback": []}'.encode(coding), FEEDBACK).status_code == 400


@pytest.mark.parametrize(
    ("mark", "status"),
    [
        (b"\xef\xbb\xbf", 200),
        (b"\xff\xfe", 400),
        (b"\xfe\xff", 400),
        (b"\xef\xbb\xbf" * 2, 400),
        (b"\x00", 400),
    ],
)
def test_one_byte_order_mark_of_utf_8_is_passed_over_and_no_other(
    mark: bytes, status: int, watch: Watch
) -> None:
    assert watch.send(mark + WHOLE.encode()).status_code == status
    assert watch.send(mark + b'{"feedback": []}', FEEDBACK).status_code == status


def test_of_a_key_that_is_there_twice_the_last_counts(watch: Watch) -> None:
    twice = b'{"hook": "patient-view", ' + WHOLE.encode()[1:]

    assert watch.send(twice).status_code == 200


@pytest.mark.parametrize("number", [b"9" * 10_000, b"1e400", b"-0", b"1e308"])
def test_an_odd_number_as_a_dose_or_score_is_answered(number: bytes, watch: Watch) -> None:
    request = request_of("047")
    for key in ("medications", "medicationStatements", "observations"):
        for entry in request["prefetch"][key].get("entry", []):
            entry["resource"]["valueQuantity"] = {"value": "@here@"}
            entry["resource"]["dispenseRequest"] = {
                "expectedSupplyDuration": {"value": "@here@", "unit": "d"}
            }

    body = json.dumps(request).encode().replace(b'"@here@"', number)

    assert watch.send(body).status_code == 200
