"""Settings: what they take, and one clear line for what they do not."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from plugin.app import create_app
from plugin.domain.content import ContentError
from plugin.settings import read_settings


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SPINAL_CDS_")]:
        monkeypatch.delenv(name)


def test_without_any_variable_the_defaults_hold() -> None:
    settings = read_settings()

    assert settings.policy == "default"
    assert settings.notes is None
    assert settings.today is None
    assert settings.fhir_servers == ()
    assert settings.max_body_bytes == 2_097_152
    assert settings.deadline_seconds == 1.5
    assert settings.log_level == "INFO"
    assert settings.profile == "development"
    assert settings.clients_file is None
    assert settings.rate_limit == "6000/minute"
    assert settings.database == "sqlite:///.run/spinal-cds.sqlite3"
    assert settings.replay_url is None
    assert settings.max_in_flight == 8


@pytest.mark.parametrize(
    ("variable", "value", "field", "read"),
    [
        ("SPINAL_CDS_TODAY", "2026-11-20", "today", date(2026, 11, 20)),
        ("SPINAL_CDS_NOTES", "always", "notes", "always"),
        ("SPINAL_CDS_MAX_IN_FLIGHT", "20", "max_in_flight", 20),
        ("SPINAL_CDS_POLICY", "site.toml", "policy", "site.toml"),
        ("SPINAL_CDS_PUBLIC_URL", "https://cds.example.org/x", "public_url", "https://cds.example.org/x"),
        ("SPINAL_CDS_MAX_BODY_BYTES", "4096", "max_body_bytes", 4096),
        ("SPINAL_CDS_DEADLINE_SECONDS", "0.5", "deadline_seconds", 0.5),
        ("SPINAL_CDS_DATABASE", "sqlite:///x", "database", "sqlite:///x"),
        ("SPINAL_CDS_REPLAY_URL", "redis://h/0", "replay_url", "redis://h/0"),
        ("SPINAL_CDS_LOG_LEVEL", "DEBUG", "log_level", "DEBUG"),
        ("SPINAL_CDS_PROFILE", "production", "profile", "production"),
        ("SPINAL_CDS_CLIENTS_FILE", "deploy/clients.toml", "clients_file", Path("deploy/clients.toml")),
        ("SPINAL_CDS_RATE_LIMIT", "10/second", "rate_limit", "10/second"),
        (
            "SPINAL_CDS_FHIR_SERVERS",
            "https://a.example.org/fhir  https://b.example.org/r4",
            "fhir_servers",
            ("https://a.example.org/fhir", "https://b.example.org/r4"),
        ),
        (
            "SPINAL_CDS_RELIEF_CODE",
            "urn:oid:2.16.840.1.113883.3.1|RELIEF",
            "relief_code",
            ("urn:oid:2.16.840.1.113883.3.1", "RELIEF"),
        ),
        ("spinal_cds_notes", "always", "notes", "always"),
    ],
)
def test_a_variable_is_read(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: str, read: object
) -> None:
    monkeypatch.setenv(variable, value)

    assert getattr(read_settings(), field) == read


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SPINAL_CDS_TODAY", "tomorrow-77"),
        ("SPINAL_CDS_TODAY", "2026-02-30"),
        ("SPINAL_CDS_NOTES", "never-77"),
        ("SPINAL_CDS_NOTES", ""),
        ("SPINAL_CDS_PUBLIC_URL", "ftp://x-77"),
        ("SPINAL_CDS_PUBLIC_URL", "https://x.example.org/?q=77"),
        ("SPINAL_CDS_PUBLIC_URL", "https://x example"),
        ("SPINAL_CDS_MAX_BODY_BYTES", "12"),
        ("SPINAL_CDS_MAX_BODY_BYTES", "many-77"),
        ("SPINAL_CDS_MAX_IN_FLIGHT", "1"),
        ("SPINAL_CDS_DEADLINE_SECONDS", "0"),
        ("SPINAL_CDS_DEADLINE_SECONDS", "31"),
        ("SPINAL_CDS_DEADLINE_SECONDS", "nan"),
        ("SPINAL_CDS_LOG_LEVEL", "debug-77"),
        ("SPINAL_CDS_PROFILE", "staging-77"),
        ("SPINAL_CDS_RATE_LIMIT", "77"),
        ("SPINAL_CDS_RATE_LIMIT", "77 per fortnight"),
        ("SPINAL_CDS_REPLAY_URL", "http://h/77"),
        ("SPINAL_CDS_RELIEF_CODE", "RELIEF-77"),
        ("SPINAL_CDS_RELIEF_CODE", "|RELIEF-77"),
        ("SPINAL_CDS_RELIEF_CODE", "https://x.example.org|RELIEF|77"),
        ("SPINAL_CDS_RELIEF_CODE", "https://x.example.org|RELIEF-77,38214-3"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(ContentError, match=variable) as raised:
        read_settings()

    assert "\n" not in str(raised.value)
    assert "77" not in str(raised.value)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_value_is_read_from_the_file_that_the_variable_with_file_behind_it_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: str
) -> None:
    url = "postgresql+psycopg://cds:s3cret@db/cds"
    (tmp_path / "database").write_text(f"{url}{end}", encoding="utf-8", newline="")
    (tmp_path / "servers").write_text("https://a.example.org/fhir https://b.example.org/r4", encoding="utf-8")
    monkeypatch.setenv("SPINAL_CDS_DATABASE_FILE", str(tmp_path / "database"))
    monkeypatch.setenv("SPINAL_CDS_FHIR_SERVERS_FILE", str(tmp_path / "servers"))

    settings = read_settings()

    assert settings.database == url
    assert settings.fhir_servers == ("https://a.example.org/fhir", "https://b.example.org/r4")


def test_a_file_with_a_value_that_does_not_fit_is_refused_without_its_content(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "replay").write_text("http://user:s3cret@host", encoding="utf-8")
    monkeypatch.setenv("SPINAL_CDS_REPLAY_URL_FILE", str(tmp_path / "replay"))

    with pytest.raises(ContentError, match="SPINAL_CDS_REPLAY_URL") as raised:
        read_settings()

    assert "s3cret" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "latin").write_bytes(b"\xff")
    monkeypatch.setenv("SPINAL_CDS_DATABASE_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SPINAL_CDS_POLICY_FILE", str(tmp_path / "latin"))

    with pytest.raises(ContentError) as raised:
        read_settings()

    assert sorted(raised.value.faults) == [
        "SPINAL_CDS_DATABASE_FILE: cannot be read (FileNotFoundError)",
        "SPINAL_CDS_POLICY_FILE: cannot be read (UnicodeDecodeError)",
    ]


def test_a_value_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPINAL_CDS_POLICY", "default")
    monkeypatch.setenv("SPINAL_CDS_POLICY_FILE", str(tmp_path / "policy"))

    with pytest.raises(ContentError, match="SPINAL_CDS_POLICY, SPINAL_CDS_POLICY_FILE: give one"):
        read_settings()


def test_settings_cannot_be_changed_once_read() -> None:
    settings = read_settings()

    with pytest.raises(ValueError, match="frozen"):
        settings.policy = "other"


def test_every_fault_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TODAY": "soon", "NOTES": "never", "COLOUR": "red"}.items():
        monkeypatch.setenv(f"SPINAL_CDS_{name}", value)

    with pytest.raises(ContentError) as raised:
        read_settings()

    starts = ["no setting SPINAL_CDS_COLOUR", "SPINAL_CDS_TODAY: ", "SPINAL_CDS_NOTES: "]
    assert len(raised.value.faults) == len(starts)
    assert all(fault.startswith(start) for fault, start in zip(raised.value.faults, starts, strict=True))


@pytest.mark.parametrize("policy", ["no-such-policy", "no-such-file.toml", "../default", ""])
def test_a_policy_that_does_not_exist_stops_the_start(tmp_path: Path, policy: str) -> None:
    settings = read_settings(policy=policy, database=f"sqlite:///{tmp_path}/s.sqlite3")

    with pytest.raises(ContentError, match="no policy") as raised:
        create_app(settings)

    assert "\n" not in str(raised.value)
