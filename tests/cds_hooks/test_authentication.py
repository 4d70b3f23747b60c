"""Who may call: every token that is not good gets the same 401, and good ones exactly one call."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from cds_hooks import CallRecord, Client, Reason, Registration, ReplayStore, TokenAuthenticator
from tests.cds_hooks.token_cases import GOOD, KEYS, NOW, REFUSED, forged
from tests.cds_hooks.tokens import (
    ISSUER,
    PUBLIC_URL,
    SERVICE_URL,
    BrokenReplayStore,
    Json,
    SpentTokens,
    bearer,
    claims,
    header,
    jwks,
    public_jwk,
    registration,
    segments,
    signed,
)
from tests.cds_hooks.wire import CANARY, CLIENT, app_with, encoded, hook_call, service
from tests.local_servers import LocalServer, Script
from tests.socket_guard import watched_sockets

PATH = "/cds-services/test-service"


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "jwks.json"
    path.write_bytes(jwks(*KEYS))
    return path


@pytest.fixture
def calls() -> list[CallRecord]:
    return []


Guarded = Callable[..., FlaskClient]


@pytest.fixture
def guarded(keys_file: Path, calls: list[CallRecord]) -> Guarded:
    """The service for one registered client."""

    def start(
        *others: Registration, replay: ReplayStore | None = None, public_url: str = PUBLIC_URL, **terms: Any
    ) -> FlaskClient:
        authenticator = TokenAuthenticator(
            [registration(**{"jwks": keys_file, **terms}), *others],
            public_url=public_url,
            replay=replay or SpentTokens(),
            warn=lambda client, why: None,
        )
        return app_with(authenticator=authenticator, observe=calls.append).test_client()

    return start


def post(client: FlaskClient, headers: Any, url: str = PATH) -> TestResponse:
    return client.post(url, data=encoded(hook_call()), content_type="application/json", headers=headers)


@pytest.mark.parametrize("case", REFUSED)
def test_a_token_that_is_not_good_is_a_401_that_says_nothing(
    guarded: Guarded, calls: list[CallRecord], caplog: pytest.LogCaptureFixture, case: str
) -> None:
    make, reason = REFUSED[case]
    headers = make()
    client = guarded()

    with caplog.at_level(logging.DEBUG), watched_sockets() as traffic:
        response = post(client, headers)

    plain = post(client, {})
    assert response.status_code == 401
    assert response.data == plain.data
    assert list(response.headers) == list(plain.headers)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    OperationOutcome.model_validate(response.get_json())
    assert calls[0].refusal == reason
    assert (traffic.names, traffic.addresses) == ([], [])
    written = repr(calls) + caplog.text
    for part in str(headers.get("Authorization", "")).replace(".", " ").split():
        assert len(part) < 12 or part not in written


def test_there_are_enough_bad_tokens() -> None:
    assert len(REFUSED) >= 80


@pytest.mark.parametrize("case", GOOD)
def test_a_good_token_is_answered(guarded: Guarded, calls: list[CallRecord], case: str) -> None:
    make, terms = GOOD[case]

    response = post(guarded(**terms), bearer(make()))

    assert response.status_code == 200
    assert [(call.client, call.refusal) for call in calls] == [("test-ehr", None)]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_the_scheme_is_read_as_http_has_it(guarded: Guarded, scheme: str) -> None:
    assert post(guarded(), {"Authorization": f"{scheme} {signed()}"}).status_code == 200


@pytest.mark.parametrize(
    ("terms", "changes", "reason"),
    [
        ({"subjects": frozenset({"app"})}, {}, Reason.WRONG_SUBJECT),
        ({"subjects": frozenset({"app"})}, {"sub": "App"}, Reason.WRONG_SUBJECT),
        ({"tenants": frozenset({"t1"})}, {}, Reason.WRONG_TENANT),
        ({"tenants": frozenset({"t1"})}, {"tenant": "t2"}, Reason.WRONG_TENANT),
        ({"max_token_seconds": 60}, {}, Reason.LIVES_TOO_LONG),
        ({"audiences": ("urn:spinal",)}, {"aud": "urn:spinal/"}, Reason.WRONG_AUDIENCE),
        ({"algorithms": ("RS384",)}, {}, Reason.WRONG_ALGORITHM),
        ({"jkus": frozenset()}, {}, None),
    ],
)
def test_the_terms_of_the_client_hold(
    guarded: Guarded, calls: list[CallRecord], terms: Json, changes: Json, reason: Reason | None
) -> None:
    response = post(guarded(**terms), bearer(signed(claims(**changes))))

    assert response.status_code == (200 if reason is None else 401)
    assert calls[0].refusal == reason
    assert calls[0].client == "test-ehr"


def test_two_headers_are_one_too_many(guarded: Guarded, calls: list[CallRecord]) -> None:
    headers = Headers([("Authorization", f"Bearer {signed()}"), ("Authorization", f"Bearer {signed()}")])

    assert post(guarded(), headers).status_code == 401
    assert calls[0].refusal in (Reason.SEVERAL_HEADERS, Reason.NOT_BEARER)


def test_a_key_of_one_client_signs_for_that_client_only(
    guarded: Guarded, calls: list[CallRecord], tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs.json"
    theirs.write_bytes(jwks(public_jwk(name="theirs")))
    other = Client("other-ehr", CLIENT.fhir_bases)
    client = guarded(registration(theirs, client=other, issuer="https://other.example.org"))

    own = post(client, bearer(signed(claims(iss="https://other.example.org"), name="theirs")))
    crossed = post(client, bearer(signed(claims(iss="https://other.example.org"))))

    assert (own.status_code, crossed.status_code) == (200, 401)
    assert [(call.client, call.refusal) for call in calls] == [
        ("other-ehr", None),
        ("other-ehr", Reason.WRONG_SIGNATURE),
    ]


def test_a_token_is_good_for_one_call(guarded: Guarded, calls: list[CallRecord]) -> None:
    client, token = guarded(), signed()

    assert [post(client, bearer(token)).status_code for _ in range(3)] == [200, 401, 401]
    assert calls[1].refusal == Reason.REPLAYED


def test_the_same_id_from_another_issuer_is_another_token(guarded: Guarded, keys_file: Path) -> None:
    second = registration(keys_file, client=Client("second", CLIENT.fhir_bases), issuer="https://second")
    client = guarded(second)

    for issuer in (ISSUER, "https://second"):
        assert post(client, bearer(signed(claims(iss=issuer, jti="one")))).status_code == 200


def test_under_an_alias_a_token_is_still_spent_once(guarded: Guarded) -> None:
    client = guarded(issuer_aliases=(f"{ISSUER}/",))

    answers = [post(client, bearer(signed(claims(iss=iss, jti="one")))) for iss in (ISSUER, f"{ISSUER}/")]

    assert [answer.status_code for answer in answers] == [200, 401]


def test_a_bad_token_does_not_spend_the_id_of_a_good_one(guarded: Guarded) -> None:
    spent = SpentTokens()
    client = guarded(replay=spent)

    post(client, bearer(signed(claims(jti="one"), name="attacker")))
    post(client, bearer(signed(claims(jti="one", aud="other"))))
    post(client, bearer(signed(claims(jti="one", exp=1, iat=0))))

    assert spent.spent == set()
    assert post(client, bearer(signed(claims(jti="one")))).status_code == 200


def test_an_id_is_kept_until_no_leeway_could_revive_its_token(guarded: Guarded) -> None:
    spent = SpentTokens()
    post(guarded(replay=spent), bearer(signed(claims(iat=NOW, exp=NOW + 300))))

    assert spent.expiries == [NOW + 360]


def test_without_the_replay_store_nobody_is_let_in(guarded: Guarded) -> None:
    response = post(guarded(replay=BrokenReplayStore()), bearer(signed()))

    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert response.get_json()["issue"][0]["code"] == "transient"


def test_without_a_token_nothing_is_told_about_the_call(guarded: Guarded) -> None:
    client = guarded()
    calls = [
        post(client, {}),
        post(client, {}, "/cds-services/no-such-service"),
        client.post(PATH, data=b"<x/>", content_type="application/xml"),
        client.post(PATH, data=b"{", content_type="application/json"),
        client.post(PATH, data=b"x" * 3_000_000, content_type="application/json"),
    ]

    assert {(call.status_code, call.data, tuple(call.headers)) for call in calls} == {
        (401, calls[0].data, tuple(calls[0].headers))
    }


def test_a_token_for_a_service_that_does_not_exist_learns_so(guarded: Guarded) -> None:
    token = signed(claims(aud=f"{PUBLIC_URL}/cds-services/none"))

    assert post(guarded(), bearer(token), "/cds-services/none").status_code == 404


def test_discovery_is_public(guarded: Guarded) -> None:
    client = guarded()

    assert client.get("/cds-services").status_code == 200
    assert client.get("/cds-services", headers=bearer(CANARY)).status_code == 200


@pytest.mark.parametrize(
    ("public_url", "audience", "status"),
    [
        ("https://cds.example.org/", SERVICE_URL, 200),
        ("https://cds.example.org:443", SERVICE_URL, 200),
        ("https://cds.example.org:8443", SERVICE_URL, 401),
        ("https://cds.example.org:8443", "https://cds.example.org:8443/cds-services/test-service", 200),
        ("https://cds.example.org/site", "https://cds.example.org/site/cds-services/test-service", 200),
        ("https://cds.example.org/site", SERVICE_URL, 401),
        ("http://127.0.0.1:80", "http://127.0.0.1/cds-services/test-service", 200),
        ("https://[::1]", "https://[::1]:443/cds-services/test-service/", 200),
    ],
)
def test_the_audience_is_below_the_public_url(
    guarded: Guarded, public_url: str, audience: str, status: int
) -> None:
    client = guarded(public_url=public_url)
    headers = {**bearer(signed(claims(aud=audience))), "Host": "evil.test", "X-Forwarded-Host": "evil.test"}

    assert post(client, headers).status_code == status


@pytest.mark.parametrize(
    ("audience", "is_taken"),
    [
        (f"{SERVICE_URL}/feedback", True),
        (f"{SERVICE_URL}/feedback/", True),
        (SERVICE_URL, True),
        (f"{PUBLIC_URL}/cds-services", False),
        (f"{PUBLIC_URL}/cds-services/other/feedback", False),
    ],
)
def test_feedback_may_be_addressed_to_itself_or_to_the_service(
    keys_file: Path, audience: str, is_taken: bool
) -> None:
    authenticator = TokenAuthenticator(
        [registration(keys_file)], public_url=PUBLIC_URL, replay=SpentTokens(), warn=lambda *_: None
    )
    headers = [f"Bearer {signed(claims(aud=audience))}"]

    if is_taken:
        assert authenticator.client_of(headers, f"{PATH}/feedback").id == "test-ehr"
    else:
        with pytest.raises(Exception, match="not authenticated"):
            authenticator.client_of(headers, f"{PATH}/feedback")


def test_the_service_is_told_which_client_calls(keys_file: Path) -> None:
    told: list[Client] = []

    def answer(call: Any) -> Any:
        told.append(call.client)
        raise RuntimeError

    authenticator = TokenAuthenticator(
        [registration(keys_file)], public_url=PUBLIC_URL, replay=SpentTokens(), warn=lambda *_: None
    )
    post(app_with([service(answer=answer)], authenticator=authenticator).test_client(), bearer(signed()))

    assert [client.id for client in told] == ["test-ehr"]


Serve = Callable[[Script], LocalServer]


@pytest.mark.parametrize(
    "header_of",
    [
        lambda theirs: {"jku": theirs},
        lambda theirs: {"jku": theirs, "kid": "theirs"},
        lambda theirs: {"x5u": theirs},
        lambda theirs: {"x5u": theirs, "kid": "theirs"},
        lambda theirs: {"jwk": public_jwk(kid="theirs", name="attacker"), "kid": "theirs"},
        lambda theirs: {"kid": theirs},
    ],
)
@pytest.mark.parametrize("is_of_another_client", [True, False])
def test_no_token_makes_the_service_fetch_from_where_it_says(
    guarded: Guarded, serve: Serve, header_of: Callable[[str], Json], is_of_another_client: bool
) -> None:
    ours = serve(lambda exchange: exchange.answer(jwks()))
    theirs = serve(lambda exchange: exchange.answer(jwks(public_jwk(kid="theirs", name="attacker"))))
    other = registration(
        theirs.base,
        client=Client("other", CLIENT.fhir_bases),
        issuer="https://other.example.org",
        jkus=frozenset({theirs.base}),
    )
    others = (other,) if is_of_another_client else ()
    client = guarded(*others, jwks=ours.base, jkus=frozenset({ours.base}))

    response = post(client, bearer(forged(**header_of(theirs.base))))

    assert response.status_code == 401
    assert theirs.seen == []
    assert len(ours.seen) <= 1


def test_the_keys_of_the_registered_url_are_fetched_and_their_tokens_taken(
    guarded: Guarded, serve: Serve
) -> None:
    ours = serve(lambda exchange: exchange.answer(jwks()))
    client = guarded(jwks=ours.base, jkus=frozenset({ours.base}))

    statuses = [post(client, bearer(signed(jku=ours.base))).status_code for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert len(ours.seen) == 1


def test_while_the_keys_cannot_be_had_nobody_is_let_in(
    guarded: Guarded, serve: Serve, calls: list[CallRecord]
) -> None:
    down = serve(lambda exchange: exchange.answer(b"", "503 Service Unavailable"))
    client = guarded(jwks=down.base)

    response = post(client, bearer(signed()))

    assert (response.status_code, response.data) == (401, post(client, {}).data)
    assert calls[0].refusal == Reason.KEYS_UNAVAILABLE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(ISSUER),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(["alg", "kid", "typ", "jku", "crit", "b64", "zip"])
CLAIMS = st.sampled_from(["iss", "aud", "exp", "iat", "nbf", "jti", "sub", "tenant"])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(FIELDS, JSON, max_size=3),
    st.dictionaries(CLAIMS, JSON, max_size=3),
    st.binary(max_size=100),
)
def test_whatever_a_token_holds_is_refused_and_breaks_nothing(
    guarded: Guarded, fields: Json, payload: Json, signature: bytes
) -> None:
    parts = ({**header(alg="ES384"), **fields}, {**claims(), **payload}, signature)

    assert post(guarded(), bearer(segments(*parts))).status_code == 401
