"""The evidence pages: each criterion with its inputs, thresholds, guidelines and source attributes."""

from plugin.pages.blueprint import create_pages
from plugin.pages.knowledge import Knowledge, load_knowledge

__all__ = ["Knowledge", "create_pages", "load_knowledge"]
