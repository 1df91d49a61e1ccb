"""Where a connection really leads: checked on the connected address, before anything is sent.

A listed name may resolve to anything, today or after the next look-up (DNS rebinding). So the
check is made on the peer of the open socket and not on a name: no request, and no token, leaves
for an address that is not allowed.

Source: cds-hooks.md [Trust] (no private addresses unless listed); OWASP SSRF prevention.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

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
        return address.is_global and not address.is_multicast


def plain(address: Address) -> Address:
    """The IPv4 address inside a mapped IPv6 one (::ffff:10.0.0.1), else the address."""
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


def _literal(host: str) -> Address | None:
    try:
        return plain(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


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
        def _new_conn(self) -> socket.socket:
            return checked(self, super()._new_conn())

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return checked(self, super()._new_conn())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
