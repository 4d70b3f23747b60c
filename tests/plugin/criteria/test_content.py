"""What the shipped criteria files hold."""

from __future__ import annotations

import re

import pytest

from plugin.cards.catalogue import load_catalogue
from plugin.criteria import ATTRIBUTES, Criterion, load_criteria
from plugin.pages import Knowledge, load_knowledge
from plugin.policies.load import shipped_policies
from plugin.policies.model import RULES

CONTENT = load_criteria()
REPROACHES = re.compile(
    r"has not had|was not done|never had|did not have|failed to|you must|must not|is denied|will be paid"
    r"|not covered|is covered|patient refuses|non-?compliant",
    re.IGNORECASE,
)
ORDERS = re.compile(
    r"^(do not|do|use|offer|consider|avoid|give|perform|ensure|order an?|refer)\b", re.IGNORECASE
)


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge(shipped_policies())


def sentences(criterion: Criterion) -> list[str]:
    return [
        criterion.title,
        criterion.question,
        criterion.limits,
        *criterion.answers.values(),
        *criterion.attributes.values(),
        *(change.what for change in criterion.changes),
    ]


def test_every_criterion_that_a_rule_answers_is_written_down() -> None:
    answered = {criterion for rule in RULES.values() for criterion in rule.CRITERIA}

    assert answered - CONTENT.criteria.keys() == set()


def test_every_criterion_that_cards_have_words_for_is_written_down() -> None:
    assert load_catalogue().text.criteria.keys() - CONTENT.criteria.keys() == set()


def test_every_threshold_of_every_policy_is_shown_with_its_criterion(knowledge: Knowledge) -> None:
    shown = {key for criterion in CONTENT.criteria.values() for key in criterion.settings}
    shown |= {f"{name}.{key}" for name, criterion in CONTENT.criteria.items() for key in criterion.params}

    sourced = {key for policy in knowledge.policies for key in policy.file.sources}
    assert sourced
    assert sourced - shown == set()


def test_each_rule_s_criteria_say_what_met_and_unmet_mean() -> None:
    for name, criterion in CONTENT.criteria.items():
        if name.startswith("CON-"):
            assert criterion.answers.keys() == {"conflict"}, name
        else:
            assert criterion.answers.keys() & {"met", "not-met"}, name


def test_no_text_reproaches_orders_or_promises_payment() -> None:
    for name, criterion in CONTENT.criteria.items():
        statements = [s for s in sentences(criterion) if not s.endswith("?")]
        assert [s for s in sentences(criterion) if REPROACHES.search(s)] == [], name
        assert [s for s in statements if ORDERS.search(s)] == [], name


def test_none_of_the_thirteen_attributes_is_empty_for_any_criterion() -> None:
    assert len(ATTRIBUTES) == 13
    assert tuple(CONTENT.attributes) == ATTRIBUTES
    for criterion in CONTENT.criteria.values():
        for name in ATTRIBUTES:
            assert criterion.attributes.get(name, CONTENT.attributes[name].value).strip()


def test_what_is_said_of_the_patient_s_attributes_is_not_used_throughout() -> None:
    unused = ("race", "ethnicity", "language", "sexual-orientation", "gender-identity", "sex")

    for criterion in CONTENT.criteria.values():
        for name in (*unused, "social-determinants"):
            assert name not in criterion.attributes
            assert CONTENT.attributes[name].value == "Not used."  # type: ignore[index]


def test_criteria_with_pain_scores_among_their_inputs_say_so_in_the_last_attribute() -> None:
    for name, criterion in CONTENT.criteria.items():
        reads_scores = "obs-pain-score" in criterion.value_sets
        assert ("health-status" in criterion.attributes) is reads_scores, name
