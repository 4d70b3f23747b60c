"""What may stand in a control file, and that a slip of the pen is named."""

from __future__ import annotations

from datetime import date

import pytest

from plugin.control import Known, parse_control
from plugin.criteria import load_criteria
from plugin.domain.content import ContentError
from tests.scenarios.scenario import ROOT

KNOWN = Known(frozenset({"ehr", "other"}), frozenset({"IMG-1", "CC-1"}))


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(ContentError) as raised:
        parse_control(text.encode(), KNOWN)
    return raised.value.faults


def test_an_empty_file_says_nothing() -> None:
    control = parse_control(b"", KNOWN)

    assert (control.off, control.default, control.criteria, control.clients) == (None, None, {}, {})


def test_the_example_can_be_used_as_it_stands() -> None:
    example = (ROOT / "deploy" / "control.example.toml").read_bytes()
    clients = frozenset({"st-elsewhere-epic", "general-oracle"})

    control = parse_control(example, Known(clients, frozenset(load_criteria().criteria)))

    assert control.clients.keys() == clients
    assert control.off is None


def test_the_users_of_a_pilot_are_counted_where_the_file_is_put_on_record() -> None:
    control = parse_control(
        b'pilot_key = "k"\n[clients.ehr]\ndefault = {mode = "pilot", users = ["Practitioner/7"]}', KNOWN
    )

    assert control.clients["ehr"].model_dump(mode="json", exclude_defaults=True) == {
        "default": {"mode": "pilot", "users": 1}
    }


def test_a_silent_mode_has_a_last_day() -> None:
    control = parse_control(b'default = {mode = "silent", until = 2026-12-31}', KNOWN)

    assert control.default is not None
    assert getattr(control.default, "until", None) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('default = {mode = "silent"}', "control file: default.silent.until: Field required"),
        ('default = "sillent"', "control file: default.word: Input should be 'live' or 'off'"),
        (
            'default = {mode = "sillent"}',
            "control file: default: must be 'live', 'off', or a table whose mode is 'silent' or 'pilot'",
        ),
        (
            "pilot_key = 'k'\ndefault = {mode = 'pilot', percent = 101}",
            "control file: default.pilot.percent: Input should be less than or equal to 100",
        ),
        (
            "[clients.ehr.criteria]\nIMG-1 = {mode = 'pilot', percent = 5}",
            "control file: pilot_key: a pilot needs one: any text, which decides who is drawn",
        ),
        ('off = ""', "control file: off: String should have at least 1 character"),
        ("off = true", "control file: off: Input should be a valid string"),
        ('of = "x"', "control file: of: Extra inputs are not permitted"),
        ('[clients.her]\noff = "x"', "control file: clients: no client 'her'; there is ehr, other"),
        ('[criteria]\nIMG1 = "off"', "control file: criteria: no criterion 'IMG1'; there is CC-1, IMG-1"),
        (
            '[clients.ehr.criteria]\nX = "off"',
            "control file: clients.ehr.criteria: no criterion 'X'; there is CC-1, IMG-1",
        ),
    ],
)
def test_a_fault_is_named(text: str, fault: str) -> None:
    assert faults(text) == (fault,)


@pytest.mark.parametrize("content", [b"off =", b"\xff", b"{}", b"off = 'a'\noff = 'b'"])
def test_what_is_no_toml_is_refused(content: bytes) -> None:
    with pytest.raises(ContentError, match="control file: not TOML"):
        parse_control(content, KNOWN)
