"""One resource for each thing: older versions and exact copies are left out.

Whatever the order of arrival, the same one stays: of one type and id the newest version, of exact
copies under several ids (same identifier, same content) the one with the shortest, then smallest
id.

Source: FHIR R4 Resource.meta (versionId, lastUpdated), Identifier ("business identifiers").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

Resource = dict[str, Any]


@dataclass
class Aliases:
    """``kept``: reference left out -> reference that stays. ``conflicting``: same version, but
    different content, so which one is right cannot be told."""

    kept: dict[str, str] = field(default_factory=dict)
    conflicting: set[str] = field(default_factory=set)


def without_duplicates(resources: Iterable[Resource]) -> tuple[list[Resource], Aliases]:
    """The resources that stay, and where the others went. Every resource has a type and an id."""
    aliases = Aliases()
    by_reference: dict[tuple[str, str], list[Resource]] = {}
    for resource in resources:
        key = (resource["resourceType"], resource["id"])
        by_reference.setdefault(key, []).append(resource)
    newest = [
        versions[0] if len(versions) == 1 else _newest(versions, aliases)
        for versions in by_reference.values()
    ]
    return _without_copies(newest, aliases), aliases


def _newest(versions: list[Resource], aliases: Aliases) -> Resource:
    ranked = sorted(versions, key=lambda r: (_version(r), _content(r)), reverse=True)
    first, second = ranked[0], ranked[1]
    contents = {_content(r) for r in ranked if _version(r) == _version(first)}
    if _version(first) == _version(second) and len(contents) > 1:
        aliases.conflicting.add(f"{first['resourceType']}/{first['id']}")
    return first


def _version(resource: Resource) -> tuple[int, float]:
    """Sorts by a numeric versionId, then by lastUpdated; resources without either come first."""
    meta = resource.get("meta")
    if not isinstance(meta, dict):
        return (0, 0.0)
    version, updated = meta.get("versionId"), meta.get("lastUpdated")
    number = 0
    # Longer than any server counts: not a version number, and not worth converting.
    if isinstance(version, str) and version.isascii() and version.isdecimal() and len(version) < 19:
        number = int(version)
    return (number, _seconds(updated))


def _seconds(instant: object) -> float:
    """A FHIR instant as seconds since 1970, 0.0 when it is none (zones compare correctly)."""
    if not isinstance(instant, str):
        return 0.0
    try:
        moment = datetime.fromisoformat(instant)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _without_copies(resources: list[Resource], aliases: Aliases) -> list[Resource]:
    groups: dict[tuple[str, bytes], list[Resource]] = {}
    kept = []
    for resource in resources:
        if _has_identifier(resource):
            groups.setdefault((resource["resourceType"], _content(resource)), []).append(resource)
        else:
            kept.append(resource)
    for copies in groups.values():
        copies.sort(key=lambda r: (len(r["id"]), r["id"]))
        kept.append(copies[0])
        for copy in copies[1:]:
            kind = copy["resourceType"]
            aliases.kept[f"{kind}/{copy['id']}"] = f"{kind}/{copies[0]['id']}"
    return kept


def _has_identifier(resource: Resource) -> bool:
    listed = resource.get("identifier")
    candidates = listed if isinstance(listed, list) else [listed]
    return any(isinstance(c, dict) and c.get("value") for c in candidates)


def _content(resource: Resource) -> bytes:
    """What the resource says, without its id, version and generated text."""
    said = {k: v for k, v in resource.items() if k not in ("id", "meta", "text")}
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
