"""What holds for every test, and the FHIR server that several of them need."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.database_servers import MissingProgramError
from tests.medplum import medplum

# How long an example takes is the machine's business; a busy one would fail tests that are right.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def medplum_url() -> Iterator[str]:
    """The base URL of a real FHIR R4 server. A process's tests share it: take away what you put there."""
    try:
        with medplum() as url:
            yield url
    except MissingProgramError as missing:
        pytest.skip(str(missing))
