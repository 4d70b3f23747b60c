"""The image, built and run as a hardened cluster runs it: whole, unprivileged, and in order to its end."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from plugin.cli.demo import STORIES
from tests.cds_hooks.test_feedback import accepted, batch
from tests.cds_hooks.tokens import PUBLIC_URL
from tests.database_servers import free_port
from tests.deploy.calls import reading_call
from tests.deploy.containers import (
    BASE,
    Container,
    UnusableError,
    built_image,
    configuration,
    container,
    gateway,
    size_mb,
)
from tests.plugin.cards.service import SERVICE, TODAY, request_of
from tests.plugin.registered import ENTRY, site, token
from tests.scenarios.scenario import FOLDERS

SOON = 60
FAULT = re.compile(r'"level":"(error|critical)"|\[(ERROR|CRITICAL)\]|Traceback|Error:')
MAX_MB_ABOVE_BASE = 250
STOPPED_WITHIN_SECONDS = 10
ASK = """
import sys, urllib.request, urllib.error
path, body = sys.argv[1], sys.stdin.buffer.read()
head = {"Content-Type": "application/json"}
request = urllib.request.Request(f"http://127.0.0.1:8000{path}", body or None, head)
try:
    answer = urllib.request.urlopen(request, timeout=30)
except urllib.error.HTTPError as error:
    answer = error
sys.stdout.write(f"{answer.status}\\n{answer.read().decode()}")
"""
FREEZE = """
import os, signal
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) not in (1, os.getpid()):
        os.kill(int(pid), signal.SIGSTOP)
"""


@pytest.fixture(scope="module")
def image() -> str:
    try:
        return built_image()
    except UnusableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def open_service(image: str) -> Iterator[Container]:
    """In the development profile: nothing set but the scenarios' clock. Leave it as it is."""
    with started(image) as running:
        yield running


@contextmanager
def started(image: str) -> Iterator[Container]:
    with container(image, "--network", "none", settings={"today": TODAY}) as running:
        running.wait_until_healthy()
        yield running


def ask(running: Container, path: str, body: Any = None) -> tuple[int, str]:
    """Status and text of what the service answers on the container's own loopback."""
    sent = None if body is None else json.dumps(body)
    done = running.command("python3", "-c", ASK, path, stdin=sent)
    assert done.returncode == 0, done.stderr
    status, _, text = done.stdout.partition("\n")
    return int(status), text


def errors(running: Container) -> list[str]:
    return [line for line in running.logs() if FAULT.search(line)]


def test_the_open_service_shows_everything_it_has_and_logs_no_error(open_service: Container) -> None:
    status, discovery = ask(open_service, "/cds-services")
    assert status == 200
    assert len(json.loads(discovery)["services"]) == 4

    for story in STORIES:
        status, answer = ask(open_service, SERVICE, request_of(story))
        shown = [card["summary"] for card in json.loads(answer)["cards"]]
        expected = json.loads((FOLDERS / story / "response.attached.json").read_text(encoding="utf-8"))
        assert (status, shown) == (200, [card["summary"] for card in expected["cards"]])

    assert ask(open_service, "/evidence")[0] == 200
    assert ask(open_service, "/evidence/IMG-1")[0] == 200
    assert ask(open_service, "/readyz")[0] == 200
    status, answer = ask(open_service, f"{SERVICE}/feedback", batch(accepted("s-1")))
    assert (status, answer.strip()) == (200, "{}")
    assert errors(open_service) == []


def test_it_runs_without_privileges_and_can_write_only_where_its_store_is(open_service: Container) -> None:
    status = open_service.command("cat", "/proc/1/status").stdout
    mounts = open_service.command("cat", "/proc/mounts").stdout

    assert re.search(r"(?m)^Uid:\t65532\t65532\t65532\t65532$", status)
    assert re.search(r"(?m)^Gid:\t65532\t65532\t65532\t65532$", status)
    assert re.findall(r"(?m)^Cap(?:Inh|Prm|Eff|Bnd|Amb):\t(\S+)$", status) == ["0000000000000000"] * 5
    assert re.search(r"(?m)^NoNewPrivs:\t1$", status)
    assert re.search(r"(?m)^overlay / overlay ro,", mounts)
    for folder in ("/", "/opt/spinal-cds", "/etc"):
        assert open_service.command("touch", f"{folder}/x").returncode != 0
    assert open_service.command("touch", "/var/lib/spinal-cds/x").returncode == 0


@pytest.mark.parametrize("program", ["pip", "pip3", "gcc", "cc", "make", "git", "curl", "wget"])
def test_nothing_in_it_builds_or_fetches_software(open_service: Container, program: str) -> None:
    assert open_service.command("sh", "-c", f"command -v {program}").returncode != 0


@pytest.mark.parametrize("module", ["pip", "setuptools", "ensurepip", "pytest"])
def test_no_python_module_in_it_builds_or_fetches_software(open_service: Container, module: str) -> None:
    for python in ("python3", "/usr/bin/python3"):
        assert open_service.command(python, "-c", f"import {module}").returncode != 0


def test_the_image_says_who_runs_it_where_it_writes_and_how_it_is_probed(image: str) -> None:
    said = configuration(image)

    assert said["User"] == "65532:65532"
    assert said["Volumes"] == {"/var/lib/spinal-cds": {}}
    assert said["Cmd"] == ["gunicorn", "--config", "/opt/spinal-cds/gunicorn.conf.py"]
    assert said["Healthcheck"]["Test"][:2] == ["CMD", "python3"]  # type: ignore[index]
    assert not [line for line in said["Env"] if "SPINAL_CDS" in line]  # type: ignore[attr-defined]


def test_it_adds_little_to_its_base(image: str) -> None:
    assert size_mb(image) - size_mb(BASE) < MAX_MB_ABOVE_BASE


def test_a_service_that_hangs_is_found_to_be_unhealthy(image: str) -> None:
    with started(image) as running:
        assert running.command("python3", "-c", FREEZE).returncode == 0
        assert not running.is_healthy()


@contextmanager
def registered_service(
    image: str, folder: Path, entry: str = ENTRY, **settings: str
) -> Iterator[tuple[Container, str]]:
    """In the production profile, the clients file mounted; with the URL that reaches it from outside."""
    site(folder, entry)
    folder.chmod(0o755)
    port = free_port()
    given = {
        "profile": "production",
        "clients_file": "/etc/spinal-cds/clients.toml",
        "public_url": PUBLIC_URL,
    }
    options = [f"--volume={folder}:/etc/spinal-cds:ro", f"--publish=127.0.0.1:{port}:8000"]
    with container(image, *options, settings={**given, **settings}) as running:
        running.wait_until_healthy()
        yield running, f"http://127.0.0.1:{port}"


def test_in_production_a_registered_client_is_answered_and_nobody_else(image: str, tmp_path: Path) -> None:
    with registered_service(image, tmp_path) as (running, url):
        allowed = {"Authorization": f"Bearer {token()}"}
        call = request_of(STORIES[1])

        assert requests.get(f"{url}/cds-services", timeout=SOON).status_code == 200
        assert requests.post(url + SERVICE, json=call, timeout=SOON).status_code == 401
        assert requests.post(url + SERVICE, json=call, headers=allowed, timeout=SOON).status_code == 200
        assert requests.post(url + SERVICE, json=call, headers=allowed, timeout=SOON).status_code == 401
        assert running.command("spinal-cds", "check").stdout.startswith("ok: production profile")
        assert running.stop() == 0
        assert errors(running) == []


def test_a_call_in_flight_is_answered_before_the_container_stops(image: str, tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as silent:  # noqa: S104 - the container is another machine
        silent.settimeout(SOON)
        base = f"https://{gateway()}:{silent.getsockname()[1]}/fhir"
        entry = (
            ENTRY.replace("https://ehr.example.org/fhir/r4", base) + f'allowed_cidrs = ["{gateway()}/32"]\n'
        )
        service = registered_service(image, tmp_path, entry, deadline_seconds="2")
        with service as (running, url), ThreadPoolExecutor() as callers:
            allowed = {"Authorization": f"Bearer {token()}"}
            call = callers.submit(
                requests.post, url + SERVICE, json=reading_call(base), headers=allowed, timeout=SOON
            )
            with silent.accept()[0]:
                asked_at = time.monotonic()

                assert running.stop() == 0
                assert time.monotonic() - asked_at < STOPPED_WITHIN_SECONDS
                assert call.result(SOON).status_code == 200
                assert errors(running) == []
