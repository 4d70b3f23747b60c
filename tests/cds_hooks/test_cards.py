"""What a card may say, and that the wire never carries an attribute without a value."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks import Action, Card, Coding, Link, Response, Source, Suggestion

UUID = "11111111-2222-4333-8444-555555555555"
SERVICE_REQUEST = {"resourceType": "ServiceRequest", "status": "draft", "intent": "order"}


def card(**changes: Any) -> Card:
    fields: dict[str, Any] = {
        "uuid": UUID,
        "summary": "Something to know.",
        "indicator": "info",
        "source": Source(label="Test"),
    }
    return Card(**{**fields, **changes})


def suggestion(**changes: Any) -> Suggestion:
    return Suggestion(**{"label": "Do it", "uuid": UUID, **changes})


def wire_of(response: Response) -> dict[str, Any]:
    wire: dict[str, Any] = json.loads(response.to_json())
    return wire


def test_a_response_without_cards_is_an_empty_list_of_cards() -> None:
    assert Response().to_json() == b'{"cards":[]}'


def test_a_whole_response_is_sent_in_camel_case_and_compact() -> None:
    response = Response(
        cards=(
            card(
                detail="**More**",
                source=Source(label="Test", url="https://x.org", topic=Coding(system="urn:x", code="t")),
                suggestions=(
                    suggestion(
                        is_recommended=False,
                        actions=(
                            Action(type="create", description="Add", resource=SERVICE_REQUEST),
                            Action(type="delete", description="Drop", resource_id="ServiceRequest/o1"),
                        ),
                    ),
                ),
                selection_behavior="any",
                override_reasons=(Coding(system="urn:x", code="r", display="Reason"),),
                links=(Link(label="App", url="https://x.org/launch", type="smart", app_context="c"),),
                extension={"org.example.x": {"a": [1]}},
            ),
        ),
        system_actions=(Action(type="update", description="Note", resource=SERVICE_REQUEST),),
    )

    assert wire_of(response) == {
        "cards": [
            {
                "uuid": UUID,
                "summary": "Something to know.",
                "indicator": "info",
                "source": {
                    "label": "Test",
                    "url": "https://x.org",
                    "topic": {"system": "urn:x", "code": "t"},
                },
                "detail": "**More**",
                "suggestions": [
                    {
                        "label": "Do it",
                        "uuid": UUID,
                        "isRecommended": False,
                        "actions": [
                            {"type": "create", "description": "Add", "resource": SERVICE_REQUEST},
                            {"type": "delete", "description": "Drop", "resourceId": "ServiceRequest/o1"},
                        ],
                    }
                ],
                "selectionBehavior": "any",
                "overrideReasons": [{"system": "urn:x", "code": "r", "display": "Reason"}],
                "links": [
                    {"label": "App", "url": "https://x.org/launch", "type": "smart", "appContext": "c"}
                ],
                "extension": {"org.example.x": {"a": [1]}},
            }
        ],
        "systemActions": [{"type": "update", "description": "Note", "resource": SERVICE_REQUEST}],
    }
    assert b": " not in response.to_json()


@pytest.mark.parametrize("summary", ["x", "x" * 139, "é" * 139])
def test_a_summary_has_up_to_139_characters(summary: str) -> None:
    assert wire_of(Response(cards=(card(summary=summary),)))["cards"][0]["summary"] == summary


@pytest.mark.parametrize(
    "summary", ["", " ", "x" * 140, "two\nlines", "two\rlines", "two\u2028lines", "line\n"]
)
def test_a_summary_is_one_line_of_text(summary: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        card(summary=summary)


@pytest.mark.parametrize(
    "changes",
    [
        {"uuid": ""},
        {"uuid": "not-a-uuid"},
        {"indicator": "hard-stop"},
        {"indicator": ""},
        {"selection_behavior": "any"},
        {"suggestions": (suggestion(),)},
        {"suggestions": (suggestion(),), "selection_behavior": "all"},
        {
            "suggestions": (suggestion(is_recommended=True), suggestion(is_recommended=True)),
            "selection_behavior": "at-most-one",
        },
        {"override_reasons": (Coding(system="urn:x", code="r"),)},
        {"override_reasons": (Coding(system="urn:x", code="r", display=""),)},
        {"colour": "red"},
    ],
)
def test_a_card_that_breaks_an_invariant_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        card(**changes)


def test_several_recommendations_are_fine_when_any_may_be_taken() -> None:
    both = (suggestion(is_recommended=True), suggestion(is_recommended=True))

    assert len(card(suggestions=both, selection_behavior="any").suggestions) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "delete"},
        {"type": "delete", "resource": SERVICE_REQUEST},
        {"type": "delete", "resource": SERVICE_REQUEST, "resource_id": "ServiceRequest/o1"},
        {"type": "delete", "resource_id": "o1"},
        {"type": "create"},
        {"type": "create", "resource": {}},
        {"type": "create", "resource": {"status": "draft"}},
        {"type": "create", "resource": '{"resourceType": "ServiceRequest"}'},
        {"type": "update", "resource_id": "ServiceRequest/o1"},
        {"type": "CREATE", "resource": SERVICE_REQUEST},
        {"type": "create", "resource": SERVICE_REQUEST, "description": ""},
    ],
)
def test_an_action_has_what_its_type_needs_and_nothing_else(fields: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Action(**{"description": "Do it", **fields})


@pytest.mark.parametrize(
    "url", ["", "x.org", "/x", "ftp://x.org", "javascript:alert(1)", "https://", "https://x y", "https:///x"]
)
def test_links_and_sources_have_absolute_http_urls(url: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        Link(label="x", url=url, type="absolute")
    with pytest.raises((ValueError, TypeError)):
        Source(label="x", url=url)
    with pytest.raises((ValueError, TypeError)):
        Source(label="x", icon=url)


def test_app_context_belongs_to_smart_links() -> None:
    with pytest.raises((ValueError, TypeError)):
        Link(label="x", url="https://x.org", type="absolute", app_context="c")


@pytest.mark.parametrize("fields", [{"system": "", "code": "x"}, {"system": "x", "code": ""}])
def test_a_coding_has_system_and_code(fields: dict[str, str]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Coding(**fields)


def test_a_resource_is_sent_as_it_is_with_exact_decimals_and_without_empty_members() -> None:
    resource = {
        **SERVICE_REQUEST,
        "quantityQuantity": {"value": Decimal("1.50")},
        "note": [],
        "subject": {"display": ""},
        "code": {"_text": None, "text": "x"},
        "performer": [None, {"reference": "x"}],
    }
    body = Response(system_actions=(Action(type="update", description="x", resource=resource),)).to_json()

    assert b'"value":1.50' in body
    assert json.loads(body)["systemActions"][0]["resource"] == {
        **SERVICE_REQUEST,
        "quantityQuantity": {"value": 1.5},
        "code": {"text": "x"},
        "performer": [None, {"reference": "x"}],
    }


def test_cards_are_never_changed_after_they_were_made() -> None:
    with pytest.raises(AttributeError):
        card().summary = "other"


TEXT_ALPHABET = 'ab é\n|<*\\"\u2028😀'
texts = st.text(TEXT_ALPHABET, max_size=20)
some_text = st.text("abcXYZ019é", min_size=1, max_size=20)
maybe_text = st.none() | texts
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(some_text, inner, max_size=3),
    max_leaves=6,
)
urls = st.sampled_from(["https://x.org", "http://x.org/a?b=c"])
codings = st.builds(Coding, system=some_text, code=some_text, display=some_text)
actions = st.builds(
    Action,
    type=st.just("create"),
    description=some_text,
    resource=st.just(SERVICE_REQUEST),
)
suggestions = st.builds(
    Suggestion,
    label=some_text,
    uuid=st.just(UUID),
    is_recommended=st.none() | st.just(False),
    actions=st.lists(actions, max_size=2).map(tuple),
)


@st.composite
def any_cards(draw: st.DrawFn) -> Card:
    suggested = tuple(draw(st.lists(suggestions, max_size=2)))
    return Card(
        uuid=UUID,
        summary=draw(some_text),
        indicator=draw(st.sampled_from(["info", "warning", "critical"])),
        source=Source(
            label=draw(some_text),
            url=draw(st.none() | urls),
            topic=draw(st.none() | st.builds(Coding, system=some_text, code=some_text, display=maybe_text)),
        ),
        detail=draw(maybe_text),
        suggestions=suggested,
        selection_behavior=draw(st.sampled_from(["any", "at-most-one"])) if suggested else None,
        override_reasons=tuple(draw(st.lists(codings, max_size=2))),
        links=tuple(
            draw(
                st.lists(
                    st.builds(Link, label=some_text, url=urls, type=st.just("smart"), app_context=maybe_text),
                    max_size=2,
                )
            )
        ),
        extension=draw(st.none() | st.dictionaries(some_text, values, max_size=3)),
    )


def attributes(value: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    """Every value below `value` with its path."""
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield f"{path}.{key}", member
        yield from attributes(member, f"{path}.{key}")


@given(st.lists(any_cards(), max_size=3))
def test_the_wire_has_no_null_and_nothing_empty(cards: list[Card]) -> None:
    wire = wire_of(Response(cards=tuple(cards)))

    assert [
        path for path, value in attributes(wire) if value in (None, "", [], {}) and path != "$.cards"
    ] == []
    for sent in wire["cards"]:
        assert ("suggestions" in sent) == ("selectionBehavior" in sent)
