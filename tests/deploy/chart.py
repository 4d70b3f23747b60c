"""The Helm chart, rendered by Helm."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scenarios.scenario import ROOT

CHART = ROOT / "deploy" / "chart"
KUBERNETES = "1.31"
VALUES: dict[str, Any] = {
    "publicUrl": "https://cds.example.org",
    "existingSecret": "spinal-cds",
    "replayUrlInSecret": True,
    "site": {
        "clients.toml": (ROOT / "deploy" / "clients.example.toml").read_text(encoding="utf-8"),
        "policy.toml": 'extends = "default"\n',
    },
    "settings": {"SPINAL_CDS_POLICY": "/etc/spinal-cds/policy.toml"},
    "imagePullSecrets": [{"name": "pull"}],
    "autoscaling": {"callsInFlight": 10},
    "ingress": {"enabled": True},
    "networkPolicy": {"database": {"cidrs": ["10.1.0.0/24"]}, "ehr": {"cidrs": ["10.2.0.0/16"]}},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True},
    "podAnnotations": {"example.org/team": "cds"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
}
Manifest = dict[str, Any]


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("helm")
    if program is None:
        pytest.skip("helm is not installed (.ci/run builds it with Go)")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def rendered(folder: Path, values: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """The release is called `one`."""
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return helm("template", "one", str(CHART), "--kube-version", f"{KUBERNETES}.0", "--values", str(path))


def manifests_of(folder: Path, values: dict[str, Any]) -> list[Manifest]:
    done = rendered(folder, values)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]
