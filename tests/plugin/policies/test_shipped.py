"""The policies that are shipped beside the default one: what each changes, as a caller sees it."""

from __future__ import annotations

from itertools import product

import pytest

from plugin.guidelines import Case, Library, load_guidelines
from plugin.guidelines.model import CHRONICITIES, PATTERNS, REGIONS
from plugin.policies.load import SHIPPED, load_policy
from plugin.policies.model import Conflict, Policy
from plugin.reviews import create_review
from plugin.settings import Settings
from tests.plugin.cards.service import cards, request_of, text
from tests.scenarios.scenario import Json, findings

GUIDELINES = load_guidelines()
NAMES = ("default", "medicare-lcd", "evicore", "nice-ng59", "bmj-2025")
UNSAID = {("medicare-lcd", "CON-5")}
"""What the default policy notes, and no document of this one speaks of."""


def shipped(name: str) -> Policy:
    return load_policy(name, frozenset(g.id for g in GUIDELINES))


def library(policy: Policy) -> Library:
    return Library(g for g in GUIDELINES if g.id in policy.file.guidelines)


def loud(answer: list[Json]) -> dict[str, str]:
    """The indicator of the card that speaks of each criterion."""
    return {f["criterion"]: card["indicator"] for card in answer for f in findings(card)}


def test_the_policies_are_there() -> None:
    assert {path.stem for path in SHIPPED.glob("*.toml")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_has_its_name_as_its_id_and_a_source_for_every_threshold_it_changes(name: str) -> None:
    policy = shipped(name)

    assert policy.file.id == name
    assert policy.file.extends == (None if name == "default" else "default")
    assert [key for key, source in policy.file.sources.items() if "gives no source" in source] == []


@pytest.mark.parametrize("name", NAMES)
def test_under_a_policy_every_document_it_lists_speaks_and_no_side_is_left_out(name: str) -> None:
    listed = {g.id: g for g in library(shipped(name)).guidelines}

    assert {"bmj-2025", "aspn-2022", "aan-2025"} <= set(listed)
    assert set(listed) == set(shipped(name).file.guidelines)


@pytest.mark.parametrize(
    ("name", "conflict"),
    [
        pytest.param(name, conflict, id=f"{name}-{conflict.criterion}-{conflict.pattern}")
        for name in NAMES
        for conflict in shipped(name).file.conflicts
    ],
)
def test_every_conflict_of_a_policy_is_said_of_some_case(name: str, conflict: Conflict) -> None:
    known = library(shipped(name))
    times = [time for time in CHRONICITIES if conflict.chronicity in ("any", time)]

    patterns = PATTERNS if conflict.pattern == "any" else (conflict.pattern,)

    found = [
        known.agreement(Case(family, pattern, time, frozenset({region})))
        for family, pattern, time, region in product(conflict.families, patterns, times, REGIONS)
    ]

    says = {
        "disagreement": any(a.is_conflict for a in found),
        "position": any(a.takes_position for a in found),
        "nothing": True,
    }
    assert says[conflict.needs] or (name, conflict.criterion) in UNSAID


@pytest.mark.parametrize(
    ("policy", "scenario", "by_default", "under_it"),
    [
        ("medicare-lcd", "001", {}, {}),
        ("medicare-lcd", "002", {"IND-1": "warning"}, {"IND-1": "warning"}),
        ("medicare-lcd", "033", {"IMG-1": "info", "CON-2": "info"}, {}),
        ("medicare-lcd", "028", {"IMG-1": "warning", "CON-2": "warning"}, {"IMG-1": "info", "CON-2": "info"}),
        ("medicare-lcd", "055a", {}, {}),
        ("evicore", "001", {}, {}),
        ("evicore", "033", {"IMG-1": "info", "CON-2": "info"}, {}),
        ("evicore", "040", {"IMG-1": "info", "CON-2": "info"}, {}),
        ("evicore", "055a", {}, {"CC-1": "warning", "CON-2": "warning"}),
        ("evicore", "142", {}, {"CON-5": "warning"}),
        ("medicare-lcd", "142", {}, {}),
        ("nice-ng59", "002", {"IND-1": "warning"}, {"IND-1": "warning"}),
        ("nice-ng59", "006", {}, {"CON-4": "warning"}),
        ("nice-ng59", "008", {}, {}),
        (
            "nice-ng59",
            "025",
            {"IMG-1": "warning", "CON-2": "warning"},
            {"IMG-1": "info", "CON-2": "warning"},
        ),
        (
            "nice-ng59",
            "045",
            {"CC-1": "warning", "CON-2": "warning"},
            {"CC-1": "info", "CON-2": "warning"},
        ),
        ("bmj-2025", "001", {}, {"CON-2": "warning"}),
        ("bmj-2025", "002", {"IND-1": "warning"}, {"IND-1": "warning"}),
        ("bmj-2025", "006", {}, {}),
        ("bmj-2025", "008", {}, {"CON-2": "warning"}),
        ("bmj-2025", "050", {"CC-1": "warning"}, {"CC-1": "warning"}),
    ],
)
def test_a_policy_answers_some_scenarios_otherwise_than_the_default(
    policy: str, scenario: str, by_default: dict[str, str], under_it: dict[str, str]
) -> None:
    request = request_of(scenario)

    assert loud(cards(request)) == by_default
    assert loud(cards(request, policy=policy)) == under_it


def test_a_note_louder_than_info_has_a_card_of_its_own_before_the_quieter_ones() -> None:
    answer = cards(request_of("025"), policy="nice-ng59")

    assert [card["indicator"] for card in answer] == ["warning", "info"]
    assert [[f["criterion"] for f in findings(card)] for card in answer] == [["CON-2"], ["IMG-1"]]


@pytest.mark.parametrize(
    ("name", "notes"), [("default", "attached"), ("nice-ng59", "always"), ("bmj-2025", "always")]
)
def test_a_policy_says_whether_notes_stand_alone(name: str, notes: str) -> None:
    assert create_review(Settings(policy=name)).composer.notes == notes


def test_under_evicore_six_weeks_are_counted_and_the_card_tells_the_documents_own_number() -> None:
    answer = text(cards(request_of("055a"), policy="evicore"))

    assert "28 of 42 days" in answer
    assert "eviCore CMM-200: Coverage: asks for 6 weeks" in answer
    assert "Medicare" not in answer


def test_under_nice_an_american_payer_is_not_heard() -> None:
    answer = text(cards(request_of("006"), policy="nice-ng59"))

    assert "NHS England EBI" in answer
    assert [payer for payer in ("Medicare", "eviCore", "UHC") if payer in answer] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scenario", ["001", "002", "006", "008"])
def test_no_card_quotes_one_side_alone_where_documents_disagree(name: str, scenario: str) -> None:
    for card in cards(request_of(scenario), policy=name, notes="always"):
        shown = card["detail"].partition("**Guidelines on this case**")[2]

        assert "**Against:**" in shown
        assert "**For:**" in shown
