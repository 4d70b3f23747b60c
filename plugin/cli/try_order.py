"""`spinal-cds try`: orders for a patient on any FHIR server, through the service, and what it read there."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import msgspec
from flask import Flask

from cds_hooks import HookCall, OpenTo, Reading, Response, Unread, create_blueprint
from plugin.app import SERVICE_ID, create_client, create_fhir_access, hook_services
from plugin.cards.catalogue import Catalogue
from plugin.cli.fhir_server import FhirServer
from plugin.cli.order_request import AskedOrders, hook_request
from plugin.cli.review import Output, explanation
from plugin.cli.text import cards_as_text
from plugin.cli.timed_reader import Search, TimedReader
from plugin.domain.content import ContentError
from plugin.review import Reviewed
from plugin.reviews import create_review
from plugin.settings import PREFIX, Settings, read_settings

_PATH_WIDTH = 60


def trial_settings(server: FhirServer, today: date | None) -> Settings:
    """Those of the environment, but open and with the named server as one that may be read."""
    clock = {} if today is None else {"today": today}
    return read_settings(profile="development", clients_file=None, fhir_servers=(server.base,), **clock)


def try_order(asked: AskedOrders, server: FhirServer, settings: Settings, output: Output) -> str:
    """What is printed. Raises ContentError, in one line, for whatever keeps the service from its cards."""
    trial = _Trial(settings)
    body = hook_request(asked, server, trial.review.terminology, trial.review.today())
    started = time.perf_counter()
    answer = trial.app.test_client().post(f"/cds-services/{SERVICE_ID}", json=body)
    milliseconds = (time.perf_counter() - started) * 1000
    if trial.unexpected is not None:
        raise trial.unexpected
    patient = f"Patient/{body['context']['patientId']}"
    catalogue = trial.review.composer.catalogue
    _require_patient(patient, trial.searches, server)
    if answer.status_code != 200 or trial.reviewed is None:
        text = answer.get_json()["issue"][0]["details"]["text"]
        why = _why_nothing_was_read(trial.searches, catalogue, settings) or text
        raise ContentError(f"{server.base}: {answer.status_code}: {why}")
    if output is Output.JSON:
        return msgspec.json.format(answer.get_data(as_text=True), indent=2)
    if not trial.reviewed.verdicts and not trial.reviewed.orphans:
        return explanation(trial.reviewed, trial.review)
    parts = [
        f"{asked.hook} of {', '.join(asked.orders)} for {patient} on {server.base}: "
        f"{answer.status_code} in {milliseconds:.0f} ms, policy {trial.review.policy.label}",
        cards_as_text(msgspec.json.decode(answer.data, type=Response).cards),
        "\n".join(_read(trial.searches, catalogue, settings)),
    ]
    return "\n\n".join(
        parts if output is Output.TEXT else [*parts, explanation(trial.reviewed, trial.review)]
    )


class _Trial:
    """The service as it answers hook requests, without a store; keeps what came of the call."""

    def __init__(self, settings: Settings) -> None:
        self.review = create_review(settings)
        self.reviewed: Reviewed | None = None
        self.searches: Sequence[Search] = ()
        self.unexpected: Exception | None = None
        self.app = Flask("spinal-cds-try", static_folder=None)
        self.app.register_blueprint(
            create_blueprint(
                hook_services(self.review, self._answer),
                authenticator=OpenTo(create_client(settings)),
                fhir_access=create_fhir_access(settings),
                cors_origins=(),
                on_unexpected=self._keep,
            )
        )

    def _answer(self, call: HookCall) -> Response:
        if call.server is None:
            raise TypeError("the named server is one that may be read")
        reader = TimedReader(call.server)
        self.searches = reader.searches
        self.reviewed = self.review.review(call.request, reader)
        return self.reviewed.response

    def _keep(self, error: Exception) -> None:
        self.unexpected = error


def _require_patient(patient: str, searches: Sequence[Search], server: FhirServer) -> None:
    """A search for a patient who does not exist finds nothing, and that is no finding."""
    missing = {search.key for search in searches if search.reading.unread is Unread.NOT_FOUND}
    if "patient" not in missing:
        return
    if len(missing) == len(searches):
        raise ContentError(f"{server.base}: 404 to everything; is this the base URL of a FHIR R4 server?")
    raise ContentError(f"{server.base}: there is no {patient}")


def _why_nothing_was_read(searches: Sequence[Search], catalogue: Catalogue, settings: Settings) -> str:
    """Every reason that a search gave, once; empty when nothing was searched for."""
    reasons = list(filter(None, dict.fromkeys(_unread(search.reading, catalogue) for search in searches)))
    if not reasons:
        return ""
    late = f". {_deadline(settings)}" if _is_late(searches) else ""
    return f"nothing could be read: {'; '.join(reasons)}{late}"


def _unread(reading: Reading[Any], catalogue: Catalogue) -> str:
    """Why something may be missing, in words; empty when all was read."""
    if reading.unread is None:
        return ""
    return catalogue.text.unread[reading.unread.value].format(count=reading.malformed)


def _read(searches: Sequence[Search], catalogue: Catalogue, settings: Settings) -> Iterator[str]:
    """A line per search: how long it took, what was found, what is unread and why, and what was asked."""
    yield "Read, all at once:" if searches else "Nothing was read."
    paths = [_shortened(search.path) for search in searches]
    width = max(map(len, paths), default=0)
    for search, path in zip(searches, paths, strict=True):
        name = catalogue.text.sources.get(search.key, search.key)
        unread = _unread(search.reading, catalogue)
        found = "; ".join(filter(None, [_counted(search.reading), f"UNREAD: {unread}" if unread else ""]))
        yield f"  {search.milliseconds:6.0f} ms  {name:<24}{path:<{width}}  {found}"
    if _is_late(searches):
        yield f"  {_deadline(settings)}"


def _shortened(path: str) -> str:
    return path if len(path) <= _PATH_WIDTH else f"{path[: _PATH_WIDTH - 1]}…"


def _is_late(searches: Sequence[Search]) -> bool:
    return any(search.reading.unread is Unread.TIMEOUT for search in searches)


def _deadline(settings: Settings) -> str:
    return f"All reads of a call together have {settings.deadline_seconds:g} s ({PREFIX}DEADLINE_SECONDS)."


def _counted(reading: Reading[Any]) -> str:
    count = len(reading.resources)
    if not count and reading.unread is not None:
        return ""
    return f"{count} {'entry' if count == 1 else 'entries'}" if count else "none"
