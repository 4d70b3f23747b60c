"""From medication orders and statements to conservative care; earlier injections and operations."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.domain.evidence import CareKind
from plugin.domain.regions import Region
from tests.builders import CPT, LUMBAR, RXNORM, Json, coded, on, read
from tests.plugin.evidence.records import (
    DRUG_KEYS,
    NAPROXEN,
    TRIAMCINOLONE,
    found,
    only,
    prescription,
    referral,
    statement,
    therapy,
)


@pytest.mark.parametrize(
    ("status", "intent", "certain"),
    [
        ("active", "order", True),
        ("completed", "order", True),
        ("stopped", "order", True),
        ("active", "instance-order", True),
        ("active", None, True),
        ("on-hold", "order", False),
        ("unknown", "order", False),
        (None, "order", False),
        ("cancelled", "order", None),
        ("draft", "order", None),
        ("entered-in-error", "order", None),
        ("active", "proposal", None),
        ("active", "plan", None),
        ("active", "option", None),
    ],
)
def test_status_and_intent_of_a_medication_order(
    status: str | None, intent: str | None, certain: bool | None
) -> None:
    care = found(medications=[prescription(status=status, intent=intent)])

    assert [e.is_certain for e in care.entries] == ([] if certain is None else [certain])
    assert [i.remark for i in care.set_aside] == (["not-an-order"] if certain is None else [])


@pytest.mark.parametrize(
    ("status", "certain"),
    [
        ("active", True),
        ("completed", True),
        ("stopped", True),
        ("on-hold", False),
        ("unknown", False),
        ("intended", None),
        ("not-taken", None),
        ("entered-in-error", None),
    ],
)
def test_status_of_a_medication_statement(status: str, certain: bool | None) -> None:
    entries = found(medicationStatements=[statement(status=status)]).entries

    assert [e.is_certain for e in entries] == ([] if certain is None else [certain])


def supplied(value: float, unit: str) -> Json:
    return {"dispenseRequest": {"expectedSupplyDuration": {"value": value, "code": unit}}}


@pytest.mark.parametrize(
    ("status", "elements", "last"),
    [
        ("completed", {"dispenseRequest": {"validityPeriod": {"end": "2026-10-15"}}}, "2026-10-15"),
        ("active", {"dispenseRequest": {"validityPeriod": {"end": "2026-10-15"}}}, "2026-10-15"),
        ("active", {}, "9999-12-31"),
        ("completed", supplied(30, "d"), "2026-09-30"),
        ("completed", supplied(4, "wk"), "2026-09-28"),
        ("completed", supplied(1, "mo"), None),
        ("completed", supplied(-3, "d"), None),
        ("completed", supplied(99999, "d"), None),
        ("completed", {**supplied(30, "d"), "authoredOn": "2026-09"}, None),
        ("completed", {}, None),
    ],
)
def test_when_a_medication_order_ended(status: str, elements: Json, last: str | None) -> None:
    entry = only(medications=[prescription(status=status, **elements)])

    assert entry.last == (on(last) if last else None)


@pytest.mark.parametrize(
    ("elements", "first", "last"),
    [
        ({}, "2026-09-01", "2026-10-01"),
        (
            {"effectivePeriod": {"start": "2026-09-01"}, "status": "active"},
            "2026-09-01",
            "9999-12-31",
        ),
        ({"effectivePeriod": {"start": "2026-09-01"}}, "2026-09-01", None),
        ({"effectivePeriod": None, "effectiveDateTime": "2026-09"}, "2026-09", None),
    ],
)
def test_the_days_of_a_medication_statement(elements: Json, first: str, last: str | None) -> None:
    entry = only(medicationStatements=[statement(**elements)])

    assert (entry.first, entry.last) == (on(first), on(last) if last else None)


@pytest.mark.parametrize("key_and_kind", DRUG_KEYS)
@pytest.mark.parametrize("code", ["161", "25480", "72625", "8640", NAPROXEN])
def test_drugs_of_the_analgesic_sets_count_by_ingredient(code: str, key_and_kind: tuple[str, str]) -> None:
    key = key_and_kind[0]
    entry = prescription(code) if key == "medications" else statement(code)

    assert only(**{key: [entry]}).kind is CareKind.MEDICATION


@pytest.mark.parametrize("code", [TRIAMCINOLONE, "6387", "999999999"])
def test_other_drugs_are_no_conservative_care(code: str) -> None:
    assert found(medications=[prescription(code)]).entries == ()


@pytest.mark.parametrize(
    ("elements", "counts"),
    [
        ({"reasonCode": [{"text": "Gout of the left big toe"}]}, False),
        ({"reasonCode": [{"text": "Knee osteoarthritis"}]}, False),
        ({"reasonCode": [coded("M54.16")]}, True),
        ({"reasonCode": {"text": "Back pain"}}, True),
        ({}, True),
    ],
)
def test_a_drug_taken_for_another_part_of_the_body_does_not_count(elements: Json, counts: bool) -> None:
    assert len(found(medications=[prescription(**elements)]).entries) == int(counts)


def contained(code: str, *, identifier: str = "drug") -> Json:
    return {
        "medicationCodeableConcept": None,
        "medicationReference": {"reference": "#drug"},
        "contained": [
            {"resourceType": "Organization", "id": "maker", "name": 7},
            {"resourceType": "Medication", "id": identifier, "code": coded(code, RXNORM)},
        ],
    }


@pytest.mark.parametrize("make", [prescription, statement])
def test_the_drug_may_be_in_a_contained_medication(make: Any) -> None:
    key = "medications" if make is prescription else "medicationStatements"

    assert only(**{key: [make(**contained(NAPROXEN))]}).is_certain
    assert found(**{key: [make(**contained(NAPROXEN, identifier="other"))]}).entries == ()
    assert found(**{key: [make(**contained(TRIAMCINOLONE))]}).entries == ()


@pytest.mark.parametrize(
    ("elements", "counts"),
    [
        ({"medicationCodeableConcept": {"text": "Naproxen 500 mg tablets"}}, True),
        ({"medicationReference": {"reference": "Medication/7", "display": "ibuprofen 400"}}, True),
        ({"medicationCodeableConcept": {"text": "Methylprednisolone injection"}}, False),
        ({"medicationCodeableConcept": {"text": "Metformin"}}, False),
        ({"medicationReference": {"reference": "Medication/7"}}, False),
        ({}, False),
    ],
)
def test_a_drug_in_words_only_is_a_hint(elements: Json, counts: bool) -> None:
    entries = found(medications=[prescription(None, **elements)]).entries

    assert [(e.is_certain, e.is_quoted) for e in entries] == ([(False, True)] if counts else [])


@pytest.mark.parametrize(
    ("code", "injections", "operations"),
    [("62323", 1, 0), ("64483", 1, 0), ("63030", 0, 1), ("22612", 0, 1), ("97110", 0, 0), ("64635", 1, 0)],
)
def test_earlier_injections_and_operations(code: str, injections: int, operations: int) -> None:
    evidence = read(procedures=[therapy(None, code=coded(code, CPT))])

    assert len(evidence.injections.entries) == injections
    assert len(evidence.operations.entries) == operations


@pytest.mark.parametrize("status", ["not-done", "preparation", "in-progress", "on-hold", "entered-in-error"])
def test_a_procedure_not_finished_is_no_earlier_injection(status: str) -> None:
    evidence = read(procedures=[therapy("62323", status=status), therapy("63030", status=status)])

    assert evidence.injections.entries == ()
    assert evidence.operations.entries == ()


def test_an_earlier_injection_keeps_its_date_and_region() -> None:
    (session,) = read(procedures=[therapy("62323", performedDateTime="2026-05")]).injections.entries

    assert (session.date, session.region) == (on("2026-05"), Region.pair("lumbar", "sacral"))


def test_an_operations_region_is_that_of_its_code() -> None:
    (operation,) = read(procedures=[therapy("63030")]).operations.entries

    assert operation.region == LUMBAR


@pytest.mark.parametrize(
    ("key", "entry"),
    [
        ("procedures", therapy()),
        ("serviceRequests", referral()),
        ("medications", prescription()),
        ("medicationStatements", statement()),
    ],
)
def test_another_patients_care_is_left_out_and_leaves_the_section_incomplete(key: str, entry: Json) -> None:
    care = found(**{key: [{**entry, "subject": {"reference": "Patient/other"}}]})

    assert care.entries == ()
    assert [(u.source, u.count) for u in care.unread] == [(key, 1)]


@pytest.mark.parametrize(
    ("key", "kind"), [("procedures", "Procedure"), ("serviceRequests", "ServiceRequest"), *DRUG_KEYS]
)
def test_a_resource_without_any_element_is_no_care(key: str, kind: str) -> None:
    care = found(**{key: [{"resourceType": kind}]})

    assert (care.entries, care.unread) == ((), ())


def test_nothing_at_all_is_an_empty_and_complete_record() -> None:
    evidence = read()

    for section in (evidence.diagnoses, evidence.studies, evidence.care, evidence.waivers):
        assert (section.entries, section.unread) == ((), ())
