"""Files of FHIR resources: a Bundle, one resource, or NDJSON with one resource a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from ra_cds_hooks.errors import InvalidBundle


def json_in(path: Path) -> Any:
    """The JSON document in ``path``. Raises InvalidBundle that tells where, never what."""
    try:
        return orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidBundle(f"{path.name} is not JSON ({where})") from None


def resources_in(path: Path) -> Iterator[dict[str, Any]]:
    """Every resource in ``path``, with those inside a Bundle in its place.

    Raises InvalidBundle for a file that holds no FHIR JSON.
    """
    if path.suffix in {".ndjson", ".jsonl"}:
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            if line.strip():
                try:
                    yield from _resources(orjson.loads(line), path)
                except orjson.JSONDecodeError:
                    raise InvalidBundle(f"{path.name}: line {number} is not JSON") from None
        return
    yield from _resources(json_in(path), path)


def _resources(document: Any, path: Path) -> Iterator[dict[str, Any]]:
    if not isinstance(document, dict) or not isinstance(document.get("resourceType"), str):
        raise InvalidBundle(f"{path.name} holds no FHIR resource (no resourceType)")
    if document["resourceType"] != "Bundle":
        yield document
        return
    for entry in document.get("entry") or ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield resource
