"""JSON text that can be trusted further down: strict, not too deep, every key once.

Used for request bodies, FHIR server answers and files alike, so that all three accept the same
documents.

Source: RFC 8259 (4: names SHOULD be unique; 8.2: unpaired surrogates), FHIR R4 JSON.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any

import orjson

# FHIR resources nest about ten levels; beyond this only attacks and accidents do.
MAX_DEPTH = 100

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class JsonError(ValueError):
    """The text is not acceptable JSON; the message never quotes it."""


def parse_json(text: bytes) -> Any:
    """The JSON value in ``text`` (UTF-8). Raises JsonError with the reason."""
    try:
        orjson.loads(text)  # strict: UTF-8, no NaN, no unpaired surrogates
    except orjson.JSONDecodeError as error:
        raise JsonError(f"not JSON (line {error.lineno}, column {error.colno})") from None
    brackets = _STRING.sub(b"", text).translate(None, _NOT_BRACKETS)
    if max(accumulate(_STEP[bracket] for bracket in brackets), default=0) > MAX_DEPTH:
        raise JsonError(f"nested deeper than {MAX_DEPTH} levels")
    return json.loads(text, object_pairs_hook=_unique, parse_int=_integer)


def _integer(digits: str) -> int | float:
    # Beyond 64 bits a JSON writer cannot repeat it; no FHIR integer is that large.
    return int(digits) if len(digits) < 19 else float(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        # Two parsers would read two different documents; neither reading is safe.
        raise JsonError("an object has the same key twice")
    return members
