"""Which FHIR servers may be spoken to.

`fhirServer` comes from the caller, and whatever it names would receive a bearer token. So a URL is taken
apart by one strict grammar, without any of the freedoms in which URL parsers differ, and compared part by
part with the bases that the site registered.
"""

import re
from dataclasses import dataclass, field
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

    Raises ValueError when a registered base is not a plain http(s) URL.
    """

    registered: tuple[str, ...]
    allow_loopback: bool
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
        """Is `url` a registered base, or below one?"""
        asked = BaseUrl.parse(url)
        if asked is None:
            return False
        if self.allow_loopback and asked.host in _LOOPBACK_HOSTS:
            return True
        return any(base.covers(asked) for base in self._bases)
