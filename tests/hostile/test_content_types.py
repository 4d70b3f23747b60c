"""T06: bodies declared as something else."""

from __future__ import annotations

import json

import pytest

from tests.hostile.watch import Watch
from tests.plugin.cards.service import request_of

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
BODIES = {
    "json": json.dumps(request_of("025")).encode(),
    "xml": b"<Bundle xmlns='http://hl7.org/fhir'/>",
    "form": b"hook=order-sign&context=x",
    "multipart": b'--x\r\nContent-Disposition: form-data; name="hook"\r\n\r\norder-sign\r\n--x--\r\n',
    "nothing": b"",
}


@pytest.mark.parametrize("name", JSON_NAMES)
def test_json_is_read_under_its_names_and_nothing_else_is(name: str, watch: Watch) -> None:
    for kind, body in BODIES.items():
        answer = watch.send(body, content_type=None, headers={"Content-Type": name})

        assert answer.status_code == (200 if kind == "json" else 400)


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_any_other_name_is_refused_whatever_is_sent(name: str, watch: Watch) -> None:
    for body in BODIES.values():
        answer = watch.send(body, content_type=None, headers={"Content-Type": name})

        assert answer.status_code == 415


def test_a_body_without_a_name_is_refused(watch: Watch) -> None:
    for body in BODIES.values():
        assert watch.send(body, content_type=None).status_code == 415


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip", "x"])
def test_a_compressed_body_is_not_unpacked(coding: str, watch: Watch) -> None:
    """A body is taken as it is: what says it is compressed and is JSON is read, and no bomb goes off."""
    headers = {"Content-Encoding": coding}

    assert watch.send(BODIES["json"], headers=headers).status_code == 200
    assert watch.send(b"\x1f\x8b\x08" + bytes(1000), headers=headers).status_code == 400
