"""The whole tables of three-valued truth."""

from __future__ import annotations

import pytest

from plugin.domain.truth import Truth, any_of

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (T, T, T, T),
        (T, U, U, T),
        (T, F, F, T),
        (U, T, U, T),
        (U, U, U, U),
        (U, F, F, U),
        (F, T, F, T),
        (F, U, F, U),
        (F, F, F, F),
    ],
)
def test_and_and_or_follow_kleene(left: Truth, right: Truth, both: Truth, either: Truth) -> None:
    assert (left & right) is both
    assert (left | right) is either
    assert any_of([left, right]) is either


@pytest.mark.parametrize(("truth", "negated"), [(T, F), (F, T), (U, U)])
def test_not_keeps_the_unknown_unknown(truth: Truth, negated: Truth) -> None:
    assert ~truth is negated


def test_any_of_nothing_is_false() -> None:
    assert any_of([]) is F


def test_one_true_value_outweighs_unknowns_on_either_side_of_it() -> None:
    assert any_of([U, T, U]) is T
    assert any_of([F, U, F]) is U


@pytest.mark.parametrize("truth", list(Truth))
def test_a_truth_has_no_boolean_value(truth: Truth) -> None:
    with pytest.raises(
        TypeError, match=r"^a Truth has no boolean value; compare it with Truth.TRUE, FALSE or UNKNOWN$"
    ):
        bool(truth)


def test_a_bool_becomes_true_or_false() -> None:
    assert (Truth.of(True), Truth.of(False)) == (T, F)
