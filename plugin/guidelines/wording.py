"""The words of a proviso, read from `words/proviso.toml`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from plugin.guidelines.load import load_toml
from plugin.guidelines.model import Chronicity, Content, Direction, SpineRegion, Text


class DirectionWords(Content):
    for_: Annotated[Text, Field(alias="for")]
    against: Text
    conditional: Text
    silent: Text


class ChronicityWords(Content):
    acute: Text
    chronic: Text


class RegionWords(Content):
    cervical: Text
    thoracic: Text
    lumbar: Text
    sacral: Text


class ProvisoWording(Content):
    clause: Annotated[str, StringConstraints(pattern=r"^[^{}]*\{direction\}[^{}]*\{conditions\}[^{}]*$")]
    between_clauses: str
    between_conditions: str
    between_regions: str
    directions: DirectionWords
    chronicity: ChronicityWords
    regions: RegionWords

    def say(self, direction: Direction, chronicity: Chronicity | None, regions: Sequence[SpineRegion]) -> str:
        """One clause. None and an empty sequence: the direction does not hang on that."""
        conditions = []
        if regions:
            conditions.append(self.between_regions.join(getattr(self.regions, name) for name in regions))
        if chronicity is not None:
            conditions.append(getattr(self.chronicity, chronicity))
        word = self.directions.for_ if direction == "for" else getattr(self.directions, direction)
        return self.clause.format(direction=word, conditions=self.between_conditions.join(conditions))


@cache
def proviso_wording() -> ProvisoWording:
    """Raises ContentError when the file is not as it should be."""
    return load_toml(Path(__file__).parent / "words" / "proviso.toml", ProvisoWording)
