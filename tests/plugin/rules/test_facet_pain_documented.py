"""FAC-0, IND-5 and IND-6, row by row: which diagnoses a facet injection or ablation is for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.evidence import Diagnosis, Standing
from plugin.domain.families import Purpose
from tests.builders import CERVICAL, UNSPECIFIED, ask, case, diagnosis, judge, order, unread
from tests.plugin.rules.facets import NECK, SPONDYLOSIS, facet

RADICULAR, CLAUDICATION = diagnosis("M54.16", "2026-07-01"), diagnosis("M48.062", "2026-07-01")
PLAIN, CYST = diagnosis("M54.50", "2026-01-01"), diagnosis("M71.38", "2026-01-01")
COVERED = diagnosis("M53.86", "2026-01-01")


def asked(*reasons: Diagnosis, problems: tuple[Diagnosis, ...] = (), code: str = "64493") -> Check:
    return ask("facet_pain_documented", facet(code, reasons=reasons, problems=problems))


def answer(*reasons: Diagnosis, problems: tuple[Diagnosis, ...] = (), code: str = "64493") -> tuple[str, str]:
    check = asked(*reasons, problems=problems, code=code)
    return check.criterion, check.row


@pytest.mark.parametrize("code", ["64493", "64635"])
def test_a_facet_diagnosis_of_the_region_meets_the_criterion_silently(code: str) -> None:
    check = asked(SPONDYLOSIS, code=code)

    assert (check.criterion, check.row) == ("FAC-0", "facet-diagnosis")
    assert (check.outcome, check.kind) == (Outcome.MET, None)
    assert [item.reference for item in check.decided_by] == ["Condition/M47.816"]


@pytest.mark.parametrize("code", ["M47.896", "239880009", "M48.16", "M47.817", "279063004"])
def test_other_facet_diagnoses_meet_it_too(code: str) -> None:
    assert answer(diagnosis(code, "2026-01-01")) == ("FAC-0", "facet-diagnosis")


def test_a_facet_diagnosis_on_the_problem_list_counts_beside_an_unspecific_reason() -> None:
    assert answer(PLAIN, problems=(SPONDYLOSIS,)) == ("FAC-0", "facet-diagnosis")


def test_a_diagnosis_of_the_coverage_list_alone_is_met_with_a_note() -> None:
    check = asked(COVERED)

    assert (check.criterion, check.row, check.outcome) == ("FAC-0", "coverage-diagnosis", Outcome.MET)
    assert check.kind is Kind.NOTE


@pytest.mark.parametrize("root", [RADICULAR, CLAUDICATION])
def test_a_radiculopathy_of_the_region_is_a_gap(root: Diagnosis) -> None:
    check = asked(SPONDYLOSIS, problems=(root,))

    assert (check.criterion, check.row) == ("IND-6", "radiculopathy")
    assert (check.outcome, check.kind) == (Outcome.NOT_MET, Kind.GAP)
    assert [(i.reference, i.remark) for i in check.decided_by] == [(root.reference, "listed")]


@pytest.mark.parametrize(
    "root",
    [
        diagnosis("M54.12", "2026-07-01"),
        replace(RADICULAR, standing=Standing.HISTORICAL),
        replace(RADICULAR, standing=Standing.REFUTED),
        diagnosis("M79.604", "2026-07-01"),
    ],
)
def test_one_elsewhere_past_or_never_certain_by_its_code_is_none(root: Diagnosis) -> None:
    assert answer(SPONDYLOSIS, problems=(root,)) == ("FAC-0", "facet-diagnosis")


@pytest.mark.parametrize(
    "root",
    [
        replace(RADICULAR, is_certain=False),
        replace(RADICULAR, standing=Standing.CONTRADICTORY),
        diagnosis("M54.10", "2026-07-01"),
    ],
)
def test_one_that_is_not_confirmed_or_located_leaves_it_open(root: Diagnosis) -> None:
    check = asked(SPONDYLOSIS, problems=(root,))

    assert (check.criterion, check.row, check.reason) == ("IND-6", "radiculopathy-possible", Reason.AMBIGUOUS)
    assert check.kind is Kind.UNKNOWN


def test_a_facet_cyst_is_the_exception_to_radiculopathy() -> None:
    assert answer(CYST, problems=(RADICULAR,)) == ("FAC-0", "facet-cyst")
    assert answer(SPONDYLOSIS, problems=(RADICULAR, CYST)) == ("FAC-0", "facet-cyst")


def test_a_cyst_that_is_not_confirmed_leaves_the_radiculopathy_open() -> None:
    check = asked(replace(CYST, is_certain=False), problems=(RADICULAR,))

    assert (check.criterion, check.row, check.kind) == ("FAC-0", "undetermined", Kind.UNKNOWN)


@pytest.mark.parametrize("code", ["M54.50", "M54.59"])
def test_nonspecific_pain_as_the_reason_is_a_gap(code: str) -> None:
    check = asked(diagnosis(code, "2026-01-01"))

    assert (check.criterion, check.row) == ("IND-5", "nonspecific-pain")
    assert (check.outcome, check.kind) == (Outcome.NOT_MET, Kind.GAP)
    assert check.facts["codes"] == code


def test_nonspecific_pain_of_the_problem_list_is_a_gap_of_its_own() -> None:
    assert answer(problems=(PLAIN,)) == ("IND-5", "nonspecific-pain-listed")


@pytest.mark.parametrize(("hook", "indicator"), [("order-select", "info"), ("order-sign", "warning")])
def test_a_missing_reason_informs_at_selection_and_warns_at_signing(hook: str, indicator: str) -> None:
    verdict = judge().judge(facet(reasons=(), problems=(PLAIN,), purpose=Purpose.DIAGNOSTIC), hook)

    found = {f.check.criterion: f.indicator for f in verdict.findings if f.kind is Kind.GAP}
    assert found["IND-5"] == indicator


@pytest.mark.parametrize(
    "reason",
    [
        replace(SPONDYLOSIS, is_certain=False),
        diagnosis("M47.9", "2026-01-01"),
        replace(SPONDYLOSIS, region=UNSPECIFIED),
        replace(COVERED, is_certain=False),
    ],
)
def test_a_facet_diagnosis_not_confirmed_or_located_leaves_it_open(reason: Diagnosis) -> None:
    check = asked(reason)

    assert (check.criterion, check.row, check.reason) == ("FAC-0", "not-confirmed", Reason.AMBIGUOUS)


@pytest.mark.parametrize(
    "reasons",
    [(), (diagnosis("M51.360", "2026-01-01"),), (NECK,), (diagnosis("M46.1", "2026-01-01"),)],
)
def test_without_a_facet_diagnosis_of_the_region_it_is_not_known(reasons: tuple[Diagnosis, ...]) -> None:
    check = asked(*reasons)

    assert (check.criterion, check.row, check.reason) == ("FAC-0", "no-facet-diagnosis", Reason.NO_EVIDENCE)
    assert check.kind is Kind.UNKNOWN


def test_a_neck_order_asks_for_a_neck_diagnosis() -> None:
    assert answer(NECK, code="64490") == ("FAC-0", "facet-diagnosis")
    assert answer(NECK, problems=(RADICULAR,), code="64490") == ("FAC-0", "facet-diagnosis")
    root = diagnosis("M54.12", "2026-07-01")
    assert root.region == CERVICAL
    assert answer(NECK, problems=(root,), code="64490") == ("IND-6", "radiculopathy")


def test_diagnoses_that_could_not_be_read_are_never_a_gap() -> None:
    for found in ((PLAIN,), (SPONDYLOSIS,), (SPONDYLOSIS, RADICULAR)):
        check = ask(
            "facet_pain_documented",
            facet(reasons=(), sections={"diagnoses": unread("conditions", *found)}),
        )
        assert (check.criterion, check.row, check.reason) == ("FAC-0", "unread", Reason.NO_ACCESS)
        assert [u.source for u in check.unread] == ["conditions"]


def test_a_reason_that_cannot_be_found_leaves_it_open() -> None:
    lost = order("64493", reason_references=("Condition/gone",))

    assert ask("facet_pain_documented", case(lost, problems=[SPONDYLOSIS])).row == "unread"
