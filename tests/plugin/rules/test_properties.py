"""What holds of every rule, whatever the record: found out with arbitrary cases."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.policies.model import RULES
from tests.builders import ask
from tests.plugin.rules.records import cases, learned
from tests.sizes import sized

thorough = settings(
    max_examples=sized(2000, 120),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def settled(check: Check) -> str | None:
    """`satisfied`, `gap`, or None while the answer is open."""
    if check.is_satisfied:
        return "satisfied"
    return "gap" if check.kind is Kind.GAP else None


@pytest.mark.parametrize("rule", sorted(RULES))
@given(data=st.data())
@thorough
def test_learning_more_never_reverses_a_settled_answer(rule: str, data: st.DataObject) -> None:
    before = data.draw(cases(families=RULES[rule].FAMILIES))
    after = data.draw(learned(before))

    was, became = ask(rule, before), ask(rule, after)

    assert {settled(was), settled(became)} != {"satisfied", "gap"}, f"{was.row} became {became.row}"


@pytest.mark.parametrize(
    ("rule", "section"),
    [
        ("indication_documented", "diagnoses"),
        *(("mri_confirms_region", s) for s in ("studies", "operations", "diagnoses")),
        *(("conservative_care_completed", s) for s in ("care", "injections", "waivers", "diagnoses")),
        ("facet_pain_documented", "diagnoses"),
        ("facet_blocks_before_therapy", "injections"),
        ("facet_block_repeated", "injections"),
        ("ablation_follows_blocks", "injections"),
        ("ablations_spaced", "injections"),
        *(("ablation_in_unfused_segment", s) for s in ("operations", "diagnoses")),
        ("repeat_response_documented", "injections"),
        ("sacroiliac_block_helped", "injections"),
        ("sacroiliac_pain_documented", "diagnoses"),
        ("muscle_pain_documented", "diagnoses"),
    ],
)
@given(data=st.data())
@thorough
def test_no_gap_is_said_while_a_part_that_decides_is_unread(
    rule: str, section: str, data: st.DataObject
) -> None:
    check = ask(rule, data.draw(cases(section, RULES[rule].FAMILIES)))

    assert settled(check) != "gap", check.row


@pytest.mark.parametrize("rule", sorted(RULES))
@given(data=st.data())
@thorough
def test_a_gap_is_never_for_want_of_access_and_an_open_answer_says_why(
    rule: str, data: st.DataObject
) -> None:
    check = ask(rule, data.draw(cases(families=RULES[rule].FAMILIES)))

    if settled(check) == "gap":
        assert check.reason in (None, Reason.NO_EVIDENCE)
    if check.outcome is Outcome.UNKNOWN:
        assert check.reason is not None
    assert (check.reason is Reason.NO_ACCESS) == bool(check.unread)
    assert (check.kind is Kind.UNKNOWN) == (check.outcome is Outcome.UNKNOWN and settled(check) is None)
