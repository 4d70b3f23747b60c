"""GUI-1: guidance in the code, beside it, by ultrasound, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.evidence import Diagnosis, Patient, Standing
from plugin.domain.order import Companion, Word
from plugin.domain.truth import Truth
from tests.builders import ask, case, concept, diagnosis, judge, on, order, unread

RADICULAR = diagnosis("M54.16", "2026-06-01")
PREGNANT = diagnosis("Z33.1")


def placed(code: str, *beside: str, **record: Any) -> Case:
    companions = tuple(Companion(concept(c), "ServiceRequest/beside") for c in beside)
    words = record.pop("words", frozenset())
    more = record.pop("codes", ())
    codes = (concept(code), *map(concept, more))
    return case(order(code, ordered_beside=companions, words=words, codes=codes), **record)


def guided(code: str, *beside: str, **record: Any) -> Check:
    return ask("imaging_guidance_ordered", placed(code, *beside, **record))


@pytest.mark.parametrize(
    "code",
    ["62321", "62323", "62325", "64479", "64483", "431928000", "64493", "64635", "27096", "64451", "64625"],
)
def test_a_code_that_includes_imaging_asks_for_nothing_more(code: str) -> None:
    check = guided(code)

    assert (check.row, check.outcome, check.kind) == ("guidance-in-code", Outcome.MET, None)


@pytest.mark.parametrize("code", ["62320", "62322", "62324", "62326"])
def test_a_code_without_imaging_and_nothing_beside_it_is_a_gap(code: str) -> None:
    check = guided(code)

    assert (check.row, check.outcome, check.kind) == ("no-guidance", Outcome.NOT_MET, Kind.GAP)


@pytest.mark.parametrize("code", ["171787008", "180886007", "G0260", "178814008"])
def test_a_code_that_does_not_state_guidance_leaves_it_open(code: str) -> None:
    check = guided(code)

    assert (check.row, check.reason, check.kind) == ("not-stated", Reason.NO_EVIDENCE, Kind.UNKNOWN)


@pytest.mark.parametrize("beside", ["77003", "77012", "77021", "70919-6", "92928-1", "87161-6", "37427-2"])
def test_guidance_beside_a_code_without_imaging_is_met_with_a_note_on_coding(beside: str) -> None:
    check = guided("62322", beside)

    assert (check.row, check.outcome, check.kind) == ("guidance-beside-unguided-code", Outcome.MET, Kind.NOTE)
    assert [i.reference for i in check.decided_by] == ["ServiceRequest/beside"]


@pytest.mark.parametrize(
    ("code", "beside"),
    [("171787008", "77003"), ("G0260", "77012"), ("G0260", "35927-3"), ("178814008", "72540-8")],
)
def test_guidance_beside_a_code_that_does_not_state_it_is_met(code: str, beside: str) -> None:
    check = guided(code, beside)

    assert (check.row, check.kind) == ("guided", None)


@pytest.mark.parametrize("beside", ["70918-8", "92925-7", "72148", "62323", "64493", "35927-3", "10759"])
def test_what_is_no_guidance_of_this_needle_does_not_count(beside: str) -> None:
    assert guided("62322", beside).row == "no-guidance"


def test_a_second_code_on_the_order_may_include_imaging() -> None:
    assert guided("171787008", codes=("62323",)).row == "guidance-in-code"


@pytest.mark.parametrize("code", ["62322", "171787008", "G0260"])
def test_ultrasound_beside_the_order_is_a_gap(code: str) -> None:
    check = guided(code, "76942")

    assert (check.row, check.kind) == ("ultrasound", Kind.GAP)


def test_ultrasound_in_the_code_is_a_gap() -> None:
    assert guided("0216T").row == "ultrasound"


def test_fluoroscopy_beside_ultrasound_is_guidance() -> None:
    assert guided("62322", "76942", "77003").outcome is Outcome.MET


def test_ultrasound_in_text_says_more_than_a_code_without_imaging_only() -> None:
    by_text = frozenset({Word.ULTRASOUND})

    assert guided("62322", words=by_text).row == "ultrasound"
    assert guided("171787008", words=by_text).row == "not-stated"
    assert guided("62323", words=by_text).row == "guidance-in-code"


@pytest.mark.parametrize("reason", ["Z33.1", "77386006", "Z91.041", "293637006"])
def test_pregnancy_and_contrast_allergy_except_ultrasound(reason: str) -> None:
    check = guided("62322", "76942", problems=[RADICULAR, diagnosis(reason)])

    assert (check.row, check.outcome, check.kind) == ("ultrasound-excepted", Outcome.WAIVED, Kind.NOTE)


@pytest.mark.parametrize(
    "other",
    [
        diagnosis("O80"),
        diagnosis("Z88.4"),
        diagnosis("Z88.8"),
        replace(PREGNANT, standing=Standing.HISTORICAL),
        replace(PREGNANT, standing=Standing.REFUTED),
    ],
)
def test_other_diagnoses_except_nothing(other: Diagnosis) -> None:
    assert guided("62322", "76942", problems=[RADICULAR, other]).row == "ultrasound"


def test_an_unconfirmed_pregnancy_leaves_it_open() -> None:
    doubtful = replace(PREGNANT, is_certain=False)

    check = guided("62322", "76942", problems=[RADICULAR, doubtful])

    assert (check.row, check.kind) == ("undetermined", Kind.UNKNOWN)


@pytest.mark.parametrize("code", ["62322", "0216T"])
def test_unread_diagnoses_may_hold_the_exception(code: str) -> None:
    check = guided(code, "76942", diagnoses=unread("conditions", RADICULAR))

    assert (check.row, check.reason) == ("unread", Reason.NO_ACCESS)


def test_unread_diagnoses_do_not_matter_without_ultrasound() -> None:
    assert guided("62322", diagnoses=unread("conditions", RADICULAR)).row == "no-guidance"


def test_facet_joints_know_no_exception_and_show_it_as_information() -> None:
    asked = placed("0216T", problems=[diagnosis("M47.816"), PREGNANT])

    found = [f for f in judge().judge(asked, "order-sign").findings if f.check.criterion == "GUI-1"]

    assert [(f.check.row, f.indicator, f.kind) for f in found] == [("ultrasound-of-facet", "info", Kind.GAP)]


def test_guidance_is_asked_of_minors_too() -> None:
    child = Patient(Truth.TRUE, Truth.FALSE, on("2012-01-01"))

    found = judge().judge(placed("62322", patient=child), "order-sign").findings

    assert {f.check.criterion: f.indicator for f in found} == {"SCOPE": "info", "GUI-1": "warning"}
