"""The cards issued, as they were kept before there were migrations."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "cards_issued",
        sa.Column("card", sa.String(36), primary_key=True),
        sa.Column("hook_instance", sa.String(36), nullable=False),
        sa.Column("hook", sa.String(64), nullable=False),
        sa.Column("topic", sa.String(100), nullable=False),
        sa.Column("indicator", sa.String(8), nullable=False),
        sa.Column("policy", sa.String(120), nullable=False),
        sa.Column("policy_hash", sa.String(64), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_cards_issued_hook_instance", "cards_issued", ["hook_instance"], if_not_exists=True)
