"""RFA-1 to RFA-4, row by row: blocks and ablations before this one, fusion, and the kind of ablation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.evidence import Event, Standing
from plugin.domain.families import Purpose
from plugin.domain.injections import Injection, Relief
from plugin.domain.order import Word
from plugin.domain.regions import Region
from tests.builders import (
    CERVICAL,
    LUMBAR,
    UNSPECIFIED,
    ask,
    days_ago,
    diagnosis,
    event,
    judge,
    on,
    order,
    read,
    resource,
    section,
    unread,
)
from tests.plugin.rules.facets import (
    FAILED,
    LEFT,
    NECK,
    NO_RESULT,
    PARTLY,
    RIGHT,
    UNCLEAR,
    WORKED,
    ablation,
    block,
    facet,
)


def blocks(*history: Injection, **changes: Any) -> Check:
    return ask("ablation_follows_blocks", facet("64635", *history, **changes))


def spacing(*history: Injection, **changes: Any) -> Check:
    return ask("ablations_spaced", facet("64635", *history, **changes))


TWO = (block("2026-08-01", 85), block("2026-08-21", 82))
THORACIC = Region.of("thoracic")


def test_two_positive_blocks_meet_the_criterion_silently() -> None:
    check = blocks(*TWO, sides=RIGHT)

    assert (check.row, check.outcome, check.kind) == ("positive-blocks", Outcome.MET, None)


@pytest.mark.parametrize(
    ("day", "row"),
    [
        ("2026-08-14", "blocks-too-close"),
        ("2026-08-15", "positive-blocks"),
        ("2026-08-16", "positive-blocks"),
    ],
)
def test_14_days_lie_between_the_two_blocks(day: str, row: str) -> None:
    assert blocks(TWO[0], block(day)).row == row


def test_of_three_blocks_two_that_lie_apart_are_enough() -> None:
    assert blocks(TWO[0], block("2026-08-10"), block("2026-08-20")).row == "positive-blocks"
    assert blocks(TWO[0], block("2026-08-05"), block("2026-08-10")).row == "blocks-too-close"


@pytest.mark.parametrize(
    ("percent", "row"), [(79, "too-few-positive"), (80, "positive-blocks"), (81, "positive-blocks")]
)
def test_relief_is_enough_from_80_percent_on(percent: float, row: str) -> None:
    assert blocks(TWO[0], block("2026-09-01", percent)).row == row


def test_one_positive_block_is_a_gap_that_shows_who_accepts_one() -> None:
    asked = facet("64635", TWO[0])
    check = ask("ablation_follows_blocks", asked)

    assert (check.row, check.outcome, check.kind) == ("too-few-positive", Outcome.NOT_MET, Kind.GAP)
    said = {t.guideline.id: t.outcome for t in judge().testimonies(asked, check)}
    assert (said["nice-ng59"], said["medicare-facet-lcd"]) == (Outcome.MET, Outcome.NOT_MET)


def test_two_blocks_of_60_percent_are_a_gap_that_shows_who_accepts_50() -> None:
    asked = facet("64635", block("2026-08-01", 60), block("2026-08-21", 60))
    check = ask("ablation_follows_blocks", asked)

    assert (check.row, check.kind, check.facts["reliefs"]) == ("relief-too-low", Kind.GAP, "60 %, 60 %")
    said = {t.guideline.id: t.outcome for t in judge().testimonies(asked, check)}
    assert said["lumbar-facet-consensus-2020"] is Outcome.MET
    assert said["nice-ng59"] is None


@pytest.mark.parametrize("relief", [Relief(10), PARTLY, FAILED])
def test_blocks_that_fell_short_are_a_gap(relief: Relief) -> None:
    assert blocks(block("2026-08-01", relief=relief), block("2026-08-21", 40)).row == "relief-too-low"


def test_blocks_without_a_result_are_a_gap_that_says_so() -> None:
    check = blocks(TWO[0], block("2026-08-21", None))

    assert (check.row, check.reason, check.kind) == ("results-not-documented", Reason.NO_EVIDENCE, Kind.GAP)


def test_successes_without_a_number_leave_it_open() -> None:
    check = blocks(TWO[0], block("2026-08-21", relief=WORKED))

    assert (check.row, check.kind) == ("unquantified", Kind.UNKNOWN)


def test_no_block_is_a_gap() -> None:
    assert (blocks().row, blocks().kind) == ("no-block", Kind.GAP)


@pytest.mark.parametrize(
    "second",
    [
        block("2026-08-21", region=CERVICAL),
        block("2026-08-21", sides=LEFT),
        block("2026-08-21", purpose=Purpose.THERAPEUTIC),
        block("2026-08-21", is_intra_articular=True),
        block(days_ago(731)),
    ],
)
def test_another_place_purpose_joint_or_time_is_no_second_block(second: Injection) -> None:
    assert blocks(TWO[0], second, sides=RIGHT).row == "too-few-positive"


@pytest.mark.parametrize(
    "second",
    [
        block(None),
        block("2026-08"),
        block("2026-08-21", is_certain=False),
        block("2026-08-21", region=UNSPECIFIED),
        block("2026-08-21", relief=UNCLEAR),
    ],
)
def test_a_block_that_is_not_exact_leaves_it_open(second: Injection) -> None:
    assert blocks(TWO[0], second).row == "undetermined"


def test_blocks_of_the_mid_back_are_none_for_the_neck() -> None:
    here = {"region": CERVICAL}
    neck = [replace(b, **here) for b in TWO]
    mid_back = [replace(b, region=THORACIC) for b in TWO]

    def row(found: list[Injection]) -> str:
        return ask("ablation_follows_blocks", facet("64633", *found, reasons=(NECK,))).row

    assert (row(neck), row(mid_back)) == ("positive-blocks", "no-block")


def test_injections_into_the_joint_are_no_blocks() -> None:
    joints = [block("2026-08-01", is_intra_articular=True), block("2026-08-21", is_intra_articular=True)]

    check = blocks(*joints)

    assert (check.row, check.kind, len(check.decided_by)) == ("intra-articular-only", Kind.GAP, 2)
    treated = block("2026-08-01", is_intra_articular=True, purpose=Purpose.THERAPEUTIC)
    assert blocks(treated).row == "intra-articular-only"


@pytest.mark.parametrize(
    ("days", "row"),
    [
        (181, "no-block"),
        (182, "repeat-after-relief"),
        (183, "repeat-after-relief"),
        (730, "repeat-after-relief"),
        (731, "rediagnose"),
    ],
)
def test_an_ablation_that_helped_is_repeated_after_half_a_year_and_for_two(days: int, row: str) -> None:
    assert blocks(ablation(days_ago(days))).row == row


@pytest.mark.parametrize(
    ("relief", "row"),
    [
        (Relief(49), "no-block"),
        (Relief(50), "repeat-after-relief"),
        (Relief(51), "repeat-after-relief"),
        (WORKED, "repeat-after-relief"),
        (PARTLY, "no-block"),
        (FAILED, "no-block"),
        (NO_RESULT, "ablation-without-result"),
        (Relief(40, highest_percent=70), "undetermined"),
        (Relief(60, FAILED.verdict), "undetermined"),
    ],
)
def test_an_ablation_is_repeated_after_half_the_pain_or_a_success(relief: Relief, row: str) -> None:
    assert blocks(ablation(days_ago(269), relief)).row == row


def test_an_ablation_without_a_result_is_a_gap_unless_blocks_stand_in() -> None:
    earlier = ablation(days_ago(269), NO_RESULT)

    check = blocks(earlier)

    assert (check.reason, check.kind) == (Reason.NO_EVIDENCE, Kind.GAP)
    assert blocks(earlier, *TWO).row == "positive-blocks"


def test_an_old_ablation_asks_for_new_blocks() -> None:
    old = ablation(days_ago(800))

    assert (blocks(old).row, blocks(old).kind) == ("rediagnose", Kind.GAP)
    assert blocks(old, *TWO).row == "positive-blocks"
    assert blocks(old, TWO[0]).row == "too-few-positive"


@pytest.mark.parametrize(
    ("earlier", "row"),
    [
        (ablation(days_ago(269), sides=LEFT), "no-block"),
        (ablation(days_ago(269), region=CERVICAL), "no-block"),
        (ablation(days_ago(269), region=UNSPECIFIED), "undetermined"),
        (ablation(days_ago(269), is_certain=False), "undetermined"),
        (ablation(None), "undetermined"),
        (ablation("2026"), "undetermined"),
        (ablation("2025"), "repeat-after-relief"),
    ],
)
def test_an_ablation_elsewhere_is_none_and_one_not_exact_leaves_it_open(earlier: Injection, row: str) -> None:
    assert blocks(earlier, sides=RIGHT).row == row


def test_what_could_not_be_read_is_never_a_gap() -> None:
    check = blocks(sections={"injections": unread("procedures", TWO[0])})

    assert (check.row, check.reason, len(check.unread)) == ("unread", Reason.NO_ACCESS, 1)
    assert blocks(sections={"injections": unread("procedures", *TWO)}).row == "positive-blocks"


@pytest.mark.parametrize("history", [(TWO[0], block("2026-09-01", None)), (ablation(days_ago(269), FAILED),)])
def test_results_that_could_not_be_read_are_never_a_gap(history: tuple[Injection, ...]) -> None:
    check = blocks(*history, sections={"pain_scores": unread("observations")})

    assert (check.row, [u.source for u in check.unread]) == ("unread", ["observations"])


def test_no_block_stays_a_gap_while_only_results_could_not_be_read() -> None:
    assert blocks(sections={"pain_scores": unread("observations")}).row == "no-block"


@pytest.mark.parametrize(
    ("days", "row"), [(181, "too-soon"), (182, "ablations-spaced"), (183, "ablations-spaced")]
)
def test_half_a_year_lies_between_two_ablations(days: int, row: str) -> None:
    check = spacing(ablation(days_ago(days)))

    assert check.row == row
    assert check.outcome is (Outcome.NOT_MET if row == "too-soon" else Outcome.MET)


def test_the_other_side_may_be_ablated_sooner() -> None:
    assert spacing(ablation("2026-11-01", sides=LEFT), sides=RIGHT).row == "ablations-spaced"
    assert spacing(ablation("2026-11-01", region=CERVICAL)).row == "ablations-spaced"


@pytest.mark.parametrize(("days", "row"), [(364, "too-many-sessions"), (365, "ablations-spaced")])
def test_a_third_session_of_the_year_is_a_gap_on_whichever_side(days: int, row: str) -> None:
    check = spacing(ablation("2026-03-01", sides=LEFT), ablation(days_ago(days), sides=LEFT), sides=RIGHT)

    assert check.row == row


def test_without_a_planned_day_a_recent_ablation_only_informs() -> None:
    today = date(2026, 11, 20)

    check = spacing(ablation("2026-10-01"), planned=None, asked_on=today)

    assert (check.row, check.kind) == ("date-not-planned", Kind.UNKNOWN)
    assert spacing(ablation("2026-05-01"), planned=None, asked_on=today).row == "ablations-spaced"


@pytest.mark.parametrize(
    "earlier", [ablation(None), ablation("2026"), ablation("2026-10-01", is_certain=False)]
)
def test_an_ablation_not_exact_leaves_the_spacing_open(earlier: Injection) -> None:
    assert spacing(earlier).row == "undetermined"


def test_ablations_that_could_not_be_read_leave_the_spacing_open() -> None:
    check = spacing(sections={"injections": unread("procedures", ablation("2026-10-01"))})

    assert (check.row, check.reason) == ("unread", Reason.NO_ACCESS)


def fusion(**changes: Any) -> Event:
    return replace(event("2020-05-01", changes.pop("region", LUMBAR)), is_fusion=True, **changes)


def fused(*operations: Event, **changes: Any) -> Check:
    given = {"sections": {"operations": section(*operations)}, **changes}
    return ask("ablation_in_unfused_segment", facet("64635", **given))


@pytest.mark.parametrize(
    "operation", [fusion(), fusion(region=UNSPECIFIED), fusion(date=None), fusion(is_certain=False)]
)
def test_a_fusion_in_the_region_only_informs(operation: Event) -> None:
    check = fused(operation)

    assert (check.row, check.outcome, check.kind) == ("fusion-on-record", Outcome.UNKNOWN, Kind.UNKNOWN)


def test_another_operation_or_region_is_no_fusion_here() -> None:
    check = fused(event("2020-05-01", LUMBAR), fusion(region=CERVICAL))

    assert (check.row, check.outcome, check.kind) == ("no-fusion", Outcome.MET, None)


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("Z98.1", "fusion-on-record"),
        ("M43.26", "fusion-on-record"),
        ("M43.22", "no-fusion"),
        ("M96.1", "no-fusion"),
    ],
)
def test_a_diagnosis_states_a_fusion_too(code: str, row: str) -> None:
    assert fused(problems=(diagnosis(code),)).row == row


def test_a_fusion_of_the_past_problem_list_is_none() -> None:
    gone = replace(diagnosis("M43.26"), standing=Standing.REFUTED)

    assert fused(problems=(gone,)).row == "no-fusion"


@pytest.mark.parametrize("name", ["operations", "diagnoses"])
def test_without_the_record_a_fusion_is_not_known(name: str) -> None:
    source = {"operations": "procedures", "diagnoses": "conditions"}[name]

    check = fused(sections={name: unread(source)})

    assert (check.row, check.reason, next(u.source for u in check.unread)) == (
        "unread",
        Reason.NO_ACCESS,
        "reason" if name == "diagnoses" else source,
    )


@pytest.mark.parametrize(("code", "is_fusion"), [("22612", True), ("50172003", True), ("63047", False)])
def test_the_code_of_an_operation_says_whether_it_was_a_fusion(code: str, is_fusion: bool) -> None:
    charted = resource("Procedure", code, status="completed", performedDateTime="2020-05-01")

    (found,) = read(procedures=[charted]).operations.entries

    assert (found.is_fusion, found.date) == (is_fusion, on("2020-05-01"))


def test_words_for_another_kind_of_ablation_are_a_gap() -> None:
    def kind(*words: Word) -> Check:
        placed = order("64635", words=frozenset(words))
        return ask("ablation_is_thermal", replace(facet("64635"), order=placed))

    assert (kind(Word.NOT_THERMAL).row, kind(Word.NOT_THERMAL).kind) == ("not-thermal", Kind.GAP)
    assert (kind(Word.STEROID).row, kind().row) == ("thermal", "thermal")
    assert kind().outcome is Outcome.MET


@pytest.mark.parametrize("code", ["64628", "64625", "64493"])
def test_the_criteria_of_facet_ablation_are_asked_of_it_alone(code: str) -> None:
    verdict = judge().judge(facet(code, purpose=Purpose.DIAGNOSTIC), "order-sign")

    assert [c.criterion for c in verdict.checks if c.criterion.startswith("RFA")] == []
