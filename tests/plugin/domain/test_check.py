"""How a decision table is read: the first true row, and what may be true above it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plugin.domain.check import Check, Item, Kind, Outcome, Reason, Row, Unread, decide
from plugin.domain.truth import Truth

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
SEEN = Item("mr", "lumbar", "ImagingStudy/1")
NOT_READ = (Unread("imaging", "timeout"),)


def met(when: Truth, name: str = "met") -> Row:
    return Row(name, when, Outcome.MET, decided_by=(SEEN,))


def waived(when: Truth) -> Row:
    return Row("waived", when, Outcome.WAIVED)


def failed(when: Truth, name: str = "failed") -> Row:
    return Row(name, when, Outcome.NOT_MET)


def missing(when: Truth) -> Row:
    return Row("missing", when, Outcome.UNKNOWN, Reason.NO_EVIDENCE, is_gap=True)


def unsure(when: Truth, name: str = "unsure", reason: Reason = Reason.AMBIGUOUS) -> Row:
    return Row(name, when, Outcome.UNKNOWN, reason)


def answer(*rows: Row) -> Check:
    return decide("X-1", rows, facts={"days": 1}, unread=NOT_READ)


def test_the_first_true_row_decides() -> None:
    check = answer(met(F), failed(T), met(T))

    assert (check.row, check.outcome, check.kind) == ("failed", Outcome.NOT_MET, Kind.GAP)


@pytest.mark.parametrize(
    ("above", "below", "outcome", "row"),
    [
        (met, failed, Outcome.UNKNOWN, "undetermined"),
        (met, missing, Outcome.UNKNOWN, "undetermined"),
        (waived, failed, Outcome.UNKNOWN, "undetermined"),
        (failed, met, Outcome.UNKNOWN, "undetermined"),
        (unsure, failed, Outcome.UNKNOWN, "undetermined"),
        (unsure, met, Outcome.UNKNOWN, "undetermined"),
        (met, waived, Outcome.WAIVED, "waived"),
        (waived, met, Outcome.MET, "met"),
        (failed, missing, Outcome.UNKNOWN, "missing"),
        (missing, failed, Outcome.NOT_MET, "failed"),
        (met, unsure, Outcome.UNKNOWN, "unsure"),
        (failed, unsure, Outcome.UNKNOWN, "unsure"),
    ],
)
def test_a_row_that_may_hold_leaves_open_what_would_answer_otherwise(
    above: Callable[[Truth], Row], below: Callable[[Truth], Row], outcome: Outcome, row: str
) -> None:
    check = answer(above(U), below(T))

    assert (check.outcome, check.row) == (outcome, row)


def test_one_dissenting_row_among_several_that_may_hold_is_enough() -> None:
    check = answer(failed(U, "a"), met(U), failed(T))

    assert (check.row, check.reason, check.kind) == ("undetermined", Reason.AMBIGUOUS, Kind.UNKNOWN)


def test_rows_that_may_hold_below_the_first_true_one_change_nothing() -> None:
    assert answer(failed(T), met(U)).outcome is Outcome.NOT_MET


def test_an_undetermined_answer_names_what_may_decide_it() -> None:
    assert answer(met(U), failed(T)).decided_by == (SEEN,)


def test_a_required_item_not_found_is_a_gap_though_its_outcome_is_unknown() -> None:
    check = answer(missing(T))

    assert (check.outcome, check.reason, check.kind) == (
        Outcome.UNKNOWN,
        Reason.NO_EVIDENCE,
        Kind.GAP,
    )


def test_only_an_answer_for_want_of_access_carries_what_was_unread() -> None:
    assert answer(unsure(T, reason=Reason.NO_ACCESS)).unread == NOT_READ
    assert answer(unsure(T)).unread == ()
    assert answer(met(T)).unread == ()


def test_a_satisfied_row_is_silent_unless_it_speaks() -> None:
    speaking = Row("loud", T, Outcome.MET, speaks=True)

    assert answer(met(T)).kind is None
    assert answer(speaking).kind is Kind.NOTE
    assert answer(waived(T)).kind is None


def test_the_deciding_rows_own_facts_join_those_of_the_question() -> None:
    row = Row("told", T, Outcome.NOT_MET, facts={"age": 3})

    assert answer(row).facts == {"days": 1, "age": 3}


def test_a_row_that_cannot_hold_may_be_left_out_of_the_table() -> None:
    assert answer(waived(F), met(U), unsure(F), failed(T)) == answer(met(U), failed(T))


def test_a_table_without_a_true_row_is_refused() -> None:
    with pytest.raises(LookupError, match="X-1"):
        answer(met(F), failed(U))


@pytest.mark.parametrize(
    ("outcome", "satisfied"),
    [
        (Outcome.MET, True),
        (Outcome.WAIVED, True),
        (Outcome.NOT_MET, False),
        (Outcome.UNKNOWN, False),
        (Outcome.CONFLICT, False),
    ],
)
def test_met_and_waived_satisfy_a_criterion(outcome: Outcome, satisfied: bool) -> None:
    assert Check("X-1", "row", outcome).is_satisfied is satisfied
