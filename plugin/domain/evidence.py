"""What the record shows, in the words of the clinic. A section that could not be read says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from plugin.domain.check import Item, Unread
from plugin.domain.codes import Concept
from plugin.domain.dates import DateRange
from plugin.domain.injections import Injection
from plugin.domain.regions import Region
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Section(Generic[T]):
    """Entries of one kind. `unread` is empty only when every source of them was read completely."""

    entries: tuple[T, ...] = ()
    unread: tuple[Unread, ...] = ()
    set_aside: tuple[Item, ...] = ()
    """Entries that were read and do not count, each with a remark why."""

    @property
    def may_hold_more(self) -> Truth:
        """FALSE after a complete search, else UNKNOWN: or it to `any_of` over the entries."""
        return UNKNOWN if self.unread else FALSE


class Standing(StrEnum):
    """Whether a diagnosis stands today."""

    CURRENT = "current"
    HISTORICAL = "historical"
    CONTRADICTORY = "contradictory"
    REFUTED = "refuted"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A Condition, or a reason given as a code on the order."""

    reference: str
    concepts: tuple[Concept, ...]
    pattern: str | None
    """The pain pattern its codes state (value-set property `pain-pattern`), None when they state none."""
    region: Region
    standing: Standing
    is_certain: bool
    """False when unconfirmed, provisional, differential, contradictory or read from text only."""
    label: str
    onset: DateRange | None = None
    recorded: DateRange | None = None
    severity: int = 0
    """1 mild, 2 moderate, 3 severe; 0 when not recorded."""
    is_quoted: bool = False
    """The label is the chart's own text."""

    def in_set(self, name: str) -> bool:
        return bool([c for c in self.concepts if name in c.sets])

    def has_strength(self, value_set: str, strength: str) -> bool:
        """Does a code of this set say so strongly?"""
        return bool([c for c in self.concepts if value_set in c.sets and c.get("strength") == strength])

    @property
    def standing_for_sure(self) -> Truth:
        """Does the patient have it today? UNKNOWN for what is not confirmed or contradicts itself."""
        if self.standing is Standing.CURRENT:
            return TRUE if self.is_certain else UNKNOWN
        return UNKNOWN if self.standing is Standing.CONTRADICTORY else FALSE

    @property
    def is_definite_deficit(self) -> bool:
        """A motor or sphincter deficit whose code leaves no doubt."""
        return self.has_strength("dx-neuro-deficit", "definite")

    @property
    def since(self) -> DateRange | None:
        """Onset, or the recorded date in its place: for red flags and new deficits only."""
        return self.onset or self.recorded

    def item(self, remark: str | None = None) -> Item:
        return Item("diagnosis", self.label, self.reference, self.onset, None, remark, self.is_quoted)


class Modality(StrEnum):
    MR = "mr"
    CT = "ct"
    CT_MYELOGRAM = "ct-myelogram"
    PLAIN_FILM = "plain-film"
    NERVE_TEST = "emg-ncs"


class StudyState(StrEnum):
    DONE = "done"
    POSSIBLE = "possible"
    """Registered as a result, yet preliminary or of unknown status."""
    ORDERED = "ordered"


@dataclass(frozen=True, slots=True)
class Study:
    """One imaging study or nerve test, wherever it was recorded."""

    reference: str
    modality: Modality
    region: Region
    state: StudyState
    date: DateRange | None
    region_by_text: bool = False
    has_coded_finding: bool = False
    was_declined: bool = False

    def item(self, remark: str | None = None) -> Item:
        return Item(self.modality.value, self.region.label, self.reference, self.date, None, remark)


class CareKind(StrEnum):
    ACTIVE = "active"
    PASSIVE = "passive"
    MEDICATION = "medication"
    REFERRAL = "referral"


@dataclass(frozen=True, slots=True)
class CareEntry:
    """Conservative care from `first` to `last`; a single session has both alike.

    `last` None: it began, and when it ended is not recorded.
    """

    kind: CareKind
    reference: str
    label: str
    first: DateRange
    last: DateRange | None
    is_period: bool
    is_certain: bool = True
    is_evaluation: bool = False
    """An assessment: it marks a start and is no treatment."""
    is_quoted: bool = False

    def item(self, remark: str | None = None) -> Item:
        until = self.last if self.last != self.first else None
        return Item(self.kind.value, self.label, self.reference, self.first, until, remark, self.is_quoted)


@dataclass(frozen=True, slots=True)
class SteroidOrder:
    """An active order for a steroid to be injected, of the encounter of the call."""

    reference: str
    label: str
    states_reason: bool
    reason_references: frozenset[str] = frozenset()
    reason_codes: frozenset[Concept] = frozenset()

    def item(self) -> Item:
        return Item("drug", self.label, self.reference)


@dataclass(frozen=True, slots=True)
class Waiver:
    """A recorded contraindication, intolerance or refusal. `of` is `any`, `therapy` or `medication`."""

    reference: str
    label: str
    of: str
    is_certain: bool = True
    """False when the reason charted is not one of those that waive."""

    def item(self) -> Item:
        return Item("waiver", self.label, self.reference)


@dataclass(frozen=True, slots=True)
class Event:
    """A spine operation."""

    reference: str
    label: str
    region: Region
    date: DateRange | None
    is_certain: bool = True
    """False when it is not charted as completed."""
    is_fusion: bool = False

    @property
    def took_place(self) -> Truth:
        return TRUE if self.is_certain else UNKNOWN

    def item(self) -> Item:
        return Item("event", self.label, self.reference, self.date)


class PainScore(NamedTuple):
    """A 0–10 pain rating."""

    reference: str
    value: float
    date: DateRange


@dataclass(frozen=True, slots=True)
class Patient:
    """`is_found` FALSE: the EHR says there is no such patient."""

    is_found: Truth = Truth.UNKNOWN
    is_deceased: Truth = Truth.UNKNOWN
    born: DateRange | None = None


@dataclass(frozen=True, slots=True)
class Encounter:
    is_inpatient: Truth = Truth.UNKNOWN
    is_labour: Truth = Truth.UNKNOWN


@dataclass(frozen=True, slots=True)
class Evidence:
    """One patient's record, as far as it could be read."""

    patient: Patient = field(default_factory=Patient)
    encounter: Encounter = field(default_factory=Encounter)
    diagnoses: Section[Diagnosis] = field(default_factory=Section)
    studies: Section[Study] = field(default_factory=Section)
    care: Section[CareEntry] = field(default_factory=Section)
    waivers: Section[Waiver] = field(default_factory=Section)
    steroid_orders: Section[SteroidOrder] = field(default_factory=Section)
    injections: Section[Injection] = field(default_factory=Section)
    operations: Section[Event] = field(default_factory=Section)
    pain_scores: Section[PainScore] = field(default_factory=Section)
    in_trial: Truth = Truth.UNKNOWN
