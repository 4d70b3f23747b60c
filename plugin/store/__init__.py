"""What is kept: which cards were issued, under which policy. Nothing about patients."""

from plugin.store.issued import IssuedCard, Store, open_store

__all__ = ["IssuedCard", "Store", "open_store"]
