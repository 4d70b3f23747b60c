"""The error that bad content raises at start-up."""

from __future__ import annotations


class ContentError(Exception):
    """A content file (value set, concept map, guideline, policy, message) cannot be used as it stands.

    The message names the file, the key or code in it, and what would be right. It stops the start-up.
    """
