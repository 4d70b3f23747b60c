"""Feedback as clients send it: the specified shape, the shapes they make of it, and what is refused."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from cds_hooks import (
    CardOfAnotherClient,
    Client,
    Feedback,
    FeedbackRecord,
    InvalidRequest,
    OverrideReason,
    PayloadTooLarge,
    TemporarilyUnavailable,
    read_feedback,
)
from cds_hooks.feedback import MAX_COMMENT_LENGTH, MAX_ENTRIES, MAX_SUGGESTIONS, MAX_TEXT_LENGTH
from tests.cds_hooks.wire import CANARY, CARD, CLIENT, app_with, encoded, without

URL = "/cds-services/test-service/feedback"
MOMENT = "2026-11-20T09:30:00Z"
EPIC = "com.epic.cdshooks.feedback.overrideReason."


def overridden(**changes: Any) -> dict[str, Any]:
    return {"card": CARD.uuid, "outcome": "overridden", "outcomeTimestamp": MOMENT, **changes}


def accepted(*suggestions: Any) -> dict[str, Any]:
    return overridden(outcome="accepted", acceptedSuggestions=[{"id": each} for each in suggestions])


def batch(*entries: Any) -> dict[str, Any]:
    return {"feedback": list(entries)}


def only(entry: dict[str, Any]) -> Feedback:
    [feedback] = read_feedback(encoded(batch(entry)))
    return feedback


class Taken:
    """Remembers what it was given, or fails as it is told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.batches: list[tuple[Client, str, tuple[Feedback, ...]]] = []

    def __call__(self, client: Client, service: str, feedback: Sequence[Feedback]) -> None:
        if self.failure is not None:
            raise self.failure
        self.batches.append((client, service, tuple(feedback)))


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def client(taken: Taken) -> FlaskClient:
    return app_with(take_feedback=taken).test_client()


def post(client: FlaskClient, body: Any, **options: Any) -> TestResponse:
    data = body if isinstance(body, bytes) else encoded(body)
    return client.post(options.pop("url", URL), data=data, **{"content_type": "application/json", **options})


def issue_of(response: TestResponse) -> dict[str, Any]:
    """The one issue of a valid OperationOutcome."""
    assert response.headers["Cache-Control"] == "no-store"
    OperationOutcome.model_validate(response.json)
    [issue] = json.loads(response.data)["issue"]
    assert isinstance(issue, dict)
    return issue


def test_a_batch_may_mix_cards_and_outcomes(client: FlaskClient, taken: Taken) -> None:
    reason = {"code": "patient-wish", "system": "https://example.org/reasons", "display": "Patient's wish"}
    second = overridden(card="c-2", overrideReason={"reason": reason, "userComment": "Discussed."})

    response = post(client, batch(accepted("s-1", "s-2"), second))

    assert (response.status_code, response.json) == (200, {})
    [(caller, service, feedback)] = taken.batches
    assert (caller, service) == (CLIENT, "test-service")
    moment = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert feedback == (
        Feedback(CARD.uuid, "accepted", ("s-1", "s-2"), None, None, moment),
        Feedback(
            "c-2",
            "overridden",
            (),
            OverrideReason(**reason),
            user_comment="Discussed.",
            outcome_timestamp=moment,
        ),
    )


@pytest.mark.parametrize("body", [{"feedback": overridden()}, overridden()], ids=["object", "bare"])
def test_one_object_is_taken_for_a_batch_of_one(body: Any) -> None:
    assert read_feedback(encoded(body)) == read_feedback(encoded(batch(overridden())))


def test_an_empty_batch_is_nothing_to_store(client: FlaskClient) -> None:
    assert post(client, batch()).status_code == 200


@pytest.mark.parametrize("card", ["123456", "x" * 190, "Ω 7/9", "urn:uuid:" + CARD.uuid])
def test_a_card_id_is_any_string(card: str) -> None:
    assert only(overridden(card=card)).card == card


def test_the_same_card_may_be_reported_more_than_once_in_a_batch() -> None:
    first, second = read_feedback(encoded(batch(accepted("s-1"), overridden())))

    assert (first.card, first.outcome, second.card, second.outcome) == (
        *(CARD.uuid, "accepted"),
        *(CARD.uuid, "overridden"),
    )


def test_the_override_reasons_of_epic_are_read_under_their_plural() -> None:
    reason = {"code": "1", "display": "Not now", "system": "http: //example.org/my reasons"}

    feedback = only(overridden(overrideReasons={"reason": reason, "userComment": "later"}))

    assert feedback.reason == OverrideReason("1", "http: //example.org/my reasons", "Not now")
    assert feedback.user_comment == "later"


@pytest.mark.parametrize("category", ["45", 45])
def test_a_reason_of_epics_own_list_is_read_from_its_extension(category: Any) -> None:
    extension = {
        f"{EPIC}reasonCategory": category,
        f"{EPIC}reasonDisplay": "Benefit outweighs risk",
        f"{EPIC}reasonTitle": "Benefit",
    }

    feedback = only(overridden(overrideReasons={"extension": extension}))

    assert feedback.reason == OverrideReason("45", f"{EPIC}reasonCategory", "Benefit outweighs risk")


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("reasonTitle", OverrideReason(None, None, "x")),
        ("reasonCategory", OverrideReason("x", f"{EPIC}reasonCategory", None)),
        ("somethingElse", None),
    ],
)
def test_each_part_of_epics_extension_may_come_alone(part: str, reason: OverrideReason | None) -> None:
    assert only(overridden(overrideReasons={"extension": {f"{EPIC}{part}": "x"}})).reason == reason


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        (None, None),
        ({}, None),
        ({"reason": None, "userComment": ""}, None),
        ({"reason": {}}, None),
        ({"reason": {"code": "c"}}, OverrideReason("c", None, None)),
        ({"reason": {"code": "c", "system": "s"}}, OverrideReason("c", "s", None)),
        ({"reason": {"display": "d", "userSelected": True}}, OverrideReason(None, None, "d")),
    ],
)
def test_any_part_of_an_override_reason_may_be_missing(override: Any, reason: OverrideReason | None) -> None:
    feedback = only(overridden(overrideReason=override))

    assert (feedback.reason, feedback.user_comment) == (reason, None)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1985-04-12T23:20:50.52Z", datetime(1985, 4, 12, 23, 20, 50, 520_000, UTC)),
        ("2026-11-20t09:30:00z", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("2026-11-20 09:30:00Z", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("2026-11-20T01:30:00-08:00", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("2026-11-20T09:30:00.123456789+00:00", datetime(2026, 11, 20, 9, 30, 0, 123_456, UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2024-02-29T23:30:00-01:00", datetime(2024, 3, 1, 0, 30, tzinfo=UTC)),
    ],
)
def test_an_outcome_timestamp_is_read_in_utc(text: str, moment: datetime) -> None:
    timestamp = only(overridden(outcomeTimestamp=text)).outcome_timestamp

    assert timestamp == moment
    assert timestamp.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2026-11-20T09:30:00",
            "2026-11-20",
            "2026-11-20T09:30Z",
            "20261120T093000Z",
            "2025-02-29T00:00:00Z",
        ),
        *("2026-11-20T09:30:00+0100", "2026-11-20T25:00:00Z", "0001-01-01T00:00:00+01:00", "yesterday", ""),
        *("2026-11-20T09:30:00+05:99", "2026-11-20T09:30:00+24:00"),
        *(
            "9999-12-31T23:59:59-01:00",
            "2026-W47-5T09:30:00Z",
            "２０２６-11-20T09:30:00Z",
            1795167000,
            None,
            [],
            {},
        ),
    ],
)
def test_a_timestamp_that_is_no_moment_refuses_the_batch(
    client: FlaskClient, taken: Taken, text: Any
) -> None:
    response = post(client, batch(overridden(), overridden(outcomeTimestamp=text)))

    assert response.status_code == 400
    assert issue_of(response)["expression"] == ["feedback[1].outcomeTimestamp"]
    assert taken.batches == []


FAULTS: list[tuple[Any, str]] = [
    (CANARY, ""),
    (None, ""),
    ([], ""),
    (without(overridden(), "card"), ".card"),
    (overridden(card=""), ".card"),
    (overridden(card=7), ".card"),
    (overridden(card=f"{CANARY}\0"), ".card"),
    (overridden(card="x" * (MAX_TEXT_LENGTH + 1)), ".card"),
    (without(overridden(), "outcome"), ".outcome"),
    (overridden(outcome="ignored"), ".outcome"),
    (overridden(outcome="Accepted"), ".outcome"),
    (overridden(outcome=["accepted"]), ".outcome"),
    (overridden(outcome=CANARY), ".outcome"),
    (overridden(outcome="accepted"), ".acceptedSuggestions"),
    (accepted(), ".acceptedSuggestions"),
    (accepted("s-1", ""), ".acceptedSuggestions"),
    (accepted(5), ".acceptedSuggestions"),
    (accepted(*["s"] * (MAX_SUGGESTIONS + 1)), ".acceptedSuggestions"),
    (overridden(outcome="accepted", acceptedSuggestions={"id": "s-1"}), ".acceptedSuggestions"),
    (overridden(outcome="accepted", acceptedSuggestions=["s-1"]), ".acceptedSuggestions"),
    (without(overridden(), "outcomeTimestamp"), ".outcomeTimestamp"),
    (overridden(overrideReason=CANARY), ".overrideReason"),
    (overridden(overrideReasons=[{"reason": {"code": "c"}}]), ".overrideReasons"),
    (overridden(overrideReason={"reason": CANARY}), ".overrideReason.reason"),
    (overridden(overrideReason={"reason": {"code": 5}}), ".overrideReason.reason.code"),
    (overridden(overrideReason={"reason": {"system": [CANARY]}}), ".overrideReason.reason.system"),
    (overridden(overrideReason={"reason": {"display": {}}}), ".overrideReason.reason.display"),
    (overridden(overrideReason={"userComment": [CANARY]}), ".overrideReason.userComment"),
    (
        overridden(overrideReason={"userComment": "x" * (MAX_COMMENT_LENGTH + 1)}),
        ".overrideReason.userComment",
    ),
    (overridden(overrideReasons={"extension": CANARY}), ".overrideReasons.extension"),
    (overridden(overrideReasons={"extension": {f"{EPIC}reasonTitle": []}}), ".overrideReasons.extension"),
]


@pytest.mark.parametrize(("entry", "field"), FAULTS)
def test_a_malformed_entry_is_named_by_index_and_field_and_nothing_is_taken(
    client: FlaskClient, taken: Taken, entry: Any, field: str
) -> None:
    response = post(client, batch(overridden(), entry, accepted("s-1")))

    assert response.status_code == 400
    assert issue_of(response)["expression"] == [f"feedback[1]{field}"]
    assert CANARY not in response.get_data(as_text=True)
    assert taken.batches == []


def test_every_entry_at_fault_is_named(client: FlaskClient) -> None:
    response = post(client, batch(overridden(card=""), overridden(), "x", overridden(outcome="seen")))

    assert issue_of(response)["expression"] == ["feedback[0].card", "feedback[2]", "feedback[3].outcome"]


@pytest.mark.parametrize(
    ("body", "expression"),
    [({"feedback": overridden(outcome="seen")}, "feedback.outcome"), (overridden(outcome="seen"), "outcome")],
)
def test_a_fault_of_a_single_object_is_named_where_it_is(
    client: FlaskClient, body: Any, expression: str
) -> None:
    assert issue_of(post(client, body))["expression"] == [expression]


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b"{}", b'"x"', b'{"feedback": null}', b'{"feedback": "x"}', b'{"feedback": 1'),
        *(b"\xff\xfe{}", b'{"feedback": [{"card": "\xed\xa0\x80"}]}', b'{"feedback": [{"card": "\\ud800"}]}'),
        *(b"[" * 100_000, b'{"feedback": ' + b"[" * 500 + b"]" * 500 + b"}", b'{"feedback": NaN}'),
        b'{"feedback": ' + b"1" * 10_000 + b"}",
    ],
)
def test_a_body_that_is_no_feedback_is_refused(client: FlaskClient, taken: Taken, body: bytes) -> None:
    response = post(client, body)

    assert response.status_code == 400
    issue_of(response)
    assert taken.batches == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*overridden(), "acceptedSuggestions", "overrideReason", "id"]), inner
            )
        ),
    )
)
def test_no_json_at_all_is_read_as_anything_but_feedback_or_a_refusal(value: Any) -> None:
    with suppress(InvalidRequest):
        assert all(isinstance(feedback, Feedback) for feedback in read_feedback(encoded({"feedback": value})))


def test_as_many_entries_as_the_cap_are_taken(client: FlaskClient, taken: Taken) -> None:
    response = post(client, batch(*[overridden()] * MAX_ENTRIES))

    assert response.status_code == 200
    assert len(taken.batches[0][2]) == MAX_ENTRIES


@pytest.mark.parametrize("count", [MAX_ENTRIES + 1, 10_000])
def test_more_entries_than_the_cap_are_too_large(client: FlaskClient, taken: Taken, count: int) -> None:
    response = post(client, batch(*[overridden()] * count))

    assert response.status_code == 413
    assert issue_of(response)["expression"] == ["feedback"]
    assert taken.batches == []


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\u202e<script>" * 50_000])
def test_a_comment_of_a_megabyte_is_refused(client: FlaskClient, text: str) -> None:
    response = post(client, batch(overridden(overrideReason={"userComment": text})))

    assert response.status_code == 400


def test_the_longest_comment_is_taken_whole() -> None:
    comment = "é" * MAX_COMMENT_LENGTH

    assert only(overridden(overrideReason={"userComment": comment})).user_comment == comment


def test_a_body_over_the_cap_is_too_large(taken: Taken) -> None:
    client = app_with(take_feedback=taken, max_body_bytes=2000).test_client()

    assert post(client, batch(overridden(card="x" * 2000))).status_code == 413
    with pytest.raises(PayloadTooLarge):
        read_feedback(encoded(batch(*[overridden()] * (MAX_ENTRIES + 1))))


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x"])
def test_feedback_is_json_like_any_call(client: FlaskClient, content_type: str) -> None:
    assert post(client, batch(overridden()), content_type=content_type).status_code == 415
    assert post(client, batch(overridden()), content_type="application/fhir+json").status_code == 200


def test_an_unknown_service_has_no_feedback(client: FlaskClient, taken: Taken) -> None:
    response = post(client, batch(overridden()), url="/cds-services/other/feedback")

    assert response.status_code == 404
    assert issue_of(response)["code"] == "not-found"
    assert taken.batches == []


def test_feedback_is_only_posted(client: FlaskClient) -> None:
    assert client.get(URL).status_code == 405


def test_a_service_that_takes_no_feedback_has_no_endpoint_for_it() -> None:
    assert post(app_with().test_client(), batch(overridden())).status_code == 404


class Nobody:
    """Knows no caller."""

    def client_of(self, authorization: Sequence[str], path: str) -> Client:
        assert path.startswith("/cds-services/")
        assert path.endswith("/feedback")
        assert authorization == ["Bearer x"]
        raise CardOfAnotherClient


@pytest.mark.parametrize(
    ("url", "body"), [(URL, b"{"), (URL, encoded(batch(overridden()))), ("/cds-services/no/feedback", b"")]
)
def test_who_is_calling_is_asked_before_anything_is_read(taken: Taken, url: str, body: bytes) -> None:
    client = app_with(take_feedback=taken, authenticator=Nobody()).test_client()

    response = post(client, body, url=url, headers={"Authorization": "Bearer x"}, content_type="text/plain")

    assert response.status_code == 403
    assert taken.batches == []


def test_feedback_that_cannot_be_kept_is_never_acknowledged() -> None:
    client = app_with(take_feedback=Taken(TemporarilyUnavailable())).test_client()

    response = post(client, batch(overridden()))

    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert issue_of(response)["code"] == "transient"


def test_a_failure_while_keeping_it_is_a_500_that_says_nothing_of_the_cause() -> None:
    seen: list[Exception] = []
    failure = RuntimeError(CANARY)
    client = app_with(take_feedback=Taken(failure), on_unexpected=seen.append).test_client()

    response = post(client, batch(overridden()))

    assert response.status_code == 500
    assert CANARY not in response.get_data(as_text=True)
    assert seen == [failure]
    issue_of(response)


def test_every_feedback_is_observed_without_what_it_says(taken: Taken) -> None:
    seen: list[Any] = []
    client = app_with(take_feedback=taken, observe=seen.append).test_client()
    post(client, batch(overridden(overrideReason={"userComment": CANARY}), accepted("s-1")))
    post(client, batch(overridden(card=CANARY, outcome=CANARY)))
    post(client, batch(overridden()), url=f"/cds-services/{CANARY}/feedback")

    assert all(isinstance(record, FeedbackRecord) for record in seen)
    assert [(r.service, r.client, r.status, r.entry_count, r.error) for r in seen] == [
        ("test-service", "test-ehr", 200, 2, None),
        ("test-service", "test-ehr", 400, 0, "invalid"),
        (None, "test-ehr", 404, 0, "not-found"),
    ]
    assert CANARY not in repr(seen)


def test_a_comment_is_not_shown_by_a_feedbacks_representation() -> None:
    assert CANARY not in repr(only(overridden(overrideReason={"userComment": CANARY})))
