"""Members of the response about which the specification says more than their type."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.conformance.calls import Call, body_of, calls, cards_of
from tests.scenarios.scenario import Json

REVERSE_DOMAIN = re.compile(r"[a-z]{2,}(\.[a-z0-9-]+)+")


def all_cards() -> Iterator[tuple[Call, Json]]:
    for call in calls():
        yield from ((call, card) for card in cards_of(call))


def is_for_booking(call: Call) -> bool:
    return bool(call.request()["hook"] == "appointment-book")


def test_an_extension_is_an_object_named_by_a_reversed_domain() -> None:
    extensions = [card["extension"] for _, card in all_cards()]

    assert extensions
    for extension in extensions:
        assert all(REVERSE_DOMAIN.fullmatch(name) for name in extension)
        assert all(isinstance(value, dict) for value in extension.values())


def test_a_source_says_whose_guidance_it_is_and_leads_to_nothing_of_this_call() -> None:
    """What belongs to the call is behind the card's links; whoever books a visit is shown nothing of it."""
    for call, card in all_cards():
        assert card["source"].keys() <= {"label", "topic"}
        assert ("links" in card) != is_for_booking(call)


def test_a_link_holds_nothing_of_the_call_it_answers() -> None:
    for call, card in all_cards():
        for link in card.get("links", ()):
            assert call.request()["context"]["patientId"] not in link["url"]
            assert call.request()["hookInstance"] not in link["url"]


def test_system_actions_are_not_sent_unasked() -> None:
    for call in calls():
        assert "systemActions" not in body_of(call)


def test_what_is_optional_is_sent_where_it_says_something() -> None:
    cards = [card for _, card in all_cards()]

    assert all({"uuid", "detail"} <= card.keys() for card in cards)
    for name in ("links", "overrideReasons", "suggestions"):
        assert 0 < sum(name in card for card in cards) < len(cards)
