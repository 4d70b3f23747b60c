"""`spinal-cds serve`: the service under waitress."""

from __future__ import annotations

import ctypes
import gc
import socket

import click
from flask import Flask
from waitress.server import create_server

from plugin.app import create_app
from plugin.domain.content import ContentError
from plugin.logs import configure_logging
from plugin.metrics import serve_metrics
from plugin.settings import Settings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_MAX_BUFFERED_BYTES = 64 * 1024 * 1024
"""What the server takes in before the application, whose own cap is lower, refuses the body."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of `mallopt`, from glibc's malloc.h."""
_GIVEN_BACK_FROM_BYTES = 1024 * 1024
_KEPT_FOR_THE_NEXT_BYTES = 4 * 1024 * 1024
_RECEIVED_AT_ONCE_BYTES = 256 * 1024
_KEPT_IN_MEMORY_BYTES = 4 * 1024 * 1024
"""A prefetch of a thousand resources is 2 MB; waitress would take it in 240 pieces and through a file."""


def serve_until_stopped(settings: Settings, host: str, port: int) -> None:
    """Returns on Ctrl-C. Raises ContentError when it cannot start."""
    require_free(settings, host, port)
    configure_logging(settings.log_level)
    app = create_app(settings)
    server = bound_server(app, host, port, settings.threads)
    if settings.metrics_port is not None:
        serve_metrics(settings.metrics_host, settings.metrics_port, app.extensions["metrics"])
    click.echo(f"{banner(settings)}\nListening on {settings.public_url}/cds-services", err=True)
    server.run()


def banner(settings: Settings) -> str:
    if settings.profile == "production":
        return f"Production profile: registered clients only. Policy {settings.policy}."
    callers = "every caller on this machine" if settings.clients_file is None else "registered clients"
    return f"DEVELOPMENT PROFILE: open to {callers}, not for patient care. Policy {settings.policy}."


def require_free(settings: Settings, host: str, port: int) -> None:
    """Raises ContentError for an address that the profile forbids, or a port somebody listens on."""
    if settings.profile == "development" and host not in LOOPBACK:
        raise ContentError(
            f"--host {host}: the development profile listens on {', '.join(sorted(LOOPBACK))} only"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ContentError(
                f"port {port} on {host} is in use; stop what listens there or choose another with --port"
            ) from error


def keep_memory_low() -> None:
    """Call it before threads start: what one large call took is then given back, or used by the next one.

    By itself glibc keeps a heap for each thread, and large blocks in it. Other C libraries are left alone.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
        mallopt(_MMAP_THRESHOLD, _GIVEN_BACK_FROM_BYTES)
        mallopt(_TRIM_THRESHOLD, _KEPT_FOR_THE_NEXT_BYTES)


def bound_server(app: Flask, host: str, port: int, threads: int):  # type: ignore[no-untyped-def]
    """A waitress server, not yet running. What lives by then is frozen out of garbage collection."""
    keep_memory_low()
    server = create_server(
        app,
        host=host,
        port=port,
        threads=threads,
        ident=None,
        max_request_body_size=_MAX_BUFFERED_BYTES,
        recv_bytes=_RECEIVED_AT_ONCE_BYTES,
        inbuf_overflow=_KEPT_IN_MEMORY_BYTES,
        clear_untrusted_proxy_headers=True,
    )
    gc.collect()
    gc.freeze()
    return server
