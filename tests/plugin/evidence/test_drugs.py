"""From drugs ordered in the hook and in the encounter to what is in them."""

from __future__ import annotations

import pytest

from plugin.domain.evidence import SteroidOrder
from plugin.domain.order import Drug
from plugin.domain.truth import Truth
from tests.builders import ENCOUNTER, HCPCS, RXNORM, Json, coded, read
from tests.plugin.evidence.records import TRIAMCINOLONE, draft, ordered, prescription

YES, NO, OPEN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
LOCAL = {"coding": [{"system": "https://ehr.example.org/formulary", "code": "KIT-7"}]}
BY_MUSCLE = [{"route": coded("78421000")}]
BY_MOUTH = [{"route": coded("26643006")}]
HERE = {"reference": f"Encounter/{ENCOUNTER}"}


def beside(*resources: Json) -> tuple[Drug, ...]:
    return ordered(draft("20552"), *resources).drugs


def only(resource: Json) -> Drug:
    (drug,) = beside(resource)
    return drug


@pytest.mark.parametrize(
    ("code", "is_steroid", "is_particulate", "is_anaesthetic"),
    [
        ("10759", YES, YES, NO),
        ("6902", YES, YES, NO),
        ("1514", YES, YES, NO),
        ("3264", YES, NO, NO),
        ("5492", YES, OPEN, NO),
        ("1815", NO, NO, YES),
        ("6387", NO, NO, YES),
        ("7258", NO, NO, NO),
    ],
)
def test_an_ingredient_says_what_it_is(
    code: str, is_steroid: Truth, is_particulate: Truth, is_anaesthetic: Truth
) -> None:
    drug = only(prescription(code, status="draft"))

    assert (drug.is_steroid, drug.is_particulate, drug.is_local_anaesthetic) == (
        is_steroid,
        is_particulate,
        is_anaesthetic,
    )
    assert not drug.is_quoted


@pytest.mark.parametrize(
    ("code", "is_steroid", "is_particulate"),
    [("J3301", YES, YES), ("J1100", YES, NO), ("J0702", YES, YES), ("J1030", YES, YES), ("J0665", NO, NO)],
)
def test_a_supply_code_says_what_it_is(code: str, is_steroid: Truth, is_particulate: Truth) -> None:
    drug = only(draft(code, id="supply"))

    assert (drug.reference, drug.is_steroid, drug.is_particulate) == (
        "ServiceRequest/supply",
        is_steroid,
        is_particulate,
    )


def test_a_supply_code_that_no_list_knows_may_be_anything() -> None:
    supply = draft(None, id="supply", code=coded("J9999", HCPCS))

    assert (only(supply).is_steroid, only(supply).is_particulate) == (OPEN, OPEN)


def test_a_request_that_is_no_drug_is_none() -> None:
    assert beside(draft("77003", id="guidance"), draft("72148", id="mri")) == ()


def test_two_supply_codes_of_one_line_are_one_drug() -> None:
    mixed = {"coding": [*coded("J0665")["coding"], *coded("J3301")["coding"]]}

    drug = only(draft(None, id="supply", code=mixed))

    assert (drug.is_steroid, drug.is_local_anaesthetic) == (YES, YES)


@pytest.mark.parametrize(
    ("text", "is_steroid"),
    [
        ("Kenalog 40 mg", YES),
        ("Depo-Medrol", YES),
        ("dexamethasone 10 mg", YES),
        ("Injection tray 7", OPEN),
        ("bupivacaine without steroid", OPEN),
        ("nonsteroidal gel", OPEN),
    ],
)
def test_a_name_alone_is_a_hint_and_never_says_that_there_is_no_steroid(text: str, is_steroid: Truth) -> None:
    drug = only(prescription(None, status="draft", medicationCodeableConcept=LOCAL | {"text": text}))

    assert (drug.is_steroid, drug.is_particulate, drug.is_quoted) == (is_steroid, OPEN, True)
    assert not drug.is_coded_steroid


def test_an_oral_product_is_no_steroid_for_injection() -> None:
    by_product = prescription("197969", status="draft")
    by_route = prescription("6902", status="draft", dosageInstruction=BY_MOUTH)

    assert [only(p).is_steroid for p in (by_product, by_route)] == [NO, NO]


def test_a_product_outweighs_the_route_on_the_order() -> None:
    assert only(prescription("197969", status="draft", dosageInstruction=BY_MUSCLE)).is_steroid is NO


@pytest.mark.parametrize("reference", ["#drug", "Medication/drug"])
def test_a_drug_may_stand_in_a_medication_of_its_own(reference: str) -> None:
    medication = {"resourceType": "Medication", "id": "drug", "code": coded(TRIAMCINOLONE)}
    pointer = prescription(None, status="draft", medicationReference={"reference": reference})

    sent = [pointer | {"contained": [medication]}] if reference.startswith("#") else [medication, pointer]

    assert [drug.is_steroid for drug in beside(*sent)] == [YES]


def test_a_medication_that_was_not_sent_may_hold_anything() -> None:
    lost = {"reference": "Medication/lost", "display": "Injection tray 7"}
    named = {"reference": "Medication/lost", "display": "Kenalog"}

    assert only(prescription(None, status="draft", medicationReference=lost)).is_steroid is OPEN
    assert only(prescription(None, status="draft", medicationReference=named)).is_steroid is YES


def test_an_order_without_any_drug_named_may_hold_anything() -> None:
    assert only(prescription(None, status="draft")).is_steroid is OPEN


@pytest.mark.parametrize(("identity", "addressable"), [("drug-1", True), (None, False)])
def test_a_line_can_be_named_by_an_action_only_by_its_id(identity: str | None, addressable: bool) -> None:
    line = prescription(TRIAMCINOLONE, status="draft")
    line = line | {"id": identity} if identity else {k: v for k, v in line.items() if k != "id"}

    assert only(line).is_addressable is addressable


def on_file(code: str | None = TRIAMCINOLONE, **elements: object) -> tuple[SteroidOrder, ...]:
    given = {"encounter": HERE, "dosageInstruction": BY_MUSCLE}
    return read(medications=[prescription(code, **{**given, **elements})]).steroid_orders.entries


def test_an_active_steroid_of_the_encounter_is_on_file_with_its_reason() -> None:
    reasons = [{"reference": "https://ehr.example.org/fhir/Condition/c1"}]

    (found,) = on_file(reasonReference=reasons, reasonCode=[coded("M79.18")])

    assert found.label == "triamcinolone (10759)"
    assert (found.states_reason, found.reason_references) == (True, frozenset({"Condition/c1"}))
    assert {c.code for c in found.reason_codes} == {"M79.18"}


def test_a_reason_in_words_is_a_reason() -> None:
    (found,) = on_file(reasonCode=[{"text": "asthma"}])

    assert (found.states_reason, found.reason_codes) == (True, frozenset())


@pytest.mark.parametrize(
    "elements",
    [
        {"status": "completed"},
        {"status": "draft"},
        {"encounter": {"reference": "Encounter/another"}},
        {"encounter": None},
        {"dosageInstruction": None},
        {"dosageInstruction": BY_MOUTH},
        {"dosageInstruction": [{"route": {"text": "into the muscle"}}]},
        {"medicationCodeableConcept": coded("1815")},
        {"medicationCodeableConcept": coded("197969", RXNORM)},
        {"medicationCodeableConcept": {"text": "Kenalog"}},
        {"subject": {"reference": "Patient/somebody-else"}},
    ],
)
def test_other_orders_are_no_steroid_of_the_encounter(elements: Json) -> None:
    assert on_file(**elements) == ()


def test_a_contained_medication_is_read() -> None:
    medication = {"resourceType": "Medication", "id": "m", "code": coded(TRIAMCINOLONE)}

    found = on_file(None, medicationReference={"reference": "#m"}, contained=[medication])

    assert [s.label for s in found] == ["triamcinolone (10759)"]


def test_unread_medication_leaves_the_steroids_of_the_encounter_open() -> None:
    found = read(medications=[{"resourceType": "MedicationRequest", "status": 7}])

    assert found.steroid_orders.may_hold_more is OPEN
