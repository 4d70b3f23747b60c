"""What is no hook request is refused with a 4xx that names the field and never repeats its value."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.plugin.cards.service import (
    SERVICE,
    client,
    holder,
    order_of,
    outcome,
    places,
    request_of,
    searchset,
)
from tests.scenarios.scenario import Json

CANARY = "Canary-4b1f"
Change = Callable[[Json], Any]
MISSING: list[tuple[str, Change, str]] = [
    ("no hook", lambda r: r.pop("hook"), "hook"),
    ("a hook that is no text", lambda r: r.update(hook=[CANARY]), "hook"),
    ("another hook", lambda r: r.update(hook="patient-view"), "hook"),
    ("an unknown hook", lambda r: r.update(hook=CANARY), "hook"),
    ("no hookInstance", lambda r: r.pop("hookInstance"), "hookInstance"),
    ("a hookInstance that is no UUID", lambda r: r.update(hookInstance=CANARY), "hookInstance"),
    ("a hookInstance that is a number", lambda r: r.update(hookInstance=7), "hookInstance"),
    ("no context", lambda r: r.pop("context"), "context"),
    ("a context that is a list", lambda r: r.update(context=[CANARY]), "context"),
    ("a context that is null", lambda r: r.update(context=None), "context"),
    ("no userId", lambda r: r["context"].pop("userId"), "context.userId"),
    ("an empty userId", lambda r: r["context"].update(userId=""), "context.userId"),
    ("no patientId", lambda r: r["context"].pop("patientId"), "context.patientId"),
    (
        "a patientId of another type",
        lambda r: r["context"].update(patientId={"id": CANARY}),
        "context.patientId",
    ),
    (
        "a patientId with a query",
        lambda r: r["context"].update(patientId=f"{CANARY}&x=1"),
        "context.patientId",
    ),
    (
        "a patientId of a Group",
        lambda r: r["context"].update(patientId=f"Group/{CANARY}"),
        "context.patientId",
    ),
    ("a patientId with dots only", lambda r: r["context"].update(patientId=".."), "context.patientId"),
    ("no draftOrders", lambda r: r["context"].pop("draftOrders"), "context.draftOrders"),
    ("draftOrders that are null", lambda r: r["context"].update(draftOrders=None), "context.draftOrders"),
    ("draftOrders that are text", lambda r: r["context"].update(draftOrders=CANARY), "context.draftOrders"),
    (
        "entries that are text",
        lambda r: r["context"]["draftOrders"].update(entry=CANARY),
        "context.draftOrders.entry",
    ),
    ("a fhirServer that is a number", lambda r: r.update(fhirServer=7), "fhirServer"),
    (
        "an authorization without fhirServer",
        lambda r: r.update(fhirAuthorization={"access_token": CANARY, "token_type": "Bearer"}),
        "fhirServer",
    ),
    ("an authorization that is text", lambda r: r.update(fhirAuthorization=CANARY), "fhirAuthorization"),
]


@pytest.mark.parametrize(("change", "field"), [m[1:] for m in MISSING], ids=[m[0] for m in MISSING])
def test_a_field_at_fault_is_named_and_its_value_is_not(change: Change, field: str) -> None:
    request = request_of("025")
    change(request)

    answer = client().post(SERVICE, json=request)

    issue = outcome(answer)["issue"][0]
    assert answer.status_code == 400
    assert issue["expression"] == [field]
    assert CANARY.encode() not in answer.data


NO_JSON: list[tuple[str, bytes]] = [
    ("nothing", b""),
    ("words", CANARY.encode()),
    ("a cut-off object", b'{"hook": "order-sign", "context": {"patientId": "Canary-4b1f'),
    ("two objects", b"{} {}"),
    ("a comment", b'{"hook": "order-sign" /* Canary-4b1f */}'),
    ("a trailing comma", b'{"hook": "order-sign",}'),
    ("an array", b'["Canary-4b1f"]'),
    ("a string", b'"Canary-4b1f"'),
    ("null", b"null"),
    ("a number that is none", b'{"hook": NaN}'),
    ("UTF-16", '{"hook": "order-sign"}'.encode("utf-16")),
    ("a broken sequence", b'{"hook": "order-sign", "x": "\xff\xfe"}'),
    ("a lone surrogate", b'{"hook": "\\ud800"}'),
    ("a NUL", b'{"hook": "order-\x00sign"}'),
    ("XML", b"<Bundle>Canary-4b1f</Bundle>"),
]


@pytest.mark.parametrize("body", [b[1] for b in NO_JSON], ids=[b[0] for b in NO_JSON])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    answer = client().post(SERVICE, data=body, content_type="application/json")

    outcome(answer)
    assert answer.status_code == 400
    assert CANARY.encode() not in answer.data


NESTED = {"arrays": "[" * 5000 + "]" * 5000, "objects": '{"a":' * 5000 + "1" + "}" * 5000}
DEEP_PLACES = [
    ("extension",),
    ("hook",),
    ("context",),
    ("context", "selections"),
    ("context", "draftOrders"),
    ("context", "draftOrders", "entry", 0, "resource", "code"),
    ("context", "draftOrders", "entry", 0, "resource", "id"),
    ("context", "draftOrders", "entry", 0, "resource", "note"),
    ("prefetch",),
    ("prefetch", "patient", "contact"),
    ("prefetch", "conditions"),
    ("prefetch", "conditions", "entry", 0, "resource", "code"),
    ("prefetch", "procedures", "entry", 2, "resource", "performedPeriod"),
    ("prefetch", "unknownKey"),
]


@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
@pytest.mark.parametrize("path", DEEP_PLACES, ids=lambda path: ".".join(map(str, path)))
def test_five_thousand_levels_of_nesting_are_refused(path: tuple[str | int, ...], nested: str) -> None:
    request = request_of("025")
    holder(request, path)[path[-1]] = "@here@"
    body = json.dumps(request).replace('"@here@"', nested)

    answer = client().post(SERVICE, data=body, content_type="application/json")

    outcome(answer)
    assert answer.status_code == 400


def test_a_body_over_the_cap_is_refused() -> None:
    body = json.dumps(request_of("025") | {"extension": {"padding": CANARY * 300_000}}).encode()

    answer = client().post(SERVICE, data=body, content_type="application/json")

    assert len(body) > 3_000_000
    assert answer.status_code == 413
    assert outcome(answer)["issue"][0]["code"] == "too-long"
    assert CANARY.encode() not in answer.data


def test_a_body_just_under_the_cap_is_answered() -> None:
    request = request_of("001")
    room = 2 * 1024 * 1024 - len(json.dumps(request)) - 40
    body = json.dumps(request | {"extension": {"padding": "x" * room}}).encode()

    answer = client().post(SERVICE, data=body, content_type="application/json")

    assert 2 * 1024 * 1024 - 100 < len(body) <= 2 * 1024 * 1024
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        *("", "text/plain", "application/xml", "application/fhir+xml", "multipart/form-data; boundary=x"),
        *("application/x-www-form-urlencoded", "text/html", "application/jsonp", "application", "json"),
    ],
)
def test_other_content_types_are_refused(content_type: str) -> None:
    body = json.dumps(request_of("025"))

    answer = client().post(SERVICE, data=body, headers={"Content-Type": content_type})

    outcome(answer)
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", "APPLICATION/JSON", "application/fhir+json; fhirVersion=4.0"],
)
def test_json_in_other_words_is_accepted(content_type: str) -> None:
    body = json.dumps(request_of("025"))

    answer = client().post(SERVICE, data=body, headers={"Content-Type": content_type})

    assert answer.status_code == 200


@pytest.mark.parametrize("path", [f"/cds-services/{CANARY}", "/", "/cds-services/", f"{SERVICE}/feedback/x"])
def test_an_address_that_does_not_exist_is_not_found(path: str) -> None:
    answer = client().post(path, json=request_of("025"))

    outcome(answer)
    assert answer.status_code == 404
    assert CANARY.encode() not in answer.data


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_service_is_called_with_post_only(method: str) -> None:
    answer = client().open(SERVICE, method=method, json=request_of("025"))

    outcome(answer)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_orders_in_another_fhir_version_are_refused() -> None:
    request = request_of("020b")
    order_of(request)["resourceType"] = "ProcedureRequest"
    del request["context"]["selections"]

    answer = client().post(SERVICE, json=request)

    assert answer.status_code == 422
    assert outcome(answer)["issue"][0]["expression"] == ["context.draftOrders"]


@pytest.mark.parametrize("name", ["001", "025", "045"])
def test_headers_that_claim_another_origin_or_host_change_nothing(name: str) -> None:
    request = request_of(name)
    forged = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Host": "evil.example.org",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/x",
        "Host": "evil.example.org",
    }

    plain = client().post(SERVICE, json=request)
    claimed = client().post(SERVICE, json=request, headers=forged)

    assert claimed.data == plain.data


@pytest.mark.parametrize("name", ["001", "002", "025", "044"])
def test_unknown_fields_and_extensions_change_nothing(name: str) -> None:
    request = request_of(name)
    plain = client().post(SERVICE, json=request)
    for path in [p for p in places(request) if isinstance(p[-1], str)]:
        where = holder(request, path)
        where["_unknown"] = {"extension": [{"url": "https://ehr.example.org/x", "valueString": CANARY}]}
    request["prefetch"].pop("_unknown")

    answer = client().post(SERVICE, json=request)

    assert answer.data == plain.data


def test_a_prefetch_without_any_data_and_no_server_is_a_precondition_that_failed() -> None:
    request = request_of("025")
    request["prefetch"] = {key: searchset() for key in ("allergies", "somethingElse")}

    answer = client().post(SERVICE, json=request)

    assert answer.status_code == 412
    expressions = outcome(answer)["issue"][0]["expression"]
    assert {"prefetch.conditions", "prefetch.imaging", "prefetch.procedures"} <= set(expressions)


@pytest.mark.parametrize("prefetch", [None, {}, [], "x", 7], ids=repr)
def test_a_prefetch_of_any_shape_never_breaks_the_call(prefetch: Any) -> None:
    request = request_of("025") | {"prefetch": prefetch}

    answer = client().post(SERVICE, json=request)

    outcome(answer)
    assert answer.status_code == 412
