"""The pages over HTTP: public, without patient data, without scripts, and with nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import flask
import werkzeug

from plugin.pages.knowledge import Knowledge
from plugin.pages.render import HTML, JSON, Page, Pages

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_pages(knowledge: Knowledge, today: Callable[[], date]) -> flask.Blueprint:
    """The routes below `/evidence`.

    A criterion that does not exist gets 404: as HTML where HTML is preferred, otherwise as the app answers
    errors. `today`: the clock that review dates are held against.
    """
    pages = Pages(knowledge, today)
    blueprint = flask.Blueprint("evidence", __name__, url_prefix="/evidence")

    @blueprint.get("")
    def index() -> werkzeug.Response:
        return _response(pages.index())

    @blueprint.get("/")
    def index_with_slash() -> werkzeug.Response:
        return flask.redirect("../evidence", 308)

    @blueprint.get("/page.css")
    def stylesheet() -> werkzeug.Response:
        return _response(pages.stylesheet)

    @blueprint.get("/guidelines")
    def guidelines() -> werkzeug.Response:
        return _response(pages.guidelines())

    @blueprint.get("/<name>")
    def criterion(name: str) -> werkzeug.Response:
        if name in knowledge.content.criteria:
            return _response(pages.criterion(name))
        if flask.request.accept_mimetypes.best_match((JSON, HTML)) != HTML:
            flask.abort(404)
        return _response(pages.not_found(), 404)

    @blueprint.get("/source-attributes.json")
    def attributes() -> werkzeug.Response:
        return _response(pages.attributes())

    @blueprint.get("/<name>/source-attributes.json")
    def attributes_of(name: str) -> werkzeug.Response:
        if name not in knowledge.content.criteria:
            flask.abort(404)
        return _response(pages.attributes_of(name))

    @blueprint.after_request
    def guard(response: flask.Response) -> flask.Response:
        response.headers.update(_HEADERS)
        return response

    return blueprint


def _response(page: Page, status: int = 200) -> werkzeug.Response:
    """To be asked for again each time, and not sent again while it is the same."""
    response = flask.Response(page.body, status, mimetype=page.mimetype)
    response.cache_control.no_cache = True
    response.set_etag(page.etag)
    return response.make_conditional(flask.request) if status == 200 else response
