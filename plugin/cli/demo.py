"""`spinal-cds demo`: the main job on ready-made requests, over HTTP, in one go."""

from __future__ import annotations

import json
import os
import threading
import time
from datetime import date
from pathlib import Path

import click
import msgspec
import requests

from cds_hooks import Response
from plugin.app import SERVICE_ID, create_app
from plugin.cli.serve import banner, bound_server, require_free
from plugin.cli.text import cards_as_text
from plugin.domain.content import ContentError
from plugin.logs import configure_logging
from plugin.settings import PREFIX, read_settings

STORIES = ("demo-axial-only", "demo-no-mri-14-days-of-physiotherapy", "demo-meets-everything")
_FIXTURES_TODAY = date(2026, 11, 20)
"""The day the stories are told on."""


def run_demo(host: str, port: int, scenarios: Path) -> None:
    """Raises ContentError when the service cannot start or a story is missing. Returns on Ctrl-C."""
    requests_by_story = {story: _request(scenarios / story) for story in STORIES}
    fixed = {} if f"{PREFIX}TODAY" in os.environ else {"today": _FIXTURES_TODAY}
    settings = read_settings(public_url=f"http://{host}:{port}", clients_file=None, **fixed)
    require_free(settings, host, port)
    configure_logging("WARNING")
    server = bound_server(create_app(settings), host, port, settings.threads)
    threading.Thread(target=server.run, daemon=True, name="server").start()
    url = f"{settings.public_url}/cds-services/{SERVICE_ID}"
    click.echo(f"{banner(settings)} Clock fixed to {settings.today}.\n")
    for story, body in requests_by_story.items():
        _show(story, body, url, scenarios / story)
    click.echo(f"Still serving {settings.public_url}/cds-services; Ctrl-C ends it.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo("")


def _request(folder: Path) -> bytes:
    try:
        return (folder / "request.json").read_bytes()
    except OSError as error:
        raise ContentError(f"{folder}/request.json: {error.strerror}; run this in the repository") from error


def _show(story: str, body: bytes, url: str, folder: Path) -> None:
    started = time.perf_counter()
    answer = requests.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=10)
    milliseconds = (time.perf_counter() - started) * 1000
    request = json.loads(body)
    click.echo(f"=== {story.removeprefix('demo-').replace('-', ' ')}")
    click.echo(
        f"    {request['hook']}, {len(body) / 1024:.0f} kB: {answer.status_code} in {milliseconds:.1f} ms\n"
    )
    click.echo(cards_as_text(msgspec.json.decode(answer.content, type=Response).cards))
    click.echo(f"\nAgain: curl -s -H 'Content-Type: application/json' -d @{folder}/request.json {url}\n")
