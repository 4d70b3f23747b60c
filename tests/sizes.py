"""How much input the hostile tests send: a share of it in every run, all of it in `make hostile`."""

from __future__ import annotations

import os

IS_FULL = os.environ.get("HOSTILE") == "full"


def sized(full: int, share: int) -> int:
    """`full` in `make hostile`, otherwise `share`."""
    return full if IS_FULL else share
