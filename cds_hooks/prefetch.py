"""What a prefetch key, or an answer of the FHIR server, really holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from random import randrange
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import msgspec

from cds_hooks.raw_json import is_absent
from cds_hooks.readings import PrefetchState, Reading, Unread, state_of, without_repeats

V = TypeVar("V", bound=msgspec.Struct)

_Scalar = str | int | float | bool | None


class _Link(msgspec.Struct, gc=False):
    relation: str = ""
    url: str = ""


class _Search(msgspec.Struct, gc=False):
    mode: Literal["match", "include", "outcome"] | None = None


class _Entry(msgspec.Struct, Generic[V], gc=False):
    resource: V
    search: _Search | None = None


class _Bundle(msgspec.Struct, Generic[V], rename="camel"):
    resource_type: str = ""
    entry: list[_Entry[V]] | None = None
    link: list[_Link] | None = None
    total: _Scalar = None


class _LooseBundle(msgspec.Struct, rename="camel"):
    """`resource` is there in the wrapper of the drafts before 1.0: {"response": …, "resource": …}."""

    resource_type: str | None = None
    entry: msgspec.Raw = msgspec.Raw()
    link: msgspec.Raw = msgspec.Raw()
    total: _Scalar = None
    resource: msgspec.Raw = msgspec.Raw()


class _LooseEntry(msgspec.Struct):
    resource: msgspec.Raw
    search: msgspec.Raw = msgspec.Raw()


class _Head(msgspec.Struct, rename="camel"):
    resource_type: str | None = None
    issue: msgspec.Raw = msgspec.Raw()


_ABSENT = msgspec.Raw()
_MAX_VALUES, _MAX_OBJECTS = 200_000, 120_000
"""In one answer: values far smaller than those of resources take many times their size, once decoded."""
_STRIDES = (4001, 4003, 4007, 4013, 4019, 4021, 4027, 4049, 4051, 4057, 4073, 4079, 4091, 4093, 4099, 4111)
"""Primes: whatever repeats itself in a body, most of them do not fall in with it."""
_MAX_ENTRIES = 3_000
"""Looked at one by one."""
_MAX_ASIDE_BYTES = 64 * 1024
"""Of links, or of what a server says about itself."""
_NO_MATCH = ("include", "outcome")
"""`search.mode` of what a server sends beside the matches, and does not count in `total`."""
_loose_bundle_decoder = msgspec.json.Decoder(_LooseBundle)
_search_decoder = msgspec.json.Decoder(_Search | None)
_loose_entry_decoder = msgspec.json.Decoder(_LooseEntry)
_head_decoder = msgspec.json.Decoder(_Head)
_any_decoder = msgspec.json.Decoder()
_array_decoder = msgspec.json.Decoder(list[msgspec.Raw] | None)


_NOT_SENT: Reading[Any] = Reading(PrefetchState.ABSENT, unread=Unread.ABSENT)
_NULL: Reading[Any] = Reading(PrefetchState.NULL)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How to decode one view: built once, kept for good."""

    bundle: msgspec.json.Decoder[Any]
    resource: msgspec.json.Decoder[Any]
    type_of: Callable[[Any], Any]


@lru_cache(maxsize=256)
def _plan(view: type[msgspec.Struct]) -> _Plan:
    """Raises TypeError when the first field of `view` is not `resourceType`."""
    if not view.__struct_encode_fields__ or view.__struct_encode_fields__[0] != "resourceType":
        raise TypeError(f"{view.__name__}: the first field of a view must be resourceType")
    bundle: Any = _Bundle[view]  # type: ignore[valid-type]
    return _Plan(
        bundle=msgspec.json.Decoder(bundle | None),
        resource=msgspec.json.Decoder(view),
        type_of=attrgetter(view.__struct_fields__[0]),
    )


class PrefetchKey(NamedTuple):
    """What a prefetch key holds: resources of one type, and the view that each is read as.

    `is_single` holds for the one resource of a read template, and not for the Bundle of a search.
    """

    view: type[msgspec.Struct]
    resource_type: str
    is_single: bool = False

    @property
    def decoded_type(self) -> Any:
        """What a value is decoded to that holds this and nothing odd; None stands for null."""
        whole: Any = self.view if self.is_single else _Bundle[self.view]  # type: ignore[name-defined]
        return whole | None

    def reading_of(self, decoded: Any) -> Reading[Any] | None:
        """What is in a value of `decoded_type`. None when what came needs a closer look."""
        if decoded is None:
            return _NULL
        plan = _plan(self.view)
        if not self.is_single:
            return _reading_of(decoded, plan, self.resource_type)
        is_it = plan.type_of(decoded) == self.resource_type
        return Reading(PrefetchState.PRESENT, (decoded,)) if is_it else None

    def read(self, raw: msgspec.Raw | None) -> Reading[Any]:
        """What is in a value as it came, however it came; `raw=None` says that the key is absent."""
        return (read_resource if self.is_single else read_searchset)(raw, self.view, self.resource_type)


def read_searchset(raw: msgspec.Raw | bytes | None, view: type[V], resource_type: str) -> Reading[V]:
    """The resources of `resource_type` in a searchset Bundle; `raw=None` says that the key is absent.

    Entries that cannot be read are counted, included resources of other types skipped, repeated ids kept
    once. A single resource, an array of resources and the pre-1.0 wrapper are read like a Bundle.
    """
    if raw is None:
        return _NOT_SENT
    if _is_crowded(raw):
        return Reading(PrefetchState.INCOMPLETE, unread=Unread.TOO_LARGE)
    try:
        return _read_whole(raw, view, resource_type) or _read_piecewise(raw, view, resource_type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _wrong_type()


def read_resource(raw: msgspec.Raw | bytes | None, view: type[V], resource_type: str) -> Reading[V]:
    """The one resource that a read template such as `Patient/{{context.patientId}}` asks for.

    A Bundle with that one resource will do; a Bundle with several is WRONG_TYPE.
    """
    plan = _plan(view)
    if raw is not None and _is_crowded(raw):
        return Reading(PrefetchState.INCOMPLETE, unread=Unread.TOO_LARGE)
    try:
        resource = plan.resource.decode(raw or b"null")
        if plan.type_of(resource) == resource_type:
            return Reading(PrefetchState.PRESENT, (resource,))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Not the bare resource; what it is instead is found out below.
        pass
    reading = read_searchset(raw, view, resource_type)
    return _wrong_type() if len(reading.resources) > 1 else reading


def _is_crowded(raw: msgspec.Raw | bytes) -> bool:
    """Are there more values or objects than a record has that is to be read in a second?"""
    body = memoryview(raw)
    if body.nbytes < 2 * _MAX_VALUES:
        return False
    content = bytes(body)
    return content.count(b",") > _MAX_VALUES or content.count(b"{") > _MAX_OBJECTS


def may_be_crowded(body: bytes) -> bool:
    """May one of the values in `body` be crowded? To count all would cost as much as to decode the body.

    Looked at is one byte in some hundreds, and half of what is too much is taken for it.
    """
    if len(body) < 2 * _MAX_VALUES:
        return False
    seen = b"".join([body[randrange(stride) :: stride] for stride in _STRIDES])  # noqa: S311
    share = 2 * len(body) / len(seen)
    return seen.count(b",") * share > _MAX_VALUES or seen.count(b"{") * share > _MAX_OBJECTS


def _wrong_type() -> Reading[V]:
    return Reading(PrefetchState.WRONG_TYPE, unread=Unread.WRONG_TYPE)


def _read_whole(raw: msgspec.Raw | bytes, view: type[V], resource_type: str) -> Reading[V] | None:
    """A Bundle of nothing but matches, the common case, in one decode. None when it needs a closer look."""
    plan = _plan(view)
    try:
        bundle = plan.bundle.decode(raw)
    except msgspec.ValidationError:
        return None
    return _NULL if bundle is None else _reading_of(bundle, plan, resource_type)


def _reading_of(bundle: _Bundle[V], plan: _Plan, resource_type: str) -> Reading[V] | None:
    if bundle.resource_type != "Bundle":
        return None
    entries = bundle.entry or ()
    resources = [entry.resource for entry in entries]
    if resources and set(map(plan.type_of, resources)) != {resource_type}:
        return None
    kept = without_repeats(resources)
    next_link, self_link = _first_links(bundle.link) if bundle.link else (None, None)
    total = _total(bundle.total)
    included = _included(entries) if total else 0
    unread = _unread_of_page(next_link, len(kept) - included, total)
    return Reading(state_of(kept, unread), kept, 0, next_link or None, unread, self_link, 0, included, total)


def _first_links(links: list[_Link]) -> tuple[str | None, str | None]:
    """The URLs of the next page and of this one."""
    next_link = self_link = None
    for link in links:
        if link.relation == "self" and self_link is None:
            self_link = link.url
        elif link.relation == "next" and next_link is None:
            next_link = link.url
    return next_link, self_link


def _included(entries: Sequence[_Entry[V]]) -> int:
    if {entry.search.mode for entry in entries if entry.search is not None}.isdisjoint(_NO_MATCH):
        return 0
    return sum(entry.search is not None and entry.search.mode in _NO_MATCH for entry in entries)


def _total(told: Any) -> int | None:
    return told if type(told) is int else None


def _unread_of_page(next_link: str | None, matches: int, total: int | None) -> Unread | None:
    if next_link is not None:
        return Unread.MORE_PAGES
    return Unread.FEWER_THAN_COUNTED if total is not None and total > matches else None


@dataclass(slots=True)
class _Tally(Generic[V]):
    """What the entries of a Bundle turned out to be."""

    resources: list[V] = field(default_factory=list)
    malformed: int = 0
    foreign: int = 0
    included: int = 0
    failed: bool = False
    is_cut: bool = False

    def reading(self, links: msgspec.Raw = _ABSENT, total: int | None = None) -> Reading[V]:
        next_link = _link(links, "next")
        resources = without_repeats(self.resources)
        if self.is_cut:
            return Reading(PrefetchState.INCOMPLETE, resources, self.malformed, unread=Unread.TOO_LARGE)
        if self.failed and not resources and not self.malformed:
            return Reading(PrefetchState.ERROR, unread=Unread.ERROR_IN_PREFETCH)
        if self.foreign and not resources and not self.malformed and next_link is None:
            return _wrong_type()
        unread = None
        if self.failed:
            unread = Unread.ERROR_IN_PREFETCH
        elif self.malformed:
            unread = Unread.MALFORMED_ENTRIES
        else:
            matches = len(resources) + self.foreign - self.included
            unread = _unread_of_page(next_link, matches, total)
        return Reading(
            state_of(resources, unread),
            resources,
            self.malformed,
            next_link or None,
            unread,
            _link(links, "self"),
            self.foreign,
            self.included,
            total,
        )


def _read_piecewise(
    raw: msgspec.Raw | bytes, view: type[V], resource_type: str, *, is_unwrapped: bool = False
) -> Reading[V]:
    """The same, entry by entry. Raises msgspec.DecodeError when `raw` is neither object nor array."""
    tally: _Tally[V] = _Tally()
    try:
        bundle = _loose_bundle_decoder.decode(raw)
    except msgspec.ValidationError:
        for item in _items(raw, tally):
            _count(tally, item, None, view, resource_type)
        return tally.reading()
    if bundle.resource_type == "Bundle":
        for item in _items(bundle.entry, tally):
            _count_entry(tally, item, view, resource_type)
        return tally.reading(bundle.link, _total(bundle.total))
    if bundle.resource_type == "OperationOutcome":
        return Reading(PrefetchState.ERROR, unread=Unread.ERROR_IN_PREFETCH)
    if bundle.resource_type == resource_type:
        _count(tally, raw, None, view, resource_type)
        return tally.reading()
    if bundle.resource_type is None and not is_unwrapped and not is_absent(bundle.resource):
        return _read_piecewise(bundle.resource, view, resource_type, is_unwrapped=True)
    return _wrong_type()


def _items(raw: msgspec.Raw | bytes, tally: _Tally[V]) -> list[msgspec.Raw]:
    items = (_array_decoder.decode(raw) if memoryview(raw).nbytes else None) or []
    tally.is_cut = len(items) > _MAX_ENTRIES
    return items[:_MAX_ENTRIES]


def _link(raw: msgspec.Raw, relation: str) -> str | None:
    """The URL of this relation; "" when there is one without a usable URL, None when there is none."""
    if memoryview(raw).nbytes > _MAX_ASIDE_BYTES:
        return ""
    links = [] if is_absent(raw) else _any_decoder.decode(raw)
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == relation:
            url = link.get("url")
            return url if isinstance(url, str) else ""
    return None


def _count_entry(tally: _Tally[V], raw: msgspec.Raw, view: type[V], resource_type: str) -> None:
    try:
        entry = _loose_entry_decoder.decode(raw)
    except msgspec.ValidationError:
        tally.malformed += 1
        return
    _count(tally, entry.resource, _mode(entry.search), view, resource_type)


def _mode(raw: msgspec.Raw) -> str | None:
    try:
        search = None if is_absent(raw) else _search_decoder.decode(raw)
    except msgspec.ValidationError:
        return None
    return search and search.mode


def _count(
    tally: _Tally[V], raw: msgspec.Raw | bytes, mode: str | None, view: type[V], resource_type: str
) -> None:
    """Puts one resource where it belongs: kept, malformed, of another type, or an error of the server."""
    try:
        head = _head_decoder.decode(raw)
        if head.resource_type == resource_type:
            tally.resources.append(_plan(view).resource.decode(raw))
            tally.included += mode in _NO_MATCH
            return
    except msgspec.ValidationError:
        tally.malformed += 1
        return
    if head.resource_type == "OperationOutcome":
        tally.failed = tally.failed or _is_failure(head.issue, mode)
    elif head.resource_type is None:
        tally.malformed += 1
    elif mode not in _NO_MATCH:
        tally.foreign += 1


def _is_failure(raw: msgspec.Raw, mode: str | None) -> bool:
    """Does this OperationOutcome say that the search failed? Warnings and notes about the search do not."""
    if memoryview(raw).nbytes > _MAX_ASIDE_BYTES:
        return True
    issues = [] if is_absent(raw) else _any_decoder.decode(raw)
    severities = {
        issue["severity"]
        for issue in (issues if isinstance(issues, list) else ())
        if isinstance(issue, dict) and isinstance(issue.get("severity"), str)
    }
    if severities & {"error", "fatal"}:
        return True
    return mode != "outcome" and not severities & {"warning", "information"}
