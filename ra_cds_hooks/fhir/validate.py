"""Type checks of the FHIR elements that rules read; nothing else can cost a resource its place.

``r4_elements.json`` (written by tools/fhir_elements.py from the fhir.resources R4B models) says
which element has which type. Checks are built once from what the engine reads and then only
called: full model validation of a few hundred Observations would cost more than the evaluation.

Sources: FHIR R4 "JSON Representation", "Data types" (primitive patterns), "Conformance" on
isModifier and modifierExtension (data with an unreadable modifier must not be used).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from ra_cds_hooks.errors import ContentError

Resource = dict[str, Any]
Faults = list[tuple[str, str]]
Check = Callable[[Any, Faults], Any]

_TABLE: dict[str, dict[str, tuple[str, bool]]] = {
    name: {element: (kind, repeats) for element, (kind, repeats) in elements.items()}
    for name, elements in json.loads(
        (Path(__file__).parent / "r4_elements.json").read_text(encoding="utf-8")
    ).items()
}


class _Invalid:
    """Marks a value that must not be used."""


INVALID = _Invalid()

# An element of these types means nothing without each of its members ("< 5" without its
# comparator is another number), so a fault inside makes the whole element unusable.
_WHOLE = frozenset(
    {"Age", "Coding", "DosageDoseAndRate", "Duration", "Period", "Quantity", "Range", "Ratio"}
    | {"Reference", "SampledData", "Timing", "TimingRepeat"}
)

# isModifier elements that change what the resource means (FHIR R4 resource definitions): a
# condition whose verificationStatus cannot be read could be refuted.
_MODIFIERS = frozenset(
    {"actuality", "clinicalStatus", "doNotPerform", "intent", "status", "verificationStatus"}
)

# Without these a resource is in the record and no rule can find it.
_SUBJECT_MATTER = frozenset({"code", "event", "medicationCodeableConcept", "vaccineCode"})

# CQL decimals have 28 digits; a number beyond this is no measurement and only breaks arithmetic.
_DECIMAL_BOUND = 1e18
_INTEGER_BOUND = 2**31

# Systems write 0001-01-01 and 9999-12-31 where they mean "none"; as dates they mislead, and date
# arithmetic leaves the calendar. A far end of a Period is the usual way to say "open".
_YEARS = range(1800, 3000)
_FAR_END = re.compile(r"[3-9]\d{3}(?!\d).*")

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?")
_ZONE = re.compile(r"Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00")


def _is_date(value: object) -> bool:
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return False
    year, month, day = (int(part) if part else 1 for part in found.groups())
    try:
        date(year, month, day)
    except ValueError:
        return False
    return year in _YEARS


def _is_date_time(value: object) -> bool:
    # R4 wants seconds and a zone; records often lack them, and the date is still good evidence.
    if not isinstance(value, str):
        return False
    day, mark, rest = value.partition("T")
    if not mark:
        return _is_date(value)
    if len(day) != len("2026-11-23") or not _is_date(day):
        return False
    time = _TIME.match(rest)
    if time is None:
        return False
    zone = rest[time.end() :]
    return not zone or _ZONE.fullmatch(zone) is not None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _INTEGER_BOUND


def _is_decimal(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and abs(value) < _DECIMAL_BOUND


_PRIMITIVES: dict[str, tuple[Callable[[object], bool], str]] = {
    "bool": (lambda value: isinstance(value, bool), "a boolean"),
    "Integer": (_is_integer, "an integer"),
    "PositiveInt": (
        lambda v: _is_integer(v) and isinstance(v, int) and v > 0,
        "a positive integer",
    ),
    "UnsignedInt": (
        lambda v: _is_integer(v) and isinstance(v, int) and v >= 0,
        "an unsigned integer",
    ),
    "Decimal": (_is_decimal, "a decimal within range"),
    "Date": (_is_date, "a date"),
    "DateTime": (_is_date_time, "a dateTime"),
    "Instant": (_is_date_time, "an instant"),
    "Time": (lambda v: isinstance(v, str) and _TIME.fullmatch(v) is not None, "a time"),
}
_TEXT = (_is_text, "a non-empty string")


@dataclass(frozen=True)
class Checked:
    """A resource after its checks. ``resource`` is None when it must not be used at all.

    ``faults`` are (element path, what the element should be); never the value.
    """

    resource: Resource | None
    faults: tuple[tuple[str, str], ...] = ()

    @property
    def says_not_what_it_is(self) -> bool:
        """Whether the code that says what the resource is about could not be read."""
        return any(path.removesuffix(".coding") in _SUBJECT_MATTER for path, _ in self.faults)


class ElementChecks:
    """The checks for what the rules read: resource type -> element paths (``Observation: value``).

    Choice elements may be written ``value``, ``value[x]`` or ``valueQuantity``. Raises
    ContentError for a resource type that r4_elements.json does not describe.
    """

    def __init__(self, elements_read: Mapping[str, Collection[str]]) -> None:
        unknown = sorted(set(elements_read) - set(_TABLE))
        if unknown:
            raise ContentError(
                f"rules read {', '.join(unknown)}, which r4_elements.json does not describe: add "
                "the type to tools/fhir_elements.py and run it"
            )
        self.resource_types = frozenset(elements_read)
        self._checks = {
            name: _members(name, _tree(paths)) if paths else {}
            for name, paths in elements_read.items()
        }

    def check(self, resource: Resource) -> Checked:
        """``resource`` without the read elements that are invalid; the input is not changed."""
        kind = resource.get("resourceType")
        checks = self._checks.get(kind) if isinstance(kind, str) else None
        if checks is None:
            return Checked(resource)
        if kind != "Patient" and resource.get("modifierExtension"):
            return Checked(None, (("modifierExtension", "understood by this service"),))
        faults: Faults = []
        result = _apply(resource, checks, faults)
        modifiers = (path.partition(".")[0].partition("[")[0] in _MODIFIERS for path, _ in faults)
        if kind != "Patient" and any(modifiers):
            return Checked(None, tuple(faults))
        return Checked(result, tuple(faults))


def has_subject(resource_type: str) -> bool:
    """Whether resources of this type state which patient they are about."""
    elements = _TABLE.get(resource_type, {})
    return "subject" in elements or "patient" in elements


@cache
def reference_elements(resource_type: str) -> Mapping[str, Mapping[str, Any]]:
    """The elements of a type that are references ({}) or hold some (those, by name)."""
    found: dict[str, Mapping[str, Any]] = {}
    for element, (kind, _) in _TABLE.get(resource_type, {}).items():
        if kind == "Reference":
            found[element] = {}
        # Only backbone elements: their type is named after the resource.
        elif kind.startswith(resource_type) and kind != resource_type:
            below = reference_elements(kind)
            if below:
                found[element] = below
    return found


def _tree(paths: Iterable[str]) -> dict[str, Any]:
    """Paths as nested dicts; a key with {} is read as a whole."""
    root: dict[str, Any] = {}
    for path in sorted(paths, key=lambda path: path.count(".")):
        node = root
        parts = [part.partition("[")[0] for part in path.split(".")]
        for depth, part in enumerate(parts):
            if part in node and not node[part]:
                break  # already read as a whole
            node = node.setdefault(part, {}) if depth < len(parts) - 1 else _leaf(node, part)
    return root


def _leaf(node: dict[str, Any], part: str) -> dict[str, Any]:
    node[part] = {}
    return node


def _members(type_name: str, read: Mapping[str, Any]) -> dict[str, Check]:
    """Element name -> check for what ``read`` names of ``type_name`` (everything if empty)."""
    checks: dict[str, Check] = {}
    for element, (kind, repeats) in _TABLE[type_name].items():
        below = _read_below(element, type_name, read)
        if below is None or element == "id":
            continue
        one = _one(kind, below)
        checks[element] = _many(one, kind) if repeats else one
    return checks


def _read_below(element: str, type_name: str, read: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if not read:
        return {}
    if element in read:
        return read[element]  # type: ignore[no-any-return]
    # A choice element is read by its stem: "value" reads valueQuantity, valueString, ...
    for stem, below in read.items():
        suffix = element[len(stem) :]
        if element.startswith(stem) and suffix[:1].isupper() and stem not in _TABLE[type_name]:
            # What is read below a choice belongs to one of its types; check each as a whole.
            return {} if below == {} else _known_below(element, type_name, below)
    return None


def _known_below(element: str, type_name: str, below: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = _TABLE[type_name][element][0]
    members = _TABLE.get(kind, {})
    return {name: rest for name, rest in below.items() if name in members}


def _one(kind: str, read: Mapping[str, Any]) -> Check:
    if kind not in _TABLE:
        accepts, wanted = _PRIMITIVES.get(kind, _TEXT)

        def primitive(value: Any, faults: Faults) -> Any:
            if accepts(value):
                return value
            faults.append(("", wanted))
            return INVALID

        return primitive

    whole = kind in _WHOLE
    holder: list[dict[str, Check]] = []

    def structure(value: Any, faults: Faults) -> Any:
        if not isinstance(value, dict):
            faults.append(("", f"a {kind}"))
            return INVALID
        if not holder:  # built on first use, because types refer to each other in circles
            holder.append(_members(kind, read))
        if kind == "Period" and isinstance(value.get("end"), str) and _FAR_END.match(value["end"]):
            value = {name: member for name, member in value.items() if name != "end"}
            faults.append(("end", "a date before the year 3000; the period is taken as open"))
        before = len(faults)
        result = _apply(value, holder[0], faults)
        return INVALID if whole and len(faults) > before else result

    return structure


def _many(one: Check, kind: str) -> Check:
    primitive = kind not in _TABLE

    def several(value: Any, faults: Faults) -> Any:
        if not isinstance(value, list):
            # Seen in real requests (category as an object): one member of a list is usable.
            checked = one(value, faults)
            if checked is INVALID:
                return INVALID
            faults.append(("", "a list"))
            return [checked]
        kept: list[Any] = []
        changed = False
        for index, item in enumerate(value):
            if item is None and primitive:
                kept.append(item)  # FHIR JSON: null pads an array whose extensions are elsewhere
                continue
            if item is None:
                changed = True
                continue
            before = len(faults)
            checked = one(item, faults)
            if len(faults) > before:
                _prefix(faults, before, f"[{index}]")
            changed = changed or checked is not item
            if checked is not INVALID:
                kept.append(checked)
        return kept if changed else value

    return several


def _apply(value: Resource, checks: Mapping[str, Check], faults: Faults) -> Resource:
    result = value
    for element, given in value.items():
        check = checks.get(element)
        if check is None:
            continue
        before = len(faults)
        checked = INVALID if given is None else check(given, faults)
        if len(faults) > before:
            _prefix(faults, before, element)
        if checked is given:
            continue
        if result is value:
            result = dict(value)
        if checked is INVALID:
            del result[element]
        else:
            result[element] = checked
    return result


def _prefix(faults: Faults, before: int, part: str) -> None:
    for position in range(before, len(faults)):
        path, wanted = faults[position]
        joint = "." if path and not path.startswith("[") else ""
        faults[position] = (f"{part}{joint}{path}", wanted)
