"""What a prefetch key, or an answer of the FHIR server, really holds.

A key arrives in one of seven states, and only two of them (EMPTY and, for a caller who takes it so, NULL)
say that the record has no such entry. Everything that could not be read is named in `Reading.unread`, so
that nobody mistakes it for an empty record.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec

from cds_hooks.raw_json import is_absent

V = TypeVar("V", bound=msgspec.Struct)


class PrefetchState(Enum):
    ABSENT = "absent"
    NULL = "null"
    EMPTY = "empty"
    PRESENT = "present"
    ERROR = "error"
    INCOMPLETE = "incomplete"
    WRONG_TYPE = "wrong-type"


class Unread(StrEnum):
    """Why data are missing or may be incomplete."""

    ABSENT = "absent"
    ERROR_IN_PREFETCH = "error-in-prefetch"
    WRONG_TYPE = "wrong-type"
    MALFORMED_ENTRIES = "malformed-entries"
    MORE_PAGES = "more-pages"
    NOT_PERMITTED = "not-permitted"
    NOT_FOUND = "not-found"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    SERVER_ERROR = "server-error"
    UNUSABLE_ANSWER = "unusable-answer"
    TOO_LARGE = "too-large"
    BASE_NOT_REGISTERED = "base-not-registered"
    SERVER_BUSY = "server-busy"
    BREAKER_OPEN = "breaker-open"
    NOT_SUPPORTED = "not-supported"
    WIDER_THAN_ASKED = "wider-than-asked"
    FEWER_THAN_COUNTED = "fewer-than-counted"
    NO_ACCESS_TOKEN = "no-access-token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Reading(Generic[V]):
    """Resources of one type. `unread` is None when nothing is missing; for NULL the caller decides.

    `self_link` says what a server took for the search, `total` how many matches there are on all pages.
    `foreign` matches are of another type; `included` resources are of this type and no matches.
    """

    state: PrefetchState
    resources: tuple[V, ...] = ()
    malformed: int = 0
    next_link: str | None = None
    unread: Unread | None = None
    self_link: str | None = field(default=None, compare=False)
    foreign: int = field(default=0, compare=False)
    included: int = field(default=0, compare=False)
    total: int | None = field(default=None, compare=False)

    def followed_by(self, rest: "Reading[V]") -> "Reading[V]":
        """This page and the pages after it, as one. What is unread in either stays unread."""
        own = None if self.unread is Unread.MORE_PAGES else self.unread
        # How many are missing is told by all pages together.
        its = None if rest.unread is Unread.FEWER_THAN_COUNTED else rest.unread
        resources = _without_repeats([*self.resources, *rest.resources])
        # A server that ignores where a page begins repeats what was counted already.
        foreign = max(self.foreign, rest.foreign)
        included = self.included + rest.included
        total = max(self.total or 0, rest.total or 0)
        is_short = total > len(resources) + foreign - included
        unread = own or its or (Unread.FEWER_THAN_COUNTED if is_short else None)
        return Reading(
            state=_state(resources, unread),
            resources=resources,
            malformed=self.malformed + rest.malformed,
            next_link=rest.next_link,
            unread=unread,
            self_link=self.self_link,
            foreign=foreign,
            included=included,
            total=total,
        )


class _Link(msgspec.Struct):
    relation: str = ""
    url: str = ""


class _Search(msgspec.Struct, gc=False):
    mode: str | None = None


class _Entry(msgspec.Struct, Generic[V]):
    resource: V
    search: _Search | None = None


class _Bundle(msgspec.Struct, Generic[V], rename="camel"):
    resource_type: str = ""
    entry: list[_Entry[V]] | None = None
    link: list[_Link] | None = None
    total: Any = None


class _LooseBundle(msgspec.Struct, rename="camel"):
    """`resource` is there in the wrapper of the drafts before 1.0: {"response": …, "resource": …}."""

    resource_type: Any = None
    entry: msgspec.Raw = msgspec.Raw()
    link: Any = None
    total: Any = None
    resource: msgspec.Raw = msgspec.Raw()


class _LooseEntry(msgspec.Struct):
    resource: msgspec.Raw
    search: Any = None


class _Head(msgspec.Struct, rename="camel"):
    resource_type: Any = None
    issue: Any = None


_NO_MATCH = ("include", "outcome")
"""`search.mode` of what a server sends beside the matches, and does not count in `total`."""
_id_of = attrgetter("id")
_loose_bundle_decoder = msgspec.json.Decoder(_LooseBundle)
_loose_entry_decoder = msgspec.json.Decoder(_LooseEntry)
_head_decoder = msgspec.json.Decoder(_Head)
_array_decoder = msgspec.json.Decoder(list[msgspec.Raw])


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


def read_searchset(raw: msgspec.Raw | bytes | None, view: type[V], resource_type: str) -> Reading[V]:
    """The resources of `resource_type` in a searchset Bundle; `raw=None` says that the key is absent.

    Entries that cannot be read are counted, included resources of other types skipped, repeated ids kept
    once. A single resource, an array of resources and the pre-1.0 wrapper are read like a Bundle.
    """
    if raw is None:
        return Reading(PrefetchState.ABSENT, unread=Unread.ABSENT)
    try:
        return _read_whole(raw, view, resource_type) or _read_piecewise(raw, view, resource_type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _wrong_type()


def read_resource(raw: msgspec.Raw | bytes | None, view: type[V], resource_type: str) -> Reading[V]:
    """The one resource that a read template such as `Patient/{{context.patientId}}` asks for.

    A Bundle with that one resource will do; a Bundle with several is WRONG_TYPE.
    """
    plan = _plan(view)
    try:
        resource = plan.resource.decode(raw or b"null")
        if plan.type_of(resource) == resource_type:
            return Reading(PrefetchState.PRESENT, (resource,))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Not the bare resource; what it is instead is found out below.
        pass
    reading = read_searchset(raw, view, resource_type)
    return _wrong_type() if len(reading.resources) > 1 else reading


def _wrong_type() -> Reading[V]:
    return Reading(PrefetchState.WRONG_TYPE, unread=Unread.WRONG_TYPE)


def _state(resources: tuple[V, ...], unread: Unread | None) -> PrefetchState:
    if unread is not None:
        return PrefetchState.INCOMPLETE
    return PrefetchState.PRESENT if resources else PrefetchState.EMPTY


def _without_repeats(resources: Sequence[V]) -> tuple[V, ...]:
    """Each id once, the first time it appears; resources without an id all stay."""
    if len(resources) < 2 or "id" not in resources[0].__struct_fields__:
        return tuple(resources)
    identities = list(map(_id_of, resources))
    if len(set(identities)) == len(identities):
        return tuple(resources)
    firsts: dict[object, V] = {}
    for number, (identity, resource) in enumerate(zip(identities, resources, strict=True)):
        firsts.setdefault(number if identity is None else identity, resource)
    return tuple(firsts.values())


def _read_whole(raw: msgspec.Raw | bytes, view: type[V], resource_type: str) -> Reading[V] | None:
    """A Bundle of nothing but matches, the common case, in one decode. None when it needs a closer look."""
    plan = _plan(view)
    try:
        bundle = plan.bundle.decode(raw)
    except msgspec.ValidationError:
        return None
    if bundle is None:
        return Reading(PrefetchState.NULL)
    if bundle.resource_type != "Bundle":
        return None
    entries = bundle.entry or ()
    resources = [entry.resource for entry in entries]
    if resources and set(map(plan.type_of, resources)) != {resource_type}:
        return None
    kept = _without_repeats(resources)
    links = {link.relation: link.url for link in reversed(bundle.link or ())}
    next_link, total = links.get("next"), _total(bundle.total)
    included = sum(e.search is not None and e.search.mode in _NO_MATCH for e in entries) if total else 0
    unread = _unread_of_page(next_link, len(kept) - included, total)
    return Reading(
        _state(kept, unread),
        kept,
        next_link=next_link or None,
        unread=unread,
        self_link=links.get("self"),
        included=included,
        total=total,
    )


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

    def reading(self, links: Any = None, total: int | None = None) -> Reading[V]:
        next_link = _link(links, "next")
        resources = _without_repeats(self.resources)
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
            _state(resources, unread),
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
        for item in _array_decoder.decode(raw):
            _count(tally, item, None, view, resource_type)
        return tally.reading()
    if bundle.resource_type == "Bundle":
        for item in _items(bundle.entry):
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


def _items(raw: msgspec.Raw) -> list[msgspec.Raw]:
    return [] if is_absent(raw) else _array_decoder.decode(raw)


def _link(links: Any, relation: str) -> str | None:
    """The URL of this relation; "" when there is one without a usable URL, None when there is none."""
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
    mode = entry.search.get("mode") if isinstance(entry.search, dict) else None
    _count(tally, entry.resource, mode, view, resource_type)


def _count(
    tally: _Tally[V], raw: msgspec.Raw | bytes, mode: object, view: type[V], resource_type: str
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
    elif not isinstance(head.resource_type, str):
        tally.malformed += 1
    elif mode not in _NO_MATCH:
        tally.foreign += 1


def _is_failure(issues: Any, mode: object) -> bool:
    """Does this OperationOutcome say that the search failed? Warnings and notes about the search do not."""
    severities = (
        {
            issue["severity"]
            for issue in issues
            if isinstance(issue, dict) and isinstance(issue.get("severity"), str)
        }
        if isinstance(issues, list)
        else set()
    )
    if severities & {"error", "fatal"}:
        return True
    return mode != "outcome" and not severities & {"warning", "information"}
