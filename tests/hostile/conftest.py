"""Gives each test a watch, and tells in the end what was sent and how it was answered."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import pytest

from tests.hostile.watch import Watch, is_failure, watching


@dataclass
class Tally:
    inputs: int = 0
    failures: int = 0
    milliseconds: list[float] = field(default_factory=list)

    @property
    def p99(self) -> str:
        ordered = sorted(self.milliseconds)
        return f"{ordered[len(ordered) * 99 // 100]:.1f}" if ordered else "-"


@pytest.fixture
def watch(request: pytest.FixtureRequest) -> Iterator[Watch]:
    """Asserts in the end that the service kept its composure."""
    with watching() as watched:
        yield watched
    tell(request, watched.statuses, watched.milliseconds)
    watched.assert_clean()


def tell(request: pytest.FixtureRequest, statuses: Counter[int], milliseconds: list[float]) -> None:
    """Hands a test's figures to the table, from whichever process it ran in."""
    told = {
        "name": request.module.__doc__.splitlines()[0].rstrip("."),
        "inputs": statuses.total(),
        "failures": sum(count for status, count in statuses.items() if is_failure(status)),
        "milliseconds": [round(each, 2) for each in milliseconds],
    }
    request.node.user_properties.append(("hostile", json.dumps(told)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A table of every test that told what it sent; parts that ran beside each other are added up."""
    tallies: dict[str, Tally] = {}
    for report in chain.from_iterable(terminalreporter.stats.values()):
        if getattr(report, "when", None) == "teardown":
            for told in (value for key, value in report.user_properties if key == "hostile"):
                _add(tallies, json.loads(told))
    if not tallies:
        return
    width = max(map(len, tallies))
    terminalreporter.write_line(f"\n{'hostile input':{width}}  {'inputs':>8}  {'5xx':>4}  {'p99 ms':>8}")
    for name, tally in sorted(tallies.items()):
        terminalreporter.write_line(f"{name:{width}}  {tally.inputs:8}  {tally.failures:4}  {tally.p99:>8}")


def _add(tallies: dict[str, Tally], told: dict[str, object]) -> None:
    tally = tallies.setdefault(str(told["name"]), Tally())
    tally.inputs += int(str(told["inputs"]))
    tally.failures += int(str(told["failures"]))
    spent = told["milliseconds"]
    assert isinstance(spent, list)
    tally.milliseconds += spent
