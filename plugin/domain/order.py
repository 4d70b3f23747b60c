"""The injection a clinician is ordering."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from plugin.domain.check import Item
from plugin.domain.codes import Concept
from plugin.domain.dates import DateRange
from plugin.domain.evidence import Diagnosis
from plugin.domain.families import Family, Purpose
from plugin.domain.regions import Region
from plugin.domain.truth import Truth, any_of


class Word(StrEnum):
    """What the text of an order says beside its codes. A hint, never a code's equal."""

    SERIES = "series"
    INTRA_ARTICULAR = "intra_articular"
    NOT_THERMAL = "not_thermal"
    """Pulsed, cooled or chemical ablation."""
    BIOLOGIC = "biologic"
    ULTRASOUND = "ultrasound"
    STEROID = "steroid"
    ABOVE_C6_7 = "above_c6_7"
    """A level of the neck above C6-7."""


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug ordered in the same hook. UNKNOWN: what is in the product could not be resolved."""

    reference: str
    label: str
    is_steroid: Truth
    is_particulate: Truth
    """Of a steroid; FALSE for any other drug."""
    is_local_anaesthetic: Truth
    is_quoted: bool = False
    """The label is the chart's own text; what is said of the drug is then read from it."""
    is_addressable: bool = False
    """The EHR can find the line by its reference, so that an action may name it."""

    @property
    def is_coded_steroid(self) -> bool:
        return self.is_steroid is Truth.TRUE and not self.is_quoted

    @property
    def is_particulate_steroid(self) -> Truth:
        return self.is_steroid & self.is_particulate

    def item(self) -> Item:
        return Item("drug", self.label, self.reference, quoted=self.is_quoted)


@dataclass(frozen=True, slots=True)
class Companion:
    """A code beside the injection's own, on the same order or on another of the hook."""

    code: Concept
    reference: str

    def item(self) -> Item:
        return Item("order", f"{self.code.label} ({self.code.code})", self.reference)


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
    ordered_beside: tuple[Companion, ...] = ()
    """The other codes of the same hook: guidance, drugs, imaging, other injections."""
    codes: tuple[Concept, ...] = ()
    """All codes of ours on this order, and those of its add-on lines."""
    purpose: Purpose = Purpose.UNDETERMINED
    sides: frozenset[str] = frozenset()
    """`left`, `right`, or both; empty when the order names none."""
    modifiers: frozenset[str] = frozenset()
    """`KX`, `50`, `RT`, `LT`, wherever the order carries them."""
    levels: int | None = None
    """Levels or joints, add-on lines included; None where the code does not count them."""
    repeats: bool = False
    """The order asks for more than one session."""
    words: frozenset[Word] = frozenset()
    drugs: tuple[Drug, ...] = ()
    """Drugs ordered in the same hook."""
    local_code: str | None = None
    """The site's own code that stands for `code`, where the order says it in no other way."""

    @property
    def has_reason(self) -> bool:
        return bool(self.reason_references or self.reason_codes)

    @property
    def has_steroid(self) -> Truth:
        """UNKNOWN when a drug beside the order cannot be resolved."""
        return any_of(drug.is_steroid for drug in self.drugs)

    @property
    def has_particulate_steroid(self) -> Truth:
        """UNKNOWN when a drug beside the order cannot be resolved."""
        return any_of(drug.is_particulate_steroid for drug in self.drugs)

    def item(self) -> Item:
        return Item("order", self.code.label, self.reference)
