"""`spinal-cds review`: the cards for a saved request, and one line for whatever is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from plugin.cli import main
from tests.plugin.cards.service import ask, order_of, request_of, story
from tests.scenarios.scenario import ROOT, Json

COMMAND = (sys.executable, "-c", "from plugin.cli import main; main()")
TODAY = ("--today", "2026-11-20")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SPINAL_CDS_")]:
        monkeypatch.delenv(name)


def saved(name: str) -> str:
    return str(story(name).folder / "request.json")


def review(*arguments: str, body: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["review", *arguments], input=body)


def assert_one_line(result: Result, *words: str) -> None:
    lines = result.stderr.strip().splitlines()
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("Error: ")
    assert [word for word in words if word not in lines[0]] == []


def test_the_cards_are_printed_as_a_clinician_would_read_them() -> None:
    result = review(saved("044"), *TODAY)

    assert result.exit_code == 0
    assert "WARNING" in result.stdout
    assert "14 of 28 days" in result.stdout
    assert "Override:" in result.stdout
    assert "**" not in result.stdout
    assert "&lt;" not in result.stdout
    assert "\\" not in result.stdout


def test_no_cards_are_said_to_be_none() -> None:
    result = review(saved("demo-meets-everything"), *TODAY)

    assert result.exit_code == 0
    assert result.stdout == "No cards: checked, nothing to say.\n"


@pytest.mark.parametrize("name", ["001", "002", "025", "044", "127", "141"])
@pytest.mark.parametrize("notes", ["attached", "always"])
def test_as_json_the_answer_is_the_one_of_the_wire(name: str, notes: str) -> None:
    result = review(saved(name), *TODAY, "--notes", notes, "--json")

    wire = ask(request_of(name), notes=notes).get_json()
    printed = json.loads(result.stdout)
    assert result.exit_code == 0
    assert printed == wire


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("044", ("CC-1 not-met", "decided by", "IND-1 met", "IMG-1 met", "pain pattern")),
        ("038", ("IMG-1 unknown", "unread: imaging studies", "not sent", "no-access")),
        ("127", ("not-coded", "ServiceRequest/")),
        ("138", ("No order of this request is one that is reviewed.",)),
    ],
)
def test_with_explain_every_rule_is_answered(name: str, words: tuple[str, ...]) -> None:
    request = request_of(name)
    if request.pop("fhirServer", None):
        del request["prefetch"]["imaging"]

    result = review("-", *TODAY, "--explain", body=json.dumps(request))

    assert result.exit_code == 0
    assert [word for word in words if word not in result.stdout] == []


def test_a_request_is_read_from_standard_input() -> None:
    from_file = review(saved("025"), *TODAY)
    from_input = review("-", *TODAY, body=json.dumps(request_of("025")))

    assert from_input.exit_code == 0
    assert from_input.stdout == from_file.stdout


def test_the_clock_can_be_fixed() -> None:
    request = request_of("029b")
    for order in (order_of(request),):
        del order["occurrenceDateTime"], order["authoredOn"]
    body = json.dumps(request)

    in_time = review("-", "--today", "2026-11-20", body=body)
    too_late = review("-", "--today", "2027-06-01", body=body)

    assert "older than" not in in_time.stdout
    assert "older than" in too_late.stdout


def test_a_policy_can_be_chosen() -> None:
    path = str(ROOT / "fixtures" / "policies" / "six-weeks-of-care.toml")

    default = review(saved("056"), *TODAY)
    six_weeks = review(saved("056"), *TODAY, "--policy", path)

    assert "42" not in default.stdout
    assert "42" in six_weeks.stdout
    assert "six-weeks-of-care" in six_weeks.stdout


def test_notes_can_be_asked_for() -> None:
    attached = review(saved("001"), *TODAY)
    always = review(saved("001"), *TODAY, "--notes", "always")

    assert attached.stdout.startswith("No cards")
    assert "INFO" in always.stdout


@pytest.mark.parametrize(
    ("variable", "value", "name", "words"),
    [
        ("SPINAL_CDS_NOTES", "always", "001", "Note on injection order"),
        ("SPINAL_CDS_POLICY", str(ROOT / "fixtures/policies/six-weeks-of-care.toml"), "056", "six-weeks"),
        (
            "SPINAL_CDS_PUBLIC_URL",
            "https://cds.example.org/spine/",
            "025",
            "https://cds.example.org/spine/ev",
        ),
    ],
)
def test_the_environment_is_honoured(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str, words: str
) -> None:
    without = review(saved(name), *TODAY)
    monkeypatch.setenv(variable, value)

    result = review(saved(name), *TODAY)

    assert words not in without.stdout
    assert words in result.stdout


def test_the_clock_of_the_environment_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    request = request_of("029b")
    del order_of(request)["occurrenceDateTime"], order_of(request)["authoredOn"]
    monkeypatch.setenv("SPINAL_CDS_TODAY", "2027-06-01")

    assert "older than" in review("-", body=json.dumps(request)).stdout


def test_an_option_outweighs_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINAL_CDS_NOTES", "always")

    assert review(saved("001"), *TODAY, "--notes", "attached").stdout.startswith("No cards")


def test_a_file_that_is_not_there_is_named() -> None:
    assert_one_line(review("no/such/request.json"), "no/such/request.json", "No such file")


def test_a_folder_is_no_request(tmp_path: Path) -> None:
    assert_one_line(review(str(tmp_path)), str(tmp_path), "directory")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ("400", "JSON")),
        (b"no JSON Canary-77", ("400", "JSON")),
        (b"\xff\xfe", ("400", "JSON")),
        (b"{}", ("400", "hook")),
        (b'{"hook": "order-sign", "hookInstance": "Canary-77"}', ("400", "hookInstance", "UUID")),
        (b"[" * 5000 + b"]" * 5000, ("400",)),
    ],
)
def test_a_request_at_fault_is_one_line(body: bytes, words: tuple[str, ...]) -> None:
    result = review("-", body=body)

    assert_one_line(result, *words)
    assert "Canary-77" not in result.stderr


def test_a_request_without_data_is_one_line_that_names_the_keys() -> None:
    request: Json = request_of("025") | {"prefetch": {}}

    assert_one_line(review("-", body=json.dumps(request)), "412", "prefetch.conditions", "prefetch.imaging")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not TOML at all", ("not TOML",)),
        (b"\xff\xfe", ("not TOML",)),
        (b'extends = "nothing"', ("no policy 'nothing'", "default")),
        (b'extends = "default"\nmax_card = 3', ("max_card",)),
        (b'extends = "default"\nmax_cards = "many"', ("max_cards",)),
        (b'extends = "default"\nmax_cards = 0', ("max_cards",)),
        (b'extends = "default"\nrules = ["none"]', ("none", "mri_confirms_region")),
        (b'extends = "default"\nguidelines = ["none"]', ("none", "bmj-2025")),
        (b'extends = "default"\n[params.CC-1]\nmin_day = 3', ("min_day", "min_days")),
        (b'extends = "default"\n[params.CC-1]\nmin_days = "x"', ("min_days",)),
        (b'extends = "default"\n[params.XX-1]\nmin_days = 3', ("XX-1",)),
        (b'id = "x"', ("version",)),
        (b"", ("id",)),
    ],
)
def test_a_policy_at_fault_is_one_line_that_names_file_and_key(
    tmp_path: Path, content: bytes, words: tuple[str, ...]
) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(content)

    assert_one_line(review(saved("025"), "--policy", str(path)), *words)


def test_a_policy_that_extends_itself_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f'extends = "{path}"\n', encoding="utf-8")

    assert_one_line(review(saved("025"), "--policy", str(path)), "site.toml", "extends itself")


def test_a_policy_that_does_not_exist_is_one_line_that_says_what_there_is() -> None:
    assert_one_line(review(saved("025"), "--policy", "none"), "'none'", "default")


def test_a_setting_at_fault_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINAL_CDS_TODAY", "yesterday")

    assert_one_line(review(saved("025")), "SPINAL_CDS_TODAY")


@pytest.mark.parametrize("option", [("--today", "x"), ("--notes", "never"), ("--nonsense",)])
def test_an_option_at_fault_is_explained_without_a_traceback(option: tuple[str, ...]) -> None:
    result = review(saved("025"), *option)

    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr


def test_the_command_runs_as_a_program_of_its_own() -> None:
    ran = subprocess.run(
        [*COMMAND, "review", "-", *TODAY, "--json"],
        input=json.dumps(request_of("025")).encode(),
        capture_output=True,
        cwd=ROOT,
        check=False,
        timeout=60,
    )

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == ask(request_of("025")).get_json()
    assert ran.stderr == b""


def test_as_a_program_a_fault_is_one_line_and_status_one() -> None:
    ran = subprocess.run(
        [*COMMAND, "review", "none.json"], capture_output=True, cwd=ROOT, check=False, timeout=60
    )

    assert ran.returncode == 1
    assert ran.stdout == b""
    assert ran.stderr.decode().splitlines() == ["Error: none.json: No such file or directory"]
