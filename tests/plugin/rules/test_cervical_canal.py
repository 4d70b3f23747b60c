"""APR-3: before an interlaminar injection in the neck, the canal is imaged and the level low enough."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.evidence import Modality, Study, StudyState
from plugin.domain.order import InjectionOrder, Word
from plugin.domain.regions import Region
from tests.builders import (
    CERVICAL,
    LUMBAR,
    UNSPECIFIED,
    ask,
    case,
    days_ago,
    diagnosis,
    judge,
    order,
    section,
    study,
    unread,
)

THORACIC = Region.of("thoracic")
ABOVE = frozenset({Word.ABOVE_C6_7})
REASONS = {CERVICAL: "M54.12", THORACIC: "M54.14", LUMBAR: "M54.16", UNSPECIFIED: "M54.10"}


def placed(region: Region = CERVICAL, **changes: Any) -> InjectionOrder:
    code = {LUMBAR: "62323", UNSPECIFIED: "171787008"}.get(region, "62321")
    reason = {"reason_references": (f"Condition/{REASONS[region]}",)}
    return order(code, **{"region": region, **reason, **changes})


def imaged(*studies: Study, ordered: InjectionOrder | None = None) -> Case:
    """An order in the neck, after these studies, which are all there are on record."""
    ordered = ordered or placed()
    reason = diagnosis(REASONS[ordered.region], "2024-01-01")
    return case(ordered, problems=[reason], studies=section(*studies))


def canal(asked: Case) -> Check:
    return ask("cervical_canal_reviewed", asked)


def neck(taken: str | None = "2026-07-10", modality: Modality = Modality.MR, **changes: Any) -> Study:
    return study(taken, changes.pop("region", CERVICAL), modality, **changes)


def indicators(asked: Case) -> dict[str, str]:
    return {f.check.criterion: f.indicator for f in judge().judge(asked, "order-sign").findings}


@pytest.mark.parametrize("modality", [Modality.MR, Modality.CT, Modality.CT_MYELOGRAM])
def test_mri_or_ct_shows_the_canal(modality: Modality) -> None:
    check = canal(imaged(neck(modality=modality)))

    assert (check.row, check.outcome, check.kind) == ("reviewed", Outcome.MET, None)


@pytest.mark.parametrize("modality", [Modality.PLAIN_FILM, Modality.NERVE_TEST])
def test_nothing_else_does(modality: Modality) -> None:
    assert canal(imaged(neck(modality=modality))).row == "canal-not-imaged"


@pytest.mark.parametrize(("age", "row"), [(729, "reviewed"), (730, "reviewed"), (731, "canal-not-imaged")])
def test_a_study_counts_for_730_days(age: int, row: str) -> None:
    assert canal(imaged(neck(days_ago(age)))).row == row


def test_a_study_after_the_planned_day_does_not_count_yet() -> None:
    assert canal(imaged(neck(days_ago(-1)))).row == "canal-not-imaged"
    assert canal(imaged(neck(days_ago(0)))).row == "reviewed"


@pytest.mark.parametrize(
    ("region", "row"),
    [
        (CERVICAL, "reviewed"),
        (Region.of("cervical", "thoracic"), "reviewed"),
        (Region.everywhere(), "reviewed"),
        (THORACIC, "canal-not-imaged"),
        (LUMBAR, "canal-not-imaged"),
        (UNSPECIFIED, "study-not-exact"),
    ],
)
def test_the_study_shows_the_neck(region: Region, row: str) -> None:
    assert canal(imaged(neck(region=region))).row == row


@pytest.mark.parametrize(
    "unclear",
    [
        neck(None),
        neck("2024"),
        neck(state=StudyState.POSSIBLE),
        neck(region_by_text=True),
    ],
)
def test_a_study_that_is_not_exact_leaves_it_open(unclear: Study) -> None:
    check = canal(imaged(unclear))

    assert (check.row, check.outcome, check.reason) == (
        "study-not-exact",
        Outcome.UNKNOWN,
        Reason.AMBIGUOUS,
    )
    assert [item.reference for item in check.decided_by] == [unclear.reference]


def test_one_exact_study_is_enough_beside_others() -> None:
    assert canal(imaged(neck(None), neck("2026-05-01"), neck(region=LUMBAR))).row == "reviewed"


@pytest.mark.parametrize(
    "ordered", [neck(state=StudyState.ORDERED), neck(state=StudyState.POSSIBLE, was_declined=True)]
)
def test_a_study_that_was_only_ordered_or_declined_shows_nothing(ordered: Study) -> None:
    assert canal(imaged(ordered)).row == "canal-not-imaged"


@pytest.mark.parametrize(
    ("region", "row"),
    [(CERVICAL, "canal-not-imaged"), (THORACIC, "other-region"), (LUMBAR, "other-region")],
)
def test_only_an_injection_in_the_neck_needs_the_canal(region: Region, row: str) -> None:
    assert canal(imaged(ordered=placed(region))).row == row


def test_a_junction_with_the_neck_is_the_neck() -> None:
    junction = order("62321", region=Region.of("cervical", "thoracic"), reason_references=())

    assert canal(case(junction, studies=section())).row == "canal-not-imaged"


@pytest.mark.parametrize("code", ["62321", "171787008"])
def test_where_the_neck_may_be_meant_it_stays_open(code: str) -> None:
    open_region = order(code, reason_references=("Condition/M54.10",))

    check = canal(case(open_region, problems=[diagnosis("M54.10")], studies=section()))

    assert (check.row, check.kind) == ("region-not-exact", Kind.UNKNOWN)
    assert canal(case(open_region, problems=[diagnosis("M54.10")], studies=section(neck()))).row == "reviewed"


def test_the_diagnosis_says_that_the_neck_is_meant() -> None:
    pair = order("62321", reason_references=("Condition/M54.12",))

    assert canal(case(pair, problems=[diagnosis("M54.12")], studies=section())).row == "canal-not-imaged"


def test_studies_that_could_not_be_read_may_show_the_canal() -> None:
    asked = case(placed(), problems=[diagnosis("M54.12")], studies=unread("imaging", neck(None)))

    check = canal(asked)

    assert (check.row, check.reason) == ("unread", Reason.NO_ACCESS)
    assert [u.source for u in check.unread] == ["imaging"]


# What it means for the cards


@pytest.mark.parametrize(
    ("studies", "indicator"),
    [
        ((), "critical"),
        ((neck(days_ago(800)),), "critical"),
        ((neck(region=LUMBAR),), "critical"),
        ((neck(modality=Modality.CT),), "info"),
        ((neck(None),), "info"),
    ],
)
def test_without_an_image_of_the_canal_the_missing_mri_is_critical(
    studies: tuple[Study, ...], indicator: str
) -> None:
    asked = imaged(*studies)

    assert indicators(asked)["IMG-1"] == indicator
    assert "APR-3" not in indicators(asked)


@pytest.mark.parametrize("region", [THORACIC, LUMBAR])
def test_elsewhere_the_missing_mri_is_a_warning(region: Region) -> None:
    assert indicators(imaged(ordered=placed(region)))["IMG-1"] == "warning"


def test_a_level_above_c6_7_is_a_warning() -> None:
    asked = imaged(neck(), ordered=placed(words=ABOVE))

    assert canal(asked).row == "level-above"
    assert indicators(asked)["APR-3"] == "warning"
    assert "IMG-1" not in indicators(asked)


def test_a_level_above_c6_7_does_not_hide_that_the_canal_is_not_imaged() -> None:
    asked = imaged(ordered=placed(words=ABOVE))

    assert canal(asked).row == "level-above-not-imaged"
    assert (indicators(asked)["APR-3"], indicators(asked)["IMG-1"]) == ("warning", "critical")


@pytest.mark.parametrize("studies", [section(neck(None)), unread("imaging")])
def test_a_level_above_c6_7_is_a_gap_whatever_is_known_of_the_canal(studies: Any) -> None:
    asked = case(placed(words=ABOVE), problems=[diagnosis("M54.12")], studies=studies)

    assert canal(asked).row == "level-above"
