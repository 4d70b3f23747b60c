"""The clients file: what it registers, and one clear line for every fault in it."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from cds_hooks import AllowedBases, Client, ClientsFileError, Registration, read_clients
from tests.cds_hooks.test_signing_keys import jwk
from tests.cds_hooks.tokens import jwks, pem, private_key, public_jwk

SMALL = """
[[clients]]
id = "ehr"
issuer = "https://ehr.example.org"
jwks_url = "https://ehr.example.org/jwks"
"""
FULL = """
[[clients]]
id = "st-elsewhere"
issuer = "https://ehr.example.org/oauth2"
issuer_aliases = ["https://ehr.example.org/oauth2/"]
jwks_file = "keys/jwks.json"
accepted_jku = ["https://ehr.example.org/jwks"]
audiences = ["urn:spinal"]
sub = ["app-1", "app-2"]
tenants = ["t1"]
algorithms = ["RS384", "ES256"]
max_token_seconds = 900
require_typ = false
fhir_bases = ["https://ehr.example.org/fhir/r4", "https://fhir.internal.example.org/r4"]
fhir_subjects = ["spinal"]
deadline_seconds = 0.8
unsupported = ["ImagingStudy", "MedicationStatement"]
allowed_cidrs = ["10.1.0.0/16", "fd00:1::/32"]
cors_origins = ["https://ehr.example.org", "https://ehr.example.org:8443"]
dialect = "epic"
policy = "default"
keep_user_comments = true

[[clients]]
id = "second"
issuer = "https://second.example.org"
jwks_url = "https://second.example.org/jwks"
"""
SECRET = "hunter2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "jwks.json").write_bytes(jwks(public_jwk("RS384")))
    return tmp_path


def read(folder: Path, text: str) -> tuple[Registration, ...]:
    path = folder / "clients.toml"
    path.write_text(text, encoding="utf-8")
    return read_clients(path)


def faults(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ClientsFileError) as raised:
        read(folder, text)
    assert not any("\n" in fault for fault in raised.value.faults)
    return raised.value.faults


def test_what_is_left_out_has_its_default(folder: Path) -> None:
    [found] = read(folder, SMALL)

    assert found == Registration(
        client=Client("ehr", AllowedBases((), allow_loopback=False)),
        issuer="https://ehr.example.org",
        issuer_aliases=(),
        jwks="https://ehr.example.org/jwks",
        jkus=frozenset({"https://ehr.example.org/jwks"}),
        audiences=(),
        subjects=frozenset(),
        tenants=frozenset(),
        algorithms=("ES384", "RS384"),
        max_token_seconds=1200,
        requires_typ=True,
        cors_origins=(),
    )


def test_everything_that_is_given_is_kept(folder: Path) -> None:
    first, second = read(folder, FULL)

    assert second.client.id == "second"
    assert first == Registration(
        client=Client(
            "st-elsewhere",
            AllowedBases(
                ("https://ehr.example.org/fhir/r4", "https://fhir.internal.example.org/r4"),
                allow_loopback=False,
                private_networks=(ip_network("10.1.0.0/16"), ip_network("fd00:1::/32")),
            ),
            policy="default",
            dialect="epic",
            keep_user_comments=True,
            fhir_subjects=frozenset({"spinal"}),
            deadline_seconds=0.8,
            unsupported=frozenset({"ImagingStudy", "MedicationStatement"}),
        ),
        issuer="https://ehr.example.org/oauth2",
        issuer_aliases=("https://ehr.example.org/oauth2/",),
        jwks=folder / "keys" / "jwks.json",
        jkus=frozenset({"https://ehr.example.org/jwks"}),
        audiences=("urn:spinal",),
        subjects=frozenset({"app-1", "app-2"}),
        tenants=frozenset({"t1"}),
        algorithms=("RS384", "ES256"),
        max_token_seconds=900,
        requires_typ=False,
        cors_origins=("https://ehr.example.org", "https://ehr.example.org:8443"),
    )


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('colour = "hunter2"', "colour"),
        ('jwks_file = "keys/jwks.json"', "jwks_url or jwks_file"),
        ('issuer_aliases = "hunter2"', "issuer_aliases"),
        ('issuer_aliases = ["hunter2 x"]', "issuer_aliases[1]"),
        ('accepted_jku = ["https://ok.example.org/jwks", "ftp://hunter2"]', "accepted_jku[2]"),
        ('accepted_jku = ["https://user:hunter2@ehr.example.org/jwks"]', "accepted_jku[1]"),
        ("audiences = [7]", "audiences[1]"),
        ('sub = [""]', "sub[1]"),
        ('tenants = ["hunter2\\n"]', "tenants[1]"),
        ('algorithms = ["HS256"]', "algorithms[1]"),
        ('algorithms = ["none"]', "algorithms[1]"),
        ('algorithms = ["ES384", "hunter2"]', "algorithms[2]"),
        ("algorithms = []", "algorithms"),
        ("max_token_seconds = 59", "max_token_seconds"),
        ("max_token_seconds = 3601", "max_token_seconds"),
        ('max_token_seconds = "hunter2"', "max_token_seconds"),
        ("max_token_seconds = true", "max_token_seconds"),
        ('require_typ = "hunter2"', "require_typ"),
        ("require_typ = 0", "require_typ"),
        ('fhir_bases = "https://ehr.example.org/hunter2"', "fhir_bases"),
        ('fhir_bases = ["https://user:hunter2@ehr.example.org/fhir"]', "fhir_bases[1]"),
        ('fhir_bases = ["https://ehr.example.org/fhir?hunter2"]', "fhir_bases[1]"),
        ('fhir_bases = ["https://ehr.example.org/fhir", "https://*.example.org"]', "fhir_bases[2]"),
        ('allowed_cidrs = ["10.0.0.1/8"]', "allowed_cidrs[1]"),
        ('allowed_cidrs = ["hunter2"]', "allowed_cidrs[1]"),
        ('cors_origins = ["*"]', "cors_origins[1]"),
        ('cors_origins = ["https://*.example.org"]', "cors_origins[1]"),
        ('cors_origins = ["https://ehr.example.org/"]', "cors_origins[1]"),
        ('cors_origins = ["https://EHR.example.org"]', "cors_origins[1]"),
        ('cors_origins = ["null"]', "cors_origins[1]"),
        ('dialect = "hunter2"', "dialect"),
        ('policy = ""', "policy"),
        ('keep_user_comments = "yes"', "keep_user_comments"),
        ('fhir_subjects = ["hunter2 x"]', "fhir_subjects[1]"),
        ("deadline_seconds = 0", "deadline_seconds"),
        ("deadline_seconds = 31", "deadline_seconds"),
        ("deadline_seconds = true", "deadline_seconds"),
        ('deadline_seconds = "hunter2"', "deadline_seconds"),
        ('unsupported = "hunter2"', "unsupported"),
        ('unsupported = ["ImagingStudy", "hunter2"]', "unsupported[2]"),
    ],
)
def test_a_fault_is_one_line_with_client_and_key_and_without_the_value(
    folder: Path, line: str, key: str
) -> None:
    [fault] = faults(folder, f"{SMALL}{line}\n")

    assert fault.startswith("clients.toml: client ehr: ")
    assert key in fault
    assert SECRET not in fault


@pytest.mark.parametrize("missing", ["id", "issuer", "jwks_url"])
def test_what_is_required_is_missed(folder: Path, missing: str) -> None:
    text = "\n".join(line for line in SMALL.splitlines() if not line.startswith(missing))

    [fault] = faults(folder, text)

    assert missing in fault


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "No such file"), (b"{", "not a JWKS"), (b'{"keys": []}', "no key with a kid")],
)
def test_a_key_file_must_hold_keys(folder: Path, content: bytes | None, words: str) -> None:
    path = folder / "keys" / "jwks.json"
    path.unlink() if content is None else path.write_bytes(content)

    [fault] = faults(folder, FULL)

    assert fault.startswith("clients.toml: client st-elsewhere: jwks_file: ")
    assert words in fault


def test_every_fault_of_every_client_is_listed(folder: Path) -> None:
    text = FULL.replace("max_token_seconds = 900", "max_token_seconds = 9").replace('"epic"', '"epyc"')
    text = text.replace('id = "second"', 'id = "-"\nextra = 1')

    found = faults(folder, text)

    assert [fault.split(": ")[1:3] for fault in found] == [
        ["client st-elsewhere", "max_token_seconds"],
        ["client st-elsewhere", "dialect"],
        ["client number 2", "id"],
        ["client number 2", "extra"],
    ]


def test_two_clients_with_one_id_are_refused(folder: Path) -> None:
    again = SMALL.replace("https://ehr.example.org", "https://other.example.org")

    assert faults(folder, SMALL + again) == (
        "clients.toml: client ehr and client ehr: id: must not be the same",
    )


@pytest.mark.parametrize("extra", ["", 'issuer_aliases = ["https://other"]'])
def test_two_clients_with_one_issuer_are_refused(folder: Path, extra: str) -> None:
    again = SMALL.replace('"ehr"', '"second"')
    if extra:
        again = again.replace('issuer = "https://ehr.example.org"', 'issuer = "https://other"')

    assert faults(folder, f"{SMALL}{extra}\n{again}") == (
        "clients.toml: client ehr and client second: issuer: must not be the same",
    )


@pytest.mark.parametrize(
    "text",
    ["", "clients = []", "clients = 7", '[clients]\nid = "x"', f"{SMALL}\n[other]\nx = 1", "clients = [1]"],
)
def test_a_file_without_clients_or_with_anything_else_is_refused(folder: Path, text: str) -> None:
    assert len(faults(folder, text)) == 1


NOT_TOML = ["[[clients", "id = ", "\x00", f"id = {'[' * 100_000}", f"id = {'9' * 5_000}"]


@pytest.mark.parametrize("text", NOT_TOML, ids=["table", "value", "zero", "too-deep", "too-large"])
def test_what_is_no_toml_is_refused(folder: Path, text: str) -> None:
    [fault] = faults(folder, text)

    assert fault.startswith("clients.toml: not TOML")


def test_a_file_that_cannot_be_read_is_one_fault(tmp_path: Path) -> None:
    with pytest.raises(ClientsFileError, match="cannot be read"):
        read_clients(tmp_path / "clients.toml")


BACKEND = (
    SMALL
    + """
[clients.backend_services]
client_id = "spinal"
private_key_file = "keys/current.pem"
next_private_key_file = "keys/next.jwk"
"""
)


@pytest.fixture
def key_files(folder: Path) -> Path:
    (folder / "keys" / "current.pem").write_bytes(pem(private_key("ES384")))
    (folder / "keys" / "next.jwk").write_bytes(jwk(private_key("RS384"), kid="next"))
    return folder


def test_a_client_may_have_a_way_to_a_token(key_files: Path) -> None:
    [found] = read(key_files, BACKEND + 'token_url = "https://auth.example.org/token"\n')

    services = found.client.backend_services
    assert services is not None
    assert (services.client_id, services.scope) == ("spinal", "system/*.rs")
    assert services.token_url == "https://auth.example.org/token"
    assert (services.key.algorithm, services.next_key.kid) == ("ES384", "next")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("current.pem", "hunter2.pem", "backend_services: private_key_file: cannot be read"),
        ("next.jwk", "jwks.json", "backend_services: next_private_key_file: holds no private key"),
        ("next.jwk", "current.pem", "backend_services: next_private_key_file: must not be the same"),
        ('client_id = "spinal"', 'client_id = "hunter2 x"', "backend_services.client_id: "),
        ('client_id = "spinal"', "", "client_id"),
        ('client_id = "spinal"', 'client_id = "s"\nscope = "a  hunter2"', "scope"),
        ('client_id = "spinal"', 'client_id = "s"\nscope = ""', "scope"),
        ('client_id = "spinal"', 'client_id = "s"\ntoken_url = "ftp://hunter2"', "token_url"),
        ('client_id = "spinal"', 'client_id = "s"\nsecret = "hunter2"', "secret"),
    ],
)
def test_a_fault_of_the_way_to_a_token_is_one_line(key_files: Path, old: str, new: str, key: str) -> None:
    [fault] = faults(key_files, BACKEND.replace(old, new))

    assert fault.startswith("clients.toml: client ehr: backend_services")
    assert key in fault
    assert SECRET not in fault


OTHER = BACKEND.replace('id = "ehr"', 'id = "other"').replace("ehr.example.org", "other.example.org")


def test_clients_may_share_their_keys(key_files: Path) -> None:
    assert len(read(key_files, BACKEND + OTHER)) == 2


def test_two_keys_under_one_kid_are_refused(key_files: Path) -> None:
    (key_files / "keys" / "others.jwk").write_bytes(jwk(private_key("RS384", "other"), kid="next"))

    [fault] = faults(key_files, BACKEND + OTHER.replace("next.jwk", "others.jwk"))

    assert fault.endswith("client ehr and client other: backend_services: two keys have the same kid")
