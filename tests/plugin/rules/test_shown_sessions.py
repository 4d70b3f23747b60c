"""What the answers about sacroiliac joints and about the last session show: entries, and numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Check
from plugin.domain.evidence import Diagnosis, Section, Standing
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Injection, Relief, Verdict
from plugin.domain.regions import Region
from tests.builders import ask, case, days_ago, diagnosis, injection, on, order, reasoned
from tests.plugin.rules.facets import FAILED, NO_RESULT, PARTLY, WORKED

JOINT = diagnosis("M46.1")
UNSURE = diagnosis("M46.1", is_certain=False)
TRANSFORAMINAL = "64483"


def block(days: int, relief: Relief = NO_RESULT, purpose: Purpose = Purpose.DIAGNOSTIC) -> Injection:
    """An earlier injection of the joint."""
    sacral = Region.of("sacral")
    return injection(days_ago(days), sacral, family=Family.SIJ_INJECTION, relief=relief, purpose=purpose)


def joint(purpose: Purpose, *history: Injection, code: str = "27096") -> Check:
    placed = order(code, purpose=purpose)
    return ask("sacroiliac_block_helped", case(placed, problems=[JOINT], injections=Section(history)))


def repeat(*history: Injection, code: str = "62323") -> Check:
    placed = order(code, reason_references=("Condition/M54.16",))
    return ask("repeat_response_documented", case(placed, injections=Section(history)))


def references(check: Check) -> list[str]:
    return [item.reference for item in check.decided_by]


TESTS = tuple(block(days) for days in (20, 50))
TREATMENTS = tuple(block(days, purpose=Purpose.THERAPEUTIC) for days in (20, 50, 80, 110))


@pytest.mark.parametrize(
    ("purpose", "history", "code", "row"),
    [
        (Purpose.DIAGNOSTIC, TESTS, "27096", "too-many-diagnostic"),
        (Purpose.DIAGNOSTIC, TESTS[:1], "27096", "diagnostic"),
        (Purpose.DIAGNOSTIC, TESTS[:1], "64451", "lateral-branch"),
        (Purpose.THERAPEUTIC, TREATMENTS, "27096", "too-many-therapeutic"),
        (Purpose.UNDETERMINED, TESTS, "27096", "purpose-not-stated"),
    ],
)
def test_earlier_injections_of_the_joint_are_shown(
    purpose: Purpose, history: Sequence[Injection], code: str, row: str
) -> None:
    check = joint(purpose, *history, code=code)

    assert (check.row, references(check)) == (row, [i.reference for i in history])


@pytest.mark.parametrize(
    ("purpose", "history", "number", "limit"),
    [
        (Purpose.DIAGNOSTIC, TESTS, 3, 2),
        (Purpose.THERAPEUTIC, TREATMENTS, 5, 4),
    ],
)
def test_the_number_of_the_session_and_its_limit_are_told(
    purpose: Purpose, history: Sequence[Injection], number: int, limit: int
) -> None:
    facts = joint(purpose, *history).facts

    assert (facts["session_number"], facts["max_sessions"]) == (number, limit)


def test_without_a_purpose_treatments_are_not_counted() -> None:
    assert joint(Purpose.UNDETERMINED, *TREATMENTS, block(140, Relief(80))).row == "block-helped"


def test_procedures_that_do_not_count_are_listed_as_set_aside() -> None:
    aside = block(20).item("not-completed")
    history: Section[Injection] = Section((), set_aside=(aside,))

    check = ask("sacroiliac_block_helped", case(order("27096"), problems=[JOINT], injections=history))

    assert check.set_aside == (aside,)


def asked(reasons: Sequence[Diagnosis], problems: Sequence[Diagnosis]) -> Case:
    return reasoned(*reasons, code="27096", problems=problems)


INFLAMED, WEAK, PLAIN, ROOT = (diagnosis(code) for code in ("M45.8", "M99.04", "M54.50", "M54.16"))


@pytest.mark.parametrize(
    ("reasons", "problems", "row", "shown"),
    [
        ([JOINT], [INFLAMED], "inflammatory", [INFLAMED, JOINT]),
        ([JOINT], [PLAIN], "joint-named", [JOINT]),
        ([UNSURE], [PLAIN], "possible", [UNSURE]),
        ([WEAK], [PLAIN], "supportive-only", [WEAK]),
        ([], [PLAIN, ROOT], "other-pain-listed", [PLAIN, ROOT]),
    ],
)
def test_what_the_joint_is_injected_for_is_shown(
    reasons: list[Diagnosis], problems: list[Diagnosis], row: str, shown: list[Diagnosis]
) -> None:
    check = ask("sacroiliac_pain_documented", asked(reasons, problems))

    assert (check.row, references(check)) == (row, [d.reference for d in shown])


def test_the_codes_of_other_pain_are_told() -> None:
    assert ask("sacroiliac_pain_documented", asked([], [PLAIN, ROOT])).facts["codes"] == "M54.50, M54.16"


@pytest.mark.parametrize(
    ("rule", "code"), [("sacroiliac_pain_documented", "27096"), ("muscle_pain_documented", "20552")]
)
def test_leg_pain_of_the_past_is_listed_as_not_counted(rule: str, code: str) -> None:
    past = diagnosis("M54.16", "2024-01-01", standing=Standing.HISTORICAL)

    check = ask(rule, reasoned(JOINT, code=code, problems=(past,)))

    assert [(i.reference, i.remark) for i in check.set_aside] == [(past.reference, "resolved")]


@pytest.mark.parametrize(
    ("days", "relief", "code", "row"),
    [
        (100, WORKED, "62323", "relieved"),
        (60, WORKED, "62323", "relief-recent"),
        (100, NO_RESULT, "62323", "no-result"),
        (100, PARTLY, "62323", "partial"),
        (100, FAILED, TRANSFORAMINAL, "failed-other-approach"),
        (10, FAILED, TRANSFORAMINAL, "failed-retried-early"),
    ],
)
def test_the_last_session_is_shown(days: int, relief: Relief, code: str, row: str) -> None:
    last = injection(days_ago(days), relief=relief)

    check = repeat(injection(days_ago(200), relief=Relief(verdict=Verdict.SUCCESSFUL)), last, code=code)

    assert (check.row, references(check)) == (row, [last.reference])


@pytest.mark.parametrize(
    ("last", "row"),
    [("2026-08-31", "relief-recent"), ("2026-08-30", "dates-not-exact"), ("2026-07-31", "dates-not-exact")],
)
def test_one_known_by_its_month_may_be_later_than_any_day_but_the_months_last(last: str, row: str) -> None:
    exact, rough = injection(last, relief=WORKED), injection("2026-08", relief=WORKED)

    assert rough.date == on("2026-08")
    assert repeat(exact, rough).row == row
