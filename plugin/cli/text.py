"""Cards as a clinician would read them, on a terminal."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterable

from cds_hooks import Card

_WIDTH = 96
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()!|~$])")
_SIGNS = {"critical": "!!", "warning": "! ", "info": "i "}


def cards_as_text(cards: Iterable[Card]) -> str:
    """All cards, or the line that says there are none."""
    shown = [_card(card) for card in cards]
    return "\n\n".join(shown) if shown else "No cards: checked, nothing to say."


def _card(card: Card) -> str:
    head = f"{_SIGNS[card.indicator]} {card.indicator.upper()}  {card.summary}"
    lines = [head, "-" * min(len(head), _WIDTH)]
    for line in (card.detail or "").splitlines():
        lines += _wrapped(plain(line)) if line else []
    for suggestion in card.suggestions:
        lines.append(f"  [ ] {suggestion.label}")
    if card.override_reasons:
        reasons = "; ".join(reason.display or reason.code for reason in card.override_reasons)
        lines += _wrapped(f"Override: {reasons}")
    lines += [f"  -> {link.label}: {link.url}" for link in card.links]
    return "\n".join(lines)


def plain(markdown: str) -> str:
    """One line of our Markdown without its marks."""
    text = re.sub(r"^#+ ", "", markdown).replace("**", "")
    return html.unescape(_ESCAPED.sub(r"\1", text)).replace("⁠", "")


def _wrapped(line: str) -> list[str]:
    indent = "    " if line.startswith("- ") else "  "
    return textwrap.wrap(line, _WIDTH, initial_indent="  ", subsequent_indent=indent)
