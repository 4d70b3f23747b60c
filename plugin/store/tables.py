"""The tables. `plugin/store/migrations` makes them; a test holds the two against each other.

Ids are TEXT of any length: an EHR's may have 190 characters.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    false,
)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, read back in UTC; SQLite keeps no offset."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


HEAD = "0003"
"""The revision at which a database has these tables."""
metadata = MetaData()

cards_issued = Table(
    "cards_issued",
    metadata,
    Column("card", Text, primary_key=True),
    Column("client", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("hook_instance", Text, nullable=False),
    Column("hook", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("indicator", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("policy_hash", Text, nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("silent", Boolean, nullable=False, server_default=false()),
)
"""`silent`: it was made, for the record, and not shown."""

feedback = Table(
    "feedback",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("card", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("accepted_suggestions", JSON, nullable=False),
    Column("reason_code", Text),
    Column("reason_system", Text),
    Column("reason_display", Text),
    Column("user_comment", Text),
    Column("outcome_timestamp", Moment, nullable=False),
    Column("received_at", Moment, nullable=False, index=True),
    Index("ix_feedback_card_client", "card", "client"),
)
"""A log: rows are added and never changed, but that comments are emptied when their time is over. `id` is a
digest of what was said, so that saying it again adds nothing. `card` may be one that is not, or not yet, in
`cards_issued`."""

tokens_seen = Table(
    "tokens_seen",
    metadata,
    Column("token", LargeBinary, primary_key=True),
    Column("expires_at", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""`token` is the SHA-256 of issuer and jti; `expires_at` is in seconds since the epoch."""

switched_off = Table(
    "switched_off",
    metadata,
    Column("client", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("since", Moment, nullable=False),
)
"""Whose calls are answered without cards. `client` is an id, or `*` for all of them."""

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("event", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False),
)
"""Numbered from 1; triggers refuse to change or delete a row. `details` is JSON, `previous` the digest of the
row before."""
