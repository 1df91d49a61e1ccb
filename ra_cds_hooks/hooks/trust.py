"""Which FHIR servers may be called, and what a token allows.

``fhirServer`` is chosen by the caller, so only listed servers (and loopback) are called.

Sources: cds-hooks.md [Trust]; SMART App Launch 1.0 and 2.0 (scopes ``.read`` and ``.rs``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from urllib.parse import urlsplit

from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.fhir.client import same_server
from ra_cds_hooks.settings import is_loopback

_SCOPE = re.compile(r"(?:patient|user|system)/(\*|[A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)(\?\S+)?")


def base_url(fhir_server: str) -> str:
    """The base URL without a trailing slash. Raises ValueError when it is not usable."""
    text = fhir_server.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not text.isascii() or re.search(r"[\s\\@?#%<>\"]", text):
        raise ValueError("not the base URL of a FHIR server (https://host/path)")
    return text


def may_call(base: str, allowed: Sequence[str], *, loopback: bool = True) -> bool:
    """Whether ``base`` (from base_url) is https and at or below a listed URL.

    Servers on loopback need no list while ``loopback`` is true; else they are listed too, and may
    then be http.
    """
    parts = urlsplit(base)
    if is_loopback(parts.hostname or ""):
        return loopback or any(same_server(listed.rstrip("/"), base) for listed in allowed)
    return parts.scheme == "https" and any(
        same_server(listed.rstrip("/"), base) for listed in allowed
    )


def can_be_called(listed: str) -> bool:
    """Whether a URL of a list lets any server be called: https (or on loopback), nothing odd."""
    try:
        return may_call(base_url(listed), [listed], loopback=False)
    except ValueError:
        return False


def require_servers(listed: Sequence[str]) -> None:
    """Raise ConfigurationError when one of RA_CDS_FHIR_SERVERS could never be called.

    It would only show as missing data. The value is not repeated: it may hold a password.
    """
    for number, server in enumerate(listed, start=1):
        if not can_be_called(server):
            raise ConfigurationError(
                f"RA_CDS_FHIR_SERVERS: number {number} is not the https base URL of a FHIR server "
                "(https://host/path)"
            )


class Reach(Enum):
    """How much of a resource type a token's scopes reach."""

    ALL = "all"
    PART = "part"
    NONE = "none"


def reach(scope: str | None, resource_type: str, *, search: bool) -> Reach:
    """What ``scope`` (space separated) grants for ``resource_type``.

    No scope at all is left to the server to judge (ALL). A scope with a query
    (``Observation.rs?category=...``) grants a part: what it leaves out would look like absence.
    """
    grants = [_SCOPE.fullmatch(part) for part in (scope or "").split()]
    known = [grant for grant in grants if grant]
    if not known:
        return Reach.ALL
    best = Reach.NONE
    for grant in known:
        kind, letters, query = grant.groups()
        if kind not in ("*", resource_type) or not _reads(letters, search):
            continue
        if not query:
            return Reach.ALL
        best = Reach.PART
    return best


def _reads(letters: str, search: bool) -> bool:
    if letters in ("read", "*"):
        return True
    return letters != "write" and ("s" if search else "r") in letters
