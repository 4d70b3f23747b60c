"""Which FHIR bases may be read, however a URL is dressed up."""

from ipaddress import ip_network

import pytest

from cds_hooks import AllowedBases

REGISTERED = AllowedBases(
    ("https://ehr.example.org/fhir/r4", "https://ehr.example.org:8443/"), allow_loopback=False
)
LOOPBACK = AllowedBases((), allow_loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://ehr.example.org/fhir/r4",
        "https://ehr.example.org/fhir/r4/",
        "https://ehr.example.org:443/fhir/r4",
        "HTTPS://EHR.Example.ORG/fhir/r4",
        "https://ehr.example.org:8443",
        "https://ehr.example.org:8443/",
    ],
)
def test_a_registered_base_is_permitted_however_it_is_written(url: str) -> None:
    assert REGISTERED.permits(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "http://localhost:8080/fhir",
        "https://localhost/fhir",
        "http://LOCALHOST/fhir",
        "http://127.0.0.1:5000",
        "http://[::1]:5000/fhir",
    ],
)
def test_this_machine_is_permitted_only_when_loopback_is(url: str) -> None:
    assert LOOPBACK.permits(url)
    assert not REGISTERED.permits(url)


FORGED = [
    "",
    " ",
    "ehr.example.org/fhir/r4",
    "//ehr.example.org/fhir/r4",
    "https:ehr.example.org/fhir/r4",
    "https:/ehr.example.org/fhir/r4",
    "https:///ehr.example.org/fhir/r4",
    "http://ehr.example.org/fhir/r4",
    "ftp://ehr.example.org/fhir/r4",
    "file:///etc/passwd",
    "gopher://127.0.0.1:70/",
    "localfile:///etc/passwd",
    "data:text/plain,x",
    "javascript:alert(1)",
    "ws://ehr.example.org/fhir/r4",
    "https://ehr.example.org",
    "https://ehr.example.org/",
    "https://ehr.example.org/fhir",
    "https://ehr.example.org/fhir/r4b",
    "https://ehr.example.org/fhir/R4",
    "https://ehr.example.org/fhir/r4/tenant-1",
    "https://ehr.example.org:8443/any/path",
    "https://ehr.example.org/FHIR/r4",
    "https://ehr.example.org/other",
    "https://ehr.example.org:444/fhir/r4",
    "https://ehr.example.org:80/fhir/r4",
    "https://ehr.example.org:0443/fhir/r4",
    "https://ehr.example.org:/fhir/r4",
    "https://ehr.example.org:0/fhir/r4",
    "https://ehr.example.org:65979/fhir/r4",
    "https://ehr.example.org:99999/fhir/r4",
    "https://ehr.example.org:４４３/fhir/r4",
    "https://ehr.example.org./fhir/r4",
    "https://ehr.example.org.evil.test/fhir/r4",
    "https://evil.test/ehr.example.org/fhir/r4",
    "https://evil-ehr.example.org/fhir/r4",
    "https://sub.ehr.example.org/fhir/r4",
    "https://example.org/fhir/r4",
    "https://ehr..example.org/fhir/r4",
    "https://ehr.example.org@evil.test/fhir/r4",
    "https://user@ehr.example.org/fhir/r4",
    "https://user:pass@ehr.example.org/fhir/r4",
    "https://:@ehr.example.org/fhir/r4",
    "https://evil.test#@ehr.example.org/fhir/r4",
    "https://evil.test?@ehr.example.org/fhir/r4",
    "https://evil.test\\@ehr.example.org/fhir/r4",
    "https:\\\\ehr.example.org\\fhir\\r4",
    "https://ehr.example.org\\.evil.test/fhir/r4",
    "https://ehr.example.org/fhir/r4#fragment",
    "https://ehr.example.org/fhir/r4?query=1",
    "https://ehr.example.org/fhir/r4?",
    "https://ehr.example.org/fhir/r4#",
    "https://ehr.example.org/fhir/r4/../../admin",
    "https://ehr.example.org/fhir/r4/..",
    "https://ehr.example.org/fhir/r4/./x",
    "https://ehr.example.org/fhir//r4",
    "https://ehr.example.org//fhir/r4",
    "https://ehr.example.org/fhir/r4//",
    "https://ehr.example.org/fhir/r4/%2e%2e/admin",
    "https://ehr.example.org/fhir%2Fr4",
    "https://ehr%2eexample%2eorg/fhir/r4",
    "https://ehr.example.org/fhir/r4;x=1",
    "https://ehr.example.org/fhir/r4 ",
    " https://ehr.example.org/fhir/r4",
    "https://ehr.example.org/fhir/r4\n",
    "https://ehr.example.org/fhir/r4\r\nHost: evil.test",
    "https://ehr.example.org\t/fhir/r4",
    "https://ehr.example.org\0/fhir/r4",
    "https://ehr.example.org\u200b/fhir/r4",
    "https://еhr.example.org/fhir/r4",
    "https://ehr.exаmple.org/fhir/r4",
    "https://ehr。example。org/fhir/r4",
    "https://ｅhr.example.org/fhir/r4",
    "https://xn--hr-cmd.example.org/fhir/r4",
    "https://ehr.example.org\u2028/fhir/r4",
    "https://[ehr.example.org]/fhir/r4",
    "https://169.254.169.254/latest/meta-data",
    "http://169.254.169.254/",
    "http://[fd00:ec2::254]/latest",
    "https://10.0.0.1/fhir/r4",
    "https://192.168.0.1/fhir/r4",
]


@pytest.mark.parametrize("url", FORGED)
def test_a_forged_base_is_refused(url: str) -> None:
    assert not REGISTERED.permits(url)


NOT_QUITE_LOOPBACK = [
    "http://127.0.0.2/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.000.000.001/",
    "http://127.0.0.1./",
    "http://127.0.0.1.nip.io/",
    "http://localhost./",
    "http://localhost.evil.test/",
    "http://localhost.localdomain/",
    "http://0.0.0.0/",
    "http://0/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::1%25lo]/",
    "http://[::1]evil.test/",
    "http://::1/",
    "http://①②⑦.0.0.1/",
    "http://ⓛocalhost/",
    "http://user@localhost/",
    "http://localhost@evil.test/",
    "http://evil.test#localhost",
    "http://localhost\\evil.test/",
    "http://localhost:99999/",
    "http://169.254.169.254/",
    "ftp://localhost/",
]


@pytest.mark.parametrize("url", NOT_QUITE_LOOPBACK)
def test_loopback_is_three_literal_hosts_and_nothing_that_resolves_to_them(url: str) -> None:
    assert not LOOPBACK.permits(url)


@pytest.mark.parametrize(
    "base",
    [
        "",
        "ehr.example.org",
        "https://",
        "ftp://ehr.example.org",
        "https://u@ehr.example.org",
        "https://x.org/?a=b",
        "https://2130706433/fhir",
        "https://0x7f.1/fhir",
        "https://256.1.1.1/",
        "https://-x.org/",
        "https://x.org/a/../b",
    ],
)
def test_a_base_that_is_no_plain_url_cannot_be_registered(base: str) -> None:
    with pytest.raises(ValueError, match="FHIR base"):
        AllowedBases((base,), allow_loopback=False)


@pytest.mark.parametrize(
    "base", ["https://10.1.2.3:8443/fhir", "http://hapi:8080/fhir", "https://[fd00::5]/fhir"]
)
def test_a_site_may_register_addresses_inside_its_network(base: str) -> None:
    assert AllowedBases((base,), allow_loopback=False).permits(base)


@pytest.mark.parametrize(
    ("address", "is_permitted"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("64:ff9b::5db8:d70e", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("0.0.0.0", False),  # noqa: S104
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
    ],
)
def test_a_registered_name_resolves_to_public_addresses_only(address: str, is_permitted: bool) -> None:
    assert REGISTERED.permits_address("ehr.example.org", address) is is_permitted


def test_a_registered_name_may_resolve_into_the_networks_of_its_site() -> None:
    site = AllowedBases(
        ("https://ehr.example.org/fhir",),
        allow_loopback=False,
        private_networks=(ip_network("10.1.0.0/16"), ip_network("fd00:1::/32")),
    )

    assert site.permits_address("ehr.example.org", "10.1.2.3")
    assert site.permits_address("ehr.example.org", "::ffff:10.1.2.3")
    assert site.permits_address("ehr.example.org", "fd00:1::7")
    assert not site.permits_address("ehr.example.org", "10.2.0.1")
    assert not site.permits_address("ehr.example.org", "127.0.0.1")


def test_a_registered_address_is_meant_as_it_stands() -> None:
    site = AllowedBases(("https://10.1.2.3/fhir", "https://[fd00::5]/fhir"), allow_loopback=False)

    assert site.permits_address("10.1.2.3", "10.1.2.3")
    assert site.permits_address("[fd00::5]", "fd00::5")


def test_localhost_must_resolve_to_this_machine() -> None:
    assert LOOPBACK.permits_address("localhost", "127.0.0.1")
    assert LOOPBACK.permits_address("localhost", "::1")
    assert not LOOPBACK.permits_address("localhost", "93.184.215.14")
