"""Which worker takes a new connection, when several listen at one address."""

from __future__ import annotations

import selectors
import socket
from types import SimpleNamespace

import pytest

from ra_cds_hooks.operation.worker import BoundedWorker


@pytest.fixture
def worker():
    """A worker with one listener and four threads, as far as accepting needs it."""
    made = BoundedWorker.__new__(BoundedWorker)
    with socket.create_server(("127.0.0.1", 0)) as listener, selectors.DefaultSelector() as poller:
        made.sockets, made.poller, made._accepting = [listener], poller, False
        made.cfg = SimpleNamespace(threads=4)
        made._in_threads = 0
        yield made


@pytest.mark.parametrize(("in_threads", "accepts"), [(0, True), (3, True), (4, False), (5, False)])
def test_new_connections_go_to_a_worker_with_a_thread_to_spare(worker, in_threads, accepts):
    worker._in_threads = in_threads
    worker.set_accept_enabled(True)
    assert bool(worker.poller.get_map()) is accepts


def test_it_takes_connections_again_when_a_thread_is_free(worker):
    worker.set_accept_enabled(True)
    worker._in_threads = 4
    worker.set_accept_enabled(True)  # what gunicorn's loop asks for at every turn
    assert not worker.poller.get_map()
    worker._in_threads = 3
    worker.set_accept_enabled(True)
    assert worker.poller.get_map()


def test_a_worker_that_stops_takes_none(worker):
    worker.set_accept_enabled(True)
    worker.set_accept_enabled(False)
    assert not worker.poller.get_map()
