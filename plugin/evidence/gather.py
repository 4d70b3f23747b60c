"""Each part of the record: from the prefetch first, then from the FHIR server, all inside one deadline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from cds_hooks import (
    FhirReader,
    HookRequest,
    PrefetchKey,
    PrefetchState,
    Query,
    Reading,
    Unread,
)
from plugin.domain import check
from plugin.domain.dates import DateRange
from plugin.domain.evidence import Diagnosis, Evidence, Section, Standing, Waiver
from plugin.evidence import views
from plugin.evidence.care import (
    CareFound,
    read_medication_requests,
    read_medication_statements,
    read_procedures,
    read_reports,
    read_requests,
    read_surroundings,
)
from plugin.evidence.conditions import read_diagnoses
from plugin.evidence.drugs import steroid_orders
from plugin.evidence.imaging import merged, studies_from_imaging
from plugin.evidence.injections import pain_scores, read_results, with_relief
from plugin.evidence.orders import OrdersRead
from plugin.evidence.people import read_encounter, read_patient, read_trial
from plugin.evidence.reading import Chart
from plugin.terminology import Terminology


@dataclass(frozen=True, slots=True)
class Source:
    """One prefetch key: what it asks for and how the answer is read."""

    view: type[msgspec.Struct]
    resource_type: str
    template: str
    is_single: bool = False
    needs_encounter: bool = False
    decides: bool = True
    """False: it adjusts how a finding is shown and can never leave a question open."""
    code_set: str | None = None
    """Ask only for codes of this value set."""
    also_in: str | None = None
    """The key that tells the same of an EHR without this resource type."""


_OF_PATIENT = "?patient={{context.patientId}}"
_SOURCES: Mapping[str, Source] = {
    "patient": Source(
        views.Patient, "Patient", "Patient/{{context.patientId}}", is_single=True, decides=False
    ),
    "encounter": Source(
        views.Encounter,
        "Encounter",
        "Encounter/{{context.encounterId}}",
        is_single=True,
        needs_encounter=True,
        decides=False,
    ),
    "conditions": Source(views.Condition, "Condition", f"Condition{_OF_PATIENT}"),
    "procedures": Source(views.Procedure, "Procedure", f"Procedure{_OF_PATIENT}"),
    "serviceRequests": Source(views.ServiceRequest, "ServiceRequest", f"ServiceRequest{_OF_PATIENT}"),
    "reports": Source(views.DiagnosticReport, "DiagnosticReport", f"DiagnosticReport{_OF_PATIENT}"),
    "imaging": Source(views.ImagingStudy, "ImagingStudy", f"ImagingStudy{_OF_PATIENT}", also_in="reports"),
    "medications": Source(views.MedicationRequest, "MedicationRequest", f"MedicationRequest{_OF_PATIENT}"),
    "medicationStatements": Source(
        views.MedicationStatement,
        "MedicationStatement",
        f"MedicationStatement{_OF_PATIENT}",
        also_in="medications",
    ),
    "observations": Source(
        views.Observation, "Observation", f"Observation{_OF_PATIENT}", code_set="obs-pain-score"
    ),
    "researchSubjects": Source(
        views.ResearchSubject, "ResearchSubject", f"ResearchSubject{_OF_PATIENT}", decides=False
    ),
}
_TO_ASK = (PrefetchState.ABSENT, PrefetchState.NULL, PrefetchState.ERROR, PrefetchState.WRONG_TYPE)
_TO_ASK_AGAIN = (Unread.ERROR_IN_PREFETCH, Unread.MALFORMED_ENTRIES, Unread.FEWER_THAN_COUNTED)
"""What was sent and is incomplete, although the server may have all of it."""
_NOT_SENT = (PrefetchState.ABSENT, PrefetchState.NULL)
_CONDITION = re.compile(r"Condition/(?!\.{1,2}\Z)[A-Za-z0-9._-]+", re.ASCII)
"""A reference that may become a path on the FHIR server: nothing in it has a meaning in a URL."""
_MAX_REASONS = 10
"""Reads for reasons that were not sent, in one call; more are left as not found."""
Readings = Mapping[str, Reading[Any]]


class Record:
    """The parts of the record that are read, each by one query.

    The query fills the prefetch key and, where the key is missing, is put to the FHIR server.
    """

    def __init__(self, terminology: Terminology) -> None:
        self.templates: Mapping[str, str] = {
            key: _template(source, terminology) for key, source in _SOURCES.items()
        }
        self.keys: Mapping[str, PrefetchKey] = {
            key: PrefetchKey(source.view, source.resource_type, source.is_single)
            for key, source in _SOURCES.items()
        }

    def read(self, request: HookRequest, server: FhirReader | None, drafts: OrdersRead) -> Readings:
        """One reading per key; what cannot be had says why in `unread`."""
        readings: dict[str, Reading[Any]] = {}
        queries: dict[str, Query] = {}
        for key, source in _SOURCES.items():
            if source.needs_encounter and request.context.encounter_id is None:
                continue
            reading = request.prefetch.read(key, self.keys[key])
            if reading.state in _NOT_SENT and source.resource_type in request.unsupported_types:
                readings[key] = Reading(PrefetchState.ABSENT, unread=Unread.NOT_SUPPORTED)
                continue
            readings[key] = reading
            if server is not None:
                path = self._path(key, request) if _is_to_ask(reading, server) else reading.next_link
                if path:
                    queries[key] = Query(path, source.view, source.resource_type, single=source.is_single)
        if server is None:
            return _refused(readings) if request.fhir_server is not None else readings
        if "conditions" not in queries and readings["conditions"].unread is not Unread.NOT_SUPPORTED:
            queries |= _missing_reasons(readings["conditions"], drafts)
        for key, answer in server.fetch(queries).items() if queries else ():
            if key not in readings:
                readings["conditions"] = _with_reason(readings["conditions"], answer)
            elif not _is_to_ask(readings[key], server):
                readings[key] = readings[key].followed_by(answer)
            else:
                readings[key] = _better(readings[key], answer)
        return readings

    def _path(self, key: str, request: HookRequest) -> str:
        context = request.context
        path = self.templates[key].replace("{{context.patientId}}", context.patient_id)
        return path.replace("{{context.encounterId}}", context.encounter_id or "")


def _is_to_ask(reading: Reading[Any], server: FhirReader) -> bool:
    """Is the query to be put to the server, and not only for the pages that follow?"""
    if reading.unread is Unread.MORE_PAGES:
        return reading.next_link is None or not server.can_follow(reading.next_link)
    return reading.state in _TO_ASK or reading.unread in _TO_ASK_AGAIN


def _better(sent: Reading[Any], answer: Reading[Any]) -> Reading[Any]:
    """What was sent in part stays when the server, asked for all of it, fails or tells less."""
    is_worse = answer.state is PrefetchState.ERROR or len(answer.resources) < len(sent.resources)
    return sent if sent.state is PrefetchState.INCOMPLETE and is_worse else answer


def _refused(readings: Readings) -> Readings:
    """A FHIR server was named that may not be contacted: that is why what was not sent is missing."""
    return {
        key: replace(reading, unread=Unread.BASE_NOT_REGISTERED)
        if reading.unread is Unread.ABSENT
        else reading
        for key, reading in readings.items()
    }


def _template(source: Source, terminology: Terminology) -> str:
    if source.code_set is None:
        return source.template
    codes = sorted(c.code for c in terminology.members(source.code_set))
    codes += (quote(code, safe="") for code in terminology.local_members(source.code_set))
    if terminology.relief_code is not None:
        codes.append(terminology.relief_code[1])
    return f"{source.template}&code={','.join(codes)}"


def _missing_reasons(conditions: Reading[Any], drafts: OrdersRead) -> dict[str, Query]:
    """Reads of the Conditions that orders name as their reason and that were not sent."""
    sent = {f"Condition/{c.id}" for c in (*conditions.resources, *drafts.conditions)}
    named = (r for order in drafts.injections for r in order.reason_references)
    wanted = [r for r in dict.fromkeys(named) if _CONDITION.fullmatch(r) and r not in sent]
    return {
        reference: Query(reference, views.Condition, "Condition", single=True)
        for reference in wanted[:_MAX_REASONS]
    }


def _with_reason(conditions: Reading[Any], reason: Reading[Any]) -> Reading[Any]:
    """The sent Conditions and one read beside them. One that cannot be read stays a reason not found."""
    return replace(conditions, resources=(*conditions.resources, *reason.resources))


def nothing_was_read(readings: Readings) -> bool:
    """No part of the record that decides anything could be had at all."""
    for key, reading in readings.items():
        if _SOURCES[key].decides and (reading.unread is None or reading.resources):
            return False
    return True


def assemble(readings: Readings, drafts: OrdersRead, chart: Chart, encounter_max_age_days: int) -> Evidence:
    """The readings, and what is being ordered alongside, in the words of the clinic."""
    found, reported = CareFound(), CareFound()
    read_procedures(_of(readings, "procedures"), chart, found)
    read_requests(_of(readings, "serviceRequests"), chart, found)
    read_surroundings(drafts.requests, chart, found)
    read_reports(_of(readings, "reports"), found.injections, chart, reported)
    read_medication_requests(_of(readings, "medications"), chart, found)
    read_medication_statements(_of(readings, "medicationStatements"), chart, found)
    conditions = (*_of(readings, "conditions"), *drafts.conditions)
    reasons = frozenset([r for order in drafts.injections for r in order.reason_references])
    diagnoses = _in_time(read_diagnoses(conditions, chart, encounter_max_age_days, reasons), _SINCE)
    imaging = studies_from_imaging(_of(readings, "imaging"), chart)
    results = read_results(_of(readings, "observations"), chart)
    injections = (*found.injections, *reported.injections)
    medication = ("medications", "medicationStatements")
    section = _Sections(readings, chart).of
    studies = [s for told in (imaging, reported.studies, found.studies) for s in _in_time(told, _DATE)]
    return Evidence(
        patient=read_patient(readings.get("patient"), chart),
        encounter=read_encounter(readings.get("encounter"), chart),
        diagnoses=section(diagnoses, "conditions"),
        studies=section(merged(studies), "imaging", "reports", "procedures", "serviceRequests"),
        care=section(_in_time(found.care, _FIRST), "procedures", "serviceRequests", *medication),
        waivers=section((*_by_name(found.waivers), *_declined(diagnoses)), "procedures", "conditions"),
        steroid_orders=section(_by_name(steroid_orders(_of(readings, "medications"), chart)), "medications"),
        injections=section(_in_time(with_relief(injections, results), _DATE), "procedures"),
        operations=section(_in_time(found.operations, _DATE), "procedures"),
        pain_scores=section(pain_scores(results), "observations"),
        in_trial=read_trial(readings.get("researchSubjects"), chart),
    )


def _declined(diagnoses: tuple[Diagnosis, ...]) -> Iterator[Waiver]:
    for diagnosis in diagnoses:
        if diagnosis.standing is not Standing.CURRENT:
            continue
        declined = [c for c in diagnosis.concepts if "dx-refusal-intolerance" in c.sets]
        if declined:
            medication_only = all(c.get("applies-to") == "medication" for c in declined)
            yield Waiver(diagnosis.reference, diagnosis.label, "medication" if medication_only else "any")


def _of(readings: Readings, key: str) -> tuple[Any, ...]:
    reading = readings.get(key)
    return reading.resources if reading is not None else ()


class _Sections:
    """Builds sections, with what of their sources could not be read."""

    def __init__(self, readings: Readings, chart: Chart) -> None:
        self._unread = {
            key: _unread(key, reading, chart)
            for key, reading in readings.items()
            if (reading.unread is not None or chart.foreign) and not _is_told_elsewhere(key, readings)
        }
        self._aside = chart.set_aside

    def of(self, entries: tuple[Any, ...], *keys: str) -> Section[Any]:
        unread: tuple[check.Unread, ...] = ()
        aside: list[check.Item] = []
        for key in keys:
            unread += self._unread.get(key, ())
            aside += self._aside.get(key, ())
        return Section(entries, unread, _in_time(aside, _WHEN))


class _Charted(Protocol):
    @property
    def reference(self) -> str: ...


E = TypeVar("E", bound=_Charted)


def _by_name(entries: Sequence[E]) -> tuple[E, ...]:
    return tuple(sorted(entries, key=_REFERENCE)) if len(entries) > 1 else tuple(entries)


def _in_time(entries: Sequence[E], day_of: Callable[[E], DateRange | None]) -> tuple[E, ...]:
    """The earliest first, then by reference: servers need not send entries in any order, nor in one twice."""
    if len(entries) < 2:
        return tuple(entries)

    def place(entry: E) -> tuple[date, str]:
        day = day_of(entry)
        return day.first if day else date.max, entry.reference

    return tuple(sorted(entries, key=place))


_SINCE, _DATE, _FIRST = attrgetter("since"), attrgetter("date"), attrgetter("first")
_WHEN, _REFERENCE = attrgetter("when"), attrgetter("reference")


def _is_told_elsewhere(key: str, readings: Readings) -> bool:
    """Does the EHR lack this resource type, yet not the one that tells the same?"""
    other = readings.get(_SOURCES[key].also_in or "")
    return (
        readings[key].unread is Unread.NOT_SUPPORTED
        and other is not None
        and other.unread is not Unread.NOT_SUPPORTED
    )


def _unread(key: str, reading: Reading[Any], chart: Chart) -> tuple[check.Unread, ...]:
    """Entries that are unreadable or another patient's leave a section incomplete, like a failed search."""
    foreign = chart.foreign_entries(key)
    if reading.unread is None:
        return foreign
    return (check.Unread(key, reading.unread.value, reading.malformed), *foreign)
