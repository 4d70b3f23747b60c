"""What discovery says of every service, held against the definitions of the hooks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from tests.plugin.cards.service import client
from tests.scenarios.scenario import Json

OF_THE_USER = {"userPractitionerId", "userPractitionerRoleId", "userPatientId", "userRelatedPersonId"}
CONTEXT_TOKENS = {
    "order-select": {"userId", "patientId", "encounterId"},
    "order-sign": {"userId", "patientId", "encounterId"},
    "order-dispatch": {"patientId", "dispatchedOrders", "performer"},
    "appointment-book": {"userId", "patientId", "encounterId"},
}
"""The context fields that the definition of each hook marks as prefetch tokens: primitive, at the root."""
TOKEN = re.compile(r"\{\{([^{}]*)\}\}")
RESOURCE_TYPE = r"[A-Z][A-Za-z]+"
MODIFIERS = {"in"}


def services() -> list[Json]:
    listed: list[Json] = client().get("/cds-services").get_json()["services"]
    return listed


def templates() -> Iterator[tuple[str, str, str]]:
    """Hook, key and template of every prefetch."""
    for service in services():
        yield from ((service["hook"], key, query) for key, query in service["prefetch"].items())


def test_all_hooks_are_offered_under_one_id_so_that_later_cards_replace_earlier_ones() -> None:
    assert len({service["id"] for service in services()}) == 1
    assert len({service["hook"] for service in services()}) == len(services()) > 1


def test_every_service_names_its_preconditions_and_its_versions() -> None:
    for service in services():
        assert service["usageRequirements"]
        assert re.fullmatch(r"\d+\.\d+(\.\d+)?", service["version"])
        assert re.fullmatch(r"\d+\.\d+(\.\d+)?", service["hookVersion"])


def test_tokens_stand_between_double_braces_and_nowhere_else() -> None:
    for _, _, template in templates():
        assert not re.search(r"[{}]", TOKEN.sub("", template))


def test_a_template_uses_only_tokens_that_its_hook_defines() -> None:
    for hook, key, template in templates():
        allowed = OF_THE_USER | {f"context.{field}" for field in CONTEXT_TOKENS[hook]}
        assert set(TOKEN.findall(template)) <= allowed, (hook, key)


def test_a_template_is_a_read_or_a_search_in_the_recommended_subset() -> None:
    """Reads by id; searches of one type by references, tokens and counts, without chains and inclusions."""
    for _, key, template in templates():
        path, _, query = template.partition("?")
        assert re.fullmatch(rf"{RESOURCE_TYPE}(/\{{\{{[^{{}}]+\}}\}})?", path), key
        for name, value in parse_qsl(query, keep_blank_values=True):
            parameter, _, modifier = name.partition(":")
            assert re.fullmatch(r"_id|_count|_sort|[a-z][a-z-]*", parameter), key
            assert modifier in {"", *MODIFIERS}, key
            assert value, key
            assert not re.match(r"(ne|sa|eb|ap)\d", value), key


def test_templates_ask_for_no_relative_dates() -> None:
    """Clients of 2.0 leave a token such as today() as it is."""
    for _, key, template in templates():
        assert "today()" not in template, key
