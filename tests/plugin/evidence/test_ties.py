"""Which of several orders a drug of the hook is for."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.domain.order import InjectionOrder
from plugin.domain.truth import Truth
from tests.builders import CPT, Json, coded
from tests.plugin.evidence.records import TRIAMCINOLONE, draft, drafts, prescription

GROUP = {"system": "https://ehr.example.org/requisitions", "value": "R-1"}
OTHER_GROUP = GROUP | {"value": "R-2"}


def to(reference: str) -> list[Json]:
    return [{"reference": reference}]


def steroid(**elements: Any) -> Json:
    return prescription(TRIAMCINOLONE, **{"status": "draft", "id": "drug", **elements})


def placed(*resources: Json) -> dict[str, InjectionOrder]:
    return {order.reference.removeprefix("ServiceRequest/"): order for order in drafts(*resources).injections}


def having(*resources: Json) -> set[str]:
    """Ids of the injections that the drug counts for."""
    return {name for name, order in placed(*resources).items() if order.has_steroid is Truth.TRUE}


def two(*, epidural: Json | None = None, muscle: Json | None = None) -> tuple[Json, Json]:
    return (
        draft("64483", id="epidural", **(epidural or {})),
        draft("20552", id="muscle", **(muscle or {})),
    )


def test_a_drug_that_names_no_order_counts_for_all() -> None:
    assert having(*two(), steroid()) == {"epidural", "muscle"}


@pytest.mark.parametrize(
    "drug",
    [
        {"basedOn": to("ServiceRequest/epidural")},
        {"basedOn": to("https://ehr.example.org/fhir/ServiceRequest/epidural/_history/2")},
        {"supportingInformation": to("ServiceRequest/epidural")},
    ],
)
def test_a_drug_that_names_an_order_counts_for_it_alone(drug: Json) -> None:
    assert having(*two(), steroid(**drug)) == {"epidural"}


@pytest.mark.parametrize("element", ["supportingInfo", "basedOn"])
def test_an_order_may_name_the_drug(element: str) -> None:
    orders = two(epidural={element: to("MedicationRequest/drug")})

    assert having(*orders, steroid()) == {"epidural"}


def test_a_supply_code_is_tied_like_a_drug() -> None:
    supplied = draft("J3301", id="supply", basedOn=to("ServiceRequest/epidural"))

    assert having(*two(), supplied) == {"epidural"}


def test_a_drug_for_an_order_that_is_none_of_ours_counts_for_none() -> None:
    knee = draft(None, id="knee", code=coded("20610", CPT))

    assert having(*two(), knee, steroid(basedOn=to("ServiceRequest/knee"))) == set()


@pytest.mark.parametrize(
    ("epidural", "muscle", "expected"),
    [
        (GROUP, OTHER_GROUP, {"epidural"}),
        (GROUP, GROUP, {"epidural", "muscle"}),
        (OTHER_GROUP, OTHER_GROUP, {"epidural", "muscle"}),
    ],
)
def test_a_shared_requisition_ties_unless_it_ties_to_nothing(
    epidural: Json, muscle: Json, expected: set[str]
) -> None:
    orders = two(epidural={"requisition": epidural}, muscle={"requisition": muscle})

    assert having(*orders, steroid(groupIdentifier=GROUP)) == expected


def test_a_reference_says_more_than_a_requisition() -> None:
    orders = two(epidural={"requisition": GROUP}, muscle={"requisition": GROUP})
    drug = steroid(groupIdentifier=GROUP, basedOn=to("ServiceRequest/muscle"))

    assert having(*orders, drug) == {"muscle"}


@pytest.mark.parametrize(
    "drug",
    [
        {"basedOn": to("ServiceRequest/elsewhere")},
        {"basedOn": "ServiceRequest/epidural"},
        {"basedOn": [{"display": "the epidural"}]},
        {"groupIdentifier": {"system": GROUP["system"]}},
    ],
)
def test_what_names_no_order_of_the_hook_or_cannot_be_read_states_nothing(drug: Json) -> None:
    assert having(*two(), steroid(**drug)) == {"epidural", "muscle"}


def test_a_drug_for_a_further_level_counts_for_the_whole_order() -> None:
    further = draft("64484", id="further")

    assert having(*two(), further, steroid(basedOn=to("ServiceRequest/further"))) == {"epidural"}


def test_a_tie_is_kept_with_the_drug() -> None:
    tied = placed(*two(), steroid(basedOn=to("ServiceRequest/muscle")))
    loose = placed(*two(), steroid())

    assert [drug.is_tied for drug in tied["muscle"].drugs] == [True]
    assert [drug.is_tied for drug in loose["muscle"].drugs] == [False]
