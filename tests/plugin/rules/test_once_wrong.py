"""Charts that once led to a wrong answer: one test for each, named after what must hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.domain.check import Kind, Outcome
from plugin.domain.dates import parse_fhir_date
from plugin.domain.evidence import Diagnosis, Modality, Standing, StudyState
from plugin.domain.pain_pattern import PatternFinding
from plugin.domain.regions import Region
from tests.builders import (
    CERVICAL,
    LUMBAR,
    UNSPECIFIED,
    care,
    case,
    coded,
    conservative,
    diagnosis,
    event,
    imaging,
    indication,
    injection,
    judge,
    medication,
    order,
    read,
    reasoned,
    resource,
    score,
    section,
    study,
)

EMG = study("2026-08-01", UNSPECIFIED, Modality.NERVE_TEST)
LONG = diagnosis("M54.16", "2024-01-01")


def by_code(code: str) -> Diagnosis:
    """A reason given as reasonCode: no onset, no recorded date."""
    return replace(diagnosis(code), reference="ServiceRequest/order")


def test_onset_of_the_matching_problem_counts_when_the_reason_is_a_code() -> None:
    asked = case(
        order(reason_codes=(by_code("M54.16"),)), problems=[diagnosis("M54.16", "2026-11-02")], care=section()
    )
    assert conservative(asked).row == "symptoms-too-recent"


def test_care_before_the_listed_onset_is_clipped_cc1() -> None:
    asked = case(
        order(reason_codes=(by_code("M54.16"),)),
        problems=[diagnosis("M54.16", "2026-10-15")],
        care=section(medication("2026-06-01", "2026-08-30"), care("2026-08-01")),
    )
    assert conservative(asked).outcome is not Outcome.MET


def test_an_mri_before_the_listed_onset() -> None:
    asked = case(order(reason_codes=(by_code("M54.16"),)), problems=[diagnosis("M54.16", "2026-10-15")])
    assert imaging(asked).row == "predates-onset"


def test_chronicity_from_the_listed_onset() -> None:
    asked = case(order(reason_codes=(by_code("M54.16"),)), problems=[diagnosis("M54.16", "2026-01-15")])
    assert asked.chronicity == "chronic"


LOST = order(reason_references=("Condition/zoster",))
ZOSTER = diagnosis("B02.9", "2026-11-01", reference="Condition/zoster")


def test_a_lost_reason_never_leads_to_a_gap_in_img1() -> None:
    lost = imaging(case(LOST, problems=[], studies=section()))
    found = imaging(case(LOST, problems=[ZOSTER], studies=section()))
    assert found.outcome is Outcome.WAIVED
    assert lost.kind is not Kind.GAP


def test_a_lost_reason_never_leads_to_a_gap_in_cc1() -> None:
    assert conservative(case(LOST, problems=[], care=section())).kind is not Kind.GAP


def test_care_is_not_known_to_be_of_the_episode_while_its_reason_is_lost() -> None:
    placed = order(reason_references=("Condition/M54.16",))
    course = section(care("2026-02-01", "2026-04-01"))
    found = conservative(case(placed, problems=[diagnosis("M54.16", "2026-08-01")], care=course))
    assert found.kind is Kind.GAP
    assert not conservative(case(placed, problems=[], care=course)).is_satisfied


def test_a_pair_of_regions_is_not_proven_while_the_reason_is_lost() -> None:
    placed = order("62321", reason_references=("Condition/M54.12",))
    thoracic = section(study(region=Region.of("thoracic")))
    assert imaging(case(placed, problems=[diagnosis("M54.12")], studies=thoracic)).row == "other-region"
    assert not imaging(case(placed, problems=[], studies=thoracic)).is_satisfied


@pytest.mark.parametrize("other", [study("2023-01-01"), study(region=CERVICAL)])
def test_an_emg_is_weighed_before_an_old_or_other_region_mri(other: object) -> None:
    assert imaging(case(problems=[LONG], studies=section(other, EMG))).row == "nerve-test-only"


@pytest.mark.parametrize(
    "given",
    [replace(EMG, state=StudyState.ORDERED), replace(EMG, state=StudyState.POSSIBLE, was_declined=True)],
)
def test_an_emg_ordered_or_declined_is_no_emg_img1_row_11(given: object) -> None:
    assert imaging(case(studies=section(given))).row == "no-study"


def test_a_declined_ct_is_no_ct() -> None:
    declined = study("2026-08-01", LUMBAR, Modality.CT, state=StudyState.POSSIBLE, was_declined=True)
    asked = case(problems=[LONG, diagnosis("Z95.0")], studies=section(declined))
    assert imaging(asked).row == "no-study"


def test_an_ordered_plain_film_was_not_found() -> None:
    film = study(modality=Modality.PLAIN_FILM, state=StudyState.ORDERED)
    assert imaging(case(studies=section(film))).row == "no-study"


EVALUATIONS = (care("2026-09-01", is_evaluation=True), care("2026-10-15", is_evaluation=True))


@pytest.mark.parametrize("treatment", [care("2026-09-20", is_certain=False), care("2026")])
def test_evaluations_around_an_uncertain_treatment_are_not_active_care(treatment: object) -> None:
    check = conservative(case(care=section(*EVALUATIONS, treatment)))
    assert not check.is_satisfied
    assert conservative(case(care=section(*EVALUATIONS))).kind is Kind.GAP


def test_the_day_on_which_care_would_suffice_belongs_to_the_course_that_goes_on() -> None:
    check = conservative(
        case(problems=[LONG], care=section(care("2026-02-01"), care("2026-02-20"), care("2026-11-01")))
    )
    assert check.row == "too-short"
    assert check.facts.get("met_on") in (None, "2026-11-28")


@pytest.mark.parametrize(
    ("code", "gate"), [("G89.18", "G7"), ("C79.51", "G10"), ("G89.3", "G10"), ("Z00.6", "G8")]
)
@pytest.mark.parametrize("standing", [Standing.REFUTED, Standing.HISTORICAL])
def test_a_refuted_or_resolved_reason_opens_no_gate(code: str, gate: str, standing: Standing) -> None:
    asked = reasoned(diagnosis(code, standing=standing), diagnosis("M54.50"))
    assert gate not in judge().judge(asked, "order-sign").scope.gates


def test_a_planned_month_leaves_row_8_open_where_its_ends_differ() -> None:
    placed = order(planned="2026-12", reason_references=("Condition/M54.16",))
    check = conservative(case(placed, problems=[diagnosis("M54.16", "2026-11-10")], care=section()))
    assert check.row != "symptoms-too-recent"


def test_a_study_that_may_be_after_the_order_is_no_proof() -> None:
    assert imaging(case(studies=section(study("2026-11-30")))).kind is Kind.GAP
    assert not imaging(case(studies=section(study("2026-11")))).is_satisfied


def test_a_pain_score_that_may_be_after_the_order_is_no_proof() -> None:
    def asked(taken: str) -> object:
        return conservative(
            case(
                problems=[diagnosis("M54.16", "2026-10-01")],
                care=section(care("2026-11-01", "2026-11-18")),
                pain_scores=section(score(8, taken)),
            )
        )

    assert asked("2026-11-30").kind is Kind.GAP  # type: ignore[attr-defined]
    assert not asked("2026-11").is_satisfied  # type: ignore[attr-defined]


def test_a_new_deficit_weighs_the_same_whether_its_region_is_stated_or_not() -> None:
    drop = diagnosis("M21.371", "2026-09-01")

    def answer(d: Diagnosis) -> object:
        return imaging(case(problems=[LONG, d])).outcome

    assert {answer(drop), answer(replace(drop, region=CERVICAL))} != {Outcome.NOT_MET, Outcome.MET}


def test_an_undated_definite_deficit_leaves_cc1_open() -> None:
    assert conservative(case(problems=[LONG, diagnosis("M21.371")], care=section())).kind is not Kind.GAP


def test_worsening_of_unclear_order_leaves_cc1_open() -> None:
    first = diagnosis("M21.371", "2025", reference="Condition/1", severity=1)
    second = diagnosis("M21.371", "2025-06", reference="Condition/2", severity=3)
    assert conservative(case(problems=[LONG, first, second], care=section())).kind is not Kind.GAP


def test_a_sacral_mri_for_an_order_with_the_region_of_its_reason_is_unclear() -> None:
    placed = order("171787008", reason_references=("Condition/M54.16",))
    assert (
        imaging(case(placed, problems=[LONG], studies=section(study(region=Region.of("sacral"))))).row
        == "unclear-study"
    )


def test_the_change_named_is_one_that_certainly_came_later() -> None:
    asked = case(problems=[LONG, diagnosis("125608002", "2026-09-01")], operations=section(event(None)))
    assert (imaging(asked).row, imaging(asked).facts.get("change")) == ("predates-change", "fracture")


def test_a_resolved_reason_beside_an_axial_one_is_listed() -> None:
    check = indication(reasoned(diagnosis("M54.50"), diagnosis("M54.16", standing=Standing.HISTORICAL)))
    assert [i.reference for i in check.set_aside] == ["Condition/M54.16"]


def test_a_resolved_reason_alone_is_named_by_the_answer_about_it() -> None:
    check = indication(reasoned(diagnosis("M54.16", standing=Standing.HISTORICAL)))
    assert "Condition/M54.16" in {i.reference for i in (*check.decided_by, *check.set_aside)}


def test_a_resolved_radicular_reason_beside_a_current_axial_problem_is_axial_only() -> None:
    asked = reasoned(diagnosis("M54.16", standing=Standing.HISTORICAL), problems=[diagnosis("M54.50")])
    assert asked.pattern.finding is PatternFinding.AXIAL_LISTED


@pytest.mark.parametrize("status", ["unknown", None])
def test_an_injection_of_unknown_status_does_not_prove_a_repeat(status: str | None) -> None:
    given = resource("Procedure", "62323", status=status, performedDateTime="2026-08-01")
    evidence = read(procedures=[given])
    asked = case(problems=[LONG], care=section(), injections=evidence.injections)
    assert not conservative(asked).is_satisfied


def test_a_session_on_the_day_itself_is_no_repeat() -> None:
    assert not conservative(
        case(problems=[LONG], care=section(), injections=section(injection("2026-11-25")))
    ).is_satisfied


def test_a_zoster_waiver_is_not_reversed_by_stating_the_region_of_another_reason() -> None:
    zoster, other = diagnosis("B02.9", "2026-11-01"), diagnosis("M54.10")

    def answer(second: Diagnosis) -> object:
        asked = reasoned(zoster, second)
        return imaging(replace(asked, evidence=replace(asked.evidence, studies=section())))

    assert answer(replace(other, region=LUMBAR)).kind is Kind.GAP  # type: ignore[attr-defined]
    assert not answer(other).is_satisfied  # type: ignore[attr-defined]


def test_nor_by_finding_a_second_reason_that_was_lost() -> None:
    placed = order(reason_references=("Condition/zoster", "Condition/M54.16"))
    found = imaging(case(placed, problems=[ZOSTER, LONG], studies=section()))
    lost = imaging(case(placed, problems=[ZOSTER], studies=section()))
    assert not (found.kind is Kind.GAP and lost.is_satisfied)


def test_an_onset_of_unstated_region_does_not_reverse_cc1() -> None:
    late, early = diagnosis("M54.16", "2026-10-20"), diagnosis("M54.10", "2026-01-01")

    def answer(second: Diagnosis) -> object:
        asked = reasoned(late, second)
        return conservative(
            replace(asked, evidence=replace(asked.evidence, care=section(care("2026-03-01", "2026-05-01"))))
        )

    was, became = answer(early), answer(replace(early, region=LUMBAR))
    assert not (was.kind is Kind.GAP and became.is_satisfied)  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["2026-W38-2", "20260915T1030", "+202", " 202", "2_02", "2026-09-15garbage"])
def test_what_is_no_fhir_date_is_none(text: str) -> None:
    assert parse_fhir_date(text) is None


@pytest.mark.parametrize(
    "abated", [{"abatementAge": {"value": 40}}, {"abatementRange": {"low": {"value": 40}}}]
)
def test_an_abatement_by_age_ends_a_condition_without_status(abated: dict[str, object]) -> None:
    (found,) = read(conditions=[resource("Condition", "M54.16", **abated)]).diagnoses.entries
    assert found.standing is not Standing.CURRENT


def test_a_referral_for_the_knee_does_not_count() -> None:
    given = resource(
        "ServiceRequest", "308447003", status="active", authoredOn="2026-09-01", bodySite=[coded("72696002")]
    )
    assert read(serviceRequests=[given]).care.entries == ()


@pytest.mark.parametrize("code", ["97010", "308447003"])
def test_a_hot_pack_or_referral_not_done_waives_nothing(code: str) -> None:
    given = resource("Procedure", code, status="not-done", statusReason={"text": "room not free"})
    assert read(procedures=[given]).waivers.entries == ()


def test_an_obstetric_visit_is_no_labour() -> None:
    visit = {
        "resourceType": "Encounter",
        "id": "encounter-test",
        "class": {"code": "AMB"},
        "serviceType": {"text": "Obstetrics"},
    }
    assert read(encounter=visit).encounter.is_labour.value == "false"


@pytest.mark.parametrize("code", ["G44.209", "M79.11"])
def test_headache_or_jaw_pain_on_the_list_is_no_axial_low_back_pain(code: str) -> None:
    assert indication(case(order(), problems=[diagnosis(code)])).kind is not Kind.GAP


def test_a_site_that_extends_the_default_can_leave_out_a_rule(tmp_path: object) -> None:
    from pathlib import Path

    from plugin.guidelines import load_guidelines
    from plugin.policies.load import load_policy

    path = Path(str(tmp_path)) / "site.toml"
    path.write_text(
        'extends = "default"\nid = "site"\nrules = ["indication_documented", "conservative_care_completed"]\n'
    )
    load_policy(str(path), frozenset(g.id for g in load_guidelines()))
