"""Patient, encounter, trial participation and pain scores."""

from __future__ import annotations

from typing import Any

from cds_hooks import Reading, Unread
from plugin.domain.dates import parse_fhir_date
from plugin.domain.evidence import Encounter, Patient
from plugin.domain.truth import Truth
from plugin.evidence import views
from plugin.evidence.reading import Chart

_ON_TRIAL = frozenset({"follow-up", "on-study", "on-study-intervention", "on-study-observation"})


def read_patient(reading: Reading[Any] | None, chart: Chart) -> Patient:
    """A definite "not found" from the EHR is no patient; somebody else or anything unread leaves it open."""
    if reading is not None and reading.resources and reading.resources[0].id not in (None, chart.patient_id):
        return Patient()
    if reading is None or not reading.resources:
        missing = reading is not None and reading.unread is Unread.NOT_FOUND
        return Patient(is_found=Truth.FALSE if missing else Truth.UNKNOWN)
    patient: views.Patient = reading.resources[0]
    dead = bool(patient.deceasedBoolean) or patient.deceasedDateTime is not None
    return Patient(Truth.TRUE, Truth.of(dead), parse_fhir_date(patient.birthDate))


def read_encounter(reading: Reading[Any] | None, chart: Chart) -> Encounter:
    """The encounter of the call; another one, or another patient's, says nothing."""
    if reading is None or not reading.resources:
        return Encounter()
    encounter: views.Encounter = reading.resources[0]
    is_other = chart.encounter_id is not None and encounter.id not in (None, chart.encounter_id)
    if is_other or not chart.is_about_patient("encounter", encounter):
        return Encounter()
    coding = encounter.class_
    known = chart.terminology.lookup(coding.system, coding.code) if coding is not None else None
    inpatient = known is not None and known.in_set("encounter-class-inpatient")
    wordings = [chart.wording_of(c) for c in (*views.many(encounter.type), encounter.serviceType)]
    reasons = chart.concepts_of(encounter.reasonCode)
    labour = "labour-delivery" in [reason.get("episode") for reason in reasons]
    labour = labour or any(wording.is_labour for wording in wordings)
    return Encounter(Truth.of(inpatient), Truth.of(labour))


def read_trial(reading: Reading[Any] | None, chart: Chart) -> Truth:
    if reading is None:
        return Truth.UNKNOWN
    own = [s for s in reading.resources if chart.is_patient("researchSubjects", s.individual)]
    if any(subject.status in _ON_TRIAL for subject in own):
        return Truth.TRUE
    return Truth.FALSE if reading.unread is None else Truth.UNKNOWN
