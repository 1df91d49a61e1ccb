"""The public keys of the issuers: cached, renewed when they rotate, fetched within bounds.

A key set is read again when it is older than `MAX_AGE`, or when a token names a key that it does
not hold, but never more often than every `MIN_INTERVAL`: a caller with an invented `kid` cannot
make this service hammer its client. A set that cannot be renewed serves on until `STALE_AGE`, and a
known key serves on while another caller waits for the new set: a key server that hangs holds up one
call a minute, for `FETCH_SECONDS` and one more silence of `TIMEOUT` at most.

Sources: CDS Hooks 2.0.1 [JWT Signing Algorithm], RFC 7517 (JWK Set).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import orjson
import requests
import urllib3

from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.fhir.destination import CheckedAdapter
from ra_cds_hooks.hooks.issuers import Issuer

MAX_AGE = 15 * 60.0
MIN_INTERVAL = 60.0
STALE_AGE = 24 * 3600.0
MAX_BYTES = 256 * 1024
TIMEOUT = (1.0, 2.0)
FETCH_SECONDS = 3.0

Fetch = Callable[[str], bytes]


class KeysUnavailable(Exception):
    """The issuer's key set cannot be had at the moment. Its text names no URL and no token."""


@dataclass
class _Cached:
    keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    read_at: float | None = None
    tried_at: float | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def age(self, now: float) -> float:
        """Seconds since the set was read; endless when it never was."""
        return math.inf if self.read_at is None else now - self.read_at


def fetch(url: str, ca_bundle: Path | None = None, seconds: float = FETCH_SECONDS) -> bytes:
    """The body at ``url``: GET, no redirect, no proxy or credential of the environment.

    Raises KeysUnavailable, also when it is not there whole after ``seconds``.
    """
    end = time.monotonic() + seconds
    with requests.Session() as session:
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, CheckedAdapter(_anywhere))  # headers that drip are left, too
        try:
            with session.get(
                url,
                headers={"Accept-Encoding": "identity"},
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
                verify=str(ca_bundle) if ca_bundle else True,
            ) as response:
                if response.status_code != 200:
                    raise KeysUnavailable(f"status {response.status_code}")
                return _body(response, end)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise KeysUnavailable(type(error).__name__) from None


def _anywhere(_host: str, _peer: str) -> bool:
    return True  # the operator named the address


def _body(response: requests.Response, end: float) -> bytes:
    """The whole body, checked against size and time after every piece that arrives.

    As it is: to decompress is to read on until something comes out, however long that takes.
    """
    body = b""
    while part := response.raw.read1(MAX_BYTES, decode_content=False):
        body += part
        if len(body) > MAX_BYTES:
            raise KeysUnavailable("the key set is too large")
        if time.monotonic() > end:
            raise KeysUnavailable("the key set did not arrive in time")
    return body


class IssuerKeys:
    """Keys by issuer and `kid`. One per process, safe from several threads.

    ``clock`` gives monotonic seconds; ``get`` reads a URL (`fetch`).
    """

    def __init__(self, clock: Callable[[], float], get: Fetch = fetch) -> None:
        self._clock = clock
        self._get = get
        self._cached: dict[str, _Cached] = {}
        self._adding = threading.Lock()

    def key(self, issuer: Issuer, kid: str) -> jwt.PyJWK | None:
        """The key, None when the issuer has none of that name. Raises KeysUnavailable."""
        with self._adding:
            cached = self._cached.setdefault(issuer.iss, _Cached())
        if not cached.lock.acquire(blocking=False):
            known = cached.keys.get(kid)
            if known is not None and cached.age(self._clock()) < STALE_AGE:
                return known
            if not cached.lock.acquire(timeout=FETCH_SECONDS):
                raise KeysUnavailable("still being read")
        try:
            now = self._clock()
            known = cached.keys.get(kid)
            if known is not None and cached.age(now) < MAX_AGE:
                return known
            if cached.tried_at is None or now - cached.tried_at >= MIN_INTERVAL:
                cached.tried_at = now
                try:
                    cached.keys = self._read(issuer)
                    cached.read_at = now
                except KeysUnavailable:
                    if cached.age(now) >= STALE_AGE:
                        raise
            if cached.age(now) >= STALE_AGE:
                raise KeysUnavailable("not read for too long")
            return cached.keys.get(kid)
        finally:
            cached.lock.release()

    def _read(self, issuer: Issuer) -> dict[str, jwt.PyJWK]:
        if issuer.jwks_file is not None:
            try:
                body = issuer.jwks_file.read_bytes()
            except OSError as error:
                raise KeysUnavailable(type(error).__name__) from None
        else:
            body = self._get(str(issuer.jku))
        return keys_in(body)


def keys_in(body: bytes) -> dict[str, jwt.PyJWK]:
    """The usable public signing keys of a JWK Set by `kid`; others are passed over.

    Raises KeysUnavailable when it is no JWK Set.
    """
    try:
        listed = orjson.loads(body)["keys"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise KeysUnavailable("not a JWK Set") from None
    found = {}
    for entry in listed if isinstance(listed, list) else ():
        key = _usable(entry)
        if key is not None:
            found[str(entry["kid"])] = key
    return found


def _usable(entry: Any) -> jwt.PyJWK | None:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("kid"), str):
        return None
    # Symmetric keys are never a public key; a private one in a public set is not to be trusted.
    if entry.get("kty") not in ("EC", "RSA") or "d" in entry or entry.get("use", "sig") != "sig":
        return None
    try:
        return jwt.PyJWK(dict(entry))
    except (jwt.PyJWTError, TypeError, ValueError):
        return None


def require_readable(issuers: Mapping[str, Issuer]) -> None:
    """Raise ConfigurationError when a local key file cannot be used."""
    for issuer in issuers.values():
        if issuer.jwks_file is not None:
            try:
                usable = keys_in(issuer.jwks_file.read_bytes())
            except (OSError, KeysUnavailable) as error:
                raise ConfigurationError(
                    f"RA_CDS_ISSUERS: {issuer.jwks_file.name} is no readable JWK Set ({error})"
                ) from None
            if not usable:
                raise ConfigurationError(
                    f"RA_CDS_ISSUERS: {issuer.jwks_file.name} holds no public EC or RSA "
                    "key with a kid"
                )
