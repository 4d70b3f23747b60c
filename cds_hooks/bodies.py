"""The body of a request as a server hands it over, and the request itself."""

import flask
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from cds_hooks.errors import InvalidRequest, PayloadTooLarge, UnsupportedContentType

_JSON_TYPES = frozenset({"application/json", "application/fhir+json", "application/json+fhir"})


def current_request() -> flask.Request:
    """The request itself: behind the proxy, each look costs many times as much."""
    return flask.request._get_current_object()  # type: ignore[attr-defined, no-any-return]


def json_body(request: flask.Request, max_bytes: int) -> bytes:
    """Raises UnsupportedContentType, PayloadTooLarge, and InvalidRequest for one that ends too early."""
    content_type = request.environ.get("CONTENT_TYPE", "")
    if content_type not in _JSON_TYPES and request.mimetype not in _JSON_TYPES:
        raise UnsupportedContentType
    length = request.content_length or None
    if length is not None and length > max_bytes:
        raise PayloadTooLarge
    # A body of unknown length is too large if there is one byte more than the cap.
    body = _read(request, length or max_bytes + 1)
    if len(body) > max_bytes:
        raise PayloadTooLarge
    if length is not None and len(body) < length:
        raise _cut_short()
    return body


def _read(request: flask.Request, size: int) -> bytes:
    """So many bytes of the body, less when it ends before; in one piece where the server has it in one."""
    pieces: list[bytes] = []
    try:
        while size and (piece := request.stream.read(size)):
            pieces.append(piece)
            size -= len(piece)
    except RequestEntityTooLarge:
        raise PayloadTooLarge from None
    except (BadRequest, OSError, ValueError):
        raise _cut_short() from None
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _cut_short() -> InvalidRequest:
    return InvalidRequest("The body is shorter than its Content-Length.", code="structure")
