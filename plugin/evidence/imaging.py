"""Imaging studies and nerve tests, from wherever they were recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from plugin.domain.check import Item
from plugin.domain.codes import Concept
from plugin.domain.dates import DateRange, parse_fhir_date
from plugin.domain.evidence import Modality, Study, StudyState
from plugin.domain.regions import Region
from plugin.evidence.reading import Chart, any_in, codings_of, first_region, reference_of, region_of, when
from plugin.evidence.views import (
    CodeableConcept,
    DiagnosticReport,
    ImagingStudy,
    OneOrMany,
    Procedure,
    ServiceRequest,
    many,
)
from plugin.terminology.text_hints import Wording


class Seen(NamedTuple):
    """What a study shows: how, and where."""

    modality: Modality
    region: Region
    by_text: bool = False
    """Are both, or is the region alone, read from text?"""


_BY_SET = {
    "imaging-mri-spine": Modality.MR,
    "imaging-ct-myelogram": Modality.CT_MYELOGRAM,
    "imaging-ct-spine": Modality.CT,
    "test-emg-ncs": Modality.NERVE_TEST,
}
STUDY_SETS = frozenset(_BY_SET)
_BY_NAME = {m.value: m for m in (Modality.MR, Modality.CT, Modality.PLAIN_FILM)}
"""The modalities of an imaging study, the most telling first."""
_CONFIRMING = frozenset({"dx-disc-structural", "dx-stenosis-structural", "dx-radicular"})
_ELSEWHERE = frozenset({"body-site-non-spinal", "imaging-mri-sij-pelvis"})
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
_CERTAINTY = {StudyState.DONE: 0, StudyState.POSSIBLE: 1, StudyState.ORDERED: 2}


def coded_study(known: Sequence[Concept]) -> Seen | None:
    """The spine study that one of the codes names."""
    if not any_in(known, STUDY_SETS):
        return None
    name, modality = next((n, m) for n, m in _BY_SET.items() if any(n in c.sets for c in known))
    return Seen(modality, region_of([c for c in known if name in c.sets]) or Region.unspecified())


def worded_study(wording: Wording) -> Seen | None:
    """The study of the spine that a text names."""
    if wording.modality is None or wording.region is None or wording.is_non_spinal:
        return None
    return Seen(Modality(wording.modality), wording.region, by_text=True)


def _coded_or_worded(concept: CodeableConcept | None, known: Sequence[Concept], chart: Chart) -> Seen | None:
    """By code, or by text where no value set knows a code of it; None when it is no spine study."""
    return coded_study(known) if known else worded_study(chart.wording_of(concept))


def studies_from_imaging(studies: Sequence[ImagingStudy], chart: Chart) -> list[Study]:
    found: list[Study] = []
    for study in chart.about_patient("imaging", studies):
        if study.status in _DROPPED:
            left_out = Item("mr", study.status, reference_of(study), remark="entered-in-error")
            chart.leave_out("imaging", left_out)
            continue
        seen = _seen(study, chart)
        if seen is not None:
            state = _STUDY_STATES.get(study.status or "", StudyState.POSSIBLE)
            found.append(
                Study(
                    reference=reference_of(study),
                    modality=seen.modality,
                    region=seen.region,
                    state=state,
                    date=_started(study),
                    region_by_text=seen.by_text,
                )
            )
    return found


def _seen(study: ImagingStudy, chart: Chart) -> Seen | None:
    procedures = many(study.procedureCode)
    sites = [s.bodySite for s in study.series or () if s.bodySite is not None]
    coded_sites = chart.known(sites)
    for procedure in procedures:
        known = chart.coded(procedure)
        coded = coded_study(known) if known else None
        if coded is not None and coded.region.stated:
            return Seen(coded.modality, region_of(coded_sites) or coded.region)
    modality = _modality(study, procedures, chart)
    if modality is None:
        return None
    placing = [*[chart.wording(site.display) for site in sites], chart.wording(study.description)]
    wordings = [*placing, *[chart.wording_of(procedure) for procedure in procedures]]
    coded_places = (*coded_sites, *chart.concepts_of(study.procedureCode))
    if _is_elsewhere(wordings, coded_places):
        return None
    region = region_of(coded_sites)
    if region is not None:
        return Seen(modality, region)
    region = first_region(placing)
    return Seen(modality, region or Region.unspecified(), by_text=region is not None)


def _modality(study: ImagingStudy, procedures: Sequence[CodeableConcept], chart: Chart) -> Modality | None:
    codings = [*codings_of(study.modality), *[s.modality for s in study.series or () if s.modality]]
    modalities = chart.terminology.modalities
    named = {modalities[coding.system, coding.code] for coding in codings}
    for name, modality in _BY_NAME.items():
        if name in named:
            return modality
    for procedure in procedures:
        coded = _coded_or_worded(procedure, chart.concepts(procedure), chart)
        if coded is not None:
            return coded.modality
    return None


def _is_elsewhere(wordings: Sequence[Wording], coded: Sequence[Concept]) -> bool:
    """Nothing about it is spinal, and something says knee, brain or the like."""
    if first_region(wordings) is not None:
        return False
    return any_in(coded, _ELSEWHERE) or any(wording.is_non_spinal for wording in wordings)


def _started(study: ImagingStudy) -> DateRange | None:
    for moment in (study.started, *[s.started for s in study.series or ()]):
        day = parse_fhir_date(moment)
        if day is not None:
            return day
    return None


def study_from_report(report: DiagnosticReport, known: Sequence[Concept], chart: Chart) -> Study | None:
    seen = _coded_or_worded(report.code, known, chart)
    if seen is None:
        return None
    if report.status in _DROPPED:
        words = (seen.modality.value, seen.region.label, reference_of(report))
        chart.leave_out("reports", Item(*words, remark="entered-in-error"))
        return None
    found = chart.concepts_of(report.conclusionCode)
    return Study(
        reference=reference_of(report),
        modality=seen.modality,
        region=seen.region,
        state=_REPORT_STATES.get(report.status or "", StudyState.POSSIBLE),
        date=when(report.effectiveDateTime, report.effectivePeriod) or parse_fhir_date(report.issued),
        region_by_text=seen.by_text,
        has_coded_finding=any_in(found, _CONFIRMING),
    )


def study_from_procedure(procedure: Procedure, known: Sequence[Concept], chart: Chart) -> Study | None:
    """None too for one that was not done, unless the chart says why."""
    seen = _coded_or_worded(procedure.code, known, chart)
    if seen is None:
        return None
    is_not_done = procedure.status == "not-done"
    if is_not_done and procedure.statusReason is None:
        return None
    return Study(
        reference=reference_of(procedure),
        modality=seen.modality,
        region=_narrowed(seen.region, procedure.bodySite, chart),
        state=_PROCEDURE_STATES.get(procedure.status or "", StudyState.POSSIBLE),
        date=when(procedure.performedDateTime, procedure.performedPeriod),
        region_by_text=seen.by_text,
        was_declined=is_not_done,
    )


def study_from_request(request: ServiceRequest, known: Sequence[Concept], chart: Chart) -> Study | None:
    """A completed order counts as done; one under way says that the study was asked for."""
    state = _REQUEST_STATES.get(request.status or "")
    if state is None or request.doNotPerform:
        return None
    seen = _coded_or_worded(request.code, known, chart)
    if seen is None:
        return None
    return Study(
        reference=reference_of(request),
        modality=seen.modality,
        region=_narrowed(seen.region, request.bodySite, chart),
        state=state,
        date=when(request.occurrenceDateTime, request.occurrencePeriod)
        or parse_fhir_date(request.authoredOn),
        region_by_text=seen.by_text,
    )


def _narrowed(region: Region, sites: OneOrMany, chart: Chart) -> Region:
    """The region that the study's own code states, else that of its body site."""
    return region if region.stated else region_of(chart.concepts_of(sites)) or region


def merged(studies: Iterable[Study]) -> tuple[Study, ...]:
    """The same study recorded twice (a day apart at most, same modality and region) stands once."""
    kept: list[Study] = []
    # Where among the kept a study of this kind and day stands.
    places: dict[tuple[Modality, Region, int], int] = {}
    for study in sorted(studies, key=lambda s: (_CERTAINTY[s.state], s.region_by_text)):
        same = [(study.modality, study.region, day) for day in _days_around(study)]
        twins = [places[key] for key in same if key in places]
        if twins:
            if study.has_coded_finding:
                kept[min(twins)] = replace(kept[min(twins)], has_coded_finding=True)
            continue
        if same:
            places[same[0]] = len(kept)
        kept.append(study)
    return tuple(kept)


def _days_around(study: Study) -> tuple[int, ...]:
    """The study's day, and the days on which it may stand a second time; none where that cannot be told."""
    if study.was_declined or study.state is StudyState.ORDERED:
        return ()
    if study.date is None or not study.date.is_exact:
        return ()
    day = study.date.first.toordinal()
    return day, day - 1, day + 1
