"""Text from the EHR, made fit to stand in GitHub-flavoured Markdown as nothing but text.

Escaped, not sanitised: whatever the chart holds is shown as it is, and can become neither Markdown, HTML nor
a link, whether the client renders Markdown, Markdown with raw HTML, or shows the source.
"""

from __future__ import annotations

import re
import unicodedata

MAX_QUOTED = 80
_WORD_JOINER = "⁠"
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_SPECIAL = re.compile(r"""[&<>"\\`*_{}\[\]()!|~@$]|:(?=//)|/(?=/)|\.(?=[^\W\d_])|www(?=\.)""", re.IGNORECASE)
"""What has a meaning within a line. Marks of line starts (#, -, +, 1.) have none where quoted text stands."""
_PLAIN = re.compile(r"[A-Za-z0-9 -]*(?:/[A-Za-z0-9 -]+)?")
"""Most references and many names: nothing of it has a meaning anywhere, which takes little to see."""
_ADDRESS = frozenset({":", "/", "@", ".", "www"})
"""Renderers turn bare addresses into links after unescaping; a joiner keeps them from being addresses."""


def quoted(text: str, limit: int = MAX_QUOTED) -> str:
    """At most `limit` characters of the chart's own words, on one line, escaped."""
    if len(text) <= limit and (_PLAIN.fullmatch(text) or _is_harmless(text)):
        return text
    plain = " ".join("".join(c for c in text[: 4 * limit] if _is_visible(c)).split())
    if len(plain) > limit:
        plain = f"{plain[: limit - 1]}…"
    return _SPECIAL.sub(_escape, plain)


def _is_harmless(text: str) -> bool:
    return text.isascii() and text.isprintable() and not _SPECIAL.search(text)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character in _HTML:
        return _HTML[character]
    if character.lower() in _ADDRESS:
        return f"{_WORD_JOINER}{character}{_WORD_JOINER}"
    return f"\\{character}"


def _is_visible(character: str) -> bool:
    """No control, format (bidirectional) or surrogate characters; white space passes and is folded."""
    return character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
