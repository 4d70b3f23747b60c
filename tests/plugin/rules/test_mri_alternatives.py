"""IMG-1: what stands in for an MRI, and what leaves the question open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.evidence import Modality, Standing, Study
from plugin.policies.model import RULES
from tests.builders import (
    CERVICAL,
    case,
    days_ago,
    diagnosis,
    imaging,
    order,
    policy,
    reasoned,
    section,
    study,
    unread,
)
from tests.plugin.rules.imaged import (
    CT,
    FILM,
    LONG,
    MYELOGRAM,
    ORDERED,
    PACEMAKER,
    PRELIMINARY,
    with_studies,
)


@pytest.mark.parametrize("modality", [CT, MYELOGRAM])
def test_ct_is_accepted_where_mri_is_contraindicated(modality: Modality) -> None:
    check = imaging(with_studies(study(modality=modality), problems=(LONG, PACEMAKER)))

    assert (check.row, check.outcome, check.kind) == (
        "ct-with-contraindication",
        Outcome.MET,
        Kind.NOTE,
    )
    assert {i.reference for i in check.decided_by} >= {"Condition/Z95.0"}


def test_ct_is_accepted_where_an_mri_was_declined() -> None:
    declined = study(was_declined=True, state=PRELIMINARY)

    assert imaging(with_studies(study(modality=CT), declined)).row == "ct-with-contraindication"


@pytest.mark.parametrize(
    "given",
    [study(modality=CT, region=CERVICAL), study(days_ago(731), modality=CT), study(modality=FILM)],
)
def test_a_contraindication_makes_no_other_ct_count(given: Study) -> None:
    assert imaging(with_studies(given, problems=(LONG, PACEMAKER))).outcome is Outcome.NOT_MET


def test_an_undated_ct_is_not_told_as_one_that_stands_in() -> None:
    assert imaging(with_studies(study(None, modality=CT))).row == "no-study"


def test_a_resolved_contraindication_is_none() -> None:
    healed = replace(PACEMAKER, standing=Standing.HISTORICAL)

    assert imaging(with_studies(study(modality=CT), problems=(LONG, healed))).row == "ct-found"


def test_acute_zoster_needs_no_mri() -> None:
    asked = reasoned(diagnosis("B02.9", "2026-11-01"))

    check = imaging(replace(asked, evidence=replace(asked.evidence, studies=section())))

    assert (check.outcome, check.kind) == (Outcome.WAIVED, None)


@pytest.mark.parametrize("onset", [None, "2026-08"])
def test_zoster_that_may_be_acute_leaves_a_missing_mri_open(onset: str | None) -> None:
    asked = reasoned(diagnosis("B02.9", onset))

    check = imaging(replace(asked, evidence=replace(asked.evidence, studies=section())))

    assert (check.row, check.kind) == ("undetermined", Kind.UNKNOWN)


def test_post_herpetic_neuralgia_needs_an_mri() -> None:
    asked = reasoned(diagnosis("B02.9", "2026-01-01"))

    check = imaging(replace(asked, evidence=replace(asked.evidence, studies=section())))

    assert check.row == "no-study"


LEFT_OVER = [
    (),
    (study(days_ago(900)),),
    (study(region=CERVICAL),),
    (study(modality=CT),),
    (study(state=ORDERED),),
    (study(modality=FILM),),
]


@pytest.mark.parametrize("studies", LEFT_OVER)
@pytest.mark.parametrize("source", ["imaging", "reports", "procedures", "serviceRequests"])
def test_a_gap_is_never_said_while_a_source_of_studies_is_unread(
    source: str, studies: tuple[Study, ...]
) -> None:
    check = imaging(case(problems=[LONG], studies=unread(source, *studies)))

    assert (check.row, check.kind, check.reason) == ("unread", Kind.UNKNOWN, Reason.NO_ACCESS)
    assert [u.source for u in check.unread] == [source]


@pytest.mark.parametrize(
    "part", [{"operations": unread("procedures")}, {"diagnoses": unread("conditions", LONG)}]
)
def test_what_may_make_an_mri_out_of_date_must_be_read_too(part: dict[str, Any]) -> None:
    check = imaging(case(**part))

    assert (check.row, check.reason) == ("unread", Reason.NO_ACCESS)


def test_a_proven_mri_stands_though_other_sources_of_studies_are_unread() -> None:
    assert imaging(case(studies=unread("reports", study()))).outcome is Outcome.MET


def test_a_region_read_from_text_is_met_with_a_note() -> None:
    check = imaging(with_studies(study(region_by_text=True)))

    assert (check.row, check.outcome, check.kind) == ("confirmed-by-text", Outcome.MET, Kind.NOTE)


def test_one_coded_region_silences_the_note_about_text() -> None:
    check = imaging(with_studies(study(region_by_text=True), study("2026-08-01")))

    assert (check.row, check.kind) == ("confirmed", None)


@pytest.mark.parametrize(
    ("has_finding", "expected"),
    [(True, ("confirmed", Outcome.MET)), (False, ("finding-not-coded", Outcome.UNKNOWN))],
)
def test_a_site_may_ask_for_a_coded_finding(has_finding: bool, expected: tuple[str, Outcome]) -> None:
    rule = RULES["mri_confirms_region"]
    strict = replace(policy().params["mri_confirms_region"], require_coded_finding=True)

    check: Check = rule.evaluate(with_studies(study(has_coded_finding=has_finding)), strict)

    assert (check.row, check.outcome) == expected


def test_without_a_planned_date_the_age_counts_to_the_order() -> None:
    placed = order(planned=None, as_of=date(2026, 7, 9), reason_references=("Condition/M54.16",))

    check = imaging(case(placed))

    assert check.row == "no-study"
    assert check.facts["as_of"] == "2026-07-09"
