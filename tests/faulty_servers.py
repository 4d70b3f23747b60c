"""FHIR servers that are broken, each in its own way: none of them ever gives a search its whole answer.

All are on this machine and hold nobody's data.
"""

from __future__ import annotations

import gzip
import json
import socket
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.local_servers import Exchange, Script, local_servers

_OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
_WEB_PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"
_BOMB_BYTES = 50_000_000
STATUSES = (
    *("204 No Content", "206 Partial Content", "302 Found", "304 Not Modified", "400 Bad Request"),
    *("401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone", "429 Too Many Requests"),
    *("500 Oops", "502 Bad Gateway", "503 Unavailable", "504 Gateway Timeout"),
)


def type_of(path: str) -> str:
    """The resource type that a path below the base asks for."""
    return path.partition("/fhir/")[2].partition("?")[0].partition("/")[0]


def searchset(*resources: Any, **more: Any) -> dict[str, Any]:
    entries = {"entry": [{"resource": resource} for resource in resources]} if resources else {}
    return {"resourceType": "Bundle", "type": "searchset", **entries, **more}


def following(url: str) -> dict[str, Any]:
    return {"link": [{"relation": "next", "url": url}]}


def told(body: bytes | Mapping[str, Any], status: str = "200 OK", *headers: str) -> Script:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda exchange: exchange.answer(content, status, *headers)


def computed(answer: Callable[[Exchange], Mapping[str, Any]]) -> Script:
    return lambda exchange: exchange.answer(json.dumps(answer(exchange)).encode())


def raw(start: bytes) -> Script:
    return lambda exchange: exchange.write(start)


def dripping(start: bytes, byte: bytes) -> Script:
    return lambda exchange: exchange.drip(start, byte)


def reset(exchange: Exchange) -> None:
    exchange.abort()


def reset_in_the_body(exchange: Exchange) -> None:
    exchange.write(b'HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{"resourceType": "Bundle", "entry": [')
    exchange.abort()


def crowded() -> bytes:
    """As many entries that are none as fit into the bytes that may be read."""
    return b'{"resourceType": "Bundle", "entry": [' + b"{}," * 3_400_000 + b"{}]}"


def bomb(
    encoding: str, pack: Callable[[bytes], bytes], content: Callable[[], bytes] = lambda: b" " * _BOMB_BYTES
) -> Script:
    """Packed by the first who asks, while the others wait."""
    lock, packed = threading.Lock(), list[bytes]()

    def script(exchange: Exchange) -> None:
        with lock:
            packed[:] = packed or [pack(content())]
        exchange.answer(packed[0], "200 OK", f"Content-Encoding: {encoding}")

    return script


def another_patients(exchange: Exchange) -> Mapping[str, Any]:
    somebody = {"reference": "Patient/somebody-else"}
    found = {"resourceType": type_of(exchange.path), "id": "x1", "subject": somebody, "individual": somebody}
    return found if "?" not in exchange.path else searchset(found, total=1)


def everybodys(exchange: Exchange) -> Mapping[str, Any]:
    """The parameter `patient` is ignored, and the server says so."""
    return searchset(total=0, link=[{"relation": "self", "url": type_of(exchange.path)}])


def page_after_page(exchange: Exchange) -> Mapping[str, Any]:
    number = int(exchange.path.rpartition("page=")[2]) if "page=" in exchange.path else 1
    return searchset(total=10_000, **following(f"?page={number + 1}"))


def two_pages_in_a_circle(exchange: Exchange) -> Mapping[str, Any]:
    return searchset(**following("?page=1" if "page=2" in exchange.path else "?page=2"))


def second_page_missing(exchange: Exchange) -> None:
    if "page=2" in exchange.path:
        exchange.answer(b"", "500 Oops")
    else:
        exchange.answer(json.dumps(searchset(**following("?page=2"))).encode())


def second_page_stalls(exchange: Exchange) -> None:
    if "page=2" in exchange.path:
        exchange.drip(b"", b"")
    else:
        exchange.answer(json.dumps(searchset(**following("?page=2"))).encode())


SCRIPTS: Mapping[str, Script] = {
    **{status: told(_OUTCOME, status, "Location: http://127.0.0.2:9/fhir") for status in STATUSES},
    "stalls": dripping(b"", b""),
    "stalls in the headers": dripping(b"HTTP/1.1 200 OK\r\nContent-Type: ", b""),
    "drips a header": dripping(b"HTTP/1.1 200 OK\r\nX-Endless: ", b"x"),
    "drips headers": dripping(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"),
    "drips the body": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n", b" "),
    "drips chunks": dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "hangs up": lambda exchange: None,
    "resets": reset,
    "resets in the body": reset_in_the_body,
    "ends too early": raw(b'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"resourceType": "Bundle"}'),
    "a chunk too short": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}"),
    "chunks of no size": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    "is no web server": raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a status that is none": raw(b"HTTP/1.1 two hundred\r\n\r\n"),
    "too many headers": raw(b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 1000 + b"\r\n{}"),
    "a header too long": raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n{}"),
    "a web page": told(_WEB_PAGE, "200 OK", "Content-Type: text/html"),
    "a web page called JSON": told(_WEB_PAGE, "200 OK", "Content-Type: application/fhir+json"),
    "cut-off JSON": told(b'{"resourceType": "Bundle", "type": "searchset", "entry": [{"resour'),
    "nothing": told(b""),
    "null": told(b"null"),
    "no UTF-8": told(b'{"resourceType": "Bundle", "entry": [{"resource": {"id": "\xff"}}]}'),
    "too deep": told(b"[" * 100_000),
    "an outcome": told(_OUTCOME),
    "an outcome in a page": told(searchset(_OUTCOME)),
    "another type": told({"resourceType": "Basic", "id": "x", "code": {"text": "x"}}),
    "a page of another type": told(searchset({"resourceType": "Basic", "id": "x"})),
    "an entry without a resource": told({"resourceType": "Bundle", "entry": [{"fullUrl": "x"}]}),
    "another patient's": computed(another_patients),
    "everybody's": computed(everybodys),
    "fewer than counted": told(searchset(total=3)),
    "page after page": computed(page_after_page),
    "a page that is its own next": computed(lambda exchange: searchset(**following(exchange.path))),
    "two pages in a circle": computed(two_pages_in_a_circle),
    "a page that leads elsewhere": told(searchset(**following("http://127.0.0.2:9/fhir/x"))),
    "a page that leads nowhere": told(searchset(link=[{"relation": "next"}])),
    "a second page that fails": second_page_missing,
    "a second page that stalls": second_page_stalls,
    "gzip bomb": bomb("gzip", gzip.compress),
    "deflate bomb": bomb("deflate", zlib.compress),
    "gzip twice": bomb("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
    "millions of tiny entries": bomb("gzip", gzip.compress, crowded),
    "gzip that is none": told(b"not gzip", "200 OK", "Content-Encoding: gzip"),
    "an encoding nobody asked for": told(b"\x1b\x00", "200 OK", "Content-Encoding: br"),
}
SILENT = ("refuses", "never accepts", "stalls in TLS", "speaks no TLS")


@contextmanager
def faulty_servers() -> Iterator[Mapping[str, str]]:
    """The base URL of one server per fault."""
    with local_servers() as start, _listening() as full, _listening() as closed:
        bases = {name: start(script).base for name, script in SCRIPTS.items()}
        waiting = [_attempt(full) for _ in range(3)]
        stalling = start(dripping(b"", b"")).base
        bases["never accepts"] = f"http://127.0.0.1:{full.getsockname()[1]}/fhir"
        bases["stalls in TLS"] = stalling.replace("http:", "https:")
        bases["speaks no TLS"] = start(told(b"{}")).base.replace("http:", "https:")
        bases["refuses"] = f"http://127.0.0.1:{closed.getsockname()[1]}/fhir"
        closed.close()
        try:
            yield bases
        finally:
            for connection in waiting:
                connection.close()


@contextmanager
def _listening() -> Iterator[socket.socket]:
    """A socket that listens and has room for one connection that nobody accepts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        yield listener


def _attempt(listener: socket.socket) -> socket.socket:
    connection = socket.socket()
    connection.setblocking(False)
    connection.connect_ex(listener.getsockname())
    return connection
