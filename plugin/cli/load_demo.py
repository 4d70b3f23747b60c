"""`spinal-cds load-demo`: puts synthetic patients on a FHIR server, and takes them away again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import requests

from plugin.cli.fhir_server import FhirServer
from plugin.cli.synthetic import (
    TAG_CODE,
    TAG_SYSTEM,
    Json,
    SyntheticPatient,
    is_ours,
    objects,
    read_patients,
)
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
    about = objects([resource.get(element) for element in ("subject", "patient", "individual")])
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
        resources = (entry.get("resource") for entry in objects(page.get("entry")))
        yield from (r for r in objects(list(resources)) if _is_stored(r, resource_type) and is_ours(r))
        url = _next(server, page)
    raise ContentError(f"{server.base}: {resource_type}: the pages of the search do not end")


def _is_stored(resource: Json, resource_type: str) -> bool:
    return resource.get("resourceType") == resource_type and isinstance(resource.get("id"), str)


def _next(server: FhirServer, page: Json) -> str | None:
    links = (link.get("url") for link in objects(page.get("link")) if link.get("relation") == "next")
    url: str | None = next(links, None)
    if url is not None and not (isinstance(url, str) and server.holds(url)):
        raise ContentError(f"{server.base}: the next page of a search is said to be on another server")
    return url


def _commit(server: FhirServer, entries: Iterable[Json]) -> None:
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
    answer = _exchanged(server, "POST", server.base, bundle)
    answered = answer.get("entry")
    responses = [_response(entry) for entry in (answered if isinstance(answered, list) else ())]
    refused = [r for r in responses if not str(r.get("status", "")).startswith("2")]
    if refused:
        status, why = _printable(str(refused[0].get("status"))), _diagnosed(refused[0].get("outcome"))
        raise ContentError(f"{server.base}: {len(refused)} resources were refused, the first: {status}{why}")


def _response(entry: Any) -> Json:
    """Empty where the server says nothing, which is not to be taken for a success."""
    [response, *_] = [*objects([entry.get("response") if isinstance(entry, dict) else None]), {}]
    return response


def _exchanged(
    server: FhirServer, method: str, url: str, body: Json | None = None, unknown: Sequence[int] = ()
) -> Json:
    """The resource that is answered; nothing for a status in `unknown`. Raises ContentError."""
    # HAPI would answer a search of the last minute again.
    headers = {"Accept": _FHIR_JSON, "Content-Type": _FHIR_JSON, "Cache-Control": "no-cache"}
    if server.token is not None:
        headers["Authorization"] = f"Bearer {server.token}"
    try:
        with requests.Session() as session:
            # Neither ~/.netrc nor a proxy of the environment is to replace the token, or to see it.
            session.trust_env = False
            answer = session.request(
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
    [issue, *_] = [*objects(outcome.get("issue") if isinstance(outcome, dict) else None), {}]
    [details, *_] = [*objects([issue.get("details")]), {}]
    said = issue.get("diagnostics") or details.get("text")
    return f": {_printable(' '.join(said.split())[:300])}" if isinstance(said, str) else ""


def _printable(said: str) -> str:
    """Without what a terminal would take for a command."""
    return "".join(character for character in said if character.isprintable())
