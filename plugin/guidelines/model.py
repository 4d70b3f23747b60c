"""One publication: what it says about whom, and how that was read.

A guideline takes exactly one position on every cell of family x pattern x chronicity x region; where it
says nothing, its position is `silent`. So an answer is always there, and never a guess. A silent position may
take the rest of its cells (`rest = true`): those that no other position takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from itertools import product
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializeAsAny,
    Strict,
    StringConstraints,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)

Family = Literal[
    "interlaminar",
    "caudal",
    "transforaminal",
    "facet-injection",
    "facet-rfa",
    "sij-injection",
    "lateral-branch-block",
    "sij-rfa",
    "trigger-point",
    "intradiscal",
    "basivertebral",
    "biologic",
]
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
Percent = Annotated[int, Strict(), Field(gt=0, le=100)]
Count = Annotated[int, Strict(), Field(gt=0)]


_CELLS: Mapping[Cell, Cell] = {cell: cell for cell in product(FAMILIES, PATTERNS, CHRONICITIES, REGIONS)}
"""Every cell there is. Each document has a position on all of them: one tuple serves for all documents."""


class Content(BaseModel):
    """Authored content: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class About(Content):
    """The cells a claim is about. What is not listed does not narrow it."""

    families: Annotated[tuple[Family, ...], Field(min_length=1)]
    patterns: Annotated[tuple[Pattern, ...], Field(min_length=1)] = PATTERNS
    chronicity: Annotated[tuple[Chronicity, ...], Field(min_length=1)] = CHRONICITIES
    """Acute is under 3 months."""
    regions: Annotated[tuple[SpineRegion, ...], Field(min_length=1)] = REGIONS

    @property
    def cells(self) -> Iterator[Cell]:
        return map(_CELLS.__getitem__, product(self.families, self.patterns, self.chronicity, self.regions))


class Position(About):
    """What the publication says of some cells. Of several that fit one case, the first written is shown."""

    families: Annotated[tuple[Family, ...], Field(min_length=1)] = FAMILIES
    rest: bool = False
    """Of the cells listed, only those that no position without `rest`, or written before, takes."""
    direction: Direction
    strength: Text | None = None
    says: Sentence
    mark: Mark
    source_key: Text

    @model_validator(mode="after")
    def _lists_families_unless_it_takes_the_rest(self) -> Position:
        if self.rest and self.direction != "silent":
            raise ValueError(f"rest: only a silent position may take the rest, not one {self.direction}")
        if not self.rest and "families" not in self.model_fields_set:
            raise ValueError("families: needed; only a position with rest = true may leave them out")
        return self


def _params(*keys: str) -> type[Content]:
    """What a document may set under one criterion; the end of a key gives its unit."""
    fields: dict[str, Any] = {key: (_type_of(key) | None, None) for key in keys}
    return create_model("Params", __base__=Content, **fields)


def _type_of(key: str) -> Any:
    if key.startswith("accepts_"):
        return bool
    return Days if key.endswith("_days") else Percent if key.endswith("_percent") else Count


CRITERION_PARAMS: Mapping[str, type[Content]] = {
    "IMG-1": _params("max_age_days", "accepts_ct"),
    "CC-1": _params(
        "min_days", "axial_pain_min_days", "acute_severe_min_days", "severe_pain_score", "lookback_days"
    ),
    "FAC-0": _params(),
    "FAC-1": _params("min_positive_blocks", "min_relief_percent", "block_lookback_days"),
    "FAC-2": _params("min_relief_percent", "block_gap_days", "max_diagnostic", "max_blocks", "window_days"),
    "RFA-1": _params(
        "min_positive_blocks",
        "min_relief_percent",
        "block_gap_days",
        "block_lookback_days",
        "rediagnose_days",
        "repeat_min_relief_percent",
        "repeat_min_days",
    ),
    "RFA-2": _params("max_sessions", "min_gap_days", "window_days"),
    "RFA-3": _params(),
    "RFA-4": _params(),
    "SIJ-1": _params(),
    "SIJ-2": _params("min_relief_percent", "max_diagnostic", "max_therapeutic", "window_days"),
    "SIJ-3": _params(),
    "SIJ-4": _params(),
    "TPI-0": _params(),
    "TPI-1": _params(),
    "TPI-2": _params("max_sessions", "min_days", "window_days"),
    "TPI-3": _params(),
    "GUI-1": _params(),
    "FRQ-1": _params("max_sessions", "window_days"),
    "FRQ-2": _params("min_days", "diagnostic_min_days"),
    "FRQ-3": _params("min_relief_percent", "min_relief_days", "failed_retry_days", "window_days"),
    "FRQ-4": _params(),
    "LVL-1": _params("max_transforaminal_levels", "max_facet_levels", "max_rfa_joints"),
    "APR-1": _params(),
    "APR-2": _params(),
    "APR-3": _params(),
    "BIO-1": _params(),
    "DISC-1": _params(),
}
"""The criteria that a document may speak of, and what it may set under each."""


class Criterion(About):
    """What the publication asks under a criterion, with its own numbers where it gives any."""

    criterion: str
    asks: bool = True
    """False: the publication does without what the criterion asks."""
    params: SerializeAsAny[Content] = Field(default={}, validate_default=True)
    says: Sentence
    mark: Mark
    source_key: Text

    @field_validator("criterion")
    @classmethod
    def _exists(cls, criterion: str) -> str:
        if criterion not in CRITERION_PARAMS:
            raise ValueError(f"no criterion {criterion!r}; there is {', '.join(CRITERION_PARAMS)}")
        return criterion

    @field_validator("params", mode="before")
    @classmethod
    def _are_of_the_criterion(cls, given: Any, info: ValidationInfo) -> Content:
        criterion = info.data.get("criterion")
        if criterion is None:
            return Content()
        model = CRITERION_PARAMS[criterion]
        for key in given if isinstance(given, dict) else ():
            if key not in model.model_fields:
                known = ", ".join(model.model_fields) or "none"
                raise ValueError(f"no parameter {key!r} of {criterion}; there is {known}")
        return model.model_validate(given)

    def is_about(self, family: str, pattern: str | None, chronicity: str, regions: Collection[str]) -> bool:
        """May it apply to a case? What the case leaves open (None, `unknown`, no region) may be anything."""
        named = [region for region in REGIONS if region in regions]
        return (
            family in self.families
            and (pattern is None or pattern in self.patterns)
            and (chronicity == "unknown" or chronicity in self.chronicity)
            and (not named or any(region in self.regions for region in named))
        )


class Guideline(Content):
    """One publication, with exactly one position per cell: construction fails on a cell with none or two."""

    id: Identifier
    short_name: Text
    title: Text
    publisher: Text
    published: Annotated[date, Strict()] | Year | Literal["undated"]
    """The year alone where the day is not known; `undated` where the text available gives neither."""
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
        taken = _listed(self.positions)
        for number, position in enumerate(self.positions, start=1):
            if position.rest:
                left = {cell: position for cell in position.cells if cell not in taken}
                if not left:
                    raise ValueError(f"positions: nothing is left for position {number} to take the rest of")
                taken |= left
        for cell in _CELLS:
            if cell not in taken:
                raise ValueError(
                    f"positions: none for {', '.join(cell)}; one with direction silent may say so"
                )
        self._by_cell = taken
        return self

    def position_on(self, family: str, pattern: str, chronicity: str, region: str) -> Position:
        """Raises KeyError for a word outside the vocabulary."""
        return self._by_cell[family, pattern, chronicity, region]

    @property
    def published_order(self) -> tuple[int, int, int]:
        """Year, month and day to sort by; a bare year comes before its days, `undated` after all years."""
        if isinstance(self.published, date):
            return self.published.year, self.published.month, self.published.day
        return 9999 if self.published == "undated" else int(self.published), 0, 0


def _listed(positions: tuple[Position, ...]) -> dict[Cell, Position]:
    """The cells of the positions that do not take a rest. Raises ValueError for a cell taken twice."""
    taken: dict[Cell, Position] = {}
    for position in positions:
        for cell in () if position.rest else position.cells:
            other = taken.setdefault(cell, position)
            if other is not position:
                numbers = [next(n for n, p in enumerate(positions, 1) if p is x) for x in (other, position)]
                raise ValueError(
                    f"positions: {', '.join(cell)} is spoken of twice, by position {numbers[0]} "
                    f"({other.direction}) and position {numbers[1]} ({position.direction})"
                )
    return taken
