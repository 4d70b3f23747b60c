"""nginx as it is shipped, in front of gunicorn as it is shipped."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import yaml

from tests.cds_hooks.tokens import PUBLIC_URL
from tests.database_servers import MissingProgramError, free_port
from tests.deploy.gunicorn import Gunicorn, gunicorn
from tests.deploy.proxy import Proxy, proxy
from tests.plugin.cards.service import SERVICE, TODAY, request_of
from tests.plugin.registered import site, token
from tests.scenarios.scenario import ROOT
from tests.sizes import sized

SOON = 60
SLOW_CLIENTS = sized(500, 50)
ROLLING_RESTARTS = sized(20, 2)
CALLS_PER_SECOND = 50
SETTLED_SECONDS = 2
"""After which the proxy sends calls to an instance again that it found stopped."""
CALL = request_of("025-no-imaging")


@contextmanager
def fronted(folder: Path, with_mtls: bool = False) -> Iterator[tuple[Proxy, Gunicorn]]:
    """The proxy, and the instance of the service behind it."""
    with ExitStack() as stack:
        service = stack.enter_context(gunicorn(folder, today=TODAY))
        try:
            yield stack.enter_context(proxy(folder / "proxy", service.port, with_mtls=with_mtls)), service
        except MissingProgramError as missing:
            pytest.skip(str(missing))


@dataclass(frozen=True, slots=True)
class Site:
    front: Proxy
    service: Gunicorn


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The proxy before one instance, for the tests that leave both as they are."""
    with fronted(tmp_path_factory.mktemp("site")) as (front, service):
        yield Site(front, service)


def post(front: Proxy, session: requests.Session) -> int:
    return session.post(front.url + SERVICE, json=CALL, timeout=SOON).status_code


def session_for(front: Proxy) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = front.certificate
    return session


def is_healthy(front: Proxy) -> bool:
    """What the compose file's probe of the proxy finds."""
    if shutil.which("wget") is None:
        pytest.skip("wget is not installed (Debian: wget)")
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    _, *command = services["proxy"]["healthcheck"]["test"]
    shipped = "http://127.0.0.1:8080/livez"
    assert command.pop() == shipped
    here = f"http://127.0.0.1:{front.probe_port}/livez"
    # Without the proxy variables that this machine may have set.
    alone = {"PATH": os.environ["PATH"]}
    return subprocess.run([*command, here], env=alone, check=False, timeout=SOON).returncode == 0


def connection(front: Proxy) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", front.port), timeout=SOON)
    context = ssl.create_default_context(cafile=front.certificate)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_call_passes_with_its_token_and_the_answer_comes_back(tmp_path: Path) -> None:
    clients = tmp_path / "clients"
    clients.mkdir()
    settings = {"profile": "production", "clients_file": str(site(clients)), "public_url": PUBLIC_URL}
    with gunicorn(tmp_path, **settings) as server:
        try:
            with proxy(tmp_path / "proxy", server.port) as front, session_for(front) as session:
                allowed = {"Authorization": f"Bearer {token()}"}
                answer = session.post(front.url + SERVICE, json=CALL, headers=allowed, timeout=SOON)
                assert post(front, session) == 401
        except MissingProgramError as missing:
            pytest.skip(str(missing))

    assert answer.status_code == 200
    assert answer.json()["cards"]
    assert answer.headers["Strict-Transport-Security"]
    assert "nginx/" not in answer.headers["Server"]


SLOW = {
    "header": b"POST /cds-services/spinal-injection-review HTTP/1.1\r\nHost: cds\r\nX-Slow: ",
    "body": b"POST /cds-services/spinal-injection-review HTTP/1.1\r\nHost: cds\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{",
}


@pytest.mark.parametrize("part", SLOW)
def test_calls_are_answered_while_slow_clients_hold_all_the_connections_they_like(
    running: Site, part: str
) -> None:
    front = running.front
    with ExitStack() as stack, session_for(front) as session:
        slow = [stack.enter_context(closing(connection(front))) for _ in range(SLOW_CLIENTS)]
        for client in slow:
            client.sendall(SLOW[part])

        answers = [post(front, session) for _ in range(20)]
        for client in slow:
            client.sendall(b"x")

        assert answers == [200] * 20
        assert "ERROR" not in running.service.log.read_text(encoding="utf-8")


class SteadyCallers:
    """Calls at an even pace until it is left, however long each takes; statuses, or errors, are counted."""

    def __init__(self, front: Proxy, threads: int = 10) -> None:
        self.front = front
        self.count: Counter[str] = Counter()
        self._stop = threading.Event()
        pace = threads / CALLS_PER_SECOND
        self._threads = [threading.Thread(target=self._call, args=(pace,)) for _ in range(threads)]

    def __enter__(self) -> Counter[str]:
        for thread in self._threads:
            thread.start()
            time.sleep(1 / CALLS_PER_SECOND)
        return self.count

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self, pace: float) -> None:
        with session_for(self.front) as session:
            due = time.monotonic()
            while not self._stop.wait(max(0.0, due - time.monotonic())):
                due += pace
                try:
                    self.count[str(post(self.front, session))] += 1
                except requests.RequestException as error:
                    self.count[type(error).__name__] += 1


def test_no_call_fails_while_one_instance_after_the_other_is_replaced(tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        started: dict[int, Callable[[], None]] = {}

        def start(port: int) -> None:
            own = ExitStack()
            folder = tmp_path / str(port)
            folder.mkdir(exist_ok=True)
            own.enter_context(gunicorn(folder, port=port, today=TODAY))
            started[port] = own.close

        for port in ports:
            start(port)
            stack.callback(lambda port=port: started[port]())
        try:
            front = stack.enter_context(proxy(tmp_path / "proxy", *ports))
        except MissingProgramError as missing:
            pytest.skip(str(missing))
        with SteadyCallers(front) as count:
            for number in range(ROLLING_RESTARTS):
                time.sleep(SETTLED_SECONDS)
                started[ports[number % 2]]()
                start(ports[number % 2])
            time.sleep(1)

    assert set(count) == {"200"}


def test_a_body_over_the_cap_is_said_in_an_operation_outcome(running: Site) -> None:
    with session_for(running.front) as session:
        large = session.post(running.front.url + SERVICE, data=b" " * 4_000_000, timeout=SOON)

    assert (large.status_code, large.json()["issue"][0]["code"]) == (413, "too-long")


def test_a_service_that_is_gone_is_said_in_an_operation_outcome_and_makes_the_proxy_unhealthy(
    tmp_path: Path,
) -> None:
    with fronted(tmp_path) as (front, service), session_for(front) as session:
        was_healthy = is_healthy(front)
        service.stopped()
        gone = session.post(front.url + SERVICE, json=CALL, timeout=SOON)

        assert (was_healthy, is_healthy(front)) == (True, False)
    assert (gone.status_code, gone.json()["issue"][0]["code"]) == (503, "transient")
    assert gone.headers["Retry-After"] == "5"


def test_with_mtls_only_a_client_with_a_certificate_is_answered(tmp_path: Path) -> None:
    with fronted(tmp_path, with_mtls=True) as (front, _), session_for(front) as session:
        refused = post(front, session)
        certificates = front.folder / "tls"
        session.cert = (str(certificates / "clients-ca.crt"), str(certificates / "clients-ca.key"))
        answered = post(front, session)

        assert is_healthy(front)

    assert (refused, answered) == (400, 200)


def test_what_is_logged_holds_no_query_and_no_token(running: Site) -> None:
    front = running.front
    with session_for(front) as session:
        secret = {"Authorization": "Bearer canary-1"}
        session.get(f"{front.url}/cds-services?name=canary-2", headers=secret, timeout=SOON)
        session.post(f"{front.url}{SERVICE}?x=canary-3", data=b"{canary-4", headers=secret, timeout=SOON)

    logged = front.log() + (front.folder / "access.log").read_text(encoding="utf-8")
    assert "/cds-services" in logged
    assert "canary" not in logged
