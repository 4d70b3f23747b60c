"""IMG-1: does a recent enough MRI of the ordered region show the spine as it is today?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, Unread, decide
from plugin.domain.dates import DateRange, days_before
from plugin.domain.evidence import Diagnosis, Event, Modality, Section, Standing, Study, StudyState
from plugin.domain.families import EPIDURAL, Family
from plugin.domain.truth import Truth, any_of

FAMILIES = EPIDURAL
CRITERIA = ("IMG-1",)
ROWS = {
    "IMG-1": frozenset(
        {
            "acute-zoster",
            "confirmed",
            "confirmed-by-text",
            "ct-found",
            "ct-with-contraindication",
            "finding-not-coded",
            "nerve-test-only",
            "no-study",
            "ordered-no-result",
            "other-region",
            "plain-film-only",
            "predates-change",
            "predates-onset",
            "too-old",
            "unclear-study",
            "undetermined",
            "unread",
        }
    )
}
"""Every row of the table: what a policy may give a severity to."""


@dataclass(frozen=True, slots=True)
class Params:
    max_age_days: int
    nerve_test_max_age_days: int
    require_coded_finding: bool


@dataclass(frozen=True, slots=True)
class _Read:
    """A study as the table weighs it."""

    study: Study
    in_region: Truth
    in_date: Truth
    after_onset: Truth
    unsuperseded: Truth
    """No spine operation, fracture or new deficit since."""
    later: tuple[tuple[str, Item], ...]
    """What happened since: `surgery`, `fracture` or `deficit`, and the entry."""

    @property
    def is_done(self) -> Truth:
        return Truth.TRUE if self.study.state is StudyState.DONE else Truth.UNKNOWN

    @property
    def fits(self) -> Truth:
        """In the region and in date, whatever happened since."""
        return self.is_done & self.in_region & self.in_date

    @property
    def confirms(self) -> Truth:
        return self.fits & self.after_onset & self.unsuperseded

    def item(self, remark: str | None = None) -> Item:
        return self.study.item(remark)


def evaluate(case: Case, params: Params) -> Check:
    studies = case.evidence.studies
    reads = [_read(study, case, params) for study in studies.entries if not _is_future(study, case.as_of)]
    future = tuple(s.item("after-order-date") for s in studies.entries if _is_future(s, case.as_of))
    return decide(
        "IMG-1",
        _rows(case, params, reads),
        facts={
            "region": case.region.label,
            "max_age_days": params.max_age_days,
            "as_of": case.as_of.isoformat(),
        },
        set_aside=(*future, *_not_counted(reads), *studies.set_aside),
        unread=_unread(case),
    )


def _rows(case: Case, params: Params, reads: list[_Read]) -> Iterator[Row]:
    studies = case.evidence.studies
    mr = [r for r in reads if r.study.modality is Modality.MR]
    results = [r for r in mr if _is_result(r.study)]
    yield Row("acute-zoster", case.pattern.is_acute_zoster, Outcome.WAIVED)
    yield from _confirmed(results, params, studies)
    yield Row("unread", Truth.of(bool(_unread(case))), Outcome.UNKNOWN, Reason.NO_ACCESS)
    yield from _ct_instead(case, reads, results)
    yield from _superseded(case, results)
    yield from _unclear(results)
    yield _nerve_test(case, params, reads)
    yield from _wrong(results, params, case)
    yield from _nothing(mr, reads)


def _is_result(study: Study) -> bool:
    return study.state is not StudyState.ORDERED and not study.was_declined


def _confirmed(results: list[_Read], params: Params, studies: Section[Study]) -> Iterator[Row]:
    proof = [r for r in results if r.confirms is Truth.TRUE]
    items = tuple(r.item("by-text" if r.study.region_by_text else None) for r in proof)
    coded = any(r.study.has_coded_finding for r in proof)
    if proof and params.require_coded_finding and not coded:
        yield Row("finding-not-coded", Truth.TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=items)
    by_text = all(r.study.region_by_text for r in proof)
    found = any_of(r.confirms for r in results) | studies.may_hold_more
    row = "confirmed-by-text" if proof and by_text else "confirmed"
    yield Row(row, found, Outcome.MET, speaks=bool(proof) and by_text, decided_by=items)


def _ct_instead(case: Case, reads: list[_Read], results: list[_Read]) -> Iterator[Row]:
    """CT stands in only while no MRI of the region is in date."""
    no_mr = ~any_of(r.fits for r in results)
    ct = [r for r in reads if r.study.modality in (Modality.CT, Modality.CT_MYELOGRAM)]
    fitting = [r for r in ct if r.confirms is not Truth.FALSE and _is_result(r.study)]
    usable = no_mr & any_of(r.confirms for r in fitting)
    items = tuple(r.item() for r in fitting)
    barred = [d for d in _current(case) if d.in_set("dx-mri-contraindication")]
    declined = [r.item() for r in reads if r.study.was_declined and r.study.modality is Modality.MR]
    why = (*(d.item() for d in barred), *declined)
    contraindicated = Truth.of(bool(why))
    yield Row(
        "ct-with-contraindication",
        usable & contraindicated,
        Outcome.MET,
        speaks=True,
        decided_by=items + why,
    )
    yield Row("ct-found", usable, Outcome.NOT_MET, decided_by=items)


def _superseded(case: Case, results: list[_Read]) -> Iterator[Row]:
    old = [r for r in results if r.fits is Truth.TRUE and r.unsuperseded is not Truth.TRUE]
    newer = dict.fromkeys(change for r in old for change in r.later)
    holds = any_of(r.fits & ~r.unsuperseded for r in results)
    items = (*(r.item() for r in old), *(item for _, item in newer))
    facts = {"change": next(iter(newer))[0]} if newer else {}
    yield Row("predates-change", holds, Outcome.NOT_MET, decided_by=items, facts=facts)
    early = [r for r in results if r.fits is Truth.TRUE and r.after_onset is not Truth.TRUE]
    yield Row(
        "predates-onset",
        Truth.of(bool(early)),
        Outcome.UNKNOWN,
        Reason.AMBIGUOUS,
        decided_by=tuple(r.item() for r in early),
    )


def _unclear(results: list[_Read]) -> Iterator[Row]:
    """In date or undated, and what it shows of the region cannot be told."""
    unclear = [r for r in results if r.fits is Truth.UNKNOWN]
    remarks = {True: "region-not-stated", False: "not-final-or-undated"}
    yield Row(
        "unclear-study",
        Truth.of(bool(unclear)),
        Outcome.UNKNOWN,
        Reason.AMBIGUOUS,
        decided_by=tuple(r.item(remarks[r.in_region is Truth.UNKNOWN]) for r in unclear),
    )


def _nerve_test(case: Case, params: Params, reads: list[_Read]) -> Row:
    """Weighed before an MRI that is old or of another region."""
    since = days_before(case.as_of, params.nerve_test_max_age_days)
    tests = [r for r in reads if r.study.modality is Modality.NERVE_TEST and _is_result(r.study)]
    recent = [(r, r.is_done & r.study.date.holds(lambda day: day >= since)) for r in tests if r.study.date]
    return Row(
        "nerve-test-only",
        any_of(holds for _, holds in recent),
        Outcome.UNKNOWN,
        Reason.AMBIGUOUS,
        decided_by=tuple(r.item() for r, holds in recent if holds is not Truth.FALSE),
    )


def _wrong(results: list[_Read], params: Params, case: Case) -> Iterator[Row]:
    old = [r for r in results if r.in_region is not Truth.FALSE and r.in_date is Truth.FALSE]
    newest = max((r.study.date.last for r in old if r.study.date), default=None)
    facts: dict[str, object] = {}
    if newest is not None:
        facts = {"age_days": (case.as_of - newest).days}
    yield Row(
        "too-old",
        Truth.of(bool(old)),
        Outcome.NOT_MET,
        decided_by=tuple(r.item() for r in old),
        facts=facts,
    )
    other = [r for r in results if r.in_region is Truth.FALSE]
    found = " and ".join(sorted({r.study.region.label for r in other}))
    yield Row(
        "other-region",
        Truth.of(bool(other)),
        Outcome.NOT_MET,
        decided_by=tuple(r.item() for r in other),
        facts={"found_region": found},
    )


def _nothing(mr: list[_Read], reads: list[_Read]) -> Iterator[Row]:
    ordered = [r for r in mr if r.study.state is StudyState.ORDERED and r.in_region is not Truth.FALSE]
    yield Row(
        "ordered-no-result",
        Truth.of(bool(ordered)),
        Outcome.NOT_MET,
        decided_by=tuple(r.item("ordered") for r in ordered),
    )
    films = [r for r in reads if r.study.modality is Modality.PLAIN_FILM and _is_result(r.study)]
    plain = [r for r in films if r.in_region is not Truth.FALSE]
    yield Row(
        "plain-film-only",
        Truth.of(bool(plain)),
        Outcome.NOT_MET,
        decided_by=tuple(r.item() for r in plain),
    )
    yield Row("no-study", Truth.TRUE, Outcome.NOT_MET)


def _read(study: Study, case: Case, params: Params) -> _Read:
    later_truth, later = _superseding(study, case)
    return _Read(
        study=study,
        in_region=_in_region(study, case),
        in_date=_in_date(study.date, case.as_of, params.max_age_days),
        after_onset=_after_onset(study.date, case),
        unsuperseded=~later_truth,
        later=later,
    )


def _in_region(study: Study, case: Case) -> Truth:
    """The sacrum alone proves a caudal order's region; for other lumbar orders it leaves it open."""
    if study.region.atoms == {"sacral"} and case.region.atoms & {"lumbar", "sacral"}:
        return Truth.TRUE if case.order.family is Family.CAUDAL else Truth.UNKNOWN
    matches = case.region.matches(study.region)
    is_open = case.region.is_pair and bool(case.pattern.missing or case.evidence.diagnoses.unread)
    if is_open and matches is Truth.TRUE and not case.region.atoms <= study.region.atoms:
        return Truth.UNKNOWN
    return matches


def _in_date(taken: DateRange | None, as_of: date, max_age_days: int) -> Truth:
    if taken is None:
        return Truth.UNKNOWN
    by_then = taken.holds(lambda day: day <= as_of)
    return by_then & taken.holds(lambda day: (as_of - day).days <= max_age_days)


def _after_onset(taken: DateRange | None, case: Case) -> Truth:
    """Only an onset known to the day or narrower than the study's distance can put a study before it."""
    if case.onset.is_unread:
        return Truth.UNKNOWN
    began = case.onset.began
    if began is None:
        return Truth.TRUE
    if taken is None:
        return Truth.UNKNOWN
    return _compare_on_or_after(taken, began)


def _superseding(study: Study, case: Case) -> tuple[Truth, tuple[tuple[str, Item], ...]]:
    evidence = case.evidence
    later: list[tuple[Truth, str, Item]] = []
    for operation in evidence.operations.entries:
        later.append((_event_after(operation, study, case), "surgery", operation.item()))
    for diagnosis in _current(case):
        if diagnosis.is_certain and _is_change(diagnosis):
            is_fracture = diagnosis.in_set("dx-redflag-fracture")
            touches = case.region.matches(diagnosis.region) if is_fracture else Truth.TRUE
            happened = _later(diagnosis.since, study.date, case.as_of) & touches
            later.append((happened, "fracture" if is_fracture else "deficit", diagnosis.item()))
    truth = any_of(happened for happened, _, _ in later)
    truth = truth | evidence.operations.may_hold_more | evidence.diagnoses.may_hold_more
    sure_first = sorted(later, key=lambda entry: entry[0] is not Truth.TRUE)
    return truth, tuple((what, item) for happened, what, item in sure_first if happened is not Truth.FALSE)


def _is_change(diagnosis: Diagnosis) -> bool:
    return diagnosis.in_set("dx-redflag-fracture") or diagnosis.is_definite_deficit


def _event_after(event: Event, study: Study, case: Case) -> Truth:
    matches = case.region.matches(event.region)
    return _later(event.date, study.date, case.as_of) & event.took_place & matches


def _later(event: DateRange | None, taken: DateRange | None, as_of: date) -> Truth:
    if event is None or taken is None:
        return Truth.UNKNOWN
    if event.first > as_of:
        return Truth.FALSE
    if event.first > taken.last:
        return Truth.TRUE
    return Truth.FALSE if event.last <= taken.first else Truth.UNKNOWN


def _compare_on_or_after(taken: DateRange, began: DateRange) -> Truth:
    if taken.first >= began.last:
        return Truth.TRUE
    return Truth.FALSE if taken.last < began.first else Truth.UNKNOWN


def _is_future(study: Study, as_of: date) -> bool:
    return study.date is not None and study.date.first > as_of


def _current(case: Case) -> list[Diagnosis]:
    entries = case.evidence.diagnoses.entries
    return [d for d in entries if d.standing in (Standing.CURRENT, Standing.CONTRADICTORY)]


def _not_counted(reads: list[_Read]) -> tuple[Item, ...]:
    return tuple(r.item("other-region") for r in reads if r.in_region is Truth.FALSE)


def _unread(case: Case) -> tuple[Unread, ...]:
    evidence = case.evidence
    sections = (evidence.studies, evidence.operations, evidence.diagnoses)
    seen = (*case.pattern.missing, *(u for section in sections for u in section.unread))
    return tuple(dict.fromkeys(seen))
