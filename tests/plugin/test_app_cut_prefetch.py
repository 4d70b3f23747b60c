"""A prefetch that was cut short while a FHIR server is lent that has the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import responses

from tests.fake_fhir_server import FakeFhirServer
from tests.plugin.cards.service import FHIR_BASE, cards, entries, gaps, request_of, story, unread
from tests.scenarios.scenario import Json

TYPES = {
    "imaging": "ImagingStudy",
    "reports": "DiagnosticReport",
    "procedures": "Procedure",
    "conditions": "Condition",
}


def next_elsewhere(request: Json, key: str) -> None:
    bundle = request["prefetch"][key]
    bundle["entry"] = entries(request, key)[:1]
    bundle["link"] = [{"relation": "next", "url": "https://internal.example.org/fhir/x?page=2"}]


def next_without_url(request: Json, key: str) -> None:
    request["prefetch"][key]["link"] = [{"relation": "next"}]


def fewer_than_counted(request: Json, key: str) -> None:
    bundle = request["prefetch"][key]
    bundle["entry"] = entries(request, key)[:1]
    bundle["total"] = 1000


def malformed(request: Json, key: str) -> None:
    entries(request, key).append({})


def malformed_before_a_next_page(request: Json, key: str) -> None:
    malformed(request, key)
    url = f"{FHIR_BASE}/{TYPES[key]}?patient={request['context']['patientId']}"
    request["prefetch"][key]["link"] = [{"relation": "next", "url": url}]


CUTS = (next_elsewhere, next_without_url, fewer_than_counted, malformed, malformed_before_a_next_page)


def answer(
    name: str, key: str, cut: Callable[[Json, str], None], forbidden: tuple[str, ...] = ()
) -> tuple[list[Json], list[str]]:
    scenario = story(name)
    request = scenario.request() | {"fhirServer": FHIR_BASE}
    cut(request, key)
    fake = FakeFhirServer(FHIR_BASE, scenario.chart(), forbidden=forbidden)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        fake.mount(mock)
        return cards(request), fake.asked


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("key", TYPES)
@pytest.mark.parametrize("name", ["001", "025", "045"])
def test_the_rest_is_had_from_the_server(name: str, key: str, cut: Callable[[Json, str], None]) -> None:
    given, asked = answer(name, key, cut)

    assert given == cards(request_of(name))
    assert {path.partition("?")[0] for path in asked} == {TYPES[key]}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("key", ["imaging", "reports"])
def test_it_stays_incomplete_when_the_server_refuses(key: str, cut: Callable[[Json, str], None]) -> None:
    given, _ = answer("025", key, cut, forbidden=(TYPES[key],))

    assert "IMG-1" in gaps(cards(request_of("025")))
    assert "IMG-1" not in gaps(given)
    assert "IMG-1" in unread(given)


def test_what_was_sent_counts_although_the_server_refuses() -> None:
    given, _ = answer("001", "conditions", malformed, forbidden=("Condition",))
    without, _ = answer("001", "conditions", malformed_alone, forbidden=("Condition",))

    assert "IND-1" not in unread(given)
    assert "IND-1" in unread(without)


def malformed_alone(request: Json, key: str) -> None:
    request["prefetch"][key]["entry"] = [{}]
