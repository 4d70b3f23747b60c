"""Servers on this machine, and answers in place of every server."""

from collections.abc import Callable, Iterator

import pytest
import responses

from tests.local_servers import LocalServer, Script, local_servers


@pytest.fixture
def ehr() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def serve() -> Iterator[Callable[[Script], LocalServer]]:
    """Starts a server that answers every request by the script it is given."""
    with local_servers() as start:
        yield start
