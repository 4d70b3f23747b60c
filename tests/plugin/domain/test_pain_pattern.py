"""The reasons of an order beside the problem list: which criterion answers, and how."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.evidence import Diagnosis, Standing
from plugin.domain.regions import Region
from plugin.domain.truth import Truth
from tests.builders import (
    CERVICAL,
    LUMBAR,
    UNSPECIFIED,
    case,
    diagnosis,
    indication,
    opened,
    order,
    reasoned,
    unread,
)

dx = diagnosis
MET = ("IND-1", Outcome.MET, None)
UNCLEAR = ("IND-1", Outcome.UNKNOWN, Kind.UNKNOWN)
AXIAL = ("IND-1", Outcome.NOT_MET, Kind.GAP)
NO_REASON = ("IND-1", Outcome.MET, Kind.NOTE)
EXCLUDED = ("IND-3", Outcome.NOT_MET, Kind.GAP)
OTHER_REGION = ("IND-4", Outcome.NOT_MET, Kind.GAP)
REGION_OPEN = ("IND-4", Outcome.UNKNOWN, Kind.UNKNOWN)
IND2 = ("IND-2", Outcome.UNKNOWN, Kind.UNKNOWN)
Answer = tuple[str, Outcome, Kind | None]
PAST = Standing.HISTORICAL


def said(check: Check) -> Answer:
    return check.criterion, check.outcome, check.kind


def answer(reasons: list[Diagnosis], problems: list[Diagnosis], code: str = "62323") -> Answer:
    return said(indication(reasoned(*reasons, code=code, problems=problems)))


@pytest.mark.parametrize(
    ("reason", "problem", "expected"),
    [
        # A definite reason of the region, whatever the list holds.
        ("M54.16", None, MET),
        ("M54.16", "M54.50", MET),
        ("M54.16", "M79.7", MET),
        ("M54.16", "M54.12", MET),
        ("M48.062", None, MET),
        ("M96.1", None, MET),
        ("B02.9", "M54.50", MET),
        # A possible one.
        ("M79.604", "M54.16", MET),
        ("M51.361", "M48.062", MET),
        ("M79.604", None, UNCLEAR),
        ("M51.362", "M54.50", UNCLEAR),
        ("M79.604", "M54.12", UNCLEAR),
        # Axial or structural against a definite problem.
        ("M54.50", "M54.16", UNCLEAR),
        ("M51.26", "M54.16", UNCLEAR),
        ("M48.07", "M54.16", UNCLEAR),
        ("M51.36", "M54.16", UNCLEAR),
        ("M54.50", "M54.10", UNCLEAR),
        # Axial against a possible problem, or none.
        ("M54.50", "M79.604", UNCLEAR),
        ("M51.26", "M79.604", UNCLEAR),
        ("M54.50", None, AXIAL),
        ("M51.360", None, AXIAL),
        ("M54.50", "M48.07", AXIAL),
        ("M54.50", "M51.26", AXIAL),
        ("M54.50", "M54.12", AXIAL),
        ("M54.50", "M79.601", AXIAL),
        # Structural codes do not say whether the limb hurts.
        ("M51.26", None, UNCLEAR),
        ("M48.061", None, UNCLEAR),
        ("M51.369", "M54.50", UNCLEAR),
        ("M48.07", None, UNCLEAR),
        ("M48.07", "M54.50", UNCLEAR),
        ("202708005", None, UNCLEAR),
        ("M51.36", None, IND2),
        ("M51.37", "M54.50", IND2),
        # Excluded.
        ("G90.522", None, EXCLUDED),
        ("M79.7", "M54.50", EXCLUDED),
        ("G89.4", None, EXCLUDED),
        ("G90.522", "M54.16", UNCLEAR),
        # No reason, or one that says nothing.
        (None, "M54.16", NO_REASON),
        ("G89.29", "M54.16", MET),
        (None, "M54.50", AXIAL),
        ("G89.29", "M54.50", AXIAL),
        ("R52", "M51.26", UNCLEAR),
        (None, "M51.26", UNCLEAR),
        (None, "M48.07", UNCLEAR),
        (None, "M51.36", UNCLEAR),
        (None, "M79.604", UNCLEAR),
        (None, "G90.522", EXCLUDED),
        (None, None, IND2),
        (None, "G89.29", IND2),
        ("G89.29", None, IND2),
        (None, "M54.12", IND2),
        # Another region, or none stated.
        ("M54.12", None, OTHER_REGION),
        ("M54.12", "M54.16", MET),
        ("M54.12", "M54.50", OTHER_REGION),
        ("M54.12", "M54.10", REGION_OPEN),
        ("M54.10", None, REGION_OPEN),
        ("M54.10", "M54.16", MET),
        (None, "M54.10", REGION_OPEN),
    ],
)
def test_reason_beside_problem_list(reason: str | None, problem: str | None, expected: Answer) -> None:
    assert answer([dx(reason)] if reason else [], [dx(problem)] if problem else []) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("M51.361", UNCLEAR),
        ("M51.371", UNCLEAR),
        ("M51.372", UNCLEAR),
        ("M51.370", AXIAL),
        ("M51.379", UNCLEAR),
        ("M51.27", UNCLEAR),
        ("M54.41", MET),
        ("M54.31", MET),
        ("M51.16", MET),
        ("M47.26", MET),
        ("G54.4", MET),
        ("M54.5", AXIAL),
        ("M48.06", UNCLEAR),
        ("M79.18", AXIAL),
        ("M47.816", AXIAL),
        ("G55", UNCLEAR),
        ("R20.2", UNCLEAR),
        ("M79.2", UNCLEAR),
        ("202796002", UNCLEAR),
        ("128196005", MET),
        ("303081002", MET),
    ],
)
def test_trap_codes_as_a_lumbar_reason(code: str, expected: Answer) -> None:
    assert answer([dx(code)], []) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("M50.120", MET), ("M54.12", MET), ("M54.13", MET), ("M54.14", MET), ("M54.16", OTHER_REGION)],
)
def test_a_cervicothoracic_order_takes_a_diagnosis_of_either_region(code: str, expected: Answer) -> None:
    assert answer([dx(code)], [], "62321") == expected


@pytest.mark.parametrize(
    ("problems", "expected"),
    [
        (["M54.50", "M51.26"], AXIAL),
        (["M54.50", "M48.07"], UNCLEAR),
        (["M54.50", "M79.604"], UNCLEAR),
        (["M54.50", "M79.7"], AXIAL),
        (["M54.50", "M54.16", "M79.7"], NO_REASON),
        (["M54.2", "M79.604"], UNCLEAR),
        (["M54.12", "M54.2"], IND2),
        (["M54.9"], AXIAL),
        (["M79.18"], IND2),
    ],
)
def test_without_a_reason_the_problems_of_the_region_speak_together(
    problems: list[str], expected: Answer
) -> None:
    assert answer([], [dx(code) for code in problems]) == expected


def test_two_reasons_of_which_one_is_radicular_are_positive() -> None:
    assert answer([dx("M54.50"), dx("M54.41")], []) == MET


@pytest.mark.parametrize("code", ["M51.26", "M48.061", "M51.369", "M50.20"])
def test_a_site_may_read_a_structural_code_without_limb_symptoms_as_axial(code: str) -> None:
    region = "62321" if code == "M50.20" else "62323"
    placed = order(region, reason_references=(f"Condition/{code}",))
    evidence = case(placed, problems=[dx(code)]).evidence

    assert said(indication(opened(placed, evidence, structural="axial"))) == AXIAL
    assert said(indication(opened(placed, evidence, structural="unknown"))) == UNCLEAR


@pytest.mark.parametrize(
    ("problems", "expected"),
    [(["M51.26"], AXIAL), (["M51.26", "M48.07"], UNCLEAR), (["M51.26", "M54.16"], NO_REASON)],
)
def test_where_structural_counts_as_axial_the_problem_list_follows(
    problems: list[str], expected: Answer
) -> None:
    evidence = case(problems=[dx(code) for code in problems]).evidence

    assert said(indication(opened(order(), evidence, structural="axial"))) == expected


@pytest.mark.parametrize(
    ("problems", "expected"),
    [
        ([dx("M54.16", standing=PAST), dx("M54.50")], AXIAL),
        ([dx("M54.16", standing=PAST)], IND2),
        ([dx("M54.16", standing=Standing.REFUTED), dx("M54.50")], AXIAL),
        ([dx("M54.16", is_certain=False)], UNCLEAR),
        ([dx("M54.16", standing=Standing.CONTRADICTORY, is_certain=False)], UNCLEAR),
        ([dx("M54.50"), dx("M54.16", is_certain=False)], UNCLEAR),
    ],
)
def test_only_a_current_and_confirmed_problem_establishes_the_pattern(
    problems: list[Diagnosis], expected: Answer
) -> None:
    assert answer([], problems) == expected


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (dx("M54.16", is_certain=False), UNCLEAR),
        (dx("M54.16", standing=Standing.CONTRADICTORY, is_certain=False), UNCLEAR),
        (dx("M54.16", standing=Standing.REFUTED), IND2),
        (dx("M54.16", standing=PAST), IND2),
    ],
)
def test_a_weak_reason_alone_is_never_met_and_never_a_gap(reason: Diagnosis, expected: Answer) -> None:
    assert answer([reason], []) == expected


def test_a_resolved_radicular_problem_is_listed_as_not_counted() -> None:
    check = indication(reasoned(dx("M54.50"), problems=[dx("M54.16", standing=PAST)]))

    assert [(i.reference, i.remark) for i in check.set_aside] == [("Condition/M54.16", "resolved")]


def test_an_older_visits_uncertain_diagnosis_rescues_an_axial_reason_to_unknown() -> None:
    assert answer([dx("M54.50")], [dx("M54.16", is_certain=False)]) == UNCLEAR


@pytest.mark.parametrize(
    ("neighbours", "expected"),
    [
        ([], MET),
        (["M54.50"], MET),
        (["M54.12"], REGION_OPEN),
        (["M54.2"], REGION_OPEN),
        (["E11.9"], MET),
    ],
)
def test_pain_after_surgery_takes_any_region_unless_another_spine_region_is_coded(
    neighbours: list[str], expected: Answer
) -> None:
    assert answer([dx("M96.1")], [dx(code) for code in neighbours]) == expected


def test_lumbar_pain_after_surgery_is_no_reason_for_a_cervical_order() -> None:
    assert answer([dx("202725007")], [], "62321") == OTHER_REGION


@pytest.mark.parametrize(
    ("code", "onset", "recorded", "acute"),
    [
        ("B02.9", "2026-11-01", None, Truth.TRUE),
        ("B02.9", "2026-08-27", None, Truth.TRUE),
        ("B02.9", "2026-08-26", None, Truth.FALSE),
        ("B02.9", "2026-08", None, Truth.UNKNOWN),
        ("B02.9", None, None, Truth.UNKNOWN),
        ("B02.9", None, "2026-11-01", Truth.UNKNOWN),
        ("B02.9", None, "2026-05-01", Truth.FALSE),
        ("B02.29", "2026-11-01", None, Truth.TRUE),
        ("B02.29", "2026-01-01", None, Truth.FALSE),
        ("2177002", "2026-11-01", None, Truth.FALSE),
        ("M54.16", "2026-11-01", None, Truth.FALSE),
    ],
)
def test_zoster_is_acute_for_ninety_days(
    code: str, onset: str | None, recorded: str | None, acute: Truth
) -> None:
    asked = reasoned(dx(code, onset, recorded=recorded))

    assert said(indication(asked)) == MET
    assert asked.pattern.is_acute_zoster is acute


@pytest.mark.parametrize(
    ("reason", "named"),
    [
        (dx("M54.16"), "radicular"),
        (dx("M48.062"), "claudication"),
        (dx("M96.1"), "post-laminectomy"),
        (dx("B02.9", "2026-11-01"), "acute-zoster"),
        (dx("B02.9", "2026-01-01"), "post-herpetic"),
        (dx("B02.9"), None),
        (dx("2177002"), "post-herpetic"),
        (dx("M54.50"), "axial"),
        (dx("M51.26"), None),
        (dx("M79.604"), None),
        (dx("G90.522"), None),
    ],
)
def test_guidelines_are_asked_about_the_pattern_that_is_known(reason: Diagnosis, named: str | None) -> None:
    assert reasoned(reason).pattern.case == named


@pytest.mark.parametrize("code", ["171787008", "431928000"])
@pytest.mark.parametrize(("reason", "region"), [("M54.16", LUMBAR), ("M54.12", CERVICAL)])
def test_an_order_whose_code_states_no_region_takes_that_of_its_reason(
    code: str, reason: str, region: Region
) -> None:
    asked = reasoned(dx(reason), code=code)

    assert said(indication(asked)) == MET
    assert asked.region == region


def test_without_any_region_a_radicular_problem_leaves_the_region_open() -> None:
    assert answer([], [dx("M54.16")], "171787008") == REGION_OPEN


def test_reasons_of_two_regions_do_not_tell_an_unstated_region() -> None:
    assert answer([dx("M54.16"), dx("M54.12")], [], "171787008") == REGION_OPEN


def test_a_pair_of_regions_is_narrowed_to_the_diagnosis() -> None:
    assert reasoned(dx("M54.12"), code="62321").region == CERVICAL
    assert reasoned(dx("M54.13"), code="62321").region == Region.of("cervical", "thoracic")
    assert reasoned(dx("M54.16")).region == LUMBAR
    assert reasoned(dx("M96.1")).region == Region.pair("lumbar", "sacral")


@pytest.mark.parametrize("reason", [None, "M54.50", "M79.604", "M51.26", "M54.12", "M79.7"])
def test_unread_diagnoses_leave_everything_but_a_radicular_reason_open(reason: str | None) -> None:
    reasons = [replace(dx(reason), reference="ServiceRequest/order")] if reason else []
    placed = order(reason_codes=tuple(reasons))

    check = indication(case(placed, diagnoses=unread("conditions")))

    assert said(check) == UNCLEAR
    assert check.reason is Reason.NO_ACCESS
    assert [u.source for u in check.unread] == ["conditions"]


def test_a_radicular_reason_stands_though_diagnoses_are_unread() -> None:
    reason = replace(dx("M54.16"), reference="ServiceRequest/order")

    check = indication(case(order(reason_codes=(reason,)), diagnoses=unread("conditions")))

    assert said(check) == MET


def test_a_reason_that_could_not_be_found_is_no_missing_reason() -> None:
    check = indication(case(order(reason_references=("Condition/elsewhere",)), problems=[dx("M54.50")]))

    assert said(check) == UNCLEAR
    assert check.reason is Reason.NO_ACCESS


def test_order_code_and_body_site_that_disagree_are_said_before_anything_else() -> None:
    placed = order(region=CERVICAL, site_disagrees=True, reason_references=("Condition/M54.16",))

    check = indication(case(placed))

    assert said(check) == OTHER_REGION
    assert check.row == "site-disagrees"


def test_a_code_of_no_value_set_gives_no_information() -> None:
    blank = replace(dx("M54.16"), concepts=(), pattern=None, region=UNSPECIFIED)

    assert answer([blank], []) == IND2
    assert answer([blank], [dx("M54.16")]) == MET
