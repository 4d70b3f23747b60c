"""The scenario fixtures themselves: complete, valid, synthetic, and none missing."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from tests.scenarios.scenario import FOLDERS, ROOT, Json, Scenario, load_scenario, load_scenarios

SEARCHED = {
    "conditions": "Condition",
    "procedures": "Procedure",
    "serviceRequests": "ServiceRequest",
    "reports": "DiagnosticReport",
    "imaging": "ImagingStudy",
    "medications": "MedicationRequest",
    "medicationStatements": "MedicationStatement",
    "observations": "Observation",
    "allergies": "AllergyIntolerance",
    "researchSubjects": "ResearchSubject",
}
SYNTHETIC = {"system": "https://spinal-injection-cds.org/fhir/CodeSystem/fixture", "code": "synthetic"}
NUMBERS = (
    *(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 17, 18, 19, 20, 21, 22, 23, 24),
    *(25, 26, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43),
    *(44, 45, 46, 47, 48, 49, 50, 52, 53, 55, 56, 57),
    *(58, 59, 60, 62, 63, 64, 66, 67, 69, 70, 71, 72, 74, 75, 103),
    *(73, 76, 77, 78, 79, 80, 82, 84, 85, 86, 87, 88, 89, 90, 91),
    *(92, 93, 94, 95, 96, 97, 98, 100, 101, 102),
    *(104, 105, 106, 108, 109, 111, 112, 113),
    *(127, 128, 129, 130, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143, 144),
    *(145, 146, 147),
    *range(201, 307),  # Beyond the acceptance list: a story for each row of a table that it does not reach.
)
VARIANTS = {5: 2, 7: 2, 20: 2, 29: 3, 55: 2, 79: 2, 82: 2, 91: 2, 93: 2, 94: 2, 98: 2, 101: 2} | {
    109: 2,
    128: 2,
    136: 2,
}
DEMONSTRATIONS = {"demo-axial-only", "demo-meets-everything", "demo-no-mri-14-days-of-physiotherapy"}
LOCAL_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}")


def reference(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def test_every_number_of_the_acceptance_list_has_its_folders() -> None:
    counted = Counter(scenario.number for scenario in load_scenarios())
    demonstrations = counted.pop(None)

    assert counted == {number: VARIANTS.get(number, 1) for number in NUMBERS}
    assert demonstrations == len(DEMONSTRATIONS)


def test_the_demonstrations_are_there() -> None:
    assert {scenario.name for scenario in load_scenarios() if scenario.number is None} == DEMONSTRATIONS


def test_every_folder_is_read_as_a_scenario() -> None:
    assert {path.name for path in FOLDERS.iterdir()} == {scenario.name for scenario in load_scenarios()}


def test_the_hook_and_its_context_are_complete(scenario: Scenario) -> None:
    request = scenario.request()

    context = request["context"]
    drafts = [reference(order) for order in scenario.orders()]
    assert request["hook"] in {"order-select", "order-sign"}
    assert str(UUID(request["hookInstance"])) == request["hookInstance"]
    assert context["userId"].startswith("Practitioner/")
    assert context["draftOrders"]["resourceType"] == "Bundle"
    assert ("selections" in context) == (request["hook"] == "order-select")
    assert set(context.get("selections", [])) <= set(drafts)
    assert len(drafts) == len(set(drafts))


def test_every_prefetch_key_is_filled_as_a_server_would(scenario: Scenario) -> None:
    request = scenario.request()

    prefetch = request["prefetch"]
    one = {"patient", "encounter"} if "encounterId" in request["context"] else {"patient"}
    assert prefetch.keys() == SEARCHED.keys() | one
    assert prefetch["patient"]["id"] == request["context"]["patientId"]
    assert prefetch.get("encounter", {}).get("id") == request["context"].get("encounterId")
    for key, resource_type in SEARCHED.items():
        if prefetch[key] is None:
            assert resource_type in scenario.forbidden
            continue
        assert_searchset(prefetch[key], resource_type)


def assert_searchset(bundle: Json, resource_type: str) -> None:
    entries = bundle.get("entry", [])
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    assert bundle["total"] == len(entries)
    assert "entry" not in bundle or entries
    for entry in entries:
        assert entry["resource"]["resourceType"] == resource_type
        assert entry["fullUrl"].endswith("/" + reference(entry["resource"]))
        assert entry["search"] == {"mode": "match"}


def test_every_resource_is_valid_fhir_unless_it_says_otherwise(scenario: Scenario) -> None:
    for resource in (*scenario.chart(), *scenario.orders()):
        model = get_fhir_model_class(resource["resourceType"])
        if reference(resource) in scenario.deliberately_invalid:
            with pytest.raises(ValidationError):
                model.model_validate(resource)
        else:
            model.model_validate(resource)


def test_what_is_invalid_on_purpose_is_in_the_request(scenario: Scenario) -> None:
    present = {reference(resource) for resource in (*scenario.chart(), *scenario.orders())}

    assert set(scenario.deliberately_invalid) <= present


def test_every_resource_is_marked_synthetic_and_about_the_patient(scenario: Scenario) -> None:
    patient = {"reference": f"Patient/{scenario.request()['context']['patientId']}"}

    for resource in (*scenario.chart(), *scenario.orders()):
        assert SYNTHETIC in resource["meta"]["tag"]
        if resource["resourceType"] != "Patient":
            assert resource.get("subject", resource.get("patient")) == patient


def test_every_reason_leads_to_a_diagnosis_on_record(scenario: Scenario) -> None:
    on_record = {reference(resource) for resource in scenario.chart()}

    reasons = [r["reference"] for order in scenario.orders() for r in order.get("reasonReference", [])]
    assert set(reasons) <= on_record


def test_the_patient_is_52(scenario: Scenario) -> None:
    born = date.fromisoformat(scenario.request()["prefetch"]["patient"]["birthDate"])

    birthdays = scenario.today.year - born.year
    assert birthdays - ((scenario.today.month, scenario.today.day) < (born.month, born.day)) == 52


def test_the_expectations_speak_of_orders_in_the_request(scenario: Scenario) -> None:
    drafts = {reference(order) for order in scenario.orders()}

    named = {e.order for e in scenario.expect if e.order} | set(scenario.silent_orders)
    assert named <= drafts
    assert all(LOCAL_REFERENCE.fullmatch(order) for order in named)


def test_a_silent_scenario_expects_no_card(scenario: Scenario) -> None:
    assert not (scenario.silent and scenario.expect)
    assert not (scenario.attached_silent and [e for e in scenario.expect if not e.is_note])


def test_no_two_scenarios_share_a_hook_instance_or_a_private_string() -> None:
    scenarios = load_scenarios()

    instances = Counter(scenario.request()["hookInstance"] for scenario in scenarios)
    strings = Counter(string for scenario in scenarios for string in scenario.private_strings())
    assert [instance for instance, count in instances.items() if count > 1] == []
    assert [string for string, count in strings.items() if count > 1] == []


def test_every_patient_has_a_name_number_phone_street_and_note(scenario: Scenario) -> None:
    assert len(scenario.private_strings()) >= 5


def test_a_site_policy_extends_the_default_and_changes_little(scenario: Scenario) -> None:
    if scenario.policy == "default":
        return

    policy = tomllib.loads((ROOT / scenario.policy).read_text(encoding="utf-8"))

    assert policy["extends"] == "default"
    assert policy["id"] == Path(scenario.policy).stem
    assert policy.keys() <= {"extends", "id", "version", "structural_without_limb_symptoms", "params"}


def test_a_key_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text('title = "x"\nexpects = []\n', encoding="utf-8")

    with pytest.raises(ValueError, match=r"scenario\.toml: scenario: no key 'expects'"):
        load_scenario(tmp_path)
