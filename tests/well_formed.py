"""What holds of every answer of every rule: asserted wherever a test asks one."""

from __future__ import annotations

from functools import cache

from plugin.cards.catalogue import Catalogue, filled, load_catalogue
from plugin.cards.detail import Detail
from plugin.domain.case import Case
from plugin.domain.check import Check, Kind, Outcome, Reason
from plugin.policies.judge import Judge
from plugin.policies.model import RULES


def assert_well_formed(rule: str, check: Check) -> None:
    """The row is one that the rule lists, and outcome, reason and kind fit together."""
    assert check.row in RULES[rule].ROWS[check.criterion] | {"undetermined"}
    assert isinstance(check.outcome, Outcome), check.row
    assert isinstance(check.reason, Reason) or check.outcome is not Outcome.UNKNOWN, check.row
    assert (check.reason is Reason.NO_ACCESS) == bool(check.unread), check.row
    if check.outcome is not Outcome.UNKNOWN:
        assert (check.kind is Kind.GAP) == (check.outcome is Outcome.NOT_MET), check.row


def assert_sayable(asked: Case, check: Check, judge: Judge) -> None:
    """There are words for what is to be said, and all that they name is known."""
    if check.kind is None:
        return
    words = _catalogue().row(check.criterion, check.row)
    looked_for = words.looked_for or _catalogue().criterion(check.criterion).looked_for
    detail = _detail(judge)
    facts = detail.facts(check, detail.order_facts(asked))
    assert filled(words.summary, facts)
    assert all(text.format(**facts) for text in (words.missing, words.settle, looked_for))


@cache
def _catalogue() -> Catalogue:
    return load_catalogue()


@cache
def _detail(judge: Judge) -> Detail:
    return Detail(_catalogue(), judge)
