"""What the answers about MRI, guidance and the ordered region show, and whose region a study is of."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.domain.check import Check, Kind, Outcome
from plugin.domain.evidence import Diagnosis, Event, Modality, Study, StudyState
from plugin.domain.order import Companion, InjectionOrder
from plugin.domain.regions import Region
from tests.builders import (
    CERVICAL,
    LUMBAR,
    UNSPECIFIED,
    ask,
    case,
    concept,
    days_ago,
    diagnosis,
    event,
    imaging,
    indication,
    order,
    reasoned,
    section,
    study,
    unread,
)

LONG = diagnosis("M54.16", "2024-01-01")
PREGNANT = diagnosis("Z33.1")
SACRUM, MID_BACK = Region.of("sacral"), Region.of("thoracic")


def seen(
    *studies: Study, problems: tuple[Diagnosis, ...] = (LONG,), operations: tuple[Event, ...] = ()
) -> Check:
    return imaging(case(problems=problems, studies=section(*studies), operations=section(*operations)))


def neck_or_mid_back(taken: Study) -> Check:
    """For zoster of no stated region, and for a reason that could not be found."""
    placed = order("62321", reason_references=("Condition/B02.29", "Condition/elsewhere"))
    return imaging(case(placed, problems=[diagnosis("B02.29", "2026-01-01")], studies=section(taken)))


def shown(check: Check) -> list[tuple[str, str | None]]:
    return [(item.reference, item.remark) for item in check.decided_by]


def test_only_a_study_of_the_region_is_overtaken_by_an_operation_there() -> None:
    lumbar, cervical, operation = study("2026-03-01"), study("2026-03-02", CERVICAL), event("2026-05-01")

    check = seen(lumbar, cervical, operations=(operation,))

    assert check.row == "predates-change"
    assert shown(check) == [(lumbar.reference, None), (operation.reference, None)]


@pytest.mark.parametrize(
    ("unclear", "remark"),
    [
        (study(state=StudyState.POSSIBLE), "not-final-or-undated"),
        (study(None), "not-final-or-undated"),
        (study(region=UNSPECIFIED), "region-not-stated"),
    ],
)
def test_a_study_that_settles_nothing_is_shown_with_the_reason(unclear: Study, remark: str) -> None:
    check = seen(unclear)

    assert (check.row, shown(check)) == ("unclear-study", [(unclear.reference, remark)])


def test_a_study_of_another_region_is_called_so_however_old() -> None:
    check = seen(study(days_ago(2000), CERVICAL))

    assert (check.row, check.facts["found_region"]) == ("other-region", "cervical")


def test_every_other_region_that_was_studied_is_named() -> None:
    check = seen(study("2026-07-01", MID_BACK), study("2026-07-02", CERVICAL), study("2026-07-03", CERVICAL))

    assert check.facts["found_region"] == "cervical and thoracic"


def test_a_plain_film_is_shown() -> None:
    film = study(modality=Modality.PLAIN_FILM)

    check = seen(film)

    assert (check.row, shown(check)) == ("plain-film-only", [(film.reference, None)])


@pytest.mark.parametrize(
    ("placed", "reason", "row"),
    [
        (order("64479", reason_references=("Condition/M54.12",)), "M54.12", "other-region"),
        (order("62323", region=SACRUM, reason_references=("Condition/M54.18",)), "M54.18", "unclear-study"),
    ],
)
def test_the_sacrum_alone_shows_no_neck_and_no_level_above_it(
    placed: InjectionOrder, reason: str, row: str
) -> None:
    asked = case(
        placed,
        problems=[diagnosis(reason, "2024-01-01", region=placed.region)],
        studies=section(study(region=SACRUM)),
    )

    assert imaging(asked).row == row


@pytest.mark.parametrize(
    ("region", "row"),
    [
        (CERVICAL, "unread"),
        (Region.of("cervical", "thoracic"), "confirmed"),
        (Region.of("cervical", "thoracic", "lumbar"), "confirmed"),
    ],
)
def test_while_a_reason_is_missing_a_study_of_half_an_order_is_not_enough(region: Region, row: str) -> None:
    assert neck_or_mid_back(study(region=region)).row == row


def test_while_a_reason_is_missing_a_study_of_neither_half_is_set_aside() -> None:
    check = neck_or_mid_back(study())

    assert [(i.reference, i.remark) for i in check.set_aside] == [(study().reference, "other-region")]


@pytest.mark.parametrize(
    ("taken", "onset", "row"),
    [
        ("2026-07-10", "2026-08-01", "predates-change"),
        ("2026-06-30", "2026-07", "predates-change"),
        ("2026-07-01", "2026-07", "undetermined"),
        ("2026-07-10", "2026-07", "undetermined"),
    ],
)
def test_a_study_after_an_operation_helps_only_if_it_may_be_of_this_episode(
    taken: str, onset: str, row: str
) -> None:
    before = study("2026-03-01")

    check = seen(
        before,
        study(taken),
        problems=(diagnosis("M54.16", onset),),
        operations=(event("2026-05-01", LUMBAR),),
    )

    assert check.row == row


def guided(code: str, reason: str, **changes: Any) -> Check:
    beside = (Companion(concept("76942"), "ServiceRequest/beside"),)
    placed = order(code, ordered_beside=beside)
    problems = [diagnosis(reason, "2026-01-01"), PREGNANT]
    return ask("imaging_guidance_ordered", case(placed, **{"problems": problems, **changes}))


def test_ultrasound_and_what_excepts_it_are_shown() -> None:
    check = guided("62322", "M54.16")

    assert check.row == "ultrasound-excepted"
    assert shown(check) == [("ServiceRequest/beside", None), (PREGNANT.reference, None)]


def test_ultrasound_of_a_facet_joint_is_shown_with_what_excepts_it_elsewhere() -> None:
    check = guided("0216T", "M47.816")

    assert check.row == "ultrasound-of-facet"
    assert shown(check) == [("ServiceRequest/beside", None), (PREGNANT.reference, None)]


def test_ultrasound_is_shown_though_what_may_except_it_could_not_be_read() -> None:
    check = guided("62322", "M54.16", problems=None, diagnoses=unread("conditions"))

    assert (check.row, shown(check)) == ("unread", [("ServiceRequest/beside", None)])


def test_a_code_and_a_body_site_that_disagree_are_both_named() -> None:
    placed = order(region=CERVICAL, site_disagrees=True, reason_references=("Condition/M54.16",))

    assert indication(case(placed)) == Check(
        criterion="IND-4",
        row="site-disagrees",
        outcome=Outcome.NOT_MET,
        kind=Kind.GAP,
        decided_by=(placed.item(),),
        facts={"code_region": "lumbar or sacral", "site_region": "cervical", "documented_region": "cervical"},
    )


@pytest.mark.parametrize(
    ("reasons", "problems", "row", "expected"),
    [
        (["M79.18"], [], "muscle-named", ["M79.18"]),
        ([], ["M46.1"], "joint-listed", ["M46.1"]),
        ([], ["M79.7"], "excluded-listed", ["M79.7"]),
        (["M54.50", "M46.1"], [], "none-recorded", ["M54.50", "M46.1"]),
    ],
)
def test_what_a_trigger_point_is_injected_for_is_shown(
    reasons: list[str], problems: list[str], row: str, expected: list[str]
) -> None:
    asked = reasoned(*map(diagnosis, reasons), code="20552", problems=tuple(map(diagnosis, problems)))

    check = ask("muscle_pain_documented", asked)

    assert (check.row, shown(check)) == (row, [(f"Condition/{code}", None) for code in expected])
    assert check.facts["codes"] == ", ".join(expected)


def test_a_muscle_that_is_not_confirmed_is_shown() -> None:
    unsure = diagnosis("M79.18", is_certain=False)

    check = ask("muscle_pain_documented", reasoned(diagnosis("M79.7"), code="20552", problems=(unsure,)))

    assert (check.row, shown(check)) == ("possible", [(unsure.reference, None)])
