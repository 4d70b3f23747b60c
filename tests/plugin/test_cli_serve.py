"""`spinal-cds serve` and `spinal-cds demo` as programs of their own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from plugin.app import HOOKS
from tests.plugin.cards.service import SERVICE, ask, entries, order_of, request_of
from tests.scenarios.scenario import ROOT

COMMAND = (sys.executable, "-u", "-c", "from plugin.cli import main; main()")
SOON = 60
Start = Callable[..., "Program"]


class Program:
    """A running command whose lines, from both streams, can be waited for."""

    def __init__(self, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []

    def until(self, words: str) -> str:
        """Everything printed up to the line that holds `words`."""
        assert self.process.stdout is not None
        watchdog = threading.Timer(SOON, self.process.kill)
        watchdog.start()
        try:
            for line in self.process.stdout:
                self.lines.append(line)
                if words in line:
                    return "".join(self.lines)
        finally:
            watchdog.cancel()
        pytest.fail(f"{words!r} was never printed:\n{''.join(self.lines)}")

    def interrupted(self) -> int:
        """The exit status after Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(timeout=SOON)
        assert self.process.stdout is not None
        self.lines += self.process.stdout.readlines()
        return status

    def ended(self) -> tuple[int, list[str]]:
        printed, _ = self.process.communicate(timeout=SOON)
        return self.process.returncode, printed.splitlines()


def environment_for(folder: Path) -> dict[str, str]:
    """This process's environment, without settings of ours but a store in `folder`."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SPINAL_CDS_")}
    return environment | {"SPINAL_CDS_DATABASE": f"sqlite:///{folder}/store.sqlite3"}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Program] = []

    def begin(*arguments: str, **settings: str) -> Program:
        given = {f"SPINAL_CDS_{name.upper()}": value for name, value in settings.items()}
        running.append(Program(arguments, environment_for(tmp_path) | given))
        return running[-1]

    yield begin
    for program in running:
        program.process.kill()
        program.process.wait()
        if program.process.stdout is not None:
            program.process.stdout.close()


@pytest.fixture
def port() -> int:
    return free_port()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


def test_the_service_listens_where_it_says_and_answers(start: Start, port: int) -> None:
    program = start("serve", "--port", str(port), today="2026-11-20")
    base = f"http://127.0.0.1:{port}"
    printed = program.until("Listening on")

    discovery = requests.get(f"{base}/cds-services", timeout=SOON)
    answer = requests.post(f"{base}{SERVICE}", json=request_of("025"), timeout=SOON)

    assert f"Listening on {base}/cds-services" in printed
    assert "not for patient care" in printed
    assert {service["hook"] for service in discovery.json()["services"]} == set(HOOKS)
    assert answer.status_code == 200
    links = [link["url"] for card in answer.json()["cards"] for link in card["links"]]
    assert links
    assert all(url.startswith(f"{base}/evidence/") for url in links)
    assert "server" not in {name.lower() for name in answer.headers}
    assert program.interrupted() == 0
    assert "Traceback" not in "".join(program.lines)


def test_settings_of_the_environment_reach_the_service(start: Start, port: int) -> None:
    policy = str(ROOT / "fixtures" / "policies" / "six-weeks-of-care.toml")
    program = start("serve", "--port", str(port), today="2026-11-20", notes="always", policy=policy)
    program.until("Listening on")

    answer = requests.post(f"http://127.0.0.1:{port}{SERVICE}", json=request_of("056"), timeout=SOON).json()

    labels = {card["source"]["label"] for card in answer["cards"]}
    wire = ask(request_of("056"), policy=policy, notes="always").get_json()
    assert all("six-weeks-of-care" in label for label in labels)
    assert [card["summary"] for card in answer["cards"]] == [card["summary"] for card in wire["cards"]]


def test_the_clock_of_the_environment_reaches_the_service(start: Start, port: int) -> None:
    request = request_of("029b")
    del order_of(request)["occurrenceDateTime"], order_of(request)["authoredOn"]
    program = start("serve", "--port", str(port), today="2027-06-01")
    program.until("Listening on")

    answer = requests.post(f"http://127.0.0.1:{port}{SERVICE}", json=request, timeout=SOON).json()

    assert any("older than" in card["summary"] for card in answer["cards"])


def test_a_body_over_the_cap_and_a_chunked_one_are_refused(start: Start, port: int) -> None:
    program = start("serve", "--port", str(port), max_body_bytes="4096")
    program.until("Listening on")
    url, kind = f"http://127.0.0.1:{port}{SERVICE}", {"Content-Type": "application/json"}

    whole = requests.post(url, data=b"x" * 5000, headers=kind, timeout=SOON)
    chunked = requests.post(url, data=iter([b"x" * 3000, b"x" * 3000]), headers=kind, timeout=SOON)

    assert (whole.status_code, chunked.status_code) == (413, 413)
    assert whole.json()["resourceType"] == chunked.json()["resourceType"] == "OperationOutcome"


def test_a_port_in_use_is_refused_in_one_line(start: Start, port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        status, lines = start("serve", "--port", str(port)).ended()

    assert status == 1
    assert lines == [
        f"Error: port {port} on 127.0.0.1 is in use; stop what listens there or choose another with --port"
    ]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org", ""])  # noqa: S104
@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_host_that_is_not_loopback_is_refused_in_one_line(start: Start, command: str, host: str) -> None:
    status, lines = start(command, "--host", host).ended()

    assert status == 1
    assert len(lines) == 1
    assert "loopback" in lines[0] or "listens on 127.0.0.1" in lines[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("today", "soon"),
        ("notes", "never"),
        ("policy", "none"),
        ("log_level", "LOUD"),
        ("deadline_seconds", "-1"),
        ("max_body_bytes", "1"),
        ("database", "postgresql://x/y"),
        ("public_url", "nowhere"),
    ],
)
def test_a_setting_at_fault_stops_the_start_in_one_line(
    start: Start, port: int, name: str, value: str
) -> None:
    status, lines = start("serve", "--port", str(port), **{name: value}).ended()

    assert status == 1
    assert len(lines) == 1
    assert lines[0].startswith("Error: ")
    assert f"SPINAL_CDS_{name.upper()}" in lines[0] or "no policy 'none'" in lines[0]


def test_the_demo_tells_three_stories_and_goes_on_serving(start: Start, port: int) -> None:
    program = start("demo", "--port", str(port))
    printed = program.until("Still serving")

    stories = re.findall(r"^=== (.+)$", printed, re.MULTILINE)
    commands = re.findall(r"^Again: (curl .+)$", printed, re.MULTILINE)
    assert len(stories) == len(commands) == 3
    assert printed.count(": 200 in ") == 3
    assert "WARNING" in printed
    assert "No cards: checked, nothing to say." in printed
    assert "Clock fixed to 2026-11-20" in printed
    for command in commands:
        path = re.search(r"-d @(\S+)", command)
        assert path is not None
        assert (ROOT / path[1]).is_file()
        assert command.endswith(f"http://127.0.0.1:{port}{SERVICE}")
    answer = requests.post(f"http://127.0.0.1:{port}{SERVICE}", json=request_of("025"), timeout=SOON)
    assert answer.status_code == 200
    assert program.interrupted() == 0
    assert "Traceback" not in "".join(program.lines)


def test_the_demo_without_its_stories_is_one_line(start: Start, port: int, tmp_path: Path) -> None:
    status, lines = start("demo", "--port", str(port), "--scenarios", str(tmp_path)).ended()

    assert status == 1
    assert len(lines) == 1
    assert "request.json" in lines[0]


def test_the_log_is_one_json_line_per_call_without_the_patient(start: Start, port: int) -> None:
    program = start("serve", "--port", str(port), today="2026-11-20", log_level="DEBUG")
    program.until("Listening on")
    request = request_of("025")
    requests.post(f"http://127.0.0.1:{port}{SERVICE}", json=request, timeout=SOON)
    program.interrupted()

    lines = [line for line in program.lines if line.startswith("{")]
    assert len(lines) == 1
    assert request["hookInstance"] in lines[0]
    assert request["context"]["patientId"] not in lines[0]
    assert [
        e["resource"]["id"] for e in entries(request, "conditions") if e["resource"]["id"] in lines[0]
    ] == []
