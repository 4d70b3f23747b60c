"""The servers beside the service."""

from tests.plugin.store.conftest import postgresql_server  # noqa: F401
