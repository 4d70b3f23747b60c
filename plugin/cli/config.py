"""`spinal-cds config print`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from plugin.settings import PREFIX, Settings, valid_settings

_PASSWORD = re.compile(r"(?<=://)([^/:@\s]*):\S*@")
_QUERY = re.compile(r"\?\S*")


def config_lines() -> Iterator[str]:
    """One `NAME=value  # source` per setting, without secrets. Raises ContentError."""
    settings = valid_settings()
    for name in Settings.model_fields:
        source = "" if name in settings.model_fields_set else "  # default"
        yield f"{PREFIX}{name.upper()}={_shown(getattr(settings, name))}{source}"


def _shown(value: object) -> str:
    """Of URLs neither passwords nor queries, which may hold some."""
    if value is None:
        return ""
    text = " ".join(value) if isinstance(value, tuple) else str(value)
    return _QUERY.sub("?***", _PASSWORD.sub(r"\1:***@", text)) if "://" in text else text
