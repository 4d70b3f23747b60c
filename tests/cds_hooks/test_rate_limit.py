"""How often one caller may call, and that one caller's haste is not another's wait."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_hooks import AllowedBases, Client, RateLimit, Reason, Unauthenticated
from tests.cds_hooks.wire import app_with, encoded, hook_call


class ByName:
    """Takes the header for the client's name."""

    def client_of(self, authorization: Sequence[str], path: str) -> Client:
        if not authorization:
            raise Unauthenticated(Reason.NO_TOKEN)
        return Client(authorization[0], AllowedBases((), allow_loopback=False))


@pytest.fixture
def client() -> FlaskClient:
    return app_with(authenticator=ByName(), rate_limit=RateLimit("3/hour")).test_client()


def post(client: FlaskClient, name: str | None, address: str = "192.0.2.1") -> TestResponse:
    return client.post(
        "/cds-services/test-service",
        data=encoded(hook_call()),
        content_type="application/json",
        headers={} if name is None else {"Authorization": name},
        environ_overrides={"REMOTE_ADDR": address},
    )


def test_a_client_over_its_limit_is_told_when_to_come_back(client: FlaskClient) -> None:
    answers = [post(client, "hasty") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 3600
    assert answers[-1].get_json()["issue"][0]["code"] == "throttled"


def test_another_client_at_the_same_address_is_not_held_up(client: FlaskClient) -> None:
    for _ in range(5):
        post(client, "hasty")

    assert post(client, "patient").status_code == 200


def test_who_cannot_be_told_is_counted_by_address(client: FlaskClient) -> None:
    statuses = [post(client, None).status_code for _ in range(5)]

    assert statuses == [401, 401, 401, 429, 429]
    assert post(client, None, "192.0.2.2").status_code == 401
    assert post(client, "known").status_code == 200


@pytest.mark.parametrize("rate", ["", "many", "0", "10/fortnight", "-1/second"])
def test_a_rate_that_is_none_is_refused(rate: str) -> None:
    with pytest.raises(ValueError):
        RateLimit(rate)
