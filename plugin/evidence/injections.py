"""Injections and ablations on record, and how much each of them helped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from plugin.domain.codes import Concept
from plugin.domain.dates import DateRange, parse_fhir_date
from plugin.domain.evidence import PainScore
from plugin.domain.injections import Injection, Relief, Verdict
from plugin.domain.regions import Region
from plugin.domain.truth import Truth
from plugin.evidence.families import coded_family, leading, modifiers_of, purpose_of, sides_of
from plugin.evidence.reading import Chart, label_of, reference_of, region_of, relative, when
from plugin.evidence.views import DiagnosticReport, Observation, Period, Procedure, many

_TOOK_PLACE = frozenset({"completed", None, "unknown"})
_REPORTED = frozenset({"final", "amended", "corrected", "appended"})
_NO_RESULT = frozenset({"entered-in-error", "cancelled"})
_CATHETER = "proc-epidural-catheter"
_PERCENT = "%"
_TEN_POINT = "0-10"
_MOST = {_PERCENT: 100, _TEN_POINT: 10, "vas": 100}
"""The highest value on each scale that tells of relief."""
_PERCENT_UNITS = frozenset({None, "%", "percent"})
_DAY = timedelta(days=1)


class Result(NamedTuple):
    """An observation that may tell of relief: a percentage, or a pain score."""

    observation: Observation
    value: float
    scale: str
    """`%` for a percentage of relief, else the scale of a pain score."""
    day: DateRange


class Measure(NamedTuple):
    """A result, as it is held against the injections on record."""

    value: float
    scale: str
    day: DateRange
    taken: datetime | None
    """None when no time of day with its zone is charted."""
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
    wording = chart.wording(procedure.code.text if procedure.code else None)
    described = [*many(procedure.bodySite), *([procedure.code] if procedure.code else [])]
    return Injection(
        reference=reference_of(procedure),
        label=label,
        family=family,
        code=code,
        region=_region(code, region_of(chart.concepts_of(procedure.bodySite))),
        date=when(procedure.performedDateTime, procedure.performedPeriod),
        is_certain=procedure.status == "completed",
        purpose=purpose_of(code, modifiers, (wording,), Truth.UNKNOWN),
        sides=sides_of(modifiers, [chart.wording_of(concept) for concept in described]),
        is_intra_articular="intra_articular" in wording.order_words,
        relief=_verdict(procedure, chart),
        started=_moment(procedure.performedDateTime or _start_of(procedure.performedPeriod)),
    )


def _start_of(period: Period | None) -> str | None:
    return period.start if period is not None else None


def _moment(text: str | None) -> datetime | None:
    """The moment of a FHIR dateTime; None for a mere date, a time without zone, and what is neither."""
    try:
        moment = datetime.fromisoformat(text) if text and "T" in text else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def reported_injection(
    report: DiagnosticReport, known: Sequence[Concept], charted: Sequence[Injection]
) -> Injection | None:
    """An injection known from a report alone; one within a day of a charted one of its family is the same."""
    ours = leading(known)
    if not ours or report.status not in _REPORTED:
        return None
    family = coded_family(ours[0])
    day = when(report.effectiveDateTime, report.effectivePeriod)
    if family is None or day is None or any(i.family is family and _is_near(i.date, day) for i in charted):
        return None
    label, _ = label_of(report.code, ours)
    region = ours[0].region or Region.unspecified()
    return Injection(reference_of(report), label, family, ours[0], region, day)


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


def read_results(observations: Sequence[Observation], chart: Chart) -> list[Result]:
    """Percentages under the site's code for relief, and pain scores."""
    valid = [o for o in observations if o.status not in _NO_RESULT]
    found: list[Result] = []
    for observation in chart.about_patient("observations", valid):
        scale = _scale(observation, chart)
        value = _value(observation, scale) if scale is not None else None
        if scale is None or value is None:
            continue
        day = when(observation.effectiveDateTime, observation.effectivePeriod)
        day = day or parse_fhir_date(observation.issued)
        if day is not None:
            found.append(Result(observation, value, scale, day))
    return found


def _scale(observation: Observation, chart: Chart) -> str | None:
    codings = (observation.code.coding if observation.code is not None else None) or ()
    relief_code = chart.terminology.relief_code
    if relief_code is not None and relief_code in [(c.system, c.code) for c in codings]:
        return _PERCENT
    for concept in chart.concepts(observation.code):
        scale = concept.get("scale")
        if scale in _MOST:
            return scale
    return None


def _value(observation: Observation, scale: str) -> float | None:
    quantity = observation.valueQuantity
    value = quantity.value if quantity is not None else observation.valueInteger
    if value is None or not 0 <= value <= _MOST[scale]:
        return None
    unit = (quantity.code or quantity.unit) if quantity is not None else None
    return None if scale == _PERCENT and unit not in _PERCENT_UNITS else float(value)


def pain_scores(results: Iterable[Result]) -> tuple[PainScore, ...]:
    """The ratings on the 0–10 scale among the results."""
    return tuple(
        [PainScore(reference_of(r.observation), r.value, r.day) for r in results if r.scale == _TEN_POINT]
    )


def with_relief(injections: Sequence[Injection], results: Iterable[Result]) -> tuple[Injection, ...]:
    """Each injection with what was measured about it."""
    if not injections:
        return ()
    measures = [_measure(result) for result in results]
    return tuple([_measured(injection, measures) for injection in injections])


def _measure(result: Result) -> Measure:
    observation = result.observation
    moment = observation.effectiveDateTime or _start_of(observation.effectivePeriod)
    named = (*(observation.partOf or ()), *(observation.focus or ()))
    return Measure(
        value=result.value,
        scale=result.scale,
        day=result.day,
        taken=_moment(moment),
        about=frozenset([relative(r.reference) for r in named if r.reference]),
    )


def _measured(injection: Injection, measures: Sequence[Measure]) -> Injection:
    own = [m for m in measures if _is_about(m, injection)]
    percents = [m.value for m in own if m.scale == _PERCENT]
    for scale in {m.scale for m in own} - {_PERCENT}:
        by_scores = _relief_of_scores([m for m in own if m.scale == scale], injection)
        percents += [by_scores] if by_scores is not None else []
    if not percents:
        return injection
    relief = injection.relief
    denied = relief.verdict is Verdict.SUCCESSFUL and max(percents) == 0
    measured = replace(
        relief,
        percent=min(percents),
        highest_percent=max(percents),
        is_contradictory=relief.is_contradictory or denied,
    )
    return replace(injection, relief=measured)


def _is_about(measure: Measure, injection: Injection) -> bool:
    """Named by it, or naming nothing and taken on its day or the days beside it."""
    if measure.about:
        return injection.reference in measure.about
    if injection.date is None or not (injection.date.is_exact and measure.day.is_exact):
        return False
    return _is_near(injection.date, measure.day)


def _relief_of_scores(scores: Sequence[Measure], injection: Injection) -> float | None:
    """From the last score before to the lowest after, in percent; None without both, or from no pain.

    None too where the chart does not say which came before: of one day, that takes the time of day.
    """
    before, after = _parted(scores, injection)
    if not before or not after or before[-1].value == 0:
        return None
    lowest = min(score.value for score in after)
    return max(before[-1].value - lowest, 0) / before[-1].value * 100


def _parted(scores: Sequence[Measure], injection: Injection) -> tuple[list[Measure], list[Measure]]:
    """Before and after. Without the injection's own time, the day's first score is the one before it."""
    before: list[Measure] = []
    after: list[Measure] = []
    of_the_day: list[Measure] = []
    for score in sorted(scores, key=_in_time):
        if injection.started is not None and score.taken is not None:
            (before if score.taken <= injection.started else after).append(score)
        elif injection.date is not None and injection.date.last < score.day.first:
            after.append(score)
        elif injection.date is not None and score.day.last < injection.date.first:
            before.append(score)
        else:
            of_the_day.append(score)
    if not of_the_day:
        return before, after
    if len(of_the_day) == 1 or any(score.taken is None for score in of_the_day):
        return [], []
    return [*before, of_the_day[0]], [*of_the_day[1:], *after]


def _in_time(score: Measure) -> tuple[int, float]:
    return score.day.first.toordinal(), score.taken.timestamp() if score.taken else 0.0
