"""Which bodies are read as hook requests, and what is said of those that are not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks import CdsHooksError, HookRequest, InvalidRequest, read_hook_request
from tests.cds_hooks.wire import CANARY, HOOK_INSTANCE, bundle_of, context, encoded, hook_call, order, without

HOOKS = ("order-select", "order-sign")
SOME = {"patient": {"resourceType": "Patient", "id": "p1"}}
AUTHORIZATION = {
    "access_token": "secret-token",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.read",
    "subject": "client-1",
}


def read(body: Any) -> HookRequest:
    return read_hook_request(encoded(body), HOOKS)


def refused(body: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        read_hook_request(body if isinstance(body, bytes) else encoded(body), HOOKS)
    return caught.value


def test_a_whole_request_is_read() -> None:
    request = read(
        hook_call(
            fhirServer="https://ehr.example.org/fhir",
            fhirAuthorization={**AUTHORIZATION, "patient": "p1"},
            context=context(encounterId="e1"),
            prefetch={"patient": {"resourceType": "Patient"}, "conditions": None},
        )
    )

    assert (request.hook, request.hook_instance) == ("order-sign", HOOK_INSTANCE)
    assert request.fhir_server == "https://ehr.example.org/fhir"
    assert request.fhir_authorization is not None
    assert request.fhir_authorization.access_token == "secret-token"
    assert request.fhir_authorization.expires_in == 300
    assert (request.fhir_authorization.subject, request.fhir_authorization.patient) == ("client-1", "p1")
    assert (request.context.user_id, request.context.patient_id) == ("Practitioner/u1", "p1")
    assert request.context.encounter_id == "e1"
    assert [each.reference for each in request.context.orders] == ["ServiceRequest/o1"]
    assert {key: bytes(raw) for key, raw in request.prefetch.items()} == {
        "patient": b'{"resourceType": "Patient"}',
        "conditions": b"null",
    }


def test_the_token_is_in_no_repr() -> None:
    request = read(hook_call(fhirServer="https://ehr.example.org", fhirAuthorization=AUTHORIZATION))

    assert "secret-token" not in repr(request)
    assert "secret-token" not in repr(request.fhir_authorization)


@pytest.mark.parametrize(
    "given", [HOOK_INSTANCE.upper(), f"urn:uuid:{HOOK_INSTANCE}", f"URN:UUID:{HOOK_INSTANCE}"]
)
def test_hook_instance_is_read_in_any_spelling(given: str) -> None:
    assert read(hook_call(hookInstance=given)).hook_instance == HOOK_INSTANCE


@pytest.mark.parametrize("prefetch", [None, {}, [], "none", 7])
def test_a_prefetch_without_data_is_an_empty_prefetch(prefetch: Any) -> None:
    assert read(hook_call(prefetch=prefetch)).prefetch == {}


def test_a_request_without_prefetch_has_an_empty_one() -> None:
    assert read(without(hook_call(), "prefetch")).prefetch == {}


def test_unknown_fields_and_extensions_of_any_shape_are_ignored() -> None:
    odd: dict[str, Any] = {"extension": [{"a": 1}], "com.example.field": {"deep": [None, {}]}}
    body = hook_call(context=context(draftOrders=bundle_of(order(**odd), **odd), **odd), **odd)

    assert len(read(body).context.orders) == 1


@pytest.mark.parametrize(
    ("given", "patient_id"),
    [
        ("p1", "p1"),
        ("Patient/p1", "p1"),
        ("https://ehr.example.org/fhir/Patient/p1", "p1"),
        ("Patient/p1/_history/3", "p1"),
        ("a.B-c_9", "a.B-c_9"),
        ("x" * 500, "x" * 500),
    ],
)
def test_patient_id_is_bare_however_it_is_sent(given: str, patient_id: str) -> None:
    assert read(hook_call(context=context(patientId=given))).context.patient_id == patient_id


@pytest.mark.parametrize(
    "given",
    [
        "",
        "..",
        "p1&_count=1",
        "p1?x",
        "p1#x",
        "p 1",
        "p1\n",
        "p1%2f",
        "p1,p2",
        "p1|p2",
        "Patient/",
        "Group/g1",
        7,
        None,
    ],
)
def test_a_patient_id_that_could_bend_a_search_is_refused(given: Any) -> None:
    assert refused(hook_call(context=context(patientId=given))).expression == ("context.patientId",)


@pytest.mark.parametrize(
    ("given", "encounter_id"),
    [
        ("e1", "e1"),
        ("Encounter/e1", "e1"),
        ("https://x.org/Encounter/e1", "e1"),
        (None, None),
        ("", None),
        (5, None),
    ],
)
def test_encounter_id_is_bare_or_nothing(given: Any, encounter_id: str | None) -> None:
    assert read(hook_call(context=context(encounterId=given))).context.encounter_id == encounter_id


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (without(hook_call(), "hook"), "hook"),
        (hook_call(hook="patient-view"), "hook"),
        (hook_call(hook=CANARY), "hook"),
        (hook_call(hook=[CANARY]), "hook"),
        (hook_call(hook=int("9" * 4000)), "hook"),
        (without(hook_call(), "hookInstance"), "hookInstance"),
        (hook_call(hookInstance=CANARY), "hookInstance"),
        (hook_call(hookInstance={"id": CANARY}), "hookInstance"),
        (hook_call(hookInstance=f"{HOOK_INSTANCE}\n"), "hookInstance"),
        (without(hook_call(), "context"), "context"),
        (hook_call(context=None), "context"),
        (hook_call(context=[CANARY]), "context"),
        (hook_call(context=CANARY), "context"),
        (hook_call(context=without(context(), "userId")), "context.userId"),
        (hook_call(context=context(userId=[CANARY])), "context.userId"),
        (hook_call(context=without(context(), "patientId")), "context.patientId"),
        (hook_call(context=context(patientId=f"{CANARY} x")), "context.patientId"),
        (hook_call(context=without(context(), "draftOrders"), prefetch=SOME), "context.draftOrders"),
        (hook_call(context=context(draftOrders=None), prefetch=SOME), "context.draftOrders"),
        (hook_call(context=context(draftOrders=CANARY)), "context.draftOrders"),
        (hook_call(context=context(draftOrders={"entry": CANARY})), "context.draftOrders.entry"),
        (hook_call(fhirServer=[CANARY]), "fhirServer"),
        (hook_call(fhirAuthorization=AUTHORIZATION), "fhirServer"),
        (hook_call(fhirServer="https://x.org", fhirAuthorization=CANARY), "fhirAuthorization"),
    ],
)
def test_a_field_at_fault_is_named_and_its_value_is_not(body: dict[str, Any], field: str) -> None:
    error = refused(body)

    assert error.expression == (field,)
    assert CANARY not in error.text


@pytest.mark.parametrize("hook", HOOKS)
def test_every_order_hook_needs_user_patient_and_orders(hook: str) -> None:
    for field in ("userId", "patientId", "draftOrders"):
        body = hook_call(hook, context=without(context(), field), prefetch=SOME)
        assert refused(body).expression == (f"context.{field}",)


@pytest.mark.parametrize(
    "authorization",
    [
        {},
        {"access_token": ""},
        {**AUTHORIZATION, "access_token": None},
        {**AUTHORIZATION, "access_token": 7},
        {**AUTHORIZATION, "access_token": "two\r\nlines"},
        {**AUTHORIZATION, "access_token": "a b"},
        {**AUTHORIZATION, "token_type": "MAC"},
    ],
)
def test_an_authorization_that_cannot_be_used_is_none(authorization: dict[str, Any]) -> None:
    body = hook_call(fhirServer="https://x.org", fhirAuthorization=authorization)

    assert read(body).fhir_authorization is None


@pytest.mark.parametrize("authorization", [AUTHORIZATION, {}, {"access_token": None}])
def test_an_authorization_needs_a_server_however_odd_it_is(authorization: dict[str, Any]) -> None:
    assert refused(hook_call(fhirAuthorization=authorization)).expression == ("fhirServer",)


@pytest.mark.parametrize(
    ("hook", "successor"), [("medication-prescribe", "order-select"), ("order-review", "order-sign")]
)
def test_of_a_deprecated_hook_the_successor_is_named(hook: str, successor: str) -> None:
    error = refused(hook_call(hook))

    assert error.expression == ("hook",)
    assert successor in error.text


def test_an_authorization_with_odd_side_fields_is_still_used() -> None:
    odd = {"access_token": "t", "expires_in": "300", "scope": 5, "subject": None, "patient": "Patient/p1"}
    request = read(hook_call(fhirServer="https://x.org", fhirAuthorization=odd))

    assert request.fhir_authorization is not None
    assert (request.fhir_authorization.expires_in, request.fhir_authorization.scope) == (None, None)
    assert request.fhir_authorization.patient == "p1"


@pytest.mark.parametrize("server", [None, ""])
def test_an_empty_fhir_server_is_none(server: str | None) -> None:
    assert read(hook_call(fhirServer=server)).fhir_server is None


def test_a_byte_order_mark_is_accepted() -> None:
    assert read_hook_request(b"\xef\xbb\xbf" + encoded(hook_call()), HOOKS).hook == "order-sign"


def test_of_a_repeated_key_the_last_one_counts() -> None:
    body = b'{"hook": "nonsense", ' + encoded(hook_call())[1:]

    assert read_hook_request(body, HOOKS).hook == "order-sign"


def test_an_escaped_nul_in_an_ignored_text_does_no_harm() -> None:
    assert read(hook_call(note="a\0b")).hook == "order-sign"


def _with_field(value: bytes) -> bytes:
    return encoded(hook_call())[:-1] + b', "ignored": ' + value + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"{",
        b"{} {}",
        b"{'hook': 1}",
        encoded(hook_call())[:-1],
        encoded(hook_call()).decode().encode("utf-16"),
        encoded(hook_call()).decode().encode("utf-16-le"),
        encoded(hook_call()).decode().encode("utf-32"),
        b"<html></html>",
        _with_field(b"NaN"),
        _with_field(b"-Infinity"),
        _with_field(b"012"),
        _with_field(b"[1,]"),
        _with_field(b'"\\ud800"'),
        _with_field(b'"\\udc00\\ud800"'),
        _with_field(b'"\\ud800 and more"'),
        _with_field(b'"\xff\xfe"'),
        _with_field(b'"\xed\xa0\x80"'),
        _with_field(b'"a\x00b"'),
        _with_field(b'"a\nb"'),
        _with_field(b"// comment\n1"),
    ],
)
def test_a_body_that_is_not_one_json_object_in_utf8_is_refused(body: bytes) -> None:
    assert refused(body).code == "structure"


@pytest.mark.parametrize("number", [b"9" * 10_000, b"-0", b"1e308", b"1e99999"])
def test_extreme_numbers_in_ignored_fields_are_ignored(number: bytes) -> None:
    assert read_hook_request(_with_field(number), HOOKS).hook == "order-sign"


@pytest.mark.parametrize("depth", [5_000, 100_000, 1_000_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize(
    "field", ["ignored", "hook", "hookInstance", "fhirServer", "fhirAuthorization", "context", "prefetch"]
)
def test_bottomless_nesting_is_refused_in_every_field(
    depth: int, opening: bytes, closing: bytes, field: str
) -> None:
    deep = opening * depth + b"1" + closing * depth
    body = encoded(without(hook_call(), field))[:-1] + f', "{field}": '.encode() + deep + b"}"

    refused(body)


def _outcome(body: bytes) -> str:
    try:
        return read_hook_request(body, HOOKS).hook
    except InvalidRequest as refusal:
        return refusal.code


@pytest.mark.parametrize("depth", [5_000, 100_000, 1_000_000])
def test_nesting_that_ends_in_loose_brackets_is_skipped_or_refused_and_nothing_else(depth: int) -> None:
    body = _with_field(b"[ " * depth + b"] " * depth)

    assert _outcome(body) in ("order-sign", "structure")


@pytest.mark.parametrize(
    "field", ["userId", "patientId", "selections", "draftOrders", "encounterId", "ignored"]
)
@pytest.mark.parametrize("depth", [900, 990, 5_000])
def test_deep_nesting_inside_the_context_never_escapes_as_another_error(field: str, depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    inner = encoded(without(context(), field))[:-1] + f', "{field}": '.encode() + deep + b"}"
    body = encoded(without(hook_call("order-select"), "context"))[:-1] + b', "context": ' + inner + b"}"

    assert status_of(body) in (200, 400)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["hook", "hookInstance", "fhirServer", "fhirAuthorization", "context", "prefetch"]
CONTEXT_FIELDS = ["userId", "patientId", "encounterId", "selections", "draftOrders"]


@given(st.sampled_from(FIELDS), json_values)
def test_any_value_in_any_field_is_read_or_refused(field: str, value: Any) -> None:
    body = encoded({**hook_call("order-select"), field: value})

    assert status_of(body) in (200, 400, 412, 422)


@given(st.sampled_from(CONTEXT_FIELDS), json_values)
def test_any_value_in_any_context_field_is_read_or_refused(field: str, value: Any) -> None:
    body = encoded(hook_call("order-select", context=context(**{field: value})))

    assert status_of(body) in (200, 400, 412, 422)


@given(json_values)
def test_any_entry_among_the_orders_is_read_counted_or_refused(entry: Any) -> None:
    orders = {"resourceType": "Bundle", "entry": [entry, {"resource": order()}]}
    request = read(hook_call(context=context(draftOrders=orders)))

    assert len(request.context.orders) + len(request.context.unreadable_orders) == 2


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_a_flipped_byte_is_read_or_refused(position: int, value: int) -> None:
    body = bytearray(json.dumps(hook_call("order-select", prefetch={"patient": order()})).encode())
    body[position % len(body)] = value

    assert status_of(bytes(body)) in (200, 400, 422)


def status_of(body: bytes) -> int:
    try:
        read_hook_request(body, HOOKS)
    except CdsHooksError as error:
        return error.status
    return 200
