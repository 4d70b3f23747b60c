"""The description of the surface says what the surface does."""

import json
import re
from collections.abc import Sequence
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from cds_hooks import (
    Card,
    CdsHooksError,
    Client,
    Feedback,
    InvalidRequest,
    OrdersWithheld,
    Response,
    Service,
    read_hook_request,
)
from cds_hooks.authentication import OpenTo
from cds_hooks.blueprint import TakeFeedback
from cds_hooks.errors import TooManyRequests
from cds_hooks.openapi import openapi_document
from cds_hooks.request import READABLE_HOOKS
from tests.cds_hooks.test_cards import any_cards
from tests.cds_hooks.test_contexts import DISPATCH, DISPATCH_FIELDS, VISIT
from tests.cds_hooks.test_request import AUTHORIZATION, CONTEXT_FIELDS, FIELDS, json_values
from tests.cds_hooks.wire import (
    CARD,
    CLIENT,
    app_with,
    bundle_of,
    context,
    encoded,
    hook_call,
    order,
    service,
    without,
)

HOOKS = ("appointment-book", "order-dispatch", "order-select", "order-sign")
CONTEXTS: dict[str, dict[str, Any]] = {
    "appointment-book": VISIT,
    "order-dispatch": DISPATCH,
    "order-select": context(),
    "order-sign": context(),
}
CALL = "/cds-services/test-service"


def document(
    services: Sequence[Service] = tuple(service(hook) for hook in HOOKS),
    *,
    is_open: bool = True,
    takes_feedback: bool = True,
) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(
        openapi_document(services, is_open=is_open, takes_feedback=takes_feedback)
    )
    return described


def component(name: str) -> jsonschema_rs.Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}
    return jsonschema_rs.Draft202012Validator(schema)


CALLS = {hook: component(f"test-service.{hook}") for hook in HOOKS}
RESPONSE = component("Response")


def is_described(body: dict[str, Any]) -> bool:
    """As a call of the hook it names; without one, of order-select."""
    hook = body.get("hook")
    return CALLS[hook if hook in HOOKS else "order-select"].is_valid(body)


def is_read(body: dict[str, Any]) -> bool:
    """Refused neither as malformed nor for want of its orders. Orders that are not R4 are another matter."""
    try:
        read_hook_request(encoded(body), HOOKS)
    except (InvalidRequest, OrdersWithheld):
        return False
    except CdsHooksError:
        return True
    return True


def call_of(hook: str, **changes: Any) -> dict[str, Any]:
    """A good call; `changes` replace fields of its context."""
    return hook_call(hook, context={**CONTEXTS[hook], **changes})


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("takes_feedback", [True, False])
def test_the_document_is_valid_openapi_3_1(is_open: bool, takes_feedback: bool) -> None:
    described = document(is_open=is_open, takes_feedback=takes_feedback)

    assert [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(described)] == []
    assert described["openapi"] == "3.1.0"


@pytest.mark.parametrize("takes_feedback", [True, False])
def test_every_reference_of_the_document_leads_somewhere(takes_feedback: bool) -> None:
    described = document(takes_feedback=takes_feedback)

    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)))
    assert names == described["components"]["schemas"].keys()


def test_without_services_the_document_is_valid_too() -> None:
    described = document([])

    assert OPENAPI_31_VALIDATOR.is_valid(described)
    assert [*described["paths"]] == ["/openapi.json", "/cds-services"]


def test_the_document_is_served_like_discovery() -> None:
    client = app_with().test_client()

    first = client.get("/openapi.json")
    again = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})

    assert first.status_code == 200
    assert first.mimetype == "application/json"
    assert "max-age=" in first.headers["Cache-Control"]
    assert (again.status_code, again.data) == (304, b"")


def keep(client: Client, service_id: str, feedback: Sequence[Feedback]) -> None:
    """Takes everything."""


@pytest.mark.parametrize("take_feedback", [keep, None])
def test_every_route_is_described_and_nothing_else(take_feedback: TakeFeedback | None) -> None:
    app = app_with(take_feedback=take_feedback)
    described = app.test_client().get("/openapi.json").get_json()["paths"]

    rules = {
        rule.rule: rule.methods or set() for rule in app.url_map.iter_rules() if rule.endpoint != "static"
    }
    routes = {
        (path.replace("<service_id>", "test-service"), method.lower())
        for path, methods in rules.items()
        for method in methods - {"HEAD", "OPTIONS"}
    }
    assert routes == {(path, method) for path, operations in described.items() for method in operations}


def test_a_call_is_told_apart_by_its_hook() -> None:
    [body] = document()["paths"][CALL]["post"]["requestBody"]["content"].values()

    assert body["schema"]["discriminator"]["mapping"].keys() == set(HOOKS)
    for hook in HOOKS:
        assert [name for name in HOOKS if CALLS[name].is_valid(call_of(hook))] == [hook]


def test_every_hook_that_can_be_read_has_its_context_described() -> None:
    assert set(HOOKS) == READABLE_HOOKS
    for hook in HOOKS:
        assert not CALLS[hook].is_valid(hook_call(hook, context={}))


def test_services_on_the_same_hook_are_described_each_with_its_own_prefetch() -> None:
    other = service(id="other", prefetch={"encounter": "Encounter/{{context.encounterId}}"})

    described = document([service(), other])

    keys = {
        name: [*schema["properties"]["prefetch"]["properties"]]
        for name, schema in described["components"]["schemas"].items()
        if name.endswith(".order-sign")
    }
    assert keys == {"test-service.order-sign": ["patient"], "other.order-sign": ["encounter"]}


def errors(parent: type[CdsHooksError] = CdsHooksError) -> set[type[CdsHooksError]]:
    """Those with a name of their own in the tree; a kind of one of them is described as that one."""
    return {*parent.__subclasses__()}


def answers_to(path: str) -> dict[str, Any]:
    answers: dict[str, Any] = document()["paths"][path]["post"]["responses"]
    return answers


def refusals_of(path: str) -> dict[str, str]:
    return {status: each["description"] for status, each in answers_to(path).items() if status >= "4"}


def test_every_error_of_the_tree_is_an_answer_of_the_routes_that_give_it() -> None:
    call, feedback = refusals_of(CALL), refusals_of(f"{CALL}/feedback")

    words = {word for each in (call, feedback) for text in each.values() for word in text.split(" or ")}
    named = {word.replace(" ", "").lower() for word in words}
    assert {error.__name__.lower() for error in errors()} <= named
    assert {str(error.status) for error in errors()} == (call.keys() | feedback.keys()) - {"500", "default"}
    assert call.keys() - feedback.keys() == {"412", "422"}
    assert feedback.keys() - call.keys() == {"403"}


@pytest.mark.parametrize("path", [CALL, f"{CALL}/feedback"])
def test_every_refusal_is_an_outcome(path: str) -> None:
    answers = answers_to(path)

    for status in answers.keys() - {"200"}:
        [body] = answers[status]["content"].values()
        assert body["schema"] == {"$ref": "#/components/schemas/OperationOutcome"}


@pytest.mark.parametrize("path", [CALL, f"{CALL}/feedback"])
def test_what_a_refused_caller_is_told_in_a_header_is_described(path: str) -> None:
    answers = answers_to(path)

    told = {(error.status, name) for error in errors() for name in error.headers}
    told |= {(TooManyRequests.status, name) for name in TooManyRequests(1).headers}
    described = {
        (int(status), name)
        for status in answers.keys() - {"200", "default"}
        for name in answers[status].get("headers", {})
    }
    assert described == told


def test_a_token_is_asked_for_where_callers_are_authenticated() -> None:
    closed, opened = (document(is_open=is_open)["paths"] for is_open in (False, True))

    for path in (CALL, f"{CALL}/feedback"):
        assert closed[path]["post"]["security"] == [{"jwt": []}]
        assert opened[path]["post"]["security"] == [{}, {"jwt": []}]
    assert closed["/cds-services"]["get"]["security"] == closed["/openapi.json"]["get"]["security"] == []


def test_the_served_document_knows_whether_the_service_is_open() -> None:
    class Guarded(OpenTo):
        pass

    class Strict:
        client_of = OpenTo(CLIENT).client_of

    served = {
        name: app_with(authenticator=who).test_client().get("/openapi.json").get_json()
        for name, who in {"open": Guarded(CLIENT), "closed": Strict()}.items()
    }

    assert {} in served["open"]["paths"][CALL]["post"]["security"]
    assert {} not in served["closed"]["paths"][CALL]["post"]["security"]


@pytest.mark.parametrize(
    "body",
    [
        hook_call("order-select"),
        hook_call("order-select", prefetch=None, fhirServer=None, fhirAuthorization=None),
        hook_call("order-select", prefetch=[1], extension=[], unknown={"a": None}),
        hook_call("order-select", hookInstance="URN:UUID:D1577C69-DFBE-44AD-BA6D-3E05E953B2EA"),
        hook_call("order-select", fhirServer="https://x.org/fhir", fhirAuthorization={}),
        hook_call("order-select", fhirServer="x", fhirAuthorization={"access_token": 7, "token_type": []}),
        hook_call("order-select", fhirServer="https://x.org/fhir", fhirAuthorization=AUTHORIZATION),
        hook_call("order-select", context=context(patientId="https://x.org/fhir/Patient/p1/_history/2")),
        hook_call("order-select", context=context(encounterId=[], selections={"a": 1})),
        hook_call("order-select", context=context(draftOrders=[])),
        hook_call("order-select", context=context(draftOrders=order())),
        hook_call("order-select", context=context(draftOrders={"entry": None})),
        hook_call("order-select", context=context(draftOrders=bundle_of(None, 7, "x"))),
        hook_call("order-select", context=context(draftOrders=bundle_of(order("o", "ProcedureRequest")))),
        call_of("order-dispatch", userId=7, encounterId=[], fulfillmentTasks="Task/t1", task=None),
        call_of("order-dispatch", dispatchedOrders="ServiceRequest/o1"),
        call_of("order-dispatch", dispatchedOrders=["https://x.org/fhir/ServiceRequest/o1/_history/1"]),
        call_of("order-dispatch", dispatchedOrders=None, order="ServiceRequest/o1"),
        call_of("order-dispatch", **{"dispatchedOrders": None, "dispatched-orders": ["Task/t1"], "order": 7}),
        call_of("order-dispatch", dispatchedOrders=["ProcedureRequest/o1"]),
        call_of("order-dispatch", performer="https://x.org/fhir/Organization/o1"),
        call_of("appointment-book", encounterId=[], userId="anybody"),
        call_of("appointment-book", appointments=[]),
        call_of("appointment-book", appointments={}),
        call_of("appointment-book", appointments=bundle_of(None, 7, order("p1", "Patient"))),
        call_of("appointment-book", appointments=order("a1", "Appointment", incomingReferral=[{}])),
    ],
)
def test_what_is_read_is_described(body: dict[str, Any]) -> None:
    assert is_read(body)
    assert is_described(body)


@pytest.mark.parametrize(
    "body",
    [
        without(hook_call("order-select"), "hook"),
        hook_call("patient-view"),
        hook_call("order-select", hookInstance="1"),
        without(hook_call("order-select"), "context"),
        hook_call("order-select", context=[]),
        hook_call("order-select", context=context(userId="")),
        hook_call("order-select", context=context(patientId="..")),
        hook_call("order-select", context=context(patientId="p1?x")),
        hook_call("order-select", context=context(patientId="Group/g1")),
        hook_call("order-select", context=without(context(), "draftOrders")),
        hook_call("order-select", context=context(draftOrders=None)),
        hook_call("order-select", context=context(draftOrders={"resourceType": "Bundle", "entry": "x"})),
        hook_call("order-select", fhirServer=7),
        hook_call("order-select", fhirAuthorization=AUTHORIZATION),
        hook_call("order-select", fhirAuthorization=AUTHORIZATION, fhirServer=""),
        hook_call("order-select", fhirServer="https://x.org", fhirAuthorization="x"),
        hook_call("order-select", fhirServer="", fhirAuthorization={}),
        hook_call("order-select", context=context(patientId="?/_history/Patient/p1")),
        call_of("order-dispatch", patientId=None),
        call_of("order-dispatch", performer="o1"),
        call_of("order-dispatch", performer="Organization/?/_history/Organization/o1"),
        call_of("order-dispatch", dispatchedOrders=None),
        call_of("order-dispatch", dispatchedOrders=[]),
        call_of("order-dispatch", dispatchedOrders="", order="ServiceRequest/o1"),
        call_of("order-dispatch", dispatchedOrders=["ServiceRequest/o1", None]),
        call_of("order-dispatch", dispatchedOrders=["ServiceRequest/.."]),
        call_of("order-dispatch", dispatchedOrders={"reference": "ServiceRequest/o1"}),
        call_of("appointment-book", userId=None),
        call_of("appointment-book", patientId="Group/g1"),
        call_of("appointment-book", appointments=None),
        call_of("appointment-book", appointments="Appointment/a1"),
        call_of("appointment-book", appointments={"entry": 7}),
    ],
)
def test_what_is_refused_as_malformed_is_not_described(body: dict[str, Any]) -> None:
    assert not is_read(body)
    assert not is_described(body)


REQUIRED = {
    "appointment-book": ("userId", "patientId", "appointments"),
    "order-dispatch": ("patientId", "dispatchedOrders", "performer"),
    "order-select": ("userId", "patientId", "draftOrders"),
    "order-sign": ("userId", "patientId", "draftOrders"),
}


@pytest.mark.parametrize(("hook", "field"), [(hook, field) for hook in HOOKS for field in REQUIRED[hook]])
def test_a_context_without_what_it_needs_or_with_another_type_in_its_place_is_refused(
    hook: str, field: str
) -> None:
    lacking = hook_call(hook, context=without(CONTEXTS[hook], field))
    mistyped = [call_of(hook, **{field: value}) for value in (None, True, 7, 1.5)]

    for body in (lacking, *mistyped):
        assert not is_read(body)
        assert not is_described(body)


@given(st.sampled_from(HOOKS), st.sampled_from(FIELDS), json_values)
@example("order-select", "fhirAuthorization", {"access_token": "t", "token_type": "bearer"})
@example("order-select", "fhirAuthorization", {"access_token": "t", "token_type": "MAC"})
def test_the_description_of_a_call_is_as_lenient_as_its_reading(hook: str, field: str, value: Any) -> None:
    body = {**call_of(hook), field: value}

    assert is_described(body) == is_read(body)


ALL_CONTEXT_FIELDS = sorted(
    {*CONTEXT_FIELDS, *DISPATCH_FIELDS, "appointments", "fulfillmentTasks", "fulfillment-tasks"}
)
references = st.sampled_from(
    ["ServiceRequest/o1", "o1", "", "x/Task/t1/_history/2", "Task/..", "task/t1", "ServiceRequest/o 1"]
)
context_values = json_values | references | st.lists(references | json_values, max_size=2)


@given(
    st.sampled_from(HOOKS), st.dictionaries(st.sampled_from(ALL_CONTEXT_FIELDS), context_values, max_size=3)
)
def test_the_description_of_a_context_is_as_lenient_as_its_reading(hook: str, changes: Any) -> None:
    body = call_of(hook, **changes)

    assert is_described(body) == is_read(body)


@given(st.lists(any_cards(), max_size=3))
def test_every_response_that_can_be_made_is_described(cards: list[Card]) -> None:
    sent = json.loads(Response(cards=tuple(cards)).to_json())

    assert [error.message for error in RESPONSE.iter_errors(sent)] == []


SENT = json.loads(Response(cards=(CARD,)).to_json())["cards"][0]


@pytest.mark.parametrize(
    "changes",
    [
        {"summary": "x" * 140},
        {"summary": ""},
        {"uuid": "1"},
        {"indicator": "hard-stop"},
        {"detail": None},
        {"links": []},
        {"links": [{"label": "x", "url": "x.org", "type": "absolute"}]},
        {"source": {"label": ""}},
        {"source": {"label": "x", "url": "/relative"}},
        {"overrideReasons": [{"code": "x"}]},
        {"suggestions": [{"label": "x", "uuid": SENT["uuid"], "actions": [{"type": "CREATE"}]}]},
        {"extension": {}},
        {"colour": "red"},
    ],
)
def test_a_card_that_could_not_be_made_is_not_described(changes: dict[str, Any]) -> None:
    assert RESPONSE.is_valid({"cards": [SENT]})
    assert not RESPONSE.is_valid({"cards": [SENT | changes]})


@pytest.mark.parametrize("body", [{}, {"cards": None}, {"cards": [], "systemActions": []}, []])
def test_an_envelope_that_is_never_sent_is_not_described(body: Any) -> None:
    assert not RESPONSE.is_valid(body)
