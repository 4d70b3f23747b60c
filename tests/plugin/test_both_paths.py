"""T38: the same record as prefetch and as answers of a FHIR server gives the same bytes, in whatever order.

The records are put together from parts of the scenarios, so that there are far more of them than stories.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from itertools import islice

import pytest
import responses
from flask.testing import FlaskClient

from plugin.app import create_app
from plugin.settings import Settings
from tests.fake_fhir_server import FakeFhirServer
from tests.plugin.cards.service import FHIR_BASE, SERVICE, TODAY
from tests.plugin.test_attribute_invariance import charts
from tests.scenarios.scenario import Json
from tests.sizes import sized

CHUNKS = 10
PER_CHUNK = sized(500, 25)
PAGE_SIZES = (1, 3, 20, 100)
DEADLINE_SECONDS = 30
"""How fast the server is, is not what is tested."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    store = tmp_path_factory.mktemp("store") / "store.sqlite3"
    settings = Settings(
        today=TODAY, database=f"sqlite:///{store}", notes="always", deadline_seconds=DEADLINE_SECONDS
    )
    return create_app(settings).test_client()


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_all_some_or_nothing_prefetched_leads_to_the_same_answer(chunk: int, client: FlaskClient) -> None:
    draw = random.Random(f"both-paths-{chunk}")
    spoken = 0
    for request in records(draw, PER_CHUNK):
        some = draw.sample(sorted(request["prefetch"]), draw.randrange(len(request["prefetch"])))
        server = server_with(request, draw)

        prefetched = client.post(SERVICE, json=request)
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            server.mount(mock)
            fetched = [client.post(SERVICE, json=lending(request, kept)) for kept in ((), some)]

        assert [answer.status_code for answer in (prefetched, *fetched)] == [200, 200, 200]
        assert [answer.data for answer in fetched] == [prefetched.data] * 2
        spoken += b'"summary"' in prefetched.data
    assert spoken > 0


def records(draw: random.Random, count: int) -> Iterator[Json]:
    """Generated requests whose prefetch is complete."""
    complete = (r for r in charts(draw, 2 * count) if all(r["prefetch"].values()))
    return islice(complete, count)


def server_with(request: Json, draw: random.Random) -> FakeFhirServer:
    """Everything that is prefetched, in another order and in pages of some size."""
    held = [r for value in request["prefetch"].values() for r in _resources(value)]
    draw.shuffle(held)
    return FakeFhirServer(FHIR_BASE, held, page_size=draw.choice(PAGE_SIZES))


def _resources(value: Json) -> list[Json]:
    if value["resourceType"] != "Bundle":
        return [value]
    return [entry["resource"] for entry in value.get("entry", [])]


def lending(request: Json, kept: Collection[str]) -> Json:
    """The request of an EHR that prefetches these keys only, and lends its FHIR server."""
    prefetch = {key: request["prefetch"][key] for key in kept}
    return request | {"prefetch": prefetch, "fhirServer": FHIR_BASE}
