"""What the value sets say about a code, beside which sets hold it."""

from __future__ import annotations

from plugin.domain.codes import Concept

CONCEPT = Concept("urn:test", "1", "A code", properties={"strength": "definite", "needle": False})


def test_a_property_is_a_code_or_a_yes_or_no_and_never_the_one_for_the_other() -> None:
    assert (CONCEPT.get("strength"), CONCEPT.flag("strength")) == ("definite", None)
    assert (CONCEPT.get("needle"), CONCEPT.flag("needle")) == (None, False)


def test_a_property_that_is_not_given_has_no_value() -> None:
    assert (CONCEPT.get("episode"), CONCEPT.flag("episode")) == (None, None)


def test_a_code_is_found_by_system_and_code_and_told_apart_by_all_that_is_said_of_it() -> None:
    same = Concept("urn:test", "1", "A code", properties={"strength": "weak"})
    other = Concept("urn:test", "1", "A code", sets=frozenset({"dx-diabetes"}))

    assert {CONCEPT: "first"}[same] == "first"
    assert len({CONCEPT, same, other}) == 2
