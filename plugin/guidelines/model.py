"""One publication: what it says about whom, and how that was read.

A guideline takes exactly one position on every cell of family x pattern x chronicity x region; where it
says nothing, its position is `silent`. So an answer is always there, and never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, Strict, StringConstraints, model_validator

Family = Literal["interlaminar", "caudal", "transforaminal"]
Pattern = Literal["axial", "radicular", "claudication", "post-laminectomy", "acute-zoster", "post-herpetic"]
Chronicity = Literal["acute", "chronic"]
SpineRegion = Literal["cervical", "thoracic", "lumbar", "sacral"]
Direction = Literal["for", "against", "conditional", "silent"]
Mark = Literal["verified", "secondary", "source-summary", "general-knowledge"]

FAMILIES: tuple[Family, ...] = get_args(Family)
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
CHRONICITIES: tuple[Chronicity, ...] = get_args(Chronicity)
REGIONS: tuple[SpineRegion, ...] = get_args(SpineRegion)

Cell: TypeAlias = tuple[str, str, str, str]
"""Family, pattern, chronicity, region."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=159)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Year = Annotated[str, StringConstraints(pattern=r"^(19|20)[0-9]{2}$")]
Days = Annotated[int, Strict(), Field(gt=0)]


class Content(BaseModel):
    """Authored content: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Position(Content):
    """What the publication says of some cells. Of several that fit one case, the first written is shown."""

    families: Annotated[tuple[Family, ...], Field(min_length=1)]
    patterns: Annotated[tuple[Pattern, ...], Field(min_length=1)]
    chronicity: Annotated[tuple[Chronicity, ...], Field(min_length=1)]
    """Acute is under 3 months."""
    regions: Annotated[tuple[SpineRegion, ...], Field(min_length=1)] = REGIONS
    direction: Direction
    strength: Text | None = None
    says: Sentence
    mark: Mark
    source_key: Text

    @property
    def cells(self) -> Iterator[Cell]:
        return product(self.families, self.patterns, self.chronicity, self.regions)


class ImagingParams(Content):
    max_age_days: Days | None = None
    accepts_ct: bool | None = None


class ConservativeCareParams(Content):
    min_days: Days | None = None


class ImagingCriterion(Content):
    criterion: Literal["IMG-1"]
    params: ImagingParams = ImagingParams()
    says: Sentence
    mark: Mark
    source_key: Text


class ConservativeCareCriterion(Content):
    criterion: Literal["CC-1"]
    params: ConservativeCareParams = ConservativeCareParams()
    says: Sentence
    mark: Mark
    source_key: Text


Criterion = Annotated[ImagingCriterion | ConservativeCareCriterion, Field(discriminator="criterion")]


class Guideline(Content):
    """One publication, with exactly one position per cell: construction fails on a cell with none or two."""

    id: Identifier
    short_name: Text
    title: Text
    publisher: Text
    published: Annotated[date, Strict()] | Year
    """The year alone where the day is not known."""
    kind: Literal["clinical", "coverage"]
    citation: Text
    url: Annotated[str, StringConstraints(pattern=r"^https://\S+$")] | None = None
    population: Text
    excludes: tuple[Text, ...]
    reading: Literal["verified", "secondary"]
    """How the text was read: in the publication's own words, or in a summary of it."""
    conflict: Text | None = None
    positions: Annotated[tuple[Position, ...], Field(min_length=1)]
    criteria: tuple[Criterion, ...] = ()

    _by_cell: dict[Cell, Position] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _takes_one_position_per_cell(self) -> Guideline:
        taken: dict[Cell, tuple[int, Position]] = {}
        for number, position in enumerate(self.positions, start=1):
            for cell in position.cells:
                first, other = taken.setdefault(cell, (number, position))
                if other is not position:
                    raise ValueError(
                        f"positions: {', '.join(cell)} is spoken of twice, by position {first} "
                        f"({other.direction}) and position {number} ({position.direction})"
                    )
        for cell in product(FAMILIES, PATTERNS, CHRONICITIES, REGIONS):
            if cell not in taken:
                raise ValueError(
                    f"positions: none for {', '.join(cell)}; one with direction silent may say so"
                )
        self._by_cell = {cell: position for cell, (_, position) in taken.items()}
        return self

    def position_on(self, family: str, pattern: str, chronicity: str, region: str) -> Position:
        """Raises KeyError for a word outside the vocabulary."""
        return self._by_cell[family, pattern, chronicity, region]

    @property
    def published_order(self) -> tuple[int, int, int]:
        """Year, month and day to sort by; a bare year comes before every day of it."""
        if isinstance(self.published, date):
            return self.published.year, self.published.month, self.published.day
        return int(self.published), 0, 0
