"""Injections on record, as an EHR charts them, and the relief that its scores and words tell of."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from plugin.domain.evidence import Evidence
from plugin.domain.families import Family, Purpose
from plugin.domain.injections import Injection, Verdict
from plugin.evidence.gather import Record
from plugin.terminology import Terminology, load_terminology
from tests.builders import CPT, LOINC, Json, coded, on, read, resource, terminology

SITE, RELIEF = "https://ehr.example.org/codes", "RELIEF"
DAY = "2026-09-01"
SUCCESS, PARTLY, FAILURE = "385669000", "385670004", "385671000"


@cache
def with_relief_code() -> Terminology:
    return load_terminology(relief_code=(SITE, RELIEF))


def block(number: int = 1, /, **elements: Any) -> Json:
    """A lumbar facet injection or medial branch block."""
    body = {"id": f"block-{number}", "status": "completed", "performedDateTime": DAY}
    return resource("Procedure", "64493", **(body | elements))


def score(value: float, taken: str = DAY, code: str = "72514-3", **elements: Any) -> Json:
    body = {
        "status": "final",
        "code": coded(code, LOINC),
        "effectiveDateTime": taken,
        "valueQuantity": {"value": value},
    }
    return resource("Observation", **(body | {"id": f"score-{taken}-{value}"} | elements))


def percent(value: float, taken: str = DAY, **elements: Any) -> Json:
    body = {
        "status": "final",
        "code": coded(RELIEF, SITE),
        "effectiveDateTime": taken,
        "valueQuantity": {"value": value, "unit": "%", "code": "%"},
    }
    return resource("Observation", **(body | elements))


def about(number: int = 1, how: str = "partOf") -> Json:
    return {how: [{"reference": f"Procedure/block-{number}"}]}


def only(**record: Any) -> Injection:
    (found,) = evidence(**record).injections.entries
    return found


def evidence(**record: Any) -> Evidence:
    return read(with_relief_code(), **record)


def relief(procedure: Json, *observations: Json) -> tuple[float | None, float | None]:
    """The lowest and the highest percentage."""
    found = only(procedures=[procedure], observations=observations).relief
    return found.percent, found.highest_percent


def at(hour: str, day: str = DAY) -> str:
    return f"{day}T{hour}:00-04:00"


def test_family_region_date_and_purpose_are_read_from_the_procedure() -> None:
    found = only(procedures=[block(code=coded("64493", text="Medial branch block"))])

    assert (found.family, found.purpose) == (Family.FACET_INJECTION, Purpose.DIAGNOSTIC)
    assert found.region.atoms == {"lumbar", "sacral"}
    assert found.date == on(DAY)
    assert (found.is_certain, found.is_intra_articular, found.sides) == (True, False, frozenset())


@pytest.mark.parametrize(
    ("text", "purpose", "in_joint"),
    [
        ("Lumbar facet joint or medial branch injection", Purpose.UNDETERMINED, False),
        ("Medial branch or facet joint injection", Purpose.UNDETERMINED, False),
        ("Lumbar facet joint injection", Purpose.UNDETERMINED, False),
        ("L4/5 intra-articular facet injection", Purpose.THERAPEUTIC, True),
        ("Facet joint steroid injection", Purpose.THERAPEUTIC, True),
        ("Diagnostic MBB L4 L5", Purpose.DIAGNOSTIC, False),
        ("Diagnostic intra-articular block", Purpose.UNDETERMINED, True),
        (None, Purpose.UNDETERMINED, False),
    ],
)
def test_the_text_tells_what_it_was_for(text: str | None, purpose: Purpose, in_joint: bool) -> None:
    found = only(procedures=[block(code=coded("64493", text=text))])

    assert (found.purpose, found.is_intra_articular) == (purpose, in_joint)


def test_modifiers_tell_purpose_and_side() -> None:
    modifiers = [
        {"system": CPT, "code": "64493-RT"},
        {"code": "KX", "system": "urn:oid:2.16.840.1.113883.6.285"},
    ]

    found = only(procedures=[block(code={"coding": modifiers})])

    assert (found.purpose, found.sides) == (Purpose.DIAGNOSTIC, {"right"})


@pytest.mark.parametrize(("status", "certain"), [("completed", True), ("unknown", False), (None, False)])
def test_only_what_is_charted_as_completed_is_certain(status: str | None, certain: bool) -> None:
    assert only(procedures=[block(status=status)]).is_certain is certain


@pytest.mark.parametrize(
    "status", ["preparation", "in-progress", "not-done", "on-hold", "stopped", "entered-in-error"]
)
def test_what_did_not_take_place_is_no_injection(status: str) -> None:
    assert evidence(procedures=[block(status=status)]).injections.entries == ()


def test_an_injection_of_another_patient_is_none_and_leaves_the_record_incomplete() -> None:
    found = evidence(procedures=[block(subject={"reference": "Patient/somebody-else"})]).injections

    assert found.entries == ()
    assert [u.source for u in found.unread] == ["procedures"]


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(SUCCESS, Verdict.SUCCESSFUL), (PARTLY, Verdict.PARTIAL), (FAILURE, Verdict.UNSUCCESSFUL)],
)
def test_the_outcome_of_the_procedure_is_a_verdict_without_a_number(code: str, verdict: Verdict) -> None:
    found = only(procedures=[block(outcome=coded(code))]).relief

    assert (found.percent, found.verdict) == (None, verdict)


def test_an_outcome_in_words_or_of_another_code_is_none() -> None:
    words = only(procedures=[block(outcome={"text": "Successful"})]).relief
    other = only(procedures=[block(outcome=coded("M54.16"))]).relief

    assert not words.is_recorded
    assert not other.is_recorded


def test_two_outcomes_that_differ_contradict_each_other() -> None:
    both = {"coding": [*coded(SUCCESS)["coding"], *coded(FAILURE)["coding"]]}

    assert only(procedures=[block(outcome=both)]).relief.is_contradictory


@pytest.mark.parametrize("how", ["partOf", "focus"])
def test_a_percentage_that_names_the_procedure_is_its_relief_whenever_it_was_taken(how: str) -> None:
    assert relief(block(), percent(85, taken="2026-09-20", **about(1, how))) == (85, 85)
    assert relief(block(), percent(85, **about(2, how))) == (None, None)


@pytest.mark.parametrize(
    ("day", "found"),
    [("2026-08-31", 85), (DAY, 85), ("2026-09-02", 85), ("2026-09-03", None), ("2026-09", None)],
)
def test_a_percentage_that_names_nothing_belongs_to_the_injection_of_its_day(
    day: str, found: float | None
) -> None:
    assert relief(block(), percent(85, taken=day))[0] == found


@pytest.mark.parametrize("day", [None, "2026-09"])
def test_an_injection_without_an_exact_date_has_only_what_names_it(day: str | None) -> None:
    procedure = block(performedDateTime=day)

    assert relief(procedure, percent(85)) == (None, None)
    assert relief(procedure, percent(85, **about())) == (85, 85)


def test_a_percentage_under_a_code_that_is_not_the_sites_is_none() -> None:
    other = percent(85, code=coded("RELIEF-2", SITE))
    elsewhere = percent(85, code=coded(RELIEF, "https://other.example.org"))

    assert relief(block(), other, elsewhere) == (None, None)
    assert not read(procedures=[block()], observations=[percent(85)]).injections.entries[0].relief.is_recorded


@pytest.mark.parametrize(
    "quantity",
    [
        {"value": 101, "code": "%"},
        {"value": -1, "code": "%"},
        {"value": 8.5, "code": "{score}"},
        {"unit": "%"},
    ],
)
def test_a_value_that_is_no_percentage_is_none(quantity: Json) -> None:
    assert relief(block(), percent(85, valueQuantity=quantity)) == (None, None)


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_a_measure_that_was_taken_back_is_none(status: str) -> None:
    assert relief(block(), percent(85, status=status)) == (None, None)


def test_measures_of_another_patient_are_none_and_leave_the_results_incomplete() -> None:
    found = evidence(
        procedures=[block()], observations=[percent(85, subject={"reference": "Patient/somebody-else"})]
    )

    assert not found.injections.entries[0].relief.is_recorded
    assert [u.source for u in found.pain_scores.unread] == ["observations"]


def test_scores_of_the_day_are_before_and_after_by_their_times() -> None:
    assert relief(block(), score(8, at("08:30")), score(1.2, at("10:15"))) == (85, 85)
    assert relief(block(), score(1.2, at("10:15")), score(8, at("08:30"))) == (85, 85)


def test_the_lowest_score_after_counts() -> None:
    scores = (score(8, at("08:30")), score(4, at("10:00")), score(2, at("11:00")), score(6, at("16:00")))

    assert relief(block(), *scores)[0] == 75


def test_the_last_score_before_counts() -> None:
    scores = (score(10, "2026-08-31"), score(8, at("08:30")), score(2, at("11:00")))

    assert relief(block(), *scores)[0] == 75


def test_times_are_compared_across_zones() -> None:
    before, after = score(8, "2026-09-01T08:30:00-04:00"), score(2, "2026-09-01T13:00:00Z")

    assert relief(block(), after, before)[0] == 75


def test_the_time_of_the_procedure_parts_the_scores() -> None:
    two_before = (score(8, at("08:30")), score(6, at("09:00")))

    assert relief(block(performedDateTime=at("09:30")), *two_before) == (None, None)
    assert relief(block(performedDateTime=at("09:30")), *two_before, score(3, at("10:00")))[0] == 50
    assert relief(block(performedDateTime=at("08:45")), *two_before)[0] == 25
    period = {"start": at("08:45"), "end": at("08:55")}
    assert relief(block(performedDateTime=None, performedPeriod=period), *two_before)[0] == 25


def test_scores_of_the_days_beside_are_before_and_after() -> None:
    assert relief(block(), score(8, "2026-08-31"), score(2, "2026-09-02"))[0] == 75


@pytest.mark.parametrize(
    "scores",
    [
        (score(8),),
        (score(8, at("08:30")),),
        (score(8), score(2)),
        (score(8, at("08:30")), score(2)),
        (score(8, "2026-08-31"), score(2, at("10:00"))),
        (score(8, at("08:30")), score(2, "2026-09-02")),
        (score(0, at("08:30")), score(0, at("10:00"))),
        (score(8, at("08:30")), score(2, "2026-09-09")),
        (score(8, "2026-09-02"), score(2, "2026-09-02")),
        (score(8, "2026-09-01T08:30:00"), score(2, "2026-09-01T10:00:00")),
        (score(8, "2026-09-01T99:99:00Z"), score(2, at("10:00"))),
    ],
)
def test_without_a_score_before_and_one_after_there_is_no_relief(scores: tuple[Json, ...]) -> None:
    assert relief(block(), *scores) == (None, None)


def test_more_pain_than_before_is_no_relief() -> None:
    assert relief(block(), score(4, at("08:30")), score(6, at("10:00"))) == (0, 0)


def test_scores_on_two_scales_are_not_mixed() -> None:
    visual = (score(70, at("08:30"), "38214-3"), score(7, at("10:00"), "38214-3"))

    assert relief(block(), *visual)[0] == 90
    assert relief(block(), visual[0], score(1, at("10:00"))) == (None, None)
    assert relief(block(), score(3, at("08:30"), "77565-0"), score(1, at("10:00"), "77565-0")) == (None, None)


def test_scores_that_name_the_procedure_leave_out_those_that_name_another() -> None:
    own = (score(8, at("08:30"), **about()), score(2, at("10:00"), **about()))
    others = (score(9, at("09:00"), **about(2)), score(0, at("10:30"), **about(2)))

    assert relief(block(), *own, *others)[0] == 75


def test_measures_that_differ_are_kept_apart() -> None:
    measures = (percent(60, id="a"), percent(90, id="b"))

    assert relief(block(), *measures) == (60, 90)
    assert relief(block(), percent(60), score(8, at("08:30")), score(0.8, at("10:00"))) == (60, 90)


def test_a_success_without_any_relief_contradicts_itself() -> None:
    assert only(procedures=[block(outcome=coded(SUCCESS))], observations=[percent(0)]).relief.is_contradictory
    assert not only(
        procedures=[block(outcome=coded(SUCCESS))], observations=[percent(30)]
    ).relief.is_contradictory


def test_only_ratings_from_0_to_10_are_pain_scores() -> None:
    found = evidence(observations=[score(7), score(70, code="38214-3"), percent(85)]).pain_scores

    assert [entry.value for entry in found.entries] == [7]


def report(day: str, code: str = "87160-8", **elements: Any) -> Json:
    body = {"status": "final", "code": coded(code, LOINC), "effectiveDateTime": day}
    return resource("DiagnosticReport", **(body | {"id": f"report-{day}"} | elements))


@pytest.mark.parametrize("day", ["2026-08-31", DAY, "2026-09-02"])
def test_a_report_beside_a_charted_injection_is_the_same_one(day: str) -> None:
    found = evidence(procedures=[block()], reports=[report(day)]).injections.entries

    assert [entry.reference for entry in found] == ["Procedure/block-1"]


def test_a_report_alone_stands_for_an_injection() -> None:
    found = evidence(procedures=[block()], reports=[report("2026-09-10")]).injections.entries

    assert [entry.reference for entry in found] == ["Procedure/block-1", "DiagnosticReport/report-2026-09-10"]
    assert found[1].family is Family.FACET_INJECTION


@pytest.mark.parametrize(
    "elements",
    [
        {"status": "preliminary"},
        {"status": "entered-in-error"},
        {"effectiveDateTime": None},
        {"code": coded("24968-0", LOINC)},
        {"subject": {"reference": "Patient/somebody-else"}},
    ],
)
def test_a_report_that_is_not_final_dated_ours_or_the_patients_stands_for_none(elements: Json) -> None:
    assert evidence(reports=[report("2026-09-10", **elements)]).injections.entries == ()


def test_the_search_for_scores_asks_for_the_sites_code_too() -> None:
    assert Record(with_relief_code()).templates["observations"].endswith(f",{RELIEF}")
    assert RELIEF not in Record(terminology()).templates["observations"]
