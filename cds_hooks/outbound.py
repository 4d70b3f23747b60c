"""HTTP to servers outside, hardened: what requests and urllib3 leave open is closed here.

Nothing comes from the environment, no cookie is kept, a name is resolved and checked before anything is
connected to, and an exchange can be cut off, however slowly a server drips.
"""

import logging
import socket
import threading
from collections.abc import Callable
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NameResolutionError, NewConnectionError

# urllib3 logs every URL with its query, and the query names the patient.
logging.getLogger("urllib3").setLevel(logging.ERROR)

MayConnect = Callable[[str, str], bool]
"""May a connection to this host go to this address?"""


class AddressNotPermitted(Exception):  # noqa: N818 - says what is the case.
    """The name resolves only to addresses that the connection may not go to."""


class Exchange:
    """What a thread is doing with a server, and the socket it is waiting on; a context of that thread.

    A socket timeout holds per read only. So at the deadline somebody else cuts the socket off, and a server
    that drips bytes cannot keep the thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False

    def __enter__(self) -> Self:
        _thread.exchange = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._waits_on(None)
        _thread.exchange = None

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
            if self._socket is None:
                return
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                # It is closed already, which is all that was wanted.
                self._socket = None

    def _waits_on(self, connection: socket.socket | None) -> None:
        with self._lock:
            self._socket = connection
        if self._is_cut:
            self.cut()


_thread = threading.local()


class _Checked:
    """Connects to an address that was checked, so that a name cannot change its mind in between."""

    _dns_host: str
    port: int
    sock: socket.socket | None

    def __init__(self, *args: Any, may_connect: MayConnect, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._may_connect = may_connect

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        failed: NewConnectionError | None = None
        for address in self._permitted_addresses(name):
            # urllib3 connects to what stands here; TLS goes on to check the certificate for the name.
            self._dns_host = address
            try:
                connection: socket.socket = super()._new_conn()  # type: ignore[misc]
                return connection
            except NewConnectionError as error:
                failed = error
            finally:
                self._dns_host = name
        raise failed or AddressNotPermitted

    def _permitted_addresses(self, name: str) -> list[str]:
        host = name.strip("[]")
        try:
            found = socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(name, self, error) from error  # type: ignore[arg-type]
        addresses = dict.fromkeys(str(address[0]) for *_, address in found)
        return [address for address in addresses if self._may_connect(host, address)]

    def getresponse(self) -> urllib3.HTTPResponse:
        exchange: Exchange | None = getattr(_thread, "exchange", None)
        if exchange is not None:
            exchange._waits_on(self.sock)
        response: urllib3.HTTPResponse = super().getresponse()  # type: ignore[misc]
        return response


class _HttpConnection(_Checked, urllib3.connection.HTTPConnection):  # type: ignore[misc]
    pass


class _HttpsConnection(_Checked, urllib3.connection.HTTPSConnection):  # type: ignore[misc]
    pass


class _Shared:
    """What is back in the pool belongs to whoever takes it next, and is not ours to cut off."""

    def _put_conn(self, connection: Any) -> None:
        exchange: Exchange | None = getattr(_thread, "exchange", None)
        if exchange is not None:
            exchange._waits_on(None)
        super()._put_conn(connection)  # type: ignore[misc]


class _HttpPool(_Shared, urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(_Shared, urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


class _Adapter(HTTPAdapter):
    def __init__(self, connections: int, may_connect: MayConnect) -> None:
        self._may_connect = may_connect
        super().__init__(pool_connections=connections, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_HttpPool, may_connect=self._may_connect),
            "https": partial(_HttpsPool, may_connect=self._may_connect),
        }


def open_session(connections: int, may_connect: MayConnect) -> requests.Session:
    """Pooled connections for several threads. Redirects are up to the caller of `get`."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    session.headers.update({"Accept-Encoding": "gzip"})
    adapter = _Adapter(connections, may_connect)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
