"""What is kept: which cards were issued, what was done with them, which tokens were used. No patients."""

from plugin.store.database import connect, open_database
from plugin.store.feedback import FeedbackLog
from plugin.store.issued_cards import IssuedCard, IssuedCards
from plugin.store.replay import open_replay_store

__all__ = ["FeedbackLog", "IssuedCard", "IssuedCards", "connect", "open_database", "open_replay_store"]
