"""The injection a clinician is ordering."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from plugin.domain.codes import Concept
from plugin.domain.dates import DateRange
from plugin.domain.evidence import Diagnosis
from plugin.domain.regions import Region


class Family(StrEnum):
    """The procedure families that are reviewed."""

    INTERLAMINAR = "interlaminar"
    CAUDAL = "caudal"
    TRANSFORAMINAL = "transforaminal"


@dataclass(frozen=True, slots=True)
class InjectionOrder:
    """A draft order of one of the families, read from the order alone."""

    reference: str
    is_addressable: bool
    """A draft that the EHR can find by its reference, so that an action may name it."""
    code: Concept
    family: Family
    region: Region
    """Body site before level text before the code's own region; not yet narrowed by the reason."""
    site_disagrees: bool
    """Body site (or level) and the code's region have nothing in common."""
    is_catheter: bool
    is_contradictory: bool
    """Codes of more than one family stand on the order; the most invasive one is reviewed."""
    reason_references: tuple[str, ...]
    reason_codes: tuple[Diagnosis, ...]
    planned: DateRange | None
    """The day the procedure is planned for; None when the order does not say it readably."""
    as_of: date
    """The day look-backs count from: planned, else authored, else the day of the request."""
    asked_on: date | None = None
    """The day of the request."""
    companions: frozenset[str] = frozenset()
    """Value sets that other codes of the same hook belong to."""

    @property
    def has_reason(self) -> bool:
        return bool(self.reason_references or self.reason_codes)
