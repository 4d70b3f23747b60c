"""What several rules share of a case: when the episode began, and what was injected here before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from plugin.domain.care import count_care
from plugin.domain.case import Case
from plugin.domain.evidence import Diagnosis, Standing
from plugin.domain.truth import Truth
from tests.builders import CERVICAL, case, diagnosis, injection, on, order, section

BEGAN = "2026-05-01"
UNDATED_REASON = replace(diagnosis("M54.16"), reference="ServiceRequest/order")


def for_a_code(*problems: Diagnosis) -> Case:
    """The reason is a code on the order, which carries no date."""
    return case(order(reason_codes=(UNDATED_REASON,)), problems=problems)


def had_one(asked: Case, within_days: int = 30) -> Truth:
    return asked.had_session_here(lambda injection: Truth.TRUE, within_days)


@pytest.mark.parametrize(
    "problem",
    [
        diagnosis("M54.16", BEGAN),
        diagnosis("M54.16", BEGAN, region=CERVICAL),
        diagnosis("M48.062", BEGAN),
    ],
    ids=["the same code", "the same code at another region", "another limb pain of the region"],
)
def test_a_reason_without_a_date_takes_the_onset_of_the_same_illness_on_the_list(problem: Diagnosis) -> None:
    onset = for_a_code(problem).onset

    assert (onset.began, onset.reference) == (on(BEGAN), problem.reference)


@pytest.mark.parametrize(
    "problem",
    [
        diagnosis("M54.50", BEGAN),
        diagnosis("M54.12", BEGAN),
        diagnosis("M54.16", BEGAN, standing=Standing.HISTORICAL),
    ],
    ids=["pain without limb symptoms", "limb pain of another region", "no longer current"],
)
def test_a_reason_without_a_date_takes_no_onset_of_another_illness(problem: Diagnosis) -> None:
    assert for_a_code(problem).onset.began is None


def test_with_no_onset_the_earliest_recorded_date_is_kept() -> None:
    listed = [diagnosis("M54.16", recorded="2026-08-01"), diagnosis("M48.062", recorded="2026-07-01")]

    onset = for_a_code(*listed).onset

    assert (onset.began, onset.recorded) == (None, on("2026-07-01"))


def test_of_several_onsets_the_earliest_is_the_episodes() -> None:
    onset = for_a_code(diagnosis("M54.16", "2026-06-01"), diagnosis("M48.062", BEGAN)).onset

    assert (onset.began, onset.reference) == (on(BEGAN), "Condition/M48.062")


@pytest.mark.parametrize(
    ("taken", "expected"),
    [("2026-10-31", Truth.FALSE), ("2026-11-01", Truth.UNKNOWN), ("2026-11-29", Truth.UNKNOWN)],
)
def test_an_unplanned_procedure_is_at_the_earliest_on_the_day_of_the_request(
    taken: str, expected: Truth
) -> None:
    placed = order(planned=None, as_of=date(2026, 10, 1), asked_on=date(2026, 11, 30))

    assert had_one(case(placed, injections=section(injection(taken)))) is expected


@pytest.mark.parametrize(
    ("taken", "expected"),
    [("2026-10-25", Truth.UNKNOWN), ("2026-11-02", Truth.UNKNOWN), ("2026-09-15", Truth.FALSE)],
)
def test_a_procedure_planned_for_a_month_may_be_on_any_of_its_days(taken: str, expected: Truth) -> None:
    asked = case(order(planned="2026-11"), injections=section(injection(taken)))

    assert had_one(asked) is expected


def test_a_question_is_worked_out_once_for_each_case() -> None:
    asked, worked_out = case(), []

    def answer() -> int:
        worked_out.append(1)
        return len(worked_out)

    assert [asked.once("how many", answer), asked.once("how many", answer)] == [1, 1]
    assert asked.once("how many more", answer) == 2
    assert replace(asked, chronicity="acute").once("how many", answer) == 3


def test_a_case_with_other_diagnoses_keeps_nothing_of_the_ones_before() -> None:
    asked = for_a_code(diagnosis("M54.16"))
    assert [d.reference for d in asked.listed] == ["Condition/M54.16"]

    other = replace(asked, evidence=replace(asked.evidence, diagnoses=section(diagnosis("M48.062"))))

    assert [d.reference for d in other.listed] == ["Condition/M48.062"]


def test_care_is_counted_anew_for_another_look_back() -> None:
    asked = case()

    assert count_care(asked, 365, 45) is count_care(asked, 365, 45)
    assert count_care(asked, 30, 45).active.most < count_care(asked, 365, 45).active.most
