"""The description of feedback says what is taken."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cds_hooks import InvalidRequest, PayloadTooLarge, read_feedback
from cds_hooks.feedback import MAX_COMMENT_LENGTH, MAX_ENTRIES, MAX_SUGGESTIONS, MAX_TEXT_LENGTH
from tests.cds_hooks.test_feedback import accepted, batch, overridden
from tests.cds_hooks.test_openapi import component
from tests.cds_hooks.test_request import json_values
from tests.cds_hooks.wire import encoded, without

FEEDBACK = component("Feedback")


def is_read_as_feedback(body: Any) -> bool:
    try:
        read_feedback(encoded(body))
    except (InvalidRequest, PayloadTooLarge):
        return False
    return True


def epic(**parts: Any) -> dict[str, Any]:
    return {"extension": {f"com.epic.cdshooks.feedback.overrideReason.{k}": v for k, v in parts.items()}}


@pytest.mark.parametrize(
    "body",
    [
        batch(),
        batch(accepted("s1", "s2"), overridden(), overridden(acceptedSuggestions=[], extension=[])),
        {"feedback": overridden()},
        overridden(),
        accepted("s1"),
        batch(overridden(card="x" * MAX_TEXT_LENGTH, acceptedSuggestions=None, overrideReason=None)),
        batch(overridden(outcomeTimestamp="2016-12-31 23:59:60.123456789+05:30")),
        batch(overridden(overrideReason={}, overrideReasons=7)),
        batch(overridden(overrideReason={"reason": {"code": "", "display": None}, "extension": 7})),
        batch(overridden(overrideReason={"reason": None, "userComment": "x" * MAX_COMMENT_LENGTH})),
        batch(overridden(overrideReason=None, overrideReasons={"reason": {}, **epic(reasonCategory=7)})),
        batch(overridden(overrideReasons=epic(reasonDisplay="x", reasonTitle=None))),
    ],
)
def test_feedback_that_is_taken_is_described(body: Any) -> None:
    assert is_read_as_feedback(body)
    assert [error.message for error in FEEDBACK.iter_errors(body)] == []


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"feedback": None},
        {"feedback": None, **overridden()},
        batch(7),
        batch(without(overridden(), "card")),
        batch(overridden(card="")),
        batch(overridden(card="a\0b")),
        batch(overridden(card="x" * (MAX_TEXT_LENGTH + 1))),
        batch(overridden(outcome="ignored")),
        batch(overridden(outcome="accepted")),
        batch(accepted()),
        batch(accepted("")),
        batch(overridden(acceptedSuggestions=[{}])),
        batch(accepted(*"x" * (MAX_SUGGESTIONS + 1))),
        batch(without(overridden(), "outcomeTimestamp")),
        batch(overridden(outcomeTimestamp="2026-11-20T09:30:00")),
        batch(overridden(outcomeTimestamp="2026-11-20T09:30:00+05:99")),
        batch(overridden(overrideReason=7)),
        batch(overridden(overrideReason={"reason": "x"})),
        batch(overridden(overrideReason={"reason": {"code": 7}})),
        batch(overridden(overrideReason={"userComment": "x" * (MAX_COMMENT_LENGTH + 1)})),
        batch(overridden(overrideReason=None, overrideReasons=[])),
        batch(overridden(overrideReasons=epic(reasonTitle=["x"]))),
        batch(*[overridden()] * (MAX_ENTRIES + 1)),
    ],
)
def test_feedback_that_is_refused_is_not_described(body: Any) -> None:
    assert not is_read_as_feedback(body)
    assert not FEEDBACK.is_valid(body)


ENTRY_FIELDS = [
    "card",
    "outcome",
    "acceptedSuggestions",
    "overrideReason",
    "overrideReasons",
    "outcomeTimestamp",
]
overrides = st.dictionaries(st.sampled_from(["reason", "userComment", "extension"]), json_values, max_size=2)
suggestions = st.lists(st.dictionaries(st.just("id"), json_values), max_size=2)


@given(st.dictionaries(st.sampled_from(ENTRY_FIELDS), json_values | overrides | suggestions, max_size=3))
def test_the_description_of_feedback_is_as_lenient_as_its_reading(changes: dict[str, Any]) -> None:
    for entry in (overridden(**changes), {**accepted("s1"), **changes}):
        for body in (batch(entry), {"feedback": entry}, entry):
            assert FEEDBACK.is_valid(body) == is_read_as_feedback(body)


def two_digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.integers(least, most).map("{:02}".format)


timestamps = st.tuples(
    st.integers(2, 9998).map("{:04}-".format),
    *(two_digits(0, 13), st.just("-"), two_digits(0, 32), st.sampled_from("Tt _")),
    *(two_digits(0, 25), st.just(":"), two_digits(0, 61), st.just(":"), two_digits(0, 61)),
    st.sampled_from(["", ".", ".5", ".1234567890"]),
    st.sampled_from(["Z", "z", "", "+00:00", "-23:59", "+24:00", "+0100", "-05:60"]),
).map("".join)


@given(timestamps)
@example("1900-02-29T00:00:00Z")
@example("2000-02-29T00:00:00Z")
@example("2024-02-29T00:00:00Z")
@example("2100-02-29T00:00:00Z")
@example("0000-01-01T00:00:00Z")
def test_the_description_of_a_timestamp_knows_the_calendar(timestamp: str) -> None:
    body = batch(overridden(outcomeTimestamp=timestamp))

    assert FEEDBACK.is_valid(body) == is_read_as_feedback(body)


@given(json_values)
def test_whatever_is_sent_as_feedback_is_described_if_it_is_taken(body: Any) -> None:
    assert FEEDBACK.is_valid(body) == is_read_as_feedback(body)
