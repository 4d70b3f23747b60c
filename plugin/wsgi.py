"""The service for servers that import it: gunicorn's `plugin.wsgi:app`. Without it they do not start.

What is at fault in settings or content is said in a line each, and the process ends with status 1.
"""

from __future__ import annotations

import sys

from flask import Flask

from plugin.app import create_app
from plugin.cli.check import settings_to_start_with
from plugin.domain.content import ContentError
from plugin.logs import configure_logging
from plugin.settings import Settings


def _started() -> tuple[Settings, Flask]:
    try:
        settings = settings_to_start_with()
        configure_logging(settings.log_level)
        return settings, create_app(settings)
    except ContentError as error:
        sys.stderr.writelines(f"Error: {fault}\n" for fault in error.faults)
        raise SystemExit(1) from error


settings, app = _started()
