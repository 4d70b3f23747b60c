"""A site: its clients file, the keys of its EHR, and settings that fit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from plugin.cli import main
from plugin.settings import Settings
from tests.cds_hooks.tokens import (
    ISSUER,
    PUBLIC_URL,
    Json,
    claims,
    jwks,
    pem,
    private_key,
    public_jwk,
    signed,
)
from tests.plugin.cards.service import SERVICE, TODAY

ENTRY = f"""
[[clients]]
id = "st-elsewhere"
issuer = "{ISSUER}"
jwks_file = "jwks.json"
fhir_bases = ["https://ehr.example.org/fhir/r4"]
cors_origins = ["https://ehr.example.org"]
"""


def site(folder: Path, entries: str = ENTRY) -> Path:
    """Writes the files; the path of the clients file."""
    (folder / "jwks.json").write_bytes(jwks(public_jwk()))
    (folder / "current.pem").write_bytes(pem(private_key("ES384", "current")))
    (folder / "next.pem").write_bytes(pem(private_key("RS384", "next")))
    path = folder / "clients.toml"
    path.write_text(entries, encoding="utf-8")
    return path


def production(folder: Path, entries: str = ENTRY, **changes: Any) -> Settings:
    return Settings.model_validate(
        {
            "profile": "production",
            "clients_file": site(folder, entries),
            "public_url": PUBLIC_URL,
            "database": f"sqlite:///{folder}/store.sqlite3",
            **changes,
        }
    )


def development(folder: Path, entries: str = ENTRY, **changes: Any) -> Settings:
    """The scenarios' clock, and registered clients all the same."""
    return production(folder, entries, **{"profile": "development", "today": TODAY, **changes})


def token(**changes: Any) -> str:
    """A good token for the service, `changes` replacing claims."""
    good: Json = {"aud": f"{PUBLIC_URL}{SERVICE}"}
    return signed(claims(**{**good, **changes}))


def command(*arguments: str, stdin: str | None = None, **settings: str) -> Result:
    """The result of `spinal-cds` with these settings and no others."""
    none_of_this_machine = {name: None for name in os.environ if name.startswith("SPINAL_CDS_")}
    given = {f"SPINAL_CDS_{name.upper()}": value for name, value in settings.items()}
    return CliRunner(env={**none_of_this_machine, **given}).invoke(main, arguments, input=stdin)
