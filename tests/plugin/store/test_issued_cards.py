"""What is kept of the cards issued, and that no call depends on it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select

from plugin.app import create_app
from plugin.settings import Settings
from plugin.store import IssuedCard, IssuedCards, open_database
from plugin.store.database import connect
from plugin.store.tables import cards_issued
from tests.database_servers import locked
from tests.plugin.cards.service import SERVICE, TODAY, request_of

COLUMNS = (
    *("card", "client", "service", "hook_instance", "hook", "topic", "indicator"),
    *("policy", "policy_hash", "issued_at", "silent"),
)


class Losses:
    """Remembers what a store reports as lost."""

    def __init__(self) -> None:
        self.told: list[tuple[int, str]] = []

    def __call__(self, count: int, why: str) -> None:
        self.told.append((count, why))


@pytest.fixture
def losses() -> Losses:
    return Losses()


def opened(url: str, losses: Losses) -> IssuedCards:
    return IssuedCards(open_database(url), losses)


@pytest.fixture
def cards(url: str, losses: Losses) -> Iterator[IssuedCards]:
    writer = opened(url, losses)
    yield writer
    writer.close()


def issued(card: str = "c-1", instance: str = "i-1", client: str = "ehr") -> IssuedCard:
    return IssuedCard(
        card=card,
        client=client,
        service="spinal-injection-review",
        hook_instance=instance,
        hook="order-sign",
        topic="IMG1",
        indicator="warning",
        policy="default@1.0.0",
        policy_hash="0123456789abcdef",
        issued_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
    )


def rows(url: str) -> list[dict[str, object]]:
    engine = connect(url)
    with engine.connect() as connection:
        found = connection.execute(select(cards_issued).order_by(cards_issued.c.card)).mappings().all()
    engine.dispose()
    return [dict(row) for row in found]


def test_a_card_is_kept_with_its_call_and_its_policy(cards: IssuedCards, url: str) -> None:
    cards.record([issued()])
    cards.close()

    (row,) = rows(url)
    assert tuple(row) == COLUMNS
    assert row["card"] == "c-1"
    assert (row["topic"], row["indicator"], row["silent"]) == ("IMG1", "warning", False)
    assert (row["policy"], row["policy_hash"]) == ("default@1.0.0", "0123456789abcdef")
    assert (row["client"], row["service"]) == ("ehr", "spinal-injection-review")
    assert row["issued_at"] == datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_same_card_twice_is_kept_once(cards: IssuedCards, url: str, losses: Losses) -> None:
    cards.record([issued(), issued()])
    cards.record([issued()])
    cards.close()

    assert len(rows(url)) == 1
    assert losses.told == []


@pytest.mark.parametrize("count", [500, 501, 2500])
def test_every_card_taken_before_closing_is_written(
    cards: IssuedCards, url: str, losses: Losses, count: int
) -> None:
    for number in range(count):
        cards.record([issued(f"c-{number}-a"), issued(f"c-{number}-b")])
    cards.close()

    assert len(rows(url)) == 2 * count
    assert losses.told == []


def test_no_card_is_no_entry(cards: IssuedCards, url: str) -> None:
    cards.record([])
    cards.close()

    assert rows(url) == []


def test_a_store_is_opened_again_with_what_it_held(url: str, losses: Losses) -> None:
    for card in ("c-1", "c-2"):
        cards = opened(url, losses)
        cards.record([issued(card)])
        cards.close()

    assert [row["card"] for row in rows(url)] == ["c-1", "c-2"]


def test_a_locked_database_loses_the_entries_and_says_so(
    cards: IssuedCards, url: str, losses: Losses
) -> None:
    with locked(url):
        cards.record([issued("c-1"), issued("c-2")])
        cards.close()

    assert losses.told == [(2, "OperationalError")]
    assert rows(url) == []


def test_the_same_card_of_two_clients_is_kept_for_each(cards: IssuedCards, url: str) -> None:
    cards.record([issued(client="ehr-1"), issued(client="ehr-2")])
    cards.close()

    assert [row["client"] for row in rows(url)] == ["ehr-1", "ehr-2"]


def settings(url: str) -> Settings:
    return Settings.model_validate({"today": TODAY, "database": url})


def wait_for(url: str, count: int) -> list[dict[str, object]]:
    """The rows, once there are `count` of them; as they are after five seconds otherwise."""
    for _ in range(500):
        found = rows(url)
        if len(found) >= count:
            return found
        Event().wait(0.01)
    return rows(url)


def test_the_service_notes_each_card_it_issues(url: str) -> None:
    client = create_app(settings(url)).test_client()
    request = request_of("demo-no-mri-14-days")

    answer = client.post(SERVICE, json=request).get_json()["cards"]

    kept = wait_for(url, len(answer))
    assert {row["card"] for row in kept} == {card["uuid"] for card in answer}
    assert {row["hook_instance"] for row in kept} == {request["hookInstance"]}
    assert {row["topic"] for row in kept} == {"IMG1", "CC1"}
    assert {row["hook"] for row in kept} == {request["hook"]}
    assert {(row["client"], row["service"]) for row in kept} == {("development", "spinal-injection-review")}
    assert all(re.fullmatch(r"[0-9a-f]{16}", str(row["policy_hash"])) for row in kept)


def test_a_call_repeated_with_its_hook_instance_is_noted_once(url: str) -> None:
    client = create_app(settings(url)).test_client()
    for name in ("025", "025", "025", "045"):
        client.post(SERVICE, json=request_of(name))

    kept = wait_for(url, 2)

    assert sorted(str(row["topic"]) for row in kept) == ["CC1", "IMG1"]


def test_a_silent_answer_is_not_noted(url: str) -> None:
    client = create_app(settings(url)).test_client()
    client.post(SERVICE, json=request_of("138"))
    client.post(SERVICE, json=request_of("025"))

    assert [row["topic"] for row in wait_for(url, 1)] == ["IMG1"]


def test_calls_are_answered_when_the_folder_of_the_database_is_gone(sqlite_url: str) -> None:
    client = create_app(settings(sqlite_url)).test_client()
    before = client.post(SERVICE, json=request_of("025"))
    shutil.rmtree(Path(sqlite_url.removeprefix("sqlite:///")).parent)

    after = [client.post(SERVICE, json=request_of("025")) for _ in range(3)]

    assert [answer.status_code for answer in after] == [200, 200, 200]
    assert {answer.data for answer in after} == {before.data}


def test_calls_are_answered_while_the_database_is_locked(url: str) -> None:
    client = create_app(settings(url)).test_client()

    with locked(url):
        answers = [client.post(SERVICE, json=request_of("025")) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 5
