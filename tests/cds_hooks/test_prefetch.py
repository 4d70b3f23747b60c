"""The states in which a prefetch key arrives, and what is never mistaken for an empty record."""

import json
from typing import Any

import msgspec
import pytest

from cds_hooks import PrefetchState, Reading, Unread, read_resource, read_searchset
from tests.cds_hooks.wire import ConditionView, PatientView, bundle_of, encoded, searchset

NEXT = "https://ehr.example.org/fhir?page=2"
MALFORMED = {"resourceType": "Condition", "id": "bad", "recordedDate": {"not": "a date"}}


def condition(identity: str | None = "c1", **more: Any) -> dict[str, Any]:
    named = {} if identity is None else {"id": identity}
    return {"resourceType": "Condition", **named, **more}


def outcome(*severities: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": each, "code": "x"} for each in severities],
        **more,
    }


def read(value: Any) -> Reading[ConditionView]:
    return read_searchset(msgspec.Raw(encoded(value)), ConditionView, "Condition")


def ids(reading: Reading[Any]) -> list[str | None]:
    return [resource.id for resource in reading.resources]


def test_an_absent_key_is_absent() -> None:
    reading = read_searchset(None, ConditionView, "Condition")

    assert (reading.state, reading.unread) == (PrefetchState.ABSENT, Unread.ABSENT)


def test_null_leaves_the_decision_to_the_caller() -> None:
    assert read(None) == Reading(PrefetchState.NULL)


@pytest.mark.parametrize(
    "value",
    [searchset(), {"resourceType": "Bundle", "total": 0}, {"resourceType": "Bundle", "entry": None}, []],
)
def test_a_bundle_without_entries_is_empty(value: Any) -> None:
    assert read(value) == Reading(PrefetchState.EMPTY)


@pytest.mark.parametrize(
    "value",
    [
        searchset(condition()),
        bundle_of(condition()),
        {
            "resourceType": "Bundle",
            "entry": [{"fullUrl": "x", "search": {"mode": "match"}, "resource": condition()}],
        },
        {
            "resourceType": "Bundle",
            "link": [{"relation": "self", "url": "x"}],
            "entry": [{"resource": condition()}],
        },
        condition(),
        [condition()],
        {"response": {"status": "200"}, "resource": searchset(condition())},
        {"response": {"status": "200"}, "resource": condition()},
    ],
)
def test_the_one_condition_is_present_in_every_wrapping(value: Any) -> None:
    reading = read(value)

    assert (reading.state, ids(reading), reading.unread) == (PrefetchState.PRESENT, ["c1"], None)


def test_unknown_elements_are_skipped() -> None:
    odd = condition(category={"stu3": "object"}, contained=[7], extension={"not": "an array"})

    assert ids(read(searchset(odd, link="none"))) == ["c1"]


def test_included_resources_of_other_types_are_skipped() -> None:
    reading = read(searchset(condition(), {"resourceType": "Encounter", "id": "e1", "recordedDate": 7}))

    assert (reading.state, ids(reading), reading.malformed) == (PrefetchState.PRESENT, ["c1"], 0)


def test_a_bundle_of_nothing_but_another_type_is_not_an_empty_one() -> None:
    reading = read(searchset({"resourceType": "Observation", "id": "x"}))

    assert (reading.state, reading.unread) == (PrefetchState.WRONG_TYPE, Unread.WRONG_TYPE)


def test_a_page_of_included_resources_only_is_empty() -> None:
    entry = {"resource": {"resourceType": "Encounter"}, "search": {"mode": "include"}}

    assert read({"resourceType": "Bundle", "entry": [entry]}).state is PrefetchState.EMPTY


@pytest.mark.parametrize(
    "bad",
    [
        MALFORMED,
        {"id": "no-type"},
        {"resourceType": 7},
        {"resourceType": None},
        "text",
        7,
        None,
        [],
        condition(id=9),
    ],
)
def test_one_bad_entry_is_counted_and_the_others_kept(bad: Any) -> None:
    reading = read(searchset(condition("c1"), bad, condition("c2")))

    assert (reading.state, ids(reading)) == (PrefetchState.INCOMPLETE, ["c1", "c2"])
    assert (reading.malformed, reading.unread) == (1, Unread.MALFORMED_ENTRIES)


@pytest.mark.parametrize("entry", [None, 7, "text", {}, {"fullUrl": "x"}])
def test_an_entry_that_is_no_entry_is_counted(entry: Any) -> None:
    reading = read({"resourceType": "Bundle", "entry": [entry, {"resource": condition()}]})

    assert (ids(reading), reading.malformed, reading.unread) == (["c1"], 1, Unread.MALFORMED_ENTRIES)


def test_a_bundle_of_bad_entries_only_is_incomplete_and_not_empty() -> None:
    reading = read(searchset(MALFORMED))

    assert (reading.state, reading.resources, reading.malformed) == (PrefetchState.INCOMPLETE, (), 1)


def test_a_single_malformed_resource_is_incomplete() -> None:
    assert read(MALFORMED).unread is Unread.MALFORMED_ENTRIES


def test_a_next_link_says_that_there_is_more() -> None:
    reading = read(
        searchset(condition(), link=[{"relation": "self", "url": "x"}, {"relation": "next", "url": NEXT}])
    )

    assert (reading.state, reading.unread) == (PrefetchState.INCOMPLETE, Unread.MORE_PAGES)
    assert (ids(reading), reading.next_link) == (["c1"], NEXT)


@pytest.mark.parametrize(
    "link", [{"relation": "next"}, {"relation": "next", "url": 7}, {"relation": "next", "url": ""}]
)
def test_a_next_link_without_url_still_says_that_there_is_more(link: dict[str, Any]) -> None:
    reading = read(searchset(condition(), link=[link]))

    assert (reading.unread, reading.next_link) == (Unread.MORE_PAGES, None)


def test_an_empty_page_with_a_next_link_is_incomplete() -> None:
    assert read(searchset(link=[{"relation": "next", "url": NEXT}])).state is PrefetchState.INCOMPLETE


def test_a_bad_entry_before_a_next_link_is_told_first_and_the_link_kept() -> None:
    reading = read(searchset(condition(), MALFORMED, link=[{"relation": "next", "url": NEXT}]))

    assert (reading.unread, reading.malformed, reading.next_link) == (Unread.MALFORMED_ENTRIES, 1, NEXT)


def test_an_operation_outcome_instead_of_a_bundle_is_an_error() -> None:
    reading = read(outcome("error"))

    assert (reading.state, reading.unread) == (PrefetchState.ERROR, Unread.ERROR_IN_PREFETCH)


@pytest.mark.parametrize("severity", ["error", "fatal"])
def test_an_error_as_the_only_entry_is_an_error(severity: str) -> None:
    assert read(searchset(outcome("warning", severity))).state is PrefetchState.ERROR


@pytest.mark.parametrize("severity", [["error"], {"value": "error"}, 7, None])
def test_an_outcome_whose_severity_is_no_code_is_an_error(severity: Any) -> None:
    odd = {"resourceType": "OperationOutcome", "issue": [{"severity": severity}]}

    assert read(searchset(odd)).state is PrefetchState.ERROR


@pytest.mark.parametrize("severity", ["warning", "information"])
def test_a_note_as_the_only_entry_is_an_empty_bundle(severity: str) -> None:
    assert read(bundle_of(outcome(severity))) == Reading(PrefetchState.EMPTY)


def test_a_search_without_results_as_epic_sends_it_is_empty() -> None:
    issue = {"severity": "warning", "code": "processing", "details": {"coding": [{"code": "4101"}]}}
    entry = {
        "search": {"mode": "outcome"},
        "resource": {"resourceType": "OperationOutcome", "issue": [issue]},
    }

    assert read({"resourceType": "Bundle", "total": 0, "entry": [entry]}).state is PrefetchState.EMPTY


@pytest.mark.parametrize("issue", [None, [], "text", [7], [{"severity": 7}]])
def test_an_outcome_that_says_nothing_is_an_error_unless_it_is_marked_as_a_note(issue: Any) -> None:
    resource = {"resourceType": "OperationOutcome", "issue": issue}
    noted = {"resourceType": "Bundle", "entry": [{"resource": resource, "search": {"mode": "outcome"}}]}

    assert read(searchset(resource)).state is PrefetchState.ERROR
    assert read(noted).state is PrefetchState.EMPTY


def test_a_note_beside_data_is_ignored() -> None:
    assert read(bundle_of(condition(), outcome("information"))).state is PrefetchState.PRESENT


def test_an_error_beside_data_makes_them_incomplete() -> None:
    reading = read(searchset(condition(), outcome("error")))

    assert (reading.state, ids(reading)) == (PrefetchState.INCOMPLETE, ["c1"])
    assert reading.unread is Unread.ERROR_IN_PREFETCH


@pytest.mark.parametrize(
    "value",
    [
        {"resourceType": "Patient", "id": "p1"},
        {"resourceType": 7},
        {},
        {"entry": []},
        "<html>Service unavailable</html>",
        42,
        True,
        {"response": {"status": "404"}},
        {"response": {"status": "404"}, "resource": None},
        {"response": {}, "resource": {"response": {}, "resource": searchset()}},
        {"response": {}, "resource": "text"},
        {"resourceType": "Bundle", "entry": {"resource": condition()}},
    ],
)
def test_anything_else_is_of_the_wrong_type(value: Any) -> None:
    reading = read(value)

    assert (reading.state, reading.unread) == (PrefetchState.WRONG_TYPE, Unread.WRONG_TYPE)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"<html>", b"\xff", b'{"resourceType": "Bundle"', b'"\xff"', b"[" * 5000, b'{"a":' * 100_000],
)
def test_bytes_that_are_no_json_are_of_the_wrong_type(body: bytes) -> None:
    assert read_searchset(body, ConditionView, "Condition").state is PrefetchState.WRONG_TYPE
    assert read_resource(body, PatientView, "Patient").state is PrefetchState.WRONG_TYPE


def test_an_entry_nested_without_bottom_voids_no_more_than_the_key() -> None:
    deep = b"[" * 995 + b"]" * 995
    body = (
        b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Condition", "x": '
        + deep
        + b"}}]}"
    )

    assert read_searchset(body, ConditionView, "Condition").state in (
        PrefetchState.WRONG_TYPE,
        PrefetchState.PRESENT,
    )


def test_a_repeated_id_is_kept_once_the_first_time() -> None:
    reading = read(searchset(condition("c1", recordedDate="2026-01-01"), condition("c2"), condition("c1")))

    assert ids(reading) == ["c1", "c2"]
    assert reading.resources[0].recorded_date == "2026-01-01"


def test_resources_without_an_id_are_all_kept() -> None:
    assert ids(read(searchset(condition(None), condition(None), condition("c1"), condition("c1")))) == [
        None,
        None,
        "c1",
    ]


def test_views_that_do_not_look_at_ids_keep_everything() -> None:
    class Bare(msgspec.Struct):
        resourceType: str  # noqa: N815 - the wire name, without renaming.

    body = encoded(searchset(condition("c1"), condition("c1")))

    assert len(read_searchset(body, Bare, "Condition").resources) == 2


def test_a_view_must_begin_with_the_resource_type() -> None:
    class Wrong(msgspec.Struct):
        id: str | None = None

    with pytest.raises(TypeError, match="resourceType"):
        read_searchset(b"{}", Wrong, "Condition")


PATIENT = {"resourceType": "Patient", "id": "p1"}


@pytest.mark.parametrize(
    "value", [PATIENT, searchset(PATIENT), [PATIENT], {"response": {}, "resource": PATIENT}]
)
def test_a_read_template_is_answered_by_the_resource_or_a_bundle_with_it(value: Any) -> None:
    reading = read_resource(msgspec.Raw(encoded(value)), PatientView, "Patient")

    assert (reading.state, ids(reading)) == (PrefetchState.PRESENT, ["p1"])


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (None, PrefetchState.NULL),
        (searchset(), PrefetchState.EMPTY),
        (searchset(PATIENT, {**PATIENT, "id": "p2"}), PrefetchState.WRONG_TYPE),
        ({"resourceType": "Condition"}, PrefetchState.WRONG_TYPE),
        (outcome("error"), PrefetchState.ERROR),
        ({"resourceType": "Patient", "id": {}}, PrefetchState.INCOMPLETE),
        ("<html>", PrefetchState.WRONG_TYPE),
    ],
)
def test_a_read_template_has_the_same_states(value: Any, state: PrefetchState) -> None:
    assert read_resource(msgspec.Raw(json.dumps(value).encode()), PatientView, "Patient").state is state


def test_an_absent_read_is_absent() -> None:
    assert read_resource(None, PatientView, "Patient").state is PrefetchState.ABSENT


def test_a_page_followed_by_the_last_one_is_complete() -> None:
    first = read(searchset(condition("c1"), link=[{"relation": "next", "url": NEXT}]))

    whole = first.followed_by(read(searchset(condition("c1"), condition("c2"))))

    assert (whole.state, ids(whole), whole.unread, whole.next_link) == (
        PrefetchState.PRESENT,
        ["c1", "c2"],
        None,
        None,
    )


@pytest.mark.parametrize("reason", [Unread.TIMEOUT, Unread.NOT_PERMITTED, Unread.MORE_PAGES])
def test_a_page_whose_successor_cannot_be_read_stays_incomplete(reason: Unread) -> None:
    first = read(searchset(condition("c1"), link=[{"relation": "next", "url": NEXT}]))

    whole = first.followed_by(Reading(PrefetchState.ERROR, unread=reason))

    assert (whole.state, ids(whole), whole.unread) == (PrefetchState.INCOMPLETE, ["c1"], reason)


def test_what_was_malformed_on_one_page_stays_malformed_in_the_whole() -> None:
    first = read(searchset(MALFORMED, link=[{"relation": "next", "url": NEXT}]))

    whole = first.followed_by(read(searchset(condition("c2"), MALFORMED)))

    assert (whole.malformed, whole.unread, ids(whole)) == (2, Unread.MALFORMED_ENTRIES, ["c2"])
