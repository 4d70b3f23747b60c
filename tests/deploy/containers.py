"""Builds the image and runs it with podman, without a registry and without a container engine's daemon.

No image can be pulled where the tests run. So the base is made here, of Debian's packages and with its
Python, and kept with all layers below `.run/`, which makes every build but the first one quick.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests.scenarios.scenario import ROOT

PROGRAMS = ("buildah", "podman", "runc", "debootstrap")
IMAGE = "localhost/spinal-cds:test"
BASE = "localhost/python:debian-12"
_MINIMAL = "localhost/debian:12"
_FOLDER = ROOT / ".run" / "containers"
_SOON = 60
_BUILT_WITHIN_SECONDS = 900
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
_STORAGE_CONF = """
[storage]
driver = "overlay"
runroot = "{folder}/run"
graphroot = "{folder}/graph"
"""
_BASE_FILE = f"""
FROM {_MINIMAL}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
"""


class UnusableError(Exception):
    """Why no container can be run here."""


class CommandFailedError(Exception):
    """A command, and the end of what it said."""


@dataclass(frozen=True, slots=True)
class Container:
    name: str

    def command(self, *command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs it inside; its status is not looked at."""
        return _run("podman", "exec", *(["-i"] if stdin else []), self.name, *command, stdin=stdin)

    def logs(self) -> list[str]:
        done = _run("podman", "logs", self.name)
        return (done.stdout + done.stderr).splitlines()

    def stop(self) -> int:
        """The exit status; 137 when it had to be killed after ten seconds."""
        _must("podman", "stop", "-t", "10", self.name)
        return int(_must("podman", "inspect", "--format", "{{.State.ExitCode}}", self.name))

    def is_healthy(self) -> bool:
        return _run("podman", "healthcheck", "run", self.name).returncode == 0

    def wait_until_healthy(self) -> None:
        until = time.monotonic() + _SOON
        while not self.is_healthy():
            assert time.monotonic() < until, "\n".join(self.logs())
            time.sleep(0.2)


def built_image() -> str:
    """The name of the image. Raises UnusableError, or CommandFailedError when it cannot be built."""
    if os.geteuid() != 0:
        raise UnusableError("containers: the base image can be made by root only")
    for program in PROGRAMS:
        if shutil.which(program) is None:
            raise UnusableError(f"{program} is not installed (Debian: {' '.join(PROGRAMS)})")
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with (_FOLDER / "lock").open("w") as lock:
        # Tests run in several processes; one builds, the others find everything made.
        fcntl.flock(lock, fcntl.LOCK_EX)
        (_FOLDER / "containers.conf").write_text(_CONTAINERS_CONF, encoding="utf-8")
        (_FOLDER / "storage.conf").write_text(_STORAGE_CONF.format(folder=_FOLDER), encoding="utf-8")
        if _run("podman", "image", "exists", BASE).returncode != 0:
            try:
                _make_base()
            except CommandFailedError as error:
                raise UnusableError(f"no base image can be made here: {error}") from error
        options = ["--layers", "--build-arg", f"BASE={BASE}", *_trust()]
        _build(IMAGE, ROOT / "deploy" / "Dockerfile", *options)
    return IMAGE


def size_mb(image: str) -> float:
    """In MB of 10**6 bytes, all layers."""
    return int(_must("podman", "image", "inspect", "--format", "{{.Size}}", image)) / 1e6


def configuration(image: str) -> dict[str, object]:
    """What the image says about itself."""
    described = json.loads(_must("podman", "image", "inspect", image))[0]
    settings: dict[str, object] = described["Config"] | {"Healthcheck": described["Healthcheck"]}
    return settings


def gateway() -> str:
    """The address of this machine as containers see it."""
    network = json.loads(_must("podman", "network", "inspect", "podman"))[0]
    address: str = network["subnets"][0]["gateway"]
    return address


@contextmanager
def container(image: str, *options: str, settings: dict[str, str] | None = None) -> Iterator[Container]:
    """Runs the image's own command, locked down as a cluster would; removed on leaving."""
    name = f"spinal-cds-{uuid4().hex[:12]}"
    locked = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"]  # noqa: S108
    locked += ["--security-opt", "no-new-privileges", "--memory", "512m", "--pids-limit", "100"]
    given = [f"--env=SPINAL_CDS_{key.upper()}={value}" for key, value in (settings or {}).items()]
    _must("podman", "run", "--detach", "--name", name, *locked, *given, *options, image)
    try:
        yield Container(name)
    finally:
        _run("podman", "rm", "--force", "--volumes", "--time", "0", name)


def _make_base() -> None:
    root = _FOLDER / "rootfs"
    shutil.rmtree(root, ignore_errors=True)
    _must("debootstrap", "--variant=minbase", "bookworm", str(root))
    archive = _FOLDER / "rootfs.tar"
    _must("tar", "-C", str(root), "-cf", str(archive), ".")
    _must("podman", "import", str(archive), _MINIMAL)
    shutil.rmtree(root)
    archive.unlink()
    recipe = _FOLDER / "Base"
    recipe.write_text(_BASE_FILE, encoding="utf-8")
    _build(f"{BASE}-untried", recipe)
    _must("podman", "run", "--rm", "--network", "none", f"{BASE}-untried", "true")
    _must("podman", "tag", f"{BASE}-untried", BASE)


def _trust() -> list[str]:
    """This machine's certificates: a site's package index may be signed by its own authority."""
    if not _CERTIFICATES.is_file():
        return []
    pip = _FOLDER / "pip.conf"
    pip.write_text(f"[global]\ncert = {_CERTIFICATES}\n", encoding="utf-8")
    return [f"--volume={pip}:/etc/pip.conf:ro", f"--volume={_CERTIFICATES}:{_CERTIFICATES}:ro"]


def _build(tag: str, recipe: Path, *options: str) -> None:
    common = ["--pull-never", "--format", "docker", "--network", "host", "--tag", tag]
    _must("buildah", "bud", *common, *options, "--file", str(recipe), str(ROOT))


def _must(*command: str) -> str:
    done = _run(*command)
    if done.returncode != 0:
        raise CommandFailedError(f"{' '.join(command[:2])}: {done.stderr.strip()[-2000:]}")
    return done.stdout.strip()


def _run(*command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    files: Sequence[tuple[str, Path]] = (
        ("CONTAINERS_CONF", _FOLDER / "containers.conf"),
        ("CONTAINERS_STORAGE_CONF", _FOLDER / "storage.conf"),
    )
    return subprocess.run(
        command,
        input=stdin,
        env=os.environ | {name: str(path) for name, path in files},
        capture_output=True,
        text=True,
        timeout=_BUILT_WITHIN_SECONDS,
        check=False,
    )
