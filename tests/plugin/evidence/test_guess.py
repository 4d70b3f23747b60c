"""The guess, from the context, whether an order is one of ours: it must never miss a code as it is listed."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from plugin.evidence.families import FAMILY_OF_SET
from plugin.evidence.guess import guess_by
from plugin.terminology import load_terminology

TERMINOLOGY = load_terminology()
IS_LIKELY = guess_by(TERMINOLOGY)


def context(*orders: Any) -> msgspec.Raw:
    entries = [{"resource": order} for order in orders]
    return msgspec.Raw(json.dumps({"draftOrders": {"resourceType": "Bundle", "entry": entries}}).encode())


def order(*codes: str) -> dict[str, Any]:
    return {"resourceType": "ServiceRequest", "code": {"coding": [{"system": "s", "code": c} for c in codes]}}


@pytest.mark.parametrize("value_set", FAMILY_OF_SET)
def test_every_code_that_is_reviewed_is_likely_ours(value_set: str) -> None:
    for concept in TERMINOLOGY.members(value_set):
        assert IS_LIKELY(context(order("99213"), order("99213", concept.code)))


@pytest.mark.parametrize("orders", [(), (order("99213"),), ({"resourceType": "ServiceRequest"},), ("text",)])
def test_other_orders_are_not(orders: tuple[Any, ...]) -> None:
    assert not IS_LIKELY(context(*orders))


@pytest.mark.parametrize("text", ['{"dispatchedOrders": ["ServiceRequest/1"]}', "{}"])
def test_of_a_hook_without_draft_orders_nothing_can_be_told(text: str) -> None:
    assert IS_LIKELY(msgspec.Raw(text.encode()))


@pytest.mark.parametrize("text", ["[]", '{"draftOrders": [1]}', "{"])
def test_what_cannot_be_read_is_not_likely(text: str) -> None:
    assert not IS_LIKELY(msgspec.Raw(text.encode()))
