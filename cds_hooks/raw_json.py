"""What a JSON value that has not been decoded yet gives away by its first bytes."""

import msgspec


def is_absent(raw: msgspec.Raw) -> bool:
    """Is the field missing, or null?"""
    view = memoryview(raw)
    return view.nbytes == 0 or (view.nbytes == 4 and bytes(view) == b"null")


def is_object(raw: msgspec.Raw) -> bool:
    return bytes(memoryview(raw)[:1]) == b"{"


def string_in(raw: msgspec.Raw) -> str | None:
    """The string in `raw`, or None for a missing field and for any other type."""
    if is_absent(raw):
        return None
    try:
        return _string_decoder.decode(raw)
    except msgspec.ValidationError:
        return None


_string_decoder = msgspec.json.Decoder(str)
