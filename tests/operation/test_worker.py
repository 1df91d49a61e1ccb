"""Which worker takes a new connection, when several listen at one address."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from types import SimpleNamespace

import pytest

from ra_cds_hooks.operation import worker as module
from ra_cds_hooks.operation.worker import BoundedWorker

THREADS = 4


@pytest.fixture
def worker():
    """A worker with one listener and four threads, as far as accepting needs it."""
    made = BoundedWorker.__new__(BoundedWorker)
    made.clients = []
    with socket.create_server(("127.0.0.1", 0)) as listener, selectors.DefaultSelector() as poller:
        made.sockets, made.poller, made._accepting, made.alive = [listener], poller, False, True
        made.cfg = SimpleNamespace(threads=THREADS)
        made.worker_connections, made.nr_conns, made._accepts_again = 1000, 0, 0.0
        made.keepalived_conns, made.taken = deque(), []
        made.enqueue_req = made.taken.append
        turn(made)
        yield made
    for connection in [*made.clients, *(conn.sock for conn in made.taken)]:
        connection.close()


def connect(worker, number):
    """So many clients whose connections wait to be accepted."""
    address = worker.sockets[0].getsockname()
    worker.clients += [socket.create_connection(address) for _ in range(number)]


def turn(worker):
    """One turn of gunicorn's loop: it asks only when it accepts and should not, or the reverse."""
    can_accept = worker.nr_conns < worker.worker_connections
    if can_accept != worker._accepting:
        worker.set_accept_enabled(can_accept)
    worker.wait_for_and_dispatch_events(0)


def test_a_full_worker_leaves_the_next_connection_to_the_others(worker, monkeypatch):
    monkeypatch.setattr(module, "_MOMENT", 60)
    connect(worker, THREADS + 2)
    for _ in range(THREADS + 2):
        turn(worker)
    assert len(worker.taken) == THREADS


def test_it_takes_it_after_a_moment_however_full_it_is(worker, monkeypatch):
    """Clients that stay must not keep new ones out: a probe is a new one."""
    monkeypatch.setattr(module, "_MOMENT", 0.001)
    connect(worker, THREADS + 2)
    until = time.monotonic() + 20
    while len(worker.taken) < THREADS + 2:
        assert time.monotonic() < until
        turn(worker)


def test_it_takes_connections_at_once_when_a_thread_is_free(worker, monkeypatch):
    monkeypatch.setattr(module, "_MOMENT", 60)
    connect(worker, THREADS + 1)
    for _ in range(THREADS + 1):
        turn(worker)
    worker.nr_conns -= 1
    turn(worker)
    assert len(worker.taken) == THREADS + 1


def test_a_connection_that_is_only_kept_fills_no_worker(worker, monkeypatch):
    monkeypatch.setattr(module, "_MOMENT", 60)
    worker.nr_conns = 10
    worker.keepalived_conns.extend(range(10))
    connect(worker, THREADS)
    for _ in range(THREADS):
        turn(worker)
    assert len(worker.taken) == THREADS


def test_while_it_takes_none_it_soon_looks_again(worker, monkeypatch):
    """gunicorn's loop would wait a second."""
    monkeypatch.setattr(module, "_MOMENT", 0.001)
    worker.set_accept_enabled(False)
    began = time.monotonic()
    worker.wait_for_and_dispatch_events(30.0)
    assert time.monotonic() - began < 20


def test_a_worker_that_stops_takes_those_who_wait_and_no_more(worker, monkeypatch):
    """For them the connection is there: it would be reset."""
    monkeypatch.setattr(module, "_MOMENT", 60)
    connect(worker, THREADS + 3)
    for _ in range(THREADS):
        turn(worker)
    worker.alive = False
    worker.set_accept_enabled(False)
    assert len(worker.taken) == THREADS + 3
    assert not worker.poller.get_map()
