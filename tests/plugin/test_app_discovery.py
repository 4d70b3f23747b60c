"""What GET /cds-services offers: one id on four hooks, each with what its context can fill."""

from __future__ import annotations

import re

import pytest

from plugin.app import HOOKS, SERVICE_ID
from tests.plugin.cards.service import client
from tests.scenarios.scenario import Json

LEGAL = {
    "order-select": {"context.patientId", "context.encounterId"},
    "order-sign": {"context.patientId", "context.encounterId"},
    "order-dispatch": {"context.patientId", "context.dispatchedOrders"},
    "appointment-book": {"context.patientId", "context.encounterId"},
}
"""The tokens that are used: of those that the definition of the hook marks as prefetch tokens."""


def services() -> dict[str, Json]:
    listed = client().get("/cds-services").get_json()["services"]
    return {service["hook"]: service for service in listed}


def test_one_id_is_offered_on_every_hook_with_its_version() -> None:
    offered = {hook: (s["id"], s["version"], s["hookVersion"]) for hook, s in services().items()}

    assert offered == {
        "order-select": (SERVICE_ID, "2.0.1", "1.0"),
        "order-sign": (SERVICE_ID, "2.0.1", "1.0"),
        "order-dispatch": (SERVICE_ID, "2.0.1", "1.1"),
        "appointment-book": (SERVICE_ID, "2.0.1", "1.0"),
    }


def test_order_select_is_listed_last_for_clients_that_keep_one_hook_per_service() -> None:
    assert list(services())[-1] == "order-select"


@pytest.mark.parametrize("hook", HOOKS)
def test_a_template_uses_tokens_that_its_hook_has(hook: str) -> None:
    templates = services()[hook]["prefetch"].values()

    assert {token for text in templates for token in re.findall(r"{{(.*?)}}", text)} == LEGAL[hook]


@pytest.mark.parametrize("hook", HOOKS)
def test_templates_are_date_free_and_ask_by_patient_id_or_code_only(hook: str) -> None:
    for template in services()[hook]["prefetch"].values():
        query = template.partition("?")[2]
        names = {part.partition("=")[0] for part in query.split("&") if part}
        assert names <= {"patient", "_id", "code"}
        assert not re.search(r"today\(\)|\d{4}-\d\d", template)


def test_only_a_dispatch_asks_for_orders_by_id() -> None:
    asking = {hook for hook, service in services().items() if "dispatchedOrders" in service["prefetch"]}

    assert asking == {"order-dispatch"}
