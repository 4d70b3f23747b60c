"""Arbitrary cases, and the same cases with more learned about them."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from plugin.domain.case import Case
from plugin.domain.check import Unread
from plugin.domain.dates import DateRange
from plugin.domain.evidence import (
    CareEntry,
    CareKind,
    Diagnosis,
    Event,
    Evidence,
    Modality,
    PainScore,
    Section,
    Standing,
    SteroidOrder,
    Study,
    StudyState,
    Waiver,
)
from plugin.domain.families import EPIDURAL, Family, Purpose
from plugin.domain.injections import Injection, Relief, Verdict
from plugin.domain.order import Companion, Drug, InjectionOrder, Word
from plugin.domain.regions import Region
from plugin.domain.truth import Truth
from plugin.evidence.families import coded_family
from tests.builders import (
    CERVICAL,
    LUMBAR,
    PLANNED,
    SOME_DAY,
    UNSPECIFIED,
    care,
    concept,
    diagnosis,
    on,
    opened,
    order,
    study,
    waiver,
)

T = TypeVar("T")
SOURCES = {
    "diagnoses": "conditions",
    "studies": "imaging",
    "care": "procedures",
    "waivers": "procedures",
    "injections": "procedures",
    "operations": "procedures",
    "pain_scores": "observations",
    "steroid_orders": "medications",
}
CODES_THAT_TAKE_A_REGION = ("62321", "171787008")
"""Orders for one of two regions, or for none stated: which one, a diagnosis says."""
ANY_REGION = ("post-laminectomy", "zoster", "zoster-by-onset", "post-herpetic")
_CODES = [
    *("M54.16", "M54.16", "M54.16"),
    *("M54.16", "M54.12", "M54.10", "M54.50", "M54.2", "M79.604", "M51.26", "M48.07", "M51.36"),
    *("M48.062", "M96.1", "B02.9", "B02.29", "2177002", "G90.522", "G89.29", "R20.2", "Z95.0"),
    *("M21.371", "G83.4", "125608002", "50448004", "M71.38"),
    *("M46.1", "M99.04", "202487003", "M45.8", "M79.18", "M79.7", "Z33.1", "Z91.041"),
]
_AGES = st.one_of(
    st.integers(-10, 800),
    st.sampled_from([0, 1, 13, 14, 27, 28, 29, 30, 31, 42, 43, 45, 46, 90, 91, 365, 366, 730, 731]),
)


@st.composite
def days(draw: st.DrawFn) -> DateRange:
    """A day, month or year from about two years before the procedure to shortly after it."""
    day = PLANNED - timedelta(days=draw(_AGES))
    text = day.isoformat()
    return on(text[: draw(st.sampled_from([10, 10, 7, 4]))])


def _regions() -> st.SearchStrategy[Region]:
    whole = Region.everywhere()
    return st.sampled_from([LUMBAR, LUMBAR, CERVICAL, UNSPECIFIED, Region.of("sacral"), whole])


@st.composite
def diagnoses(draw: st.DrawFn) -> Diagnosis:
    number = draw(st.integers(0, 9))
    code = draw(st.sampled_from(_CODES))
    standing = draw(st.sampled_from([Standing.CURRENT] * 5 + list(Standing)))
    found = diagnosis(code, reference=f"Condition/{code}-{number}", standing=standing)
    return replace(
        found,
        onset=draw(st.none() | days()),
        recorded=draw(st.none() | days()),
        is_certain=standing is not Standing.CONTRADICTORY and draw(st.integers(0, 4)) > 0,
        severity=draw(st.integers(0, 3)),
    )


@st.composite
def studies(draw: st.DrawFn) -> Study:
    modality = draw(st.sampled_from([Modality.MR] * 3 + list(Modality)))
    declined = draw(st.integers(0, 9)) == 0
    state = StudyState.POSSIBLE if declined else draw(st.sampled_from([StudyState.DONE, *StudyState]))
    return Study(
        reference=f"ImagingStudy/{draw(st.integers(0, 99))}",
        modality=modality,
        region=draw(_regions()),
        state=state,
        date=draw(st.none() | days()),
        region_by_text=draw(st.booleans()),
        was_declined=declined,
    )


@st.composite
def care_entries(draw: st.DrawFn) -> CareEntry:
    kind = draw(st.sampled_from([CareKind.ACTIVE, CareKind.MEDICATION, *CareKind]))
    first = draw(st.just(SOME_DAY) | days())
    is_period = kind is CareKind.MEDICATION or draw(st.booleans())
    last = draw(st.none() | days()) if is_period else first
    return CareEntry(
        kind=kind,
        reference=f"Procedure/{draw(st.integers(0, 99))}",
        label="Care",
        first=first,
        last=last,
        is_period=is_period,
        is_certain=draw(st.integers(0, 3)) > 0,
        is_evaluation=kind is CareKind.ACTIVE and draw(st.integers(0, 3)) == 0,
    )


CODES = {
    Family.INTERLAMINAR: ("62323", "62323", "62321", "62322", "171787008"),
    Family.CAUDAL: ("180886007",),
    Family.TRANSFORAMINAL: ("64483", "64479"),
    Family.FACET_INJECTION: ("64493", "64490", "0216T"),
    Family.FACET_RFA: ("64635", "64633"),
    Family.SIJ_INJECTION: ("27096", "G0260"),
    Family.LATERAL_BRANCH_BLOCK: ("64451",),
    Family.SIJ_RFA: ("64625",),
    Family.TRIGGER_POINT: ("20552", "20553"),
    Family.INTRADISCAL: ("62290", "62291"),
    Family.BASIVERTEBRAL: ("64628",),
    Family.BIOLOGIC: ("0232T",),
}
"""Order codes of each family."""
GUIDANCE = [
    Companion(concept(code), "ServiceRequest/beside") for code in ("77003", "76942", "70918-8", "87161-6")
]
DRUGS = [
    Drug("MedicationRequest/steroid", "triamcinolone (10759)", Truth.TRUE, Truth.TRUE, Truth.FALSE),
    Drug("MedicationRequest/soluble", "dexamethasone (3264)", Truth.TRUE, Truth.FALSE, Truth.FALSE),
    Drug("MedicationRequest/numbing", "bupivacaine (1815)", Truth.FALSE, Truth.FALSE, Truth.TRUE),
    Drug("MedicationRequest/other", "local code", Truth.UNKNOWN, Truth.UNKNOWN, Truth.UNKNOWN),
]


@st.composite
def injections(draw: st.DrawFn) -> Injection:
    """An injection on record, of any family."""
    code = concept(draw(st.sampled_from(["62323", "64483", "64493", "64635", "27096", "64625", "20553"])))
    percents = st.sampled_from([40.0, 60.0, 79.0, 80.0, 90.0])
    relief = draw(
        st.sampled_from([Relief(), Relief(verdict=Verdict.SUCCESSFUL), Relief(verdict=Verdict.UNSUCCESSFUL)])
        | st.builds(Relief, percent=percents)
    )
    return Injection(
        reference=f"Procedure/injection-{draw(st.integers(1, 9))}",
        label="Injection",
        family=coded_family(code) or Family.INTERLAMINAR,
        code=code,
        region=draw(_regions()),
        date=draw(st.none() | days()),
        is_certain=draw(st.sampled_from([True, True, False])),
        purpose=draw(st.sampled_from(list(Purpose))),
        sides=draw(st.sampled_from([frozenset[str](), frozenset({"left"}), frozenset({"right"})])),
        is_intra_articular=draw(st.integers(0, 4)) == 0,
        relief=relief,
    )


def events() -> st.SearchStrategy[Event]:
    named = (st.just("Procedure/event"), st.just("Event"))
    return st.builds(Event, *named, _regions(), st.none() | days(), st.sampled_from([True, True, False]))


def waivers() -> st.SearchStrategy[Waiver]:
    kinds = st.sampled_from(["any", "therapy", "medication"])
    return st.builds(lambda of, sure: replace(waiver(of), is_certain=sure), kinds, st.booleans())


def scores() -> st.SearchStrategy[PainScore]:
    return st.builds(PainScore, st.just("Observation/pain"), st.sampled_from([5.0, 6.0, 9.0]), days())


def steroid_orders() -> st.SearchStrategy[SteroidOrder]:
    """Steroids of the encounter: without a reason, for a reason on the list, or for another illness."""
    reasons = st.sampled_from(
        [frozenset[str](), frozenset({"Condition/usual"}), frozenset({"Condition/asthma"})]
    )
    named = (st.just("MedicationRequest/on-file"), st.just("triamcinolone (10759)"))
    return reasons.flatmap(
        lambda found: st.builds(SteroidOrder, *named, st.just(bool(found)), st.just(found))
    )


ENTRIES: dict[str, st.SearchStrategy[Any]] = {
    "diagnoses": diagnoses(),
    "studies": studies(),
    "care": care_entries(),
    "waivers": waivers(),
    "injections": injections(),
    "operations": events(),
    "pain_scores": scores(),
    "steroid_orders": steroid_orders(),
}
_MOST = {"diagnoses": 4, "studies": 4, "care": 6, "injections": 4}


@st.composite
def cases(draw: st.DrawFn, unread: str | None = None, families: Collection[Family] = EPIDURAL) -> Case:
    """Any case of an order of one of the families; `unread` names a section that was not read completely."""
    missing = unread or draw(st.sampled_from([None] * len(ENTRIES) + list(ENTRIES)))
    sections: dict[str, Any] = {}
    usual = draw(_usual()) if draw(st.booleans()) else {}
    for name, entry in ENTRIES.items():
        entries = usual.get(name, []) + draw(st.lists(entry, max_size=_MOST.get(name, 1)))
        sections[name] = Section(tuple(entries), _missing(name) if name == missing else ())
    listed = sections["diagnoses"].entries
    reasons = draw(st.lists(st.sampled_from(listed), max_size=2)) if listed else []
    reasons += usual.get("diagnoses", [])
    placed = order(
        draw(st.sampled_from([code for family in families for code in CODES[family]])),
        reason_references=tuple(dict.fromkeys(d.reference for d in reasons)),
        planned=draw(st.sampled_from([PLANNED.isoformat(), None])),
        as_of=PLANNED,
        purpose=draw(st.sampled_from(list(Purpose))),
        words=draw(st.frozensets(st.sampled_from(list(Word)), max_size=2)),
        drugs=draw(st.lists(st.sampled_from(DRUGS), max_size=2).map(tuple)),
        levels=draw(st.sampled_from([None, 1, 3])),
        ordered_beside=draw(st.lists(st.sampled_from(GUIDANCE), max_size=1).map(tuple)),
    )
    return replace(opened(placed, Evidence(**sections)), alongside=draw(_alongside()))


def _alongside() -> st.SearchStrategy[tuple[InjectionOrder, ...]]:
    """Another injection in the same hook, as a rule none."""
    codes = st.sampled_from(["62323", "62321", "64483", "64493", "27096", "20553"])
    planned = st.sampled_from([PLANNED.isoformat(), "2026-11", "2026-12-24", None])
    other = st.builds(
        lambda code, day: order(code, reference="ServiceRequest/other", planned=day), codes, planned
    )
    return st.just(()) | st.tuples(other)


@st.composite
def _usual(draw: st.DrawFn) -> dict[str, list[Any]]:
    """What most charts of such orders hold, so that settled answers are not rare."""
    painful = replace(diagnosis("M54.16", reference="Condition/usual"), onset=draw(st.none() | days()))
    taken = replace(study(), date=draw(days()))
    first, last = draw(days()), draw(days())
    course = [replace(care("2026-10-01"), first=day, last=day) for day in (first, last)]
    return {"diagnoses": [painful], "studies": [taken], "care": course}


def _missing(name: str) -> tuple[Unread, ...]:
    return (Unread(SOURCES[name], "timeout"),)


@st.composite
def learned(draw: st.DrawFn, known: Case) -> Case:
    """The case after sections were read, dates narrowed and regions stated; nothing is taken back."""
    sections: dict[str, Any] = {}
    for name in ENTRIES:
        section: Section[Any] = getattr(known.evidence, name)
        entries = [_closer(draw, entry, known) for entry in section.entries]
        is_read = draw(st.booleans())
        if section.unread and is_read:
            entries += draw(st.lists(ENTRIES[name], max_size=3))
            section = replace(section, unread=())
        sections[name] = replace(section, entries=tuple(e for e in entries if e is not None))
    evidence = replace(known.evidence, **sections)
    return replace(opened(known.order, evidence), alongside=known.alongside)


def _closer(draw: st.DrawFn, entry: Any, known: Case) -> Any:
    """The entry, better known; None where a possible one turned out to be none."""
    if isinstance(entry, Diagnosis):
        return _diagnosis_closer(draw, entry, known)
    if isinstance(entry, Study):
        return replace(entry, date=_dated(draw, entry.date), region=_stated(draw, entry.region))
    if isinstance(entry, Event | Injection | Waiver) and not entry.is_certain:
        became = draw(st.sampled_from(["open", "certain", "none"]))
        if became == "none":
            return None
        entry = replace(entry, is_certain=became == "certain")
    if isinstance(entry, Event | Injection):
        return replace(entry, date=_dated(draw, entry.date), region=_stated(draw, entry.region))
    if isinstance(entry, CareEntry):
        return _care_closer(draw, entry)
    if isinstance(entry, PainScore):
        return entry._replace(date=_narrowed(draw, entry.date))
    return entry


def _diagnosis_closer(draw: st.DrawFn, entry: Diagnosis, known: Case) -> Diagnosis:
    onset = _narrowed(draw, entry.onset) if entry.onset else None
    recorded = _narrowed(draw, entry.recorded) if entry.recorded else None
    region = entry.region
    if entry.pattern not in ANY_REGION and known.order.code.code not in CODES_THAT_TAKE_A_REGION:
        region = _stated(draw, region)
    return replace(entry, onset=onset, recorded=recorded, region=region)


def _care_closer(draw: st.DrawFn, entry: CareEntry) -> CareEntry | None:
    if not entry.is_certain:
        became = draw(st.sampled_from(["open", "certain", "none"]))
        if became == "none":
            return None
        entry = replace(entry, is_certain=became == "certain")
    first = _narrowed(draw, entry.first)
    if not entry.is_period:
        return replace(entry, first=first, last=first)
    last = _narrowed(draw, entry.last) if entry.last else draw(st.none() | days())
    return replace(entry, first=first, last=last)


def _stated(draw: st.DrawFn, region: Region) -> Region:
    return region if region.stated else draw(st.sampled_from([region, LUMBAR, CERVICAL]))


def _dated(draw: st.DrawFn, when: DateRange | None) -> DateRange | None:
    return draw(st.none() | days()) if when is None else _narrowed(draw, when)


def _narrowed(draw: st.DrawFn, when: DateRange) -> DateRange:
    if when.is_exact or draw(st.booleans()):
        return when
    earliest = max(when.first, date(2024, 1, 1)) if when == SOME_DAY else when.first
    day = draw(st.dates(earliest, when.last))
    month = DateRange(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))
    is_month_inside = when.first <= month.first and month.last <= when.last
    return month if is_month_inside and draw(st.booleans()) else DateRange.on(day)
