"""The gunicorn worker that serves: threads, and slow clients that hold none of them.

gunicorn's own threaded worker reads a request in the thread that answers it and without a time
limit, so a few clients that send a byte now and then keep everybody out. Here the loop that accepts
connections also takes in what arrives; a thread turns to a request when it is there, headers and
body. It has to arrive within `BoundedWorker.request_seconds`, and an answer has to be taken as
quickly.

Source: gunicorn 27 (workers.gthread); CWE-400, "slow HTTP" attacks.
"""

from __future__ import annotations

import errno
import socket
import time
from contextlib import suppress
from selectors import EVENT_READ
from typing import Any, cast

from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn, ThreadWorker

from ra_cds_hooks.operation.arriving import Arriving

_PIECE = 256 * 1024
# What one worker holds of requests that are still arriving; beyond it the largest is given up.
_MAX_HELD = 128 * 1024 * 1024
# How long a worker that is to stop waits for the first byte of a connection, as gunicorn does.
_LINGER = 2.0
# How long a full worker leaves new connections to the others.
_MOMENT = 0.01
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BoundedSocket(socket.socket):
    """A connection whose reads share one deadline; a read past it fails as a broken connection.

    ``arriving`` is what was taken in ahead of the reader, who gets that first.
    """

    arriving: Arriving

    def start(self, seconds: float) -> None:
        """From now on ``seconds`` for everything that is read and, anew, for what is written."""
        self._seconds = seconds
        self._began = time.monotonic()

    @property
    def age(self) -> float:
        """Seconds since `start`."""
        return time.monotonic() - self._began

    @property
    def is_late(self) -> bool:
        """Whether the time is used up."""
        return self.age >= self._seconds

    def take_in(self) -> bool:
        """Take in what is there without waiting; False when the client will send no more."""
        self.settimeout(0)
        try:
            part = super().recv(_PIECE)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.arriving.data += part
        return bool(part)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """As of a socket. Raises ConnectionResetError once the time is used up."""
        if flags:
            return super().recv(size, flags)
        there = self.arriving.data
        if there:
            part = bytes(there[:size])
            del there[:size]
            return part
        before = self.gettimeout()
        left = self._seconds - self.age
        if left <= 0:
            raise _too_slow()
        self.settimeout(left if before is None else min(left, before))
        try:
            return super().recv(size)
        except TimeoutError:
            raise _too_slow() from None
        finally:
            self.settimeout(before)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """As of a socket. Raises ConnectionResetError when the client does not take it in time."""
        before = self.gettimeout()
        self.settimeout(self._seconds)
        try:
            super().sendall(data, flags)
        except TimeoutError:
            raise _too_slow() from None
        finally:
            self.settimeout(before)


def _socket(conn: TConn) -> BoundedSocket:
    return cast(BoundedSocket, conn.sock)


def _too_slow() -> ConnectionResetError:
    # What gunicorn takes for a client that went away: closed, nothing to report.
    return ConnectionResetError(errno.ECONNRESET, "the client was too slow")


class BoundedWorker(ThreadWorker):
    """Threads, each request bounded in time. TLS ends at the proxy: ``is_ssl`` is not served."""

    request_seconds = 20.0
    max_body_bytes = 16 * 1024 * 1024
    _accepting: bool  # gunicorn's

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The first is the one whose time will be used up first.
        self._arriving: dict[TConn, None] = {}
        self._held = 0
        self._accepts_again = 0.0

    @property
    def _is_full(self) -> bool:
        """Whether there is a connection at work, or about to be, for each thread."""
        at_work = self.nr_conns - len(self.keepalived_conns)
        return at_work >= int(self.cfg.threads)

    def accept(self, listener: socket.socket) -> None:
        """As of gunicorn, but a full worker leaves the next connection to the others for a moment.

        A client stays with the worker that took its connection. For longer than a moment is no use:
        clients that stay would keep new ones out.
        """
        super().accept(listener)
        if self._is_full and self._accepting:
            self._accepts_again = time.monotonic() + _MOMENT
            super().set_accept_enabled(False)

    def set_accept_enabled(self, enabled: bool | None) -> None:
        """As of gunicorn, whose loop asks at every turn while none is accepted.

        A worker that is to stop takes those who wait: for them the connection is there.
        """
        free = not self._is_full or time.monotonic() >= self._accepts_again
        super().set_accept_enabled(bool(enabled) and free)
        if not self.alive:
            for listener in self.sockets:
                self._accept_all(listener)

    def _accept_all(self, listener: socket.socket) -> None:
        before = -1
        while before < self.nr_conns < self.worker_connections:
            before = self.nr_conns
            super().accept(listener)

    def wait_for_and_dispatch_events(self, timeout: float | None) -> None:
        """As of gunicorn; while none is accepted it is soon time to ask again."""
        if not self._accepting:
            timeout = _MOMENT if timeout is None else min(timeout, _MOMENT)
        super().wait_for_and_dispatch_events(timeout)

    def enqueue_req(self, conn: TConn) -> None:
        """Take in the next request of a connection; the threads get it when it is there."""
        if not isinstance(conn.sock, BoundedSocket):
            conn.sock = BoundedSocket(fileno=conn.sock.detach())
        _socket(conn).start(self.request_seconds)
        _socket(conn).arriving = Arriving(self.max_body_bytes)
        unreader = getattr(conn.parser, "unreader", None)
        if unreader is not None:
            # What came behind the request before.
            _socket(conn).arriving.data += unreader.take_buffered()
        self._arriving[conn] = None
        self._held += len(_socket(conn).arriving.data)
        self._on_arrival(conn)
        if conn in self._arriving:
            self.poller.register(conn.sock, EVENT_READ, lambda _sock: self._on_arrival(conn))

    def _on_arrival(self, conn: TConn) -> None:
        sock = _socket(conn)
        before = len(sock.arriving.data)
        more = sock.take_in()
        self._held += len(sock.arriving.data) - before
        if sock.arriving.is_whole():
            self._hand_over(conn)
        elif not more:
            self._give_up(conn)
        elif sock.arriving.expects_word:
            sock.arriving.expects_word = False
            with suppress(OSError):
                sock.send(_CONTINUE)
        if self._held > _MAX_HELD:
            self._give_up(max(self._arriving, key=lambda other: len(_socket(other).arriving.data)))

    def _hand_over(self, conn: TConn) -> None:
        self._forget(conn)
        conn.data_ready = True
        super().enqueue_req(conn)

    def _give_up(self, conn: TConn) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _forget(self, conn: TConn) -> None:
        del self._arriving[conn]
        self._held -= len(_socket(conn).arriving.data)
        if conn.sock in self.poller.get_map():  # most requests are there at once
            self.poller.unregister(conn.sock)

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """As of gunicorn; what arrived behind the request is the connection's next one."""
        unreader = getattr(conn.parser, "unreader", None)
        if unreader is not None and _socket(conn).arriving.data:
            behind = conn.sock.recv(len(_socket(conn).arriving.data))
            unreader.unread(unreader.take_buffered() + behind)
        super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """End what is late, with an answer where the headers are there. Called once a second."""
        super().murder_pending()
        while self._arriving and (first := next(iter(self._arriving))) and _socket(first).is_late:
            if _socket(first).arriving.has_head:
                self._hand_over(first)  # reads no further: a 408
            else:
                self._give_up(first)
        if not self.alive:
            for conn in list(self._arriving):
                if not _socket(conn).arriving.data and _socket(conn).age > _LINGER:
                    self._give_up(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """As of gunicorn; neither its log nor its answer repeats what was sent."""
        kind = type(exc)
        if isinstance(exc, ParseException):
            exc.__class__ = type(kind.__name__, (kind,), {"__str__": lambda _self: kind.__name__})
        super().handle_error(req, client, addr, exc)

    def handle(self, conn: TConn) -> Any:
        """Serve one request of the connection."""
        if not _socket(conn).is_late:
            _socket(conn).start(self.request_seconds)
        return super().handle(conn)
