"""Which codes of a site's records no value set knows: what `local_codes.toml` should map.

Counts codes, not patients; nothing but the code itself, its display or text leaves the record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ra_cds_hooks.fhir.local_codes import PLACES, LocalCodes

# Answers and stop reasons are words about a result, not names of things: they are not listed.
KINDS = ("drug", "lab", "condition")
CodeKey = tuple[str | None, str]


@dataclass(frozen=True, order=True)
class UnknownCode:
    """One code, or one text without code, of a kind of `local_codes.PLACES`, and how often."""

    kind: str
    system: str
    code: str
    text: str
    count: int


def unknown_codes(
    resources: Iterable[Mapping[str, Any]],
    known: Collection[CodeKey],
    local_codes: LocalCodes,
) -> list[UnknownCode]:
    """Concepts of which no coding is in ``known``, the most frequent of each kind first.

    ``resources`` are FHIR R4 resources of any number of patients; ``local_codes`` is applied
    first, so that what is mapped already does not appear. A concept with several unknown codings
    is named by its first.
    """
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for resource in resources:
        for kind, concept in _concepts(local_codes.apply(dict(resource))):
            codings = [c for c in _list(concept.get("coding")) if isinstance(c.get("code"), str)]
            if any((c.get("system"), c["code"]) in known for c in codings):
                continue
            first = codings[0] if codings else {}
            text = first.get("display") or concept.get("text") or ""
            if codings or text:
                name = (str(first.get("system", "")), str(first.get("code", "")), str(text))
                counted[(kind, *name)] += 1
    found = [UnknownCode(*name, count) for name, count in counted.items()]
    return sorted(found, key=lambda row: (KINDS.index(row.kind), -row.count, row))


def _concepts(resource: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for kind in KINDS:
        for element in PLACES[kind].get(str(resource.get("resourceType")), ()):
            for concept in _list(resource.get(element)):
                yield kind, concept
    if resource.get("resourceType") == "Observation":
        for component in _list(resource.get("component")):
            for concept in _list(component.get("code")):
                yield "lab", concept


def _list(value: Any) -> list[Mapping[str, Any]]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def as_local_codes(rows: Iterable[UnknownCode]) -> str:
    """The rows as a ``local_codes.toml`` to fill in: every target is left for a person to name."""
    lines = ["# Fill in `to` where the thing matters to the rules; delete the rest."]
    for row in rows:
        lines += ["", f"# {row.count} times: {_quoted(row.text)}", f"# [[{row.kind}]]"]
        if row.code:
            lines += [f"# system = {_quoted(row.system)}", f"# code = {_quoted(row.code)}"]
        else:
            lines.append(f"# text = {_quoted(row.text)}")
        lines.append('# to = { system = "", code = "" }')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
