"""`spinal-cds load-demo`: puts synthetic patients on a FHIR server, and takes them away again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import requests

from plugin.cli.fhir_server import FhirServer
from plugin.cli.synthetic import TAG_CODE, TAG_SYSTEM, Json, SyntheticPatient, is_ours, read_patients
from plugin.domain.content import ContentError

TYPES = (
    *("Patient", "Practitioner", "Encounter", "Condition", "Procedure", "ServiceRequest", "DiagnosticReport"),
    *("ImagingStudy", "MedicationRequest", "MedicationStatement", "Observation", "AllergyIntolerance"),
    "ResearchSubject",
)
"""Every type that a synthetic patient's record may hold; what is referred to comes first."""
_TIMEOUT_SECONDS = 120
"""For one answer: a large transaction takes a while."""
_MAX_PAGES = 500
_MAX_ENTRIES = 50
"""In one transaction; Medplum takes no more, others some hundreds."""
_FHIR_JSON = "application/fhir+json"
_DEMONSTRATION = ("demo-*",)


def put_patients(server: FhirServer, scenarios: Path, names: Sequence[str]) -> str:
    """Loads the patients of these scenarios, by default of the demonstration; what was put where."""
    patients = read_patients(scenarios, names or _DEMONSTRATION)
    count = load(server, patients)
    lines = [f"Put {count} resources of {len(patients)} synthetic patients on {server.base}"]
    for patient in patients:
        orders = "".join(f" --order {code}" for code in patient.order_codes)
        asked = f"--patient {patient.id}{orders} --today {patient.today}"
        lines += ["", patient.title, f"  spinal-cds try --fhir-server {server.base} {asked}"]
    return "\n".join(lines)


def take_away(server: FhirServer) -> str:
    """Removes everything that carries the tag; how much that was."""
    return f"Took {remove(server)} resources with the tag {TAG_SYSTEM}|{TAG_CODE} from {server.base}"


def load(server: FhirServer, patients: Sequence[SyntheticPatient]) -> int:
    """Puts them there, under ids that stay the same; the number of resources.

    In one transaction, or where they are many in several, none of which parts a patient. Raises ContentError
    when the server refuses any of it.
    """
    put: set[str] = set()
    for resources in _packed([patient.resources for patient in patients]):
        by_reference = {_reference(resource): resource for resource in resources}
        _commit(server, [_put(server, *pair) for pair in by_reference.items()])
        put.update(by_reference)
    return len(put)


def remove(server: FhirServer) -> int:
    """Takes away all resources that carry our tag, and no others; their number. Transactions as in `load`."""
    by_patient: dict[str, list[Json]] = {}
    for resource_type in reversed(TYPES):
        for resource in _tagged(server, resource_type):
            by_patient.setdefault(_patient(resource), []).append(resource)
    # The practitioners, who belong to no patient, are referred to until the last patient is gone.
    units = [by_patient[patient] for patient in sorted(by_patient, reverse=True)]
    count = 0
    for resources in _packed(units):
        _commit(server, [_deletion(resource) for resource in resources])
        count += len(resources)
    return count


def _packed(units: Iterable[Sequence[Json]]) -> Iterator[list[Json]]:
    """As many of them together as fit into a transaction, none parted."""
    packed: list[Json] = []
    for unit in units:
        if packed and len(packed) + len(unit) > _MAX_ENTRIES:
            yield packed
            packed = []
        packed = [*packed, *unit]
    if packed:
        yield packed


def _put(server: FhirServer, reference: str, resource: Json) -> Json:
    request = {"method": "PUT", "url": reference}
    return {"fullUrl": f"{server.base}/{reference}", "resource": resource, "request": request}


def _deletion(resource: Json) -> Json:
    return {"request": {"method": "DELETE", "url": _reference(resource)}}


def _patient(resource: Json) -> str:
    """The patient whom it is about, as a reference; empty for what is about none."""
    if resource["resourceType"] == "Patient":
        return _reference(resource)
    about = (resource.get(element) or {} for element in ("subject", "patient", "individual"))
    reference = next((str(found["reference"]) for found in about if "reference" in found), "")
    return "/".join(reference.split("/")[-2:])


def _reference(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _tagged(server: FhirServer, resource_type: str) -> Iterator[Json]:
    """What carries our tag. A server that does not know `_tag` may answer with everything it has."""
    url: str | None = f"{server.base}/{resource_type}?_tag={TAG_SYSTEM}|{TAG_CODE}&_count=200"
    for _ in range(_MAX_PAGES):
        if url is None:
            return
        page = _exchanged(server, "GET", url, unknown=(404,))
        resources = (entry.get("resource") or {} for entry in page.get("entry") or ())
        yield from (r for r in resources if r.get("resourceType") == resource_type and is_ours(r))
        url = _next(server, page)
    raise ContentError(f"{server.base}: {resource_type}: the pages of the search do not end")


def _next(server: FhirServer, page: Json) -> str | None:
    links = (link.get("url") for link in page.get("link") or () if link.get("relation") == "next")
    url: str | None = next(links, None)
    if url is not None and not server.holds(url):
        raise ContentError(f"{server.base}: the next page of a search is said to be on another server")
    return url


def _commit(server: FhirServer, entries: Iterable[Json]) -> None:
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
    answer = _exchanged(server, "POST", server.base, bundle)
    responses = [entry.get("response") or {} for entry in answer.get("entry") or ()]
    refused = [r for r in responses if not str(r.get("status", "")).startswith("2")]
    if refused:
        status, why = refused[0].get("status"), _diagnosed(refused[0].get("outcome"))
        raise ContentError(f"{server.base}: {len(refused)} resources were refused, the first: {status}{why}")


def _exchanged(
    server: FhirServer, method: str, url: str, body: Json | None = None, unknown: Sequence[int] = ()
) -> Json:
    """The resource that is answered; nothing for a status in `unknown`. Raises ContentError."""
    # HAPI would answer a search of the last minute again.
    headers = {"Accept": _FHIR_JSON, "Content-Type": _FHIR_JSON, "Cache-Control": "no-cache"}
    if server.token is not None:
        headers["Authorization"] = f"Bearer {server.token}"
    try:
        answer = requests.request(
            method, url, json=body, headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.Timeout as error:
        raise ContentError(f"{server.base}: no answer within {_TIMEOUT_SECONDS} seconds") from error
    except requests.RequestException as error:
        raise ContentError(f"{server.base}: the server could not be reached") from error
    if answer.status_code in unknown:
        return {}
    resource = _resource(answer)
    if answer.status_code not in (200, 201):
        raise ContentError(f"{server.base}: {answer.status_code}{_diagnosed(resource)}")
    if resource is None:
        raise ContentError(f"{server.base}: the answer is no FHIR resource; is this the FHIR base URL?")
    return resource


def _resource(answer: requests.Response) -> Json | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and "resourceType" in body else None


def _diagnosed(outcome: Any) -> str:
    """What an OperationOutcome says first, in one line."""
    issues = outcome.get("issue") or [{}] if isinstance(outcome, dict) else [{}]
    said = issues[0].get("diagnostics") or (issues[0].get("details") or {}).get("text")
    return f": {' '.join(said.split())[:300]}" if isinstance(said, str) else ""
