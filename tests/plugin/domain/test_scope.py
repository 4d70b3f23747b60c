"""The gates: which orders are not reviewed, and for which a finding weighs less."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.domain.evidence import Diagnosis, Encounter, Patient, Standing
from plugin.domain.order import InjectionOrder
from plugin.domain.scope import Scope, scope_of
from plugin.domain.truth import Truth
from plugin.policies.judge import Verdict
from tests.builders import case, diagnosis, judge, on, order, policy, section

INPATIENT = Encounter(Truth.TRUE, Truth.FALSE)
LABOUR = Encounter(Truth.FALSE, Truth.TRUE)
AMBULATORY = Encounter(Truth.FALSE, Truth.FALSE)
RADICULAR = diagnosis("M54.16", "2026-06-01")
PUMP_TRIAL = frozenset({"dx-spasticity"})


def gated(placed: InjectionOrder | None = None, *problems: Diagnosis, **record: Any) -> Case:
    return case(placed, problems=[RADICULAR, *problems], **record)


def scope(asked: Case) -> Scope:
    return scope_of(asked, policy().scope_params)


def verdict(asked: Case, hook: str = "order-sign") -> Verdict:
    return judge().judge(asked, hook)


def said(asked: Case) -> dict[str, str]:
    """Criterion to indicator."""
    return {f.check.criterion: f.indicator for f in verdict(asked).findings}


def for_reasons(*codes: str, code: str = "62323", **changes: Any) -> InjectionOrder:
    return order(code, reason_references=tuple(f"Condition/{c}" for c in codes), **changes)


CATHETER = for_reasons("M54.16", code="62326")
LATE_DELIVERY = diagnosis("O80", "2026-11-20")
EARLIER_DELIVERY = diagnosis("O80", "2024-11-20")
PREGNANT = diagnosis("Z33.1", "2026-05-01")


@pytest.mark.parametrize(
    ("asked", "gate"),
    [
        (gated(patient=Patient(Truth.TRUE, Truth.TRUE)), "G12"),
        (gated(patient=Patient(Truth.FALSE, Truth.UNKNOWN)), "G12"),
        (gated(CATHETER, encounter=INPATIENT), "G3"),
        (gated(CATHETER, encounter=LABOUR), "G3"),
        (gated(CATHETER, diagnosis("G89.18")), "G3"),
        (gated(CATHETER, PREGNANT), "G3"),
        (gated(CATHETER, LATE_DELIVERY), "G3"),
        (gated(None, PREGNANT, encounter=LABOUR), "G4"),
        (gated(None, PREGNANT, LATE_DELIVERY), "G4"),
        (gated(for_reasons("G80.1", companions=PUMP_TRIAL), diagnosis("G80.1")), "G5"),
        (gated(for_reasons("G89.12"), diagnosis("G89.12")), "G7"),
        (gated(for_reasons("G89.18", "M54.16"), diagnosis("G89.18")), "G7"),
    ],
)
def test_a_gate_ends_the_review_without_a_card(asked: Case, gate: str) -> None:
    found = verdict(asked)

    assert found.scope.silenced_by == gate
    assert (found.checks, found.findings) == ((), ())


@pytest.mark.parametrize(
    "asked",
    [
        gated(),
        gated(patient=Patient()),
        gated(encounter=LABOUR),
        gated(None, PREGNANT, encounter=AMBULATORY),
        gated(None, EARLIER_DELIVERY),
        gated(None, diagnosis("G80.1")),
        gated(None, diagnosis("G89.18")),
        gated(order(companions=PUMP_TRIAL, reason_references=("Condition/M54.16",))),
        gated(None, diagnosis("O80", "2026-11-20", standing=Standing.HISTORICAL), encounter=LABOUR),
    ],
)
def test_half_of_a_gate_is_none(asked: Case) -> None:
    assert scope(asked).silenced_by is None
    assert verdict(asked).checks != ()


@pytest.mark.parametrize(("delivered", "silenced"), [("2026-10-14", True), ("2026-10-13", False)])
def test_a_delivery_counts_for_six_weeks(delivered: str, silenced: bool) -> None:
    found = scope(gated(None, diagnosis("O80", delivered)))

    assert (found.silenced_by == "G4") is silenced


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_a_basivertebral_ablation_is_recognised_and_said_not_to_be_reviewed(hook: str) -> None:
    found = verdict(gated(for_reasons("M54.16", code="64628")), hook)

    assert [(f.check.criterion, f.check.row, f.indicator) for f in found.findings] == [
        ("SCOPE", "basivertebral", "info")
    ]


def test_a_catheter_epidural_of_an_outpatient_is_reviewed_with_a_note() -> None:
    found = verdict(gated(CATHETER, encounter=AMBULATORY))

    assert found.scope.checks == (Check("SCOPE", "catheter", Outcome.MET, kind=Kind.NOTE),)
    assert {c.criterion for c in found.checks} >= {"IND-1", "IMG-1", "CC-1"}


def test_codes_of_two_families_on_one_order_are_said() -> None:
    asked = gated(order("64483", is_contradictory=True, reason_references=("Condition/M54.16",)))

    assert said(asked)["SCOPE"] == "info"
    open_question = Check("SCOPE", "contradictory-codes", Outcome.UNKNOWN, Reason.AMBIGUOUS, Kind.UNKNOWN)
    assert scope(asked).checks == (open_question,)


@pytest.mark.parametrize(
    ("born", "is_minor"),
    [
        ("2008-11-25", False),
        ("2008-11-26", True),
        ("2020-01-01", True),
        ("1950", False),
        ("2008", False),
        ("2008-12", True),
        ("2008-02-29", False),
    ],
)
def test_under_18_only_that_is_said(born: str, is_minor: bool) -> None:
    found = verdict(gated(patient=Patient(Truth.TRUE, Truth.FALSE, on(born)), studies=section()))

    if is_minor:
        said = [(f.check.criterion, f.check.row, f.indicator) for f in found.findings]
        assert said == [("SCOPE", "outside-adult-population", "info")]
    else:
        assert "IMG-1" in {f.check.criterion for f in found.findings}


def test_without_a_birth_date_the_patient_is_reviewed_as_an_adult() -> None:
    assert scope(gated(patient=Patient(Truth.TRUE, Truth.FALSE, None))).gates == ()


AXIAL_AND_BARE: dict[str, Any] = {"studies": section(), "care": section()}


def test_without_a_gate_all_three_gaps_are_warnings() -> None:
    asked = case(for_reasons("M54.50"), problems=[diagnosis("M54.50")], **AXIAL_AND_BARE)

    assert said(asked) == {"IND-1": "warning", "IMG-1": "warning", "CC-1": "warning"}


@pytest.mark.parametrize("by", ["diagnosis", "subject"])
def test_in_a_trial_the_indication_is_information_and_conflicts_are_silent(by: str) -> None:
    problems = [diagnosis("M54.50"), *([diagnosis("Z00.6")] if by == "diagnosis" else [])]
    in_trial = Truth.TRUE if by == "subject" else Truth.FALSE

    asked = case(for_reasons("M54.50"), problems=problems, in_trial=in_trial, **AXIAL_AND_BARE)

    assert said(asked) == {"IND-1": "info", "IMG-1": "warning", "CC-1": "warning"}
    assert scope(asked).gates == ("G8",)
    assert scope(asked).conflicts_off


@pytest.mark.parametrize(
    ("reasons", "problems"),
    [(("C79.51",), ("C79.51",)), (("M54.50",), ("M54.50", "G89.3")), (("G89.3",), ("G89.3",))],
)
def test_for_cancer_pain_only_imaging_is_asked_and_as_information(
    reasons: tuple[str, ...], problems: tuple[str, ...]
) -> None:
    asked = case(for_reasons(*reasons), problems=[diagnosis(c) for c in problems], **AXIAL_AND_BARE)

    assert said(asked) == {"IMG-1": "info"}
    assert scope(asked).conflicts_off


def test_a_cancer_on_the_problem_list_alone_changes_nothing() -> None:
    asked = case(for_reasons("M54.50"), problems=[diagnosis("M54.50"), diagnosis("C79.51")], **AXIAL_AND_BARE)

    assert said(asked) == {"IND-1": "warning", "IMG-1": "warning", "CC-1": "warning"}


def test_an_uncertain_neoplasm_as_reason_is_no_cancer_pain() -> None:
    asked = case(for_reasons("D48.0"), problems=[diagnosis("D48.0")])

    assert "G10" not in scope(asked).gates


def test_of_an_inpatient_missing_care_is_information_and_the_rest_unchanged() -> None:
    asked = case(for_reasons("M54.50"), problems=[diagnosis("M54.50")], encounter=INPATIENT, **AXIAL_AND_BARE)

    assert said(asked) == {"IND-1": "warning", "IMG-1": "warning", "CC-1": "info"}


@pytest.mark.parametrize(("hook", "indicator"), [("order-select", "info"), ("order-sign", "warning")])
def test_a_missing_reason_weighs_more_at_signing(hook: str, indicator: str) -> None:
    found = verdict(case(order(), problems=[diagnosis("M54.50")]), hook)

    assert {f.check.criterion: f.indicator for f in found.findings} == {"IND-1": indicator}


@pytest.mark.parametrize(("hook", "shown"), [("order-select", False), ("order-sign", True)])
def test_a_reason_found_only_on_the_problem_list_is_noted_at_signing(hook: str, shown: bool) -> None:
    found = verdict(case(order(), problems=[RADICULAR]), hook)

    rows = [f.check.row for f in found.findings if f.check.criterion == "IND-1"]
    assert rows == (["positive-without-reason"] if shown else [])


def test_an_excluded_diagnosis_weighs_more_as_the_orders_reason() -> None:
    as_reason = case(for_reasons("G90.522"), problems=[diagnosis("G90.522")])
    as_problem = case(order(), problems=[diagnosis("G90.522")])

    assert said(as_reason)["IND-3"] == "warning"
    assert said(as_problem)["IND-3"] == "info"


@pytest.mark.parametrize(
    ("reason", "conflict"),
    [
        (diagnosis("M54.16", "2026-01-01"), "CON-2"),
        (diagnosis("M96.1", "2026-01-01"), "CON-2"),
        (diagnosis("M48.062", "2026-06-01"), "CON-4"),
        (diagnosis("2177002", "2026-06-01"), "CON-5"),
        (diagnosis("M54.16", "2026-11-01"), None),
        (diagnosis("M54.16"), None),
        (diagnosis("B02.9", "2026-11-01"), None),
    ],
)
def test_guideline_conflicts_are_noted_for_the_pattern_and_its_duration(
    reason: Diagnosis, conflict: str | None
) -> None:
    found = verdict(case(order(reason_references=(reason.reference,)), problems=[reason]))

    noted = [f.check.criterion for f in found.findings if f.check.criterion.startswith("CON")]
    assert noted == ([conflict] if conflict else [])
