"""CC-1: has conservative care been tried for long enough in this episode?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from plugin.domain.care import Care, count_care
from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, Unread, decide
from plugin.domain.dates import DateRange, days_after, days_before
from plugin.domain.evidence import CareKind
from plugin.domain.families import EPIDURAL, FACET, SACROILIAC, Family
from plugin.domain.truth import FALSE, TRUE, UNKNOWN, Truth, any_of

FAMILIES = EPIDURAL | FACET | SACROILIAC | {Family.TRIGGER_POINT}
CRITERIA = ("CC-1",)
ROWS = {
    "CC-1": frozenset(
        {
            "active-and-medication",
            "active-care",
            "acute-severe",
            "acute-zoster",
            "declined-or-contraindicated",
            "first-line-care",
            "medication-only",
            "neurological-deficit",
            "no-first-line-care",
            "nothing-recorded",
            "pain-duration-unknown",
            "pain-too-recent",
            "passive-only",
            "referral-only",
            "repeat-in-episode",
            "symptoms-recent-no-date",
            "symptoms-too-recent",
            "too-short",
            "undetermined",
            "unread",
        }
    )
}
"""Every row of the table: what a policy may give a severity to."""
_AT_ONCE = "dx-redflag-cord-cauda"
_DEFICITS = frozenset({_AT_ONCE, "dx-neuro-deficit"})


@dataclass(frozen=True, slots=True)
class Params:
    min_days: int
    acute_severe_min_days: int
    acute_days: int
    severe_pain_score: float
    pain_score_max_age_days: int
    lookback_days: int
    gap_days: int
    repeat_lookback_days: int
    deficit_recent_days: int
    axial_pain_min_days: int
    """How long the pain of a facet or sacroiliac joint has lasted."""


def evaluate(case: Case, params: Params) -> Check:
    care = count_care(case, params.lookback_days, params.gap_days)
    shorter = _is_acute_severe(case, params, care)
    unread = _unread(case, shorter)
    if case.order.family is Family.TRIGGER_POINT:
        rows = _muscle_rows(case, care, unread)
    else:
        rows = _rows(case, params, care, shorter, unread)
    return decide(
        "CC-1",
        rows,
        facts=_facts(case, params, care),
        set_aside=case.evidence.care.set_aside,
        unread=unread,
    )


def _rows(
    case: Case, params: Params, care: Care, shorter: Truth, unread: tuple[Unread, ...]
) -> Iterator[Row]:
    lasted, used = _lasted(case, params), care.items
    if case.pattern.is_acute_zoster is not FALSE:
        yield Row("acute-zoster", case.pattern.is_acute_zoster, Outcome.WAIVED)
    yield from _deficit(case, params)
    yield from _repeat(case, params)
    long_enough = care.active.reach(params.min_days)
    if long_enough is not FALSE:
        yield Row("active-care", long_enough & lasted, Outcome.MET, decided_by=used)
    both = care.has_active & care.combined.reach(params.min_days)
    if both is not FALSE:
        yield Row("active-and-medication", both & lasted, Outcome.MET, decided_by=used)
    if shorter is not FALSE:
        yield Row("acute-severe", shorter, Outcome.MET, speaks=True, decided_by=used)
    yield from _waived(case, lasted)
    if unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    if lasted is not TRUE:
        is_rest_met = long_enough | both | _is_waived(case)
        yield from _pain_too_recent(case, params, lasted, is_rest_met)
    yield from _too_recent(case, params, used)
    yield from _short(params, care, used)
    yield from _hardly_any(care, used)


def _muscle_rows(case: Case, care: Care, unread: tuple[Unread, ...]) -> Iterator[Row]:
    """Before an injection into a muscle any treatment counts, for however long."""
    used = care.items
    if care.has_any is not FALSE:
        yield Row("first-line-care", care.has_any, Outcome.MET, decided_by=used)
    yield from _waived(case, TRUE)
    if unread:
        yield Row("unread", TRUE, Outcome.UNKNOWN, Reason.NO_ACCESS)
    yield Row("no-first-line-care", TRUE, Outcome.UNKNOWN, Reason.NO_EVIDENCE, is_gap=True, decided_by=used)


def _waived(case: Case, lasted: Truth) -> Iterator[Row]:
    waived = _is_waived(case) & lasted
    if waived is not FALSE:
        items = tuple([w.item() for w in case.evidence.waivers.entries if w.of != "medication"])
        yield Row("declined-or-contraindicated", waived, Outcome.WAIVED, speaks=True, decided_by=items)


def _is_waived(case: Case) -> Truth:
    waivers = case.evidence.waivers
    charted = [TRUE if w.is_certain else UNKNOWN for w in waivers.entries if w.of != "medication"]
    return any_of(charted) | waivers.may_hold_more


def _lasted(case: Case, params: Params) -> Truth:
    """Has the pain of a joint lasted long enough on the planned day? TRUE for other orders."""
    if case.order.family in EPIDURAL:
        return TRUE
    planned = case.order.planned
    lasted = case.onset.lasted_at_least(params.axial_pain_min_days, planned or DateRange.on(case.as_of))
    return lasted if planned is not None else lasted | UNKNOWN


def _pain_too_recent(case: Case, params: Params, lasted: Truth, is_rest_met: Truth) -> Iterator[Row]:
    began, on = case.onset.began, case.order.planned or DateRange.on(case.as_of)
    items = tuple([d.item() for d in case.pattern.deciding])
    facts: dict[str, object] = {}
    if began is not None:
        facts["onset_days"] = (on.last - began.first).days
        facts["earliest_date"] = days_after(began.last, params.axial_pain_min_days).isoformat()
    yield Row("pain-too-recent", ~lasted, Outcome.NOT_MET, decided_by=items, facts=facts)
    if lasted is UNKNOWN and is_rest_met is TRUE:
        is_charted = began is not None or case.onset.recorded is not None
        reason = Reason.AMBIGUOUS if is_charted else Reason.NO_EVIDENCE
        yield Row("pain-duration-unknown", TRUE, Outcome.UNKNOWN, reason, decided_by=items)


def _deficit(case: Case, params: Params) -> Iterator[Row]:
    answer = case.evidence.diagnoses.may_hold_more
    items: list[Item] = []
    if not case.standing_sets.isdisjoint(_DEFICITS):
        since = days_before(case.as_of, params.deficit_recent_days)
        for diagnosis in case.certain:
            urgent = Truth.of(diagnosis.in_set(_AT_ONCE))
            if diagnosis.is_definite_deficit:
                began = diagnosis.since
                urgent = urgent | (UNKNOWN if began is None else began.is_on_or_after(since))
            if urgent is not FALSE:
                items.append(diagnosis.item())
            answer = answer | urgent
        answer = answer | _worsened(case)
    if answer is not FALSE:
        yield Row("neurological-deficit", answer, Outcome.WAIVED, decided_by=tuple(items))


def _worsened(case: Case) -> Truth:
    """The same deficit charted twice, the later time as more severe."""
    deficits = [d for d in case.certain if d.severity and d.is_definite_deficit]
    answer: Truth = FALSE
    for milder in deficits:
        for worse in deficits:
            if milder.severity < worse.severity and set(milder.concepts) & set(worse.concepts):
                answer = answer | _is_before(milder.since, worse.since)
    return answer


def _is_before(earlier: DateRange | None, later: DateRange | None) -> Truth:
    if earlier is None or later is None:
        return UNKNOWN
    if earlier.last < later.first:
        return TRUE
    return FALSE if earlier.first >= later.last else UNKNOWN


def _repeat(case: Case, params: Params) -> Iterator[Row]:
    """Before an epidural, another in the region and episode: care was judged when it was given."""
    if case.order.family not in EPIDURAL:
        return
    history = case.evidence.injections
    answer = history.may_hold_more
    items: list[Item] = []
    for session in history.entries:
        if session.family not in EPIDURAL:
            continue
        since = days_before(case.as_of, params.repeat_lookback_days)
        happened: Truth = UNKNOWN
        if session.date is not None:
            happened = session.date.is_on_or_after(since) & session.date.is_before(case.as_of)
            happened = happened & _in_episode(session.date.first, session.date.last, case)
        happened = happened & session.took_place & case.region.matches(session.region)
        if happened is not FALSE:
            items.append(session.item())
        answer = answer | happened
    if answer is not FALSE:
        yield Row("repeat-in-episode", answer, Outcome.MET, decided_by=tuple(items))


def _in_episode(first: date, last: date, case: Case) -> Truth:
    began = case.onset.began
    if case.onset.is_unread:
        return UNKNOWN
    if began is None or first >= began.last:
        return TRUE
    return FALSE if last < began.first else UNKNOWN


def _is_acute_severe(case: Case, params: Params, care: Care) -> Truth:
    """Before an epidural for pain that is new and severe, less care is enough."""
    if case.order.family not in EPIDURAL:
        return FALSE
    acute = ~case.onset.lasted_at_least(params.acute_days + 1, DateRange.on(case.as_of))
    if acute is FALSE:
        return FALSE
    minimum = params.acute_severe_min_days
    long_enough = care.active.reach(minimum) | care.medication.reach(minimum) | care.combined.reach(minimum)
    if long_enough is FALSE:
        return FALSE
    return acute & long_enough & _was_severe(case, params)


def _was_severe(case: Case, params: Params) -> Truth:
    since, as_of = days_before(case.as_of, params.pain_score_max_age_days), case.as_of
    scores = case.evidence.pain_scores
    severe = [
        score.date.is_on_or_after(since) & score.date.is_on_or_before(as_of)
        for score in scores.entries
        if score.value >= params.severe_pain_score
    ]
    return any_of(severe) | scores.may_hold_more


def _too_recent(case: Case, params: Params, used: tuple[Item, ...]) -> Iterator[Row]:
    began = case.onset.began
    if began is None:
        return
    on = case.order.planned or DateRange.on(case.as_of)
    too_recent = ~case.onset.lasted_at_least(params.min_days, on)
    if too_recent is FALSE:
        return
    facts: dict[str, object] = {
        "onset_days": (on.last - began.first).days,
        "earliest_date": days_after(began.last, params.min_days).isoformat(),
    }
    if case.order.planned is not None:
        yield Row("symptoms-too-recent", too_recent, Outcome.NOT_MET, decided_by=used, facts=facts)
    else:
        yield Row(
            "symptoms-recent-no-date",
            too_recent,
            Outcome.UNKNOWN,
            Reason.AMBIGUOUS,
            decided_by=used,
            facts=facts,
        )


def _short(params: Params, care: Care, used: tuple[Item, ...]) -> Iterator[Row]:
    only_medication = ~care.has_active & care.has_medication & care.medication.reach(params.min_days)
    if only_medication is not FALSE:
        yield Row("medication-only", only_medication, Outcome.UNKNOWN, Reason.AMBIGUOUS, decided_by=used)
    if (care.has_active | care.has_medication) is not FALSE:
        yield Row("too-short", TRUE, Outcome.NOT_MET, decided_by=used)


def _hardly_any(care: Care, used: tuple[Item, ...]) -> Iterator[Row]:
    if used:
        is_passive = any(entry.kind is CareKind.PASSIVE for entry in care.entries)
        only = "passive-only" if is_passive else "referral-only"
        yield Row(only, TRUE, Outcome.UNKNOWN, Reason.NO_EVIDENCE, is_gap=True, decided_by=used)
    yield Row("nothing-recorded", TRUE, Outcome.UNKNOWN, Reason.NO_EVIDENCE, is_gap=True)


def _facts(case: Case, params: Params, care: Care) -> dict[str, object]:
    documented = care.documented
    facts: dict[str, object] = {
        "min_days": params.min_days,
        "documented_days": documented,
        "remaining_days": max(params.min_days - documented, 0),
        "lookback_days": params.lookback_days,
        "acute_severe_min_days": params.acute_severe_min_days,
        "acute_days": params.acute_days,
        "severe_pain_score": f"{params.severe_pain_score:g}",
        "axial_pain_min_days": params.axial_pain_min_days,
        "region": case.region.label,
    }
    current = care.current
    if current is not None and (case.as_of - current.last).days <= params.gap_days:
        missing = params.min_days - current.covered
        met_on = max(days_after(current.last, max(missing, 0)), case.order.asked_on or current.last)
        facts["met_on"] = met_on.isoformat()
        facts["is_met_in_time"] = case.order.planned is None or met_on <= case.order.planned.last
    return facts


def _unread(case: Case, shorter: Truth) -> tuple[Unread, ...]:
    """What could not be read and may hold care; pain scores only where the shorter rule hangs on them."""
    evidence = case.evidence
    unread = (
        *case.pattern.missing,
        *evidence.care.unread,
        *evidence.injections.unread,
        *evidence.waivers.unread,
        *evidence.diagnoses.unread,
        *(evidence.pain_scores.unread if shorter is UNKNOWN else ()),
    )
    return tuple(dict.fromkeys(unread))
