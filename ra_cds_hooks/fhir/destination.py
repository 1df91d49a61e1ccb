"""Where a connection really leads: checked on the connected address, before anything is sent.

A server that drips its headers is left as well: http.client bounds each read of them, not all.

A listed name may resolve to anything, today or after the next look-up (DNS rebinding). So the
check is made on the peer of the open socket and not on a name: no request, and no token, leaves
for an address that is not allowed.

Source: cds-hooks.md [Trust] (no private addresses unless listed); OWASP SSRF prevention.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import math
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

# Networks that translate reach IPv4 addresses under this prefix (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What Python calls global and is no place of its own: other addresses of IPv4 in those of IPv6
# (RFC 4291 2.5.5.1, 2765, 3056, 8215), and sites' private ones as they were once (RFC 3879).
_NOWHERE = tuple(
    ipaddress.ip_network(network)
    for network in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "2002::/16", "fec0::/10")
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
MayConnect = Callable[[str, str], bool]


class Destinations:
    """Which addresses may be connected to: public ones, loopback where allowed, listed networks.

    ``networks`` are CIDR texts. A host that is itself a literal address was listed as such, and
    is allowed by that list.
    """

    def __init__(self, *, loopback: bool = True, networks: Sequence[str] = ()) -> None:
        self._loopback = loopback
        self._networks = tuple(ipaddress.ip_network(network) for network in networks)

    def allow(self, host: str, peer: str) -> bool:
        """Whether a connection for ``host`` that ended at the address ``peer`` may be used."""
        address = plain(ipaddress.ip_address(peer.partition("%")[0]))
        if any(address in n for n in self._networks if n.version == address.version):
            return True
        if address.is_loopback:
            return self._loopback
        if _literal(host) == address:
            return True
        if any(address in n for n in _NOWHERE if n.version == address.version):
            return False
        return address.is_global and not address.is_multicast


def plain(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one, mapped (::ffff:10.0.0.1) or translated, else itself."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


def _literal(host: str) -> Address | None:
    try:
        return plain(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


class _Timed(io.RawIOBase):
    """What a socket gives, until ``end`` (monotonic seconds). Raises TimeoutError afterwards."""

    def __init__(self, raw: Any, end: float) -> None:
        self._raw = raw
        self.end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self.end:
            raise TimeoutError("the headers did not arrive in time")
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _HeadInTime(http.client.HTTPResponse):
    """A response whose status and headers have to be there within the socket's timeout."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        seconds = sock.gettimeout()
        self._timed = _Timed(
            self.fp.detach(), math.inf if seconds is None else time.monotonic() + seconds
        )
        self.fp = io.BufferedReader(self._timed)

    def begin(self) -> None:
        super().begin()
        self.body_until(math.inf)

    def body_until(self, end: float) -> None:
        """Let the body have until ``end`` (monotonic seconds)."""
        self._timed.end = end


def body_until(response: requests.Response, end: float) -> None:
    """Let the body of a checked connection have until ``end`` (monotonic seconds).

    Whoever reads it piece by piece can look at the clock in between, but where a compressed one
    arrives in drips no piece may ever come out. A read afterwards raises as a timeout does.
    """
    original = getattr(response.raw, "_original_response", None)
    if isinstance(original, _HeadInTime):
        original.body_until(end)


class CheckedAdapter(HTTPAdapter):
    """An adapter for requests whose connections are checked by ``may_connect(host, peer)``."""

    def __init__(self, may_connect: MayConnect, **options: Any) -> None:
        self._may_connect = may_connect
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """The pool manager, with pools that make checked connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._may_connect)


def _pools(may_connect: MayConnect) -> dict[str, Any]:
    def checked(connection: Any, sock: socket.socket) -> socket.socket:
        peer = sock.getpeername()[0]
        if not may_connect(connection.host, peer):
            sock.close()
            raise NewConnectionError(connection, "the address is not allowed")
        return sock

    class Plain(HTTPConnection):
        response_class = _HeadInTime

        def _new_conn(self) -> socket.socket:
            return checked(self, super()._new_conn())

    class Secure(HTTPSConnection):
        response_class = _HeadInTime

        def _new_conn(self) -> socket.socket:
            return checked(self, super()._new_conn())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
