"""The servers beside the service, and its chart."""

from __future__ import annotations

import pytest

from tests.deploy.chart import VALUES, Manifest, manifests_of
from tests.plugin.conftest import postgresql_server  # noqa: F401


@pytest.fixture(scope="session")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Manifest]:
    """By kind, of which there is one each."""
    found = manifests_of(tmp_path_factory.mktemp("values"), VALUES)
    by_kind = {manifest["kind"]: manifest for manifest in found}
    assert len(by_kind) == len(found)
    return by_kind
