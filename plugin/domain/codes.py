"""A code that the value sets know, with what they say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from plugin.domain.regions import Region


@dataclass(frozen=True, slots=True)
class Concept:
    """One code of one system. `code` is in the form the value sets write it, whatever the record wrote."""

    system: str
    code: str
    label: str
    """Our own short wording; empty where no wording could be verified."""
    sets: frozenset[str] = frozenset()
    """Ids of the value sets that hold it."""
    region: Region | None = None
    """None when the value sets say nothing of a region; "unspecified" when the code itself leaves it open."""
    pain_pattern: str | None = None
    properties: Mapping[str, str | bool] = field(default_factory=dict, compare=False)
    """Everything else the value sets say, by property name."""

    def __hash__(self) -> int:
        return hash((self.system, self.code))

    def in_set(self, name: str) -> bool:
        return name in self.sets

    def get(self, name: str) -> str | None:
        """The value of a property that is a code, None when it is not given."""
        value = self.properties.get(name)
        return value if isinstance(value, str) else None

    def flag(self, name: str) -> bool | None:
        """The value of a property that is yes or no, None when it is not given."""
        value = self.properties.get(name)
        return value if isinstance(value, bool) else None
