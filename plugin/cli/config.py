"""`spinal-cds config print`."""

from __future__ import annotations

from collections.abc import Iterator

from plugin.settings import PREFIX, Settings, valid_settings


def config_lines() -> Iterator[str]:
    """One `NAME=value  # source` per setting, without secrets. Raises ContentError."""
    settings = valid_settings()
    for name in Settings.model_fields:
        source = "" if name in settings.model_fields_set else "  # default"
        yield f"{PREFIX}{name.upper()}={_shown(getattr(settings, name))}{source}"


def _shown(value: object) -> str:
    if value is None:
        return ""
    return " ".join(map(_without_secrets, map(str, value if isinstance(value, tuple) else (value,))))


def _without_secrets(text: str) -> str:
    """Of URLs neither users, passwords nor queries.

    Nothing is parsed: a password may hold whatever separates the parts of a URL, and a driver that reads it
    otherwise than we do would have it printed.
    """
    scheme, is_url, rest = text.partition("://")
    if not is_url:
        return text
    user, at, place = rest.rpartition("@")
    place, query, _ = place.partition("?")
    # Which of them an @ in a query would belong to cannot be told.
    shown = "***" if "?" in user else f"{at and '***@'}{place}{query and '?***'}"
    return f"{scheme}://{shown}"
