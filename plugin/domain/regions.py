"""Regions of the spine, and whether two of them speak of the same place."""

from __future__ import annotations

from dataclasses import dataclass

from plugin.domain.truth import Truth

ATOMS = ("cervical", "thoracic", "lumbar", "sacral", "sacroiliac")
"""The smallest regions, from the head down. A junction holds the two it joins."""

_ALL = frozenset(ATOMS)
_JUNCTIONS = {
    frozenset({"cervical", "thoracic"}): "cervicothoracic",
    frozenset({"thoracic", "lumbar"}): "thoracolumbar",
    frozenset({"lumbar", "sacral"}): "lumbosacral",
}


@dataclass(frozen=True, slots=True)
class Region:
    """One or more of `ATOMS`, or not stated (then without atoms).

    Raises ValueError for an atom that does not exist, and where `stated` and `atoms` disagree.
    """

    atoms: frozenset[str]
    stated: bool = True
    is_pair: bool = False
    """The code names two regions and means one of them: CPT says "cervical or thoracic"."""

    def __post_init__(self) -> None:
        unknown = self.atoms - _ALL
        if unknown:
            raise ValueError(f"no region {', '.join(sorted(unknown))}; there is {', '.join(ATOMS)}")
        if self.stated is not bool(self.atoms):
            raise ValueError("a stated region has atoms; one that is not stated has none")
        if self.is_pair and len(self.atoms) != 2:
            raise ValueError("a pair has exactly two atoms")

    @staticmethod
    def of(*atoms: str) -> Region:
        """Every one of these; of none of them, not stated."""
        return Region(frozenset(atoms), bool(atoms))

    @staticmethod
    def pair(first: str, second: str) -> Region:
        """One of the two, which one is not said."""
        return Region(frozenset((first, second)), is_pair=True)

    @staticmethod
    def unspecified() -> Region:
        return _UNSPECIFIED

    @staticmethod
    def everywhere() -> Region:
        return _EVERYWHERE

    @property
    def is_upper(self) -> Truth:
        """Does it take in the neck or the mid-back?"""
        if not self.stated:
            return Truth.UNKNOWN
        return Truth.of(bool(self.atoms & {"cervical", "thoracic"}))

    @property
    def is_everywhere(self) -> bool:
        return self.atoms == _ALL

    def matches(self, other: Region) -> Truth:
        """Do both speak of the same place? TRUE too when one is everywhere, whatever the other."""
        if self.atoms & other.atoms or self.is_everywhere or other.is_everywhere:
            return Truth.TRUE
        return Truth.FALSE if self.stated and other.stated else Truth.UNKNOWN

    def refined_by(self, other: Region) -> Region:
        """A pair, narrowed to what `other` shares with it; any other region as it is."""
        shared = self.atoms & other.atoms
        if not self.is_pair or not shared or other.is_everywhere:
            return self
        return Region(shared, is_pair=len(shared) == 2 and other.is_pair)

    @property
    def label(self) -> str:
        if len(self.atoms) == 1:
            (name,) = self.atoms
            return name
        if not self.stated:
            return "region not stated"
        if self.is_everywhere:
            return "whole spine"
        names = [atom for atom in ATOMS if atom in self.atoms]
        if self.is_pair:
            return " or ".join(names)
        if self.atoms in _JUNCTIONS:
            return _JUNCTIONS[self.atoms]
        return f"{', '.join(names[:-1])} and {names[-1]}"


_UNSPECIFIED = Region(frozenset(), stated=False)
_EVERYWHERE = Region(_ALL)
