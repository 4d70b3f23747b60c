"""Runs a function in several processes at the same moment.

One fresh process imports what the function needs, once, and is then forked; pytest's own process has threads
and must not be.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any

from tests.scenarios.scenario import ROOT


def results(function: Callable[..., Any], *arguments: str, processes: int) -> list[Any]:
    """What `function` of a test module returns in each process; it must be JSON."""
    place = [str(processes), function.__module__, function.__name__]
    command = [sys.executable, "-m", "tests.forks", *place, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _main(processes: str, module: str, function: str, *arguments: str) -> None:
    run = getattr(importlib.import_module(module), function)
    wait, go = os.pipe()
    children = []
    for _ in range(int(processes)):
        child = os.fork()
        if child == 0:
            os.close(go)
            os.read(wait, 1)
            _answer(run, arguments)
        children.append(child)
    os.close(go)
    ended = [os.waitpid(child, 0)[1] for child in children]
    sys.exit(any(ended))


def _answer(run: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    try:
        # One write of less than a page is not torn apart by those of the others.
        os.write(1, json.dumps(run(*arguments)).encode() + b"\n")
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    _main(*sys.argv[1:])
