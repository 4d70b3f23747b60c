"""SIJ-1 to SIJ-3: the joint named, an earlier block, the number of sessions, and ablation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Kind, Outcome, Reason
from plugin.domain.evidence import Diagnosis, Section, Standing
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Injection, Relief, Verdict
from plugin.domain.order import InjectionOrder
from plugin.domain.regions import Region
from tests.builders import (
    ask,
    case,
    days_ago,
    diagnosis,
    injection,
    judge,
    order,
    reasoned,
    section,
    unread,
)

JOINT = diagnosis("M46.1")
HELPED = Relief(percent=75.0)


def source(asked: Case) -> tuple[str, Outcome, Kind | None]:
    check = ask("sacroiliac_pain_documented", asked)
    return check.row, check.outcome, check.kind


def for_joint(*reasons: Diagnosis, problems: tuple[Diagnosis, ...] = (), code: str = "27096") -> Case:
    return reasoned(*reasons, code=code, problems=problems)


@pytest.mark.parametrize("code", ["M46.1", "M53.3", "M43.28", "M47.818", "202487003", "55146009"])
@pytest.mark.parametrize("order_code", ["27096", "G0260", "64451", "64625"])
def test_a_diagnosis_of_the_joint_is_what_the_injection_is_for(code: str, order_code: str) -> None:
    found = source(for_joint(diagnosis(code), code=order_code))

    assert found == ("joint-named", Outcome.MET, None)


@pytest.mark.parametrize("reasons", [(), (diagnosis("M54.16"),), (diagnosis("M54.50"),)])
def test_the_joint_on_the_problem_list_counts_beside_any_reason(reasons: tuple[Diagnosis, ...]) -> None:
    assert source(for_joint(*reasons, problems=(JOINT,)))[0] == "joint-named"


@pytest.mark.parametrize(
    ("reasons", "problems", "row", "kind"),
    [
        (["M99.04"], [], "supportive-only", Kind.UNKNOWN),
        (["M53.2X8"], [], "supportive-only", Kind.UNKNOWN),
        (["M54.50", "M99.05"], [], "supportive-only", Kind.UNKNOWN),
        (["M54.50"], [], "other-pain", Kind.GAP),
        (["M54.16"], [], "other-pain", Kind.GAP),
        (["M54.2"], [], "other-pain", Kind.GAP),
        ([], ["M54.50"], "other-pain-listed", Kind.GAP),
        ([], ["M54.16"], "other-pain-listed", Kind.GAP),
        (["G89.29"], ["M54.50"], "other-pain-listed", Kind.GAP),
        ([], ["M54.2"], "none-recorded", Kind.UNKNOWN),
        (["M51.26"], [], "none-recorded", Kind.UNKNOWN),
        (["M51.26"], ["M54.50"], "none-recorded", Kind.UNKNOWN),
        ([], [], "none-recorded", Kind.UNKNOWN),
        (["M46.1"], ["M45.8"], "inflammatory", Kind.UNKNOWN),
        (["M45.9"], [], "inflammatory", Kind.UNKNOWN),
    ],
)
def test_other_diagnoses(reasons: list[str], problems: list[str], row: str, kind: Kind) -> None:
    asked = for_joint(*map(diagnosis, reasons), problems=tuple(map(diagnosis, problems)))

    found = source(asked)

    assert (found[0], found[2]) == (row, kind)


def test_an_unconfirmed_diagnosis_of_the_joint_leaves_it_open() -> None:
    provisional = replace(JOINT, is_certain=False)

    assert source(for_joint(provisional)) == ("possible", Outcome.UNKNOWN, Kind.UNKNOWN)
    assert source(for_joint(diagnosis("M54.50"), problems=(provisional,)))[0] == "possible"


@pytest.mark.parametrize("standing", [Standing.HISTORICAL, Standing.REFUTED])
def test_a_joint_that_no_longer_hurts_is_none(standing: Standing) -> None:
    past = replace(JOINT, standing=standing)

    assert source(for_joint(diagnosis("M54.50"), problems=(past,)))[0] == "other-pain"


def test_unread_diagnoses_leave_it_open_unless_the_joint_is_named() -> None:
    without, with_joint = order("27096"), order("27096", reason_codes=(JOINT,))

    assert source(case(without, diagnoses=unread("conditions", diagnosis("M54.50"))))[0] == "unread"
    assert source(case(with_joint, diagnoses=unread("conditions")))[0] == "joint-named"


def test_a_reason_that_cannot_be_found_may_name_the_joint() -> None:
    asked = case(order("27096", reason_references=("Condition/lost",)), problems=[diagnosis("M54.50")])

    check = ask("sacroiliac_pain_documented", asked)

    assert (check.row, check.reason) == ("unread", Reason.NO_ACCESS)
    assert [u.source for u in check.unread] == ["reason"]


@pytest.mark.parametrize(("hook", "indicator"), [("order-select", "info"), ("order-sign", "warning")])
def test_without_a_reason_other_pain_weighs_more_at_signing(hook: str, indicator: str) -> None:
    found = judge().judge(for_joint(problems=(diagnosis("M54.50"),)), hook).findings

    assert {f.check.criterion: f.indicator for f in found}["SIJ-1"] == indicator


def block(when: str | None, relief: Relief = HELPED, **changes: object) -> Injection:
    given = {"family": Family.SIJ_INJECTION, "region": Region.of("sacral"), "relief": relief}
    return injection(when, **{**given, **changes})


def placed(purpose: Purpose = Purpose.THERAPEUTIC, code: str = "27096", **changes: object) -> InjectionOrder:
    return order(code, purpose=purpose, **changes)


def after(*earlier: Injection, order: InjectionOrder | None = None) -> str:
    asked = case(order or placed(), problems=[JOINT], injections=section(*earlier))
    return ask("sacroiliac_block_helped", asked).row


@pytest.mark.parametrize(
    ("relief", "row"),
    [
        (Relief(percent=74.9), "block-too-weak"),
        (Relief(percent=75.0), "block-helped"),
        (Relief(percent=100.0), "block-helped"),
        (Relief(verdict=Verdict.SUCCESSFUL), "not-quantified"),
        (Relief(percent=90.0, is_contradictory=True), "not-quantified"),
        (Relief(verdict=Verdict.PARTIAL), "block-too-weak"),
        (Relief(verdict=Verdict.UNSUCCESSFUL), "block-too-weak"),
        (Relief(), "result-not-recorded"),
    ],
)
def test_how_much_an_earlier_block_helped(relief: Relief, row: str) -> None:
    assert after(block(days_ago(40), relief)) == row


@pytest.mark.parametrize(
    ("relief", "row"),
    [
        (HELPED, "block-helped"),
        (Relief(percent=60.0), "block-too-weak"),
        (Relief(verdict=Verdict.UNSUCCESSFUL), "block-too-weak"),
        (Relief(verdict=Verdict.PARTIAL), "unread"),
        (Relief(verdict=Verdict.SUCCESSFUL), "unread"),
        (Relief(), "unread"),
    ],
)
def test_measures_that_could_not_be_read_may_show_that_a_block_helped(relief: Relief, row: str) -> None:
    history = section(block(days_ago(40), relief))
    asked = case(placed(), problems=[JOINT], injections=history, pain_scores=unread("observations"))

    check = ask("sacroiliac_block_helped", asked)

    assert (check.row, check.reason is Reason.NO_ACCESS) == (row, row == "unread")
    assert [u.source for u in check.unread] == (["observations"] if row == "unread" else [])


def test_measures_that_could_not_be_read_do_not_matter_without_a_block() -> None:
    asked = case(placed(), problems=[JOINT], pain_scores=unread("observations"))

    assert ask("sacroiliac_block_helped", asked).row == "no-block"


def test_treatment_without_any_block_is_a_gap() -> None:
    assert after() == "no-block"


def test_a_missing_result_is_a_gap_and_not_called_negative() -> None:
    asked = case(placed(), injections=section(block(days_ago(40), Relief())))

    check = ask("sacroiliac_block_helped", asked)

    assert (check.outcome, check.reason, check.kind) == (Outcome.UNKNOWN, Reason.NO_EVIDENCE, Kind.GAP)
    assert [i.remark for i in check.decided_by] == ["no-result"]


@pytest.mark.parametrize(
    ("relief", "remark"),
    [
        (Relief(percent=75.0), "relief-enough"),
        (Relief(percent=60.0), "relief-too-low"),
        (Relief(verdict=Verdict.PARTIAL), "relief-too-low"),
        (Relief(verdict=Verdict.SUCCESSFUL), "success-without-number"),
        (Relief(percent=60.0, is_contradictory=True), "results-disagree"),
    ],
)
def test_every_block_is_shown_with_what_is_known_of_it(relief: Relief, remark: str) -> None:
    asked = case(placed(), injections=section(block(days_ago(40), relief)))

    assert [i.remark for i in ask("sacroiliac_block_helped", asked).decided_by] == [remark]


@pytest.mark.parametrize(
    ("ordered", "charted", "row"),
    [
        ({"left"}, {"left"}, "block-helped"),
        ({"left"}, {"right"}, "no-block"),
        ({"left"}, {"left", "right"}, "block-helped"),
        ({"left"}, set(), "block-helped"),
        (set(), {"right"}, "block-helped"),
    ],
)
def test_a_block_of_the_other_side_is_none(ordered: set[str], charted: set[str], row: str) -> None:
    asked = placed(sides=frozenset(ordered))

    assert after(block(days_ago(40), sides=frozenset(charted)), order=asked) == row


@pytest.mark.parametrize(
    "earlier",
    [
        block(None),
        block("2026"),
        block("2026-11"),
        block(days_ago(40), is_certain=False),
    ],
)
def test_a_block_that_may_be_later_or_may_not_have_been_leaves_it_open(earlier: Injection) -> None:
    assert after(earlier) == "undetermined"


def test_a_block_on_the_planned_day_or_later_is_no_earlier_one() -> None:
    assert after(block(days_ago(0)), block(days_ago(-3))) == "no-block"


def test_an_injection_of_another_kind_is_no_block_of_the_joint() -> None:
    assert after(block(days_ago(40), family=Family.FACET_INJECTION)) == "no-block"


def test_a_block_of_the_nerves_is_one_of_the_joint() -> None:
    assert after(block(days_ago(40), family=Family.LATERAL_BRANCH_BLOCK)) == "block-helped"


@pytest.mark.parametrize("code", ["27096", "64451"])
def test_without_a_purpose_nothing_is_a_gap(code: str) -> None:
    open_order = placed(Purpose.UNDETERMINED, code)

    assert after(order=open_order) == "purpose-not-stated"
    assert after(block(days_ago(40), Relief(percent=10.0)), order=open_order) == "purpose-not-stated"
    assert after(block(days_ago(40)), order=open_order) in ("block-helped", "lateral-branch")


@pytest.mark.parametrize("purpose", [Purpose.DIAGNOSTIC, Purpose.THERAPEUTIC])
def test_a_block_of_the_nerves_that_meets_the_criterion_gets_a_note(purpose: Purpose) -> None:
    asked = case(placed(purpose, "64451"), injections=section(block(days_ago(40))))

    check = ask("sacroiliac_block_helped", asked)

    assert (check.row, check.outcome, check.kind) == ("lateral-branch", Outcome.MET, Kind.NOTE)


def series(number: int, purpose: Purpose, *, first: int = 20) -> list[Injection]:
    return [block(days_ago(first + 30 * n), purpose=purpose) for n in range(number)]


@pytest.mark.parametrize(
    ("purpose", "number", "row"),
    [
        (Purpose.DIAGNOSTIC, 0, "diagnostic"),
        (Purpose.DIAGNOSTIC, 1, "diagnostic"),
        (Purpose.DIAGNOSTIC, 2, "too-many-diagnostic"),
        (Purpose.DIAGNOSTIC, 3, "too-many-diagnostic"),
        (Purpose.THERAPEUTIC, 3, "block-helped"),
        (Purpose.THERAPEUTIC, 4, "too-many-therapeutic"),
        (Purpose.THERAPEUTIC, 5, "too-many-therapeutic"),
    ],
)
def test_sessions_of_one_purpose_are_counted(purpose: Purpose, number: int, row: str) -> None:
    assert after(*series(number, purpose), order=placed(purpose)) == row


def test_sessions_of_the_other_purpose_do_not_count() -> None:
    assert after(*series(5, Purpose.THERAPEUTIC), order=placed(Purpose.DIAGNOSTIC)) == "diagnostic"
    assert after(*series(5, Purpose.DIAGNOSTIC)) == "block-helped"


def test_sessions_whose_purpose_is_not_stated_may_count() -> None:
    assert after(*series(2, Purpose.UNDETERMINED), order=placed(Purpose.DIAGNOSTIC)) == "undetermined"


def test_two_needles_on_one_day_are_one_session() -> None:
    both = [block(days_ago(20), purpose=Purpose.DIAGNOSTIC, reference=f"Procedure/{n}") for n in (1, 2)]

    assert after(*both, order=placed(Purpose.DIAGNOSTIC)) == "diagnostic"


@pytest.mark.parametrize(("days", "row"), [(364, "too-many-diagnostic"), (365, "diagnostic")])
def test_the_window_is_a_year(days: int, row: str) -> None:
    earlier = [block(days_ago(d), purpose=Purpose.DIAGNOSTIC) for d in (20, days)]

    assert after(*earlier, order=placed(Purpose.DIAGNOSTIC)) == row


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("known", [(), (block(days_ago(40)),)])
def test_unread_procedures_leave_it_open(purpose: Purpose, known: tuple[Injection, ...]) -> None:
    asked = case(placed(purpose), injections=unread("procedures", *known))

    check = ask("sacroiliac_block_helped", asked)

    assert (check.row, check.reason) == ("unread", Reason.NO_ACCESS)


def test_too_many_sessions_stay_too_many_when_more_is_unread() -> None:
    earlier = Section(tuple(series(4, Purpose.THERAPEUTIC)), unread("procedures").unread)

    check = ask("sacroiliac_block_helped", case(placed(), injections=earlier))

    assert check.row == "too-many-therapeutic"
    assert check.facts["session_number"] == 5


def test_ablation_of_the_nerves_is_put_up_for_discussion() -> None:
    check = ask("sacroiliac_ablation_supported", case(order("64625"), problems=[JOINT]))

    assert (check.criterion, check.kind) == ("SIJ-3", Kind.GAP)
