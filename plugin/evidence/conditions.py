"""Condition, and the order's reason codes, to diagnoses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from plugin.domain.check import Item
from plugin.domain.codes import Concept
from plugin.domain.dates import DateRange, days_before, parse_fhir_date
from plugin.domain.evidence import Diagnosis, Standing
from plugin.domain.regions import Region
from plugin.evidence.reading import Chart, code_of, label_of, reference_of, region_of, when
from plugin.evidence.views import CodeableConcept, Condition, OneOrMany, many

KEY = "conditions"
_LIMB = frozenset(
    {"radicular", "claudication", "post-laminectomy", "zoster", "zoster-by-onset", "post-herpetic"}
)
# The most telling code of a Condition speaks for it.
_TELLING = (
    "claudication",
    "radicular",
    "post-laminectomy",
    "zoster",
    "zoster-by-onset",
    "post-herpetic",
    "possible-radicular",
    "structural-open",
    "pattern-not-stated",
    "excluded",
    "axial",
    "structural-negative",
    "weak-sensory",
    "generic",
)
_PAST = frozenset({"inactive", "remission", "resolved"})
_CONFIRMED = frozenset({None, "confirmed"})


def read_diagnoses(
    conditions: Sequence[Condition], chart: Chart, encounter_max_age_days: int, reasons: frozenset[str]
) -> tuple[Diagnosis, ...]:
    """Diagnoses that say something here, and those that orders name as `reasons`, whatever their code.

    Those entered in error are left out.
    """
    named = {r.removeprefix("Condition/") for r in reasons if r.startswith("Condition/")}
    # Each with whether it is a visit's, and not on the problem list.
    kept: list[tuple[Diagnosis, bool]] = []
    for condition in chart.about_patient(KEY, conditions):
        known = chart.coded(condition.code)
        if not known and not chart.wording_of(condition.code).radicular and condition.id not in named:
            continue
        diagnosis = _diagnosis(condition, known, chart)
        if diagnosis is not None:
            kept.append((diagnosis, _is_visit(condition)))
    listed = {concept for diagnosis, is_visit in kept if not is_visit for concept in diagnosis.concepts}
    since = days_before(chart.today, encounter_max_age_days)
    return tuple([_weakened(d, listed, since) if is_visit else d for d, is_visit in kept])


def diagnosis_from_code(concept: CodeableConcept, reference: str, chart: Chart) -> Diagnosis:
    """A reason given as a code on the order: current, and as certain as its code."""
    known = chart.concepts(concept)
    pattern, region, is_text = _meaning(concept, known, None, chart)
    label, quoted = label_of(concept, known)
    return Diagnosis(
        reference=reference,
        concepts=known,
        pattern=pattern,
        region=region,
        standing=Standing.CURRENT,
        is_certain=not is_text,
        label=label,
        is_quoted=quoted,
    )


def _diagnosis(condition: Condition, known: tuple[Concept, ...], chart: Chart) -> Diagnosis | None:
    label, quoted = label_of(condition.code, known)
    reference = reference_of(condition)
    verification = code_of(condition.verificationStatus)
    if verification == "entered-in-error":
        chart.leave_out(KEY, Item("diagnosis", label, reference, remark="entered-in-error", quoted=quoted))
        return None
    pattern, region, is_text = _meaning(condition.code, known, condition.bodySite, chart)
    standing = _standing(condition, verification, chart.today)
    return Diagnosis(
        reference=reference,
        concepts=known,
        pattern=pattern,
        region=region,
        standing=standing,
        is_certain=verification in _CONFIRMED and standing is not Standing.CONTRADICTORY and not is_text,
        label=label,
        onset=when(condition.onsetDateTime, condition.onsetPeriod),
        recorded=parse_fhir_date(condition.recordedDate),
        severity=_severity(condition, chart),
        is_quoted=quoted,
    )


def _meaning(
    concept: CodeableConcept | None, known: tuple[Concept, ...], sites: OneOrMany, chart: Chart
) -> tuple[str | None, Region, bool]:
    """Pattern, region, and whether they come from text only."""
    pattern = _pattern(known)
    region = region_of(known)
    is_text = False
    if not known:
        wording = chart.wording_of(concept)
        if wording.radicular:
            pattern, is_text = "possible-radicular", True
            region = wording.region
    if region is None and sites is not None:
        region = region_of(chart.concepts_of(sites))
    return pattern, region or Region.unspecified(), is_text


def _pattern(known: Iterable[Concept]) -> str | None:
    """A limb-pain code and an axial code in one Condition contradict each other: possible, no more."""
    found = {c.pain_pattern for c in known if c.pain_pattern is not None}
    if not found:
        return None
    if found & _LIMB and "axial" in found:
        return "possible-radicular"
    for pattern in _TELLING:
        if pattern in found:
            return pattern
    return None


def _standing(condition: Condition, verification: str | None, today: date) -> Standing:
    if verification == "refuted":
        return Standing.REFUTED
    status = code_of(condition.clinicalStatus)
    if status in _PAST:
        return Standing.HISTORICAL
    if not _has_abated(condition, today):
        return Standing.CURRENT
    return Standing.HISTORICAL if status is None else Standing.CONTRADICTORY


def _has_abated(condition: Condition, today: date) -> bool:
    ended: DateRange | None = parse_fhir_date(condition.abatementDateTime)
    if ended is None and condition.abatementPeriod is not None:
        ended = parse_fhir_date(condition.abatementPeriod.end) or parse_fhir_date(
            condition.abatementPeriod.start
        )
    if ended is not None:
        return ended.first <= today
    without_date = (condition.abatementAge, condition.abatementRange, condition.abatementString)
    return bool(condition.abatementBoolean) or without_date != (None, None, None)


def _severity(condition: Condition, chart: Chart) -> int:
    for concept in chart.concepts(condition.severity):
        rank = concept.get("rank")
        if rank is not None:
            return int(rank)
    return 0


def _is_visit(condition: Condition) -> bool:
    codes = {c.code for category in many(condition.category) for c in category.coding or ()}
    return "encounter-diagnosis" in codes and "problem-list-item" not in codes


def _weakened(visited: Diagnosis, listed: set[Concept], since: date) -> Diagnosis:
    """A visit's diagnosis from long ago that never reached the problem list is a possibility only."""
    noted = visited.recorded or visited.onset
    if noted is None or noted.last >= since or not listed.isdisjoint(visited.concepts):
        return visited
    return replace(visited, is_certain=False)
