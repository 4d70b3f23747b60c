"""From imaging studies, reports, procedures and orders to studies of the spine."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.domain.evidence import Modality, Section, Study, StudyState
from plugin.domain.regions import Region
from tests.builders import CERVICAL, CPT, LOINC, LUMBAR, UNSPECIFIED, Json, coded, on, read, resource

DCM = "http://dicom.nema.org/resources/ontology/DCM"
DONE, POSSIBLE, ORDERED = StudyState.DONE, StudyState.POSSIBLE, StudyState.ORDERED
LUMBAR_MRI, CERVICAL_MRI, LUMBAR_CT = "72148", "72141", "72131"
EMG, PELVIC_MRI = "95886", "72195"


def mr_study(**elements: Any) -> Json:
    body = {
        "status": "available",
        "started": "2026-07-10",
        "modality": [{"system": DCM, "code": "MR"}],
        "procedureCode": [coded(LUMBAR_MRI)],
    }
    return resource("ImagingStudy", **(body | elements))


def report(code: str | None = LUMBAR_MRI, /, **elements: Any) -> Json:
    body = {"status": "final", "effectiveDateTime": "2026-07-10"}
    return resource("DiagnosticReport", code, **(body | elements))


def procedure(code: str | None = LUMBAR_MRI, /, **elements: Any) -> Json:
    body = {"status": "completed", "performedDateTime": "2026-07-10"}
    return resource("Procedure", code, **(body | elements))


def request(code: str | None = LUMBAR_MRI, /, **elements: Any) -> Json:
    body = {"status": "active", "intent": "order", "authoredOn": "2026-07-01"}
    return resource("ServiceRequest", code, **(body | elements))


def found(**record: Any) -> Section[Study]:
    return read(**record).studies


def only(**record: Any) -> Study:
    studies = found(**record).entries
    assert len(studies) == 1
    return studies[0]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("available", DONE),
        ("registered", ORDERED),
        ("unknown", POSSIBLE),
        ("inactive", POSSIBLE),
        (None, POSSIBLE),
        ("cancelled", None),
        ("entered-in-error", None),
    ],
)
def test_status_of_an_imaging_study(status: str | None, state: StudyState | None) -> None:
    studies = found(imaging=[mr_study(status=status)]).entries

    assert [s.state for s in studies] == ([state] if state else [])


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("final", DONE),
        ("amended", DONE),
        ("corrected", DONE),
        ("appended", DONE),
        ("preliminary", POSSIBLE),
        ("partial", POSSIBLE),
        ("registered", POSSIBLE),
        ("unknown", POSSIBLE),
        (None, POSSIBLE),
        ("cancelled", None),
        ("entered-in-error", None),
    ],
)
def test_status_of_a_report(status: str | None, state: StudyState | None) -> None:
    studies = found(reports=[report(status=status)]).entries

    assert [s.state for s in studies] == ([state] if state else [])


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("completed", DONE),
        ("in-progress", POSSIBLE),
        ("preparation", POSSIBLE),
        ("on-hold", POSSIBLE),
        ("unknown", POSSIBLE),
        (None, POSSIBLE),
        ("not-done", None),
        ("entered-in-error", None),
    ],
)
def test_status_of_an_imaging_procedure(status: str | None, state: StudyState | None) -> None:
    studies = found(procedures=[procedure(status=status)]).entries

    assert [s.state for s in studies] == ([state] if state else [])


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("active", ORDERED),
        ("draft", ORDERED),
        ("on-hold", ORDERED),
        ("completed", DONE),
        ("revoked", None),
        ("entered-in-error", None),
        ("unknown", None),
        (None, None),
    ],
)
def test_status_of_an_imaging_order(status: str | None, state: StudyState | None) -> None:
    studies = found(serviceRequests=[request(status=status)]).entries

    assert [s.state for s in studies] == ([state] if state else [])


def test_imaging_that_must_not_be_performed_was_not_ordered() -> None:
    assert found(serviceRequests=[request(doNotPerform=True)]).entries == ()


def test_an_mri_not_done_for_a_reason_was_declined() -> None:
    why = {"text": "Claustrophobia"}

    assert only(procedures=[procedure(status="not-done", statusReason=why)]).was_declined


@pytest.mark.parametrize(
    ("code", "modality", "region"),
    [
        (LUMBAR_MRI, Modality.MR, LUMBAR),
        (CERVICAL_MRI, Modality.MR, CERVICAL),
        ("36067-7", Modality.MR, UNSPECIFIED),
        ("38061-8", Modality.MR, Region.everywhere()),
        ("42698-1", Modality.MR, Region.of("cervical", "thoracic", "lumbar")),
        ("36059-4", Modality.MR, Region.of("sacral")),
        (LUMBAR_CT, Modality.CT, LUMBAR),
        ("24965-6", Modality.CT_MYELOGRAM, LUMBAR),
        (EMG, Modality.NERVE_TEST, UNSPECIFIED),
    ],
)
def test_a_reports_code_says_modality_and_region(code: str, modality: Modality, region: Region) -> None:
    read_study = only(reports=[report(code)])

    assert (read_study.modality, read_study.region, read_study.region_by_text) == (
        modality,
        region,
        False,
    )


@pytest.mark.parametrize("code", [PELVIC_MRI, "36031-3", "97110"])
def test_other_imaging_and_other_codes_are_no_study_of_the_spine(code: str) -> None:
    assert found(reports=[report(code)]).entries == ()
    assert found(procedures=[procedure(code)]).entries == ()


@pytest.mark.parametrize(
    ("text", "modality", "region"),
    [
        ("MRI lumbar spine without contrast", Modality.MR, LUMBAR),
        ("MR C-spine", Modality.MR, CERVICAL),
        ("CT L-spine", Modality.CT, LUMBAR),
        ("X-ray lumbar spine", Modality.PLAIN_FILM, LUMBAR),
    ],
)
def test_a_report_in_words_only_is_read_as_by_text(text: str, modality: Modality, region: Region) -> None:
    read_study = only(reports=[report(None, code={"text": text})])

    assert (read_study.modality, read_study.region, read_study.region_by_text) == (
        modality,
        region,
        True,
    )


@pytest.mark.parametrize(
    "text", ["MRI knee", "MRI brain", "Lumbar spine", "MRI", "Lumbar puncture", "CT-guided biopsy"]
)
def test_words_that_name_no_spine_study_are_none(text: str) -> None:
    assert found(reports=[report(None, code={"text": text})]).entries == ()


def test_words_beside_an_unknown_code_are_read() -> None:
    code = coded("LOCAL-7", LOINC, "MRI lumbar spine")

    assert only(reports=[report(None, code=code)]).region_by_text


@pytest.mark.parametrize(
    "modality",
    [
        [{"system": DCM, "code": "MR"}],
        {"system": DCM, "code": "MR"},
        [{"code": "MR"}],
        [{"system": "urn:oid:1.2.840.10008.2.16.4", "code": "mr"}],
        None,
    ],
)
def test_the_modality_is_read_in_its_several_shapes(modality: Any) -> None:
    assert only(imaging=[mr_study(modality=modality)]).modality is Modality.MR


def test_the_modality_of_a_series_will_do() -> None:
    series = [{"modality": {"system": DCM, "code": "MR"}, "bodySite": coded("122496007")["coding"][0]}]

    read_study = only(imaging=[mr_study(modality=None, procedureCode=None, series=series)])

    assert (read_study.modality, read_study.region) == (Modality.MR, LUMBAR)


@pytest.mark.parametrize(
    ("elements", "region", "by_text"),
    [
        ({}, LUMBAR, False),
        ({"procedureCode": None, "description": "MRI L-spine"}, LUMBAR, True),
        ({"procedureCode": None, "description": "MRI"}, UNSPECIFIED, False),
        ({"procedureCode": None}, UNSPECIFIED, False),
        ({"series": [{"bodySite": coded("122494005")["coding"][0]}]}, CERVICAL, False),
        (
            {"procedureCode": None, "series": [{"bodySite": {"display": "Lumbar spine"}}]},
            LUMBAR,
            True,
        ),
        (
            {
                "procedureCode": None,
                "description": "MRI L-spine",
                "series": [{"bodySite": coded("122494005")["coding"][0]}],
            },
            CERVICAL,
            False,
        ),
    ],
)
def test_the_region_is_read_from_body_site_before_code_before_description(
    elements: Json, region: Region, by_text: bool
) -> None:
    read_study = only(imaging=[mr_study(**elements)])

    assert (read_study.region, read_study.region_by_text) == (region, by_text)


@pytest.mark.parametrize(
    "elements",
    [
        {"procedureCode": None, "description": "MRI knee left"},
        {"procedureCode": [coded(PELVIC_MRI)]},
        {"procedureCode": None, "series": [{"bodySite": coded("72696002")["coding"][0]}]},
    ],
)
def test_a_study_of_another_part_of_the_body_is_none_of_the_spine(elements: Json) -> None:
    assert found(imaging=[mr_study(**elements)]).entries == ()


@pytest.mark.parametrize(
    ("elements", "when"),
    [
        ({"started": "2026-07-10T14:00:00-05:00"}, "2026-07-10"),
        ({"started": None, "series": [{"started": "2026-07-11"}]}, "2026-07-11"),
        ({"started": "2026-07"}, "2026-07"),
        ({"started": "soon"}, None),
        ({"started": None}, None),
    ],
)
def test_the_date_of_a_study(elements: Json, when: str | None) -> None:
    assert only(imaging=[mr_study(**elements)]).date == (on(when) if when else None)


@pytest.mark.parametrize(
    ("elements", "when"),
    [
        ({"effectivePeriod": {"start": "2026-07-10"}, "effectiveDateTime": None}, "2026-07-10"),
        ({"effectiveDateTime": None, "issued": "2026-07-12T08:00:00Z"}, "2026-07-12"),
        ({"issued": "2026-07-12T08:00:00Z"}, "2026-07-10"),
    ],
)
def test_a_report_is_dated_by_the_examination_before_its_issue(elements: Json, when: str) -> None:
    assert only(reports=[report(**elements)]).date == on(when)


@pytest.mark.parametrize(
    ("code", "confirms"),
    [("M51.26", True), ("M48.061", True), ("M54.16", True), ("M54.50", False), ("E11.9", False)],
)
def test_a_conclusion_in_codes_is_a_coded_finding(code: str, confirms: bool) -> None:
    assert only(reports=[report(conclusionCode=[coded(code)])]).has_coded_finding is confirms


@pytest.mark.parametrize(
    ("reported", "count"), [("2026-07-09", 1), ("2026-07-10", 1), ("2026-07-11", 1), ("2026-07-12", 2)]
)
def test_the_same_study_recorded_a_day_apart_stands_once(reported: str, count: int) -> None:
    studies = found(imaging=[mr_study()], reports=[report(effectiveDateTime=reported)]).entries

    assert len(studies) == count


def test_a_record_that_stood_for_another_draws_no_third_one_in() -> None:
    days = ("2026-07-10", "2026-07-11", "2026-07-12", "2026-07-13")
    reports = [report(id=day, effectiveDateTime=day) for day in days]

    studies = found(reports=reports).entries

    assert [study.reference for study in studies] == [
        "DiagnosticReport/2026-07-10",
        "DiagnosticReport/2026-07-12",
    ]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_study_on_the_first_or_last_day_of_the_calendar_is_held_against_others(day: str) -> None:
    reports = [report(id=name, effectiveDateTime=day) for name in ("one", "other")]

    assert len(found(reports=reports).entries) == 1


def test_of_two_records_of_a_study_the_finished_one_stands_with_its_finding() -> None:
    preliminary = report(id="early", status="preliminary")
    final = report(id="late", conclusionCode=[coded("M51.26")])

    studies = found(imaging=[mr_study()], reports=[preliminary, final]).entries

    assert [(s.state, s.has_coded_finding) for s in studies] == [(DONE, True)]


@pytest.mark.parametrize(
    "other",
    [
        report(CERVICAL_MRI),
        report(LUMBAR_CT),
        report(effectiveDateTime="2026-07"),
        report(effectiveDateTime=None),
    ],
)
def test_studies_that_differ_in_region_kind_or_date_stand_apart(other: Json) -> None:
    assert len(found(imaging=[mr_study()], reports=[other]).entries) == 2


def test_an_order_beside_its_result_stays_an_order() -> None:
    studies = found(imaging=[mr_study()], serviceRequests=[request(authoredOn="2026-07-10")]).entries

    assert sorted(s.state for s in studies) == [DONE, ORDERED]


@pytest.mark.parametrize(
    ("key", "entry"),
    [
        ("imaging", mr_study()),
        ("reports", report()),
        ("procedures", procedure()),
        ("serviceRequests", request()),
    ],
)
def test_another_patients_study_is_left_out_and_leaves_the_section_incomplete(key: str, entry: Json) -> None:
    foreign = {**entry, "subject": {"reference": "Patient/other"}}

    studies = found(**{key: [foreign]})

    assert studies.entries == ()
    assert [(u.source, u.count) for u in studies.unread] == [(key, 1)]


def test_the_body_site_of_a_procedure_states_the_region_its_code_leaves_open() -> None:
    assert only(procedures=[procedure("36067-7", bodySite=[coded("122496007")])]).region == LUMBAR


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("imaging", "ImagingStudy"),
        ("reports", "DiagnosticReport"),
        ("procedures", "Procedure"),
        ("serviceRequests", "ServiceRequest"),
    ],
)
def test_a_resource_without_any_element_is_no_study(key: str, kind: str) -> None:
    studies = found(**{key: [{"resourceType": kind}]})

    assert (studies.entries, studies.unread) == ((), ())


def test_a_resource_that_cannot_be_read_leaves_the_section_incomplete() -> None:
    studies = found(reports=[report(), report(id="odd", status=["final"])])

    assert len(studies.entries) == 1
    assert [(u.source, u.why, u.count) for u in studies.unread] == [("reports", "malformed-entries", 1)]


def test_a_procedure_code_with_a_modifier_is_known() -> None:
    assert only(reports=[report(None, code=coded("72148-26", CPT))]).region == LUMBAR
