"""The repository as a whole: what must not be in it, and what must agree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugin.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
GENERATED = {"__pycache__", "node_modules"}
OURS = ("cds_hooks", "plugin", "tests", "fixtures", "docs", "deploy", ".github", ".ci")
TEXT = {".py", ".toml", ".json", ".md", ".lock", ".txt", ".yaml", ".yml", ".cfg", ".sh", ""}
MAX_LINES = 400
SYNTHETIC = {"system": "https://spinal-injection-cds.org/fhir/CodeSystem/fixture", "code": "synthetic"}
# Said in pieces, so that this file does not hold them.
DESCRIPTORS = (
    "injection(s), of diagnostic or " + "therapeutic substance(s)",
    "with imaging guidance " + "(ie, fluoroscopy or ct)",
    "therapeutic procedure, 1 " + "or more areas",
    "including " + "neuroplasty",
    "needle or catheter placement, " + "interlaminar",
    "anesthetic agent(s) and/or " + "steroid",
    "not including " + "neurolytic substances",
    "spinal canal and contents, " + "lumbar; without contrast",
)
MACHINE_PATHS = re.compile(r"(?<![\w.:/~-])/(?:home|Users|root|work|workspace|mnt|private|var/folders)/\w")


def files() -> Iterator[Path]:
    """Every text file of the project, generated and installed ones left out."""
    yield from (p for p in ROOT.iterdir() if p.is_file() and p.suffix in TEXT and p.name != ".git")
    for folder in OURS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in TEXT and GENERATED.isdisjoint(path.parts):
                yield path


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_wording_of_cpt_is_in_the_repository() -> None:
    found = []
    for path in files():
        words = " ".join(path.read_text(encoding="utf-8").casefold().split())
        found += [(named(path), phrase) for phrase in DESCRIPTORS if phrase in words]

    assert found == []


def test_no_path_of_somebodys_machine_is_in_the_repository() -> None:
    found = [
        f"{named(path)}:{number}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if MACHINE_PATHS.search(line)
    ]

    assert found == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_names_no_index_and_hashes_every_entry(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", text)).splitlines()
    pinned = [line.strip() for line in lines if line.strip()]

    assert pinned
    assert [
        line for line in pinned if re.search(r"https?://|--(?:extra-)?index-url|--find-links", line)
    ] == []
    assert [line for line in pinned if not re.match(r"[a-z0-9._-]+(?:\[[a-z,]+\])?==\S+ ", line)] == []
    assert [line for line in pinned if not re.search(r"--hash=sha256:[0-9a-f]{64}", line)] == []


def test_the_lock_file_of_the_test_server_names_no_registry_and_hashes_every_package() -> None:
    text = (ROOT / "tests" / "fhir_server" / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}

    assert packages
    assert "://" not in text
    assert [name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []


def test_the_two_lock_files_agree() -> None:
    pins = {}
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        pins[name] = dict(re.findall(r"(?m)^([a-z0-9._-]+)==([^\s;\\]+)", text))

    run, develop = pins["requirements.lock"], pins["requirements-dev.lock"]
    assert {name: develop.get(name) for name in run} == run


def resources(node: object) -> Iterator[dict[str, object]]:
    """Every resource of a fixture but Bundles and what is contained."""
    if isinstance(node, dict):
        if isinstance(node.get("resourceType"), str) and node["resourceType"] != "Bundle":
            yield node
            return
        for value in node.values():
            yield from resources(value)
    elif isinstance(node, list):
        for value in node:
            yield from resources(value)


def test_every_resource_of_the_fixtures_is_tagged_synthetic() -> None:
    requests = sorted((ROOT / "fixtures").rglob("request*.json"))

    untagged = [
        f"{named(path)}: {resource['resourceType']}"
        for path in requests
        for resource in resources(json.loads(path.read_text(encoding="utf-8")))
        if SYNTHETIC not in (resource.get("meta") or {}).get("tag", [])  # type: ignore[attr-defined]
    ]
    assert requests
    assert untagged == []


def test_telephone_numbers_and_addresses_of_the_fixtures_are_invented() -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "fixtures").rglob("*.json"))

    numbers = set(re.findall(r"\+\d[\d-]{6,}", text))
    hosts = set(re.findall(r"https?://([^/\"\s?#)]+)", text))
    assert [number for number in numbers if not number.startswith("+1-555-")] == []
    own = {"spinal-injection-cds.org", "www.cms.gov", *(h for h in hosts if h.startswith("127.0.0.1:"))}
    standards = re.compile(r"(.*\.)?(hl7\.org|snomed\.info|loinc\.org|ama-assn\.org|nema\.org|nlm\.nih\.gov)")
    known = {h for h in hosts if standards.fullmatch(h) or h.endswith("example.org") or h in own}
    assert hosts - known == set()


def settings_of_readme() -> set[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return set(re.findall(rf"(?m)^\| `{PREFIX}([A-Z_]+)` \|", text))


def test_the_readme_names_exactly_the_settings_that_exist() -> None:
    fields = {name.upper() for name in Settings.model_fields}

    assert settings_of_readme() == fields


@pytest.mark.parametrize(
    "path",
    [
        *("README.md", "fixtures/README.md", "docs/architecture.md", "docs/decisions/README.md"),
        *("docs/conformance.md", "docs/hostile-input.md", "docs/deploying.md"),
    ],
)
def test_every_file_that_a_page_links_to_exists(path: str) -> None:
    page = ROOT / path
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))

    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_modules_are_short_enough_to_be_read_in_one_sitting() -> None:
    code = [
        p for p in files() if p.suffix == ".py" and p.relative_to(ROOT).parts[0] in ("cds_hooks", "plugin")
    ]

    lengths = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in code}
    assert lengths
    assert {name: length for name, length in lengths.items() if length >= MAX_LINES} == {}


def test_no_public_name_is_defined_in_an_init() -> None:
    for path in (*(ROOT / "cds_hooks").rglob("__init__.py"), *(ROOT / "plugin").rglob("__init__.py")):
        assert not re.search(r"(?m)^(def|class|async def) ", path.read_text(encoding="utf-8")), named(path)
