"""The service, or the floor it is measured against, under the server that `spinal-cds serve` runs.

Prints the port it listens on. The floor is what any Flask service that reads JSON cannot do without: one
route, `json.loads`, and an answer that was written beforehand.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask

from tests.benchmarks.load import PATH

_THREADS = 8
_ONLY_IN_DEVELOPMENT = ("rich", "greenlet")
"""structlog and SQLAlchemy import them if they can, which they cannot where the service runs."""


def floor(answer: bytes) -> flask.Flask:
    """An app that reads every body with `json.loads` and always answers `answer`."""
    app = flask.Flask("floor", static_folder=None)

    def call() -> flask.Response:
        json.loads(flask.request.get_data(cache=False))
        return flask.Response(answer, mimetype="application/json")

    app.add_url_rule(PATH, "call", call, methods=["POST"])
    return app


def service(database: str, clients: Path | None, replay: str | None) -> flask.Flask:
    """The service as it is run: its cards stored, its calls logged; with `clients`, callers authenticated."""
    from plugin.app import create_app
    from plugin.logs import configure_logging
    from plugin.settings import Settings
    from tests.benchmarks.charts import TODAY

    configure_logging("INFO")
    settings = Settings(
        today=TODAY,
        database=database,
        clients_file=clients,
        public_url="http://127.0.0.1:8000",
        replay_url=replay,
        rate_limit="1000000/second",
    )
    return create_app(settings)


def main() -> None:
    sys.modules.update(dict.fromkeys(_ONLY_IN_DEVELOPMENT))
    from plugin.cli.serve import bound_server

    parser = argparse.ArgumentParser(description=__doc__)
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--database", metavar="URL", help="run the service, its store there")
    choice.add_argument("--floor", type=Path, help="run the floor, which answers this file")
    parser.add_argument("--clients", type=Path, help="clients file of the service")
    parser.add_argument("--replay", metavar="URL", help="where used tokens are noted, if not in the database")
    options = parser.parse_args()
    if options.floor:
        app = floor(options.floor.read_bytes())
    else:
        app = service(options.database, options.clients, options.replay)
    # It collects garbage and freezes what is left, for both apps alike.
    bound: Callable[[flask.Flask, str, int, int], Any] = bound_server
    server = bound(app, "127.0.0.1", 0, _THREADS)
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    main()
