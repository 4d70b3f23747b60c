"""Which web pages may call, told to their browsers."""

import re
from collections.abc import Sequence
from typing import cast
from urllib.parse import unquote

import flask
from flask.blueprints import BlueprintSetupState
from flask_cors import cross_origin

from cds_hooks.bodies import current_request


def origin_pattern(origin: str | re.Pattern[str]) -> re.Pattern[str]:
    """A pattern for the whole origin; flask-cors would take a literal with brackets for a regex."""
    if isinstance(origin, re.Pattern):
        return re.compile(rf"(?:{origin.pattern})\Z", origin.flags)
    if origin == "*":
        raise ValueError("CORS origin '*': name each origin, such as https://ehr.example.org")
    return re.compile(rf"{re.escape(origin)}\Z", re.IGNORECASE)


def allow_origins(state: BlueprintSetupState, origins: Sequence[re.Pattern[str]]) -> None:
    """The headers for web pages of `origins`; a call that no web page makes is not even looked at."""
    paths = re.compile(re.escape(f"{state.url_prefix or ''}/cds-services") + r"(?:/.*)?\Z")

    @cross_origin(
        origins=list(origins),
        methods=["GET", "POST", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type"],
        supports_credentials=False,
        always_send=False,
        automatic_options=False,
    )
    def with_headers(response: flask.Response) -> flask.Response:
        return response

    def tell_origin(response: flask.Response) -> flask.Response:
        request = current_request()
        if "HTTP_ORIGIN" in request.environ and paths.match(unquote(request.path)):
            return with_headers(response)
        return response

    cast(flask.Flask, state.app).after_request(tell_origin)
