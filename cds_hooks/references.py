"""References and ids, in the spellings that EHRs send."""

import re
from collections.abc import Iterable

# Wider than FHIR's id, as EHRs are; nothing that has a meaning in a URL or in a FHIR search.
_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~:=@-]+", re.ASCII)
_TYPE = re.compile(r"[A-Z][A-Za-z]+", re.ASCII)


def bare_id(reference: str | None, resource_type: str) -> str | None:
    """The `x` of `x`, `Type/x`, `Type/x/_history/1` and `https://host/base/Type/x`, or None."""
    if reference is None:
        return None
    path = reference.split("/_history/", 1)[0].split("/")
    if len(path) > 1 and path[-2] != resource_type:
        return None
    return path[-1] if _ID.fullmatch(path[-1]) else None


def local_reference(reference: str) -> str | None:
    """`Type/x` for a relative, absolute or versioned reference to it, or None."""
    path = reference.split("/_history/", 1)[0].split("/")
    if len(path) < 2 or not _TYPE.fullmatch(path[-2]) or not _ID.fullmatch(path[-1]):
        return None
    return f"{path[-2]}/{path[-1]}"


def names_of(reference: str) -> Iterable[str]:
    """Under which names a reference may point at an entry: as it is, without version, relative, bare."""
    if not reference:
        return ()
    unversioned = reference.split("/_history/", 1)[0]
    return (
        reference,
        unversioned,
        "/".join(unversioned.rsplit("/", 2)[-2:]),
        unversioned.removeprefix("urn:uuid:"),
    )
