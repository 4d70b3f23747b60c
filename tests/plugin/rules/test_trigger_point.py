"""TPI-0 to TPI-3 and SIJ-4: the muscle named, the drug, the sessions and imaging."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Kind, Outcome, Reason
from plugin.domain.evidence import Diagnosis, SteroidOrder
from plugin.domain.families import Family
from plugin.domain.injections import Injection
from plugin.domain.order import Companion, Drug, InjectionOrder, Word
from plugin.domain.regions import Region
from plugin.domain.truth import Truth
from tests.builders import (
    CERVICAL,
    LUMBAR,
    UNSPECIFIED,
    ask,
    case,
    concept,
    days_ago,
    diagnosis,
    injection,
    judge,
    order,
    policy,
    reasoned,
    section,
    unread,
)

MUSCLE = diagnosis("M79.18")
TRIAMCINOLONE = Drug("MedicationRequest/1", "triamcinolone (10759)", Truth.TRUE, Truth.TRUE, Truth.FALSE)
BUPIVACAINE = Drug("MedicationRequest/2", "bupivacaine (1815)", Truth.FALSE, Truth.FALSE, Truth.TRUE)
TRAY = Drug("MedicationRequest/3", "Tray 7", Truth.UNKNOWN, Truth.UNKNOWN, Truth.UNKNOWN, is_quoted=True)
KENALOG = replace(TRAY, label="Kenalog", is_steroid=Truth.TRUE)


def source(asked: Case) -> tuple[str, str, Kind | None]:
    check = ask("muscle_pain_documented", asked)
    return check.criterion, check.row, check.kind


def listing(reasons: list[str], problems: list[str], code: str = "20552") -> Case:
    return reasoned(*map(diagnosis, reasons), code=code, problems=tuple(map(diagnosis, problems)))


@pytest.mark.parametrize("code", ["20552", "20553"])
@pytest.mark.parametrize(
    ("reasons", "problems", "expected"),
    [
        (["M79.18"], [], ("TPI-0", "muscle-named", None)),
        (["G44.209"], [], ("TPI-0", "muscle-named", None)),
        (["279062009"], [], ("TPI-0", "muscle-named", None)),
        ([], ["M79.18"], ("TPI-0", "muscle-named", None)),
        (["M79.7"], ["M79.18"], ("TPI-0", "muscle-named", None)),
        (["M46.1"], ["M79.18"], ("TPI-0", "muscle-named", None)),
        (["M79.7"], [], ("TPI-0", "excluded-only", Kind.GAP)),
        (["G89.4"], ["M54.50"], ("TPI-0", "excluded-only", Kind.GAP)),
        (["95417003"], [], ("TPI-0", "excluded-only", Kind.GAP)),
        ([], ["M79.7"], ("TPI-0", "excluded-listed", Kind.GAP)),
        (["M79.7", "M54.50"], [], ("TPI-0", "none-recorded", Kind.UNKNOWN)),
        (["M54.50"], [], ("TPI-0", "none-recorded", Kind.UNKNOWN)),
        ([], [], ("TPI-0", "none-recorded", Kind.UNKNOWN)),
        (["M46.1"], [], ("SIJ-4", "joint-only", Kind.GAP)),
        (["M46.1", "M53.3"], ["M54.50"], ("SIJ-4", "joint-only", Kind.GAP)),
        (["G89.29"], ["M46.1"], ("SIJ-4", "joint-listed", Kind.GAP)),
        ([], ["M46.1"], ("SIJ-4", "joint-listed", Kind.GAP)),
        (["M46.1", "M54.50"], [], ("TPI-0", "none-recorded", Kind.UNKNOWN)),
        ([], ["M46.1", "M54.16"], ("TPI-0", "none-recorded", Kind.UNKNOWN)),
    ],
)
def test_what_a_trigger_point_is_injected_for(
    code: str, reasons: list[str], problems: list[str], expected: tuple[str, str, Kind | None]
) -> None:
    assert source(listing(reasons, problems, code)) == expected


@pytest.mark.parametrize("other", ["M79.7", "M46.1"])
def test_an_unconfirmed_muscle_pain_leaves_it_open(other: str) -> None:
    asked = reasoned(diagnosis(other), code="20552", problems=(replace(MUSCLE, is_certain=False),))

    assert source(asked) == ("TPI-0", "possible", Kind.UNKNOWN)


@pytest.mark.parametrize("code", ["M79.7", "M46.1"])
def test_an_unconfirmed_reason_is_no_gap(code: str) -> None:
    doubtful = replace(diagnosis(code), is_certain=False)

    assert source(reasoned(doubtful, code="20552")) == ("TPI-0", "none-recorded", Kind.UNKNOWN)


def test_unread_diagnoses_leave_it_open_unless_the_muscle_is_named() -> None:
    bare, named = order("20552"), order("20552", reason_codes=(MUSCLE,))

    assert source(case(bare, diagnoses=unread("conditions", diagnosis("M79.7"))))[1] == "unread"
    assert source(case(named, diagnoses=unread("conditions")))[1] == "muscle-named"


@pytest.mark.parametrize(
    ("problem", "hook", "criterion", "indicator"),
    [
        ("M79.7", "order-sign", "TPI-0", "info"),
        ("M46.1", "order-select", "SIJ-4", "info"),
        ("M46.1", "order-sign", "SIJ-4", "warning"),
    ],
)
def test_a_problem_list_alone_weighs_less(problem: str, hook: str, criterion: str, indicator: str) -> None:
    found = judge().judge(listing([], [problem]), hook).findings

    assert {f.check.criterion: f.indicator for f in found}[criterion] == indicator


def steroid(
    *drugs: Drug,
    alongside: tuple[InjectionOrder, ...] = (),
    words: frozenset[Word] = frozenset(),
    **record: Any,
) -> str:
    placed = order("20552", drugs=drugs, words=words, reason_references=("Condition/M79.18",))
    asked = case(placed, problems=[MUSCLE], **record)
    return ask("trigger_point_without_steroid", replace(asked, alongside=alongside)).row


@pytest.mark.parametrize(
    ("drugs", "row"),
    [
        ([], "no-steroid"),
        ([BUPIVACAINE], "no-steroid"),
        ([TRIAMCINOLONE], "steroid-ordered"),
        ([BUPIVACAINE, TRIAMCINOLONE], "steroid-ordered"),
        ([TRAY, TRIAMCINOLONE], "steroid-ordered"),
        ([KENALOG], "steroid-in-text"),
        ([TRAY], "drug-not-resolved"),
        ([BUPIVACAINE, TRAY], "drug-not-resolved"),
    ],
)
def test_the_drugs_ordered_beside_a_trigger_point(drugs: list[Drug], row: str) -> None:
    assert steroid(*drugs) == row


def test_a_drug_that_cannot_be_resolved_is_neither_and_stays_silent() -> None:
    asked = case(order("20552", drugs=(TRAY,), reason_codes=(MUSCLE,)), problems=[])

    check = ask("trigger_point_without_steroid", asked)

    assert check.outcome is Outcome.UNKNOWN
    assert policy().loudness("TPI-1", check.row, "order-sign") == "silent"


def test_a_steroid_named_in_the_orders_text_is_a_hint() -> None:
    assert steroid(words=frozenset({Word.STEROID})) == "steroid-in-text"


def test_a_steroid_may_be_for_another_injection_of_the_hook() -> None:
    assert steroid(TRIAMCINOLONE, alongside=(order("62323"),)) == "other-injection-beside"
    assert steroid(TRIAMCINOLONE, alongside=(order("20553"),)) == "steroid-ordered"


def test_a_steroid_that_is_said_to_be_for_the_trigger_points_is_for_no_other_injection() -> None:
    tied = replace(TRIAMCINOLONE, is_tied=True)

    assert steroid(tied, alongside=(order("62323"),)) == "steroid-ordered"
    assert steroid(tied, TRIAMCINOLONE, alongside=(order("62323"),)) == "steroid-ordered"


def on_file(*reasons: str, states_reason: bool = True) -> SteroidOrder:
    return SteroidOrder("MedicationRequest/9", "triamcinolone (10759)", states_reason, frozenset(reasons))


@pytest.mark.parametrize(
    ("known", "row"),
    [
        (on_file("Condition/M79.18"), "steroid-in-encounter"),
        (replace(on_file(), reason_codes=frozenset({concept("M79.18")})), "steroid-in-encounter"),
        (on_file("Condition/asthma"), "no-steroid"),
        (on_file(states_reason=False), "steroid-without-reason"),
    ],
)
def test_a_steroid_ordered_in_the_encounter_counts_by_its_reason(known: SteroidOrder, row: str) -> None:
    assert steroid(steroid_orders=section(known)) == row


def test_unread_medication_leaves_it_open_unless_a_steroid_is_known() -> None:
    assert steroid(BUPIVACAINE, steroid_orders=unread("medications")) == "unread"
    assert steroid(TRIAMCINOLONE, steroid_orders=unread("medications")) == "steroid-ordered"


def point(when: str | None, region: Region = UNSPECIFIED, **changes: Any) -> Injection:
    return injection(when, region, **{"family": Family.TRIGGER_POINT, **changes})


def spaced(*earlier: Injection, planned: str | None = "2026-11-25", region: Region = UNSPECIFIED) -> str:
    placed = order("20553", planned=planned, region=region)
    return ask("trigger_point_sessions_spaced", case(placed, injections=section(*earlier))).row


@pytest.mark.parametrize(("days", "row"), [(1, "too-soon"), (59, "too-soon"), (60, "spaced"), (61, "spaced")])
def test_sixty_days_lie_between_two_sessions(days: int, row: str) -> None:
    assert spaced(point(days_ago(days))) == row


def test_spacing_counts_wherever_the_sessions_were() -> None:
    assert spaced(point(days_ago(20), CERVICAL), region=LUMBAR) == "too-soon"


@pytest.mark.parametrize(("number", "row"), [(0, "spaced"), (2, "spaced"), (3, "too-many"), (4, "too-many")])
def test_three_sessions_a_year_are_counted(number: int, row: str) -> None:
    assert spaced(*(point(days_ago(60 + 70 * n)) for n in range(number))) == row


@pytest.mark.parametrize(("days", "row"), [(364, "too-many"), (365, "spaced"), (366, "spaced")])
def test_the_window_is_a_year(days: int, row: str) -> None:
    assert spaced(*(point(days_ago(d)) for d in (60, 130, days))) == row


def test_two_lines_of_one_day_are_one_session() -> None:
    lines = [point(days_ago(d), reference=f"Procedure/{d}-{n}") for d in (60, 130) for n in (1, 2)]

    assert spaced(*lines) == "spaced"


@pytest.mark.parametrize("family", [Family.INTERLAMINAR, Family.FACET_INJECTION, Family.SIJ_INJECTION])
def test_other_injections_do_not_count(family: Family) -> None:
    assert spaced(point(days_ago(20), family=family)) == "spaced"


@pytest.mark.parametrize(
    ("earlier", "row"),
    [
        (point(None), "undetermined"),
        (point("2026"), "undetermined"),
        (point("2026-09"), "undetermined"),
        (point("2026-10"), "too-soon"),
        (point("2026-08"), "spaced"),
        (point(days_ago(20), is_certain=False), "undetermined"),
        (point(days_ago(90), is_certain=False), "spaced"),
    ],
)
def test_rough_dates_settle_only_what_they_can(earlier: Injection, row: str) -> None:
    assert spaced(earlier) == row


def test_three_sessions_of_which_one_is_undated_may_be_too_many() -> None:
    assert spaced(point(days_ago(60)), point(days_ago(130)), point(None)) == "undetermined"


@pytest.mark.parametrize(
    ("planned", "row"), [(None, "too-soon-no-date"), ("2026-12", "too-soon"), ("2026-11-25", "too-soon")]
)
def test_without_a_planned_day_a_short_distance_is_no_gap(planned: str | None, row: str) -> None:
    assert spaced(point("2026-11-05"), planned=planned) == row


def test_the_days_between_are_said_as_exactly_as_they_are_known() -> None:
    def between(earlier: Injection, planned: str) -> object:
        asked = case(order("20553", planned=planned), injections=section(earlier))
        return ask("trigger_point_sessions_spaced", asked).facts["days_between"]

    assert between(point("2026-11-05"), "2026-11-25") == "20"
    assert between(point("2026-10"), "2026-11-25") == "25 to 55"


def test_unread_procedures_leave_it_open_unless_a_session_is_too_close() -> None:
    def read(*known: Injection) -> tuple[str, Reason | None]:
        check = ask(
            "trigger_point_sessions_spaced", case(order("20553"), injections=unread("procedures", *known))
        )
        return check.row, check.reason

    assert read() == ("unread", Reason.NO_ACCESS)
    assert read(point(days_ago(90))) == ("unread", Reason.NO_ACCESS)
    assert read(point(days_ago(20))) == ("too-soon", None)


def imaged(*codes: str, alongside: tuple[InjectionOrder, ...] = (), **changes: Any) -> str:
    beside = tuple(Companion(concept(code), "ServiceRequest/beside") for code in codes)
    asked = case(order(changes.pop("code", "20552"), ordered_beside=beside, **changes))
    return ask("trigger_point_without_imaging", replace(asked, alongside=alongside)).row


@pytest.mark.parametrize(
    ("codes", "row"),
    [
        ([], "unguided"),
        (["72148"], "unguided"),
        (["77003"], "guidance-ordered"),
        (["77021"], "guidance-ordered"),
        (["76942"], "guidance-ordered"),
        (["72554-9"], "guidance-ordered"),
    ],
)
def test_guidance_ordered_beside_a_trigger_point(codes: list[str], row: str) -> None:
    assert imaged(*codes) == row


def test_guidance_of_another_injection_is_not_the_trigger_points() -> None:
    assert imaged("77003", alongside=(order("62322"),)) == "unguided"
    assert imaged("77003", alongside=(order("20553"),)) == "guidance-ordered"


def test_ultrasound_in_text_is_a_hint() -> None:
    assert imaged(words=frozenset({Word.ULTRASOUND})) == "ultrasound-in-text"


def test_guidance_for_a_trigger_point_is_shown_as_information() -> None:
    beside = (Companion(concept("77003"), "ServiceRequest/beside"),)
    asked = case(order("20552", ordered_beside=beside, reason_codes=(MUSCLE,)), problems=[])

    found = judge().judge(asked, "order-sign").findings

    assert [(f.indicator, f.kind) for f in found if f.check.criterion == "TPI-3"] == [("info", Kind.GAP)]


def test_diagnoses_are_shown_with_the_codes_that_decide() -> None:
    check = ask("muscle_pain_documented", listing(["M79.7"], ["M54.50"]))

    assert check.facts["codes"] == "M79.7"
    assert [i.label for i in check.decided_by] == [f"{concept('M79.7').label} (M79.7)"]


def test_a_refuted_muscle_pain_is_none() -> None:
    refuted: Diagnosis = replace(MUSCLE, standing=type(MUSCLE.standing).REFUTED)

    assert source(reasoned(diagnosis("M79.7"), code="20552", problems=(refuted,)))[1] == "excluded-only"
