"""Ids of cards and suggestions: the same for the same thing said in the same call, and for nothing else."""

from __future__ import annotations

from hashlib import sha1
from uuid import UUID

_CARDS = UUID("6a0c40a2-5b5b-5f0e-9f3a-8d2b6c1f7e11").bytes
_SHA1 = sha1(usedforsecurity=False)
"""Of nothing yet. Copied for each id, since to look the algorithm up takes longer than to use it."""
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""The digit of a digest, with the two highest bits that RFC 9562 gives it."""


def card_uuid(hook_instance: str, order: str, topic: str) -> str:
    return uuid_of(_CARDS, f"{hook_instance}|{order}|{topic}")


def suggestion_uuid(card: str, name: str) -> str:
    """`card`: the id of the card that offers it."""
    return uuid_of(bytes.fromhex(card.replace("-", "")), name)


def uuid_of(namespace: bytes, name: str) -> str:
    """The UUID of version 5 of this name in this namespace, as `uuid.uuid5` makes it, written at once."""
    named = _SHA1.copy()
    named.update(namespace + name.encode())
    digest = named.hexdigest()
    return (
        f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"
    )
