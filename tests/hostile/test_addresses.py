"""T07: verbs, paths, Host and forwarding headers."""

from __future__ import annotations

import json

import pytest
from werkzeug.test import TestResponse

from tests.hostile.watch import FEEDBACK, Watch
from tests.plugin.cards.service import SERVICE, outcome, request_of

VERBS = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "QUERY"),
    *("FOO", "POSTX", "G E T", "*"),
)
ANSWERED = {
    "/cds-services": {"GET", "HEAD", "OPTIONS"},
    "/openapi.json": {"GET", "HEAD", "OPTIONS"},
    "/livez": {"GET", "HEAD", "OPTIONS"},
    "/healthz": {"GET", "HEAD", "OPTIONS"},
    "/readyz": {"GET", "HEAD", "OPTIONS"},
    SERVICE: {"POST", "OPTIONS"},
    FEEDBACK: {"POST", "OPTIONS"},
}
CALL = json.dumps(request_of("025")).encode()
BODIES = {FEEDBACK: b'{"feedback": []}'}
"""Of each path; CALL for the others."""
ELSEWHERE = (
    *("", "/", "//", "/cds-services/", "/cds-services//", "/CDS-services", "/cds-services.json", "*"),
    *("/./cds-services", "/x/../cds-services", "/cds-services/..", "/cds-services;x=1"),
    *(f"{SERVICE}/", f"{SERVICE}/.", f"{SERVICE}/../spinal-injection-review", f"{SERVICE};x"),
    *(f"{FEEDBACK}/", f"{SERVICE}//feedback", f"{FEEDBACK}/feedback", "/cds-services/feedback/feedback"),
    *("//cds-services//spinal-injection-review", "/cds-services//spinal-injection-review"),
    *(f"{SERVICE}\x00", f"{SERVICE}\r\nX: y", f"{SERVICE}%00", f"{SERVICE.upper()}", "/cds-services/\xff"),
    *(
        "http://evil.test/cds-services",
        "/openapi.json/",
        "/openapi.yaml",
        "/docs",
        "/static/x",
        "/.git/config",
    ),
    *("/cds-services/" + "a" * 100_000, "/" + "a/" * 10_000, "/\xc0\xae\xc0\xae/", "/{{7*7}}", "/%s%n"),
)
HOSTS = (
    *("evil.test", "evil.test:80", "169.254.169.254", "[::1]", "localhost", "", "a b", "[::1", "x:99999"),
    *("http://evil.test", "user@evil.test", "evil.test/path", "evil.test?x", "\xff", "evil.test, localhost"),
)
FORWARDED = (
    {"X-Forwarded-For": "203.0.113.9"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-Host": "evil.test"},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Port": "1"},
    {"X-Forwarded-Prefix": "/evil"},
    {"X-Forwarded-Server": "evil.test"},
    {"Forwarded": "for=203.0.113.9;host=evil.test;proto=https"},
    {"X-Real-IP": "203.0.113.9"},
    {"X-Client-IP": "203.0.113.9"},
    {"X-Original-URL": "/openapi.json"},
    {"X-Rewrite-URL": "/openapi.json"},
    {"X-HTTP-Method-Override": "DELETE"},
    {"X-HTTP-Method": "PUT"},
    {"X-Method-Override": "GET"},
    {"X-Script-Name": "/evil"},
    {"Via": "1.1 evil.test"},
    {"Referer": "https://evil.test/"},
    {"Expect": "100-continue"},
    {"Range": "bytes=0-1"},
    {"Accept": "text/html"},
    {"Accept-Encoding": "gzip, br"},
    {"Cookie": "session=x"},
)


@pytest.mark.parametrize("path", ANSWERED)
def test_a_verb_is_answered_only_where_it_belongs(path: str, watch: Watch) -> None:
    for verb in VERBS:
        body = BODIES.get(path, CALL)
        answer = watch.open(path, method=verb, data=body, content_type="application/json")

        assert (answer.status_code == 200) == (verb in ANSWERED[path]), verb
        if verb not in ANSWERED[path]:
            assert answer.status_code == 405
            assert {name.strip() for name in answer.headers["Allow"].split(",")} == ANSWERED[path]


@pytest.mark.parametrize("path", ELSEWHERE, ids=range(len(ELSEWHERE)))
def test_no_other_path_is_answered_or_sent_elsewhere(path: str, watch: Watch) -> None:
    for verb in ("GET", "POST"):
        answer = watch.open(
            "/",
            method=verb,
            data=CALL,
            content_type="application/json",
            environ_overrides={"PATH_INFO": path},
        )

        assert answer.status_code in (404, 405), verb
        assert "Location" not in answer.headers
        outcome(answer)
        assert "evil" not in answer.text


@pytest.mark.parametrize("host", HOSTS)
def test_the_host_of_the_caller_changes_nothing(host: str, watch: Watch) -> None:
    usual = [watch.open(SERVICE, method="POST", json=request_of("025")), watch.open("/openapi.json")]
    environ = {"HTTP_HOST": host, "SERVER_NAME": "evil.test", "SERVER_PORT": "1"}

    spoofed = [
        watch.open(SERVICE, method="POST", json=request_of("025"), environ_overrides=environ),
        watch.open("/openapi.json", environ_overrides=environ),
    ]

    assert [answer.data for answer in spoofed] == [answer.data for answer in usual]
    assert [sent(answer) for answer in spoofed] == [sent(answer) for answer in usual]


def sent(answer: TestResponse) -> dict[str, str]:
    """The headers, less the time of day."""
    return {name: value for name, value in answer.headers.items() if name != "Date"}


@pytest.mark.parametrize("headers", FORWARDED, ids=lambda headers: "".join(headers))
def test_what_a_hop_claims_changes_nothing(headers: dict[str, str], watch: Watch) -> None:
    usual = watch.open(SERVICE, method="POST", json=request_of("025"))
    told = watch.open(SERVICE, method="POST", json=request_of("025"), headers=headers)
    listed = watch.open("/cds-services", headers=headers)

    assert (told.status_code, told.data) == (200, usual.data)
    assert listed.data == watch.open("/cds-services").data


def test_a_query_changes_nothing(watch: Watch) -> None:
    usual = watch.open(SERVICE, method="POST", json=request_of("025"))

    for query in ("a=b", "hook=order-select", "_method=DELETE", "debug=1", "%00", "&&&", "x" * 10_000):
        told = watch.open(SERVICE, method="POST", json=request_of("025"), query_string=query)
        assert (told.status_code, told.data) == (200, usual.data)
