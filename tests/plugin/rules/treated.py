"""Epidural orders for pain of long standing, and the care before them."""

from __future__ import annotations

from typing import Any

from plugin.domain.case import Case
from plugin.domain.check import Outcome
from plugin.domain.evidence import CareEntry
from tests.builders import case, conservative, diagnosis, section

OLD = diagnosis("M54.16", "2025-01-15")
BY_REASON = ("Condition/M54.16",)


def treated(*entries: CareEntry, **changes: Any) -> Case:
    """Pain for nearly two years, and this care."""
    return case(**{"problems": [OLD], "care": section(*entries), **changes})


def row(asked: Case) -> tuple[str, Outcome]:
    check = conservative(asked)
    return check.row, check.outcome
