"""CC-1: has conservative care been tried for long enough in this episode?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from plugin.domain.care import Care, count_care
from plugin.domain.case import Case
from plugin.domain.check import Check, Item, Outcome, Reason, Row, Unread, decide
from plugin.domain.dates import DateRange, days_after, days_before
from plugin.domain.evidence import CareKind, Diagnosis, Standing
from plugin.domain.families import EPIDURAL, FACET, SACROILIAC, Family
from plugin.domain.truth import Truth, any_of

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
    used = tuple(entry.item() for entry in care.entries)
    shorter = _acute_severe(case, params, care, used)
    unread = _unread(case, shorter)
    if case.order.family is Family.TRIGGER_POINT:
        rows = _muscle_rows(case, care, used, unread)
    else:
        rows = _rows(case, params, care, used, shorter, unread)
    return decide(
        "CC-1",
        rows,
        facts=_facts(case, params, care),
        set_aside=case.evidence.care.set_aside,
        unread=unread,
    )


def _rows(
    case: Case,
    params: Params,
    care: Care,
    used: tuple[Item, ...],
    shorter: Row,
    unread: tuple[Unread, ...],
) -> Iterator[Row]:
    lasted = _lasted(case, params)
    yield Row("acute-zoster", case.pattern.is_acute_zoster, Outcome.WAIVED)
    yield _deficit(case, params)
    yield _repeat(case, params)
    long_enough = care.active.reach(params.min_days)
    yield Row("active-care", long_enough & lasted, Outcome.MET, decided_by=used)
    both = care.has_active & care.combined.reach(params.min_days)
    yield Row("active-and-medication", both & lasted, Outcome.MET, decided_by=used)
    yield shorter
    waived = _waived(case)
    yield replace(waived, when=waived.when & lasted)
    yield Row("unread", Truth.of(bool(unread)), Outcome.UNKNOWN, Reason.NO_ACCESS)
    yield from _pain_too_recent(case, params, lasted, is_rest_met=long_enough | both | waived.when)
    yield from _too_recent(case, params, used)
    yield from _short(params, care, used)
    yield from _hardly_any(care, used)


def _muscle_rows(case: Case, care: Care, used: tuple[Item, ...], unread: tuple[Unread, ...]) -> Iterator[Row]:
    """Before an injection into a muscle any treatment counts, for however long."""
    yield Row("first-line-care", care.has_any, Outcome.MET, decided_by=used)
    yield _waived(case)
    yield Row("unread", Truth.of(bool(unread)), Outcome.UNKNOWN, Reason.NO_ACCESS)
    yield Row(
        "no-first-line-care",
        Truth.TRUE,
        Outcome.UNKNOWN,
        Reason.NO_EVIDENCE,
        is_gap=True,
        decided_by=used,
    )


def _waived(case: Case) -> Row:
    waivers = case.evidence.waivers
    therapy = [w for w in waivers.entries if w.of != "medication"]
    charted = any_of(Truth.TRUE if w.is_certain else Truth.UNKNOWN for w in therapy)
    return Row(
        "declined-or-contraindicated",
        charted | waivers.may_hold_more,
        Outcome.WAIVED,
        speaks=True,
        decided_by=tuple(w.item() for w in therapy),
    )


def _lasted(case: Case, params: Params) -> Truth:
    """Has the pain of a joint lasted long enough on the planned day? TRUE for other orders."""
    if case.order.family in EPIDURAL:
        return Truth.TRUE
    planned = case.order.planned
    lasted = case.onset.lasted_at_least(params.axial_pain_min_days, planned or DateRange.on(case.as_of))
    return lasted if planned is not None else lasted | Truth.UNKNOWN


def _pain_too_recent(case: Case, params: Params, lasted: Truth, is_rest_met: Truth) -> Iterator[Row]:
    began, on = case.onset.began, case.order.planned or DateRange.on(case.as_of)
    items = tuple(d.item() for d in case.pattern.deciding)
    facts: dict[str, object] = {}
    if began is not None:
        facts["onset_days"] = (on.last - began.first).days
        facts["earliest_date"] = days_after(began.last, params.axial_pain_min_days).isoformat()
    yield Row("pain-too-recent", ~lasted, Outcome.NOT_MET, decided_by=items, facts=facts)
    is_charted = began is not None or case.onset.recorded is not None
    yield Row(
        "pain-duration-unknown",
        Truth.of(lasted is Truth.UNKNOWN and is_rest_met is Truth.TRUE),
        Outcome.UNKNOWN,
        Reason.AMBIGUOUS if is_charted else Reason.NO_EVIDENCE,
        decided_by=items,
    )


def _deficit(case: Case, params: Params) -> Row:
    since = days_before(case.as_of, params.deficit_recent_days)
    answer = case.evidence.diagnoses.may_hold_more
    items: list[Item] = []
    for diagnosis in _standing_for_sure(case):
        urgent = Truth.of(diagnosis.in_set("dx-redflag-cord-cauda"))
        if diagnosis.is_definite_deficit:
            began = diagnosis.since
            recent = Truth.UNKNOWN if began is None else began.holds(lambda day: day >= since)
            urgent = urgent | recent
        if urgent is not Truth.FALSE:
            items.append(diagnosis.item())
        answer = answer | urgent
    answer = answer | _worsened(case)
    return Row("neurological-deficit", answer, Outcome.WAIVED, decided_by=tuple(items))


def _worsened(case: Case) -> Truth:
    """The same deficit charted twice, the later time as more severe."""
    deficits = [d for d in _standing_for_sure(case) if d.is_definite_deficit and d.severity]
    answer = Truth.FALSE
    for milder in deficits:
        for worse in deficits:
            if milder.severity < worse.severity and set(milder.concepts) & set(worse.concepts):
                answer = answer | _is_before(milder.since, worse.since)
    return answer


def _is_before(earlier: DateRange | None, later: DateRange | None) -> Truth:
    if earlier is None or later is None:
        return Truth.UNKNOWN
    if earlier.last < later.first:
        return Truth.TRUE
    return Truth.FALSE if earlier.first >= later.last else Truth.UNKNOWN


def _repeat(case: Case, params: Params) -> Row:
    """Before an epidural, another in the region and episode: care was judged when it was given."""
    since = days_before(case.as_of, params.repeat_lookback_days)
    answer = case.evidence.injections.may_hold_more
    items: list[Item] = []
    for session in case.evidence.injections.entries:
        if session.family not in EPIDURAL:
            continue
        if session.date is None:
            happened = Truth.UNKNOWN
        else:
            happened = session.date.holds(lambda day: day >= since) & session.date.holds(
                lambda day: day < case.as_of
            )
            happened = happened & _in_episode(session.date.first, session.date.last, case)
        happened = happened & session.took_place & case.region.matches(session.region)
        if happened is not Truth.FALSE:
            items.append(session.item())
        answer = answer | happened
    is_epidural = Truth.of(case.order.family in EPIDURAL)
    return Row("repeat-in-episode", answer & is_epidural, Outcome.MET, decided_by=tuple(items))


def _in_episode(first: date, last: date, case: Case) -> Truth:
    began = case.onset.began
    if case.onset.is_unread:
        return Truth.UNKNOWN
    if began is None or first >= began.last:
        return Truth.TRUE
    return Truth.FALSE if last < began.first else Truth.UNKNOWN


def _acute_severe(case: Case, params: Params, care: Care, used: tuple[Item, ...]) -> Row:
    acute = ~case.onset.lasted_at_least(params.acute_days + 1, DateRange.on(case.as_of))
    since = days_before(case.as_of, params.pain_score_max_age_days)
    scores = case.evidence.pain_scores
    recent = [s for s in scores.entries if s.value >= params.severe_pain_score]
    in_time = [
        score.date.holds(lambda day: since <= day) & score.date.holds(lambda day: day <= case.as_of)
        for score in recent
    ]
    severe = any_of(in_time) | scores.may_hold_more
    minimum = params.acute_severe_min_days
    long_enough = care.active.reach(minimum) | care.medication.reach(minimum) | care.combined.reach(minimum)
    is_epidural = Truth.of(case.order.family in EPIDURAL)
    holds = is_epidural & acute & severe & long_enough
    return Row("acute-severe", holds, Outcome.MET, speaks=True, decided_by=used)


def _too_recent(case: Case, params: Params, used: tuple[Item, ...]) -> Iterator[Row]:
    began = case.onset.began
    if began is None:
        return
    on = case.order.planned or DateRange.on(case.as_of)
    too_recent = ~case.onset.lasted_at_least(params.min_days, on)
    days = (on.last - began.first).days
    facts: dict[str, object] = {
        "onset_days": days,
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
    only_medication = ~care.has_active & care.has_medication
    yield Row(
        "medication-only",
        only_medication & care.medication.reach(params.min_days),
        Outcome.UNKNOWN,
        Reason.AMBIGUOUS,
        decided_by=used,
    )
    some = Truth.of((care.has_active | care.has_medication) is not Truth.FALSE)
    yield Row("too-short", some, Outcome.NOT_MET, decided_by=used)


def _hardly_any(care: Care, used: tuple[Item, ...]) -> Iterator[Row]:
    kinds = {entry.kind for entry in care.entries}
    only = "referral-only" if CareKind.PASSIVE not in kinds else "passive-only"
    yield Row(only, Truth.of(bool(used)), Outcome.UNKNOWN, Reason.NO_EVIDENCE, is_gap=True, decided_by=used)
    yield Row("nothing-recorded", Truth.TRUE, Outcome.UNKNOWN, Reason.NO_EVIDENCE, is_gap=True)


def _facts(case: Case, params: Params, care: Care) -> dict[str, object]:
    facts: dict[str, object] = {
        "min_days": params.min_days,
        "documented_days": care.documented,
        "remaining_days": max(params.min_days - care.documented, 0),
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


def _standing_for_sure(case: Case) -> list[Diagnosis]:
    entries = case.evidence.diagnoses.entries
    return [d for d in entries if d.standing is Standing.CURRENT and d.is_certain]


def _unread(case: Case, shorter: Row) -> tuple[Unread, ...]:
    """What could not be read and may hold care; pain scores only where the shorter rule hangs on them."""
    evidence = case.evidence
    sections = (evidence.care, evidence.injections, evidence.waivers, evidence.diagnoses)
    unread = [*case.pattern.missing, *(u for section in sections for u in section.unread)]
    if shorter.when is Truth.UNKNOWN:
        unread += evidence.pain_scores.unread
    return tuple(dict.fromkeys(unread))
