"""A FHIR server that answers every read and search after a while: what a call brought in its prefetch.

Prints the port it listens on. Connections are kept alive and answered side by side, and every answer is made
beforehand. The Conditions come in two pages.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_EMPTY = {"resourceType": "Bundle", "type": "searchset", "total": 0}
PAGED = "Condition"


def answers_of(prefetch: Mapping[str, Any]) -> dict[str, bytes]:
    """Bodies by resource type; the second page of the paged one under `?page=2`."""
    answers: dict[str, bytes] = {}
    for value in prefetch.values():
        entries = value.get("entry", [])
        held = entries[0]["resource"] if entries else value
        answers[held["resourceType"]] = json.dumps({**value, "link": []} if entries else value).encode()
        if held["resourceType"] == PAGED:
            half = len(entries) // 2
            first = {**value, "entry": entries[:half], "link": [{"relation": "next", "url": "?page=2"}]}
            answers[PAGED] = json.dumps(first).encode()
            answers["?page=2"] = json.dumps({**value, "entry": entries[half:], "link": []}).encode()
    return answers


async def serve(prefetch: Mapping[str, Any], seconds: float) -> None:
    answers = answers_of(prefetch)
    nothing = json.dumps(_EMPTY).encode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()
                return
            path = head.split(b" ", 2)[1].decode().removeprefix("/fhir/")
            body = answers.get(path[path.find("?page=") :] if "?page=" in path else _type_of(path), nothing)
            await asyncio.sleep(seconds)
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body)
            )

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _type_of(path: str) -> str:
    return path.partition("?")[0].partition("/")[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--request", type=Path, required=True, help="the call whose prefetch is served")
    parser.add_argument("--seconds", type=float, required=True, help="how long every answer takes")
    options = parser.parse_args()
    asyncio.run(serve(json.loads(options.request.read_bytes())["prefetch"], options.seconds))


if __name__ == "__main__":
    main()
