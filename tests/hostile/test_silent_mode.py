"""A silent service never shows a card, whatever it is asked and whatever becomes of its control file."""

from __future__ import annotations

import json
import threading
from collections import Counter
from itertools import cycle
from pathlib import Path
from time import perf_counter

import pytest

from plugin.app import create_app
from plugin.settings import Settings
from tests.hostile.conftest import tell
from tests.plugin.cards.service import SERVICE, TODAY
from tests.scenarios.scenario import load_scenarios
from tests.sizes import sized

CALLS = sized(100_000, 3_000)
SILENT = 'default = {mode = "silent", until = 2026-11-20}\n'
NEVER_SHOWN = (
    SILENT,
    "default = ",
    f'{SILENT}[clients.development]\noff = "drill"',
    SILENT + 'criteria.IMG-1 = "off"',
    'default = "live',
    'default = {mode = "silent", until = 2026-01-01}',
    'pilot_key = "k"\ndefault = {mode = "pilot", percent = 0, users = ["Practitioner/nobody"]}',
    f'{SILENT}[clients.nobody]\ndefault = "live"',
    'off = "drill"\ndefault = "live"',
)
"""What a site may write, or mistype, while it shows nothing; in turn."""


def write_in_turn(file: Path, stop: threading.Event) -> None:
    for text in cycle(NEVER_SHOWN):
        file.write_text(text, encoding="utf-8")
        if stop.wait(1.1):
            return


def test_no_card_is_shown(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    file = tmp_path / "control.toml"
    file.write_text(SILENT, encoding="utf-8")
    given = {"today": TODAY, "database": f"sqlite:///{tmp_path}/store.sqlite3", "control_file": file}
    service = create_app(Settings.model_validate(given)).test_client()
    bodies = [json.dumps(scenario.request()).encode() for scenario in load_scenarios()]
    stop = threading.Event()
    writer = threading.Thread(target=write_in_turn, args=(file, stop))
    writer.start()
    answers: Counter[tuple[int, bytes]] = Counter()
    milliseconds: list[float] = []
    for _, body in zip(range(CALLS), cycle(bodies), strict=False):
        began = perf_counter()
        answer = service.post(SERVICE, data=body, content_type="application/json")
        milliseconds.append((perf_counter() - began) * 1000)
        answers[answer.status_code, answer.data if answer.status_code == 200 else b""] += 1
    stop.set()
    writer.join()

    statuses = Counter({status: count for (status, _), count in answers.items()})
    tell(request, statuses, milliseconds)
    assert answers[200, b'{"cards":[]}'] > CALLS * 0.9
    assert {(status, body) for status, body in answers if status == 200} == {(200, b'{"cards":[]}')}
