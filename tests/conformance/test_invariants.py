"""Every invariant can be broken, and nothing that the service sends breaks one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.app import HOOKS
from tests.cds_hooks.test_request import json_values
from tests.conformance.calls import STORIES, Call, as_booked, as_dispatched, as_drafted, body_of, calls
from tests.conformance.invariants import DISCOVERY, FEEDBACK, REQUEST, RESPONSE, Invariant, Json, broken
from tests.plugin.cards.service import (
    SERVICE,
    assert_obeys_the_contract,
    client,
    order_of,
    request_of,
    searchset,
)
from tests.plugin.test_app_appointment_book import appointment
from tests.scenarios.reviewer import review, without_prefetch
from tests.scenarios.scenario import Scenario, load_scenarios
from tests.scenarios.test_dialects import Exchange, exchanges
from tests.scenarios.test_dialects import client as client_of

ID = "11111111-2222-4333-8444-555555555555"
OTHER_ID = "99999999-2222-4333-8444-555555555555"
ACTION: Json = {
    "type": "create",
    "description": "Order it",
    "resource": {"resourceType": "ServiceRequest", "performer": [None, {"reference": "Organization/x"}]},
}
DELETION: Json = {"type": "delete", "description": "Drop it", "resourceId": "ServiceRequest/o1"}
SUGGESTION: Json = {"label": "Do it", "uuid": OTHER_ID, "isRecommended": True, "actions": [ACTION, DELETION]}
LINK: Json = {"label": "More", "url": "https://x.org/launch", "type": "smart", "appContext": "c"}
CARD: Json = {
    "uuid": ID,
    "summary": "Something to know.",
    "detail": "More of it.",
    "indicator": "info",
    "source": {"label": "x", "url": "https://x.org", "topic": {"code": "t", "system": "urn:x"}},
    "suggestions": [SUGGESTION],
    "selectionBehavior": "at-most-one",
    "overrideReasons": [{"code": "r", "system": "urn:x", "display": "Reason"}],
    "links": [LINK],
}
AUTHORIZATION: Json = {
    "access_token": "t",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.read",
    "subject": "s",
    "patient": "p1",
}
CALL: Json = {
    "hook": "order-dispatch",
    "hookInstance": ID,
    "fhirServer": "https://ehr.example.org/fhir",
    "fhirAuthorization": AUTHORIZATION,
    "context": {"patientId": "p1", "dispatchedOrders": ["ServiceRequest/o1"], "performer": "Organization/x"},
    "prefetch": {"patient": None},
}
ACCEPTED: Json = {
    "card": ID,
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": OTHER_ID}],
    "outcomeTimestamp": "2026-11-20T08:00:00.5Z",
}
OVERRIDDEN: Json = {
    "card": ID,
    "outcome": "overridden",
    "overrideReason": {"reason": {"code": "r", "system": "urn:x"}},
    "outcomeTimestamp": "2026-11-20T08:00:00+01:00",
}
ENTRY: Json = {
    "hook": "order-sign",
    "title": "x",
    "description": "x",
    "id": "x",
    "prefetch": {"patient": "Patient/{{context.patientId}}"},
}

MODELS: dict[str, tuple[Sequence[Invariant], Json]] = {
    "discovery": (DISCOVERY, {"services": [ENTRY]}),
    "request": (REQUEST, CALL),
    "response": (RESPONSE, {"cards": [CARD], "systemActions": [ACTION]}),
    "feedback": (FEEDBACK, {"feedback": [ACCEPTED, OVERRIDDEN]}),
}


def without(node: Json, *names: str) -> Json:
    return {key: value for key, value in node.items() if key not in names}


def card(**changes: Any) -> Json:
    return {"cards": [CARD | changes]}


def suggestion(**changes: Any) -> Json:
    return card(suggestions=[SUGGESTION | changes])


def context(**changes: Any) -> Json:
    return CALL | {"context": CALL["context"] | changes}


def authorization(**changes: Any) -> Json:
    return CALL | {"fhirAuthorization": AUTHORIZATION | changes}


def entry(given: Json, **changes: Any) -> Json:
    return {"feedback": [given | changes]}


BAD: list[tuple[str, str, Json]] = [
    ("discovery", "cds-services-types", {}),
    ("discovery", "cds-services-types", {"services": {"a": 1}} | {"services": [without(ENTRY, "title")]}),
    ("discovery", "cds-services-types", {"services": [ENTRY | {"prefetch": {"patient": 7}}]}),
    ("discovery", "cds-services-empty", {"services": [ENTRY | {"prefetch": {}}]}),
    ("request", "cds-r-1", without(CALL, "fhirServer")),
    ("request", "cds-r-2", CALL | {"fhirAuthorization": without(AUTHORIZATION, "patient")}),
    ("request", "cds-r-types", without(CALL, "hook")),
    ("request", "cds-r-types", CALL | {"hookInstance": "1"}),
    ("request", "cds-r-types", CALL | {"fhirServer": "ehr.example.org/fhir"}),
    ("request", "cds-r-types", authorization(expires_in="300")),
    ("request", "cds-r-types", authorization(token_type="bearer")),
    ("request", "cds-r-empty", CALL | {"extension": {}}),
    ("request", "cds-r-empty", CALL | {"prefetch": {"patient": {"resourceType": "Patient", "name": []}}}),
    ("request", "cds-r-empty", context(encounterId=None)),
    ("request", "ord-1", context(performer="https://x.org/Organization/x")),
    ("request", "ord-1", context(dispatchedOrders=["ServiceRequest/o1", "o2"])),
    ("response", "cds-resp-1", card(suggestions=[SUGGESTION, SUGGESTION])),
    ("response", "cds-resp-2", suggestion(actions=[DELETION | {"resource": ACTION["resource"]}])),
    ("response", "cds-resp-2", suggestion(actions=[without(DELETION, "resourceId")])),
    ("response", "cds-resp-3", card(links=[LINK | {"type": "absolute"}])),
    ("response", "cds-resp-4", card(overrideReasons=[{"code": "r", "system": "urn:x"}])),
    ("response", "cds-resp-5", suggestion(actions=[without(DELETION, "description")])),
    ("response", "cds-resp-5", {"cards": [], "systemActions": [without(ACTION, "description")]}),
    ("response", "cds-resp-6", {"cards": [without(CARD, "selectionBehavior")]}),
    ("response", "cds-resp-7", suggestion(actionSelectionBehavior="one")),
    ("response", "cds-resp-types", {}),
    ("response", "cds-resp-types", card(uuid="1")),
    ("response", "cds-resp-types", card(summary="x" * 140)),
    ("response", "cds-resp-types", card(indicator="hard-stop")),
    ("response", "cds-resp-types", card(selectionBehavior="all")),
    ("response", "cds-resp-types", {"cards": [without(CARD, "source")]}),
    ("response", "cds-resp-types", card(source={"label": "x", "url": "/about"})),
    ("response", "cds-resp-types", card(source={"label": "x", "topic": {"code": "t"}})),
    ("response", "cds-resp-types", card(overrideReasons=[{"code": "r", "display": "Reason"}])),
    ("response", "cds-resp-types", card(links=[LINK | {"url": "javascript:alert(1)"}])),
    ("response", "cds-resp-types", suggestion(label=7)),
    ("response", "cds-resp-types", suggestion(isRecommended="yes")),
    ("response", "cds-resp-types", suggestion(actions=[ACTION | {"type": "CREATE"}])),
    ("response", "cds-resp-types", suggestion(actions=[ACTION | {"resource": "{}"}])),
    ("response", "cds-resp-types", suggestion(actions=[without(ACTION, "resource")])),
    ("response", "cds-resp-empty", card(links=[])),
    ("response", "cds-resp-empty", card(extension={"org.example.x": None})),
    ("response", "cds-resp-empty", {"cards": [], "systemActions": []}),
    ("feedback", "cds-fb-1", entry(OVERRIDDEN, outcome="ignored")),
    ("feedback", "cds-fb-2", {"feedback": [without(ACCEPTED, "acceptedSuggestions")]}),
    ("feedback", "cds-fb-3", entry(OVERRIDDEN, overrideReason={"extension": {"a": 1}})),
    ("feedback", "cds-fb-types", {"card": ID}),
    ("feedback", "cds-fb-types", entry(OVERRIDDEN, card="123456")),
    ("feedback", "cds-fb-types", entry(ACCEPTED, acceptedSuggestions=[{"id": "1"}])),
    ("feedback", "cds-fb-types", entry(ACCEPTED, outcomeTimestamp="2026-11-20T08:00:00")),
    ("feedback", "cds-fb-types", entry(ACCEPTED, outcomeTimestamp="2026-13-20T08:00:00Z")),
]


@pytest.mark.parametrize("model", MODELS)
def test_a_good_document_breaks_nothing(model: str) -> None:
    invariants, document = MODELS[model]

    assert broken(document, invariants) == []


def test_empty_lists_of_cards_and_services_are_allowed() -> None:
    assert broken({"cards": []}, RESPONSE) == []
    assert broken({"services": []}, DISCOVERY) == []


@pytest.mark.parametrize(("model", "name", "document"), BAD)
def test_a_document_that_breaks_an_invariant_is_found(model: str, name: str, document: Json) -> None:
    invariants, _ = MODELS[model]

    assert {fault.split(" ")[0] for fault in broken(document, invariants)} == {name}


def test_every_invariant_has_a_document_that_breaks_it() -> None:
    names = {invariant.id for invariants, _ in MODELS.values() for invariant in invariants}

    assert {name for _, name, _ in BAD} == names


def test_discovery_breaks_nothing() -> None:
    assert broken(client().get("/cds-services").get_json(), DISCOVERY) == []


@pytest.mark.parametrize("scenario", load_scenarios(), ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("made", [as_drafted, as_dispatched, as_booked])
def test_a_scenario_breaks_nothing(scenario: Scenario, made: Callable[[Scenario], Call]) -> None:
    request = made(scenario).request()

    answers = [review(scenario, notes, request) for notes in ("always", "attached")]

    assert {answer.status_code for answer in answers} == {200}
    assert broken(request, REQUEST) == []
    assert [fault for answer in answers for fault in broken(answer.get_json(), RESPONSE)] == []


@pytest.mark.parametrize("exchange", exchanges(), ids=lambda e: f"{e.dialect}-{e.case}")
def test_a_dialect_breaks_nothing_but_what_its_ehr_breaks(exchange: Exchange) -> None:
    answer = client_of(exchange.dialect).post(SERVICE, json=exchange.request)

    assert broken(exchange.request, REQUEST) == []
    if answer.status_code == 200:
        assert deviations(answer.get_json()) <= DEVIATIONS.get(exchange.dialect, set())


DEVIATIONS = {"oracle": {"cds-resp-2", "cds-resp-types"}}
"""Oracle's deletions name what is to be deleted in `resource`, as CDS Hooks 1.0 did."""


def deviations(response: Json) -> set[str]:
    return {fault.partition(" ")[0] for fault in broken(response, RESPONSE)}


def test_in_todays_form_the_answer_to_a_dialect_breaks_nothing_at_all() -> None:
    answers = {call.name: body_of(call) for call in calls()}

    assert {name: faults for name, body in answers.items() if (faults := broken(body, RESPONSE))} == {}


def test_a_deletion_in_the_form_of_1_0_is_sent_to_oracle_and_told_from_todays() -> None:
    sent = Exchange("oracle", "order-select").response["body"]

    assert deviations(sent) == DEVIATIONS["oracle"]


def test_a_request_with_a_lent_server_breaks_nothing_but_the_warning() -> None:
    request = without_prefetch(load_scenarios()[0])

    assert broken(request, REQUEST) == ["cds-r-2 at fhirAuthorization.patient"]


def feedback_answer(body: Json) -> int:
    return client().post(f"{SERVICE}/feedback", json=body).status_code


def test_feedback_that_breaks_nothing_is_taken() -> None:
    assert feedback_answer(MODELS["feedback"][1]) == 200


@pytest.mark.parametrize(
    "document", [document for _, name, document in BAD if name in ("cds-fb-1", "cds-fb-2")]
)
def test_feedback_without_an_outcome_or_what_was_accepted_is_refused(document: Json) -> None:
    assert feedback_answer(document) == 400


OURS: list[Json] = [order_of(request_of(name)) for name in ("001", "020b", "025", "127", "139")]
KEYS = ("conditions", "procedures", "serviceRequests", "reports", "imaging", "medications", "observations")
CHARTED: list[Json] = [r for s in load_scenarios() if s.name[:3] in STORIES for r in s.chart()]
PLAIN_ID = re.compile(r"[A-Za-z0-9.-]{2,64}")
charts = st.dictionaries(
    st.sampled_from(KEYS),
    st.none()
    | json_values
    | st.lists(st.sampled_from(CHARTED), max_size=5).map(lambda found: searchset(*found)),
)


@st.composite
def orders(draw: st.DrawFn) -> Json:
    """One of our orders, some of its elements left out or anything at all."""
    order = dict(draw(st.sampled_from(OURS)))
    for name in draw(st.lists(st.sampled_from(sorted(order.keys() - {"resourceType"})), max_size=3)):
        if draw(st.booleans()):
            order.pop(name, None)
        else:
            order[name] = draw(json_values)
    return order


def call_for(hook: str, drafts: list[Json], chart: dict[str, Any]) -> Json:
    """A call about `drafts`, which are in the context or where the hook's context refers to."""
    request = request_of("025") | {"hook": hook, "prefetch": chart}
    context = request["context"]
    names = [f"ServiceRequest/{d['id']}" for d in drafts if PLAIN_ID.fullmatch(str(d.get("id", "")))]
    if hook == "order-dispatch":
        chart["dispatchedOrders"] = searchset(*drafts)
        context |= {"dispatchedOrders": names or ["ServiceRequest/o1"], "performer": "Organization/x"}
    elif hook == "appointment-book":
        chart["serviceRequests"] = searchset(*drafts)
        visits = [appointment(context["patientId"], basedOn=[{"reference": name}]) for name in names]
        context["appointments"] = searchset(*visits, type="collection")
    else:
        context["draftOrders"]["entry"] = [{"resource": order} for order in drafts]
    return request


@settings(max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([*HOOKS]), st.lists(orders(), max_size=3), charts)
def test_no_answer_breaks_an_invariant_whatever_is_ordered_and_charted(
    hook: str, drafts: list[Json], chart: dict[str, Any]
) -> None:
    answer = client().post(SERVICE, json=call_for(hook, drafts, chart))

    assert answer.status_code in (200, 412)
    if answer.status_code == 200:
        assert_obeys_the_contract(answer)
