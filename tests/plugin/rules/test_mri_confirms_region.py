"""IMG-1, row by row in the order in which they are weighed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Kind, Outcome
from plugin.domain.evidence import Diagnosis, Standing, Study
from plugin.domain.families import Family
from plugin.domain.regions import Region
from tests.builders import (
    CERVICAL,
    LUMBAR,
    UNSPECIFIED,
    case,
    days_ago,
    diagnosis,
    event,
    imaging,
    order,
    reasoned,
    section,
    study,
)
from tests.plugin.rules.imaged import (
    CT,
    EMG,
    FILM,
    LONG,
    MYELOGRAM,
    ORDERED,
    PRELIMINARY,
    SACRUM,
    with_studies,
)


def row(asked: Case) -> tuple[str, Outcome]:
    check = imaging(asked)
    return check.row, check.outcome


def test_a_recent_mri_of_the_region_meets_the_criterion_silently() -> None:
    check = imaging(case())

    assert (check.outcome, check.kind) == (Outcome.MET, None)
    assert [i.reference for i in check.decided_by] == ["ImagingStudy/mr-2026-07-10"]


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, ("confirmed", Outcome.MET)),
        (729, ("confirmed", Outcome.MET)),
        (730, ("confirmed", Outcome.MET)),
        (731, ("too-old", Outcome.NOT_MET)),
        (-1, ("no-study", Outcome.NOT_MET)),
    ],
)
def test_an_mri_counts_up_to_730_days_and_never_from_the_future(
    age: int, expected: tuple[str, Outcome]
) -> None:
    assert row(with_studies(study(days_ago(age)), problems=(diagnosis("M54.16"),))) == expected


def test_a_study_after_the_order_date_is_listed_as_not_counted() -> None:
    check = imaging(with_studies(study(days_ago(-1))))

    assert [i.remark for i in check.set_aside] == ["after-order-date"]


def test_the_age_of_an_old_mri_is_told_in_days_and_months() -> None:
    check = imaging(with_studies(study(days_ago(900)), study(days_ago(800))))

    assert check.facts["age_days"] == 800


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ("2026-09", "confirmed"),
        ("2025", "confirmed"),
        ("2024-11", "unclear-study"),
        ("2024", "unclear-study"),
        ("2023", "too-old"),
        (None, "unclear-study"),
    ],
)
def test_a_date_known_roughly_settles_only_what_all_its_days_agree_on(
    taken: str | None, expected: str
) -> None:
    assert row(with_studies(study(taken), problems=(diagnosis("M54.16"),)))[0] == expected


@pytest.mark.parametrize(
    ("onset", "expected"),
    [
        ("2026-07-09", "confirmed"),
        ("2026-07-10", "confirmed"),
        ("2026-07-11", "predates-onset"),
        ("2026-07", "predates-onset"),
        ("2026", "predates-onset"),
        ("2026-06", "confirmed"),
    ],
)
def test_an_mri_before_the_pain_began_leaves_the_question_open(onset: str, expected: str) -> None:
    check = imaging(case(problems=(diagnosis("M54.16", onset),)))

    assert check.row == expected
    assert check.kind is (None if expected == "confirmed" else Kind.UNKNOWN)


def test_a_recorded_date_is_no_onset_that_an_mri_could_predate() -> None:
    assert imaging(case(problems=(diagnosis("M54.16", recorded="2026-10-01"),))).row == "confirmed"


@pytest.mark.parametrize(
    ("operated", "expected"),
    [
        ("2026-07-09", "confirmed"),
        ("2026-07-10", "confirmed"),
        ("2026-07-11", "predates-change"),
        ("2026-07", "undetermined"),
        ("2026", "undetermined"),
        ("2025", "confirmed"),
        (None, "undetermined"),
        ("2026-11-25", "predates-change"),
        ("2026-11-26", "confirmed"),
    ],
)
def test_an_operation_since_the_mri_makes_it_out_of_date(operated: str | None, expected: str) -> None:
    assert imaging(case(operations=section(event(operated)))).row == expected


@pytest.mark.parametrize(
    ("region", "expected"),
    [(CERVICAL, "confirmed"), (UNSPECIFIED, "undetermined"), (Region.everywhere(), "predates-change")],
)
def test_only_an_operation_in_the_region_counts(region: Region, expected: str) -> None:
    assert imaging(case(operations=section(event("2026-09-01", region)))).row == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (diagnosis("125608002", "2026-09-01"), "predates-change"),
        (diagnosis("125606003", "2026-09-01"), "confirmed"),
        (diagnosis("50448004", "2026-09-01"), "undetermined"),
        (diagnosis("125608002", "2026-05-01"), "confirmed"),
        (diagnosis("125608002", recorded="2026-09-01"), "predates-change"),
        (diagnosis("125608002"), "undetermined"),
        (diagnosis("125608002", "2026-09-01", standing=Standing.HISTORICAL), "confirmed"),
        (diagnosis("125608002", "2026-09-01", is_certain=False), "confirmed"),
        (diagnosis("M21.371", "2026-09-01"), "predates-change"),
        (diagnosis("M21.371", "2026-07-10"), "confirmed"),
        (diagnosis("M62.81", "2026-09-01"), "confirmed"),
    ],
)
def test_a_fracture_or_new_deficit_since_the_mri_makes_it_out_of_date(
    change: Diagnosis, expected: str
) -> None:
    assert imaging(case(problems=(diagnosis("M54.16", "2026-06-01"), change))).row == expected


@pytest.mark.parametrize(
    ("later", "word"),
    [
        (diagnosis("125608002", "2026-09-01"), "fracture"),
        (diagnosis("M21.371", "2026-09-01"), "deficit"),
    ],
)
def test_the_answer_names_what_came_after_the_mri(later: Diagnosis, word: str) -> None:
    check = imaging(case(problems=(diagnosis("M54.16", "2026-06-01"), later)))

    assert check.facts["change"] == word
    assert later.reference in {i.reference for i in check.decided_by}


def test_a_later_mri_outweighs_one_made_out_of_date() -> None:
    asked = case(
        studies=section(study("2026-07-10"), study("2026-09-02")),
        operations=section(event("2026-09-01")),
    )

    assert imaging(asked).row == "confirmed"


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        (LUMBAR, ("confirmed", Outcome.MET)),
        (Region.of("lumbar", "sacral"), ("confirmed", Outcome.MET)),
        (Region.of("thoracic", "lumbar"), ("confirmed", Outcome.MET)),
        (Region.of("cervical", "thoracic", "lumbar"), ("confirmed", Outcome.MET)),
        (Region.everywhere(), ("confirmed", Outcome.MET)),
        (SACRUM, ("unclear-study", Outcome.UNKNOWN)),
        (UNSPECIFIED, ("unclear-study", Outcome.UNKNOWN)),
        (CERVICAL, ("other-region", Outcome.NOT_MET)),
        (Region.of("thoracic"), ("other-region", Outcome.NOT_MET)),
        (Region.of("sacroiliac"), ("other-region", Outcome.NOT_MET)),
    ],
)
def test_the_mri_must_show_the_ordered_region(region: Region, expected: tuple[str, Outcome]) -> None:
    assert row(with_studies(study(region=region))) == expected


@pytest.mark.parametrize(
    ("region", "expected"),
    [(SACRUM, "confirmed"), (LUMBAR, "confirmed"), (CERVICAL, "other-region")],
)
def test_for_a_caudal_order_the_sacrum_will_do(region: Region, expected: str) -> None:
    placed = order("62323", family=Family.CAUDAL, reason_references=("Condition/M54.16",))

    assert imaging(case(placed, problems=[LONG], studies=section(study(region=region)))).row == expected


@pytest.mark.parametrize(
    ("reason", "region", "expected"),
    [
        ("M54.12", CERVICAL, "confirmed"),
        ("M54.12", Region.of("thoracic"), "other-region"),
        ("M54.14", Region.of("thoracic"), "confirmed"),
        ("M54.13", Region.of("thoracic"), "confirmed"),
        ("M96.1", Region.of("thoracic"), "confirmed"),
        ("M54.12", LUMBAR, "other-region"),
    ],
)
def test_a_cervical_or_thoracic_order_needs_the_region_of_its_diagnosis(
    reason: str, region: Region, expected: str
) -> None:
    asked = reasoned(diagnosis(reason), code="62321")

    with_study = replace(asked.evidence, studies=section(study(region=region)))

    assert imaging(replace(asked, evidence=with_study)).row == expected


def test_an_order_for_pain_of_unstated_region_leaves_a_study_unclear() -> None:
    asked = case(order("171787008"), problems=[], studies=section(study()))

    assert imaging(asked).row == "unclear-study"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (study(state=PRELIMINARY), ("unclear-study", Outcome.UNKNOWN)),
        (study(state=ORDERED), ("ordered-no-result", Outcome.NOT_MET)),
        (study(state=ORDERED, region=UNSPECIFIED), ("ordered-no-result", Outcome.NOT_MET)),
        (study(state=ORDERED, region=CERVICAL), ("no-study", Outcome.NOT_MET)),
        (study(modality=FILM), ("plain-film-only", Outcome.NOT_MET)),
        (study(modality=FILM, region=CERVICAL), ("no-study", Outcome.NOT_MET)),
        (study(was_declined=True, state=PRELIMINARY), ("no-study", Outcome.NOT_MET)),
        (study(modality=CT), ("ct-found", Outcome.NOT_MET)),
        (study(modality=MYELOGRAM), ("ct-found", Outcome.NOT_MET)),
        (study(modality=CT, region=CERVICAL), ("no-study", Outcome.NOT_MET)),
        (study(days_ago(731), modality=CT), ("no-study", Outcome.NOT_MET)),
        (study(modality=CT, state=ORDERED), ("no-study", Outcome.NOT_MET)),
        (study(modality=EMG, region=UNSPECIFIED), ("nerve-test-only", Outcome.UNKNOWN)),
        (study(days_ago(730), UNSPECIFIED, EMG), ("nerve-test-only", Outcome.UNKNOWN)),
        (study(days_ago(731), UNSPECIFIED, EMG), ("no-study", Outcome.NOT_MET)),
    ],
)
def test_one_study_alone(given: Study, expected: tuple[str, Outcome]) -> None:
    assert row(with_studies(given)) == expected


def test_nothing_at_all_is_a_gap() -> None:
    check = imaging(case(studies=section()))

    assert (check.row, check.outcome, check.kind) == ("no-study", Outcome.NOT_MET, Kind.GAP)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (study(days_ago(900)), study(region=UNSPECIFIED), "unclear-study"),
        (study(region=CERVICAL), study(region=UNSPECIFIED), "unclear-study"),
        (study(region=CERVICAL), study(days_ago(900)), "too-old"),
        (study(region=CERVICAL), study(state=ORDERED), "other-region"),
        (study(state=ORDERED), study(modality=FILM), "ordered-no-result"),
        (study(modality=EMG, region=UNSPECIFIED), study(state=ORDERED), "nerve-test-only"),
        (study(modality=CT), study(days_ago(900)), "ct-found"),
        (study(modality=CT), study(region=CERVICAL), "ct-found"),
        (study(modality=CT), study(), "confirmed"),
    ],
)
def test_of_two_studies_the_higher_row_speaks(first: Study, second: Study, expected: str) -> None:
    assert imaging(with_studies(first, second)).row == expected
    assert imaging(with_studies(second, first)).row == expected


def test_an_operation_beside_an_undated_mri_leaves_open_which_came_first() -> None:
    asked = with_studies(study(None))
    operated = replace(asked.evidence, operations=section(event("2026-09-01")))

    assert row(replace(asked, evidence=operated)) == ("unclear-study", Outcome.UNKNOWN)
