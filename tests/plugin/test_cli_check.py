"""`spinal-cds check`: what would start, and in a line each everything that would not."""

from __future__ import annotations

from pathlib import Path

from tests.plugin.registered import ENTRY, command, site


def test_the_defaults_would_start() -> None:
    result = command("check")

    assert result.exit_code == 0
    assert result.output.startswith("ok: development profile\n")
    assert "none, open to everybody on loopback" in result.output


def test_a_sound_site_is_summed_up(tmp_path: Path) -> None:
    second = ENTRY.replace("st-elsewhere", "second").replace("/issuer", "/second")
    path = site(tmp_path, f'{ENTRY}dialect = "epic"\n{second}')

    result = command(
        "check", profile="production", clients_file=str(path), public_url="https://cds.example.org"
    )

    assert result.exit_code == 0, result.output
    assert "ok: production profile" in result.output
    assert "2: st-elsewhere (epic), second (spec)" in result.output
    assert "1: default@" in result.output


def test_every_fault_of_settings_clients_and_content_is_a_line(tmp_path: Path) -> None:
    entries = ENTRY.replace("https://ehr.example.org/fhir", "http://x/fhir") + 'policy = "none"\n'
    path = site(tmp_path, entries)

    result = command("check", profile="production", clients_file=str(path), colour="red", today="2026-11-20")

    lines = result.stderr.splitlines()
    assert result.exit_code == 1
    assert all(line.startswith("Error: ") for line in lines)
    assert [words in line for words, line in zip(WORDS, lines, strict=True)] == [True] * len(WORDS)


WORDS = (
    "no setting SPINAL_CDS_COLOUR",
    "SPINAL_CDS_PUBLIC_URL",
    "SPINAL_CDS_TODAY",
    "client st-elsewhere: fhir_bases[1]",
    "client st-elsewhere: policy: no policy 'none'",
)


def test_a_fault_of_a_value_is_told_beside_a_setting_that_does_not_exist() -> None:
    result = command("check", colour="red", notes="never")

    assert result.exit_code == 1
    assert ["COLOUR" in line or "NOTES" in line for line in result.stderr.splitlines()] == [True, True]


def test_a_broken_clients_file_is_told_beside_the_rest(tmp_path: Path) -> None:
    path = site(tmp_path, ENTRY.replace('"jwks.json"', '"gone.json"'))

    result = command("check", clients_file=str(path), policy="none")

    assert result.exit_code == 1
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == [
        "clients.toml",
        "no policy 'none'; there is default, bmj-2025, evicore, medicare-lcd, nice-ng59, "
        "or the path of a .toml file",
    ]


def test_serve_lists_the_faults_of_settings_and_clients_alike(tmp_path: Path) -> None:
    path = site(tmp_path, ENTRY.replace("https://ehr.example.org/fhir", "http://x/fhir"))

    result = command("serve", profile="production", clients_file=str(path), colour="red", host="127.0.0.1")

    assert result.exit_code == 1
    assert [line.split(" ", 1)[0] for line in result.stderr.splitlines()] == ["Error:"] * 3
    assert "fhir_bases[1]" in result.stderr
