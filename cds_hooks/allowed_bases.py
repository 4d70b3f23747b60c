"""Which FHIR servers may be spoken to.

`fhirServer` comes from the caller, and whatever it names would receive a bearer token. So a URL is taken
apart by one strict grammar, without any of the freedoms in which URL parsers differ, and compared part by
part with the bases that the site registered.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

_BASE = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:]{2,39}\]|[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>(?:/[A-Za-z0-9._~:@-]+)*)/?",
    re.ASCII,
)
_SCHEME_AND_HOST = re.compile(r"[A-Za-z]+://[^/]*", re.ASCII)
_QUERY = re.compile(r"[!$-;=?-\[\]_a-z{|}~]*", re.ASCII)
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!\Z)|\Z)){4}", re.ASCII)
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_NAT64 = IPv6Network("64:ff9b::/96")
_TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))

Network = IPv4Network | IPv6Network
ANY_NETWORK: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A FHIR base: scheme, host and port in lower case and written out, the path as segments."""

    scheme: str
    host: str
    port: int
    path: tuple[str, ...]

    @classmethod
    def parse(cls, url: str) -> Self | None:
        """None for all but a plain http(s) URL: no user, query, fragment, escapes or odd IP spellings."""
        match = _BASE.fullmatch(_SCHEME_AND_HOST.sub(lambda found: found[0].lower(), url, count=1))
        if match is None:
            return None
        path = tuple(match["path"].split("/")[1:])
        port = int(match["port"] or _DEFAULT_PORTS[match["scheme"]])
        if port > 65535 or not _is_plain_host(match["host"]) or {".", ".."} & set(path):
            return None
        return cls(match["scheme"], match["host"], port, path)

    @property
    def url(self) -> str:
        """Without a trailing slash, and without the port that the scheme implies."""
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return "/".join((f"{self.scheme}://{self.host}{port}", *self.path))

    def holds(self, url: str) -> bool:
        """Is `url`, which may have a query, at or below this base?"""
        address, _, query = url.partition("?")
        other = BaseUrl.parse(address)
        return other is not None and self.covers(other) and _QUERY.fullmatch(query) is not None

    def covers(self, other: "BaseUrl") -> bool:
        return (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port) and (
            other.path[: len(self.path)] == self.path
        )


def _is_plain_host(host: str) -> bool:
    """Are all labels well formed, and is a numeric host a dotted quad and nothing else?"""
    if host.startswith("["):
        return True
    labels = host.split(".")
    if any(not label or label.startswith("-") or label.endswith("-") for label in labels):
        return False
    return not _NUMERIC_LABEL.fullmatch(labels[-1]) or _IPV4.fullmatch(host) is not None


@dataclass(frozen=True, slots=True)
class AllowedBases:
    """The FHIR bases that may be read; with `allow_loopback`, any port of this machine as well.

    A registered name may resolve to public addresses and to those in `private_networks`. Raises ValueError
    when a registered base is not a plain http(s) URL.
    """

    registered: tuple[str, ...]
    allow_loopback: bool
    private_networks: tuple[Network, ...] = ()
    _bases: tuple[BaseUrl, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        bases = []
        for url in self.registered:
            base = BaseUrl.parse(url)
            if base is None:
                raise ValueError(f"FHIR base {url!r}: must be like https://ehr.example.org/fhir/r4")
            bases.append(base)
        object.__setattr__(self, "_bases", tuple(bases))

    def permits(self, url: str) -> bool:
        """Is `url` a registered base?"""
        asked = BaseUrl.parse(url)
        if asked is None:
            return False
        if self.allow_loopback and asked.host in _LOOPBACK_HOSTS:
            return True
        return asked in self._bases

    def shares_origin(self, other: BaseUrl) -> bool:
        """Does `other` lie on scheme, host and port of a registered base?"""
        origin = (other.scheme, other.host, other.port)
        return any(origin == (base.scheme, base.host, base.port) for base in self._bases)

    def permits_address(self, host: str, address: str) -> bool:
        """May a connection to the permitted `host` go to `address`, which the name resolved to?"""
        host, found = host.strip("[]"), _plain(ip_address(address.partition("%")[0]))
        if self.allow_loopback and host == "localhost":
            return found.is_loopback
        return _is_address(host) or _is_public(found) or _is_within(found, self.private_networks)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside an IPv6 one that only wraps it."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not _is_within(address, _TUNNELS)


def _is_within(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
