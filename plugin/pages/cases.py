"""Guideline positions side by side: cases on which every document takes the same side stand together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from plugin.guidelines import Guideline
from plugin.guidelines.model import REGIONS, Direction, Position

Standing = Literal["disagree", "qualified", "agree", "none"]
SPEAKING: tuple[Direction, ...] = ("for", "conditional", "against")


@dataclass(frozen=True, slots=True)
class Side:
    """One document's side on a case, in the regions for which it takes it."""

    guideline: Guideline
    direction: Direction
    regions: tuple[str, ...]

    @property
    def is_everywhere(self) -> bool:
        return len(self.regions) == len(REGIONS)


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """Cases of one pain pattern on which every document takes the same side."""

    families: tuple[str, ...]
    pattern: str
    chronicity: tuple[str, ...]
    sides: tuple[Side, ...]
    silent: tuple[Guideline, ...]

    @property
    def standing(self) -> Standing:
        """`disagree`: in some region one is for and one against. `qualified`: some set conditions."""
        if not self.sides:
            return "none"
        found = [{side.direction for side in self.sides if region in side.regions} for region in REGIONS]
        if any({"for", "against"} <= directions for directions in found):
            return "disagree"
        return "agree" if all(len(directions) <= 1 for directions in found) else "qualified"

    def by(self, direction: Direction) -> tuple[Side, ...]:
        return tuple(side for side in self.sides if side.direction == direction)


@dataclass(frozen=True, slots=True)
class Statement:
    """One position of one document, with what of the cases in question it applies to."""

    guideline: Guideline
    position: Position
    families: tuple[str, ...]
    chronicity: tuple[str, ...]

    @property
    def is_everywhere(self) -> bool:
        return len(self.position.regions) == len(REGIONS)


def case_groups(
    guidelines: Sequence[Guideline],
    families: Iterable[str],
    patterns: Iterable[str],
    chronicity: Sequence[str],
) -> tuple[CaseGroup, ...]:
    """Every case of families × patterns × chronicity once."""
    asked = tuple(families)
    groups: list[CaseGroup] = []
    for pattern in patterns:
        alike: dict[tuple[tuple[str, ...], tuple[Side, ...]], list[str]] = {}
        for time in chronicity:
            for sides, together in _families_alike(guidelines, asked, pattern, time).items():
                alike.setdefault((together, sides), []).append(time)
        for (together, sides), times in alike.items():
            speaking = {side.guideline.id for side in sides}
            silent = tuple(guideline for guideline in guidelines if guideline.id not in speaking)
            groups.append(CaseGroup(together, pattern, tuple(times), sides, silent))
    return tuple(groups)


def statements(
    guidelines: Iterable[Guideline], families: Iterable[str], pattern: str, chronicity: Iterable[str]
) -> tuple[Statement, ...]:
    """What the documents say about one pain pattern, those for before those against."""
    asked, times = tuple(families), tuple(chronicity)
    found = [
        Statement(
            guideline,
            position,
            tuple(family for family in asked if family in position.families),
            tuple(time for time in times if time in position.chronicity),
        )
        for guideline in guidelines
        for position in guideline.positions
        if position.direction != "silent" and pattern in position.patterns
    ]
    bearing = [statement for statement in found if statement.families and statement.chronicity]
    return tuple(sorted(bearing, key=lambda s: SPEAKING.index(s.position.direction)))


def _families_alike(
    guidelines: Sequence[Guideline], families: Iterable[str], pattern: str, time: str
) -> dict[tuple[Side, ...], tuple[str, ...]]:
    alike: dict[tuple[Side, ...], tuple[str, ...]] = {}
    for family in families:
        sides = tuple(side for guideline in guidelines for side in _sides(guideline, family, pattern, time))
        alike[sides] = (*alike.get(sides, ()), family)
    return alike


def _sides(guideline: Guideline, family: str, pattern: str, time: str) -> list[Side]:
    directions = {
        region: guideline.position_on(family, pattern, time, region).direction for region in REGIONS
    }
    return [
        Side(guideline, direction, tuple(region for region in REGIONS if directions[region] == direction))
        for direction in SPEAKING
        if direction in directions.values()
    ]
