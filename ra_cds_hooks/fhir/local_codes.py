"""A site's own codes beside ours: reads ``local_codes.toml`` and adds our coding to a resource.

Joint counts, drug levels and stop reasons rarely carry standard codes, so without this mapping
they never arrive. The site's own coding stays; ours is appended.

Format: docs/local-codes.md. Codes that a site may map to: clinical-spec.md 5.1-5.5.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ra_cds_hooks.errors import ConfigurationError

Coding = dict[str, str]

# Kind of mapping -> where such codes stand: resource type -> elements (one or several concepts).
PLACES: dict[str, dict[str, tuple[str, ...]]] = {
    "lab": {"Observation": ("code",), "DiagnosticReport": ("code",), "ServiceRequest": ("code",)},
    "drug": {
        "MedicationStatement": ("medicationCodeableConcept",),
        "MedicationRequest": ("medicationCodeableConcept",),
        "MedicationAdministration": ("medicationCodeableConcept",),
        "MedicationDispense": ("medicationCodeableConcept",),
        "Medication": ("code",),
        "AllergyIntolerance": ("code",),
        "Immunization": ("vaccineCode",),
    },
    "condition": {"Condition": ("code",), "AdverseEvent": ("event",)},
    "answer": {"Observation": ("valueCodeableConcept", "interpretation")},
    "stop-reason": {
        "MedicationStatement": ("statusReason",),
        "MedicationRequest": ("statusReason",),
        "MedicationAdministration": ("statusReason",),
        "MedicationDispense": ("statusReasonCodeableConcept",),
    },
}

# Observation.component holds the same kinds of concept one level down.
_COMPONENT = {"lab": ("code",), "answer": ("valueCodeableConcept", "interpretation")}


@dataclass
class _Kind:
    by_code: dict[tuple[str, str], Coding] = field(default_factory=dict)
    by_text: dict[str, Coding] = field(default_factory=dict)

    def find(self, concept: Mapping[str, Any]) -> Iterator[Coding]:
        codings = concept.get("coding")
        for coding in codings if isinstance(codings, list) else ():
            if not isinstance(coding, dict):
                continue
            system, code = coding.get("system", ""), coding.get("code")
            if isinstance(system, str) and isinstance(code, str):
                found = self.by_code.get((system, code))
                if found:
                    yield found
            yield from self._find_text(coding.get("display"))
        yield from self._find_text(concept.get("text"))

    def _find_text(self, text: object) -> Iterator[Coding]:
        found = self.by_text.get(_folded(text)) if isinstance(text, str) else None
        if found:
            yield found


class LocalCodes:
    """A site's mapping, ready to apply. Empty unless read from a file.

    ``digest`` is the same for the same mapping, "" for none.
    """

    def __init__(self, kinds: Mapping[str, _Kind] | None = None) -> None:
        self.digest = _digest(kinds) if kinds else ""
        plans: dict[str, list[tuple[str, _Kind]]] = {}
        components: list[tuple[str, _Kind]] = []
        for name, kind in (kinds or {}).items():
            for resource_type, elements in PLACES[name].items():
                plans.setdefault(resource_type, []).extend((e, kind) for e in elements)
            components.extend((e, kind) for e in _COMPONENT.get(name, ()))
        self._plans = plans
        self._components = components

    @classmethod
    def read(cls, path: Path | None) -> LocalCodes:
        """The mapping in ``path`` (none: an empty one).

        Raises ConfigurationError that names the file, the table and the entry at fault.
        """
        if path is None:
            return cls()
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError(
                f"local codes: {path} cannot be read ({error.strerror}); correct RA_CDS_LOCAL_CODES"
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"local codes: {path} is not TOML: {error}") from error
        kinds: dict[str, _Kind] = {}
        for name, entries in tables.items():
            if name not in PLACES or not isinstance(entries, list):
                raise ConfigurationError(
                    f"local codes: [[{name}]] is not one of {', '.join(f'[[{k}]]' for k in PLACES)}"
                )
            kind = kinds.setdefault(name, _Kind())
            for number, entry in enumerate(entries, start=1):
                _add(kind, entry, f"local codes: [[{name}]] entry {number}")
        return cls(kinds)

    def apply(self, resource: dict[str, Any]) -> dict[str, Any]:
        """``resource`` with our codings added where the site's are mapped; the input is kept."""
        resource_type = resource.get("resourceType")
        plan = self._plans.get(resource_type, ()) if isinstance(resource_type, str) else ()
        result = _mapped(resource, plan)
        if resource_type == "Observation" and self._components:
            components = result.get("component")
            if isinstance(components, list):
                mapped = [
                    _mapped(c, self._components) if isinstance(c, dict) else c for c in components
                ]
                if any(new is not old for new, old in zip(mapped, components, strict=True)):
                    result = {**result, "component": mapped}
        return result


def _mapped(holder: dict[str, Any], plan: Any) -> dict[str, Any]:
    result = holder
    for element, kind in plan:
        value = result.get(element)
        if isinstance(value, dict):
            new: Any = _with_ours(value, kind)
        elif isinstance(value, list):
            new = [_with_ours(item, kind) if isinstance(item, dict) else item for item in value]
            if all(a is b for a, b in zip(new, value, strict=True)):
                new = value
        else:
            continue
        if new is not value:
            result = {**result, element: new}
    return result


def _with_ours(concept: dict[str, Any], kind: _Kind) -> dict[str, Any]:
    codings = concept.get("coding")
    present = list(codings) if isinstance(codings, list) else []
    # Lists, because what the caller sent as a code may not even be hashable.
    known = [(c.get("system"), c.get("code")) for c in present if isinstance(c, dict)]
    added: list[Coding] = []
    for coding in kind.find(concept):
        key = (coding["system"], coding["code"])
        if key not in known:
            known.append(key)
            added.append(coding)
    return {**concept, "coding": present + added} if added else concept


def _digest(kinds: Mapping[str, _Kind]) -> str:
    rows = [
        (name, sorted((*key, *sorted(ours.items())) for key, ours in found.items()))
        for name, kind in sorted(kinds.items())
        for found in (kind.by_code, {(text,): ours for text, ours in kind.by_text.items()})
    ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _add(kind: _Kind, entry: Any, where: str) -> None:
    if not isinstance(entry, dict):
        raise ConfigurationError(f"{where} is not a table")
    unknown = sorted(set(entry) - {"system", "code", "text", "to"})
    if unknown:
        raise ConfigurationError(f"{where}: unknown key {unknown[0]!r}")
    target = entry.get("to")
    if not isinstance(target, dict) or not _strings(target, "system", "code"):
        raise ConfigurationError(f"{where}: `to` needs a system and a code")
    ours = {name: target[name] for name in ("system", "code", "display") if name in target}
    if not all(isinstance(value, str) for value in ours.values()):
        raise ConfigurationError(f"{where}: `to` holds something that is not a string")
    by_code = _strings(entry, "system", "code")
    if not by_code and not _strings(entry, "text"):
        raise ConfigurationError(f"{where}: give system and code, or text")
    if by_code:
        key = (entry["system"], entry["code"])
        if kind.by_code.setdefault(key, ours) != ours:
            raise ConfigurationError(f"{where}: the same system and code is mapped twice")
    if "text" in entry:
        if not _strings(entry, "text"):
            raise ConfigurationError(f"{where}: text is not a non-empty string")
        if kind.by_text.setdefault(_folded(entry["text"]), ours) != ours:
            raise ConfigurationError(f"{where}: the same text is mapped twice")


def _strings(table: Mapping[str, Any], *names: str) -> bool:
    return all(isinstance(table.get(name), str) and table[name].strip() for name in names)
