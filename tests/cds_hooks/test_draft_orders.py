"""Which draft orders are found, how they are named, and which of them are selected."""

from typing import Any

import pytest

from cds_hooks import OrderContext, UnsupportedFhirVersion, read_hook_request
from tests.cds_hooks.wire import bundle_of, context, encoded, hook_call, order

UUID_URL = "urn:uuid:7d0f8a3e-0000-4000-8000-000000000001"
MISSING = object()


def read(draft_orders: Any, selections: Any = MISSING, hook: str = "order-select") -> OrderContext:
    extra = {} if selections is MISSING else {"selections": selections}
    body = hook_call(hook, context=context(draftOrders=draft_orders, **extra))
    return read_hook_request(encoded(body), ("order-select", "order-sign")).context


def references(draft_orders: Any) -> list[str]:
    return [each.reference for each in read(draft_orders).orders]


def selected(draft_orders: Any, selections: Any = MISSING, hook: str = "order-select") -> list[str]:
    return [each.reference for each in read(draft_orders, selections, hook).orders if each.selected]


def test_an_order_is_named_by_type_and_id_and_kept_as_it_came() -> None:
    [found] = read(bundle_of(order("o.1-x_2", note=[{"text": "x"}]))).orders

    assert (found.reference, found.has_id, found.resource_type) == (
        "ServiceRequest/o.1-x_2",
        True,
        "ServiceRequest",
    )
    assert bytes(found.resource) == encoded(order("o.1-x_2", note=[{"text": "x"}]))


def test_an_order_without_id_is_named_by_its_full_url() -> None:
    [found] = read({"entry": [{"fullUrl": UUID_URL, "resource": order(None)}]}).orders

    assert (found.reference, found.has_id) == (UUID_URL, False)


@pytest.mark.parametrize("full_url", [MISSING, None, "", 7])
def test_an_order_without_id_and_full_url_is_named_by_its_place(full_url: Any) -> None:
    extra = {} if full_url is MISSING else {"fullUrl": full_url}
    entries = [{"resource": order("o1")}, {"resource": order(None), **extra}]

    assert references({"resourceType": "Bundle", "entry": entries}) == [
        "ServiceRequest/o1",
        "ServiceRequest/entry-2",
    ]


def test_ids_have_no_greatest_length() -> None:
    identity = "eABC.def-ghi_" * 40

    assert references(bundle_of(order(identity))) == [f"ServiceRequest/{identity}"]


@pytest.mark.parametrize(
    "draft_orders",
    [
        bundle_of(order(), type="collection"),
        bundle_of(order()),
        {"entry": [{"resource": order()}]},
        [order()],
        [{"resource": order()}],
        order(),
    ],
)
def test_the_one_order_is_found_in_every_wrapping(draft_orders: Any) -> None:
    assert references(draft_orders) == ["ServiceRequest/o1"]


@pytest.mark.parametrize("draft_orders", [{"resourceType": "Bundle"}, bundle_of(), {}, []])
def test_a_bundle_without_entries_has_no_orders(draft_orders: Any) -> None:
    found = read(draft_orders)

    assert (found.orders, found.unreadable_orders) == ((), ())


def test_resources_that_are_no_orders_are_kept_with_their_type() -> None:
    found = read(bundle_of(order(), order("m1", "Medication")))

    assert [each.resource_type for each in found.orders] == ["ServiceRequest", "Medication"]


@pytest.mark.parametrize(
    "entry",
    [
        None,
        7,
        "text",
        [],
        {},
        {"resource": None},
        {"resource": "x"},
        {"resource": []},
        {"resource": {"id": "x"}},
    ],
)
def test_an_entry_without_a_typed_resource_is_counted(entry: Any) -> None:
    found = read({"resourceType": "Bundle", "entry": [entry, {"resource": order()}]})

    assert [each.reference for each in found.orders] == ["ServiceRequest/o1"]
    assert len(found.unreadable_orders) == 1


def test_a_single_resource_without_type_is_counted() -> None:
    assert len(read({"id": "x", "status": "draft"}).unreadable_orders) == 1


@pytest.mark.parametrize("selections", [MISSING, None, [], {}, "", 7, [None], [7, {}]])
def test_without_usable_selections_everything_is_selected(selections: Any) -> None:
    assert len(selected(bundle_of(order("o1"), order("o2")), selections)) == 2


def test_order_sign_selects_everything_whatever_the_selections_say() -> None:
    assert len(selected(bundle_of(order("o1"), order("o2")), ["ServiceRequest/o1"], "order-sign")) == 2


@pytest.mark.parametrize(
    "selection",
    [
        "ServiceRequest/o1",
        "o1",
        "https://ehr.example.org/fhir/ServiceRequest/o1",
        "ServiceRequest/o1/_history/1",
        "https://ehr.example.org/fhir/ServiceRequest/o1/_history/7",
        "urn:uuid:o1",
        UUID_URL,
    ],
)
def test_a_selection_finds_its_order_in_every_spelling(selection: str) -> None:
    orders = {"entry": [{"fullUrl": UUID_URL, "resource": order("o1")}, {"resource": order("o2")}]}

    assert selected(orders, [selection]) == ["ServiceRequest/o1"]


def test_a_relative_selection_finds_an_order_known_by_its_url_only() -> None:
    orders = {"entry": [{"fullUrl": "https://x.org/fhir/ServiceRequest/9", "resource": order(None)}]}

    assert selected(orders, ["ServiceRequest/9"]) == ["https://x.org/fhir/ServiceRequest/9"]


def test_a_selection_of_another_type_is_no_match() -> None:
    assert selected(bundle_of(order("o1"), order("o1", "MedicationRequest")), ["MedicationRequest/o1"]) == [
        "MedicationRequest/o1"
    ]


def test_a_selection_that_matches_nothing_selects_the_orders_without_id() -> None:
    assert selected(bundle_of(order("o1"), order(None)), ["ServiceRequest/gone"]) == [
        "ServiceRequest/entry-2"
    ]


def test_a_selection_that_matches_nothing_among_orders_with_ids_selects_none() -> None:
    assert selected(bundle_of(order("o1")), ["ServiceRequest/gone"]) == []


@pytest.mark.parametrize("old", ["ProcedureRequest", "MedicationOrder", "DiagnosticOrder", "ReferralRequest"])
def test_orders_of_an_older_fhir_are_refused(old: str) -> None:
    with pytest.raises(UnsupportedFhirVersion) as caught:
        read(bundle_of(order("o1", old), order("m1", "Medication")))

    assert (caught.value.status, caught.value.expression) == (422, ("context.draftOrders",))


def test_an_older_order_beside_an_r4_order_is_kept_without_complaint() -> None:
    assert len(read(bundle_of(order("o1", "ProcedureRequest"), order("o2"))).orders) == 2


def test_an_older_order_that_is_not_selected_is_no_reason_to_refuse() -> None:
    assert selected(bundle_of(order("o1", "ProcedureRequest"), order("m1", "Medication")), ["Medication/m1"])
