"""`spinal-cds purge`."""

from __future__ import annotations

from plugin.cli.operated import operated_database, operator
from plugin.settings import Settings
from plugin.store.retention import purge


def purge_now(settings: Settings) -> str:
    """What was deleted, in a line. Raises ContentError."""
    with operated_database(settings.database) as engine:
        purged = purge(
            engine,
            comments_days=settings.keep_comments_days,
            cards_days=settings.keep_cards_days,
            actor=operator(),
        )
    return (
        f"purged: {purged.comments} comments older than {settings.keep_comments_days} days; "
        f"{purged.cards} cards and {purged.feedback} feedbacks older than {settings.keep_cards_days} days; "
        f"{purged.tokens} used tokens"
    )
