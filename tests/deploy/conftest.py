"""The servers beside the service."""

from tests.plugin.conftest import postgresql_server  # noqa: F401
