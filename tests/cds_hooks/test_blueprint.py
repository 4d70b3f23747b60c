"""The protocol at the wire: routes, statuses, headers, and errors that tell nothing they should not."""

import io
import json
from typing import Any

import flask
import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from cds_hooks import (
    AllowedBases,
    CallRecord,
    Client,
    DataUnobtainable,
    FhirReader,
    HookCall,
    OpenTo,
    Response,
)
from tests.cds_hooks.wire import (
    CANARY,
    CARD,
    HOOK_INSTANCE,
    app_with,
    bundle_of,
    context,
    encoded,
    hook_call,
    order,
    service,
    without,
)

URL = "/cds-services/test-service"


@pytest.fixture
def client() -> FlaskClient:
    return app_with().test_client()


def post(client: FlaskClient, body: Any = None, **options: Any) -> TestResponse:
    data = body if isinstance(body, bytes) else encoded(hook_call() if body is None else body)
    return client.post(options.pop("url", URL), data=data, **{"content_type": "application/json", **options})


def issue_of(response: TestResponse) -> dict[str, Any]:
    """The one issue of a valid OperationOutcome."""
    assert response.mimetype == "application/json"
    assert response.json is not None
    OperationOutcome.model_validate(response.json)
    [issue] = response.json["issue"]
    assert isinstance(issue, dict)
    return issue


def test_discovery_lists_the_services(client: FlaskClient) -> None:
    response = client.get("/cds-services")

    assert response.status_code == 200
    assert response.mimetype == "application/json"
    assert response.json is not None
    assert [entry["hook"] for entry in response.json["services"]] == ["order-sign", "order-select"]


def test_discovery_without_services_is_an_empty_list() -> None:
    assert app_with([]).test_client().get("/cds-services").json == {"services": []}


def test_discovery_can_be_polled_cheaply(client: FlaskClient) -> None:
    first = client.get("/cds-services")
    again = client.get("/cds-services", headers={"If-None-Match": first.headers["ETag"]})

    assert "max-age=" in first.headers["Cache-Control"]
    assert (again.status_code, again.data) == (304, b"")


def test_discovery_answers_head_and_options(client: FlaskClient) -> None:
    assert client.head("/cds-services").status_code == 200
    assert client.head("/cds-services").data == b""
    assert "GET" in client.options("/cds-services").headers["Allow"]


def test_a_call_is_answered_with_the_cards_of_the_service(client: FlaskClient) -> None:
    response = post(client)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.data == Response(cards=(CARD,)).to_json()


def test_nothing_to_say_is_an_empty_list_of_cards() -> None:
    client = app_with([service(answer=lambda _: Response())]).test_client()

    assert post(client).data == b'{"cards":[]}'


def test_one_id_serves_several_hooks_each_with_its_own_answer() -> None:
    def answer_with(summary: str) -> Any:
        return lambda _: Response(cards=(replace(CARD, summary=summary),))

    client = app_with(
        [service(answer=answer_with("sign")), service("order-select", answer_with("select"))]
    ).test_client()

    for hook in ("order-sign", "order-select"):
        response = post(client, hook_call(hook))
        assert response.json is not None
        assert response.json["cards"][0]["summary"] == hook.removeprefix("order-")


def test_the_service_gets_a_reader_only_for_a_server_that_may_be_read() -> None:
    given: list[FhirReader | None] = []

    def answer(call: HookCall) -> Response:
        given.append(call.server)
        return Response()

    ehr = Client("ehr", AllowedBases(("https://ehr.example.org/fhir",), allow_loopback=False))
    client = app_with([service(answer=answer)], authenticator=OpenTo(ehr)).test_client()
    for server in (None, "https://evil.test/fhir", "https://ehr.example.org/fhir"):
        post(client, hook_call(fhirServer=server))

    assert [reader is not None for reader in given] == [False, False, True]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=ISO-8859-1; x=y",
        "application/fhir+json",
        "application/fhir+json; fhirVersion=4.0",
        "application/json+fhir",
    ],
)
def test_json_is_accepted_under_each_of_its_names(client: FlaskClient, content_type: str) -> None:
    assert post(client, content_type=content_type).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/xml",
        "application/fhir+xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json-patch+json",
        f"text/{CANARY}",
    ],
)
def test_other_content_types_are_not(client: FlaskClient, content_type: str | None) -> None:
    response = post(client, content_type=content_type)

    assert response.status_code == 415
    assert issue_of(response)["code"] == "not-supported"
    assert CANARY not in response.text


def test_an_unknown_service_is_not_found(client: FlaskClient) -> None:
    response = post(client, url=f"/cds-services/{CANARY}")

    assert response.status_code == 404
    assert issue_of(response)["code"] == "not-found"
    assert CANARY not in response.text


def test_an_unknown_service_is_told_before_the_content_type_and_that_before_the_size() -> None:
    client = app_with(max_body_bytes=10).test_client()

    assert post(client, url="/cds-services/none", content_type="text/plain").status_code == 404
    assert post(client, content_type="text/plain").status_code == 415
    assert post(client, b"{" * 11).status_code == 413
    assert post(client, b"{" * 10).status_code == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_not_allowed(client: FlaskClient, method: str) -> None:
    response = client.open(URL, method=method)

    assert response.status_code == 405
    assert issue_of(response)["code"] == "not-supported"
    assert "POST" in response.headers["Allow"]


def test_other_methods_are_not_allowed_on_discovery(client: FlaskClient) -> None:
    response = client.post("/cds-services", data=b"{}", content_type="application/json")

    assert (response.status_code, issue_of(response)["code"]) == (405, "not-supported")
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/cds-services/", "/cds-services/a/b", f"/{CANARY}", "/%00"])
def test_a_path_nobody_serves_is_not_found(client: FlaskClient, path: str) -> None:
    response = client.get(path)

    assert response.status_code in (404, 405)
    issue_of(response)
    assert CANARY not in response.text


def test_a_body_of_three_megabytes_is_too_large(client: FlaskClient) -> None:
    response = post(client, hook_call(note=CANARY * 215_000))

    assert response.status_code == 413
    assert issue_of(response)["code"] == "too-long"
    assert CANARY not in response.text


@pytest.mark.parametrize(("size", "status"), [(-1, 200), (0, 200), (1, 413)])
@pytest.mark.parametrize("is_length_told", [True, False])
def test_a_body_may_have_as_many_bytes_as_the_cap(size: int, status: int, is_length_told: bool) -> None:
    body = encoded(hook_call())
    client = app_with(max_body_bytes=len(body) - size).test_client()

    response = post(client, body) if is_length_told else post_without_length(client, body)

    assert response.status_code == status


def post_without_length(client: FlaskClient, body: bytes) -> TestResponse:
    """As a server hands over a chunked request."""
    return client.post(
        URL,
        input_stream=io.BytesIO(body),
        content_type="application/json",
        environ_overrides={"CONTENT_LENGTH": "", "wsgi.input_terminated": True},
    )


def test_a_body_without_end_is_given_up_at_the_cap(client: FlaskClient) -> None:
    class Endless(io.RawIOBase):
        taken = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            self.taken += len(buffer)
            return len(buffer)

    stream = Endless()
    response = client.post(
        URL,
        content_type="application/json",
        environ_overrides={"CONTENT_LENGTH": "", "wsgi.input": stream, "wsgi.input_terminated": True},
    )

    assert response.status_code == 413
    assert stream.taken < 3 * 1024 * 1024


@pytest.mark.parametrize("length", ["500000", "999"])
def test_a_body_shorter_than_its_length_is_refused(client: FlaskClient, length: str) -> None:
    response = client.post(
        URL,
        input_stream=io.BytesIO(b"{}"),
        content_type="application/json",
        environ_overrides={"CONTENT_LENGTH": length},
    )

    assert (response.status_code, issue_of(response)["code"]) == (400, "structure")


def test_no_body_at_all_is_refused(client: FlaskClient) -> None:
    assert post(client, b"").status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (without(hook_call(), "hook"), "hook"),
        (hook_call(hook=CANARY), "hook"),
        (hook_call(hook="patient-view", note=CANARY), "hook"),
        (hook_call(hookInstance=CANARY), "hookInstance"),
        (hook_call(context=[CANARY]), "context"),
        (hook_call(context=context(userId=[CANARY])), "context.userId"),
        (hook_call(context=context(patientId=f"{CANARY}?")), "context.patientId"),
        (hook_call(context=context(draftOrders=CANARY)), "context.draftOrders"),
        (hook_call(fhirAuthorization={"access_token": CANARY}), "fhirServer"),
        (hook_call(fhirServer="https://x.org", fhirAuthorization=CANARY), "fhirAuthorization"),
        (hook_call(fhirServer={"url": CANARY}), "fhirServer"),
    ],
)
def test_a_bad_request_names_its_field_and_never_the_value(
    client: FlaskClient, body: Any, field: str
) -> None:
    response = post(client, body)

    assert response.status_code == 400
    assert issue_of(response)["expression"] == [field]
    assert CANARY not in response.text


def test_orders_of_an_older_fhir_are_unprocessable(client: FlaskClient) -> None:
    body = hook_call(context=context(draftOrders=bundle_of(order(CANARY, "ProcedureRequest"))))
    response = post(client, body)

    assert response.status_code == 422
    assert issue_of(response)["expression"] == ["context.draftOrders"]
    assert CANARY not in response.text


@pytest.mark.parametrize(
    "body",
    [
        CANARY.encode(),
        b'{"hook": "' + CANARY.encode(),
        b'{"' + CANARY.encode() + b'": NaN}',
        b"[" * 1_000_000,
        b'{"a":' * 400_000,
        CANARY.encode("utf-16"),
        b'{"hook": "\\ud800' + CANARY.encode() + b'"}',
        b'{"hook": ' + b"9" * 10_000 + b"}",
    ],
)
def test_a_body_that_is_no_request_is_refused_without_repeating_it(client: FlaskClient, body: bytes) -> None:
    response = post(client, body)

    assert response.status_code == 400
    issue_of(response)
    assert CANARY not in response.text


def test_data_that_cannot_be_had_is_a_failed_precondition() -> None:
    def answer(_: HookCall) -> Response:
        raise DataUnobtainable("conditions")

    response = post(app_with([service(answer=answer)]).test_client())

    assert response.status_code == 412
    assert issue_of(response)["expression"] == ["prefetch.conditions"]


def failing(_: HookCall) -> Response:
    raise RuntimeError(f"{CANARY} was treated here")


def test_a_failing_service_is_a_500_that_says_nothing_of_the_cause() -> None:
    unexpected: list[Exception] = []
    response = post(app_with([service(answer=failing)], on_unexpected=unexpected.append).test_client())

    assert response.status_code == 500
    assert issue_of(response)["code"] == "exception"
    assert CANARY not in response.text
    assert [type(error) for error in unexpected] == [RuntimeError]


def app_with_other_routes(unexpected: list[Exception]) -> flask.Flask:
    app = app_with(on_unexpected=unexpected.append)

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError(CANARY)

    @app.get("/abort/<int:status>")
    def abort(status: int) -> str:
        flask.abort(status, description=CANARY)

    return app


def test_a_failure_anywhere_in_the_app_is_an_outcome_too() -> None:
    unexpected: list[Exception] = []
    response = app_with_other_routes(unexpected).test_client().get("/broken")

    assert response.status_code == 500
    assert issue_of(response)["code"] == "exception"
    assert CANARY not in response.text
    assert len(unexpected) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 418, 429, 500, 503])
def test_every_http_error_of_the_app_is_an_outcome_in_fixed_words(status: int) -> None:
    response = app_with_other_routes([]).test_client().get(f"/abort/{status}")

    assert response.status_code == status
    issue_of(response)
    assert CANARY not in response.text


def test_a_stripped_call_is_observed_under_a_code_of_its_own() -> None:
    calls: list[CallRecord] = []
    client = app_with(observe=calls.append).test_client()

    post(client, hook_call(context=without(context(), "draftOrders")))

    assert [(call.status, call.error) for call in calls] == [(412, "suppressed")]


def test_every_call_is_observed_without_anything_from_the_chart() -> None:
    calls: list[CallRecord] = []
    client = app_with([service(), service("order-select", failing)], observe=calls.append).test_client()

    post(client)
    post(client, hook_call("order-select"))
    post(client, hook_call(hook=CANARY))
    post(client, url=f"/cds-services/{CANARY}")
    client.get("/cds-services")

    assert [(c.service, c.hook, c.hook_instance, c.status, c.card_count, c.error) for c in calls] == [
        ("test-service", "order-sign", HOOK_INSTANCE, 200, 1, None),
        ("test-service", "order-select", HOOK_INSTANCE, 500, 0, "exception"),
        ("test-service", None, None, 400, 0, "invalid"),
        (None, None, None, 404, 0, "not-found"),
    ]
    assert all(call.milliseconds > 0 for call in calls)
    assert CANARY not in repr(calls)


@pytest.mark.parametrize(
    "services", [[service(), service()], [service("patient-view")], [service("no-such-hook")]]
)
def test_services_that_could_never_be_answered_are_refused_at_the_start(services: Any) -> None:
    with pytest.raises(ValueError, match="test-service"):
        app_with(services)


def test_forwarding_headers_of_the_caller_change_nothing(client: FlaskClient) -> None:
    spoofed = {
        "X-Forwarded-Host": "evil.test",
        "X-Forwarded-Proto": "ftp",
        "X-Original-URL": "/",
        "Forwarded": "host=x",
    }

    assert post(client, headers=spoofed).data == post(client).data


def test_a_prefetch_full_of_nonsense_does_not_keep_the_service_from_answering(client: FlaskClient) -> None:
    prefetch = {"patient": "<html>", "conditions": [[[]]], "other": {"resourceType": 7}}

    assert json.loads(post(client, hook_call(prefetch=prefetch)).data)["cards"]
