"""`kill -9` in the middle of a burst: every feedback that was answered with 200 is there."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from ra_cds_hooks.store import FeedbackStore

SENDERS = 8
ENOUGH = 40


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def send(url, card):
    """Whether the service acknowledged the answer to this card."""
    item = {"card": card, "outcome": "accepted", "outcomeTimestamp": "2026-11-23T12:00:00Z"}
    item["acceptedSuggestions"] = [{"id": "s"}]
    data = json.dumps({"feedback": [item]}).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status == 200


def test_nothing_acknowledged_is_lost(database, tmp_path):
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RA_CDS_")}
    with (tmp_path / "output").open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "ra_cds_hooks", "serve", "--port", str(port)],
            env=environment | {"RA_CDS_DATABASE_URL": database},
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        try:
            wait_until_ready(f"{origin}/readyz", server)
            acknowledged, stopped = burst(
                f"{origin}/cds-services/ra-refractory-review/feedback", server
            )
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGKILL)
            server.wait(timeout=20)
    store = FeedbackStore(database)
    stored = [row.card for row in store.all()]
    store.close()
    assert stopped == SENDERS, "every sender was cut off in the middle"
    assert len(acknowledged) >= ENOUGH
    assert set(acknowledged) - set(stored) == set()
    assert len(stored) == len(set(stored))
    assert len(stored) <= len(acknowledged) + SENDERS


def burst(url, server):
    """Cards that were acknowledged until the service was killed, and how many senders noticed."""
    acknowledged, stopped = [], []

    def run(name):
        number = 0
        while True:
            try:
                if send(url, f"{name}-{number}"):
                    acknowledged.append(f"{name}-{number}")
            except (OSError, urllib.error.URLError):
                stopped.append(name)
                return
            number += 1

    threads = [threading.Thread(target=run, args=(f"sender-{n}",)) for n in range(SENDERS)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while len(acknowledged) < ENOUGH and time.monotonic() < deadline:
        time.sleep(0.005)
    os.killpg(server.pid, signal.SIGKILL)
    for thread in threads:
        thread.join(timeout=30)
    return acknowledged, len(stopped)


def wait_until_ready(url, server):
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                assert answer.status == 200
                return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
