"""Members of the response about which the specification says more than their type."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.conformance.test_inferno_checks import answer_to, cards_of
from tests.scenarios.scenario import Json, load_scenarios

REVERSE_DOMAIN = re.compile(r"[a-z]{2,}(\.[a-z0-9-]+)+")


def all_cards() -> Iterator[Json]:
    for scenario in load_scenarios():
        yield from cards_of(scenario)


def test_an_extension_is_an_object_named_by_a_reversed_domain() -> None:
    extensions = [card["extension"] for card in all_cards()]

    assert extensions
    for extension in extensions:
        assert all(REVERSE_DOMAIN.fullmatch(name) for name in extension)
        assert all(isinstance(value, dict) for value in extension.values())


def test_a_source_says_whose_guidance_it_is_and_leads_to_nothing_of_this_call() -> None:
    """What belongs to the call is behind the card's links."""
    for card in all_cards():
        assert card["source"].keys() <= {"label", "topic"}
        assert card["links"]


def test_a_link_holds_nothing_of_the_call_it_answers() -> None:
    for scenario in load_scenarios():
        context = scenario.request()["context"]
        for card in cards_of(scenario):
            for link in card["links"]:
                assert context["patientId"] not in link["url"]
                assert scenario.request()["hookInstance"] not in link["url"]


def test_system_actions_are_not_sent_unasked() -> None:
    for scenario in load_scenarios():
        assert "systemActions" not in answer_to(scenario).get_json()


def test_what_is_optional_is_sent_where_it_says_something() -> None:
    cards = [*all_cards()]

    assert all({"uuid", "detail", "links"} <= card.keys() for card in cards)
    assert any("overrideReasons" in card for card in cards)
    assert 0 < sum("suggestions" in card for card in cards) < len(cards)
