"""Is a call likely about orders of ours? A guess by its context alone: nothing but speed depends on it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from plugin.evidence.families import FAMILY_OF_SET
from plugin.terminology import Terminology


class _Coding(msgspec.Struct, gc=False):
    code: str | None = None


class _Code(msgspec.Struct):
    coding: list[_Coding] | None = None


class _Order(msgspec.Struct):
    code: _Code | None = None


class _Entry(msgspec.Struct):
    resource: _Order | None = None


class _Orders(msgspec.Struct):
    entry: list[_Entry] | None = None


class _Context(msgspec.Struct):
    draftOrders: _Orders | None = None  # noqa: N815 - the hook's name.


_decoder = msgspec.json.Decoder(_Context)


def guess_by(terminology: Terminology) -> Callable[[msgspec.Raw], bool]:
    """Tells it of a context by the codes of its draft orders; of one without draft orders it says yes."""
    names = tuple(FAMILY_OF_SET)
    ours = {concept.code for name in names for concept in terminology.members(name)}
    ours.update(code for name in names for code in terminology.local_members(name))

    def is_likely(context: msgspec.Raw) -> bool:
        try:
            orders = _decoder.decode(context).draftOrders
        except msgspec.DecodeError:
            return False
        if orders is None:
            return True
        for entry in orders.entry or ():
            code = entry.resource.code if entry.resource else None
            for coding in (code.coding if code else None) or ():
                if coding.code in ours:
                    return True
        return False

    return is_likely
