"""gunicorn behind a buffering proxy: `gunicorn --config gunicorn.conf.py`, with SPINAL_CDS_… variables.

Settings and content are read once, in this, the master process, and the workers are forked from it: they
share its memory, and the database was looked at before any of them serves.
"""

import atexit
import gc
import os
import shutil
import sys
import tempfile

# Where workers count for Prometheus together; prometheus_client looks at it when it is imported. It goes
# however the master ends, even when it cannot start.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    counts = tempfile.mkdtemp(prefix=f"spinal-cds-{os.getpid()}-", dir="/dev/shm")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts
    atexit.register(shutil.rmtree, counts, ignore_errors=True)

from plugin.cli.serve import banner
from plugin.metrics import forget_process
from plugin.wsgi import serve_metrics_of_all_workers, settings

wsgi_app = "plugin.wsgi:application()"

# Whoever reaches an open service is let in, so it is reached from its own machine or container only.
bind = "0.0.0.0:8000" if settings.profile == "production" else "127.0.0.1:8000"

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = settings.threads

# A proxy opens a connection per request; what it sends was complete before.
keepalive = 2
timeout = 30
# Docker and podman kill ten seconds after they asked to stop.
graceful_timeout = 8

# The root file system may be read-only.
worker_tmp_dir = "/dev/shm"  # noqa: S108
control_socket_disable = True
loglevel = "warning"


def when_ready(server):
    """What lives by now is shared with the workers; collecting garbage would copy it."""
    serve_metrics_of_all_workers()
    gc.collect()
    gc.freeze()
    print(f"{banner(settings)}\nListening on {', '.join(map(str, server.LISTENERS))}", file=sys.stderr)


def post_fork(server, worker):
    """A worker that ends leaves to the master what all of them share."""
    atexit.unregister(shutil.rmtree)


def child_exit(server, worker):
    forget_process(worker.pid)
