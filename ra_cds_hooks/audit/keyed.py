"""Keyed hashes (HMAC-SHA-256): equal things can be told to be equal, and nothing can be read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import orjson

_SORTED = orjson.OPT_SORT_KEYS


class KeyedHash:
    """Hashes with a key that is asked for once, on first use."""

    def __init__(self, secret: Callable[[], bytes]) -> None:
        self._make_secret = secret

    @cached_property
    def _secret(self) -> bytes:
        return self._make_secret()

    def __call__(self, kind: str, text: str) -> str:
        """64 hex digits for ``text``; the same text as another ``kind`` has another hash."""
        return self._digest(kind, [text.encode()])

    def record(self, resources: Sequence[Mapping[str, Any]]) -> str:
        """The hash of a record: of the same resources the same, in whatever order they came."""
        return self._digest("record", sorted(orjson.dumps(r, option=_SORTED) for r in resources))

    def _digest(self, kind: str, parts: Iterable[bytes]) -> str:
        # Lengths in front: no two lists of parts make the same text.
        text = kind.encode() + b"".join(b":%d:%b" % (len(part), part) for part in parts)
        return hmac.digest(self._secret, text, "sha256").hex()


def parameters_hash(parameters: Mapping[str, Any]) -> str:
    """The hash of a site's own parameters (as written); they are no secret."""
    return hashlib.sha256(orjson.dumps(dict(parameters), option=_SORTED, default=str)).hexdigest()
