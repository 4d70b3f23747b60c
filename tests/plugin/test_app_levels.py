"""How many levels the lines of one session make, from the drafts to the card."""

from __future__ import annotations

import pytest

from tests.plugin.cards.service import cards, order_of, request_of
from tests.scenarios.scenario import Json, findings

CPT = "http://www.ama-assn.org/go/cpt"


def drafted(*lines: tuple[str, int | None]) -> Json:
    """One draft per code, with its quantity where it has one."""
    request = request_of("001")
    model = order_of(request)
    entries = []
    for number, (code, quantity) in enumerate(lines, start=1):
        line = model | {"id": f"line-{number}", "code": {"coding": [{"system": CPT, "code": code}]}}
        entries.append({"resource": line | ({"quantityQuantity": {"value": quantity}} if quantity else {})})
    request["context"]["draftOrders"]["entry"] = entries
    return request


@pytest.mark.parametrize(
    ("lines", "levels"),
    [
        ([("64483", None), ("64484", None)], None),
        ([("64483", None), ("64484", 2)], 3),
        ([("64483", None), ("64484", None), ("64484", None)], 3),
        ([("64483", 1), ("64484", 3)], 4),
        ([("64484", 2)], None),
        ([("64484", 3)], 3),
        ([("64493", None), ("64494", None)], None),
        ([("64493", None), ("64494", None), ("64495", None)], 3),
        ([("64493", None), ("64495", None)], 3),
        ([("64495", None)], 3),
        ([("64494", None)], None),
        ([("64493", None), ("64494", None), ("64495", 2)], 4),
        ([("64635", None), ("64636", None)], None),
        ([("64635", None), ("64636", 2)], 3),
    ],
)
def test_first_and_further_lines_are_counted_together(
    lines: list[tuple[str, int | None]], levels: int | None
) -> None:
    answer = cards(drafted(*lines))

    (summary,) = [c["summary"] for c in answer if findings(c)[0]["criterion"] == "LVL-1"] or [None]
    assert (summary is None) == (levels is None)
    if levels is not None:
        assert f": {levels} " in str(summary)
