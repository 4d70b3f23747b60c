"""Ids of cards and suggestions are name-based UUIDs, as the standard library makes them."""

from __future__ import annotations

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from plugin.cards.identity import uuid_of


@given(namespace=st.uuids(), name=st.text())
def test_an_id_is_the_uuid_of_version_5(namespace: UUID, name: str) -> None:
    assert uuid_of(str(namespace), name) == str(uuid5(namespace, name))
