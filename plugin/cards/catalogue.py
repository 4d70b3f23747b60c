"""The words of the cards, from a TOML file: one per language, English so far.

Read once at start-up; a summary that could grow past what a card may hold is refused there, not on a call.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from plugin.domain.content import ContentError

MAX_SUMMARY = 139
_WIDEST = {
    "code": 18,
    "region": 28,
    "found_region": 30,
    "documented_region": 28,
    "codes": 30,
    "listed_codes": 30,
    "min_days": 4,
    "documented_days": 4,
    "onset_days": 5,
    "age_days": 5,
    "max_age_days": 4,
    "max_age_months": 3,
    "change": 40,
    "subject": 85,
    "subjects": 68,
    "count": 3,
    "order_name": 20,
    "axial_pain_min_days": 4,
    "positive": 2,
    "undocumented": 2,
    "min_positive_blocks": 2,
    "max_blocks": 2,
    "max_diagnostic": 2,
    "block_gap_days": 4,
    "min_gap_days": 4,
    "rediagnose_days": 4,
    "days_between": 12,
    "max_sessions": 2,
    "min_relief_percent": 4,
    "days_since": 4,
    "last_session": 10,
    "failed_retry_days": 4,
    "levels": 2,
    "max_levels": 2,
    "session_number": 3,
    "window_days": 4,
}
"""The most characters a placeholder of a summary is given; longer values are shortened to it."""


class _Text(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RowText(_Text):
    """`summary` of a gap stands alone; of an unknown or a note it is a part of a merged card's sentence."""

    summary: str
    missing: str
    settle: str
    looked_for: str | None = None
    """In place of the criterion's, where the row asks for something of its own."""
    settle_if_continued: str | None = None
    settle_if_continued_late: str | None = None


class CriterionText(_Text):
    title: str
    question: str
    subject: str
    looked_for: str
    rows: dict[str, RowText] = {}


class SuggestionText(_Text):
    label: str
    description: str


class BookingText(_Text):
    """What is said to whoever books the visit. `subjects`: by criterion, what is open in plain words."""

    topic: str
    summary_open: str
    summary_unchecked: str
    summary_unread: str
    visit: str
    visit_undated: str
    open: str
    unchecked: str
    settle: str
    meaning: str
    subjects: dict[str, str]


class _File(_Text):
    frame: dict[str, str]
    unknown: dict[str, str]
    notes: dict[str, str]
    words: dict[str, str]
    remarks: dict[str, str]
    sources: dict[str, str]
    unread: dict[str, str]
    criteria: dict[str, CriterionText]
    suggestions: dict[str, SuggestionText]
    booking: BookingText


@dataclass(frozen=True, slots=True)
class Catalogue:
    text: _File

    def row(self, criterion: str, row: str) -> RowText:
        return self.text.criteria[criterion].rows[row]

    def require_row(self, criterion: str, row: str) -> None:
        """Raises ContentError when a policy speaks of something that there are no words for."""
        known = self.text.criteria.get(criterion)
        if known is None or row not in known.rows:
            there = sorted(f"{c}.{r}" for c, text in self.text.criteria.items() for r in text.rows)
            raise ContentError(f"no words for {criterion}.{row}; there is {', '.join(there)}")

    def require_booking_subject(self, criterion: str) -> None:
        """Raises ContentError when a rule asks something that there are no words for at booking."""
        known = self.text.booking.subjects
        if criterion not in known:
            raise ContentError(f"no booking.subjects.{criterion}; there is {', '.join(sorted(known))}")

    def criterion(self, criterion: str) -> CriterionText:
        return self.text.criteria[criterion]

    def word(self, key: str) -> str:
        return self.text.words.get(key, key)

    def frame(self, key: str, **facts: object) -> str:
        return self.text.frame[key].format(**facts)


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Raises ContentError naming the file and the entry."""
    path = path or Path(__file__).parent / "en.toml"
    try:
        file = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ContentError(f"{path.name}: {error}") from error
    for criterion, text in file.criteria.items():
        for row, words in text.rows.items():
            _check_length(path, f"criteria.{criterion}.rows.{row}.summary", words.summary)
    booking = {key: text for key, text in file.booking if key.startswith("summary_")}
    for key, template in (*file.unknown.items(), *file.notes.items(), *booking.items()):
        _check_length(path, key, template)
    return Catalogue(file)


def _check_length(path: Path, key: str, template: str) -> None:
    longest = 0
    for literal, name, _, _ in string.Formatter().parse(template):
        if name is not None and name not in _WIDEST:
            raise ContentError(f"{path.name}: {key}: no placeholder {name!r}; there is {', '.join(_WIDEST)}")
        longest += len(literal) + (_WIDEST[name] if name is not None else 0)
    if longest > MAX_SUMMARY:
        raise ContentError(f"{path.name}: {key}: may reach {longest} characters; {MAX_SUMMARY} is the most")


def filled(template: str, facts: Mapping[str, object]) -> str:
    """A summary with its facts, each kept to its widest."""
    for name, widest in _widths(template):
        if len(str(facts[name])) > widest:
            return template.format_map(
                {name: _short(facts[name], widest) for name, widest in _widths(template)}
            )
    return template.format_map(facts)


@cache
def _widths(template: str) -> tuple[tuple[str, int], ...]:
    """What a summary leaves open, and how wide it may become. There are as many as the catalogue has."""
    names = dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(template) if name is not None)
    return tuple((name, _WIDEST[name]) for name in names)


def _short(fact: object, widest: int) -> str:
    text = str(fact)
    return text if len(text) <= widest else f"{text[: widest - 1].rstrip()}…"
