"""Resource types that an EHR does not have: not asked for, and no reason to say that nothing is on file."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import flask
import pytest
import responses
from flask.testing import FlaskClient

from cds_hooks import AllowedBases, Client, FhirAccess, OpenTo, create_blueprint
from plugin.app import SERVICE_ID, hook_services
from plugin.reviews import create_review
from plugin.settings import Settings
from tests.fake_fhir_server import FakeFhirServer
from tests.plugin.cards.service import FHIR_BASE, TODAY, cards, gaps, request_of, said, story, text, unread
from tests.scenarios.scenario import Json

NO_MRI = "025"
TYPES = (
    *("Condition", "Procedure", "ServiceRequest", "DiagnosticReport", "ImagingStudy", "MedicationRequest"),
    *("MedicationStatement", "Observation"),
)


@pytest.fixture(scope="module")
def review() -> Any:
    return create_review(Settings.model_validate({"today": TODAY}))


def service_for(review: Any, client: Client) -> FlaskClient:
    app = flask.Flask("unsupported")
    app.register_blueprint(
        create_blueprint(
            hook_services(review, lambda call: review.review(call.request, call.server).response),
            authenticator=OpenTo(client),
            fhir_access=FhirAccess(deadline_seconds=20.0),
            cors_origins=(),
        )
    )
    return app.test_client()


def asked_of(
    review: Any,
    name: str,
    client: Client,
    *,
    forbidden: Collection[str] = (),
    prefetched: Collection[str] = (),
) -> tuple[list[Json], list[str]]:
    """The cards when the FHIR server has the chart, less `prefetched`, and the types it was asked for."""
    scenario = story(name)
    request = scenario.request()
    request |= {"fhirServer": FHIR_BASE, "prefetch": {key: request["prefetch"][key] for key in prefetched}}
    server = FakeFhirServer(FHIR_BASE, scenario.chart(), forbidden=forbidden)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        server.mount(mock)
        answer = service_for(review, client).post(f"/cds-services/{SERVICE_ID}", json=request)
    assert answer.status_code == 200
    return answer.get_json()["cards"], [path.partition("?")[0].partition("/")[0] for path in server.asked]


def client(*unsupported: str) -> Client:
    return Client("ehr", AllowedBases((), allow_loopback=True), unsupported=frozenset(unsupported))


def test_a_type_that_is_told_by_another_is_not_missed(review: Any) -> None:
    answer, asked = asked_of(review, NO_MRI, client("ImagingStudy", "MedicationStatement"))

    assert {"ImagingStudy", "MedicationStatement"}.isdisjoint(asked)
    assert gaps(answer) == gaps(cards(request_of(NO_MRI)))
    assert "IMG-1" in gaps(answer)


@pytest.mark.parametrize("other", ["DiagnosticReport", "Procedure", "ServiceRequest"])
def test_no_mri_is_not_said_while_another_source_could_hold_it(review: Any, other: str) -> None:
    answer, _ = asked_of(review, NO_MRI, client("ImagingStudy"), forbidden=[other])

    assert "IMG-1" not in gaps(answer)
    assert "IMG-1" in unread(answer)


@pytest.mark.parametrize(
    "unsupported",
    [("ImagingStudy", "DiagnosticReport"), ("DiagnosticReport",), ("Procedure",), ("Condition",)],
)
def test_a_type_that_nothing_else_tells_is_unread(review: Any, unsupported: tuple[str, ...]) -> None:
    answer, asked = asked_of(review, NO_MRI, client(*unsupported))

    assert set(unsupported).isdisjoint(asked)
    assert "IMG-1" not in gaps(answer)
    assert "IMG-1" in unread(answer)
    assert "this EHR does not offer such entries" in text(answer)


def test_what_is_sent_of_a_type_that_is_said_to_be_missing_is_read(review: Any) -> None:
    answer, asked = asked_of(
        review, "001", client("ImagingStudy", "Condition"), prefetched=["imaging", "conditions"]
    )

    assert {"ImagingStudy", "Condition"}.isdisjoint(asked)
    assert said(answer) == said(cards(request_of("001")))


def test_without_a_single_type_nothing_was_read(review: Any) -> None:
    request = request_of(NO_MRI) | {"prefetch": {}, "fhirServer": FHIR_BASE}
    nothing = service_for(review, client(*TYPES))
    with responses.RequestsMock(assert_all_requests_are_fired=False):
        answer = nothing.post(f"/cds-services/{SERVICE_ID}", json=request)

    assert answer.status_code == 412
