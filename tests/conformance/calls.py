"""Ready-made calls: the scenarios, what they become once dispatched or booked, and each EHR's dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from werkzeug.test import TestResponse

from cds_hooks import DIALECTS
from tests.plugin.cards.service import SERVICE
from tests.plugin.test_app_appointment_book import booking_of
from tests.plugin.test_app_order_dispatch import dispatch_of
from tests.scenarios import test_dialects
from tests.scenarios.reviewer import review
from tests.scenarios.scenario import Json, Scenario, load_scenarios

STORIES = ("001", "002", "010", "025", "040", "044", "045", "047", "053", "141")
"""Scenarios that between them hold every kind of evidence and of answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is answered with 200, and the dialect of the EHR that makes it."""

    name: str
    dialect: str
    request: Callable[[], Json]
    """Built afresh, so that a test may change it."""
    send: Callable[[Json], TestResponse]


@cache
def answer_to(call: Call) -> TestResponse:
    return call.send(call.request())


def body_of(call: Call) -> Json:
    """The answer's body in today's form."""
    return in_todays_form(answer_to(call).get_json(), call.dialect)


def in_todays_form(body: Json, dialect: str) -> Json:
    """The body of an answer, its deletions in the form of 2.0 where the dialect has that of 1.0."""
    if DIALECTS[dialect].deletes_by_resource:
        for action in _actions(body):
            if action["type"] == "delete":
                action["resourceId"] = f"ServiceRequest/{action.pop('resource')}"
    return body


def cards_of(call: Call) -> list[Json]:
    listed: list[Json] = body_of(call)["cards"]
    return listed


def _actions(body: Json) -> Iterator[Json]:
    for card in body["cards"]:
        for suggestion in card.get("suggestions", ()):
            yield from suggestion.get("actions", ())


@cache
def calls() -> tuple[Call, ...]:
    """The scenarios, some of them dispatched and booked as well, and the dialects."""
    scenarios = load_scenarios()
    placed = [scenario for scenario in scenarios if scenario.name[:3] in STORIES]
    return (
        *(as_drafted(scenario) for scenario in scenarios),
        *(as_dispatched(scenario) for scenario in placed),
        *(as_booked(scenario) for scenario in placed),
        *_of_dialects(),
    )


def as_drafted(scenario: Scenario) -> Call:
    return Call(scenario.name, "spec", scenario.request, lambda request: review(scenario, "always", request))


def as_dispatched(scenario: Scenario) -> Call:
    """The scenario's first order, signed and now sent to whoever is to fulfil it."""
    return replace(
        as_drafted(scenario), name=f"{scenario.name}-dispatched", request=lambda: dispatch_of(scenario.name)
    )


def as_booked(scenario: Scenario) -> Call:
    """A visit for the scenario's first order."""
    return replace(
        as_drafted(scenario), name=f"{scenario.name}-booked", request=lambda: booking_of(scenario.name)
    )


def _of_dialects() -> Iterator[Call]:
    for exchange in test_dialects.exchanges():
        if exchange.response["status"] == 200:
            yield _of_dialect(exchange)


def _of_dialect(exchange: test_dialects.Exchange) -> Call:
    def send(request: Json) -> TestResponse:
        return test_dialects.client(exchange.dialect).post(SERVICE, json=request)

    return Call(f"{exchange.dialect}-{exchange.case}", exchange.dialect, lambda: exchange.request, send)
