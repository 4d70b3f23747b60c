"""fhirclient as it is, reading what one call needs: one search after the other, each on a new connection.

Prints the latencies as JSON, one list of milliseconds.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any
from urllib.parse import urljoin

from fhirclient.server import FHIRServer

from plugin.reviews import create_review
from plugin.settings import Settings


def paths(patient: str, encounter: str) -> list[str]:
    """What the service asks for, of this patient."""
    templates = create_review(Settings()).record.templates.values()
    return [
        template.replace("{{context.patientId}}", patient).replace("{{context.encounterId}}", encounter)
        for template in templates
    ]


def read_all(base: str, asked: list[str]) -> None:
    for path in asked:
        url: str | None = urljoin(base, path)
        while url is not None:
            page: dict[str, Any] = FHIRServer(None, base_uri=base).request_json(url)
            link = next((link["url"] for link in page.get("link", ()) if link["relation"] == "next"), None)
            url = None if link is None else urljoin(url, link)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, help="FHIR base URL, with a trailing slash")
    parser.add_argument("--calls", type=int, required=True)
    options = parser.parse_args()
    asked = paths("bench-patient-1", "bench-encounter-1")
    milliseconds = []
    for _ in range(options.calls):
        started = time.perf_counter()
        read_all(options.base, asked)
        milliseconds.append((time.perf_counter() - started) * 1000)
    print(json.dumps(milliseconds))


if __name__ == "__main__":
    main()
