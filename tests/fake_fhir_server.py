"""A FHIR R4 server of a few lines: reads and patient searches over a handful of resources."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import responses
from requests import PreparedRequest

Resource = dict[str, Any]
Answer = tuple[int, dict[str, str], str]

FHIR_JSON = {"Content-Type": "application/fhir+json; charset=utf-8"}
PARAMETERS = {"patient", "code", "_count", "_page"}
PATIENT_ELEMENTS = ("subject", "patient", "individual")


class FakeFhirServer:
    """Answers below `base`, without a trailing slash. `forbidden` types are refused with 403.

    With a `token`, every request must bear it. A page holds `page_size` entries at most.
    """

    def __init__(
        self,
        base: str,
        resources: Iterable[Resource],
        *,
        token: str | None = None,
        page_size: int = 3,
        forbidden: Collection[str] = (),
    ) -> None:
        self.base = base
        self.resources = tuple(resources)
        self.token = token
        self.page_size = page_size
        self.forbidden = frozenset(forbidden)
        self.asked: list[str] = []

    def mount(self, mock: responses.RequestsMock) -> None:
        mock.add_callback(responses.GET, re.compile(re.escape(self.base) + "/"), callback=self.answer)

    def answer(self, request: PreparedRequest) -> Answer:
        url = urlsplit(request.url or "")
        path = url.path.removeprefix(urlsplit(self.base).path).strip("/")
        self.asked.append(f"{path}?{url.query}" if url.query else path)
        if self.token is not None and request.headers.get("Authorization") != f"Bearer {self.token}":
            return _refusal(401, "login")
        resource_type, _, resource_id = path.partition("/")
        if resource_type in self.forbidden:
            return _refusal(403, "forbidden")
        if resource_id:
            return self._read(resource_type, resource_id)
        return self._search(resource_type, {k: v[0] for k, v in parse_qs(url.query).items()})

    def _read(self, resource_type: str, resource_id: str) -> Answer:
        for resource in self.resources:
            if (resource["resourceType"], resource["id"]) == (resource_type, resource_id):
                return 200, FHIR_JSON, json.dumps(resource)
        return _refusal(404, "not-found")

    def _search(self, resource_type: str, query: dict[str, str]) -> Answer:
        if "patient" not in query or not query.keys() <= PARAMETERS:
            return _refusal(400, "not-supported")
        patient = "Patient/" + query["patient"].removeprefix("Patient/")
        codes = {token.rpartition("|")[2] for token in query.get("code", "").split(",") if token}
        found = [
            r
            for r in self.resources
            if r["resourceType"] == resource_type and _is_about(r, patient) and _has_code(r, codes)
        ]
        return 200, FHIR_JSON, json.dumps(self._page(resource_type, query, found))

    def _page(self, resource_type: str, query: dict[str, str], found: list[Resource]) -> Resource:
        size = min(int(query.get("_count", self.page_size)), self.page_size)
        number = int(query.get("_page", "1"))
        shown = found[(number - 1) * size : number * size]
        bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        if number * size < len(found):
            following = urlencode({**query, "_page": number + 1})
            bundle["link"] = [{"relation": "next", "url": f"{self.base}/{resource_type}?{following}"}]
        if shown:
            bundle["entry"] = [self._entry(resource) for resource in shown]
        return bundle

    def _entry(self, resource: Resource) -> Resource:
        url = f"{self.base}/{resource['resourceType']}/{resource['id']}"
        return {"fullUrl": url, "resource": resource, "search": {"mode": "match"}}


def _is_about(resource: Resource, patient: str) -> bool:
    return any(resource.get(e, {}).get("reference") == patient for e in PATIENT_ELEMENTS)


def _has_code(resource: Resource, codes: set[str]) -> bool:
    if not codes:
        return True
    return any(c.get("code") in codes for c in resource.get("code", {}).get("coding", []))


def _refusal(status: int, code: str) -> Answer:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}
    return status, FHIR_JSON, json.dumps(outcome)
