"""Who is for and who is against, for one case: computed from the guideline files, never typed into a card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from plugin.guidelines.model import (
    CHRONICITIES,
    FAMILIES,
    PATTERNS,
    REGIONS,
    Chronicity,
    Direction,
    Guideline,
    Position,
    SpineRegion,
)
from plugin.guidelines.wording import proviso_wording

Touched: TypeAlias = Mapping[Chronicity, Mapping[SpineRegion, Position]]


class Case(NamedTuple):
    """What a guideline is asked about, in the words of the guideline files."""

    family: str
    pattern: str
    chronicity: Literal["acute", "chronic", "unknown"]
    regions: frozenset[str]
    """Regions of the spine. Other names count for nothing; none at all: the region is not known."""


@dataclass(frozen=True, slots=True)
class Stance:
    """Where one guideline stands on the case."""

    guideline: Guideline
    position: Position
    """The one that speaks; of several, the first in the file."""
    proviso: str | None = None
    """What the direction hangs on, when the case leaves that open."""

    @property
    def direction(self) -> Direction:
        return self.position.direction if self.proviso is None else "conditional"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Every guideline once, under its direction, in the order the guidelines came in."""

    for_: tuple[Stance, ...]
    against: tuple[Stance, ...]
    conditional: tuple[Stance, ...]
    silent: tuple[Stance, ...]

    @property
    def is_conflict(self) -> bool:
        """Someone is for and someone is against."""
        return bool(self.for_ and self.against)

    @property
    def takes_position(self) -> bool:
        """Someone is not silent."""
        return bool(self.for_ or self.against or self.conditional)


def agreement(guidelines: Iterable[Guideline], case: Case) -> Agreement:
    """Raises ValueError when family, pattern or chronicity is no word of the guideline files."""
    _require_vocabulary(case)
    stances: dict[Direction, list[Stance]] = {"for": [], "against": [], "conditional": [], "silent": []}
    for guideline in guidelines:
        stance = _stance(guideline, case)
        stances[stance.direction].append(stance)
    return Agreement(
        for_=tuple(stances["for"]),
        against=tuple(stances["against"]),
        conditional=tuple(stances["conditional"]),
        silent=tuple(stances["silent"]),
    )


class Library:
    """The guidelines a service holds. Each case is worked out once; asking again is a dict look-up."""

    def __init__(self, guidelines: Iterable[Guideline]) -> None:
        self.guidelines = tuple(guidelines)
        self._worked_out: dict[Case, Agreement] = {}
        proviso_wording()  # Bad wording stops the start-up, not the first call.

    def agreement(self, case: Case) -> Agreement:
        """Raises ValueError when family, pattern or chronicity is no word of the guideline files."""
        known = self._worked_out.get(case)
        if known is None:
            known = self._worked_out[case] = agreement(self.guidelines, case)
        return known


def _require_vocabulary(case: Case) -> None:
    for name, word, known in (
        ("family", case.family, FAMILIES),
        ("pattern", case.pattern, PATTERNS),
        ("chronicity", case.chronicity, (*CHRONICITIES, "unknown")),
    ):
        if word not in known:
            raise ValueError(f"case.{name}: not one of {', '.join(known)}")


def _stance(guideline: Guideline, case: Case) -> Stance:
    touched = _touched(guideline, case)
    positions = [position for by_region in touched.values() for position in by_region.values()]
    speaking = [position for position in positions if position.direction != "silent"]
    first = min(speaking or positions, key=guideline.positions.index)
    if len({position.direction for position in positions}) == 1:
        return Stance(guideline, first)
    return Stance(guideline, first, _proviso(touched))


def _touched(guideline: Guideline, case: Case) -> Touched:
    """The positions on every cell the case may be in."""
    times = [c for c in CHRONICITIES if case.chronicity in (c, "unknown")]
    regions = [r for r in REGIONS if r in case.regions] or list(REGIONS)
    return {c: {r: guideline.position_on(case.family, case.pattern, c, r) for r in regions} for c in times}


def _proviso(touched: Touched) -> str:
    by_time = {time: _regions_by_direction(by_region) for time, by_region in touched.items()}
    groups: list[tuple[Chronicity | None, Mapping[Direction, list[SpineRegion]]]] = list(by_time.items())
    if all(regions == groups[0][1] for _, regions in groups):
        groups = [(None, groups[0][1])]
    wording = proviso_wording()
    return wording.between_clauses.join(
        wording.say(direction, time, regions if len(by_direction) > 1 else ())
        for time, by_direction in groups
        for direction, regions in by_direction.items()
    )


def _regions_by_direction(by_region: Mapping[SpineRegion, Position]) -> dict[Direction, list[SpineRegion]]:
    grouped: dict[Direction, list[SpineRegion]] = {}
    for region, position in by_region.items():
        grouped.setdefault(position.direction, []).append(region)
    return grouped
