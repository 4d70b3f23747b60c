"""IMG-1: does a recent enough MRI of the ordered region show the spine as it is today?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, Unread, decide
from plugin.domain.dates import DateRange, days_before
from plugin.domain.evidence import Modality, Section, Study, StudyState
from plugin.domain.families import EPIDURAL, Family
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth, any_of

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
_DONE = StudyState.DONE
_SACRUM = frozenset({"sacral"})
_LOW_BACK = frozenset({"lumbar", "sacral"})
_CT = frozenset({Modality.CT, Modality.CT_MYELOGRAM})
_FRACTURE = "dx-redflag-fracture"
_CHANGING = frozenset({_FRACTURE, "dx-neuro-deficit"})
"""Value sets of diagnoses after which an older study shows too little."""


@dataclass(frozen=True, slots=True)
class Params:
    max_age_days: int
    nerve_test_max_age_days: int
    require_coded_finding: bool


class _Change(NamedTuple):
    """A spine operation, fracture or new deficit: what an older study does not show."""

    what: str
    """`surgery`, `fracture` or `deficit`."""
    when: DateRange | None
    is_here: Truth
    """Did it take place, and in the order's region?"""
    item: Item


class _Changes(NamedTuple):
    known: list[_Change]
    may_be_more: Truth

    def since(self, study: Study, as_of: date) -> tuple[Truth, tuple[tuple[str, Item], ...]]:
        """Has one happened since the study, and what may have, the sure ones first."""
        if not self.known:
            return self.may_be_more, ()
        later = [(_later(c.when, study.date, as_of) & c.is_here, c.what, c.item) for c in self.known]
        truth = any_of(happened for happened, _, _ in later) | self.may_be_more
        sure_first = sorted(later, key=lambda entry: entry[0] is not TRUE)
        return truth, tuple((what, item) for happened, what, item in sure_first if happened is not FALSE)


class _Read(NamedTuple):
    """A study as the table weighs it."""

    study: Study
    is_done: Truth
    in_region: Truth
    in_date: Truth
    fits: Truth
    """Done, in the region and in date, whatever happened since."""
    after_onset: Truth
    unsuperseded: Truth
    """No spine operation, fracture or new deficit since."""
    later: tuple[tuple[str, Item], ...]
    """What happened since: `surgery`, `fracture` or `deficit`, and the entry."""

    @property
    def confirms(self) -> Truth:
        return self.fits & self.after_onset & self.unsuperseded

    @property
    def is_result(self) -> bool:
        return self.study.state is not StudyState.ORDERED and not self.study.was_declined

    def item(self, remark: str | None = None) -> Item:
        return self.study.item(remark)


def evaluate(case: Case, params: Params) -> Check:
    studies, as_of = case.evidence.studies, case.as_of
    changes, oldest = _changes(case), days_before(as_of, params.max_age_days)
    reads: list[_Read] = []
    aside: list[Item] = []
    for study in studies.entries:
        if _is_future(study, as_of):
            aside.append(study.item("after-order-date"))
        else:
            reads.append(_read(study, case, oldest, changes))
    aside += [r.item("other-region") for r in reads if r.in_region is FALSE]
    unread = _unread(case)
    return decide(
        "IMG-1",
        _rows(case, params, reads, unread),
        facts={
            "region": case.region.label,
            "max_age_days": params.max_age_days,
            "as_of": as_of.isoformat(),
        },
        set_aside=(*aside, *studies.set_aside),
        unread=unread,
    )


def _rows(case: Case, params: Params, reads: list[_Read], unread: tuple[Unread, ...]) -> Iterator[Row]:
    mr = [r for r in reads if r.study.modality is Modality.MR]
    results = [r for r in mr if r.is_result]
    if case.pattern.is_acute_zoster is not FALSE:
        yield Row("acute-zoster", case.pattern.is_acute_zoster, Outcome.WAIVED)
    yield from _confirmed(results, params, case.evidence.studies)
    if unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    yield from _ct_instead(case, reads, results)
    if results:
        yield from _superseded(results)
        yield from _unclear(results)
    yield from _nerve_test(case, params, reads)
    if results:
        yield from _wrong(results, case)
    yield from _nothing(mr, reads)


def _confirmed(results: list[_Read], params: Params, studies: Section[Study]) -> Iterator[Row]:
    proof = [r for r in results if r.confirms is TRUE]
    items = tuple([r.item("by-text" if r.study.region_by_text else None) for r in proof])
    if proof and params.require_coded_finding and not any(r.study.has_coded_finding for r in proof):
        yield Row("finding-not-coded", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=items)
    found = any_of([r.confirms for r in results]) | studies.may_hold_more
    if found is not FALSE:
        by_text = bool(proof) and all(r.study.region_by_text for r in proof)
        row = "confirmed-by-text" if by_text else "confirmed"
        yield Row(row, found, Outcome.MET, speaks=by_text, decided_by=items)


def _ct_instead(case: Case, reads: list[_Read], results: list[_Read]) -> Iterator[Row]:
    """CT stands in only while no MRI of the region is in date."""
    ct = [r for r in reads if r.study.modality in _CT]
    fitting = [r for r in ct if r.is_result and r.confirms is not FALSE]
    if not fitting:
        return
    usable = ~any_of([r.fits for r in results]) & any_of([r.confirms for r in fitting])
    if usable is FALSE:
        return
    items = tuple([r.item() for r in fitting])
    barred = [d.item() for d in case.standing if d.in_set("dx-mri-contraindication")]
    declined = [r.item() for r in reads if r.study.was_declined and r.study.modality is Modality.MR]
    why = (*barred, *declined)
    if why:
        yield Row("ct-with-contraindication", usable, Outcome.MET, speaks=True, decided_by=items + why)
    yield Row("ct-found", usable, Outcome.NOT_MET, decided_by=items)


def _superseded(results: list[_Read]) -> Iterator[Row]:
    holds = any_of([r.fits & ~r.unsuperseded for r in results])
    if holds is not FALSE:
        old = [r for r in results if r.fits is TRUE and r.unsuperseded is not TRUE]
        newer = dict.fromkeys(change for r in old for change in r.later)
        items = (*(r.item() for r in old), *(item for _, item in newer))
        facts = {"change": next(iter(newer))[0]} if newer else {}
        yield Row("predates-change", holds, Outcome.NOT_MET, decided_by=items, facts=facts)
    early = tuple([r.item() for r in results if r.fits is TRUE and r.after_onset is not TRUE])
    if early:
        yield Row("predates-onset", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=early)


def _unclear(results: list[_Read]) -> Iterator[Row]:
    """In date or undated, and what it shows of the region cannot be told."""
    remarks = {True: "region-not-stated", False: "not-final-or-undated"}
    unclear = [r.item(remarks[r.in_region is UNKNOWN]) for r in results if r.fits is UNKNOWN]
    if unclear:
        yield Row("unclear-study", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=tuple(unclear))


def _nerve_test(case: Case, params: Params, reads: list[_Read]) -> Iterator[Row]:
    """Weighed before an MRI that is old or of another region."""
    tests = [r for r in reads if r.study.modality is Modality.NERVE_TEST and r.is_result]
    if not tests:
        return
    since = days_before(case.as_of, params.nerve_test_max_age_days)
    recent = [(r, r.is_done & r.study.date.is_on_or_after(since)) for r in tests if r.study.date]
    items = tuple([r.item() for r, holds in recent if holds is not FALSE])
    if items:
        is_recent = any_of([holds for _, holds in recent])
        yield Row("nerve-test-only", is_recent, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=items)


def _wrong(results: list[_Read], case: Case) -> Iterator[Row]:
    # Only of a study that may be of the region is the date looked at, and only a date can be too old.
    old = [r for r in results if r.in_date is FALSE]
    if old:
        newest = max([r.study.date.last for r in old if r.study.date])
        items = tuple([r.item() for r in old])
        facts = {"age_days": (case.as_of - newest).days}
        yield Row("too-old", TRUE, Outcome.NOT_MET, decided_by=items, facts=facts)
    other = [r for r in results if r.in_region is FALSE]
    if other:
        found = " and ".join(sorted({r.study.region.label for r in other}))
        items = tuple([r.item() for r in other])
        yield Row("other-region", TRUE, Outcome.NOT_MET, decided_by=items, facts={"found_region": found})


def _nothing(mr: list[_Read], reads: list[_Read]) -> Iterator[Row]:
    near = [r for r in mr if r.study.state is StudyState.ORDERED and r.in_region is not FALSE]
    ordered = tuple([r.item("ordered") for r in near])
    if ordered:
        yield Row("ordered-no-result", TRUE, Outcome.NOT_MET, decided_by=ordered)
    films = [r for r in reads if r.study.modality is Modality.PLAIN_FILM and r.is_result]
    plain = tuple([r.item() for r in films if r.in_region is not FALSE])
    if plain:
        yield Row("plain-film-only", TRUE, Outcome.NOT_MET, decided_by=plain)
    yield Row("no-study", TRUE, Outcome.NOT_MET)


def _read(study: Study, case: Case, oldest: date, changes: _Changes) -> _Read:
    """Of another region, its date makes no difference; if it does not fit, neither what happened since."""
    done = TRUE if study.state is _DONE else UNKNOWN
    in_region = _in_region(study, case)
    if in_region is FALSE:
        return _Read(study, done, in_region, UNKNOWN, FALSE, UNKNOWN, UNKNOWN, ())
    in_date = _in_date(study.date, case.as_of, oldest)
    fits = done & in_region & in_date
    if fits is FALSE:
        return _Read(study, done, in_region, in_date, fits, UNKNOWN, UNKNOWN, ())
    superseded, later = changes.since(study, case.as_of)
    after_onset = _after_onset(study.date, case)
    return _Read(study, done, in_region, in_date, fits, after_onset, ~superseded, later)


def _in_region(study: Study, case: Case) -> Truth:
    """The sacrum alone proves a caudal order's region; for other lumbar orders it leaves it open."""
    if study.region.atoms == _SACRUM and case.region.atoms & _LOW_BACK:
        return TRUE if case.order.family is Family.CAUDAL else UNKNOWN
    matches = case.region.matches(study.region)
    if case.region.is_pair and matches is TRUE and not case.region.atoms <= study.region.atoms:
        is_open = case.pattern.missing or case.evidence.diagnoses.unread
        return UNKNOWN if is_open else TRUE
    return matches


def _in_date(taken: DateRange | None, as_of: date, oldest: date) -> Truth:
    if taken is None:
        return UNKNOWN
    return taken.is_on_or_before(as_of) & taken.is_on_or_after(oldest)


def _after_onset(taken: DateRange | None, case: Case) -> Truth:
    """Only an onset known to the day or narrower than the study's distance can put a study before it."""
    if case.onset.is_unread:
        return UNKNOWN
    began = case.onset.began
    if began is None:
        return TRUE
    if taken is None:
        return UNKNOWN
    return _compare_on_or_after(taken, began)


def _changes(case: Case) -> _Changes:
    """What a study must not be older than."""
    operations, diagnoses = case.evidence.operations, case.evidence.diagnoses
    region = case.region
    known = [
        _Change("surgery", o.date, o.took_place & region.matches(o.region), o.item())
        for o in operations.entries
    ]
    if not case.standing_sets.isdisjoint(_CHANGING):
        for diagnosis in case.standing:
            if not diagnosis.is_certain:
                continue
            if diagnosis.in_set(_FRACTURE):
                here = region.matches(diagnosis.region)
                known.append(_Change("fracture", diagnosis.since, here, diagnosis.item()))
            elif diagnosis.is_definite_deficit:
                known.append(_Change("deficit", diagnosis.since, TRUE, diagnosis.item()))
    return _Changes(known, operations.may_hold_more | diagnoses.may_hold_more)


def _later(event: DateRange | None, taken: DateRange | None, as_of: date) -> Truth:
    if event is None or taken is None:
        return UNKNOWN
    if event.first > as_of:
        return FALSE
    if event.first > taken.last:
        return TRUE
    return FALSE if event.last <= taken.first else UNKNOWN


def _compare_on_or_after(taken: DateRange, began: DateRange) -> Truth:
    if taken.first >= began.last:
        return TRUE
    return FALSE if taken.last < began.first else UNKNOWN


def _is_future(study: Study, as_of: date) -> bool:
    return study.date is not None and study.date.first > as_of


def _unread(case: Case) -> tuple[Unread, ...]:
    evidence = case.evidence
    return tuple(
        dict.fromkeys(
            (
                *case.pattern.missing,
                *evidence.studies.unread,
                *evidence.operations.unread,
                *evidence.diagnoses.unread,
            )
        )
    )
