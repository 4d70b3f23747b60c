"""APR-3: before an interlaminar injection in the neck, is the canal imaged and the level low enough?"""

from __future__ import annotations

from dataclasses import dataclass

from plugin.domain.case import Case
from plugin.domain.check import Check, Outcome, Reason, Row, decide
from plugin.domain.dates import days_before
from plugin.domain.evidence import Modality, Study, StudyState
from plugin.domain.families import Family
from plugin.domain.order import Word
from plugin.domain.truth import Truth, any_of

FAMILIES = frozenset({Family.INTERLAMINAR})
CRITERIA = ("APR-3",)
ROWS = {
    "APR-3": frozenset(
        {"other-region", "level-above", "unread", "canal-not-imaged", "study-not-exact", "reviewed"}
    )
}
_CANAL = frozenset({Modality.MR, Modality.CT, Modality.CT_MYELOGRAM})


@dataclass(frozen=True, slots=True)
class Params:
    max_age_days: int
    """The oldest study of the canal that counts."""


def evaluate(case: Case, params: Params) -> Check:
    studies = case.evidence.studies
    canal = [s for s in studies.entries if s.modality in _CANAL]
    imaged = any_of(_shows_canal(study, case, params) for study in canal)
    rows = (
        Row("other-region", Truth.of("cervical" not in case.region.atoms), Outcome.MET),
        Row(
            "level-above",
            Truth.of(Word.ABOVE_C6_7 in case.order.words),
            Outcome.NOT_MET,
            decided_by=(case.order.item(),),
        ),
        Row("reviewed", imaged, Outcome.MET, decided_by=tuple(s.item() for s in canal)),
        Row("unread", Truth.of(bool(studies.unread)), Outcome.UNKNOWN, Reason.NO_ACCESS),
        Row(
            "study-not-exact",
            Truth.of(imaged is Truth.UNKNOWN),
            Outcome.UNKNOWN,
            Reason.AMBIGUOUS,
            decided_by=tuple(s.item() for s in canal),
        ),
        Row("canal-not-imaged", Truth.TRUE, Outcome.NOT_MET),
    )
    facts = {"max_age_days": params.max_age_days}
    return decide("APR-3", rows, facts=facts, set_aside=studies.set_aside, unread=studies.unread)


def _shows_canal(study: Study, case: Case, params: Params) -> Truth:
    """Done, of the neck, and recent enough; one that is only possible stays open."""
    if study.state is StudyState.ORDERED:
        return Truth.FALSE
    since = days_before(case.as_of, params.max_age_days)
    recent = Truth.UNKNOWN if study.date is None else study.date.holds(lambda day: day >= since)
    done = Truth.TRUE if study.state is StudyState.DONE and not study.region_by_text else Truth.UNKNOWN
    return case.region.matches(study.region) & recent & done
