"""Runs every test that asks for a `scenario` once per folder of `fixtures/scenarios`."""

from __future__ import annotations

import pytest

from tests.scenarios.scenario import load_scenarios


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-expected",
        action="store_true",
        help="write the answers as they are now to fixtures/scenarios/*/response*.json, for review",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scenario" in metafunc.fixturenames:
        metafunc.parametrize("scenario", load_scenarios(), ids=lambda scenario: scenario.name)


@pytest.fixture
def write_expected(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("write_expected", default=False))
