"""APR-1 and APR-2: the transforaminal approach, and the steroid that goes with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from plugin.domain.case import Case
from plugin.domain.check import Kind, Outcome, Reason
from plugin.domain.evidence import Diagnosis, Standing
from plugin.domain.families import Purpose
from plugin.domain.order import Drug, InjectionOrder
from plugin.domain.regions import Region
from plugin.domain.truth import Truth
from tests.builders import (
    CERVICAL,
    LUMBAR,
    UNSPECIFIED,
    ask,
    case,
    diagnosis,
    event,
    judge,
    order,
    section,
    unread,
)

APPROACH, STEROID = "transforaminal_risk_weighed", "transforaminal_steroid_not_particulate"
THORACIC = Region.of("thoracic")
TRIAMCINOLONE = Drug("MedicationRequest/1", "triamcinolone (10759)", Truth.TRUE, Truth.TRUE, Truth.FALSE)
DEXAMETHASONE = Drug("MedicationRequest/2", "dexamethasone (3264)", Truth.TRUE, Truth.FALSE, Truth.FALSE)
BUPIVACAINE = Drug("MedicationRequest/3", "bupivacaine (1815)", Truth.FALSE, Truth.FALSE, Truth.TRUE)
SOME_STEROID = Drug("MedicationRequest/4", "steroid", Truth.TRUE, Truth.UNKNOWN, Truth.FALSE, is_quoted=True)
SOME_DRUG = Drug("MedicationRequest/5", "kit 7", Truth.UNKNOWN, Truth.UNKNOWN, Truth.UNKNOWN, is_quoted=True)
HYDROCORTISONE = Drug("MedicationRequest/6", "hydrocortisone", Truth.TRUE, Truth.UNKNOWN, Truth.FALSE)
RADICULAR = {CERVICAL: "M54.12", THORACIC: "M54.14", LUMBAR: "M54.16", UNSPECIFIED: "M54.10"}


def through(region: Region, *drugs: Drug, **changes: Any) -> InjectionOrder:
    """A transforaminal order in this region, with drugs beside it."""
    code = {LUMBAR: "64483", UNSPECIFIED: "431928000"}.get(region, "64479")
    named = (f"Condition/{RADICULAR[region]}",)
    return order(code, **{"region": region, "drugs": drugs, "reason_references": named, **changes})


def on_chart(placed: InjectionOrder, *problems: Diagnosis, **record: Any) -> Case:
    reason = diagnosis(RADICULAR[placed.region], "2026-06-01")
    return case(placed, problems=[reason, *problems], **record)


def approach(placed: InjectionOrder, *problems: Diagnosis, **record: Any) -> str:
    return ask(APPROACH, on_chart(placed, *problems, **record)).row


# The approach


@pytest.mark.parametrize(
    ("region", "row", "outcome", "kind"),
    [
        (CERVICAL, "neck-or-mid-back", Outcome.NOT_MET, Kind.GAP),
        (THORACIC, "neck-or-mid-back", Outcome.NOT_MET, Kind.GAP),
        (LUMBAR, "low-back", Outcome.MET, Kind.NOTE),
        (UNSPECIFIED, "undetermined", Outcome.UNKNOWN, Kind.UNKNOWN),
    ],
)
def test_the_approach_weighs_more_above_the_low_back(
    region: Region, row: str, outcome: Outcome, kind: Kind
) -> None:
    check = ask(APPROACH, on_chart(through(region)))

    assert (check.row, check.outcome, check.kind) == (row, outcome, kind)


def test_neck_or_mid_back_is_above_the_low_back_whichever_is_meant() -> None:
    placed = order("64479", reason_references=("Condition/M54.10",))

    assert placed.region.is_pair
    assert ask(APPROACH, case(placed, problems=[diagnosis("M54.10")])).row == "neck-or-mid-back"


@pytest.mark.parametrize(("region", "row"), [(LUMBAR, "diagnostic"), (CERVICAL, "neck-or-mid-back")])
def test_a_block_for_diagnosis_in_the_low_back_is_not_spoken_of(region: Region, row: str) -> None:
    assert approach(through(region, purpose=Purpose.DIAGNOSTIC)) == row


@pytest.mark.parametrize(
    ("operated", "row"),
    [(LUMBAR, "after-surgery"), (UNSPECIFIED, "after-surgery"), (CERVICAL, "low-back")],
)
def test_an_operation_of_the_region_may_bar_the_other_way(operated: Region, row: str) -> None:
    assert approach(through(LUMBAR), operations=section(event("2020-01-01", operated))) == row


@pytest.mark.parametrize(
    ("standing", "row"), [(Standing.CURRENT, "after-surgery"), (Standing.HISTORICAL, "low-back")]
)
def test_pain_after_laminectomy_tells_of_an_operation(standing: Standing, row: str) -> None:
    assert approach(through(LUMBAR), diagnosis("M96.1", standing=standing)) == row


def test_an_operation_does_not_lessen_the_risk_above_the_low_back() -> None:
    operations = section(event("2020-01-01", CERVICAL))

    assert approach(through(CERVICAL), diagnosis("M96.1"), operations=operations) == "neck-or-mid-back"


@pytest.mark.parametrize("region", [CERVICAL, LUMBAR])
def test_operations_that_could_not_be_read_change_nothing(region: Region) -> None:
    known = approach(through(region))

    assert approach(through(region), operations=unread("procedures")) == known


@pytest.mark.parametrize("region", [CERVICAL, THORACIC, LUMBAR, UNSPECIFIED])
def test_with_a_particulate_steroid_the_steroid_is_spoken_of(region: Region) -> None:
    assert approach(through(region, TRIAMCINOLONE)) == "weighed-with-the-drug"


@pytest.mark.parametrize("drug", [DEXAMETHASONE, BUPIVACAINE, SOME_STEROID, SOME_DRUG])
def test_with_any_other_drug_the_approach_is_spoken_of(drug: Drug) -> None:
    assert approach(through(CERVICAL, drug)) == "neck-or-mid-back"


# The steroid


@pytest.mark.parametrize(
    ("region", "row", "indicator"),
    [
        (CERVICAL, "particulate-upper", "critical"),
        (THORACIC, "particulate-upper", "critical"),
        (LUMBAR, "particulate-lower", "warning"),
        (UNSPECIFIED, "particulate-lower", "warning"),
    ],
)
def test_a_particulate_steroid_is_critical_above_the_low_back(
    region: Region, row: str, indicator: str
) -> None:
    asked = on_chart(through(region, BUPIVACAINE, TRIAMCINOLONE))

    check = ask(STEROID, asked)

    assert (check.row, check.outcome) == (row, Outcome.NOT_MET)
    assert [item.reference for item in check.decided_by] == [TRIAMCINOLONE.reference]
    assert said(asked, "APR-2") == [indicator]


@pytest.mark.parametrize("region", [CERVICAL, THORACIC, LUMBAR, UNSPECIFIED])
@pytest.mark.parametrize("drugs", [(), (DEXAMETHASONE,), (BUPIVACAINE,), (DEXAMETHASONE, BUPIVACAINE)])
def test_without_particles_nothing_is_said(region: Region, drugs: tuple[Drug, ...]) -> None:
    check = ask(STEROID, on_chart(through(region, *drugs)))

    assert (check.row, check.kind) == ("not-particulate", None)


@pytest.mark.parametrize("region", [CERVICAL, LUMBAR, UNSPECIFIED])
@pytest.mark.parametrize("steroid", [SOME_STEROID, HYDROCORTISONE])
def test_a_steroid_that_is_not_resolved_is_open_and_information(region: Region, steroid: Drug) -> None:
    asked = on_chart(through(region, BUPIVACAINE, steroid))

    check = ask(STEROID, asked)

    assert (check.row, check.outcome, check.reason) == (
        "steroid-unresolved",
        Outcome.UNKNOWN,
        Reason.AMBIGUOUS,
    )
    assert [item.reference for item in check.decided_by] == [steroid.reference]
    assert said(asked, "APR-2") == ["info"]


@pytest.mark.parametrize(
    ("region", "row", "indicators"),
    [
        (CERVICAL, "drug-unresolved-upper", ["info"]),
        (UNSPECIFIED, "drug-unresolved-upper", ["info"]),
        (LUMBAR, "drug-unresolved-lower", []),
    ],
)
def test_any_drug_that_is_not_resolved_matters_above_the_low_back(
    region: Region, row: str, indicators: list[str]
) -> None:
    asked = on_chart(through(region, DEXAMETHASONE, SOME_DRUG))

    assert ask(STEROID, asked).row == row
    assert said(asked, "APR-2") == indicators


def test_a_steroid_with_particles_decides_beside_one_that_is_not_resolved() -> None:
    check = ask(STEROID, on_chart(through(CERVICAL, SOME_STEROID, TRIAMCINOLONE)))

    assert check.row == "particulate-upper"
    assert [item.label for item in check.decided_by] == [TRIAMCINOLONE.label]


def said(asked: Case, criterion: str) -> list[str]:
    """The indicators under which the default policy says this criterion."""
    findings = judge().judge(asked, "order-sign").findings
    return [f.indicator for f in findings if f.check.criterion == criterion]


def test_an_interlaminar_order_is_asked_neither() -> None:
    asked = case(replace(order(reason_references=("Condition/M54.16",)), drugs=(TRIAMCINOLONE,)))

    asked_of = {check.criterion for check in judge().judge(asked, "order-sign").checks}

    assert asked_of & {"APR-1", "APR-2"} == set()
