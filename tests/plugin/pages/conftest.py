"""The pages as an app of their own, and the content they show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import flask
import pytest
from flask.testing import FlaskClient

from plugin.app import create_app
from plugin.pages import Knowledge, create_pages, load_knowledge
from plugin.settings import Settings

TODAY = date(2026, 11, 20)


def serving(knowledge: Knowledge, today: Callable[[], date] = lambda: TODAY) -> FlaskClient:
    """The pages alone, under any content and on any day."""
    app = flask.Flask("pages")
    app.register_blueprint(create_pages(knowledge, today))
    return app.test_client()


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return load_knowledge(["default"])


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """The whole service, as it is run."""
    folder = tmp_path_factory.mktemp("store")
    return create_app(Settings(today=TODAY, database=f"sqlite:///{folder}/store.sqlite3")).test_client()
