"""Ids of cards and suggestions are name-based UUIDs, as the standard library makes them."""

from __future__ import annotations

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from plugin.cards.identity import suggestion_uuid, uuid_of


@given(namespace=st.uuids(), name=st.text())
def test_an_id_is_the_uuid_of_version_5(namespace: UUID, name: str) -> None:
    assert uuid_of(namespace.bytes, name) == str(uuid5(namespace, name))


@given(card=st.uuids(), name=st.text())
def test_the_id_of_a_suggestion_is_named_within_its_card(card: UUID, name: str) -> None:
    assert suggestion_uuid(str(card), name) == str(uuid5(card, name))
