"""APR-3: before an interlaminar injection in the neck, is the canal imaged and the level low enough?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.dates import days_before
from plugin.domain.evidence import Modality, Study, StudyState
from plugin.domain.families import Family
from plugin.domain.order import Word
from plugin.domain.regions import Region
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth, any_of

FAMILIES = frozenset({Family.INTERLAMINAR})
CRITERIA = ("APR-3",)
ROWS = {
    "APR-3": frozenset(
        {
            "other-region",
            "level-above-not-imaged",
            "level-above",
            "reviewed",
            "unread",
            "study-not-exact",
            "region-not-exact",
            "canal-not-imaged",
        }
    )
}
_NECK = Region.of("cervical")
_CANAL = frozenset({Modality.MR, Modality.CT, Modality.CT_MYELOGRAM})


@dataclass(frozen=True, slots=True)
class Params:
    max_age_days: int
    """The oldest study of the canal that counts."""


def evaluate(case: Case, params: Params) -> Check:
    studies = case.evidence.studies
    return decide(
        "APR-3",
        _rows(case, params),
        facts={"max_age_days": params.max_age_days},
        set_aside=studies.set_aside,
        unread=studies.unread,
    )


def _rows(case: Case, params: Params) -> Iterator[Row]:
    neck = _is_neck(case.region)
    if neck is FALSE:
        yield Row("other-region", TRUE, Outcome.MET)
    studies = case.evidence.studies
    canal = [(s, _shows_canal(s, case, params)) for s in studies.entries if s.modality in _CANAL]
    imaged = any_of(shows for _, shows in canal)
    seen = tuple(s.item() for s, shows in canal if shows is not FALSE)
    if Word.ABOVE_C6_7 in case.order.words:
        shown = (case.order.item(),)
        blind = ~(imaged | studies.may_hold_more)
        yield Row("level-above-not-imaged", blind, Outcome.NOT_MET, decided_by=shown)
        yield Row("level-above", TRUE, Outcome.NOT_MET, decided_by=shown)
    if imaged is not FALSE:
        yield Row("reviewed", imaged, Outcome.MET, decided_by=seen)
    if studies.unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    if imaged is UNKNOWN:
        yield Row("study-not-exact", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=seen)
    if neck is UNKNOWN:
        yield Row("region-not-exact", TRUE, Outcome.UNKNOWN, Reason.AMBIGUOUS)
    yield Row("canal-not-imaged", TRUE, Outcome.NOT_MET)


def _is_neck(region: Region) -> Truth:
    """UNKNOWN for "neck or mid-back", and where no region is stated."""
    if "cervical" in region.atoms and not region.is_pair:
        return TRUE
    return _NECK.matches(region) & UNKNOWN


def _shows_canal(study: Study, case: Case, params: Params) -> Truth:
    """Done, of the neck, and recent enough; one that is only possible stays open."""
    if study.state is StudyState.ORDERED or study.was_declined:
        return FALSE
    since = days_before(case.as_of, params.max_age_days)
    recent: Truth = UNKNOWN
    if study.date is not None:
        recent = study.date.is_on_or_after(since) & study.date.is_on_or_before(case.as_of)
    done = TRUE if study.state is StudyState.DONE and not study.region_by_text else UNKNOWN
    return _NECK.matches(study.region) & recent & done
