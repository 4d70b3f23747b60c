"""What alerts and dashboard ask for is what the service counts."""

from __future__ import annotations

import json
import re

import yaml
from prometheus_client.metrics import MetricWrapperBase

from plugin.metrics import Metrics
from tests.deploy.chart import Manifest
from tests.scenarios.scenario import ROOT

DEPLOY = ROOT / "deploy"
SUFFIXES = ("_total", "_bucket", "_sum", "_count")
LABELS = {"le", "instance", "job"}
"""Of Prometheus itself."""


def counted() -> dict[str, set[str]]:
    """The labels of each name."""
    found = (metric for metric in vars(Metrics()).values() if isinstance(metric, MetricWrapperBase))
    return {metric._name: set(metric._labelnames) for metric in found}


def expressions() -> list[str]:
    rules = yaml.safe_load((DEPLOY / "chart/files/alerts.yaml").read_text(encoding="utf-8"))
    alerts = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    dashboard = json.loads((DEPLOY / "grafana/dashboards/spinal-cds.json").read_text(encoding="utf-8"))
    return alerts + [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def named(expression: str) -> set[str]:
    names = set(re.findall(r"spinal_cds_\w+", expression))
    return {next((n.removesuffix(s) for s in SUFFIXES if n.endswith(s)), n) for n in names}


def test_every_metric_that_is_asked_for_is_counted() -> None:
    asked = set().union(*map(named, expressions()))

    assert asked <= counted().keys()


def test_every_label_that_is_asked_for_exists() -> None:
    labels = counted()

    for expression in expressions():
        grouped = {n.strip() for by in re.findall(r"by \(([^)]+)\)", expression) for n in by.split(",")}
        filtered = set(re.findall(r"[{,]\s*(\w+)\s*[!=]", expression))
        known = set().union(LABELS, *(labels[name] for name in named(expression)))
        assert grouped | filtered <= known, expression


def test_alerts_find_the_instances_beside_compose_and_in_a_cluster(manifests: dict[str, Manifest]) -> None:
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    label = manifests["ServiceMonitor"]["spec"]["jobLabel"]
    jobs = [job["job_name"] for job in scraped["scrape_configs"]]
    jobs.append(manifests["Service"]["metadata"]["labels"][label])

    patterns = set().union(*(re.findall(r'job=~"([^"]*)"', expression) for expression in expressions()))
    assert patterns
    assert [(p, job) for p in patterns for job in jobs if not re.fullmatch(p, job)] == []


def test_keys_that_are_old_matter_only_while_the_client_calls() -> None:
    [expression] = [found for found in expressions() if "jwks_read_timestamp" in found and "> 6" in found]

    assert re.search(
        r"and on \(client\) sum by \(client\) \(increase\(spinal_cds_requests_total\[", expression
    )
