"""What each dialect makes of a response, and of a request before anybody reads it."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from cds_hooks import (
    DIALECTS,
    Action,
    Client,
    Coding,
    HookCall,
    Link,
    OpenTo,
    Response,
    Suggestion,
    adapt,
)
from tests.cds_hooks.wire import CARD, CLIENT, app_with, hook_call, service

LONG_ID = "eqtRgrVzOMbDBFGQ7dmgGwTpiYXFkmvf7FSkTgPOOvBw3." + "Kp-" * 48
DELETE = Action(type="delete", description="Drop it", resource_id=f"ServiceRequest/{LONG_ID}")
MRI = Action(
    type="create",
    description="Order the MRI",
    resource={
        "resourceType": "ServiceRequest",
        "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "72148"}]},
        "reasonCode": [{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M54.16"}]}],
        "identifier": [{"system": "https://ehr.example.org/orders", "value": "1"}],
    },
)
REFERRAL = Action(type="create", description="Refer", resource={"resourceType": "ServiceRequest"})
UUIDS = [f"{number}1111111-2222-4333-8444-555555555555" for number in range(1, 9)]


def offering(*actions: Sequence[Action], behavior: str = "any", **more: Any) -> Response:
    """One card with a suggestion for each group of actions."""
    suggestions = tuple(
        Suggestion(label=f"Offer {uuid[0]}", uuid=uuid, actions=tuple(group))
        for uuid, group in zip(UUIDS, actions, strict=False)
    )
    return Response(
        cards=(replace(CARD, suggestions=suggestions, selection_behavior=behavior, **more),)  # type: ignore[arg-type]
    )


def sent(response: Response, dialect: str) -> Any:
    """The one card as the wire carries it."""
    [card] = json.loads(adapt(response, DIALECTS[dialect]).to_json())["cards"]
    return card


def described(card: Any) -> list[list[str]]:
    return [[a["description"] for a in s["actions"]] for s in card.get("suggestions", [])]


RICH = offering(
    [DELETE],
    [MRI, REFERRAL],
    detail="**Short.**",
    override_reasons=(Coding(system="urn:x", code="r", display="Reason"),),
    links=(Link(label="App", url="https://x.org/launch", type="smart", app_context="handle"),),
)


@pytest.mark.parametrize("dialect", ["spec", "sandbox"])
def test_the_specification_and_its_sandbox_get_the_response_as_it_is(dialect: str) -> None:
    assert adapt(RICH, DIALECTS[dialect]) is RICH


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_cards_stay_no_cards(dialect: str) -> None:
    assert adapt(Response(), DIALECTS[dialect]).to_json() == b'{"cards":[]}'


def test_epic_gets_one_action_per_suggestion() -> None:
    card = sent(offering([MRI, REFERRAL], [DELETE]), "epic")

    assert described(card) == [["Order the MRI"], ["Refer"], ["Drop it"]]
    assert [s["label"] for s in card["suggestions"]] == ["Order the MRI", "Refer", "Offer 2"]
    assert len({s["uuid"] for s in card["suggestions"]}) == 3


def test_epic_never_gets_half_of_an_exchange() -> None:
    card = sent(offering([DELETE, MRI], [REFERRAL]), "epic")

    assert described(card) == [["Refer"]]


def test_a_card_whose_every_suggestion_is_an_exchange_keeps_its_words_only() -> None:
    card = sent(offering([DELETE, MRI]), "epic")

    assert card["summary"] == CARD.summary
    assert "suggestions" not in card
    assert "selectionBehavior" not in card


def test_of_alternatives_epic_gets_the_recommended_one() -> None:
    response = offering([MRI], [REFERRAL], behavior="at-most-one")
    first, second = response.cards[0].suggestions
    recommended = replace(second, is_recommended=True)
    response = Response(cards=(replace(response.cards[0], suggestions=(first, recommended)),))

    card = sent(response, "epic")

    assert described(card) == [["Refer"]]
    assert card["selectionBehavior"] == "any"


def test_epic_gets_code_systems_as_oids_and_other_systems_as_they_are() -> None:
    resource = sent(offering([MRI]), "epic")["suggestions"][0]["actions"][0]["resource"]

    assert resource["code"]["coding"][0]["system"] == "urn:oid:2.16.840.1.113883.6.12"
    assert resource["reasonCode"][0]["coding"][0]["system"] == "urn:oid:2.16.840.1.113883.6.90"
    assert resource["identifier"][0]["system"] == "https://ehr.example.org/orders"


def test_epic_gets_a_long_id_back_letter_for_letter() -> None:
    [action] = sent(offering([DELETE]), "epic")["suggestions"][0]["actions"]

    assert len(LONG_ID) > 180
    assert action["resourceId"] == f"ServiceRequest/{LONG_ID}"


def test_oracle_gets_what_1_0_has() -> None:
    card = sent(RICH, "oracle")

    assert card["selectionBehavior"] == "at-most-one"
    assert card["suggestions"][0]["actions"] == [
        {"type": "delete", "description": "Drop it", "resource": LONG_ID}
    ]
    assert described(card) == [["Drop it"], ["Order the MRI", "Refer"]]
    assert "overrideReasons" not in card
    assert card["links"] == [{"label": "App", "url": "https://x.org/launch", "type": "smart"}]
    assert card["detail"] == "**Short.**"


def test_of_two_recommendations_oracle_gets_none() -> None:
    response = offering([MRI], [REFERRAL])
    both = tuple(replace(s, is_recommended=True) for s in response.cards[0].suggestions)
    response = Response(cards=(replace(response.cards[0], suggestions=both),))

    assert ["isRecommended" in s for s in sent(response, "oracle")["suggestions"]] == [False, False]


def test_oracle_gets_a_detail_of_whole_paragraphs_that_says_it_was_cut() -> None:
    paragraphs = ["**Order:** one", "| a | b |\n|---|---|\n| 1 | 2 |", "x" * 600, "**Found:**", "y" * 600]

    detail = sent(Response(cards=(replace(CARD, detail="\n\n".join(paragraphs)),)), "oracle")["detail"]

    assert detail == f"**Order:** one\n\n{'x' * 600}\n\n…"


def test_a_first_paragraph_is_kept_however_long_it_is() -> None:
    assert sent(Response(cards=(replace(CARD, detail="z" * 2000),)), "oracle")["detail"] == "z" * 2000


@pytest.mark.parametrize(
    ("dialect", "registered", "unsupported"),
    [
        ("spec", None, set()),
        ("oracle", None, {"ImagingStudy"}),
        ("oracle", frozenset(), set()),
        ("epic", frozenset({"MedicationStatement"}), {"MedicationStatement"}),
    ],
)
def test_the_types_an_ehr_lacks_are_those_registered_or_else_those_of_its_dialect(
    dialect: Any, registered: frozenset[str] | None, unsupported: set[str]
) -> None:
    seen: list[frozenset[str]] = []

    def answer(call: HookCall) -> Response:
        seen.append(call.request.unsupported_types)
        return Response()

    client = Client("ehr", CLIENT.fhir_bases, dialect=dialect, unsupported=registered)
    app = app_with([service(answer=answer)], authenticator=OpenTo(client))
    app.test_client().post("/cds-services/test-service", json=hook_call())

    assert seen == [unsupported]


def test_each_client_is_answered_in_its_own_dialect() -> None:
    def answer(_: HookCall) -> Response:
        return offering([DELETE])

    def deletion_for(dialect: str) -> Any:
        client = Client("ehr", CLIENT.fhir_bases, dialect=dialect)
        app = app_with([service(answer=answer)], authenticator=OpenTo(client))
        response = app.test_client().post("/cds-services/test-service", json=hook_call())
        return response.get_json()["cards"][0]["suggestions"][0]["actions"][0]

    assert deletion_for("spec")["resourceId"] == f"ServiceRequest/{LONG_ID}"
    assert deletion_for("oracle")["resource"] == LONG_ID
