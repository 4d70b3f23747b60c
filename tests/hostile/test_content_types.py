"""T06: bodies declared as something else."""

from __future__ import annotations

import json

import pytest

from tests.hostile.watch import FEEDBACK, Watch
from tests.plugin.cards.service import SERVICE, request_of

JSON_NAMES = (
    *("application/json", "APPLICATION/JSON", "application/json;charset=utf-8", "application/json ; x=y"),
    *("application/json; charset=utf-16", "application/json; charset=", "application/json;"),
    *("application/fhir+json", "application/fhir+json; fhirVersion=4.0", "application/json+fhir"),
)
OTHER_NAMES = (
    *("", "text/plain", "text/json", "text/html", "application/xml", "text/xml", "application/fhir+xml"),
    *("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data"),
    *("application/jsonp", "application/json-patch+json", "application/problem+json", "application/x-ndjson"),
    *("application/octet-stream", "application", "json", "/", ";", "application/json, text/plain"),
    *(
        "application/json/x",
        "application json",
        "*/*",
        "application/*",
        "application/cbor",
        "application/x-yaml",
    ),
    *(f"{'x' * 5000}/json", "application/json\x00", "text/plain; application/json", "image/png"),
)
JSON_BODIES = {SERVICE: json.dumps(request_of("025")).encode(), FEEDBACK: b'{"feedback": []}'}
OTHER_BODIES = {
    "xml": b"<Bundle xmlns='http://hl7.org/fhir'/>",
    "form": b"hook=order-sign&context=x",
    "multipart": b'--x\r\nContent-Disposition: form-data; name="hook"\r\n\r\norder-sign\r\n--x--\r\n',
    "nothing": b"",
}


every_path = pytest.mark.parametrize("path", JSON_BODIES)


@every_path
@pytest.mark.parametrize("name", JSON_NAMES)
def test_json_is_read_under_its_names_and_nothing_else_is(name: str, path: str, watch: Watch) -> None:
    headers = {"Content-Type": name}

    assert watch.send(JSON_BODIES[path], path, content_type=None, headers=headers).status_code == 200
    for body in OTHER_BODIES.values():
        assert watch.send(body, path, content_type=None, headers=headers).status_code == 400


@every_path
@pytest.mark.parametrize("name", OTHER_NAMES)
def test_any_other_name_is_refused_whatever_is_sent(name: str, path: str, watch: Watch) -> None:
    for body in (JSON_BODIES[path], *OTHER_BODIES.values()):
        answer = watch.send(body, path, content_type=None, headers={"Content-Type": name})

        assert answer.status_code == 415


@every_path
def test_a_body_without_a_name_is_refused(path: str, watch: Watch) -> None:
    for body in (JSON_BODIES[path], *OTHER_BODIES.values()):
        assert watch.send(body, path, content_type=None).status_code == 415


@every_path
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip", "x"])
def test_a_compressed_body_is_not_unpacked(coding: str, path: str, watch: Watch) -> None:
    """A body is taken as it is: what says it is compressed and is JSON is read, and no bomb goes off."""
    headers = {"Content-Encoding": coding}

    assert watch.send(JSON_BODIES[path], path, headers=headers).status_code == 200
    assert watch.send(b"\x1f\x8b\x08" + bytes(1000), path, headers=headers).status_code == 400
