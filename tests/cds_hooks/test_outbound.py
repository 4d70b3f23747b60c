"""Where connections go: only to registered hosts at checked addresses, and no token anywhere else."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from cds_hooks import (
    AllowedBases,
    Client,
    FhirAccess,
    FhirReader,
    HookCall,
    OpenTo,
    PrefetchState,
    Query,
    Reading,
    Response,
    Unread,
)
from cds_hooks.outbound import Exchange as OneExchange
from cds_hooks.outbound import open_session
from tests.cds_hooks.fhir import EHR as OPEN_EHR
from tests.cds_hooks.fhir import call, page, reader_of, search
from tests.cds_hooks.test_allowed_bases import FORGED, NOT_QUITE_LOOPBACK
from tests.cds_hooks.wire import ConditionView, app_with, encoded, hook_call, service
from tests.local_servers import Exchange, LocalServer, Script
from tests.socket_guard import watched_sockets

Serve = Callable[[Script], LocalServer]
REGISTERED = ("https://ehr.example.org/fhir/r4",)
EHR = Client("ehr", AllowedBases(REGISTERED, allow_loopback=False))
UNREGISTERED = [
    *FORGED,
    *NOT_QUITE_LOOPBACK,
    "http://localhost/",
    "http://127.0.0.1:8080/fhir",
    "http://[::1]/fhir",
    "https://metadata.google.internal/computeMetadata/v1",
    "http://metadata/",
    "https://ehr.example.org/fhir/r4/Patient/p1",
    "dict://127.0.0.1:11211/stats",
    "ldap://127.0.0.1/",
    "unix:///var/run/docker.sock",
    "https://ehr.example.org:443@evil.test/fhir/r4",
]


@pytest.mark.parametrize("url", UNREGISTERED)
def test_a_server_that_is_not_registered_is_neither_looked_up_nor_connected_to(url: str) -> None:
    def answer(call: HookCall) -> Response:
        if call.server is not None:
            call.server.fetch({"c": Query("Condition?patient=p1", ConditionView, "Condition")})
        return Response()

    client = app_with([service(answer=answer)], authenticator=OpenTo(EHR)).test_client()
    lent = {"access_token": "secret-token", "token_type": "Bearer"}
    body = encoded(hook_call(fhirServer=url, fhirAuthorization=lent))

    with watched_sockets() as traffic:
        response = client.post("/cds-services/test-service", data=body, content_type="application/json")

    assert response.status_code in (200, 400)
    assert (traffic.names, traffic.addresses) == ([], [])


def test_there_are_enough_forms_of_a_server_url() -> None:
    assert len(set(UNREGISTERED)) >= 80


def resolving_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """The resolver gives one answer for the name after the other, and the last for ever."""
    left = list(answers)
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host != "ehr.example.org":
            return real(host, port, *arguments, **options)
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [found for address in addresses for found in real(address, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def reading_of(base: str, *networks: str) -> Reading[Any]:
    bases = AllowedBases((base,), allow_loopback=False, private_networks=tuple(map(ip_network, networks)))
    return search(reader_of(FhirAccess(deadline_seconds=20.0), base, client=Client("ehr", bases)))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",  # noqa: S104
        "10.0.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_registered_name_that_resolves_inside_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, scheme: str, address: str
) -> None:
    resolving_to(monkeypatch, [address])

    with watched_sockets() as traffic:
        reading = reading_of(f"{scheme}://ehr.example.org/fhir")

    assert reading.unread is Unread.BASE_NOT_REGISTERED
    assert traffic.addresses == []


def port_of(server: LocalServer) -> str:
    return server.base.removesuffix("/fhir").rpartition(":")[2]


def test_a_name_may_resolve_into_a_network_of_its_site(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    server = serve(lambda exchange: exchange.answer(encoded(page("c1"))))
    resolving_to(monkeypatch, ["127.0.0.1"])

    reading = reading_of(f"http://ehr.example.org:{port_of(server)}/fhir", "127.0.0.0/8")

    assert reading.state is PrefetchState.PRESENT
    assert server.seen[0].headers["host"] == f"ehr.example.org:{port_of(server)}"


def test_of_several_addresses_only_the_permitted_are_tried(
    monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    server = serve(lambda exchange: exchange.answer(encoded(page("c1"))))
    resolving_to(monkeypatch, ["169.254.169.254", "127.0.0.2", "127.0.0.1"])

    with watched_sockets() as traffic:
        reading = reading_of(f"http://ehr.example.org:{port_of(server)}/fhir", "127.0.0.0/31")

    assert reading.state is PrefetchState.PRESENT
    assert traffic.addresses == [f"127.0.0.1:{port_of(server)}"]


def test_when_the_first_address_does_not_answer_the_next_is_tried(
    monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    server = serve(lambda exchange: exchange.answer(encoded(page("c1"))))
    resolving_to(monkeypatch, ["127.0.0.2", "127.0.0.1"])

    reading = reading_of(f"http://ehr.example.org:{port_of(server)}/fhir", "127.0.0.0/8")

    assert reading.state is PrefetchState.PRESENT


def test_a_name_cannot_change_its_mind_after_the_check(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    server = serve(lambda exchange: exchange.answer(encoded(page("c1"))))
    resolving_to(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])

    with watched_sockets() as traffic:
        reading_of(f"http://ehr.example.org:{port_of(server)}/fhir", "127.0.0.0/8")

    assert traffic.addresses == [f"127.0.0.1:{port_of(server)}"]


def test_connections_of_one_client_do_not_serve_another_that_may_not_go_there(
    monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    def answer(exchange: Exchange) -> None:
        body = encoded(page("c1"))
        exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        exchange.stopped.wait(0.5)

    server = serve(answer)
    base = f"http://ehr.example.org:{port_of(server)}/fhir"
    inside = AllowedBases((base,), allow_loopback=False, private_networks=(ip_network("127.0.0.0/8"),))
    outside = AllowedBases((base,), allow_loopback=False)
    resolving_to(monkeypatch, ["127.0.0.1"])
    access = FhirAccess(deadline_seconds=20.0)

    states = []
    for bases in (inside, outside):
        states.append(search(reader_of(access, base, client=Client("ehr", bases))).state)

    assert states == [PrefetchState.PRESENT, PrefetchState.ERROR]


LINKS = [
    "{there}/Condition?page=2",
    "{there}",
    "//{there_host}/fhir?page=2",
    "///{there_host}/fhir",
    "http:{there_host}/fhir",
    "HTTP://{there_host}/fhir/Condition",
    "http://user@{there_host}/fhir",
    "http://{here_host}@{there_host}/fhir",
    "http://{here_host}%40{there_host}/fhir",
    "http://{there_host}#{here_host}/fhir",
    "http://{there_host}?{here_host}/fhir",
    "http://{there_host}\\@{here_host}/fhir",
    "http://{here_host}\\@{there_host}/fhir",
    "\\\\{there_host}\\fhir",
    "/\\{there_host}/fhir",
    "http:\\\\{there_host}/fhir",
    "https://{here_host}/fhir/Condition",
    "https://{there_host}/fhir",
    "http://localhost:{there_port}/fhir",
    "http://[::1]:{there_port}/fhir",
    "http://127.1:{there_port}/fhir",
    "http://2130706433:{there_port}/fhir",
    "http://0x7f000001:{there_port}/fhir",
    "http://127.0.0.1:{there_port}",
    "http://127.0.0.1:0{there_port}/fhir",
    "http://127.0.0.1.:{there_port}/fhir",
    "http://[::ffff:127.0.0.1]:{there_port}/fhir",
    "\thttp://{there_host}/fhir",
    "http://{there_host}/fhir\r\nX: y",
    "ftp://{there_host}/fhir",
]
STATUSES = ("301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent", "300 Choices")


def to(link: str, here: LocalServer, there: LocalServer) -> str:
    here_host, there_host = (server.base.split("/")[2] for server in (here, there))
    return link.format(
        there=there.base, here_host=here_host, there_host=there_host, there_port=port_of(there)
    )


def reader_at(server: LocalServer) -> FhirReader:
    return reader_of(FhirAccess(deadline_seconds=20.0), server.base)


@pytest.mark.parametrize("link", LINKS)
def test_no_further_page_takes_the_token_elsewhere(serve: Serve, link: str) -> None:
    there = serve(lambda exchange: exchange.answer(encoded(page("stolen"))))
    here = serve(lambda exchange: exchange.answer(encoded(page("c1", then=to(link, here, there)))))

    with watched_sockets() as traffic:
        reading = search(reader_at(here))

    assert reading.unread is Unread.MORE_PAGES
    assert there.seen == []
    assert set(traffic.addresses) == {f"127.0.0.1:{port_of(here)}"}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("link", ["{there}/Condition", "//{there_host}/fhir", "https://{there_host}/fhir"])
def test_no_redirect_takes_the_token_elsewhere(serve: Serve, status: str, link: str) -> None:
    there = serve(lambda exchange: exchange.answer(encoded(page("stolen"))))
    here = serve(lambda exchange: exchange.answer(b"", status, f"Location: {to(link, here, there)}"))

    with watched_sockets() as traffic:
        reading = search(reader_at(here))

    assert reading.unread is Unread.UNUSABLE_ANSWER
    assert there.seen == []
    assert traffic.addresses == [f"127.0.0.1:{port_of(here)}"]


def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    proxy = serve(lambda exchange: exchange.answer(encoded(page("stolen"))))
    here = serve(lambda exchange: exchange.answer(encoded(page("c1"))))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.base)

    assert search(reader_at(here)).state is PrefetchState.PRESENT
    assert proxy.seen == []


@pytest.mark.parametrize(
    ("subject", "is_used"), [("spinal", True), ("spinal-2", True), ("other", False), (None, False)]
)
def test_a_fhir_token_for_somebody_else_is_not_used(serve: Serve, subject: str | None, is_used: bool) -> None:
    server = serve(lambda exchange: exchange.answer(encoded(page("c1"))))
    lent = {} if subject is None else {"subject": subject}
    reader = FhirAccess(deadline_seconds=20.0).reader_for(
        call(server.base, **lent), replace(OPEN_EHR, fhir_subjects=frozenset({"spinal", "spinal-2"}))
    )
    assert reader is not None

    reading = search(reader)

    assert (reading.state is PrefetchState.PRESENT) is is_used
    assert len(server.seen) == is_used


def test_an_open_server_is_read_whoever_tokens_are_meant_for(serve: Serve) -> None:
    server = serve(lambda exchange: exchange.answer(encoded(page("c1"))))
    reader = FhirAccess(deadline_seconds=20.0).reader_for(
        call(server.base, token=None), replace(OPEN_EHR, fhir_subjects=frozenset({"spinal"}))
    )

    assert reader is not None
    assert search(reader).state is PrefetchState.PRESENT


def test_what_is_cut_off_after_its_answer_leaves_the_connection_to_the_next(serve: Serve) -> None:
    def script(exchange: Exchange) -> None:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        exchange.write(answer)
        exchange.next_request()
        exchange.write(answer)

    server = serve(script)
    session = open_session(2, lambda _host, _address: True)

    with OneExchange() as first:
        assert session.get(server.base, timeout=20).content == b"ok"
        first.cut()
    with OneExchange():
        assert session.get(server.base, timeout=20).content == b"ok"

    assert len(server.seen) == 1
