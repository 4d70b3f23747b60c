"""Views to bytes: HTML from the templates, JSON for machines. Each page is rendered once a day at most."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import jinja2
import msgspec

from plugin.pages.knowledge import Knowledge
from plugin.pages.views import CriterionView, criterion_view, durations, guidelines_view, narrowed

_FOLDER = Path(__file__).parent
HTML = "text/html"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Page:
    body: bytes
    mimetype: str
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", hashlib.sha256(self.body).hexdigest()[:32])


class Pages:
    """Every page by its name. A name that does not exist raises KeyError."""

    def __init__(self, knowledge: Knowledge, today: Callable[[], date]) -> None:
        """`today`: the app's clock, against which review dates are held."""
        self.knowledge = knowledge
        self.stylesheet = Page((_FOLDER / "page.css").read_bytes(), "text/css")
        self._today = today
        self._environment = _environment(knowledge)
        self._kept: tuple[date, dict[str, Page]] = (today(), {})

    def index(self) -> Page:
        return self._page("index", lambda today: self._html("index.html", today, views=self._views()))

    def guidelines(self) -> Page:
        return self._page(
            "guidelines",
            lambda today: self._html("guidelines.html", today, view=guidelines_view(self.knowledge)),
        )

    def criterion(self, name: str) -> Page:
        return self._page(name, lambda today: self._html("criterion.html", today, view=self._view(name)))

    def not_found(self) -> Page:
        return self._page("", lambda today: self._html("not_found.html", today))

    def attributes(self) -> Page:
        return self._page("*.json", lambda _: _json({"criteria": [attributes_of(v) for v in self._views()]}))

    def attributes_of(self, name: str) -> Page:
        return self._page(f"{name}.json", lambda _: _json(attributes_of(self._view(name))))

    def _view(self, name: str) -> CriterionView:
        return criterion_view(self.knowledge, name)

    def _views(self) -> list[CriterionView]:
        return [self._view(name) for name in self.knowledge.content.criteria]

    def _page(self, name: str, render: Callable[[date], Page]) -> Page:
        today = self._today()
        day, kept = self._kept
        if day != today:
            kept = {}
            self._kept = today, kept
        if name not in kept:
            kept[name] = render(today)
        return kept[name]

    def _html(self, template: str, today: date, **shown: Any) -> Page:
        # Relative addresses, so that the pages also work below a proxy's path.
        base, home = ("evidence/", "evidence") if template == "index.html" else ("", "../evidence")
        text = self._environment.get_template(template).render(today=today, base=base, home=home, **shown)
        return Page(text.encode(), HTML)


def attributes_of(view: CriterionView) -> dict[str, object]:
    """The 13 source attributes as an object of JSON, with what dates and owns them."""
    return {
        "criterion": view.id,
        "title": view.entry.title,
        "policies": [policy.label for policy in view.policies],
        "owner": view.entry.owner,
        "lastReview": view.entry.last_review,
        "nextReview": view.entry.next_review,
        "sourceAttributes": [
            {"number": line.number, "name": line.name, "value": line.value} for line in view.attributes
        ],
    }


def _json(value: object) -> Page:
    return Page(msgspec.json.encode(value), JSON)


def _environment(knowledge: Knowledge) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(knowledge=knowledge, about=knowledge.content.about, narrowed=narrowed)
    word = knowledge.catalogue.word
    environment.filters["word"] = word
    environment.filters["sentence"] = lambda key: word(key)[:1].upper() + word(key)[1:]
    environment.filters["words"] = lambda keys: ", ".join(map(word, keys))
    environment.filters["durations"] = lambda times: durations(knowledge, times)
    return environment
