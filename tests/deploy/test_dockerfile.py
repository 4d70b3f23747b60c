"""The Dockerfile, as far as can be told without building it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.scenarios.scenario import ROOT

DOCKERFILE = ROOT / "deploy" / "Dockerfile"


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


def test_the_base_is_an_argument_with_a_version() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")

    assert re.search(r"(?m)^ARG BASE=\S+/python:3\.\d+-slim-\w+$", text)
    assert re.findall(r"(?m)^FROM (\S+)", text) == ["${BASE}", "${BASE}"]


def test_nothing_but_what_the_service_needs_is_sent_to_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert lines[0] == "*"
    assert not [line for line in lines if re.match(r"!(\.git|tests|fixtures|\.venv|\*)", line)]
