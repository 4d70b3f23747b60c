"""Which questions weigh less, or nothing, in a special situation: the table of exceptions, cell by cell.

Each situation is put on charts that lack everything, so that whatever is asked is also missed: no imaging, no
care, an axial reason (or, for conflicts of guidelines, a radicular one), and too many sessions too near.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from plugin.domain.case import Case
from plugin.domain.evidence import Diagnosis, Encounter, Modality, Patient, Standing
from plugin.domain.injections import Relief, Verdict
from plugin.domain.order import Word
from plugin.domain.truth import Truth
from tests.builders import (
    case,
    days_ago,
    diagnosis,
    injection,
    judge,
    on,
    order,
    score,
    section,
    sessions,
    study,
)

AXIAL = diagnosis("M54.50", "2026-01-01")
RADICULAR = diagnosis("M54.16", "2026-01-01")
RECENT = diagnosis("M54.16", days_ago(60))
FAILED = Relief(verdict=Verdict.UNSUCCESSFUL)
BARE: dict[str, Any] = {"studies": section(), "care": section(), "injections": section()}
MANY = section(*(injection(days_ago(days), relief=FAILED) for days in (10, 100, 200)))
FREQUENCY = ("FRQ-1", "FRQ-2", "FRQ-3", "FRQ-4")


@dataclass(frozen=True, slots=True)
class Situation:
    """What stands on the chart beside the order's reason, or in its place."""

    beside: tuple[Diagnosis, ...] = ()
    reason: Diagnosis | None = None
    """In place of an axial and of a radicular one."""
    is_reason: bool = False
    """The diagnosis beside is given as a reason as well."""
    record: Callable[[], dict[str, Any]] = dict

    def chart(self, reason: Diagnosis, **record: Any) -> Case:
        reasons = [self.reason or reason, *(self.beside if self.is_reason else ())]
        series = frozenset({Word.SERIES}) if "injections" in record else frozenset[Word]()
        placed = order(reason_references=tuple(r.reference for r in reasons), words=series)
        problems = [self.reason or reason, *self.beside]
        return case(placed, problems=problems, **{**BARE, **self.record(), **record})


def stays(at: str) -> Callable[[], dict[str, Any]]:
    return lambda: {"encounter": Encounter(Truth.of(at == "inpatient"), Truth.of(at == "labour"))}


SITUATIONS = {
    "none": Situation(),
    "labour": Situation((diagnosis("Z33.1", "2026-03-01"),), record=stays("labour")),
    "after an operation": Situation((diagnosis("G89.18", "2026-11-20"),), is_reason=True),
    "acute zoster": Situation(reason=diagnosis("B02.9", "2026-11-08")),
    "post-herpetic neuralgia": Situation(reason=diagnosis("2177002", "2026-01-01")),
    "claudication": Situation(reason=diagnosis("M48.062", "2026-01-01")),
    "failed back surgery": Situation(reason=diagnosis("M96.1", "2026-01-01")),
    "foot drop": Situation((diagnosis("M21.371", days_ago(10)),)),
    "cauda equina": Situation((diagnosis("G83.4", days_ago(3)),)),
    "MRI contraindicated, CT done": Situation(
        (diagnosis("Z95.0"),), record=lambda: {"studies": section(study(modality=Modality.CT))}
    ),
    "cancer pain": Situation((diagnosis("G89.3", "2026-01-01"),)),
    "fracture": Situation((diagnosis("125608002", "2026-01-01"),)),
    "infection": Situation((diagnosis("M46.46", "2026-01-01"),)),
    "child": Situation(record=lambda: {"patient": Patient(Truth.TRUE, Truth.FALSE, on("2012-02-03"))}),
    "inpatient": Situation(record=stays("inpatient")),
    "trial": Situation(record=lambda: {"in_trial": Truth.TRUE}),
    "inflammatory spine": Situation((diagnosis("M45.6", "2020-01-01"),)),
}
# Indicator of IND-1, IMG-1, CC-1 and of the four FRQ; the conflict of guidelines. `off`: nothing is said.
MATRIX = {
    "none": ("warning", "warning", "warning", "warning", "CON-2"),
    "labour": ("off", "off", "off", "off", "off"),
    "after an operation": ("off", "off", "off", "off", "off"),
    "acute zoster": ("off", "off", "off", "warning", "off"),
    "post-herpetic neuralgia": ("off", "warning", "warning", "warning", "CON-5"),
    "claudication": ("off", "warning", "warning", "warning", "CON-4"),
    "failed back surgery": ("off", "warning", "warning", "warning", "CON-2"),
    "foot drop": ("off", "warning", "off", "warning", "off"),
    "cauda equina": ("off", "warning", "off", "warning", "off"),
    "MRI contraindicated, CT done": ("warning", "info", "warning", "warning", "CON-2"),
    "cancer pain": ("off", "info", "off", "info", "off"),
    "fracture": ("warning", "warning", "warning", "warning", "off"),
    "infection": ("warning", "warning", "warning", "warning", "off"),
    "child": ("off", "off", "off", "off", "off"),
    "inpatient": ("warning", "warning", "info", "warning", "CON-2"),
    "trial": ("info", "warning", "warning", "warning", "off"),
    "inflammatory spine": ("info", "warning", "warning", "warning", "off"),
}


def cells(column: int) -> list[Any]:
    return [pytest.param(s, MATRIX[name][column], id=name) for name, s in SITUATIONS.items()]


def said(asked: Case) -> dict[str, str]:
    """Criterion to indicator, at signing under the default policy."""
    return {f.check.criterion: f.indicator for f in judge().judge(asked, "order-sign").findings}


def test_every_situation_has_its_row() -> None:
    assert MATRIX.keys() == SITUATIONS.keys()


@pytest.mark.parametrize(("situation", "expected"), cells(0))
def test_the_indication(situation: Situation, expected: str) -> None:
    found = said(situation.chart(AXIAL))

    assert found.get("IND-1", "off") == expected
    assert found.keys() & {"IND-2", "IND-3", "IND-4"} == set()


@pytest.mark.parametrize(("situation", "expected"), cells(1))
def test_the_mri(situation: Situation, expected: str) -> None:
    assert said(situation.chart(AXIAL)).get("IMG-1", "off") == expected


@pytest.mark.parametrize(("situation", "expected"), cells(2))
def test_conservative_care(situation: Situation, expected: str) -> None:
    assert said(situation.chart(AXIAL)).get("CC-1", "off") == expected


@pytest.mark.parametrize(("situation", "expected"), cells(3))
def test_frequency(situation: Situation, expected: str) -> None:
    found = said(situation.chart(AXIAL, injections=MANY))

    assert {found.get(criterion, "off") for criterion in FREQUENCY} == {expected}


@pytest.mark.parametrize(("situation", "expected"), cells(4))
def test_conflicts_of_guidelines(situation: Situation, expected: str) -> None:
    noted = [criterion for criterion in said(situation.chart(RADICULAR)) if criterion.startswith("CON")]

    assert noted == ([] if expected == "off" else [expected])


@pytest.mark.parametrize(("days", "expected"), [(14, "info"), (13, "warning")])
@pytest.mark.parametrize("pain", [6, 9])
def test_of_acute_severe_pain_two_weeks_of_care_are_asked(pain: float, days: int, expected: str) -> None:
    """Noted rather than asked for: the shorter rule is named."""
    treated = sessions(days_ago(days), days_ago(1))

    found = said(Situation().chart(RECENT, care=treated, pain_scores=section(score(pain, days_ago(5)))))

    assert (found["IMG-1"], found["CC-1"]) == ("warning", expected)
    assert found.keys() & {"IND-1", "CON-2"} == set()


@pytest.mark.parametrize("away", ["125607007", "M46.44"])
def test_a_fracture_or_infection_elsewhere_changes_nothing(away: str) -> None:
    assert "CON-2" in said(Situation((diagnosis(away, "2026-01-01"),)).chart(RADICULAR))


@pytest.mark.parametrize("code", ["125608002", "M46.46", "M45.6", "G89.3", "Z00.6", "G83.4"])
@pytest.mark.parametrize("standing", [Standing.HISTORICAL, Standing.REFUTED])
def test_what_is_over_or_refuted_excepts_nothing(code: str, standing: Standing) -> None:
    over = Situation((diagnosis(code, "2026-01-01", standing=standing),))

    assert said(over.chart(AXIAL)) == said(Situation().chart(AXIAL))
    assert said(over.chart(RADICULAR)) == said(Situation().chart(RADICULAR))


@pytest.mark.parametrize(("ago", "expected"), [(42, "off"), (43, "warning")])
def test_a_deficit_is_new_for_six_weeks(ago: int, expected: str) -> None:
    found = said(Situation((diagnosis("M21.371", days_ago(ago)),)).chart(AXIAL))

    assert found.get("IND-1", "off") == expected
