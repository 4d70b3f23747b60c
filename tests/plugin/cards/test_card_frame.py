"""Override reasons, the cap on cards, and where links lead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.cards.service import ask, assert_obeys_the_contract, cards, order_of, request_of
from tests.scenarios.scenario import Json, Scenario, findings, load_scenarios

REASON_SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
REASON_CODES = {
    *("cds-not-applicable", "cds-suboptimal-context", "recipient-disagrees-evidence"),
    *("recipient-concerns-outcomes", "does-not-align-preferences", "not-convenient-feasible"),
    *("action-completed", "patient-contraindication", "patient-refuses", "too-costly-uncovered"),
    *("service-not-available", "recipient-does-not-understand", "need-more-info", "action-unsuccessful"),
    *("policy-contradicts", "risk-benefit-ratio"),
}
"""Of the value set non-adherence-reason-clinical and its children, as CDS Hooks 3.0-ballot lists them."""


@pytest.mark.parametrize("scenario", load_scenarios(), ids=lambda scenario: scenario.name)
def test_override_reasons_are_of_the_hl7_list(scenario: Scenario) -> None:
    answer = cards(scenario.request(), policy=scenario.policy_source, notes="always")

    for card in answer:
        reasons = card["overrideReasons"]
        assert {reason["system"] for reason in reasons} == {REASON_SYSTEM}
        assert {reason["code"] for reason in reasons} <= REASON_CODES
        assert len({reason["code"] for reason in reasons}) == len(reasons)


def many_orders(count: int) -> Json:
    """Every one of them lacks an MRI."""
    request = request_of("025")
    drafts = request["context"]["draftOrders"]["entry"]
    drafts += [{"resource": order_of(request) | {"id": f"order-{n}"}} for n in range(1, count)]
    return request


def test_as_many_cards_as_the_policy_allows_are_shown_in_full() -> None:
    answer = cards(many_orders(8))

    assert len(answer) == 8
    assert "Not shown" not in str(answer)


@pytest.mark.parametrize("count", [9, 20, 100])
def test_more_orders_than_cards_are_capped_and_the_last_card_names_the_rest(count: int) -> None:
    answer = cards(many_orders(count))

    assert len(answer) == 8
    assert ["Not shown for want of room" in card["detail"] for card in answer] == [False] * 7 + [True]
    assert "IMG1" in answer[-1]["detail"].rpartition("Not shown")[2]


def test_the_gravest_cards_are_the_ones_that_stay(tmp_path: Path) -> None:
    policy = tmp_path / "two-cards.toml"
    policy.write_text(
        'extends = "default"\nid = "two-cards"\nversion = "1"\nmax_cards = 2\n', encoding="utf-8"
    )

    answer = ask(request_of("demo-no-mri-14-days"), policy=str(policy), notes="always")

    assert_obeys_the_contract(answer)
    listed = answer.get_json()["cards"]
    assert [card["indicator"] for card in listed] == ["warning", "warning"]
    assert "Not shown for want of room" in listed[-1]["detail"]
    assert "NOTES" in listed[-1]["detail"].rpartition("Not shown")[2]


def test_every_card_links_to_the_evidence_of_each_criterion_it_speaks_for() -> None:
    for card in cards(request_of("demo-no-mri-14-days"), notes="always"):
        criteria = list(dict.fromkeys(f["criterion"] for f in findings(card)))
        ends = [link["url"].rpartition("/evidence/")[2] for link in card["links"]]
        assert ends == criteria
        assert all(link["type"] == "absolute" for link in card["links"])


def test_notes_stand_in_one_card_only() -> None:
    """With notes attached, the first card about an order carries them."""
    answer = cards(request_of("demo-no-mri-14-days"))

    with_notes = [card for card in answer if any(f["kind"] == "note" for f in findings(card))]
    assert len(answer) == 2
    assert len(with_notes) <= 1
