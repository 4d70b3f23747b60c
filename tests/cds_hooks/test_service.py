"""The discovery document."""

import json
from typing import Any

import pytest

from cds_hooks import discovery_document, templates_for
from tests.cds_hooks.wire import service


def test_an_entry_says_what_the_service_is_and_needs() -> None:
    document = json.loads(
        discovery_document([service(usage_requirements="A FHIR server.", hook_version="1.0")])
    )

    assert document == {
        "services": [
            {
                "hook": "order-sign",
                "title": "Test service",
                "description": "Looks at every order.",
                "id": "test-service",
                "version": "2.0.1",
                "hookVersion": "1.0",
                "prefetch": {"patient": "Patient/{{context.patientId}}"},
                "usageRequirements": "A FHIR server.",
            }
        ]
    }


def test_attributes_without_value_are_left_out() -> None:
    [entry] = json.loads(discovery_document([service(prefetch={}, usage_requirements="")]))["services"]

    assert sorted(entry) == ["description", "hook", "id", "title", "version"]


def test_without_services_the_list_is_empty() -> None:
    assert discovery_document([]) == b'{"services":[]}'


@pytest.mark.parametrize(
    "changes", [{"id": ""}, {"hook": ""}, {"title": ""}, {"description": ""}, {"prefetch": {"patient": ""}}]
)
def test_a_service_without_a_required_text_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="empty"):
        service(**changes)


def test_a_template_may_only_use_what_its_hook_has() -> None:
    with pytest.raises(ValueError, match="encounter"):
        service("order-dispatch", prefetch={"encounter": "Encounter/{{context.encounterId}}"})


def test_of_many_templates_a_hook_gets_those_that_it_can_fill() -> None:
    templates = {
        "patient": "Patient/{{context.patientId}}",
        "encounter": "Encounter/{{context.encounterId}}",
        "orders": "ServiceRequest?_id={{context.dispatchedOrders}}",
        "drafts": "ServiceRequest?_id={{context.draftOrders}}",
        "recent": "Condition?date=ge{{today() - 30 days}}",
    }

    assert templates_for("order-dispatch", templates).keys() == {"patient", "orders"}
    assert templates_for("order-sign", templates).keys() == {"patient", "encounter"}
