"""What is kept of feedback, and that an acknowledgement means it is on disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from cds_hooks import (
    AllowedBases,
    CardOfAnotherClient,
    Client,
    Feedback,
    OverrideReason,
    TemporarilyUnavailable,
)
from plugin.app import create_app
from plugin.settings import Settings
from plugin.store import FeedbackLog, open_database
from plugin.store.tables import cards_issued, feedback
from tests.database_servers import PostgresServer, locked
from tests.limits import no_file_may_grow
from tests.plugin.cards.service import SERVICE, TODAY, outcome, request_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EHR = Client("ehr", AllowedBases((), allow_loopback=True))
OTHER = Client("other-ehr", AllowedBases((), allow_loopback=True))
KEEPER = replace(EHR, keep_user_comments=True)
ID = "spinal-injection-review"
COMMENT = "Canary-comment-61f0"


def said(card: str = "c-1", **changes: Any) -> Feedback:
    given = {
        "card": card,
        "outcome": "overridden",
        "accepted_suggestions": (),
        "reason": OverrideReason("patient-wish", "https://example.org/reasons", "Patient's wish"),
        "user_comment": None,
        "outcome_timestamp": datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
    }
    return Feedback(**(given | changes))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_database(url)
    yield opened
    opened.dispose()


@pytest.fixture
def log(engine: Engine) -> FeedbackLog:
    return FeedbackLog(engine, lambda: NOW)


def issue(engine: Engine, card: str, client: str) -> None:
    texts = {column.name: "x" for column in cards_issued.columns if column.name != "silent"}
    with engine.begin() as connection:
        connection.execute(insert(cards_issued), texts | {"card": card, "client": client, "issued_at": NOW})


def rows(engine: Engine) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        found = connection.execute(select(feedback).order_by(feedback.c.received_at)).mappings().all()
    return [dict(row) for row in found]


def test_feedback_is_kept_as_it_was_said(log: FeedbackLog, engine: Engine) -> None:
    log.take(EHR, ID, [said(accepted_suggestions=("s-1", "s 2"))])

    [row] = rows(engine)
    assert len(row.pop("id")) == 64
    assert row == {
        "client": "ehr",
        "service": ID,
        "card": "c-1",
        "outcome": "overridden",
        "accepted_suggestions": ["s-1", "s 2"],
        "reason_code": "patient-wish",
        "reason_system": "https://example.org/reasons",
        "reason_display": "Patient's wish",
        "user_comment": None,
        "outcome_timestamp": datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
        "received_at": NOW,
    }


def test_what_is_said_again_is_kept_once(log: FeedbackLog, engine: Engine) -> None:
    log.take(EHR, ID, [said(), said(), said("c-2")])
    log.take(EHR, ID, [said("c-3"), said()])

    assert sorted(row["card"] for row in rows(engine)) == ["c-1", "c-2", "c-3"]


def test_what_differs_in_anything_is_kept_beside(log: FeedbackLog, engine: Engine) -> None:
    entries = [
        said(),
        said(card="c-2"),
        said(outcome="accepted"),
        said(accepted_suggestions=("s-1",)),
        said(reason=None),
        said(reason=OverrideReason("patient-wish", None, None)),
        said(outcome_timestamp=datetime(2026, 11, 20, 9, 30, 0, 1, tzinfo=UTC)),
    ]
    for entry in entries:
        log.take(EHR, ID, [entry])

    assert len(rows(engine)) == len(entries)


def test_the_same_said_by_two_clients_is_kept_for_each(log: FeedbackLog, engine: Engine) -> None:
    log.take(EHR, ID, [said()])
    log.take(OTHER, ID, [said()])

    assert sorted(row["client"] for row in rows(engine)) == ["ehr", "other-ehr"]


def test_a_batch_keeps_the_order_in_which_it_was_said(log: FeedbackLog, engine: Engine) -> None:
    log.take(EHR, ID, [said(f"c-{number}") for number in range(50)])

    assert [row["card"] for row in rows(engine)] == [f"c-{number}" for number in range(50)]


def test_a_comment_is_kept_only_for_a_client_that_wants_it(log: FeedbackLog, engine: Engine) -> None:
    log.take(EHR, ID, [said(user_comment=COMMENT)])
    log.take(KEEPER, ID, [said("c-2", user_comment=COMMENT)])

    assert [row["user_comment"] for row in rows(engine)] == [None, COMMENT]


def test_feedback_on_a_card_nobody_knows_is_kept(log: FeedbackLog, engine: Engine) -> None:
    log.take(EHR, ID, [said("never-issued"), said("x" * 190), said("c.1-(2)/é\u202e<script>")])

    assert len(rows(engine)) == 3


def test_feedback_on_a_card_of_another_client_is_refused_with_its_whole_batch(
    log: FeedbackLog, engine: Engine
) -> None:
    issue(engine, "c-own", "ehr")
    issue(engine, "c-other", "other-ehr")

    with pytest.raises(CardOfAnotherClient) as raised:
        log.take(EHR, ID, [said("c-own"), said("c-other"), said("c-unknown"), said("c-other")])

    assert raised.value.expression == ("feedback[1].card", "feedback[3].card")
    assert rows(engine) == []


def test_a_card_id_that_two_clients_have_is_each_ones_own(log: FeedbackLog, engine: Engine) -> None:
    issue(engine, "c-1", "ehr")
    issue(engine, "c-1", "other-ehr")
    log.take(EHR, ID, [said()])
    log.take(OTHER, ID, [said()])

    assert len(rows(engine)) == 2


def test_nothing_said_is_nothing_kept(log: FeedbackLog, engine: Engine) -> None:
    log.take(EHR, ID, [])

    assert rows(engine) == []


def test_a_full_disk_is_told_and_keeps_nothing(sqlite_url: str) -> None:
    engine = open_database(sqlite_url)
    log = FeedbackLog(engine, lambda: NOW)
    with no_file_may_grow(), pytest.raises(TemporarilyUnavailable):
        log.take(EHR, ID, [said()])

    assert rows(engine) == []
    log.take(EHR, ID, [said()])
    assert len(rows(engine)) == 1
    engine.dispose()


class Ehr:
    """The whole service, and what an EHR sends it."""

    def __init__(self, url: str) -> None:
        settings = Settings.model_validate({"today": TODAY, "database": url})
        self.client = create_app(settings).test_client()

    def order(self) -> Any:
        return self.client.post(SERVICE, json=request_of("025"))

    def tell(self, *cards: str, comment: str = COMMENT) -> Any:
        entries = [
            {
                "card": card,
                "outcome": "overridden",
                "overrideReason": {"userComment": comment},
                "outcomeTimestamp": "2026-11-20T09:30:00Z",
            }
            for card in cards
        ]
        return self.client.post(f"{SERVICE}/feedback", json={"feedback": entries})


def test_a_card_that_was_issued_gets_its_feedback(url: str, engine: Engine) -> None:
    ehr = Ehr(url)
    [card] = ehr.order().get_json()["cards"]

    answer = ehr.tell(card["uuid"], "unknown")

    assert (answer.status_code, answer.get_json()) == (200, {})
    assert {(row["card"], row["client"], row["service"]) for row in rows(engine)} == {
        (card["uuid"], "development", ID),
        ("unknown", "development", ID),
    }


def test_feedback_on_another_clients_card_is_forbidden(url: str, engine: Engine) -> None:
    issue(engine, "c-other", "other-ehr")

    answer = Ehr(url).tell("c-1", "c-other")

    assert answer.status_code == 403
    assert outcome(answer)["issue"][0]["expression"] == ["feedback[1].card"]
    assert rows(engine) == []


def assert_unavailable(answer: Any) -> None:
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert outcome(answer)["issue"][0]["code"] == "transient"


def test_a_locked_database_makes_feedback_wait_and_no_order(url: str, engine: Engine) -> None:
    ehr = Ehr(url)

    with locked(url):
        assert_unavailable(ehr.tell("c-1"))
        assert ehr.order().status_code == 200

    assert rows(engine) == []
    assert ehr.tell("c-1").status_code == 200
    assert [row["card"] for row in rows(engine)] == ["c-1"]


@pytest.mark.usefixtures("capsys")  # pytest's own capture would write the log to a file.
def test_a_full_disk_makes_feedback_wait_and_no_order(sqlite_url: str) -> None:
    ehr = Ehr(sqlite_url)

    with no_file_may_grow():
        assert_unavailable(ehr.tell("c-1"))
        assert ehr.order().status_code == 200

    assert ehr.tell("c-1").status_code == 200


def test_a_database_that_is_down_makes_feedback_wait_and_no_order(
    own_postgresql_server: PostgresServer,
) -> None:
    server = own_postgresql_server
    ehr = Ehr(server.ready_database())
    assert ehr.tell("c-1").status_code == 200
    server.stop()

    assert_unavailable(ehr.tell("c-2"))
    assert ehr.order().status_code == 200

    server.start()
    assert ehr.tell("c-2").status_code == 200


def test_a_comment_is_in_no_log_and_no_file(
    sqlite_url: str, tmp_path: Any, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    ehr = Ehr(sqlite_url)
    for cards in (["c-1"], ["c-2", ""]):
        ehr.tell(*cards)
    with locked(sqlite_url):
        ehr.tell("c-3")

    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"c-1" in written
    assert COMMENT.encode() not in written
    assert COMMENT.encode() not in b"".join(capfdbinary.readouterr())
