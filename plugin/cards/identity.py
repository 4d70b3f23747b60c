"""Ids of cards and suggestions: the same for the same thing said in the same call, and for nothing else."""

from __future__ import annotations

from uuid import UUID, uuid5

_CARDS = UUID("6a0c40a2-5b5b-5f0e-9f3a-8d2b6c1f7e11")


def card_uuid(hook_instance: str, order: str, topic: str) -> str:
    return str(uuid5(_CARDS, f"{hook_instance}|{order}|{topic}"))


def suggestion_uuid(card: str, name: str) -> str:
    """`card`: the id of the card that offers it."""
    return str(uuid5(UUID(card), name))
