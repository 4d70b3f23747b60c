"""LVL-1: one kind of injection in one region, and not at too many levels."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.evidence import Diagnosis, Standing
from plugin.domain.injections import Injection
from plugin.domain.order import InjectionOrder
from plugin.domain.regions import Region
from plugin.evidence.families import coded_family
from tests.builders import (
    CERVICAL,
    LUMBAR,
    UNSPECIFIED,
    ask,
    case,
    concept,
    diagnosis,
    injection,
    on,
    order,
    section,
    unread,
)

REASON = ("Condition/M54.16",)
PAIN = diagnosis("M54.16", "2026-06-01")
CYST = diagnosis("M71.38", "2026-06-01", region=LUMBAR)
EPIDURAL = order("62323", reason_references=REASON)


def levels(asked: Case) -> Check:
    return ask("session_levels_within_limit", asked)


def placed(code: str = "62323", reference: str = "other", **changes: Any) -> InjectionOrder:
    given: dict[str, Any] = {"reason_references": REASON, "reference": f"ServiceRequest/{reference}"}
    return order(code, **{**given, **changes})


def beside(*others: InjectionOrder, ordered: InjectionOrder = EPIDURAL, **record: Any) -> Case:
    """The order, with these others in the same hook."""
    return replace(case(ordered, **record), alongside=others)


@pytest.mark.parametrize(
    ("code", "count", "row"),
    [
        ("64483", 1, "within-limit"),
        ("64483", 2, "within-limit"),
        ("64483", 3, "too-many-levels"),
        ("64493", 2, "within-limit"),
        ("64493", 3, "third-facet-level"),
        ("64635", 2, "within-limit"),
        ("64635", 3, "too-many-joints"),
        ("62323", 3, "within-limit"),
        ("27096", 3, "within-limit"),
    ],
)
def test_two_levels_or_joints_are_the_most_of_a_session(code: str, count: int, row: str) -> None:
    check = levels(case(placed(code, levels=count)))

    assert (check.row, check.kind) == (row, None if row == "within-limit" else Kind.GAP)
    if check.kind:
        assert (check.facts["levels"], check.facts["max_levels"]) == (count, 2)


@pytest.mark.parametrize("code", ["62323", "64483", "64493", "64635", "27096"])
def test_an_order_that_counts_no_levels_is_not_held_to_any(code: str) -> None:
    assert levels(case(placed(code, levels=None))).row == "within-limit"


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("62323", "both-sides-from-midline"),
        ("62321", "both-sides-from-midline"),
        ("180886007", "both-sides-from-midline"),
        ("64483", "within-limit"),
        ("64493", "within-limit"),
        ("27096", "within-limit"),
    ],
)
def test_an_injection_from_the_midline_has_no_side(code: str, row: str) -> None:
    assert levels(case(placed(code, modifiers=frozenset({"50"})))).row == row
    assert levels(case(placed(code, modifiers=frozenset({"LT", "KX"})))).row == "within-limit"


@pytest.mark.parametrize(
    ("other", "row"),
    [
        (placed("64493"), "several-kinds"),
        (placed("64635"), "several-kinds"),
        (placed("27096"), "several-kinds"),
        (placed("64451"), "several-kinds"),
        (placed("64483"), "several-approaches"),
        (placed("180886007"), "several-approaches"),
        (placed("62323"), "within-limit"),
        (placed("64490"), "several-regions"),
        (placed("62321"), "several-regions"),
        (placed("20552"), "within-limit"),
        (placed("62290"), "within-limit"),
        (placed("0232T"), "within-limit"),
    ],
)
def test_what_else_is_ordered_for_the_same_session_is_weighed(other: InjectionOrder, row: str) -> None:
    check = levels(beside(other))

    assert check.row == row
    if row != "within-limit":
        together = {"ServiceRequest/order", "ServiceRequest/other"}
        assert (check.kind, check.about) == (Kind.GAP, together)
        assert {item.reference for item in check.decided_by} == together


def test_every_order_of_a_session_gets_the_same_answer() -> None:
    facet = placed("64493")

    of_epidural = levels(beside(facet))
    of_facet = levels(beside(EPIDURAL, ordered=facet))

    assert of_epidural.row == of_facet.row == "several-kinds"
    assert of_epidural.about == of_facet.about


def test_orders_that_the_question_is_not_about_are_not_shown() -> None:
    check = levels(beside(placed("64493"), placed("20552", "muscle")))

    assert check.about == {"ServiceRequest/order", "ServiceRequest/other"}


@pytest.mark.parametrize(
    ("own", "other", "row"),
    [
        ("2026-11-25", "2026-11-25", "several-kinds"),
        ("2026-11-25", "2026-11-26", "within-limit"),
        ("2026-11-25", None, "dates-not-exact"),
        (None, "2026-11-25", "dates-not-exact"),
        (None, None, "several-kinds"),
        ("2026-11-25", "2026-11", "dates-not-exact"),
        ("2026-11", "2026-11", "dates-not-exact"),
        ("2026-11-30", "2026-11", "dates-not-exact"),
        ("2026-11", "2026-11-01", "dates-not-exact"),
        ("2026-11-01", "2026-11", "dates-not-exact"),
        ("2026-11", "2026-11-30", "dates-not-exact"),
        ("2026-11-25", "2026-12", "within-limit"),
        ("2026", "2026-11-25", "dates-not-exact"),
        ("2025", "2026-11-25", "within-limit"),
    ],
)
def test_orders_planned_for_one_day_are_one_session(own: str | None, other: str | None, row: str) -> None:
    ordered = replace(EPIDURAL, planned=on(own) if own else None)

    check = levels(beside(placed("64493", planned=other), ordered=ordered))

    assert check.row == row
    if row == "dates-not-exact":
        assert (check.outcome, check.reason) == (Outcome.UNKNOWN, Reason.AMBIGUOUS)


@pytest.mark.parametrize(
    ("region", "row"),
    [
        (LUMBAR, "several-kinds"),
        (Region.of("sacral"), "several-kinds"),
        (Region.of("thoracic", "lumbar"), "several-kinds"),
        (CERVICAL, "several-regions"),
        (UNSPECIFIED, "dates-not-exact"),
    ],
)
def test_another_region_is_another_matter(region: Region, row: str) -> None:
    assert levels(beside(placed("64493", region=region))).row == row


def test_a_certain_gap_stands_beside_an_open_question() -> None:
    undated = placed("64493", planned=None)

    assert levels(beside(undated, placed("64483", "root"))).row == "several-approaches"
    assert levels(beside(undated, ordered=placed("64483", levels=3))).row == "too-many-levels"


@pytest.mark.parametrize(
    ("cyst", "row"),
    [
        (CYST, "within-limit"),
        (replace(CYST, is_certain=False), "dates-not-exact"),
        (replace(CYST, standing=Standing.HISTORICAL), "several-kinds"),
        (replace(CYST, standing=Standing.REFUTED), "several-kinds"),
        (diagnosis("M47.816"), "several-kinds"),
    ],
)
def test_a_facet_cyst_is_treated_from_both_sides(cyst: Diagnosis, row: str) -> None:
    assert levels(beside(placed("64493"), problems=[PAIN, cyst])).row == row


def test_a_facet_cyst_may_be_the_orders_reason() -> None:
    assert levels(beside(placed("64493"), ordered=replace(EPIDURAL, reason_codes=(CYST,)))).row == (
        "within-limit"
    )


@pytest.mark.parametrize(("other", "row"), [("64483", "several-approaches"), ("64490", "several-regions")])
def test_a_facet_cyst_excuses_no_second_approach_or_region(other: str, row: str) -> None:
    assert levels(beside(placed(other), problems=[PAIN, CYST])).row == row


def test_diagnoses_that_could_not_be_read_may_hold_a_cyst() -> None:
    check = levels(beside(placed("64493"), diagnoses=unread("conditions", PAIN)))

    assert (check.row, check.outcome, check.reason) == ("unread", Outcome.UNKNOWN, Reason.NO_ACCESS)
    assert [u.source for u in check.unread] == ["conditions"]


@pytest.mark.parametrize(
    ("others", "row"),
    [
        ((), "within-limit"),
        ((placed("64483"),), "several-approaches"),
        ((placed("64493", planned="2026-12-01"),), "within-limit"),
    ],
)
def test_diagnoses_that_could_not_be_read_do_not_matter_otherwise(
    others: tuple[InjectionOrder, ...], row: str
) -> None:
    assert levels(beside(*others, diagnoses=unread("conditions", PAIN))).row == row


def test_a_cyst_on_record_counts_though_diagnoses_are_missing() -> None:
    asked = beside(placed("64493"), diagnoses=unread("conditions", PAIN, CYST))

    assert levels(asked).row == "within-limit"


def charted(when: str | None, code: str = "64493", **changes: Any) -> Injection:
    known = concept(code)
    family = coded_family(known)
    assert family is not None
    return injection(when, code=known, family=family, region=known.region or LUMBAR, **changes)


@pytest.mark.parametrize(
    ("done", "row"),
    [
        (charted("2026-11-25"), "several-kinds"),
        (charted("2026-11-25", "64483"), "several-approaches"),
        (charted("2026-11-25", "62321"), "several-regions"),
        (charted("2026-11-25", "62323"), "within-limit"),
        (charted("2026-11-25", "20553"), "within-limit"),
        (charted("2026-11-24"), "within-limit"),
        (charted("2026-11-25", is_certain=False), "dates-not-exact"),
    ],
)
def test_an_injection_charted_on_the_planned_day_is_of_the_session(done: Injection, row: str) -> None:
    check = levels(case(EPIDURAL, problems=[PAIN], injections=section(done)))

    assert check.row == row
    assert (done.reference in {item.reference for item in check.decided_by}) == (row != "within-limit")
    assert check.about <= {EPIDURAL.reference}


@pytest.mark.parametrize("when", [None, "2026-11", "2026"])
@pytest.mark.parametrize(
    ("today", "row"), [(date(2026, 11, 25), "dates-not-exact"), (date(2026, 11, 20), "within-limit")]
)
def test_an_injection_without_a_day_may_be_of_the_session_once_that_day_has_come(
    today: date, row: str, when: str | None
) -> None:
    asked = case(replace(EPIDURAL, asked_on=today), problems=[PAIN], injections=section(charted(when)))

    assert levels(asked).row == row


@pytest.mark.parametrize(
    ("today", "row"), [(date(2026, 11, 25), "same-day-unread"), (date(2026, 11, 20), "within-limit")]
)
def test_procedures_that_could_not_be_read_matter_once_the_planned_day_has_come(
    today: date, row: str
) -> None:
    asked = case(replace(EPIDURAL, asked_on=today), problems=[PAIN], injections=unread("procedures"))

    check = levels(asked)

    assert check.row == row
    assert [u.source for u in check.unread] == (["procedures"] if row == "same-day-unread" else [])
