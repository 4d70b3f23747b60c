"""What all rules and all guidelines cost over a chart, beside reading it: in one process, without the web."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import perf_counter

from cds_hooks import read_hook_request
from plugin.app import HOOKS
from plugin.domain.case import Case, open_case
from plugin.evidence.gather import assemble
from plugin.evidence.placed import find_orders
from plugin.evidence.reading import Chart
from plugin.guidelines import Library, load_guidelines
from plugin.policies.judge import Judge
from plugin.policies.model import RULES
from plugin.review import Review
from plugin.reviews import create_review
from plugin.settings import Settings
from tests.benchmarks.charts import TODAY


def reading_and_judging(bodies: tuple[Path, ...], rounds: int) -> Iterator[tuple[float, float]]:
    """Seconds to read a request into a case, and to ask every rule and every document about it."""
    review = create_review(Settings(today=TODAY))
    judge = Judge(review.policy, Library(load_guidelines()))
    for number in range(rounds + 1):
        for path in bodies:
            body = path.read_bytes()
            started = perf_counter()
            case = _read(body, review, TODAY)
            read = perf_counter()
            _judge(case, judge)
            if number:  # The first round warms both up.
                yield read - started, perf_counter() - read


def _read(body: bytes, review: Review, today: date) -> Case:
    request = read_hook_request(body, HOOKS)
    chart = Chart(review.terminology, request.context.patient_id, today, request.context.encounter_id)
    orders = find_orders(request, None, chart)
    readings = review.record.read(request, None, orders)
    policy = review.policy
    evidence = assemble(readings, orders, chart, policy.file.encounter_diagnosis_max_age_days)
    return open_case(orders.injections[0], evidence, policy.pattern_params, policy.file.chronic_pain_days)


def _judge(case: Case, judge: Judge) -> None:
    """Each rule about an order of a family that it is for, and what each document says to its answer."""
    for name, rule in RULES.items():
        asked = replace(case, order=replace(case.order, family=min(rule.FAMILIES)))
        check = rule.evaluate(asked, judge.policy.params[name])
        judge.testimonies(asked, check)
        judge.agreement(asked)
