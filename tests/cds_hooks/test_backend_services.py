"""SMART Backend Services: a token of our own where the hook brings none, from where it may be had."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest

from cds_hooks import (
    AllowedBases,
    BackendServices,
    BackendTokens,
    Client,
    FhirAccess,
    PrefetchState,
    Query,
    Reading,
    Unread,
)
from cds_hooks.allowed_bases import BaseUrl
from cds_hooks.signing_keys import SigningKey
from tests.cds_hooks.fhir import SEARCH, call, ids, page, reader_of, search
from tests.cds_hooks.tokens import Json, private_key, public_jwk
from tests.cds_hooks.wire import ConditionView, encoded
from tests.local_servers import Exchange, LocalServer, Script
from tests.socket_guard import watched_sockets

Serve = Callable[[Script], LocalServer]
GRANT: Json = {"access_token": "granted-1", "token_type": "bearer", "expires_in": 300}


def signing_key(algorithm: Any = "ES384", name: str = "own") -> SigningKey:
    return SigningKey(
        f"kid-{name}", algorithm, public_jwk(algorithm, name=name), private_key(algorithm, name)
    )


def services(**changes: Any) -> BackendServices:
    given = {"client_id": "spinal", "key": signing_key(), "next_key": signing_key("RS384", "next")}
    return BackendServices(**{**given, "scope": "system/*.rs", **changes})


@dataclass
class Ehr:
    """A FHIR server that tells where tokens are had, gives them, and shows what it was sent."""

    start: Serve
    grant: Script | Json = field(default_factory=lambda: GRANT)
    configuration: Any = None
    status: int = 200
    forms: list[dict[str, str]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = self.start(self.answer)
        self.base = self.server.base

    def answer(self, exchange: Exchange) -> None:
        if exchange.path.endswith("/.well-known/smart-configuration"):
            told = (
                {"token_endpoint": f"{self.base}/token"} if self.configuration is None else self.configuration
            )
            exchange.answer(told if isinstance(told, bytes) else encoded(told))
        elif exchange.path.endswith("/token"):
            self.forms.append({k: v for k, [v] in parse_qs(exchange.body.decode()).items()})
            if callable(self.grant):
                self.grant(exchange)
            else:
                exchange.answer(encoded(self.grant))
        else:
            self.tokens.append(exchange.headers.get("authorization"))
            exchange.answer(encoded(page("c1")), status=self.status)

    def client(self, **changes: Any) -> Client:
        bases = AllowedBases((self.base,), allow_loopback=True)
        return Client("ehr", bases, backend_services=services(**changes))


OpenEhr = Callable[..., Ehr]


@pytest.fixture
def open_ehr(serve: Serve) -> OpenEhr:
    return lambda **options: Ehr(serve, **options)


def access() -> FhirAccess:
    return FhirAccess(deadline_seconds=20.0)


def read(ehr: Ehr, using: FhirAccess, *, token: str | None = None, **changes: Any) -> Reading[Any]:
    return search(reader_of(using, ehr.base, token, client=ehr.client(**changes)))


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_a_call_without_a_token_is_read_with_one_of_our_own(open_ehr: OpenEhr, algorithm: str) -> None:
    ehr = open_ehr()

    reading = read(ehr, access(), key=signing_key(algorithm), scope="system/Condition.rs system/Patient.rs")

    assert (ids(reading), ehr.tokens) == (["c1"], ["Bearer granted-1"])
    [form] = ehr.forms
    assertion = form.pop("client_assertion")
    assert form == {
        "grant_type": "client_credentials",
        "scope": "system/Condition.rs system/Patient.rs",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    assert jwt.get_unverified_header(assertion) == {"alg": algorithm, "kid": "kid-own", "typ": "JWT"}
    public = jwt.PyJWK(public_jwk(algorithm), algorithm)
    claims = jwt.decode(assertion, public, [algorithm], audience=f"{ehr.base}/token", issuer="spinal")
    assert claims["sub"] == "spinal"
    assert 0 < claims["exp"] - claims["iat"] <= 300
    assert claims["jti"]


def test_the_token_of_the_hook_goes_before_our_own(open_ehr: OpenEhr) -> None:
    ehr = open_ehr()

    read(ehr, access(), token="lent")

    assert (ehr.tokens, ehr.forms) == (["Bearer lent"], [])


def test_an_authorization_that_cannot_be_used_is_not_replaced_by_our_own(open_ehr: OpenEhr) -> None:
    ehr = open_ehr()
    using = access().reader_for(call(ehr.base, "lent", token_type="mac"), ehr.client())

    assert using is not None
    search(using)
    assert (ehr.tokens, ehr.forms) == ([None], [])


def test_a_client_that_did_not_opt_in_is_read_without_a_token(open_ehr: OpenEhr) -> None:
    ehr = open_ehr()

    search(reader_of(access(), ehr.base, None, client=replace(ehr.client(), backend_services=None)))

    assert (ehr.tokens, ehr.forms) == ([None], [])


def test_a_token_is_kept_for_the_calls_to_come(open_ehr: OpenEhr) -> None:
    ehr, using = open_ehr(), access()

    for _ in range(3):
        read(ehr, using)

    assert (len(ehr.forms), ehr.tokens) == (1, ["Bearer granted-1"] * 3)


@pytest.mark.parametrize("expires_in", [0.002, "0.002"])
def test_a_token_that_is_about_to_expire_is_asked_for_anew(open_ehr: OpenEhr, expires_in: Any) -> None:
    ehr, using = open_ehr(grant={**GRANT, "expires_in": expires_in}), access()

    for _ in range(2):
        threading.Event().wait(0.01)
        read(ehr, using)

    assert len({form["client_assertion"] for form in ehr.forms}) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_not_taken_any_more_is_replaced_for_the_next_call(
    open_ehr: OpenEhr, status: int
) -> None:
    now = [0.0]
    ehr, using = open_ehr(), FhirAccess(deadline_seconds=20.0, tokens=BackendTokens(clock=lambda: now[0]))
    read(ehr, using)
    now[0], ehr.status = 60.0, status
    assert read(ehr, using).unread is Unread.NOT_PERMITTED
    ehr.grant, ehr.status = {**GRANT, "access_token": "granted-2"}, 200

    assert ids(read(ehr, using)) == ["c1"]
    assert ehr.tokens == ["Bearer granted-1", "Bearer granted-1", "Bearer granted-2"]


def test_a_token_that_is_refused_from_the_start_is_not_asked_for_at_every_call(open_ehr: OpenEhr) -> None:
    ehr, using = open_ehr(status=403), access()

    for _ in range(3):
        assert read(ehr, using).unread is Unread.NOT_PERMITTED
    assert len(ehr.forms) == 1


def test_calls_at_the_same_time_ask_for_one_token(open_ehr: OpenEhr) -> None:
    ehr, using = open_ehr(), access()
    threads = [threading.Thread(target=read, args=(ehr, using)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(ehr.forms), ehr.tokens) == (1, ["Bearer granted-1"] * 8)


def test_each_client_has_a_token_of_its_own(open_ehr: OpenEhr) -> None:
    ehr, using = open_ehr(), access()

    for name in ("one", "two"):
        search(reader_of(using, ehr.base, None, client=replace(ehr.client(client_id=name), id=name)))

    subjects = [
        jwt.decode(f["client_assertion"], options={"verify_signature": False})["sub"] for f in ehr.forms
    ]
    assert subjects == ["one", "two"]


def test_a_token_url_in_the_clients_file_is_used_as_it_is(open_ehr: OpenEhr) -> None:
    ehr, other = open_ehr(configuration=b"none"), open_ehr(grant={**GRANT, "access_token": "granted-2"})

    read(ehr, access(), token_url=f"{other.base}/token")

    assert ehr.tokens == ["Bearer granted-2"]
    assert [path for path in (each.path for each in ehr.server.seen) if "well-known" in path] == []


ELSEWHERE = (
    *("{other}/token", "http://evil.test/token", "https://{here}/token", "http://localhost:{port}/token"),
    *("//{here}/token", "/token", "token", "http://{here}@evil.test/token", "http://user@{here}/token"),
    *("http://{here}/token#x", "http://{here}/token?x=1", "http://{here}.evil.test/", "file:///etc/passwd"),
    *("http://{here}\\@evil.test/token", "http://[::1]:{port}/token", "http://127.1:{port}/token", ""),
)


@pytest.mark.parametrize("endpoint", ELSEWHERE)
def test_no_assertion_goes_to_an_endpoint_on_a_host_that_is_not_registered(
    open_ehr: OpenEhr, endpoint: str
) -> None:
    other, ehr = open_ehr(), open_ehr()
    here = ehr.base.split("/")[2]
    url = endpoint.format(other=other.base, here=here, port=here.rpartition(":")[2])
    ehr.configuration = {"token_endpoint": url}

    with watched_sockets() as traffic:
        reading = read(ehr, access())

    assert reading == Reading(PrefetchState.ERROR, unread=Unread.NO_ACCESS_TOKEN)
    assert set(traffic.addresses) == {here}
    assert (ehr.forms, ehr.tokens, other.forms) == ([], [], [])


def refused(status: str, body: bytes = b"", *headers: str) -> Script:
    return lambda exchange: exchange.answer(body, status, *headers)


GRANTS: dict[str, Any] = {
    "an unknown client": refused("400 Bad Request", b'{"error": "invalid_client"}'),
    "unauthorised": refused("401 Unauthorized"),
    "out of order": refused("500 Oops"),
    "a redirect": refused("307 Temporary", b"", "Location: http://evil.test/token"),
    "a web page": refused("200 OK", b"<html>"),
    "nothing": refused("200 OK"),
    "too much": refused("200 OK", b'{"access_token": "' + b"x" * 100_000),
    "too deep": refused("200 OK", b"[" * 60_000),
    "no answer": lambda exchange: None,
    "another kind of token": {**GRANT, "token_type": "mac"},
    "no kind": {"access_token": "x", "expires_in": 300},
    "no end": {"access_token": "x", "token_type": "bearer"},
    "an end in the past": {**GRANT, "expires_in": -1},
    "an end that is no number": {**GRANT, "expires_in": "soon"},
    "a token that would be two headers": {**GRANT, "access_token": "x\r\nX: y"},
    "an empty token": {**GRANT, "access_token": ""},
    "a token that is no text": {**GRANT, "access_token": ["x"]},
}


@pytest.mark.parametrize("grant", GRANTS.values(), ids=GRANTS)
def test_without_a_token_nothing_is_read(open_ehr: OpenEhr, grant: Any) -> None:
    ehr = open_ehr(grant=grant)

    with watched_sockets() as traffic:
        reading = read(ehr, access())

    assert reading == Reading(PrefetchState.ERROR, unread=Unread.NO_ACCESS_TOKEN)
    assert (ehr.tokens, traffic.stopped) == ([], [])


@pytest.mark.parametrize("configuration", [b"", b"<html>", {}, [], {"token_endpoint": 7}, b"[" * 60_000])
def test_a_base_that_names_no_endpoint_gives_no_token(open_ehr: OpenEhr, configuration: Any) -> None:
    ehr = open_ehr(configuration=configuration)

    assert read(ehr, access()).unread is Unread.NO_ACCESS_TOKEN
    assert (ehr.forms, ehr.tokens) == ([], [])


def test_an_endpoint_that_refuses_is_left_alone_for_a_while(open_ehr: OpenEhr) -> None:
    ehr, using = open_ehr(grant=GRANTS["an unknown client"]), access()

    assert {read(ehr, using).unread for _ in range(5)} == {Unread.NO_ACCESS_TOKEN}
    assert len(ehr.forms) == 1


def test_a_call_with_a_token_is_read_while_our_own_is_refused(open_ehr: OpenEhr) -> None:
    ehr, using = open_ehr(grant=GRANTS["out of order"]), access()
    for _ in range(9):
        read(ehr, using)

    assert ids(read(ehr, using, token="lent")) == ["c1"]


def test_a_slow_endpoint_is_left_at_the_deadline_of_the_call(open_ehr: OpenEhr) -> None:
    ehr = open_ehr(grant=lambda exchange: exchange.drip(b"HTTP/1.1 200 OK\r\nX: ", b"x"))
    using = FhirAccess(deadline_seconds=0.3)
    queries = {str(number): Query(SEARCH, ConditionView, "Condition") for number in range(4)}

    answers = reader_of(using, ehr.base, None, client=ehr.client()).fetch(queries)

    assert {answer.unread for answer in answers.values()} == {Unread.NO_ACCESS_TOKEN}


def test_neither_token_nor_assertion_is_logged_or_told(
    open_ehr: OpenEhr, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    using = FhirAccess(
        deadline_seconds=20.0, tokens=BackendTokens(warn=lambda client, why: told.append(f"{client}: {why}"))
    )
    ehr, broken = open_ehr(), open_ehr(grant={**GRANT, "token_type": "mac"})

    with caplog.at_level(logging.DEBUG):
        read(ehr, using)
        read(broken, using)

    assert told == ["ehr: the token endpoint gives no bearer token"]
    for secret in ("granted-1", *(form["client_assertion"] for form in (*ehr.forms, *broken.forms))):
        assert secret not in caplog.text
        assert secret not in json.dumps(told)
    assert "granted" not in repr(using.__dict__)


def test_an_endpoint_that_hangs_up_is_sent_no_assertion_twice(open_ehr: OpenEhr) -> None:
    ehr = open_ehr(grant=lambda exchange: None)

    assert read(ehr, access()).unread is Unread.NO_ACCESS_TOKEN
    assert len(ehr.forms) == 1


def test_a_refused_token_is_given_up_without_waiting_for_another_call(open_ehr: OpenEhr) -> None:
    is_asked, may_answer = threading.Event(), threading.Event()

    def slowly(exchange: Exchange) -> None:
        is_asked.set()
        may_answer.wait(20)
        exchange.answer(encoded(GRANT))

    ehr, tokens = open_ehr(grant=slowly), BackendTokens()
    asking = threading.Thread(target=read, args=(ehr, FhirAccess(deadline_seconds=20.0, tokens=tokens)))
    base = BaseUrl.parse(ehr.base)
    assert base is not None
    asking.start()
    is_asked.wait(20)
    forgetting = threading.Thread(target=tokens.forget, args=("ehr", base, "granted-0"))
    forgetting.start()
    forgetting.join(5)
    is_over = not forgetting.is_alive()
    may_answer.set()
    asking.join()

    assert is_over
