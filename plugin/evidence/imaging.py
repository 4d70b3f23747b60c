"""Imaging studies and nerve tests, from wherever they were recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from plugin.domain.check import Item
from plugin.domain.codes import Concept
from plugin.domain.dates import DateRange, parse_fhir_date
from plugin.domain.evidence import Modality, Study, StudyState
from plugin.domain.regions import Region
from plugin.evidence.reading import Chart, codings_of, reference_of, region_of, text_of, when
from plugin.evidence.views import (
    CodeableConcept,
    Coding,
    DiagnosticReport,
    ImagingStudy,
    Procedure,
    ServiceRequest,
    many,
)

_BY_SET = {
    "imaging-mri-spine": Modality.MR,
    "imaging-ct-myelogram": Modality.CT_MYELOGRAM,
    "imaging-ct-spine": Modality.CT,
    "test-emg-ncs": Modality.NERVE_TEST,
}
_SETS = frozenset(_BY_SET)
_CONFIRMING = ("dx-disc-structural", "dx-stenosis-structural", "dx-radicular")
_DROPPED = frozenset({"cancelled", "entered-in-error"})
_STUDY_STATES = {"available": StudyState.DONE, "registered": StudyState.ORDERED}
_REPORT_STATES = dict.fromkeys(("final", "amended", "corrected", "appended"), StudyState.DONE)
_PROCEDURE_STATES = {"completed": StudyState.DONE}
_REQUEST_STATES = {
    "completed": StudyState.DONE,
    "active": StudyState.ORDERED,
    "draft": StudyState.ORDERED,
    "on-hold": StudyState.ORDERED,
}


def coded_study(
    concept: CodeableConcept | None, known: tuple[Concept, ...], chart: Chart
) -> tuple[Modality, Region, bool] | None:
    """Modality, region and whether both are read from text; None when it is no spine study."""
    if known:
        if all(_SETS.isdisjoint(c.sets) for c in known):
            return None
        name, modality = next((n, m) for n, m in _BY_SET.items() if any(n in c.sets for c in known))
        return modality, region_of(c for c in known if name in c.sets) or Region.unspecified(), False
    words = text_of(concept)
    hints = chart.words
    named = hints.modality(words)
    region = hints.region(words) if named is not None else None
    if named is None or region is None or hints.is_non_spinal(words):
        return None
    return Modality(named), region, True


def studies_from_imaging(studies: Iterable[ImagingStudy], chart: Chart) -> Iterator[Study]:
    for study in studies:
        if not chart.is_about_patient("imaging", study):
            continue
        reference = reference_of(study)
        if study.status in _DROPPED:
            chart.leave_out("imaging", Item("mr", study.status, reference, remark="entered-in-error"))
            continue
        seen = _seen(study, chart)
        if seen is not None:
            modality, region, by_text = seen
            state = _STUDY_STATES.get(study.status or "", StudyState.POSSIBLE)
            yield Study(reference, modality, region, state, _started(study), region_by_text=by_text)


def _seen(study: ImagingStudy, chart: Chart) -> tuple[Modality, Region, bool] | None:
    for procedure in many(study.procedureCode):
        coded = coded_study(procedure, chart.coded(procedure), chart)
        if coded is not None and coded[1].stated and not coded[2]:
            site, by_text = _site(study, chart)
            return (coded[0], site, by_text) if site is not None and not by_text else coded
    modality = _modality(study, chart)
    if modality is None or _is_elsewhere(study, chart):
        return None
    site, by_text = _site(study, chart)
    if site is None:
        site = chart.words.region(study.description)
        by_text = site is not None
    return modality, site or Region.unspecified(), by_text


def _modality(study: ImagingStudy, chart: Chart) -> Modality | None:
    codings = [*codings_of(study.modality), *(s.modality for s in study.series or () if s.modality)]
    named = {chart.terminology.modality(c.system, c.code) for c in codings}
    for modality in (Modality.MR, Modality.CT, Modality.PLAIN_FILM):
        if modality.value in named:
            return modality
    for procedure in many(study.procedureCode):
        coded = coded_study(procedure, chart.concepts(procedure), chart)
        if coded is not None:
            return coded[0]
    return None


def _sites(study: ImagingStudy) -> list[Coding]:
    return [s.bodySite for s in study.series or () if s.bodySite is not None]


def _site(study: ImagingStudy, chart: Chart) -> tuple[Region | None, bool]:
    """Region of the series' body sites, and whether it is read from their displays."""
    sites = _sites(study)
    known = [chart.terminology.lookup(s.system, s.code) for s in sites]
    region = region_of(c for c in known if c is not None)
    if region is not None:
        return region, False
    by_text = [chart.words.region(s.display) for s in sites]
    stated = [r for r in by_text if r is not None]
    return (stated[0], True) if stated else (None, False)


def _is_elsewhere(study: ImagingStudy, chart: Chart) -> bool:
    """Nothing about it is spinal, and something says knee, brain or the like."""
    hints = chart.words
    words = [
        study.description,
        *(s.display for s in _sites(study)),
        *(text_of(p) for p in many(study.procedureCode)),
    ]
    if any(hints.region(text) is not None for text in words):
        return False
    known = [chart.terminology.lookup(s.system, s.code) for s in _sites(study)]
    known += [c for p in many(study.procedureCode) for c in chart.concepts(p)]
    if any(c is not None and ("body-site-non-spinal" in c.sets or _is_other_imaging(c)) for c in known):
        return True
    return any(hints.is_non_spinal(text) for text in words)


def _is_other_imaging(concept: Concept) -> bool:
    return "imaging-mri-sij-pelvis" in concept.sets


def _started(study: ImagingStudy) -> DateRange | None:
    series = (parse_fhir_date(s.started) for s in study.series or ())
    return parse_fhir_date(study.started) or next((d for d in series if d is not None), None)


def studies_from_reports(reports: Iterable[DiagnosticReport], chart: Chart) -> Iterator[Study]:
    for report in reports:
        if not chart.is_about_patient("reports", report):
            continue
        seen = coded_study(report.code, chart.coded(report.code), chart)
        if seen is None:
            continue
        reference = reference_of(report)
        if report.status in _DROPPED:
            chart.leave_out(
                "reports", Item(seen[0].value, seen[1].label, reference, remark="entered-in-error")
            )
            continue
        found = chart.concepts_of(report.conclusionCode)
        yield Study(
            reference=reference,
            modality=seen[0],
            region=seen[1],
            state=_REPORT_STATES.get(report.status or "", StudyState.POSSIBLE),
            date=when(report.effectiveDateTime, report.effectivePeriod) or parse_fhir_date(report.issued),
            region_by_text=seen[2],
            has_coded_finding=any(c.in_set(name) for c in found for name in _CONFIRMING),
        )


def study_from_procedure(procedure: Procedure, known: tuple[Concept, ...], chart: Chart) -> Study | None:
    seen = coded_study(procedure.code, known, chart)
    if seen is None:
        return None
    modality, region, by_text = seen
    if not region.stated:
        region = region_of(chart.concepts_of(procedure.bodySite)) or region
    is_declined = procedure.status == "not-done"
    return Study(
        reference=reference_of(procedure),
        modality=modality,
        region=region,
        state=_PROCEDURE_STATES.get(procedure.status or "", StudyState.POSSIBLE),
        date=when(procedure.performedDateTime, procedure.performedPeriod),
        region_by_text=by_text,
        was_declined=is_declined and procedure.statusReason is not None,
    )


def study_from_request(request: ServiceRequest, known: tuple[Concept, ...], chart: Chart) -> Study | None:
    """A completed order counts as done; one under way says that the study was asked for."""
    state = _REQUEST_STATES.get(request.status or "")
    if state is None or request.doNotPerform:
        return None
    seen = coded_study(request.code, known, chart)
    if seen is None:
        return None
    region = seen[1] if seen[1].stated else region_of(chart.concepts_of(request.bodySite)) or seen[1]
    taken = when(request.occurrenceDateTime, request.occurrencePeriod) or parse_fhir_date(request.authoredOn)
    return Study(reference_of(request), seen[0], region, state, taken, region_by_text=seen[2])


def merged(studies: Iterable[Study]) -> tuple[Study, ...]:
    """The same study recorded twice (a day apart at most, same modality and region) stands once."""
    kept: list[Study] = []
    order = {StudyState.DONE: 0, StudyState.POSSIBLE: 1, StudyState.ORDERED: 2}
    for study in sorted(studies, key=lambda s: (order[s.state], s.region_by_text)):
        twin = next((i for i, other in enumerate(kept) if _is_same(study, other)), None)
        if twin is None:
            kept.append(study)
        elif study.has_coded_finding:
            kept[twin] = replace(kept[twin], has_coded_finding=True)
    return tuple(kept)


def _is_same(study: Study, other: Study) -> bool:
    if study.modality is not other.modality or study.region != other.region:
        return False
    if study.was_declined or other.was_declined or study.state is StudyState.ORDERED:
        return False
    if study.date is None or other.date is None or not (study.date.is_exact and other.date.is_exact):
        return False
    return abs(study.date.first - other.date.first) <= timedelta(days=1)
