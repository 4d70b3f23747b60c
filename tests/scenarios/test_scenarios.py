"""Each patient's story, through the service: what is said, what is not, and from where it was read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scenarios.reviewer import cards, reversed_prefetch, review, without_prefetch
from tests.scenarios.scenario import Json, Scenario, findings, is_criterion

GOLDEN = {"always": "response.json", "attached": "response.attached.json"}
LOUD = {"warning", "critical"}


def digest(answer: list[Json]) -> str:
    """What a failing test shows of an answer."""
    lines = []
    for card in answer:
        lines.append(f"{card['indicator']}: {card['summary']}")
        lines += [f"    {json.dumps(finding)}" for finding in findings(card)]
    return "\n".join(lines) or "no cards"


def test_the_answer_says_what_the_story_expects(scenario: Scenario) -> None:
    answer = cards(scenario, scenario.notes)

    for expected in scenario.expect:
        assert any(expected.fits(card) for card in answer), f"{expected}\n{digest(answer)}"


def test_no_other_warning_appears(scenario: Scenario) -> None:
    answer = cards(scenario, scenario.notes)

    loud = [card for card in answer if card["indicator"] in LOUD and not scenario.other_cards]
    for card in loud:
        expected = [e for e in scenario.expect if e.indicator == card["indicator"]]
        weighty = [finding for finding in findings(card) if finding["kind"] != "note"]
        assert weighty, digest([card])
        for finding in weighty:
            assert any(e.names(finding) for e in expected), f"{finding}\n{digest(answer)}"


def test_what_must_not_be_named_is_not_named(scenario: Scenario) -> None:
    answer = cards(scenario, scenario.notes)

    named = [(f["criterion"], f["order"]) for card in answer for f in findings(card)]
    assert [c for c, _ in named for prefix in scenario.absent if is_criterion(c, prefix)] == []
    assert [order for _, order in named if order in scenario.silent_orders] == []


def test_a_scenario_gets_as_many_cards_as_it_says(scenario: Scenario) -> None:
    answer = cards(scenario, scenario.notes)

    wanted = 0 if scenario.silent else scenario.cards
    assert wanted is None or len(answer) == wanted, digest(answer)


def test_with_notes_attached_the_gaps_and_open_questions_remain(scenario: Scenario) -> None:
    answer = cards(scenario, "attached")

    for expected in scenario.expect:
        if not expected.is_note:
            assert any(expected.fits(card) for card in answer), f"{expected}\n{digest(answer)}"


def test_with_notes_attached_no_card_holds_notes_only(scenario: Scenario) -> None:
    answer = cards(scenario, "attached")

    for card in answer:
        assert {finding["kind"] for finding in findings(card)} - {"note"}, digest([card])
    if scenario.silent or scenario.attached_silent:
        assert answer == [], digest(answer)


@pytest.mark.parametrize("notes", GOLDEN)
def test_the_answer_is_the_one_on_file(scenario: Scenario, notes: str, write_expected: bool) -> None:
    answer = review(scenario, notes)
    path = scenario.folder / GOLDEN[notes]
    text = json.dumps(answer.get_json(), indent=2, ensure_ascii=False) + "\n"
    assert answer.status_code == 200, text

    if write_expected:
        path.write_text(text, encoding="utf-8")
    assert text == on_file(path)


def on_file(path: Path) -> str:
    if not path.is_file():
        pytest.fail(f"no {path.parent.name}/{path.name}; pytest tests/scenarios --write-expected writes it")
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("notes", GOLDEN)
def test_the_fhir_server_leads_to_the_same_answer_as_the_prefetch(scenario: Scenario, notes: str) -> None:
    prefetched = review(scenario, notes)
    fetched = review(scenario, notes, without_prefetch(scenario))

    assert fetched.status_code == prefetched.status_code == 200
    assert fetched.data == prefetched.data


@pytest.mark.parametrize("notes", GOLDEN)
def test_the_order_in_which_entries_are_sent_changes_nothing(scenario: Scenario, notes: str) -> None:
    as_sent = review(scenario, notes)
    turned_round = review(scenario, notes, reversed_prefetch(scenario))

    assert turned_round.data == as_sent.data
