"""The log of what clinicians did with the cards. What is acknowledged is on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Engine, select
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from cds_hooks import CardOfAnotherClient, Client, Feedback, OverrideReason, TemporarilyUnavailable
from plugin.store.database import insert_new
from plugin.store.tables import cards_issued
from plugin.store.tables import feedback as feedback_table

_NO_REASON = OverrideReason(None, None, None)
_OUT_OF_ORDER = (OperationalError, InterfaceError, ProgrammingError, NoConnectionFree)
"""Locked, full, gone, or without the tables: a migration is pending."""


@dataclass(frozen=True, slots=True)
class FeedbackLog:
    """`now` gives aware datetimes."""

    engine: Engine
    now: Callable[[], datetime]

    def take(self, client: Client, service: str, feedback: Sequence[Feedback]) -> None:
        """Returns when all of it is on disk; what was said before adds nothing.

        A card that is not known may be one that is still to be written: its feedback is kept. Raises
        CardOfAnotherClient and TemporarilyUnavailable, and then nothing is kept.
        """
        try:
            self._refuse_cards_of_others(client, feedback)
            rows = self._rows(client, service, feedback)
            if rows:
                with self.engine.begin() as connection:
                    connection.execute(insert_new(feedback_table, self.engine), rows)
        except _OUT_OF_ORDER as error:
            raise TemporarilyUnavailable from error

    def _refuse_cards_of_others(self, client: Client, feedback: Sequence[Feedback]) -> None:
        issued = select(cards_issued.c.card, cards_issued.c.client)
        asked = issued.where(cards_issued.c.card.in_({entry.card for entry in feedback}))
        with self.engine.connect() as connection:
            known = {(card, owner) for card, owner in connection.execute(asked)}
        own = {card for card, owner in known if owner == client.id}
        others = {card for card, _ in known} - own
        refused = [f"feedback[{i}].card" for i, entry in enumerate(feedback) if entry.card in others]
        if refused:
            raise CardOfAnotherClient(*refused)

    def _rows(self, client: Client, service: str, feedback: Sequence[Feedback]) -> list[dict[str, Any]]:
        """In the order of their keys, so that two batches with the same rows cannot block each other.

        The entries of a batch count as received a microsecond apart, which keeps their order.
        """
        received_at = self.now()
        rows: dict[str, dict[str, Any]] = {}
        for index, entry in enumerate(feedback):
            said = _said(client, service, entry)
            identity = hashlib.sha256(msgspec.json.encode(said)).hexdigest()
            moment = received_at + timedelta(microseconds=index)
            rows.setdefault(identity, said | {"id": identity, "received_at": moment})
        return [rows[identity] for identity in sorted(rows)]


def _said(client: Client, service: str, entry: Feedback) -> dict[str, Any]:
    """What is kept of an entry."""
    reason = entry.reason or _NO_REASON
    return {
        "client": client.id,
        "service": service,
        "card": entry.card,
        "outcome": entry.outcome,
        "accepted_suggestions": list(entry.accepted_suggestions),
        "reason_code": reason.code,
        "reason_system": reason.system,
        "reason_display": reason.display,
        "user_comment": entry.user_comment if client.keep_user_comments else None,
        "outcome_timestamp": entry.outcome_timestamp,
    }
