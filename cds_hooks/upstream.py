"""A server that may be slow, broken or hostile: one deadline, one cap on bytes, one kind of failure.

Every status and every exception of the libraries underneath becomes an `Unread`; nothing else leaves here.
"""

import http.client
import threading
import time
from collections.abc import Mapping

import requests
import urllib3
from fhirclient.server import (
    FHIRNotFoundException,
    FHIRPermissionDeniedException,
    FHIRUnauthorizedException,
)

from cds_hooks.outbound import AddressNotPermitted
from cds_hooks.readings import Unread

_CHUNK_BYTES = 64 * 1024
_UNREAD_OF_STATUS: Mapping[int, Unread] = {
    401: Unread.NOT_PERMITTED,
    403: Unread.NOT_PERMITTED,
    404: Unread.NOT_FOUND,
    408: Unread.TIMEOUT,
    410: Unread.NOT_FOUND,
    429: Unread.SERVER_BUSY,
    504: Unread.TIMEOUT,
}
_UNREAD_OF_ERROR: Mapping[Unread, tuple[type[Exception], ...]] = {
    Unread.BASE_NOT_REGISTERED: (AddressNotPermitted,),
    Unread.NOT_PERMITTED: (FHIRUnauthorizedException, FHIRPermissionDeniedException),
    Unread.NOT_FOUND: (FHIRNotFoundException,),
    Unread.TIMEOUT: (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError),
    Unread.UNUSABLE_ANSWER: (
        requests.exceptions.ContentDecodingError,
        requests.exceptions.InvalidJSONError,
        urllib3.exceptions.DecodeError,
        UnicodeDecodeError,
    ),
    Unread.UNREACHABLE: (
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
        UnicodeError,
    ),
}
"""The first that fits counts."""


class Unreadable(Exception):  # noqa: N818 - says what is the case.
    """`unread` says why."""

    def __init__(self, unread: Unread) -> None:
        super().__init__(unread)
        self.unread = unread


def unread_of_status(status: int) -> Unread:
    """What any status but 200 means for the data that were asked for."""
    if status in _UNREAD_OF_STATUS:
        return _UNREAD_OF_STATUS[status]
    return Unread.SERVER_ERROR if status >= 500 else Unread.UNUSABLE_ANSWER


def unread_of_error(error: Exception) -> Unread:
    """What an exception of the libraries underneath means; of a kind that is not foreseen, an odd answer."""
    for unread, kinds in _UNREAD_OF_ERROR.items():
        if isinstance(error, kinds):
            return unread
    return Unread.UNUSABLE_ANSWER


class Allowance:
    """How many bytes, after decompression, may be read by all who share it."""

    def __init__(self, max_bytes: int) -> None:
        self._lock = threading.Lock()
        self._left = max_bytes

    def spend(self, count: int) -> None:
        """Raises Unreadable when there are not that many left."""
        with self._lock:
            self._left -= count
            if self._left < 0:
                raise Unreadable(Unread.TOO_LARGE)


class Upstream:
    """Requests over `session` until `deadline`, in seconds of the monotonic clock.

    All answers are paid for out of `allowance`. Redirects are answers like any other.
    """

    def __init__(self, session: requests.Session, *, deadline: float, allowance: Allowance) -> None:
        self._session = session
        self._deadline = deadline
        self._allowance = allowance

    def get(self, url: str, headers: Mapping[str, str]) -> bytes:
        """The body of a 200. Raises Unreadable."""
        return self._body("GET", url, headers, None)

    def post(self, url: str, form: Mapping[str, str]) -> bytes:
        """The body of the 200 that answers the form. Raises Unreadable."""
        return self._body("POST", url, {"Accept": "application/json"}, form)

    def _body(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> bytes:
        try:
            with self._answer(method, url, headers, form) as response:
                if response.status_code != 200:
                    raise Unreadable(unread_of_status(response.status_code))
                return self._read(response)
        except Unreadable:
            raise
        except Exception as error:
            raise Unreadable(unread_of_error(error)) from error

    def _answer(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> requests.Response:
        """Tries a GET once more when the connection fails: one that was kept alive may have been closed."""
        try:
            return self._send(method, url, headers, form)
        except requests.Timeout:
            raise
        except requests.ConnectionError:
            if method != "GET":
                # It may have arrived all the same, and an assertion is good for one use.
                raise
            return self._send(method, url, headers, form)

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> requests.Response:
        return self._session.request(
            method,
            url,
            headers=headers,
            data=form,
            timeout=self._seconds_left(),
            allow_redirects=False,
            stream=True,
        )

    def _seconds_left(self) -> float:
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise Unreadable(Unread.TIMEOUT)
        return seconds

    def _read(self, response: requests.Response) -> bytes:
        chunks: list[bytes] = []
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            self._allowance.spend(len(chunk))
            self._seconds_left()
            chunks.append(chunk)
        return b"".join(chunks)
