"""Writes docs/conformance.md from the requirements: `python -m tests.conformance.render --write`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping

from tests.conformance.requirements import (
    ROOT,
    PublishedList,
    Requirement,
    load_lists,
    load_requirements,
)

PAGE = ROOT / "docs" / "conformance.md"
_HEAD = """\
# Conformance

Every row of the two published requirement lists that binds a CDS service, in our own words, with the tests
that prove it or the reason why none does. Made from `fixtures/conformance/requirements.toml` by
`python -m tests.conformance.render --write`; a test fails when the page is stale, when a row is missing, and
when a test that is named does not exist.
"""


def rendered() -> str:
    return "\n".join(_page(load_requirements(), load_lists()))


def _page(requirements: Mapping[str, Requirement], lists: Mapping[str, PublishedList]) -> Iterator[str]:
    yield _HEAD
    for letter, published in lists.items():
        rows = {name: row for name, row in requirements.items() if name.startswith(f"{letter}-")}
        yield f"## {published.name}\n"
        yield f"{_counted(rows)} Ids are those of the list of {published.source}.\n"
        yield "| id | level | requirement | proof |"
        yield "|---|---|---|---|"
        yield from (f"| {name} | {row.level} | {row.says} | {_proof(row)} |" for name, row in rows.items())
        yield ""


def _counted(rows: Mapping[str, Requirement]) -> str:
    tested = sum(bool(row.tests) for row in rows.values())
    return f"{len(rows)} rows: {tested} tested, {len(rows) - tested} not applicable."


def _proof(row: Requirement) -> str:
    if row.not_applicable:
        return f"not applicable: {row.not_applicable}"
    return "<br>".join(f"[{_title(test)}](../{test.partition('::')[0]})" for test in row.tests)


def _title(test: str) -> str:
    """The sentence that a test's name is."""
    return test.partition("::")[2].removeprefix("test_").replace("_", " ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the page instead of printing it")
    if parser.parse_args().write:
        PAGE.write_text(rendered(), encoding="utf-8")
    else:
        sys.stdout.write(rendered())


if __name__ == "__main__":
    main()
