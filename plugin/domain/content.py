"""The error that bad content raises at start-up."""

from __future__ import annotations


class ContentError(Exception):
    """A content file (value set, concept map, guideline, policy, message) or setting cannot be used.

    Each fault names the file or setting, the key or code in it, and what would be right. Any stops the
    start-up.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults
