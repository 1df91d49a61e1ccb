"""Verifying the caller's JWT on discovery, services and feedback.

Every refusal is a 401 without details for the caller; its cause is counted (`Refusal`) for the
operator. The token itself, and whatever of it was not verified, is never logged.

Sources: CDS Hooks 2.0.1 [Trusting CDS Clients], [JWT Signing Algorithm]; RFC 8725 (JWT practices).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import jwt

from ra_cds_hooks.errors import Unauthorized
from ra_cds_hooks.hooks.issuers import Issuer
from ra_cds_hooks.hooks.keys import IssuerKeys, KeysUnavailable

# Tokens are a few hundred bytes; what is much larger is not looked at.
MAX_TOKEN = 8 * 1024
MAX_CLAIM = 512


class Refusal(StrEnum):
    """Why a caller was refused; told to the operator only."""

    MISSING = "missing"
    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    ISSUER = "issuer"
    KEY_URL = "jku"
    KEY = "key"
    KEYS_UNAVAILABLE = "keys unavailable"
    SIGNATURE = "signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    LIFETIME = "lifetime"
    AUDIENCE = "audience"
    CLAIMS = "claims"
    TENANT = "tenant"
    REPLAYED = "replayed"


class ReplayStore(Protocol):
    """Remembers which tokens were used."""

    def first_use(self, issuer: str, jti: str, expires: datetime, now: datetime) -> bool:
        """Remember the token until it expires; False when it was there already."""


@dataclass(frozen=True)
class Caller:
    """A verified client: its entry in issuers.toml, and the claims that may be logged."""

    issuer: Issuer
    tenant: str | None
    jti: str
    subject: str | None


@dataclass(frozen=True)
class Rules:
    """What a token has to satisfy. ``leeway`` and ``max_lifetime`` are seconds."""

    algorithms: tuple[str, ...] = ("ES384", "RS384")
    leeway: float = 30.0
    max_lifetime: float = 3600.0


class Callers:
    """Verifies tokens against the issuers. One per process, safe from several threads."""

    def __init__(
        self,
        issuers: Mapping[str, Issuer],
        keys: IssuerKeys,
        replay: ReplayStore,
        rules: Rules,
    ) -> None:
        self._issuers = issuers
        self._keys = keys
        self._replay = replay
        self._rules = rules

    def verified(self, authorization: str | None, url: str, now: datetime) -> Caller:
        """The caller behind an Authorization header; ``url`` is the exact URL that was called.

        Raises Unauthorized with the `Refusal` as its ``cause``.
        """
        token = _bearer(authorization)
        issuer, key = self._signer(token)
        claims = self._claims(token, key)
        tenant, jti, expires = self._checked(claims, issuer, url, now)
        if not self._replay.first_use(issuer.iss, jti, expires, now):
            raise _refused(Refusal.REPLAYED)
        subject = claims.get("sub")
        return Caller(issuer, tenant, jti, subject if isinstance(subject, str) else None)

    def _signer(self, token: str) -> tuple[Issuer, jwt.PyJWK]:
        """Whose signature it has to be: by the unverified header and iss, against the list."""
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise _refused(Refusal.MALFORMED) from None
        if header.get("alg") not in self._rules.algorithms or "crit" in header:
            raise _refused(Refusal.ALGORITHM)
        iss, kid = claims.get("iss"), header.get("kid")
        issuer = self._issuers.get(iss) if isinstance(iss, str) else None
        if issuer is None:
            raise _refused(Refusal.ISSUER)
        if "jku" in header and header["jku"] != issuer.jku:
            raise _refused(Refusal.KEY_URL)
        if not isinstance(kid, str) or not 0 < len(kid) <= MAX_CLAIM:
            raise _refused(Refusal.KEY)
        try:
            key = self._keys.key(issuer, kid)
        except KeysUnavailable:
            raise _refused(Refusal.KEYS_UNAVAILABLE) from None
        if key is None:
            raise _refused(Refusal.KEY)
        return issuer, key

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        """The claims under a verified signature; times and audience are checked apart, by `now`."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=list(self._rules.algorithms),
                options={
                    "verify_signature": True,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_aud": False,
                    "verify_iss": False,
                    "verify_sub": False,
                    "verify_jti": False,
                },
            )
        except (jwt.PyJWTError, TypeError, ValueError):
            raise _refused(Refusal.SIGNATURE) from None
        return claims

    def _checked(
        self, claims: Mapping[str, Any], issuer: Issuer, url: str, now: datetime
    ) -> tuple[str | None, str, datetime]:
        rules, moment = self._rules, now.timestamp()
        exp, iat, jti = _time(claims, "exp"), _time(claims, "iat"), claims.get("jti")
        if exp is None or iat is None or not isinstance(jti, str):
            raise _refused(Refusal.CLAIMS)
        if not 0 < len(jti) <= MAX_CLAIM:
            raise _refused(Refusal.CLAIMS)
        if not _is_text(jti) or not _is_text(claims.get("sub", "")):
            raise _refused(Refusal.CLAIMS)
        if moment >= exp + rules.leeway:
            raise _refused(Refusal.EXPIRED)
        # No refusal on iat alone: clients' clocks run ahead. A token that claims to be valid for
        # days would have to be remembered for days.
        if exp - moment > rules.max_lifetime + rules.leeway:
            raise _refused(Refusal.LIFETIME)
        nbf = _time(claims, "nbf")
        if "nbf" in claims and (nbf is None or moment < nbf - rules.leeway):
            raise _refused(Refusal.NOT_YET_VALID)
        if url not in _audiences(claims.get("aud")):
            raise _refused(Refusal.AUDIENCE)
        tenant = claims.get("tenant")
        if tenant is not None and not isinstance(tenant, str):
            raise _refused(Refusal.TENANT)
        if issuer.tenants is not None and tenant not in issuer.tenants:
            raise _refused(Refusal.TENANT)
        return tenant, jti, datetime.fromtimestamp(exp + rules.leeway, now.tzinfo)


def _bearer(authorization: str | None) -> str:
    if not authorization:
        raise _refused(Refusal.MISSING)
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN or not token.isascii():
        raise _refused(Refusal.MALFORMED)
    return token


def _audiences(aud: Any) -> Sequence[str]:
    listed = aud if isinstance(aud, list) else [aud]
    return [item for item in listed if isinstance(item, str)]


def _is_text(value: Any) -> bool:
    """Whether ``value`` is no text with half a character: JSON has escapes for those."""
    try:
        return not isinstance(value, str) or value.encode() is not None
    except UnicodeEncodeError:
        return False


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    """A claim in seconds since 1970; None when it is missing or no sensible time."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**40:
        return None
    return float(value)


def _refused(cause: Refusal) -> Unauthorized:
    return Unauthorized(
        "The caller could not be verified: send a valid JWT as Authorization: Bearer.", cause=cause
    )
