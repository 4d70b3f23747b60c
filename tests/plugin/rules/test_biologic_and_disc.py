"""BIO-1 and DISC-1: biologics in any family, and needles in the disc."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.families import Family
from plugin.domain.order import Drug, Word
from plugin.domain.truth import Truth
from tests.builders import ask, case, concept, diagnosis, judge, order
from tests.plugin.rules.records import CODES

STEROID = Drug("MedicationRequest/1", "triamcinolone (10759)", Truth.TRUE, Truth.TRUE, Truth.FALSE)
SOME_DRUG = Drug("MedicationRequest/2", "kit 7", Truth.UNKNOWN, Truth.UNKNOWN, Truth.UNKNOWN, is_quoted=True)
CONTRAST = Drug("MedicationRequest/3", "contrast", Truth.FALSE, Truth.FALSE, Truth.FALSE)


def coded(*codes: str, **changes: Any) -> Case:
    """An order with these codes; the first one names the family."""
    return case(order(codes[0], codes=tuple(map(concept, codes)), **changes))


def biologic(asked: Case) -> Check:
    return ask("no_biologic", asked)


def disc(asked: Case) -> Check:
    return ask("disc_injection_justified", asked)


# Biologics


@pytest.mark.parametrize("family", list(Family))
def test_a_biologic_code_beside_any_procedure_is_a_gap(family: Family) -> None:
    check = biologic(coded(CODES[family][0], "0481T"))

    assert (check.row, check.outcome, check.kind) == ("coded", Outcome.NOT_MET, Kind.GAP)
    assert check.decided_by[-1].label == concept("0481T").label


@pytest.mark.parametrize("code", ["0232T", "0481T", "0627T", "0629T", "P9020", "M0076"])
def test_a_biologic_code_alone_is_a_gap(code: str) -> None:
    assert biologic(coded(code)).row == "coded"


@pytest.mark.parametrize("family", list(Family))
def test_a_biologic_in_the_text_alone_is_open(family: Family) -> None:
    code = "62323" if family is Family.BIOLOGIC else CODES[family][0]

    check = biologic(coded(code, words=frozenset({Word.BIOLOGIC})))

    assert (check.row, check.outcome, check.reason) == ("in-text", Outcome.UNKNOWN, Reason.AMBIGUOUS)


def test_a_code_decides_where_the_text_says_so_too() -> None:
    assert biologic(coded("62323", "0232T", words=frozenset({Word.BIOLOGIC}))).row == "coded"


@pytest.mark.parametrize("word", [Word.STEROID, Word.SERIES, Word.ULTRASOUND])
def test_without_a_biologic_nothing_is_said(word: Word) -> None:
    check = biologic(coded("62323", words=frozenset({word})))

    assert (check.row, check.kind) == ("none", None)


@pytest.mark.parametrize(("in_trial", "indicator"), [(Truth.TRUE, "info"), (Truth.FALSE, "warning")])
def test_in_a_trial_a_biologic_is_information(in_trial: Truth, indicator: str) -> None:
    placed = order("0232T", reason_references=("Condition/M54.16",))
    asked = case(placed, problems=[diagnosis("M54.16")], in_trial=in_trial)

    found = judge().judge(asked, "order-sign").findings

    assert [f.indicator for f in found if f.check.criterion == "BIO-1"] == [indicator]


# Discs


@pytest.mark.parametrize("code", ["62290", "62291", "72295"])
def test_discography_is_noted(code: str) -> None:
    check = disc(coded(code, drugs=(CONTRAST,)))

    assert (check.row, check.outcome, check.kind) == ("discography", Outcome.MET, Kind.NOTE)


@pytest.mark.parametrize("code", ["62287", "62292", "22526"])
def test_another_treatment_of_a_disc_is_not_called_discography(code: str) -> None:
    assert disc(coded(code)).row == "treatment"
    assert disc(coded(code, drugs=(STEROID,))).row == "steroid"


def test_steroid_beside_a_disc_injection_is_a_gap() -> None:
    check = disc(coded("62290", drugs=(CONTRAST, STEROID), words=frozenset({Word.STEROID})))

    assert (check.row, check.outcome) == ("steroid", Outcome.NOT_MET)
    assert [item.reference for item in check.decided_by] == ["ServiceRequest/order", STEROID.reference]


def test_steroid_in_the_text_alone_is_open() -> None:
    check = disc(coded("62290", words=frozenset({Word.STEROID})))

    assert (check.row, check.outcome, check.reason) == (
        "steroid-in-text",
        Outcome.UNKNOWN,
        Reason.AMBIGUOUS,
    )


def test_a_drug_that_is_not_resolved_is_no_steroid_and_no_gap() -> None:
    assert disc(coded("62290", drugs=(SOME_DRUG,))).row == "discography"


def test_a_biologic_in_the_disc_is_spoken_of_as_a_biologic() -> None:
    check = disc(coded("62290", "0627T", drugs=(STEROID,)))

    assert (check.row, check.kind) == ("biologic", None)
