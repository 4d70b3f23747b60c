"""The Helm chart, rendered by Helm: valid for Kubernetes, locked down, and refused when half configured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from plugin.settings import PREFIX, Settings
from tests.deploy.chart import CHART, KUBERNETES, VALUES, Manifest, helm, manifests_of, rendered

CUSTOM = {"ServiceMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator, for which no schema is at hand."""


def containers(manifests: dict[str, Manifest]) -> Iterator[tuple[Manifest, Manifest]]:
    """Each pod's specification with each of its containers."""
    job = manifests["CronJob"]["spec"]["jobTemplate"]["spec"]
    for pod in (
        manifests["Deployment"]["spec"]["template"]["spec"],
        job["template"]["spec"],
        manifests["Pod"]["spec"],
    ):
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            yield pod, container


def test_helm_finds_nothing_wrong_with_the_chart(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(VALUES), encoding="utf-8")
    done = helm("lint", "--strict", "--values", str(tmp_path / "values.yaml"), str(CHART))

    assert done.returncode == 0, done.stdout


def test_every_manifest_is_what_kubernetes_takes(manifests: dict[str, Manifest]) -> None:
    expected = {"Deployment", "Service", "Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget"}
    expected |= {"NetworkPolicy", "ConfigMap", "Pod", "CronJob", *CUSTOM}

    assert set(manifests) == expected
    for kind in expected - CUSTOM:
        kubernetes_validate.validate(manifests[kind], KUBERNETES, strict=True)


def test_pods_meet_the_restricted_standard(manifests: dict[str, Manifest]) -> None:
    for pod, container in containers(manifests):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 65532
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        locked = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
        assert container["securityContext"] == {**locked, "capabilities": {"drop": ["ALL"]}}
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert container["resources"]["limits"].keys() == {"memory"}


def test_probes_ask_what_they_should(manifests: dict[str, Manifest]) -> None:
    [container] = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]

    paths = {
        name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")
    }
    assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}


def test_a_pod_has_time_to_answer_what_is_in_flight(manifests: dict[str, Manifest]) -> None:
    spec = manifests["Deployment"]["spec"]
    pod = spec["template"]["spec"]

    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    pause = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1]
    assert pause.endswith("sleep(5)")
    assert pod["terminationGracePeriodSeconds"] > 5 + 8


def test_every_setting_that_is_given_exists_and_no_secret_stands_in_a_manifest(
    manifests: dict[str, Manifest],
) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    [container] = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]

    names = {entry["name"] for entry in container["env"]} - {"WEB_CONCURRENCY"}
    assert {name.removesuffix("_FILE") if name not in known else name for name in names} <= known
    assert {"SPINAL_CDS_DATABASE_FILE", "SPINAL_CDS_REPLAY_URL_FILE"} <= names
    assert "Secret" not in manifests
    assert "postgresql+psycopg://" not in json.dumps(manifests)


def test_the_site_s_files_are_mounted_and_a_change_of_them_replaces_the_pods(
    manifests: dict[str, Manifest], tmp_path: Path
) -> None:
    assert manifests["ConfigMap"]["data"] == VALUES["site"]

    changed = {**VALUES, "site": {**VALUES["site"], "policy.toml": 'extends = "nice-ng59"\n'}}
    other = {manifest["kind"]: manifest for manifest in manifests_of(tmp_path, changed)}
    sums = [
        m["Deployment"]["spec"]["template"]["metadata"]["annotations"]["checksum/site"]
        for m in (manifests, other)
    ]
    assert sums[0] != sums[1]


def test_the_control_file_is_followed_without_replacing_the_pods(
    manifests: dict[str, Manifest], tmp_path: Path
) -> None:
    def with_control(text: str) -> dict[tuple[str, str], Manifest]:
        values = {**VALUES, "site": {**VALUES["site"], "control.toml": text}}
        return {(m["kind"], m["metadata"]["name"]): m for m in manifests_of(tmp_path, values)}

    control = ("ConfigMap", "one-control")
    live, off = with_control('default = "live"\n'), with_control('off = "drill"\n')

    assert [name for name in live if live[name] != off[name]] == [control]
    assert off[control]["data"] == {"control.toml": 'off = "drill"\n'}
    assert off["ConfigMap", "one-site"] == manifests["ConfigMap"]
    pod = off["Deployment", "one"]["spec"]["template"]["spec"]
    # Not by subPath: such a file would stay as it was when the pod started.
    for container in (*pod["initContainers"], *pod["containers"]):
        assert {"name": "SPINAL_CDS_CONTROL_FILE", "value": "/etc/spinal-cds/control.toml"} in container[
            "env"
        ]
        assert {"name": "site", "mountPath": "/etc/spinal-cds", "readOnly": True} in container["volumeMounts"]
    [site] = [volume for volume in pod["volumes"] if volume["name"] == "site"]
    assert {"configMap": {"name": "one-control"}} in site["projected"]["sources"]
    for manifest in (off[control], off["Deployment", "one"]):
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_nothing_is_let_out_but_to_names_the_database_and_the_ehrs(manifests: dict[str, Manifest]) -> None:
    egress = manifests["NetworkPolicy"]["spec"]["egress"]

    assert manifests["NetworkPolicy"]["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert all(rule["to"] and rule["ports"] for rule in egress)
    blocks = [(peer["ipBlock"]["cidr"], rule["ports"]) for rule in egress[1:] for peer in rule["to"]]
    assert blocks == [
        ("10.1.0.0/24", [{"protocol": "TCP", "port": 5432}]),
        ("10.2.0.0/16", [{"protocol": "TCP", "port": 443}]),
    ]
    assert {port["port"] for port in egress[0]["ports"]} == {53}


def test_everything_finds_the_pods_by_the_labels_they_have(manifests: dict[str, Manifest]) -> None:
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"].items()

    for selector in (
        manifests["Service"]["spec"]["selector"],
        manifests["Deployment"]["spec"]["selector"]["matchLabels"],
        manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels
    monitored = manifests["ServiceMonitor"]["spec"]["selector"]["matchLabels"]
    assert monitored.items() <= manifests["Service"]["metadata"]["labels"].items()


def test_it_scales_on_cpu_and_on_calls_in_flight(manifests: dict[str, Manifest]) -> None:
    metrics = manifests["HorizontalPodAutoscaler"]["spec"]["metrics"]

    assert [metric["type"] for metric in metrics] == ["Resource", "Pods"]
    assert metrics[1]["pods"]["metric"]["name"] == "spinal_cds_requests_in_flight"
    assert "replicas" not in manifests["Deployment"]["spec"]


def test_the_test_pod_s_script_is_python(manifests: dict[str, Manifest]) -> None:
    [container] = manifests["Pod"]["spec"]["containers"]

    compile(container["command"][-1], "answers", "exec")


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ({"publicUrl": ""}, "publicUrl"),
        ({"existingSecret": ""}, "existingSecret"),
        ({"site": {}}, "clients.toml"),
        ({"networkPolicy": {"database": {"cidrs": ["10.1.0.0/24"]}}}, "networkPolicy.ehr.cidrs"),
        ({"networkPolicy": {"ehr": {"cidrs": ["10.1.0.0/24"]}}}, "networkPolicy.database.cidrs"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, missing: dict[str, Any], named: str) -> None:
    done = rendered(tmp_path, {**VALUES, **missing})

    assert done.returncode != 0
    assert named in done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "SPINAL_CDS_PROFILE",
        "SPINAL_CDS_PROFILE_FILE",
        "spinal_cds_profile",
        "SPINAL_CDS_DATABASE",
        "WEB_CONCURRENCY",
    ],
)
def test_a_setting_that_the_chart_makes_itself_cannot_be_given_again(tmp_path: Path, name: str) -> None:
    done = rendered(tmp_path, {**VALUES, "settings": {name: "development"}})

    assert done.returncode != 0
    assert f"settings: {name}: the chart sets " in done.stderr
