"""What clinicians did with the cards: the body of POST /cds-services/{id}/feedback.

Shapes taken beside the specified `{"feedback": [...]}`: one object instead of the array, a bare entry as the
whole body, and Epic's `overrideReasons` with its own reasons in an extension. Ids are any strings.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from cds_hooks.errors import InvalidRequest, PayloadTooLarge
from cds_hooks.raw_json import decodable

Outcome = Literal["accepted", "overridden"]
MAX_ENTRIES = 1_000
MAX_SUGGESTIONS = 100
MAX_TEXT_LENGTH = 512
"""In characters, of every id, code, system and display: Epic's ids have 190."""
MAX_COMMENT_LENGTH = 10_000
_OUTCOMES: Mapping[Any, Outcome] = {"accepted": "accepted", "overridden": "overridden"}
EPIC_REASON = tuple(
    f"com.epic.cdshooks.feedback.overrideReason.{part}"
    for part in ("reasonCategory", "reasonDisplay", "reasonTitle")
)
"""The members of the extension in which Epic sends a reason of its own list."""
_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:[0-5]\d)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class OverrideReason:
    """A Coding of which any part may be missing, though not all."""

    code: str | None
    system: str | None
    display: str | None


@dataclass(frozen=True, slots=True)
class Feedback:
    """The outcome of one card. `accepted_suggestions` are suggestion ids; `outcome_timestamp` is in UTC."""

    card: str
    outcome: Outcome
    accepted_suggestions: tuple[str, ...]
    reason: OverrideReason | None
    user_comment: str | None = field(repr=False)
    outcome_timestamp: datetime


class _Malformed(Exception):  # noqa: N818 - says what the field is.
    """Of an entry, the field that its argument names."""


def read_feedback(body: bytes) -> tuple[Feedback, ...]:
    """All entries of `body`, or none of them.

    Raises InvalidRequest whose expressions name each entry at fault (`feedback[3].outcome`), and
    PayloadTooLarge for more than MAX_ENTRIES.
    """
    try:
        given = msgspec.json.decode(decodable(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("The body must be one JSON object in UTF-8.", code="structure") from None
    feedback: list[Feedback] = []
    faults: list[str] = []
    for path, entry in _entries(given):
        try:
            feedback.append(_read_entry(entry))
        except _Malformed as malformed:
            faults.append(".".join(filter(None, (path, str(malformed)))))
    if faults:
        raise InvalidRequest(
            "Nothing of this batch was stored. An entry has card, outcome (accepted or overridden) and "
            "outcomeTimestamp (RFC 3339 with its offset); an accepted one has acceptedSuggestions with ids.",
            *faults,
        )
    return tuple(feedback)


def _entries(given: Any) -> Iterator[tuple[str, Any]]:
    """Each entry with its path."""
    if not isinstance(given, dict):
        raise InvalidRequest("The body must be an object with an array feedback.", code="structure")
    if "feedback" not in given and "card" in given:
        yield "", given
        return
    entries = given.get("feedback")
    if isinstance(entries, dict):
        yield "feedback", entries
        return
    if not isinstance(entries, list):
        raise InvalidRequest("feedback is required: an array of objects.", "feedback", code="required")
    if len(entries) > MAX_ENTRIES:
        raise PayloadTooLarge("feedback")
    for index, entry in enumerate(entries):
        yield f"feedback[{index}]", entry


def _read_entry(entry: Any) -> Feedback:
    given = _object(entry, "")
    card = _text(given.get("card"), "card")
    if card is None:
        raise _Malformed("card")
    outcome = given.get("outcome")
    if not isinstance(outcome, str) or outcome not in _OUTCOMES:
        raise _Malformed("outcome")
    suggestions = _suggestions(given.get("acceptedSuggestions"))
    if outcome == "accepted" and not suggestions:
        raise _Malformed("acceptedSuggestions")
    key = "overrideReason" if given.get("overrideReason") is not None else "overrideReasons"
    override = _object(given.get(key), key)
    return Feedback(
        card=card,
        outcome=_OUTCOMES[outcome],
        accepted_suggestions=suggestions,
        reason=_reason(override, key),
        user_comment=_text(override.get("userComment"), f"{key}.userComment", MAX_COMMENT_LENGTH),
        outcome_timestamp=_timestamp(given.get("outcomeTimestamp")),
    )


def _suggestions(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_SUGGESTIONS:
        raise _Malformed("acceptedSuggestions")
    ids = tuple(
        _text(_object(item, "acceptedSuggestions").get("id"), "acceptedSuggestions") for item in value
    )
    if not all(ids):
        raise _Malformed("acceptedSuggestions")
    return tuple(filter(None, ids))


def _reason(override: Mapping[str, Any], key: str) -> OverrideReason | None:
    coding = _object(override.get("reason"), f"{key}.reason")
    if coding:
        parts = [_text(coding.get(name), f"{key}.reason.{name}") for name in ("code", "system", "display")]
        return OverrideReason(*parts) if any(parts) else None
    return _epic_reason(_object(override.get("extension"), f"{key}.extension"), key)


def _epic_reason(extension: Mapping[str, Any], key: str) -> OverrideReason | None:
    """A reason of Epic's own list: category as the code, and as its system the extension that holds it."""
    category, display, title = (
        _text(_as_text(extension.get(name)), f"{key}.extension") for name in EPIC_REASON
    )
    if not (category or display or title):
        return None
    return OverrideReason(category, EPIC_REASON[0] if category else None, display or title)


def _as_text(value: Any) -> Any:
    """Epic sends some codes as numbers."""
    return str(value) if type(value) is int else value


def _object(value: Any, name: str) -> Mapping[str, Any]:
    """Empty for a missing one."""
    if value is None and name:
        return {}
    if not isinstance(value, dict):
        raise _Malformed(name)
    return value


def _text(value: Any, name: str, max_length: int = MAX_TEXT_LENGTH) -> str | None:
    """None for a missing or empty one. NUL is in no text, and PostgreSQL cannot hold it."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > max_length or "\0" in value:
        raise _Malformed(name)
    return value


def _timestamp(value: Any) -> datetime:
    """A leap second counts as the second before it; beyond microseconds is cut off."""
    found = _RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _Malformed("outcomeTimestamp")
    day, minute, second, fraction, offset = found.groups()
    second = "59" if second == "60" else second
    moment = f"{day}T{minute}:{second}.{(fraction or '')[:6]:0<6}{offset.upper()}"
    try:
        return datetime.fromisoformat(moment).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Malformed("outcomeTimestamp") from None
