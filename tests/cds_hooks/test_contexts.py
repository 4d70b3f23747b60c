"""The contexts of order-dispatch and appointment-book, and calls that hold no orders at all."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks import (
    AppointmentContext,
    CdsHooksError,
    DispatchContext,
    InvalidRequest,
    OrdersWithheld,
    UnsupportedFhirVersion,
    read_hook_request,
)
from tests.cds_hooks.test_request import AUTHORIZATION, SOME, json_values
from tests.cds_hooks.wire import CANARY, bundle_of, context, encoded, hook_call, order, without

DISPATCH = {
    "patientId": "p1",
    "dispatchedOrders": ["ServiceRequest/o1"],
    "performer": "Organization/imaging-centre",
}
VISIT = {
    "userId": "RelatedPerson/r1",
    "patientId": "p1",
    "appointments": bundle_of(order("a1", "Appointment", status="proposed")),
}


def dispatched(**changes: Any) -> DispatchContext:
    body = hook_call("order-dispatch", context={**DISPATCH, **changes})
    read = read_hook_request(encoded(body), ["order-dispatch"]).context
    assert isinstance(read, DispatchContext)
    return read


def booked(**changes: Any) -> AppointmentContext:
    body = hook_call("appointment-book", context={**VISIT, **changes})
    read = read_hook_request(encoded(body), ["appointment-book"]).context
    assert isinstance(read, AppointmentContext)
    return read


def refused(hook: str, given: dict[str, Any]) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        read_hook_request(encoded(hook_call(hook, context=given)), [hook])
    assert CANARY not in caught.value.text
    return caught.value


def test_a_dispatch_has_orders_and_a_performer_and_nobody_who_asks() -> None:
    read = dispatched()

    assert (read.patient_id, read.user_id, read.encounter_id) == ("p1", None, None)
    assert read.dispatched_orders == ("ServiceRequest/o1",)
    assert read.performer == "Organization/imaging-centre"


@pytest.mark.parametrize(
    "spelled",
    [
        {"dispatchedOrders": ["ServiceRequest/o1"]},
        {"dispatched-orders": ["ServiceRequest/o1"]},
        {"order": "ServiceRequest/o1"},
        {"dispatchedOrders": "ServiceRequest/o1"},
        {"dispatchedOrders": ["https://ehr.example.org/fhir/ServiceRequest/o1"]},
        {"dispatchedOrders": ["ServiceRequest/o1/_history/4", "ServiceRequest/o1"]},
        {"dispatchedOrders": None, "order": "ServiceRequest/o1"},
    ],
    ids=lambda spelled: ",".join(spelled),
)
def test_dispatched_orders_are_read_in_every_spelling(spelled: dict[str, Any]) -> None:
    body = hook_call("order-dispatch", context={**without(DISPATCH, "dispatchedOrders"), **spelled})

    read = read_hook_request(encoded(body), ["order-dispatch"]).context

    assert isinstance(read, DispatchContext)
    assert read.dispatched_orders == ("ServiceRequest/o1",)


@pytest.mark.parametrize(
    "spelled",
    [
        {"fulfillmentTasks": [{"resourceType": "Task"}]},
        {"fulfillment-tasks": [{"resourceType": "Task"}, "no task"]},
        {"task": {"resourceType": "Task"}},
    ],
    ids=lambda spelled: ",".join(spelled),
)
def test_tasks_are_read_in_every_spelling(spelled: dict[str, Any]) -> None:
    assert [bytes(task) for task in dispatched(**spelled).fulfillment_tasks] == [b'{"resourceType": "Task"}']


@pytest.mark.parametrize("tasks", [None, [], "Task/t1", 7])
def test_what_is_no_task_is_none(tasks: Any) -> None:
    assert dispatched(fulfillmentTasks=tasks).fulfillment_tasks == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("patientId", None),
        ("performer", None),
        ("performer", CANARY),
        ("performer", {"reference": "Organization/x"}),
        ("dispatchedOrders", None),
        ("dispatchedOrders", []),
        ("dispatchedOrders", [7]),
        ("dispatchedOrders", CANARY),
        ("dispatchedOrders", ["ServiceRequest/o1", CANARY]),
        ("dispatchedOrders", ["ServiceRequest/o1", f"ServiceRequest/../{CANARY}?x"]),
    ],
)
def test_a_dispatch_without_what_it_needs_is_refused(field: str, value: Any) -> None:
    assert refused("order-dispatch", {**DISPATCH, field: value}).expression == (f"context.{field}",)


def test_a_dispatch_of_orders_that_only_stu3_has_is_of_another_version() -> None:
    with pytest.raises(UnsupportedFhirVersion) as caught:
        dispatched(dispatchedOrders=["ProcedureRequest/o1"])

    assert caught.value.expression == ("context.dispatchedOrders",)


def test_a_booking_has_its_appointments_and_who_asks_may_be_family() -> None:
    read = booked(
        appointments=bundle_of(order("a1", "Appointment"), order("p1", "Patient"), "no resource"),
        encounterId="e1",
    )

    assert (read.user_id, read.patient_id, read.encounter_id) == ("RelatedPerson/r1", "p1", "e1")
    assert [each.reference for each in read.appointments] == ["Appointment/a1"]
    assert len(read.unreadable_appointments) == 1


@pytest.mark.parametrize(
    "appointments", [[order("a1", "Appointment")], order("a1", "Appointment")], ids=["array", "single"]
)
def test_appointments_are_read_without_a_bundle_too(appointments: Any) -> None:
    assert [each.reference for each in booked(appointments=appointments).appointments] == ["Appointment/a1"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("userId", None), ("userId", 7), ("patientId", None), ("appointments", None), ("appointments", CANARY)],
)
def test_a_booking_without_what_it_needs_is_refused(field: str, value: Any) -> None:
    assert refused("appointment-book", {**VISIT, field: value}).expression == (f"context.{field}",)


def test_an_appointment_of_stu3_is_of_another_version() -> None:
    old = order("a1", "Appointment", incomingReferral=[{"reference": "ReferralRequest/r1"}])

    with pytest.raises(UnsupportedFhirVersion) as caught:
        booked(appointments=bundle_of(old))

    assert caught.value.expression == ("context.appointments",)


DISPATCH_FIELDS = ["patientId", "performer", "dispatchedOrders", "dispatched-orders", "order", "task"]


@given(st.sampled_from(DISPATCH_FIELDS), json_values)
def test_any_value_in_any_field_of_a_dispatch_is_read_or_refused(field: str, value: Any) -> None:
    assert _status("order-dispatch", {**DISPATCH, field: value}) in (200, 400, 422)


@given(st.sampled_from(["userId", "patientId", "encounterId", "appointments"]), json_values)
def test_any_value_in_any_field_of_a_booking_is_read_or_refused(field: str, value: Any) -> None:
    assert _status("appointment-book", {**VISIT, field: value}) in (200, 400, 422)


def _status(hook: str, given: dict[str, Any]) -> int:
    try:
        read_hook_request(encoded(hook_call(hook, context=given)), [hook])
    except CdsHooksError as error:
        return error.status
    return 200


NO_ORDERS = without(context(), "draftOrders")


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("given", [NO_ORDERS, context(draftOrders=None), {}], ids=["left out", "null", "all"])
@pytest.mark.parametrize("prefetch", [{}, None], ids=["empty", "null"])
def test_of_a_stripped_call_the_likely_fault_is_named(hook: str, given: Any, prefetch: Any) -> None:
    with pytest.raises(OrdersWithheld, match="not registered") as caught:
        read_hook_request(encoded(hook_call(hook, context=given, prefetch=prefetch)), [hook])

    assert (caught.value.status, caught.value.code) == (412, "suppressed")
    assert caught.value.expression == ("context.draftOrders",)


def test_a_call_that_lends_access_but_holds_no_orders_lacks_scopes() -> None:
    body = hook_call(
        context=NO_ORDERS,
        prefetch=SOME,
        fhirServer="https://ehr.example.org/fhir",
        fhirAuthorization=AUTHORIZATION,
    )

    with pytest.raises(OrdersWithheld, match="scopes for unsigned orders"):
        read_hook_request(encoded(body), ["order-sign"])


def test_a_call_with_data_and_no_orders_is_invalid() -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_hook_request(encoded(hook_call(context=NO_ORDERS, prefetch=SOME)), ["order-sign"])

    assert caught.value.expression == ("context.draftOrders",)


def test_an_empty_bundle_of_orders_is_no_stripped_call() -> None:
    body = hook_call(context=context(draftOrders={"resourceType": "Bundle"}))

    assert read_hook_request(encoded(body), ["order-sign"]).hook == "order-sign"
