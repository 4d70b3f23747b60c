"""Which mode holds for a criterion, a client and a user."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.control import ALL_LIVE, Control, Known, Mode, Modes, parse_control

KNOWN = Known(frozenset({"ehr", "other"}), frozenset({"IMG-1", "CC-1", "SIJ-1"}))
TODAY = date(2026, 11, 20)


def control(text: str, *switched_off: str) -> Control:
    return Control(parse_control(text.encode(), KNOWN), frozenset(switched_off))


def modes(text: str, client: str = "ehr", user: str | None = "Practitioner/1") -> Modes:
    return control(text).modes(client, user, TODAY)


def test_without_a_word_everything_is_live() -> None:
    assert modes("") is ALL_LIVE
    assert modes('[clients.other]\ndefault = "off"') is ALL_LIVE
    assert ALL_LIVE.of("IMG-1") is Mode.LIVE
    assert ALL_LIVE.are_all_live


def test_the_first_that_is_given_counts() -> None:
    text = """
        default = "off"
        criteria = {IMG-1 = "live", CC-1 = "live"}
        clients.ehr.criteria = {CC-1 = "off"}
        clients.other.default = {mode = "silent", until = 2026-11-20}
        clients.other.criteria = {SIJ-1 = "live"}
    """

    ehr, other = modes(text), modes(text, "other")

    criteria = ("IMG-1", "CC-1", "SIJ-1")
    assert [ehr.of(c) for c in criteria] == [Mode.LIVE, Mode.OFF, Mode.OFF]
    assert [other.of(c) for c in criteria] == [Mode.SILENT, Mode.SILENT, Mode.LIVE]


@pytest.mark.parametrize(
    ("until", "mode"), [("2026-11-19", Mode.OFF), ("2026-11-20", Mode.SILENT), ("2026-11-21", Mode.SILENT)]
)
def test_a_silent_mode_is_off_after_its_last_day(until: str, mode: Mode) -> None:
    text = f'default = {{mode = "silent", until = {until}}}'

    assert modes(text).of("IMG-1") is mode
    assert control(text).has_ended(TODAY) is (mode is Mode.OFF)


def test_the_kill_switch_is_thrown_by_the_file_or_by_the_database_for_one_or_for_all() -> None:
    assert not control("").is_off("ehr")
    for thrown in (control('off = "why"'), control("", "*"), control('clients.ehr.off = "why"')):
        assert thrown.is_off("ehr")
    assert not control('clients.ehr.off = "why"').is_off("other")
    assert not control("", "ehr").is_off("other")
    assert control('clients.ehr.off = "why"', "*").clients_off == {"ehr", "*"}


def pilot(percent: float, key: str = "k") -> str:
    return (
        f'pilot_key = "{key}"\ndefault = {{mode = "pilot", percent = {percent}, users = ["Practitioner/7"]}}'
    )


USERS = [f"Practitioner/{number}" for number in range(1000, 3000)]


def drawn(percent: float, key: str = "k", client: str = "ehr") -> set[str]:
    piloted = control(pilot(percent, key))
    return {u for u in USERS if piloted.modes(client, u, TODAY).of("IMG-1") is Mode.LIVE}


def test_a_pilot_is_shown_to_its_users_and_to_nobody_else() -> None:
    assert modes(pilot(0), user="Practitioner/7").of("IMG-1") is Mode.LIVE
    assert drawn(0) == set()
    assert drawn(100) == set(USERS)
    assert modes(pilot(100), user=None).of("IMG-1") is Mode.OFF


def test_a_share_of_users_is_drawn_always_the_same_and_a_larger_share_keeps_them() -> None:
    few, more = drawn(10), drawn(25)

    assert 140 <= len(few) <= 260
    assert 420 <= len(more) <= 580
    assert few < more
    assert few == drawn(10)


def test_another_key_or_another_client_draws_other_users() -> None:
    assert drawn(10, key="another") != drawn(10)
    assert drawn(10, client="other") != drawn(10)


@given(st.text() | st.none())
def test_whoever_orders_gets_an_answer(user: str | None) -> None:
    assert modes(pilot(50), user=user).of("IMG-1") in (Mode.LIVE, Mode.OFF)
