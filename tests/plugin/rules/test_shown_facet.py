"""What the answers about facet injections and ablations show: entries of the chart, and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from plugin.domain.case import Case
from plugin.domain.evidence import Diagnosis, Event, Standing
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Injection, Relief
from tests.builders import CERVICAL, LUMBAR, ask, days_ago, diagnosis, event, section, unread
from tests.plugin.rules.facets import (
    FAILED,
    LEFT,
    NO_RESULT,
    RIGHT,
    SPONDYLOSIS,
    WORKED,
    ablation,
    block,
    facet,
)

FIRST, SECOND = block("2026-08-01", 85), block("2026-08-21", 82)
OLD, RECENT = ablation(days_ago(800)), ablation(days_ago(269))
TODAY = date(2026, 11, 20)
IN_JOINT = {"is_intra_articular": True}
FUSION = replace(event("2020-05-01", LUMBAR), is_fusion=True)
NO_DAY: dict[str, Any] = {"planned": None, "asked_on": TODAY}


def ablated(*history: Injection, **changes: Any) -> Case:
    return facet("64635", *history, **changes)


def treated(*history: Injection, **changes: Any) -> Case:
    return facet("64493", *history, **{"purpose": Purpose.THERAPEUTIC, **changes})


def diagnostic(*history: Injection, **changes: Any) -> Case:
    return facet("64493", *history, **{"purpose": Purpose.DIAGNOSTIC, **changes})


def references(entries: Sequence[Injection | Event]) -> list[str]:
    return [entry.reference for entry in entries]


@pytest.mark.parametrize(
    ("history", "row", "shown"),
    [
        ((RECENT, FIRST), "repeat-after-relief", (RECENT,)),
        ((FIRST, SECOND, OLD), "positive-blocks", (SECOND, FIRST)),
        (
            (FIRST, block("2026-08-21", relief=WORKED), OLD),
            "unquantified",
            (SECOND, FIRST, OLD),
        ),
        ((FIRST, block("2026-08-10"), OLD), "blocks-too-close", (block("2026-08-10"), FIRST, OLD)),
        ((FIRST, OLD), "too-few-positive", (FIRST, OLD)),
        ((FIRST, block("2026-08-21", None), OLD), "results-not-documented", (SECOND, FIRST, OLD)),
        ((block("2026-08-01", 40), OLD), "relief-too-low", (FIRST, OLD)),
        ((ablation(days_ago(269), NO_RESULT), OLD), "ablation-without-result", (RECENT, OLD)),
        ((OLD,), "rediagnose", (OLD,)),
        ((block("2026-08-01", **IN_JOINT),), "intra-articular-only", (FIRST,)),
        ((ablation(days_ago(269), FAILED),), "no-block", (RECENT,)),
    ],
)
def test_blocks_and_ablations_before_an_ablation_are_shown(
    history: Sequence[Injection], row: str, shown: Sequence[Injection]
) -> None:
    check = ask("ablation_follows_blocks", ablated(*history))

    assert (check.row, [i.reference for i in check.decided_by]) == (row, references(shown))


@pytest.mark.parametrize(("days", "row"), [(730, "intra-articular-only"), (731, "no-block")])
def test_injections_into_the_joint_are_looked_for_as_long_as_blocks(days: int, row: str) -> None:
    assert ask("ablation_follows_blocks", ablated(block(days_ago(days), **IN_JOINT))).row == row


def test_only_an_injection_of_the_facets_is_one_into_their_joint() -> None:
    elsewhere = block("2026-08-01", family=Family.SIJ_INJECTION, **IN_JOINT)

    assert ask("ablation_follows_blocks", ablated(elsewhere)).row == "no-block"


def test_relief_that_was_measured_stands_though_scores_could_not_be_read() -> None:
    unreadable = {"pain_scores": unread("observations")}
    measured = ablation(days_ago(269), Relief(60))

    assert ask("ablation_follows_blocks", ablated(measured, sections=unreadable)).row == "repeat-after-relief"


def test_the_numbers_of_an_ablation_are_told() -> None:
    facts = ask("ablation_follows_blocks", ablated(FIRST, block("2026-08-21", None))).facts

    assert facts == {
        "min_positive_blocks": 2,
        "block_gap_days": 14,
        "block_lookback_days": 730,
        "rediagnose_days": 730,
        "repeat_min_relief_percent": "50",
        "repeat_min_days": 182,
        "positive": 1,
        "undocumented": 1,
        "min_relief_percent": "80",
        "reliefs": "85 %",
    }


@pytest.mark.parametrize(
    ("history", "changes", "row", "shown"),
    [
        (
            (ablation("2026-03-01", sides=LEFT), ablation("2026-01-10", sides=LEFT)),
            {"sides": RIGHT},
            "too-many-sessions",
            (ablation("2026-03-01"), ablation("2026-01-10")),
        ),
        (
            (ablation("2026-08-01", sides=RIGHT), ablation("2025-10-01")),
            {"sides": RIGHT},
            "too-soon",
            (ablation("2026-08-01"),),
        ),
        ((ablation("2026-10-01"),), NO_DAY, "date-not-planned", (ablation("2026-10-01"),)),
        ((ablation("2026-03-01"),), {}, "ablations-spaced", (ablation("2026-03-01"),)),
    ],
)
def test_the_ablations_that_decide_are_shown(
    history: Sequence[Injection], changes: dict[str, Any], row: str, shown: Sequence[Injection]
) -> None:
    check = ask("ablations_spaced", ablated(*history, **changes))

    assert (check.row, [i.reference for i in check.decided_by]) == (row, references(shown))


def test_the_spacing_of_ablations_is_told() -> None:
    check = ask("ablations_spaced", ablated(ablation(days_ago(100)), ablation(days_ago(300), sides=LEFT)))

    assert check.facts == {
        "max_sessions": 2,
        "min_gap_days": 182,
        "window_days": 365,
        "session_number": 3,
        "days_between": "100",
    }


def test_what_could_not_be_read_of_ablations_and_fusions_is_named() -> None:
    unreadable = {"injections": unread("procedures"), "operations": unread("procedures")}

    for rule in ("ablations_spaced", "ablation_in_unfused_segment"):
        check = ask(rule, ablated(sections=unreadable))
        assert (check.row, [u.source for u in check.unread]) == ("unread", ["procedures"])


def test_every_fusion_of_the_region_is_shown() -> None:
    fused = diagnosis("M43.26", "2021-01-01")
    operations = section(FUSION, replace(event("2019-01-01", CERVICAL), is_fusion=True))

    check = ask(
        "ablation_in_unfused_segment", ablated(problems=(fused,), sections={"operations": operations})
    )

    assert (check.criterion, check.row) == ("RFA-3", "fusion-on-record")
    assert [i.reference for i in check.decided_by] == [FUSION.reference, fused.reference]


@pytest.mark.parametrize(
    ("asked", "row", "shown"),
    [
        (treated(FIRST, SECOND), "positive-blocks", (SECOND, FIRST)),
        (treated(FIRST, purpose=Purpose.UNDETERMINED), "purpose-not-stated", (FIRST,)),
        (treated(FIRST, block("2026-08-21", relief=WORKED)), "unquantified", (SECOND, FIRST)),
        (treated(FIRST, block("2026-08-21", 40)), "too-few-positive", (SECOND, FIRST)),
        (treated(FIRST, block("2026-08-21", None)), "results-not-documented", (SECOND, FIRST)),
        (treated(block("2026-08-01", 40)), "relief-too-low", (FIRST,)),
    ],
)
def test_blocks_before_a_treatment_are_shown(asked: Case, row: str, shown: Sequence[Injection]) -> None:
    check = ask("facet_blocks_before_therapy", asked)

    assert (check.row, [i.reference for i in check.decided_by]) == (row, references(shown))


FOUR = tuple(block(day, sides=LEFT) for day in ("2026-07-10", "2026-05-10", "2026-03-10", "2026-01-10"))


@pytest.mark.parametrize(
    ("asked", "row", "shown"),
    [
        (diagnostic(*FOUR, sides=RIGHT), "too-many-sessions", FOUR),
        (diagnostic(FIRST, block("2026-05-01")), "further-block", (FIRST, block("2026-05-01"))),
        (diagnostic(block("2026-08-01", 40)), "last-fell-short", (FIRST,)),
        (diagnostic(block("2026-11-15")), "too-soon", (block("2026-11-15"),)),
        (diagnostic(block("2026-11-15"), **NO_DAY), "date-not-planned", (block("2026-11-15"),)),
        (diagnostic(block("2026-08-01", relief=WORKED)), "last-unquantified", (FIRST,)),
        (diagnostic(block("2026-08-01", None)), "last-without-result", (FIRST,)),
        (diagnostic(FIRST), "blocks-spaced", (FIRST,)),
    ],
)
def test_blocks_before_a_further_one_are_shown(asked: Case, row: str, shown: Sequence[Injection]) -> None:
    check = ask("facet_block_repeated", asked)

    assert (check.row, [i.reference for i in check.decided_by]) == (row, references(shown))


def test_treatments_are_no_diagnostic_sessions() -> None:
    treatments = [replace(b, purpose=Purpose.THERAPEUTIC) for b in FOUR]

    assert ask("facet_block_repeated", diagnostic(*treatments, sides=RIGHT)).row == "first-block"


def test_a_facet_cyst_is_shown() -> None:
    cyst = diagnosis("M71.38", "2026-01-01")

    check = ask("facet_pain_documented", diagnostic(reasons=(cyst,)))

    assert (check.row, [i.reference for i in check.decided_by]) == ("facet-cyst", [cyst.reference])


@pytest.mark.parametrize(("listed", "row"), [(False, "nonspecific-pain"), (True, "nonspecific-pain-listed")])
def test_pain_without_a_source_is_shown(listed: bool, row: str) -> None:
    plain = diagnosis("M54.50", "2026-01-01")
    given = {"reasons": (), "problems": (plain,)} if listed else {"reasons": (plain,)}

    check = ask("facet_pain_documented", diagnostic(**given))

    assert (check.row, [i.reference for i in check.decided_by]) == (row, [plain.reference])


def test_leg_pain_of_the_past_is_listed_as_not_counted() -> None:
    past = diagnosis("M54.16", "2024-01-01", standing=Standing.HISTORICAL)

    check = ask("facet_pain_documented", diagnostic(reasons=(SPONDYLOSIS,), problems=(past,)))

    assert check.row == "facet-diagnosis"
    assert [(i.reference, i.remark) for i in check.set_aside] == [(past.reference, "resolved")]


@pytest.mark.parametrize(
    ("problem", "row"),
    [
        (diagnosis("M54.16", "2026-07-01", is_certain=False), "radiculopathy-possible"),
        (diagnosis("M53.86", "2026-01-01"), "coverage-diagnosis"),
        (replace(SPONDYLOSIS, is_certain=False), "not-confirmed"),
    ],
)
def test_a_diagnosis_of_the_problem_list_is_shown(problem: Diagnosis, row: str) -> None:
    plain = diagnosis("M54.50", "2026-01-01")

    check = ask("facet_pain_documented", diagnostic(reasons=(plain,), problems=(problem,)))

    assert (check.row, [i.reference for i in check.decided_by]) == (row, [problem.reference])


def test_the_codes_of_unspecific_pain_are_told() -> None:
    reasons = (diagnosis("M54.50", "2026-01-01"), diagnosis("M54.59", "2026-01-01"))

    check = ask("facet_pain_documented", diagnostic(reasons=reasons))

    assert (check.row, check.facts["codes"]) == ("nonspecific-pain", "M54.50, M54.59")
