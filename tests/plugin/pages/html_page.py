"""Reads a page as strictly as a validator would: every element closed, in order, ids once."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "br", "img"})
KNOWN = re.compile(
    "html|head|title|body|header|nav|main|footer|section|article|p|ul|li|a|h[1-3]|dl|dt|dd|table|caption"
    "|thead|tbody|tr|th|td|div|span|strong|code|cite|meta|link|br"
)


class HtmlPage(HTMLParser):
    """What a page is made of. `faults`: what no page may have."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.links: list[dict[str, str]] = []
        """Attributes of every `a`."""
        self.loaded: list[str] = []
        """Every address that a browser would load by itself."""
        self.tables: list[list[str]] = []
        """Per table, the elements in it."""
        self.headings: list[int] = []
        self.elements: list[str] = []
        self.attributes: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        if not text.startswith("<!DOCTYPE html>\n"):
            self.faults.append("no doctype")
        self.feed(text)
        self.close()
        self.faults += [f"{name} is not closed" for name in self._open]
        self.faults += [f"id {name} twice" for name in set(self.ids) if self.ids.count(name) > 1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append(tag)
        self.attributes.append((tag, attributes))
        if not KNOWN.fullmatch(tag):
            self.faults.append(f"element {tag}")
        self.faults += [
            f"attribute {name}" for name in attributes if name == "style" or name.startswith("on")
        ]
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "a":
            self.links.append(attributes)
        elif "href" in attributes or "src" in attributes:
            self.loaded.append(attributes.get("href") or attributes["src"])
        if tag == "table":
            self.tables.append([])
        if self.tables and "table" in self._open:
            self.tables[-1].append(f"{tag} {attributes.get('scope', '')}".strip())
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"{tag} closes {self._open[-1:]}")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data
