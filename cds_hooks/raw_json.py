"""What a JSON value that has not been decoded yet gives away by its first bytes."""

import msgspec


def is_absent(raw: msgspec.Raw) -> bool:
    """Is the field missing, or null?"""
    view = memoryview(raw)
    return view.nbytes == 0 or (view.nbytes == 4 and bytes(view) == b"null")


def is_object(raw: msgspec.Raw) -> bool:
    return bytes(memoryview(raw)[:1]) == b"{"
