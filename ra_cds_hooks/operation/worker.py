"""The gunicorn worker that serves: threads, and a bound on how long one client may hold one.

gunicorn's own threaded worker reads a request without a time limit, so a client that sends a byte
now and then keeps a thread for as long as it likes. Here each request, headers and body together,
has to arrive within `BoundedWorker.request_seconds` of the moment a thread turns to it, and an
answer has to be taken as quickly.

Source: gunicorn 27 (workers.gthread); CWE-400, "slow HTTP" attacks.
"""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker


class BoundedSocket(socket.socket):
    """A connection whose reads share one deadline; a read past it fails as a broken connection."""

    def start(self, seconds: float) -> None:
        """From now on ``seconds`` for everything that is read and, anew, for what is written."""
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """As of a socket. Raises ConnectionResetError once the time is used up."""
        if flags:
            return super().recv(size, flags)
        before = self.gettimeout()
        left = self._end - time.monotonic()
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


def _too_slow() -> ConnectionResetError:
    # What gunicorn takes for a client that went away: closed, nothing to report.
    return ConnectionResetError(errno.ECONNRESET, "the client was too slow")


class BoundedWorker(ThreadWorker):
    """Threads, each request bounded in time. TLS ends at the proxy: ``is_ssl`` is not served."""

    request_seconds = 20.0

    def enqueue_req(self, conn: TConn) -> None:
        """Hand a connection to the threads, its socket bounded."""
        if not isinstance(conn.sock, BoundedSocket):
            conn.sock = BoundedSocket(fileno=conn.sock.detach())
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Serve one request of the connection."""
        if isinstance(conn.sock, BoundedSocket):
            conn.sock.start(self.request_seconds)
        return super().handle(conn)
