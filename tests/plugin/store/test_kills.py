"""An acknowledged feedback outlives the death of the service, and of the database's server, at any moment."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime

from sqlalchemy import func, select, text

from cds_hooks import AllowedBases, Client, Feedback, TemporarilyUnavailable
from plugin.store import FeedbackLog, open_database
from plugin.store.tables import feedback
from tests.database_servers import PostgresServer
from tests.plugin.store.killed import ENTRIES, cards_of
from tests.scenarios.scenario import ROOT
from tests.sizes import sized

KILLS = sized(1000, 25)
"""For each of the two databases."""
CRASHES = sized(30, 1)
EHR = Client("ehr", AllowedBases((), allow_loopback=True))


def kept(url: str) -> Counter[str]:
    """How often each card is in the log."""
    engine = open_database(url)
    with engine.connect() as connection:
        counted = connection.execute(select(feedback.c.card, func.count()).group_by(feedback.c.card))
        found = Counter({row.card: row[1] for row in counted})
        if engine.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    engine.dispose()
    return found


def test_a_service_killed_at_any_moment_loses_and_doubles_nothing_it_acknowledged(url: str) -> None:
    command = [sys.executable, "-m", "tests.plugin.store.killed", url, str(KILLS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=3600)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    found = kept(url)

    assert len(told["acknowledged"]) >= KILLS
    acknowledged = {card for batch in told["acknowledged"] for card in cards_of(batch)}
    assert {card: found[card] for card in acknowledged} == dict.fromkeys(acknowledged, 1)
    for batch in told["given_up"]:
        assert sum(found[card] for card in cards_of(batch)) in (0, ENTRIES)
    assert max(found.values()) == 1


def said(card: str) -> Feedback:
    return Feedback(card, "overridden", (), None, None, datetime(2026, 11, 20, 9, 30, tzinfo=UTC))


def test_a_database_server_that_crashes_keeps_what_was_acknowledged(
    own_postgresql_server: PostgresServer,
) -> None:
    server = own_postgresql_server
    url = server.ready_database()
    engine = open_database(url)
    log = FeedbackLog(engine, lambda: datetime.now(UTC))
    acknowledged: list[str] = []
    for crash in range(CRASHES):
        crasher = threading.Timer(0.2, server.stop, [signal.SIGQUIT])
        crasher.start()
        try:
            for number in range(1_000_000):
                card = f"crash-{crash}-card-{number}"
                log.take(EHR, "s", [said(card)])
                acknowledged.append(card)
        except TemporarilyUnavailable:
            crasher.join()
        server.start()

    found = kept(url)
    assert len(acknowledged) >= CRASHES
    assert {card: found[card] for card in acknowledged} == dict.fromkeys(acknowledged, 1)
    engine.dispose()
