"""The compose file: every service pinned, probed and locked down, and no secret in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugin.settings import PREFIX, Settings
from tests.scenarios.scenario import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"upgrade", "load-demo"}
ITS_OWN_USER = {"hapi"}
"""Whose image says who runs it."""
WRITES = {"hapi"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_locked_down_and_probed(name: str) -> None:
    service = SERVICES[name]

    tag = service["image"].rpartition(":")[2].removesuffix("}").removeprefix("-")
    assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?(-[\w-]+)?", tag), service["image"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is (name not in WRITES)
    if name not in ITS_OWN_USER:
        assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
    if name in ONE_SHOT:
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["healthcheck"]["interval"]


def test_no_service_is_privileged_or_on_the_machine_s_network() -> None:
    for service in SERVICES.values():
        assert service.keys().isdisjoint({"privileged", "network_mode", "pid", "ipc", "cap_add", "devices"})


def test_only_the_proxy_can_be_reached_from_elsewhere() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published.pop("proxy") == ["${SPINAL_CDS_HTTPS_PORT:-443}:8443"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert COMPOSE["networks"]["inner"] == {"internal": True}
    assert [n for n, s in SERVICES.items() if "outbound" in s["networks"]] == ["upgrade", "cds-a", "cds-b"]


def test_secrets_come_from_files_that_git_ignores() -> None:
    assert {entry["file"].split("/")[1] for entry in COMPOSE["secrets"].values()} == {"secrets"}
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"deploy/secrets/", "deploy/.env", "deploy/site/", "deploy/tls/"} <= set(ignored)
    for service in SERVICES.values():
        for name, value in (service.get("environment") or {}).items():
            if re.search(r"(?i)password|secret|token|key", name):
                assert re.search(r"_{1,2}FILE$", name), name
            assert not re.search(r"://[^/\s]*:[^/\s]*@", str(value)), name


def test_every_setting_exists() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in known}

    for name in ("cds-a", "cds-b", "upgrade", "load-demo"):
        assert SERVICES[name]["environment"].keys() <= known


def test_every_file_that_is_mounted_exists_or_is_the_site_s() -> None:
    site = {"./site", "./tls"}
    mounts = {str(v).split(":")[0] for s in SERVICES.values() for v in s.get("volumes", ())}

    local = {mount for mount in mounts if mount.startswith(".")} - site
    assert local
    assert [mount for mount in local if not (DEPLOY / mount).exists()] == []


def test_the_instances_of_the_service_are_the_proxy_s_and_prometheus_s() -> None:
    instances = {"cds-a", "cds-b"}
    upstream = (DEPLOY / "nginx" / "upstream.conf").read_text(encoding="utf-8")
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))

    assert set(re.findall(r"(?m)^server ([\w-]+):8000", upstream)) == instances
    [job] = scraped["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"{name}:9464" for name in sorted(instances)]}]


def test_the_service_starts_after_the_upgrade_and_the_proxy_after_the_service() -> None:
    after = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}

    assert after["cds-a"] == after["cds-b"] == {"upgrade": {"condition": "service_completed_successfully"}}
    assert after["upgrade"] == {"postgres": {"condition": "service_healthy"}}
    assert after["proxy"].keys() == {"cds-a", "cds-b"}
    assert after["load-demo"] == {"hapi": {"condition": "service_healthy"}}


def test_a_stop_leaves_time_for_calls_in_flight() -> None:
    configured = (DEPLOY / "gunicorn.conf.py").read_text(encoding="utf-8")
    [seconds] = re.findall(r"(?m)^graceful_timeout = (\d+)$", configured)

    assert int(SERVICES["cds-a"]["stop_grace_period"].removesuffix("s")) > int(seconds)
    assert int(seconds) < 10


def test_prometheus_is_given_the_alerts_of_the_chart() -> None:
    mounted = [m for m in SERVICES["prometheus"]["volumes"] if "alerts" in m]

    assert mounted == ["./chart/files/alerts.yaml:/etc/prometheus/alerts.yaml:ro"]
    rules = yaml.safe_load(Path(DEPLOY / "chart/files/alerts.yaml").read_text(encoding="utf-8"))
    for rule in rules["groups"][0]["rules"]:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"].keys() == {"summary", "runbook"}
