"""gunicorn's configuration: ``gunicorn --config=python:ra_cds_hooks.operation.server``.

Address and workers come from the service's own settings. The workers share their numbers, so that
/metrics tells of all of them whichever answers.

Source: gunicorn "Configuration Overview"; prometheus_client "Multiprocess Mode (e.g. Gunicorn)".
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import Any

from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.operation.logs import adopt_gunicorn, configure_logging
from ra_cds_hooks.operation.worker import BoundedWorker
from ra_cds_hooks.settings import load_settings, metrics_folder, processors, settle_hosts

_settings = load_settings()
_master = os.getpid()
_shared_memory = Path("/dev/shm")
# Before prometheus-client is imported anywhere (that is why nothing of ra_cds_hooks.web is imported
# here): it looks for the folder once.
_metrics, _made = metrics_folder()

wsgi_app = "ra_cds_hooks.web.wsgi:app"
bind = _settings.address
workers = _settings.workers or min(processors(), 4)
threads = 4
worker_class = BoundedWorker
BoundedWorker.request_seconds = _settings.request_seconds
BoundedWorker.max_body_bytes = _settings.max_body_bytes
graceful_timeout = 30
loglevel = "warning"
# Else gunicorn believes SCRIPT_NAME and X-Forwarded-Proto of whoever connects from loopback.
forwarded_allow_ips = forwarder_headers = ""
if _shared_memory.is_dir():
    # The heartbeat file: a slow disk must not look like a worker that hangs.
    worker_tmp_dir = str(_shared_memory)


def _in_full(record: logging.LogRecord) -> bool:
    """What the master says is written with its values: process ids, signals, exit codes.

    It sees no request. Of the workers' messages only the template is written.
    """
    if record.process == _master:
        record.msg, record.args = record.getMessage(), None
    return True


def on_starting(server: Any) -> None:
    """The master's log is the service's; numbers of workers of an earlier life are nobody's now."""
    configure_logging(_settings.log_level, _settings.log_format)
    logging.getLogger("gunicorn.error").addFilter(_in_full)
    for file in _metrics.glob("*.db"):
        file.unlink()


def when_ready(server: Any) -> None:
    """The sockets are there, the workers not yet: nobody is answered where settings forbid it."""
    named = [listener.getsockname() for listener in server.LISTENERS] or server.cfg.address
    try:
        settle_hosts(name[0] if isinstance(name, tuple) else str(name) for name in named)
    except ConfigurationError as error:
        raise RuntimeError(error.message) from None  # gunicorn prints it and ends


def on_exit(server: Any) -> None:
    """The folder that was made for this server goes with it."""
    if _made:
        shutil.rmtree(_metrics, ignore_errors=True)


def post_fork(server: Any, worker: Any) -> None:
    """The worker's messages go where the service's do."""
    adopt_gunicorn()


def child_exit(server: Any, worker: Any) -> None:
    """What a worker counted stays counted; what it was doing at the moment does not."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
