"""Injections and ablations on record, and how much each of them helped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise

from plugin.domain.codes import Concept
from plugin.domain.dates import DateRange, parse_fhir_date
from plugin.domain.evidence import PainScore
from plugin.domain.injections import Injection, Relief, Verdict
from plugin.domain.regions import Region
from plugin.domain.truth import Truth
from plugin.evidence.families import coded_family, leading, modifiers_of, purpose_of, sides_of
from plugin.evidence.reading import Chart, label_of, reference_of, region_of, relative, when
from plugin.evidence.views import DiagnosticReport, Observation, Procedure, Quantity, many

_TOOK_PLACE = frozenset({"completed", None, "unknown"})
_REPORTED = frozenset({"final", "amended", "corrected", "appended"})
_CATHETER = "proc-epidural-catheter"
_TEN_POINT = "0-10"
_PERCENT = frozenset({None, "%", "percent"})
_DAY = timedelta(days=1)
_DISAGREEMENT_PERCENT = 10.0
"""Two measures of one relief may differ by so much before they contradict each other."""


@dataclass(frozen=True, slots=True)
class Measure:
    """An observation that may tell of relief: a percentage, or a pain score."""

    reference: str
    value: float
    is_percent: bool
    day: DateRange
    instant: str
    """As charted; empty when no time of day is charted."""
    about: frozenset[str]
    """`Procedure/x` of the procedures it names."""


def read_injection(procedure: Procedure, known: Sequence[Concept], chart: Chart) -> Injection | None:
    """None for a procedure of another kind, and for one that did not take place."""
    ours = [c for c in leading(known) if not c.in_set(_CATHETER)]
    if not ours or procedure.status not in _TOOK_PLACE:
        return None
    code = ours[0]
    family = coded_family(code)
    if family is None:
        return None
    label, _ = label_of(procedure.code, ours)
    modifiers = modifiers_of((procedure.code,), chart.terminology)
    text = procedure.code.text if procedure.code else None
    sites = many(procedure.bodySite)
    return Injection(
        reference=reference_of(procedure),
        label=label,
        family=family,
        code=code,
        region=_region(code, region_of(chart.concepts_of(procedure.bodySite))),
        date=when(procedure.performedDateTime, procedure.performedPeriod),
        is_certain=procedure.status == "completed",
        purpose=purpose_of(code, modifiers, (text,), Truth.UNKNOWN, chart.words),
        sides=sides_of(modifiers, [*sites, *([procedure.code] if procedure.code else [])], chart.words),
        is_intra_articular="intra_articular" in chart.words.order_words(text),
        relief=_verdict(procedure, chart),
    )


def reported_injections(
    reports: Iterable[DiagnosticReport], charted: Sequence[Injection], chart: Chart
) -> list[Injection]:
    """Injections known from a report alone; one within a day of a charted one of its family is the same."""
    found: list[Injection] = []
    for report in reports:
        day = when(report.effectiveDateTime, report.effectivePeriod)
        if report.status not in _REPORTED or day is None or not chart.is_own(report.subject):
            continue
        ours = leading(chart.concepts(report.code))
        family = coded_family(ours[0]) if ours else None
        if family is None or any(i.family is family and _is_near(i.date, day) for i in charted):
            continue
        label, _ = label_of(report.code, ours)
        region = ours[0].region or Region.unspecified()
        found.append(Injection(reference_of(report), label, family, ours[0], region, day))
    return found


def _is_near(one: DateRange | None, other: DateRange) -> bool:
    return one is not None and one.first - _DAY <= other.last and other.first <= one.last + _DAY


def _region(code: Concept, site: Region | None) -> Region:
    own = code.region or Region.unspecified()
    return own.refined_by(site) if own.stated and site is not None else own if own.stated else site or own


def _verdict(procedure: Procedure, chart: Chart) -> Relief:
    said = [c.get("outcome") for c in chart.concepts(procedure.outcome)]
    verdicts = {Verdict(word) for word in said if word is not None}
    if len(verdicts) > 1:
        return Relief(verdict=Verdict.PARTIAL, is_contradictory=True)
    return Relief(verdict=next(iter(verdicts), None))


def read_measures(observations: Iterable[Observation], chart: Chart) -> list[Measure]:
    """Percentages under the site's code for relief, and pain scores from 0 to 10."""
    found: list[Measure] = []
    for observation in observations:
        if observation.status in ("entered-in-error", "cancelled"):
            continue
        if not chart.is_about_patient("observations", observation):
            continue
        is_percent = _is_relief(observation, chart)
        if not is_percent and not any(c.get("scale") == _TEN_POINT for c in chart.concepts(observation.code)):
            continue
        value = _value(observation, is_percent=is_percent)
        day = when(observation.effectiveDateTime, observation.effectivePeriod)
        day = day or parse_fhir_date(observation.issued)
        taken = observation.effectiveDateTime or ""
        if value is None or day is None:
            continue
        found.append(
            Measure(
                reference=reference_of(observation),
                value=value,
                is_percent=is_percent,
                day=day,
                instant=taken if "T" in taken else "",
                about=frozenset(
                    relative(r.reference)
                    for r in (*(observation.partOf or ()), *(observation.focus or ()))
                    if r.reference
                ),
            )
        )
    return found


def _is_relief(observation: Observation, chart: Chart) -> bool:
    codings = (observation.code.coding if observation.code else None) or ()
    return chart.terminology.is_relief([(coding.system, coding.code) for coding in codings])


def _value(observation: Observation, *, is_percent: bool) -> float | None:
    quantity: Quantity | None = observation.valueQuantity
    value = quantity.value if quantity is not None else observation.valueInteger
    if value is None or value < 0 or value > (100 if is_percent else 10):
        return None
    unit = (quantity.code or quantity.unit) if quantity is not None else None
    return None if is_percent and unit not in _PERCENT else float(value)


def pain_scores(measures: Iterable[Measure]) -> tuple[PainScore, ...]:
    """The ratings on the 0–10 scale among the measures."""
    return tuple(PainScore(m.reference, m.value, m.day) for m in measures if not m.is_percent)


def with_relief(injections: Iterable[Injection], measures: Sequence[Measure]) -> list[Injection]:
    """Each injection with what was measured about it."""
    return [_measured(injection, measures) for injection in injections]


def _measured(injection: Injection, measures: Sequence[Measure]) -> Injection:
    own = [m for m in measures if _is_about(m, injection)]
    percents = [m.value for m in own if m.is_percent]
    pair = _relief_of_scores([m for m in own if not m.is_percent])
    if pair is not None:
        percents.append(pair)
    if not percents:
        return injection
    relief = injection.relief
    apart = max(percents) - min(percents) > _DISAGREEMENT_PERCENT
    denied = relief.verdict is Verdict.SUCCESSFUL and max(percents) == 0
    praised = relief.verdict is Verdict.UNSUCCESSFUL and min(percents) >= 100 - _DISAGREEMENT_PERCENT
    contradictory = relief.is_contradictory or apart or denied or praised
    return replace(injection, relief=replace(relief, percent=min(percents), is_contradictory=contradictory))


def _is_about(measure: Measure, injection: Injection) -> bool:
    """Named by it, or naming nothing and taken on its day or the days beside it."""
    if measure.about:
        return injection.reference in measure.about
    return injection.date is not None and injection.date.is_exact and _is_near(injection.date, measure.day)


def _relief_of_scores(scores: Sequence[Measure]) -> float | None:
    """From the last score before to the lowest after, in percent; None without both or from zero.

    The order in time must be charted: by the time of day where both are of one day.
    """
    timed = sorted(scores, key=lambda m: (m.day.first, m.instant))
    if len(timed) < 2 or any(_is_tied(a, b) for a, b in pairwise(timed)):
        return None
    before, after = timed[0].value, min(m.value for m in timed[1:])
    return None if before == 0 else (before - after) / before * 100


def _is_tied(one: Measure, other: Measure) -> bool:
    return one.day == other.day and not (one.instant and other.instant)
