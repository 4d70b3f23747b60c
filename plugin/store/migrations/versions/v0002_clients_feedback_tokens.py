"""Each card belongs to a client; feedback on cards; tokens seen."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _give_cards_a_client()
    op.create_table(
        "feedback",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("card", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("accepted_suggestions", sa.JSON, nullable=False),
        sa.Column("reason_code", sa.Text),
        sa.Column("reason_system", sa.Text),
        sa.Column("reason_display", sa.Text),
        sa.Column("user_comment", sa.Text),
        sa.Column("outcome_timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_feedback_received_at", "feedback", ["received_at"])
    op.create_index("ix_feedback_card_client", "feedback", ["card", "client"])
    op.create_table(
        "tokens_seen",
        sa.Column("token", sa.LargeBinary, primary_key=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tokens_seen_expires_at", "tokens_seen", ["expires_at"])


def _give_cards_a_client() -> None:
    """Until now there was one service, and one client for every caller."""
    op.drop_index("ix_cards_issued_hook_instance", "cards_issued")
    op.rename_table("cards_issued", "cards_issued_0001")
    op.create_table(
        "cards_issued",
        sa.Column("card", sa.Text, nullable=False),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("hook_instance", sa.Text, nullable=False),
        sa.Column("hook", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("indicator", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("policy_hash", sa.Text, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("card", "client", name="pk_cards_issued"),
    )
    op.execute(
        "INSERT INTO cards_issued (card, client, service, hook_instance, hook, topic, indicator, policy,"
        " policy_hash, issued_at) SELECT card, 'development', 'spinal-injection-review', hook_instance, hook,"
        " topic, indicator, policy, policy_hash, issued_at FROM cards_issued_0001"
    )
    op.drop_table("cards_issued_0001")
