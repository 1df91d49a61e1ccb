"""A real gunicorn with the configuration that ships, on a free port of 127.0.0.1."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

COMMAND = ["gunicorn", "--config=python:ra_cds_hooks.operation.server"]


@dataclass
class Server:
    """A running server; ``process`` is gunicorn's master."""

    process: subprocess.Popen[bytes]
    port: int
    output: Path

    def get(self, path: str) -> tuple[int, bytes]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            return answer.status, answer.read()

    def post(self, path: str, body: object) -> tuple[int, bytes]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


StartServer = Callable[..., Server]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start a server; settings are given as environment variables."""
    started: list[Server] = []

    def start(**environment: str) -> Server:
        port = free_port()
        output = tmp_path / f"output-{port}"
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("RA_CDS_", "PROMETHEUS_"))
        }
        settings = {
            "RA_CDS_PORT": str(port),
            "RA_CDS_DATABASE_URL": f"sqlite:///{tmp_path / 'store.sqlite'}",
            "RA_CDS_AS_OF": "2026-11-23",
            "TMPDIR": str(tmp_path),
        }
        with output.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", *COMMAND],
                env=kept | settings | environment,
                cwd=Path(__file__).parents[2],
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        server = Server(process, port, output)
        started.append(server)
        _wait(server)
        return server

    yield start
    for server in started:
        server.process.terminate()
        try:
            server.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(server.process.pid, signal.SIGKILL)
            server.process.wait(timeout=20)
            raise


def _wait(server: Server) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if server.get("/readyz")[0] == 200:
                return
        except OSError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(server.output.read_text()) from None
            time.sleep(0.2)
