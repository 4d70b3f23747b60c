"""Calls beyond what may be answered at once are refused; those that are answered are not disturbed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Semaphore

import flask
import pytest
from werkzeug.test import TestResponse

from cds_hooks import CallRecord, Client, Feedback, FeedbackRecord, HookCall, Response
from tests.cds_hooks.test_feedback import accepted, batch
from tests.cds_hooks.wire import CARD, app_with, hook_call, service

SOON = 30
CALL = "/cds-services/test-service"
FEEDBACK = f"{CALL}/feedback"
BODIES = {CALL: hook_call(), FEEDBACK: batch(accepted("s-1"))}


class Site:
    """A service that holds its callers until they are let go; two calls and one feedback may be in flight."""

    def __init__(self) -> None:
        self.arrived = Semaphore(0)
        self.let_go = Event()
        self.told: list[CallRecord | FeedbackRecord] = []
        self.callers = ThreadPoolExecutor()
        self.app: flask.Flask = app_with(
            [service(answer=self.answer)],
            take_feedback=self.take,
            max_in_flight=2,
            observe=self.told.append,
        )

    def answer(self, _: HookCall) -> Response:
        self.wait()
        return Response(cards=(CARD,))

    def take(self, _: Client, __: str, ___: Sequence[Feedback]) -> None:
        self.wait()

    def wait(self) -> None:
        self.arrived.release()
        assert self.let_go.wait(SOON)

    def post(self, path: str) -> TestResponse:
        return self.app.test_client().post(path, json=BODIES[path])

    def held(self, path: str) -> Future[TestResponse]:
        """A call that has come to where it is held."""
        call = self.callers.submit(self.post, path)
        assert self.arrived.acquire(timeout=SOON)
        return call


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.let_go.set()
    site.callers.shutdown()


@pytest.mark.parametrize(("path", "limit"), [(CALL, 2), (FEEDBACK, 1)])
def test_one_call_too_many_is_refused_while_the_others_are_answered(
    site: Site, path: str, limit: int
) -> None:
    held = [site.held(path) for _ in range(limit)]

    refused = site.post(path)
    site.let_go.set()

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert refused.get_json()["issue"][0]["code"] == "throttled"
    assert [call.result(SOON).status_code for call in held] == [200] * limit


@pytest.mark.parametrize(("path", "limit"), [(CALL, 2), (FEEDBACK, 1)])
def test_a_place_is_free_again_once_its_call_is_answered(site: Site, path: str, limit: int) -> None:
    held = [site.held(path) for _ in range(limit)]
    site.let_go.set()
    for call in held:
        call.result(SOON)

    assert [site.post(path).status_code for _ in range(3)] == [200] * 3


def test_feedback_that_has_to_wait_takes_no_place_of_a_call(site: Site) -> None:
    feedback = site.held(FEEDBACK)
    calls = [site.held(CALL), site.held(CALL)]
    site.let_go.set()

    assert [call.result(SOON).status_code for call in (feedback, *calls)] == [200] * 3


def test_a_refusal_frees_no_place(site: Site) -> None:
    held = [site.held(CALL), site.held(CALL)]

    assert [site.post(CALL).status_code for _ in range(3)] == [503] * 3
    site.let_go.set()
    assert [call.result(SOON).status_code for call in held] == [200] * 2


def test_a_refusal_is_told_to_whoever_observes(site: Site) -> None:
    held = [site.held(CALL), site.held(CALL), site.held(FEEDBACK)]
    site.post(CALL)
    site.post(FEEDBACK)
    refused = list(site.told)
    site.let_go.set()
    for call in held:
        call.result(SOON)

    assert [(type(record), record.status, record.error) for record in refused] == [
        (CallRecord, 503, "throttled"),
        (FeedbackRecord, 503, "throttled"),
    ]


def test_discovery_is_answered_however_many_calls_are_held(site: Site) -> None:
    held = [site.held(CALL), site.held(CALL)]

    assert site.app.test_client().get("/cds-services").status_code == 200
    site.let_go.set()
    assert [call.result(SOON).status_code for call in held] == [200] * 2


def test_how_many_are_in_flight_is_told_of_every_call_and_of_feedback() -> None:
    told: list[int] = []
    app = app_with(take_feedback=lambda *_: None, on_in_flight=told.append)
    for path, body in (*BODIES.items(), (CALL, {}), (f"{CALL}-of-nobody", {})):
        app.test_client().post(path, json=body)
    app.test_client().get("/cds-services")

    assert told == [1, -1] * 4
