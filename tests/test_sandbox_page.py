"""docs/sandbox.md: what it tells a reader to use can be used."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cds_hooks import read_clients
from plugin.cli.synthetic import read_patients
from tests.builders import concept

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"(?ms)^ *```{language}\n(.*?)^ *```$", PAGE)
    return str(found)


def test_the_entry_for_the_public_sandbox_is_a_valid_registration(tmp_path: Path) -> None:
    path = tmp_path / "clients.toml"
    path.write_text(block("toml"), encoding="utf-8")

    (registration,) = read_clients(path)

    assert registration.client.dialect == "sandbox"
    assert registration.cors_origins == ("https://sandbox.cds-hooks.org",)


def test_the_code_added_to_the_sandbox_is_one_that_is_reviewed() -> None:
    added = json.loads(block("json"))

    known = concept(added["code"])
    assert known.system == added["system"]
    assert known.in_set("proc-esi-interlaminar-caudal")


def test_the_patients_that_are_named_are_those_of_the_demonstration() -> None:
    loaded = {patient.id for patient in read_patients(ROOT / "fixtures" / "scenarios", ["demo-*"])}

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"spinal-cds-patient-[a-z-]+", PAGE + readme))
    assert named
    assert named <= loaded
