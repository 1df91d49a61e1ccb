"""JSON text that can be trusted further down: strict, not too deep, every key once.

Used for request bodies, FHIR server answers and files alike, so that all three accept the same
documents.

Source: RFC 8259 (4: names SHOULD be unique; 8.2: unpaired surrogates), FHIR R4 JSON.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import orjson

# FHIR resources nest about ten levels; beyond this only attacks and accidents do.
MAX_DEPTH = 100

_STEPS = bytes.maketrans(b"[]{}", b"\x01\xff\x01\xff")  # one level in, one out
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class JsonError(ValueError):
    """The text is not acceptable JSON; the message never quotes it."""


def parse_json(text: bytes) -> Any:
    """The JSON value in ``text`` (UTF-8). Raises JsonError with the reason."""
    try:
        value = orjson.loads(text)  # strict: UTF-8, no NaN, no unpaired surrogates
    except orjson.JSONDecodeError as error:
        raise JsonError(f"not JSON (line {error.lineno}, column {error.colno})") from None
    written = _without_strings(text)
    if _is_deep(written):
        raise JsonError(f"nested deeper than {MAX_DEPTH} levels")
    # The parser keeps one of two members with the same key. Two parsers would read two different
    # documents; neither reading is safe.
    if written.count(b":") != _without_strings(orjson.dumps(value)).count(b":"):
        raise JsonError("an object has the same key twice")
    return value


def _without_strings(text: bytes) -> bytes:
    """Valid JSON without what stands between quotes: brackets, numbers, a colon for each member."""
    if b"\\" in text:
        text = text.replace(rb"\\", b"").replace(rb"\"", b"")
    return b"".join(text.split(b'"')[::2])


def _is_deep(structure: bytes) -> bool:
    """Whether brackets nest deeper than MAX_DEPTH; the work grows with their number alone."""
    steps = memoryview(structure.translate(_STEPS, _NOT_BRACKETS)).cast("b")
    return max(accumulate(steps), default=0) > MAX_DEPTH
