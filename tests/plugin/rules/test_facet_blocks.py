"""FAC-1 and FAC-2, row by row: diagnostic facet blocks before a treatment, and before a further block."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.families import Purpose
from plugin.domain.injections import Injection
from tests.builders import CERVICAL, UNSPECIFIED, ask, days_ago, judge, unread
from tests.plugin.rules.facets import FAILED, LEFT, NO_RESULT, PARTLY, RIGHT, UNCLEAR, WORKED, block, facet


def therapy(*history: Injection, **changes: Any) -> Check:
    given = {"purpose": Purpose.THERAPEUTIC, **changes}
    return ask("facet_blocks_before_therapy", facet("64493", *history, **given))


def again(*history: Injection, **changes: Any) -> Check:
    given = {"purpose": Purpose.DIAGNOSTIC, **changes}
    return ask("facet_block_repeated", facet("64493", *history, **given))


TWO = (block("2026-08-01", 85), block("2026-09-15", 90))


def test_a_diagnostic_block_needs_none_before_it() -> None:
    check = therapy(purpose=Purpose.DIAGNOSTIC)

    assert (check.row, check.outcome, check.kind) == ("diagnostic-block", Outcome.WAIVED, None)


def test_two_positive_blocks_meet_the_criterion_with_a_note() -> None:
    check = therapy(*TWO)

    assert (check.row, check.outcome, check.kind) == ("positive-blocks", Outcome.MET, Kind.NOTE)
    assert [item.remark for item in check.decided_by] == ["relief-enough", "relief-enough"]


@pytest.mark.parametrize(
    ("percent", "row"), [(79, "too-few-positive"), (80, "positive-blocks"), (81, "positive-blocks")]
)
def test_relief_is_enough_from_80_percent_on(percent: float, row: str) -> None:
    assert therapy(TWO[0], block("2026-09-15", percent)).row == row


@pytest.mark.parametrize(
    ("days", "row"), [(729, "positive-blocks"), (730, "positive-blocks"), (731, "too-few-positive")]
)
def test_blocks_count_for_two_years(days: int, row: str) -> None:
    assert therapy(TWO[1], block(days_ago(days))).row == row


def test_one_positive_block_is_a_gap() -> None:
    check = therapy(TWO[0], block("2026-09-15", 40))

    assert (check.row, check.outcome, check.kind) == ("too-few-positive", Outcome.NOT_MET, Kind.GAP)
    assert (check.facts["positive"], check.facts["reliefs"]) == (1, "85 %, 40 %")


@pytest.mark.parametrize(
    ("blocks", "undocumented"),
    [
        ((block("2026-09-15", None),), 1),
        ((block("2026-09-15", None), block("2026-08-01", None)), 2),
        ((TWO[0], block("2026-09-15", None)), 1),
        ((block("2026-09-15", None), block("2026-08-01", 40)), 1),
    ],
)
def test_blocks_without_a_result_are_a_gap_that_says_so(
    blocks: tuple[Injection, ...], undocumented: int
) -> None:
    check = therapy(*blocks)

    assert (check.row, check.outcome, check.reason) == (
        "results-not-documented",
        Outcome.UNKNOWN,
        Reason.NO_EVIDENCE,
    )
    assert check.kind is Kind.GAP
    assert check.facts["undocumented"] == undocumented


@pytest.mark.parametrize("relief", [PARTLY, FAILED])
def test_blocks_that_fell_short_are_a_gap(relief: Any) -> None:
    assert therapy(block("2026-08-01", 60), block("2026-09-15", relief=relief)).row == "relief-too-low"


def test_no_block_is_a_gap() -> None:
    check = therapy()

    assert (check.row, check.outcome, check.kind) == ("no-block", Outcome.NOT_MET, Kind.GAP)


def test_successes_without_a_number_leave_it_open() -> None:
    check = therapy(TWO[0], block("2026-09-15", relief=WORKED))

    assert (check.row, check.outcome, check.reason) == ("unquantified", Outcome.UNKNOWN, Reason.AMBIGUOUS)
    assert check.kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "second",
    [
        block("2026-09-15", relief=UNCLEAR),
        block("2026-09"),
        block(None),
        block("2026-09-15", is_certain=False),
        block("2026-09-15", region=UNSPECIFIED),
    ],
)
def test_a_block_that_is_not_exact_leaves_it_open(second: Injection) -> None:
    check = therapy(TWO[0], second)

    assert (check.row, check.reason) == ("undetermined", Reason.AMBIGUOUS)


@pytest.mark.parametrize(
    "second",
    [
        block("2026-09-15", region=CERVICAL),
        block("2026-09-15", sides=LEFT),
        block("2026-09-15", purpose=Purpose.THERAPEUTIC),
        block("2026-08-01", 90),
        block("2026-12-01"),
    ],
)
def test_another_place_purpose_day_or_time_is_no_second_block(second: Injection) -> None:
    assert therapy(TWO[0], second, sides=RIGHT).row == "too-few-positive"


def test_a_block_of_unstated_purpose_counts_as_one() -> None:
    assert therapy(TWO[0], block("2026-09-15", purpose=Purpose.UNDETERMINED)).row == "positive-blocks"


def test_two_results_of_one_day_that_differ_leave_it_open() -> None:
    one_day = (block("2026-09-15", 90), block("2026-09-15", 40))

    assert therapy(TWO[0], *one_day).row == "undetermined"
    assert therapy(TWO[0], block("2026-09-15", 90), block("2026-09-15", None)).row == "positive-blocks"


def test_a_positive_line_that_may_be_of_another_place_does_not_settle_its_day() -> None:
    unsure = block("2026-09-15", 90, region=UNSPECIFIED)

    assert therapy(TWO[0], block("2026-09-15", None), unsure).row == "undetermined"


@pytest.mark.parametrize(
    ("history", "row", "kind"),
    [
        ((), "purpose-not-stated", Kind.UNKNOWN),
        ((TWO[0],), "purpose-not-stated", Kind.UNKNOWN),
        (TWO, "positive-blocks", None),
    ],
)
def test_an_unstated_purpose_is_never_a_gap(
    history: tuple[Injection, ...], row: str, kind: Kind | None
) -> None:
    check = therapy(*history, purpose=Purpose.UNDETERMINED)

    assert (check.row, check.kind) == (row, kind)


def test_blocks_that_could_not_all_be_read_are_never_a_gap() -> None:
    part = {"injections": unread("procedures", TWO[0])}
    check = therapy(sections=part)

    assert (check.row, check.reason) == ("unread", Reason.NO_ACCESS)
    assert [u.source for u in check.unread] == ["procedures"]
    assert therapy(sections={"injections": unread("procedures", *TWO)}).row == "positive-blocks"


def test_results_that_could_not_be_read_are_never_a_gap() -> None:
    scores = {"pain_scores": unread("observations")}

    for second in (block("2026-09-15", None), block("2026-09-15", relief=FAILED)):
        check = therapy(TWO[0], second, sections=scores)
        assert (check.row, [u.source for u in check.unread]) == ("unread", ["observations"])
    assert therapy(TWO[0], block("2026-09-15", 40), sections=scores).row == "too-few-positive"
    assert therapy(sections=scores).row == "no-block"


def test_a_treatment_is_not_asked_about_further_blocks() -> None:
    for purpose in (Purpose.THERAPEUTIC, Purpose.UNDETERMINED):
        check = again(*TWO, purpose=purpose)
        assert (check.row, check.outcome, check.kind) == ("not-diagnostic", Outcome.WAIVED, None)


def test_a_first_block_is_free() -> None:
    assert (again().row, again().outcome) == ("first-block", Outcome.MET)
    assert again(block("2026-09-01", region=CERVICAL)).row == "first-block"
    assert again(block("2026-09-01", sides=LEFT), sides=RIGHT).row == "first-block"
    assert again(block("2026-09-01", purpose=Purpose.THERAPEUTIC)).row == "first-block"


@pytest.mark.parametrize(("days", "row"), [(13, "too-soon"), (14, "blocks-spaced"), (15, "blocks-spaced")])
def test_14_days_lie_between_two_blocks(days: int, row: str) -> None:
    check = again(block(days_ago(days)))

    assert check.row == row
    assert check.facts["days_between"] == f"{days}"


@pytest.mark.parametrize(
    ("percent", "row"), [(79, "last-fell-short"), (80, "blocks-spaced"), (100, "blocks-spaced")]
)
def test_the_block_before_took_away_80_percent(percent: float, row: str) -> None:
    assert again(block("2026-09-01", percent)).row == row


def test_a_block_that_fell_short_is_a_gap() -> None:
    check = again(block("2026-09-01", 40))

    assert (check.outcome, check.kind, check.facts["reliefs"]) == (Outcome.NOT_MET, Kind.GAP, "40 %")


def test_a_block_before_without_a_result_only_informs() -> None:
    check = again(block("2026-09-01", None))

    assert (check.row, check.outcome, check.reason) == (
        "last-without-result",
        Outcome.UNKNOWN,
        Reason.NO_EVIDENCE,
    )
    assert check.kind is Kind.UNKNOWN


def test_a_block_before_that_worked_without_a_number_only_informs() -> None:
    check = again(block("2026-09-01", relief=WORKED))

    assert (check.row, check.kind) == ("last-unquantified", Kind.UNKNOWN)


def test_a_third_block_of_one_place_is_a_gap() -> None:
    check = again(block("2026-05-01"), block("2026-07-01"))

    assert (check.row, check.kind) == ("further-block", Kind.GAP)
    assert again(block("2026-05-01", sides=LEFT), block("2026-07-01"), sides=RIGHT).row == "blocks-spaced"


def test_a_fifth_session_of_the_year_is_a_gap_on_whichever_side() -> None:
    days = ("2026-01-10", "2026-03-10", "2026-05-10", "2026-07-10")
    left = [block(day, sides=LEFT) for day in days]

    check = again(*left, sides=RIGHT)

    assert (check.row, check.facts["session_number"]) == ("too-many-sessions", 5)
    assert again(*left[1:], sides=RIGHT).row == "first-block"


@pytest.mark.parametrize(("days", "row"), [(364, "too-many-sessions"), (365, "first-block")])
def test_a_session_of_a_year_ago_counts_no_more(days: int, row: str) -> None:
    recent = [block(day, sides=LEFT) for day in ("2026-03-10", "2026-05-10", "2026-07-10")]

    assert again(*recent, block(days_ago(days), sides=LEFT), sides=RIGHT).row == row


def test_without_a_planned_day_a_recent_block_only_informs() -> None:
    today = date(2026, 11, 20)

    check = again(block("2026-11-15"), planned=None, asked_on=today)

    assert (check.row, check.reason) == ("date-not-planned", Reason.AMBIGUOUS)
    assert again(block("2026-11-06"), planned=None, asked_on=today).row == "blocks-spaced"


@pytest.mark.parametrize(
    "before",
    [
        block("2026-11"),
        block("2026-09-01", 40, is_certain=False),
        block("2026-09-01", None, purpose=Purpose.UNDETERMINED),
        block("2026-11-15", purpose=Purpose.UNDETERMINED),
        block("2026-09-01", relief=UNCLEAR),
        block(None),
    ],
)
def test_a_block_before_that_is_not_exact_leaves_it_open(before: Injection) -> None:
    check = again(before)

    assert (check.row, check.reason) == ("undetermined", Reason.AMBIGUOUS)


def test_a_later_one_that_may_be_a_block_weighs_too() -> None:
    assert again(block("2026-07-01"), block("2026-09", 40)).row == "undetermined"
    assert again(block("2026-07-01"), block(None, 40)).row == "undetermined"


def test_blocks_or_results_that_could_not_be_read_leave_a_further_block_open() -> None:
    for sections in (
        {"injections": unread("procedures", block("2026-11-15"))},
        {"injections": unread("procedures", *TWO)},
    ):
        assert again(sections=sections).row == "unread"
    scores = {"pain_scores": unread("observations")}
    assert again(block("2026-09-01", relief=NO_RESULT), sections=scores).row == "unread"
    assert again(block("2026-09-01", 40), sections=scores).row == "last-fell-short"


def test_only_a_document_with_a_number_of_its_own_is_said_to_be_met_or_not() -> None:
    asked = facet("64493", block("2026-09-01", 40), purpose=Purpose.DIAGNOSTIC)
    check = ask("facet_block_repeated", asked)

    said = {t.guideline.id: t.outcome for t in judge().testimonies(asked, check)}

    assert said["medicare-facet-lcd"] is Outcome.NOT_MET
    assert said["uhc-facet-2026"] is None
