"""A FHIR server's answers, and a reader for it."""

import json
from typing import Any

import requests

from cds_hooks import (
    AllowedBases,
    Client,
    FhirAccess,
    FhirReader,
    HookRequest,
    Query,
    Reading,
    read_hook_request,
)
from tests.cds_hooks.wire import ConditionView, encoded, hook_call, searchset

BASE = "https://ehr.example.org/fhir/r4"
SEARCH = "Condition?patient=p1"
TOKEN = "secret-token"
EHR = Client("ehr", AllowedBases((BASE,), allow_loopback=True))


def condition(identity: str) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": identity}


def page(*identities: str, then: str | None = None) -> dict[str, Any]:
    links = {} if then is None else {"link": [{"relation": "next", "url": then}]}
    return searchset(*(condition(identity) for identity in identities), **links)


def call(server: str | None = BASE, token: str | None = TOKEN, **authorization: Any) -> HookRequest:
    fields: dict[str, Any] = {} if server is None else {"fhirServer": server}
    if server is not None and token is not None:
        fields["fhirAuthorization"] = {"access_token": token, "token_type": "Bearer"} | authorization
    return read_hook_request(encoded(hook_call(**fields)), ("order-sign",))


def reader(base: str = BASE, token: str | None = TOKEN, *, client: Client = EHR, **limits: Any) -> FhirReader:
    return reader_of(FhirAccess(**{"deadline_seconds": 20.0, **limits}), base, token, client=client)


def reader_of(
    access: FhirAccess, base: str = BASE, token: str | None = TOKEN, *, client: Client = EHR
) -> FhirReader:
    made = access.reader_for(call(base, token), client)
    assert made is not None
    return made


def search(using: FhirReader, path: str = SEARCH) -> Reading[Any]:
    return using.fetch({"conditions": Query(path, ConditionView, "Condition")})["conditions"]


def ids(reading: Reading[Any]) -> list[str]:
    return [resource.id for resource in reading.resources]


def endless(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
    number = int(str(request.url).rpartition("=")[2].replace("p1", "0"))
    return 200, {}, json.dumps(page(f"c{number}", then=f"{BASE}/Condition?page={number + 1}"))
