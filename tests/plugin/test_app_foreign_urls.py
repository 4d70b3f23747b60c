"""T11: whatever names another host, in the call or in an answer, is not followed, and no token leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faulty_servers import following, searchset
from tests.local_servers import Exchange, LocalServer, Script, local_servers
from tests.plugin.cards.service import ask, order_of, request_of
from tests.scenarios.scenario import Json
from tests.socket_guard import watched_sockets

TOKEN = "Canary-11"
Serve = Callable[[Script], LocalServer]
FORMS = (
    *("http://{there}/fhir/{reference}", "HTTP://{there}/fhir/{reference}", "//{there}/fhir/{reference}"),
    *("http://{there}/fhir/{reference}/_history/1", "http://user@{there}/{reference}", "{there}/{reference}"),
    *("http://{here}@{there}/fhir/{reference}", "http://{there}#/{reference}", "http://{there}?/{reference}"),
    *("http://{there}\\@{here}/{reference}", "\\\\{there}\\{reference}", "https://{there}/fhir/{reference}"),
    *(
        "http://evil.test/fhir/{reference}",
        "https://169.254.169.254/{reference}",
        "ftp://{there}/{reference}",
    ),
    *(
        "../../../../{there}/{reference}",
        "{reference}@{there}",
        "{reference}/../../../x",
        "{reference}\r\nHost: x",
    ),
    *(
        "file:///etc/{reference}",
        "{reference}?x=http://{there}",
        "{reference}#http://{there}",
        "{reference}/$x",
    ),
)


@pytest.fixture
def serve() -> Iterator[Serve]:
    with local_servers() as start:
        yield start


def named(form: str, here: LocalServer, there: LocalServer, reference: str) -> str:
    here_host, there_host = (server.base.split("/")[2] for server in (here, there))
    return form.format(here=here_host, there=there_host, reference=reference)


def reason(request: Json, url: str) -> None:
    order_of(request)["reasonReference"] = [{"reference": url}]
    request["prefetch"]["conditions"] = searchset(total=0)


def subject(request: Json, url: str) -> None:
    order_of(request)["subject"] = {"reference": url}
    del request["prefetch"]["imaging"]


def dispatched(request: Json, url: str) -> None:
    patient = request["context"]["patientId"]
    request["hook"] = "order-dispatch"
    request["context"] = {"patientId": patient, "dispatchedOrders": [url], "performer": url}


def booked(request: Json, url: str) -> None:
    appointment = {
        "resourceType": "Appointment",
        "id": "a1",
        "status": "proposed",
        "basedOn": [{"reference": url}],
    }
    request["hook"] = "appointment-book"
    request["context"] = {
        "userId": "Practitioner/x",
        "patientId": request["context"]["patientId"],
        "appointments": searchset(appointment),
    }


def next_page(request: Json, url: str) -> None:
    request["prefetch"]["imaging"] = searchset(**following(url))


PLACES: dict[Callable[[Json, str], None], str] = {
    reason: "Condition/c1",
    subject: "Patient/p1",
    dispatched: "ServiceRequest/o1",
    booked: "ServiceRequest/o1",
    next_page: "ImagingStudy?page=2",
}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_no_url_in_a_call_takes_the_token_elsewhere(serve: Serve, place: Callable[[Json, str], None]) -> None:
    there = serve(lambda exchange: exchange.answer(b"{}"))
    here = serve(lambda exchange: exchange.answer(json.dumps(searchset(total=0)).encode()))
    for form in FORMS:
        request = request_of("025") | {"fhirServer": here.base, "fhirAuthorization": lent()}
        place(request, named(form, here, there, PLACES[place]))

        with watched_sockets() as traffic:
            answer = ask(request)

        assert answer.status_code in (200, 400, 412, 422), form
        assert set(traffic.addresses) <= {here.base.split("/")[2]}, form
        assert traffic.stopped == [], form
    assert there.seen == []
    assert all(exchange.path.startswith("/fhir/") for exchange in here.seen)


HEADERS = (
    *("Location: {there}/x", "Content-Location: {there}/x", "Refresh: 0; url={there}/x", "URI: {there}/x"),
    *("Link: <{there}/x>; rel=next", 'Link: <{there}/x>; rel="next"', 'Alt-Svc: h2="{host}"'),
    *("Proxy: {there}", "Set-Cookie: a=b; Domain=evil.test", "X-Accel-Redirect: {there}/x"),
    'WWW-Authenticate: Bearer authorization_uri="{there}/x"',
)


@pytest.mark.parametrize(
    "status", ["200 OK", "201 Created", "300 Choices", "305 Use Proxy", "401 No", "503 No"]
)
def test_no_header_of_an_answer_takes_the_token_elsewhere(serve: Serve, status: str) -> None:
    there = serve(lambda exchange: exchange.answer(b"{}"))
    headers = [line.format(there=there.base, host=there.base.split("/")[2]) for line in HEADERS]

    def script(exchange: Exchange) -> None:
        exchange.answer(json.dumps(searchset(total=0)).encode(), status, *headers)

    here = serve(script)
    request = request_of("025") | {"fhirServer": here.base, "fhirAuthorization": lent(), "prefetch": {}}

    with watched_sockets() as traffic:
        ask(request)
        ask(request)

    assert here.seen
    assert there.seen == []
    assert set(traffic.addresses) == {here.base.split("/")[2]}


@pytest.mark.parametrize("element", ["fullUrl", "reference", "instantiatesUri", "endpoint", "presentedForm"])
def test_no_element_of_a_resource_takes_the_token_elsewhere(serve: Serve, element: str) -> None:
    there = serve(lambda exchange: exchange.answer(b"{}"))
    url = f"{there.base}/Observation/x"
    study: dict[str, Any] = {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "subject": {"reference": f"{there.base}/Patient/p1"},
        element: {"reference": url, "url": url},
    }
    bundle = {"resourceType": "Bundle", "entry": [{"fullUrl": url, "resource": study}]}
    here = serve(lambda exchange: exchange.answer(json.dumps(bundle).encode()))
    request = request_of("025") | {"fhirServer": here.base, "fhirAuthorization": lent(), "prefetch": {}}

    with watched_sockets() as traffic:
        ask(request)

    assert there.seen == []
    assert set(traffic.addresses) == {here.base.split("/")[2]}


def lent() -> Json:
    return {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 300, "scope": "x", "subject": "x"}
