"""What JSON that has not been decoded yet gives away: a body as a whole, a value by its first bytes."""

from codecs import utf_8_decode

import msgspec

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SLICE_BYTES = 2 * 1024
_BOTTOMLESS = (b"]" * 192, b"}" * 192, b"]}" * 96)
"""How nesting far beyond FHIR's ends. Newer Pythons let the decoder go thousands of levels down."""


def decodable(body: bytes) -> bytes:
    """`body` without its byte order mark.

    Raises UnicodeDecodeError for what is not UTF-8, RecursionError for bottomless nesting.
    """
    if body.startswith(_BYTE_ORDER_MARK):
        body = body[len(_BYTE_ORDER_MARK) :]
    if any(run in body for run in _BOTTOMLESS):
        raise RecursionError
    if not body.isascii():
        _require_utf8(body)
    return body


def _require_utf8(body: bytes) -> None:
    """msgspec does not look at the encoding of what it skips. In slices: most of them are plain ASCII."""
    start, end = 0, len(body)
    while start < end:
        piece = body[start : start + _SLICE_BYTES]
        is_last = start + _SLICE_BYTES >= end
        # A slice may end within a character: the next one begins where that does.
        start += len(piece) if piece.isascii() else utf_8_decode(piece, "strict", is_last)[1]


def is_absent(raw: msgspec.Raw) -> bool:
    """Is the field missing, or null?"""
    view = memoryview(raw)
    return view.nbytes == 0 or (view.nbytes == 4 and bytes(view) == b"null")


def is_object(raw: msgspec.Raw) -> bool:
    return memoryview(raw)[:1].tobytes() == b"{"


def string_in(raw: msgspec.Raw) -> str | None:
    """The string in `raw`, or None for a missing field and for any other type."""
    if is_absent(raw):
        return None
    try:
        return _string_decoder.decode(raw)
    except msgspec.ValidationError:
        return None


_string_decoder = msgspec.json.Decoder(str)
