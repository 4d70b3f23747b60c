"""The body of a call: what stands around the context and the prefetch, and the prefetch.

A service says what its prefetch keys hold, and so a body in which they hold just that is scanned once. For
any other body the keys stay as they came, and each is looked at by itself: what is odd in one takes nothing
away from the others. What is not asked for is never decoded.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

import msgspec

from cds_hooks.prefetch import PrefetchKey, may_be_crowded
from cds_hooks.raw_json import decodable
from cds_hooks.readings import Reading

_ABSENT = msgspec.Raw()


class Envelope(msgspec.Struct, rename="camel"):
    """The fields of a request as they came."""

    hook: msgspec.Raw = _ABSENT
    hook_instance: msgspec.Raw = _ABSENT
    fhir_server: msgspec.Raw = _ABSENT
    fhir_authorization: msgspec.Raw = _ABSENT
    context: msgspec.Raw = _ABSENT


class _WithRawPrefetch(Envelope, rename="camel"):
    prefetch: dict[str, msgspec.Raw] | None = None


_raw_decoder = msgspec.json.Decoder(_WithRawPrefetch)
_envelope_decoder = msgspec.json.Decoder(Envelope)
_NOT_DECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class PrefetchKeys:
    """What the prefetch keys hold that a service reads: made once, for all its calls."""

    def __init__(self, keys: Mapping[str, PrefetchKey]) -> None:
        self.keys = dict(keys)
        self._decoder = _decoder(self.keys) if self.keys else None

    def decode(self, body: bytes) -> Any | None:
        """An `Envelope` with what is in the prefetch; None when it has to be looked at key by key."""
        if self._decoder is None or may_be_crowded(body):
            return None
        try:
            return self._decoder.decode(body)
        except _NOT_DECODABLE:
            return None


def _decoder(keys: Mapping[str, PrefetchKey]) -> msgspec.json.Decoder[Any]:
    values = {name: key.decoded_type for name, key in keys.items()}
    prefetch = TypedDict("prefetch", values, total=False)  # type: ignore[misc]
    field = ("prefetch", prefetch | None, None)
    return msgspec.json.Decoder(msgspec.defstruct("WithPrefetch", [field], bases=(Envelope,), rename="camel"))


NO_KEYS = PrefetchKeys({})


class Prefetch(Mapping[str, msgspec.Raw]):
    """The value of each key as it came; `read` tells what is in it."""

    def __init__(
        self,
        body: bytes,
        raws: Mapping[str, msgspec.Raw] | None,
        decoded: Mapping[str, Any] | None = None,
        keys: Mapping[str, PrefetchKey] | None = None,
    ) -> None:
        """`decoded` are the values of `keys`, as far as they were sent; `raws` are then found when needed."""
        self._body = body
        self._raws = raws
        self._decoded = decoded or {}
        self._keys = keys or {}

    def read(self, name: str, key: PrefetchKey) -> Reading[Any]:
        """What the key `name` holds, if it holds what `key` says."""
        if self._keys.get(name) == key:
            reading = key.reading_of(self._decoded[name]) if name in self._decoded else key.read(None)
            if reading is not None:
                return reading
        return key.read(self.get(name))

    def __getitem__(self, name: str) -> msgspec.Raw:
        return self._as_it_came()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._as_it_came())

    def __len__(self) -> int:
        return len(self._as_it_came())

    def _as_it_came(self) -> Mapping[str, msgspec.Raw]:
        if self._raws is None:
            self._raws = _raw_decoder.decode(self._body).prefetch or {}
        return self._raws


def read_envelope(body: bytes, keys: PrefetchKeys) -> tuple[Envelope, Prefetch]:
    """Raises msgspec.DecodeError, UnicodeDecodeError or RecursionError for what is no object in UTF-8."""
    body = decodable(body)
    decoded = keys.decode(body)
    if decoded is not None:
        return decoded, Prefetch(body, None, decoded.prefetch, keys.keys)
    try:
        envelope = _raw_decoder.decode(body)
        return envelope, Prefetch(body, envelope.prefetch or {})
    except msgspec.ValidationError:
        # A prefetch that is no object holds no data.
        return _envelope_decoder.decode(body), Prefetch(body, {})
