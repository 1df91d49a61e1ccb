"""What one prefetch value or one server answer holds, and whether it is all.

Sources: cds-hooks.md [Prefetch]; FHIR R4 Bundle (searchset: total, link, search.mode).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ra_cds_hooks.fhir.record import Entry
from ra_cds_hooks.hooks.prefetch import Query


@dataclass(frozen=True)
class Obtained:
    """What one key gave. ``why`` says in words why there is nothing, or not all; None: complete."""

    entries: tuple[Entry, ...] = ()
    obtained: bool = True
    why: str | None = None
    # The FHIR server was asked and failed: what it holds is not known.
    unreachable: bool = False


def read_document(document: Mapping[str, Any], query: Query, *, is_page: bool) -> Obtained:
    """What one prefetch value or server answer holds for ``query``.

    ``is_page``: further pages are read separately, so a full page is no sign of a cut.
    """
    kind = document.get("resourceType")
    if kind == "OperationOutcome":
        return Obtained(obtained=False, why="the client failed to fetch it (OperationOutcome)")
    if kind == query.resource_type:
        # One resource in answer to a search: usable, but who knows what else there is.
        why = None if query.is_read else "one resource in place of a Bundle"
        return Obtained((Entry(document),), why=why)
    if kind != "Bundle":
        return Obtained(obtained=False, why="neither a Bundle nor the resource asked for")
    listed = document.get("entry")
    if listed is not None and not isinstance(listed, list):
        return Obtained(obtained=False, why="Bundle.entry is not a list")
    entries: list[Entry] = []
    problems: list[str] = []
    for item in listed or ():
        resource = item.get("resource") if isinstance(item, dict) else item
        if isinstance(resource, dict) and resource.get("resourceType") == "OperationOutcome":
            if _is_severe(resource):
                problems.append("the search reports an error (OperationOutcome)")
            continue
        if not isinstance(resource, dict):
            problems.append("an entry holds no resource")
        full_url = item.get("fullUrl") if isinstance(item, dict) else None
        entries.append(Entry(resource, full_url if isinstance(full_url, str) else ""))
    if not is_page and _is_cut(document, entries, query):
        problems.append("the Bundle holds fewer resources than were found")
    return Obtained(tuple(entries), why="; ".join(dict.fromkeys(problems)) or None)


def _is_cut(document: Mapping[str, Any], entries: list[Entry], query: Query) -> bool:
    """Whether a Bundle without a next link may lack matches: fewer than its total, or exactly as
    many as were asked for at most."""
    matches = sum(
        isinstance(e.resource, dict) and e.resource.get("resourceType") == query.resource_type
        for e in entries
    )
    total = document.get("total")
    if isinstance(total, int) and not isinstance(total, bool):
        return bool(total > matches)
    return bool(matches > 0 and matches == query.count)


def _is_severe(outcome: Mapping[str, Any]) -> bool:
    issues = outcome.get("issue")
    return any(
        isinstance(issue, dict) and issue.get("severity") in ("error", "fatal")
        for issue in (issues if isinstance(issues, list) else ())
    )
