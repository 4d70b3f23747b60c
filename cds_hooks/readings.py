"""What was read of one part of the record, and what of it is missing.

A key arrives in one of seven states, and only two of them (EMPTY and, for a caller who takes it so, NULL)
say that the record has no such entry. Everything that could not be read is named in `Reading.unread`, so
that nobody mistakes it for an empty record.
"""

from collections.abc import Sequence
from enum import Enum, StrEnum
from operator import attrgetter
from typing import Generic, TypeVar

import msgspec

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


class Reading(msgspec.Struct, Generic[V], frozen=True, eq=False):
    """Resources of one type. `unread` is None when nothing is missing; for NULL the caller decides.

    `self_link` says what a server took for the search, `total` how many matches there are on all pages.
    `foreign` matches are of another type; `included` resources are of this type and no matches. Readings are
    equal that say the same of the record, whatever was told beside it.
    """

    state: PrefetchState
    resources: tuple[V, ...] = ()
    malformed: int = 0
    next_link: str | None = None
    unread: Unread | None = None
    self_link: str | None = None
    foreign: int = 0
    included: int = 0
    total: int | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reading) and self._told() == other._told()

    def _told(self) -> tuple[object, ...]:
        return self.state, self.resources, self.malformed, self.next_link, self.unread

    def followed_by(self, rest: "Reading[V]") -> "Reading[V]":
        """This page and the pages after it, as one. What is unread in either stays unread."""
        own = None if self.unread is Unread.MORE_PAGES else self.unread
        # How many are missing is told by all pages together.
        its = None if rest.unread is Unread.FEWER_THAN_COUNTED else rest.unread
        resources = without_repeats([*self.resources, *rest.resources])
        # A server that ignores where a page begins repeats what was counted already.
        foreign = max(self.foreign, rest.foreign)
        included = self.included + rest.included
        total = max(self.total or 0, rest.total or 0)
        is_short = total > len(resources) + foreign - included
        unread = own or its or (Unread.FEWER_THAN_COUNTED if is_short else None)
        return Reading(
            state=state_of(resources, unread),
            resources=resources,
            malformed=self.malformed + rest.malformed,
            next_link=rest.next_link,
            unread=unread,
            self_link=self.self_link,
            foreign=foreign,
            included=included,
            total=total,
        )


# To take a member from its Enum is a call of its own on Python 3.11, and readings are made all the time.
_EMPTY, _PRESENT, _INCOMPLETE = PrefetchState.EMPTY, PrefetchState.PRESENT, PrefetchState.INCOMPLETE
_id_of = attrgetter("id")


def state_of(resources: tuple[V, ...], unread: Unread | None) -> PrefetchState:
    if unread is not None:
        return _INCOMPLETE
    return _PRESENT if resources else _EMPTY


def without_repeats(resources: Sequence[V]) -> tuple[V, ...]:
    """Each id once, the first time it appears; resources without an id all stay."""
    if len(resources) < 2:
        return tuple(resources)
    try:
        identities = list(map(_id_of, resources))
    except AttributeError:
        return tuple(resources)
    if len(set(identities)) == len(identities):
        return tuple(resources)
    firsts: dict[object, V] = {}
    for number, (identity, resource) in enumerate(zip(identities, resources, strict=True)):
        firsts.setdefault(number if identity is None else identity, resource)
    return tuple(firsts.values())
