"""`spinal-cds review`: the cards for a saved hook request, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date
from enum import Enum
from pathlib import Path

import msgspec

from cds_hooks import CdsHooksError, read_hook_request
from plugin.app import HOOKS, create_client, create_fhir_access
from plugin.cards.catalogue import Catalogue
from plugin.cards.markdown import quoted
from plugin.cli.text import cards_as_text, plain
from plugin.domain.check import Check, Item
from plugin.domain.content import ContentError
from plugin.policies.judge import Verdict
from plugin.review import Review, Reviewed
from plugin.reviews import create_review
from plugin.settings import Settings


class Output(Enum):
    TEXT = "text"
    JSON = "json"
    EXPLAIN = "explain"


def review_file(path: Path, settings: Settings, output: Output) -> str:
    """Raises ContentError, in one line, for a file that cannot be read or answered."""
    review = create_review(settings)
    try:
        body = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        request = read_hook_request(body, HOOKS)
        server = create_fhir_access(settings).reader_for(request, create_client(settings))
        reviewed = review.review(request, server)
    except OSError as error:
        raise ContentError(f"{path}: {error.strerror}") from error
    except CdsHooksError as error:
        where = f" ({', '.join(error.expression)})" if error.expression else ""
        raise ContentError(f"{path}: {error.status}: {error.text}{where}") from error
    if output is Output.JSON:
        return msgspec.json.format(reviewed.response.to_json(), indent=2).decode()
    text = cards_as_text(reviewed.response.cards)
    return text if output is Output.TEXT else f"{text}\n\n{explanation(reviewed, review)}"


def explanation(reviewed: Reviewed, review: Review) -> str:
    """Every rule's answer per order, the entries that decided it, and why the others did not count."""
    catalogue = review.composer.catalogue
    parts = [_verdict(verdict, catalogue) for verdict in reviewed.verdicts]
    parts += [f"{reference}: {row}" for row, reference in reviewed.orphans]
    return "\n\n".join(parts) if parts else "No order of this request is one that is reviewed."


def _verdict(verdict: Verdict, catalogue: Catalogue) -> str:
    case = verdict.case
    lines = [
        f"== {case.order.reference}: {catalogue.word(case.order.family.value)}, code {case.order.code.code}, "
        f"{case.region.label}, as of {case.as_of}"
    ]
    onset = case.onset.began or (f"{case.onset.recorded} or earlier" if case.onset.recorded else "not known")
    pattern = case.pattern.finding.value
    lines.append(f"   pain pattern: {pattern}; onset: {onset}; {catalogue.word(case.chronicity)}")
    if verdict.scope.gates:
        lines.append(f"   gates: {', '.join(verdict.scope.gates)}")
    if verdict.scope.silenced_by:
        lines.append("   not reviewed further")
    shown = {id(finding.check): finding for finding in verdict.findings}
    for check in verdict.checks:
        finding = shown.get(id(check))
        said = f"{finding.kind.value}, {finding.indicator}" if finding else "no card"
        lines += _check(check, said, catalogue)
    return "\n".join(lines)


def _check(check: Check, said: str, catalogue: Catalogue) -> list[str]:
    reason = f" ({check.reason.value})" if check.reason else ""
    lines = [
        f"-- {check.criterion} {check.outcome.value}{reason}: row {check.row}; {said}",
        f"   {catalogue.criterion(check.criterion).question}",
    ]
    lines += _items("decided by", check.decided_by, catalogue)
    lines += _items("set aside", check.set_aside, catalogue)
    for unread in check.unread:
        why = catalogue.text.unread.get(unread.why, unread.why).format(count=unread.count)
        lines.append(f"   unread: {catalogue.text.sources.get(unread.source, unread.source)}: {why}")
    return lines


def _items(head: str, items: Iterable[Item], catalogue: Catalogue) -> list[str]:
    return [f"   {head}: {_item(item, catalogue)}" for item in items]


def _item(item: Item, catalogue: Catalogue) -> str:
    until = ""
    if item.until and item.until != item.when:
        until = " onwards" if item.until.last == date.max else f" to {item.until}"
    when = f", {item.when}{until}" if item.when else ""
    remark = f", {catalogue.text.remarks.get(item.remark, item.remark)}" if item.remark else ""
    label, reference = plain(quoted(item.label)), plain(quoted(item.reference))
    return f"{catalogue.word(item.what)}: {label}{when}{remark} [{reference}]"
