"""Reading FHIR R4 JSON as CQL sees it, without model objects.

A complex element is its JSON object, a list its JSON array, a primitive its JSON scalar. Only where
JSON loses something is there a wrapper, `Element`: the value of a choice element (its type is in
the key, `valueQuantity`) and a primitive that has extensions (they are beside it, `_birthDate`).

JSON of the wrong shape (text where an object is expected, an object where a list is) reads as
absent; `Program.elements_read` tells a caller which elements to validate beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from .values import (
    Code,
    CodeSystem,
    Concept,
    Date,
    DateTime,
    Interval,
    Quantity,
    Ratio,
    Time,
    ValueSet,
)


class Element:
    """A FHIR element with what its JSON value alone does not tell.

    `type` is the local FHIR type name or None when not known, `json` the JSON value (None when
    there are only extensions), `extra` the object with `id` and `extension` of a primitive.
    """

    __slots__ = ("extra", "json", "type")

    def __init__(self, type_: str | None, json: Any, extra: Any = None) -> None:
        self.type = type_
        self.json = json
        self.extra = extra

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Element):
            return bool(self.json == other.json)
        return bool(self.json == other)

    def __hash__(self) -> int:
        return hash(self.json) if not isinstance(self.json, (dict, list)) else id(self)


class Clock(Protocol):
    """What parsing needs from an evaluation: the default offset and a cache."""

    @property
    def timezone_offset(self) -> int: ...

    @property
    def moments(self) -> dict[str, DateTime | None]: ...

    @property
    def dates(self) -> dict[str, Date | None]: ...


_ATTRIBUTES = {
    "lowClosed": "low_closed",
    "highClosed": "high_closed",
}
_VALUE_CLASSES = (Quantity, Code, Concept, Interval, Ratio, ValueSet, CodeSystem)


def child(source: Any, key: str) -> Any:
    """One member of a complex element; None where there is none or `source` is not complex."""
    if isinstance(source, dict):
        return source.get(key)
    if isinstance(source, Element):
        if isinstance(source.json, dict):
            return source.json.get(key)
        if isinstance(source.extra, dict):
            return source.extra.get(key)
    return None


def primitive(source: Any, key: str, type_: str | None) -> Any:
    """A single primitive element, with its extensions when it has any."""
    value = child(source, key)
    extra = child(source, "_" + key)
    if isinstance(extra, dict):
        return Element(type_, value, extra)
    return value


def items(source: Any, key: str) -> list[Any] | None:
    """A repeating element; None when absent."""
    value = child(source, key)
    return value if isinstance(value, list) else None


def primitive_items(source: Any, key: str, type_: str | None) -> list[Any] | None:
    """A repeating primitive; entries with extensions are wrapped."""
    values = items(source, key)
    extras = items(source, "_" + key)
    if extras is None:
        return values
    values = values or []
    length = max(len(values), len(extras))
    padded = values + [None] * (length - len(values))
    beside = extras + [None] * (length - len(extras))
    return [
        Element(type_, value, extra) if isinstance(extra, dict) else value
        for value, extra in zip(padded, beside, strict=True)
    ]


def choice(source: Any, key: str, keys: Mapping[str, str]) -> Any:
    """A choice element: `keys` maps JSON members ("valueQuantity") to type names ("Quantity")."""
    if isinstance(source, Element):
        source = source.json
    if not isinstance(source, dict):
        return None
    present: Iterable[str] = keys.keys() & source.keys()
    if key in source or len(present) > 1:  # type: ignore[arg-type]
        # Not as FHIR has it: the first in the JSON counts.
        present = [member for member in source if member == key or member in keys]
    for member in present:
        value = source[member]
        if value is not None:
            if member == key:
                return value
            extra = source.get("_" + member)
            return Element(keys[member], value, extra if isinstance(extra, dict) else None)
    for member, type_ in keys.items():
        if isinstance(extra := source.get("_" + member), dict):
            return Element(type_, None, extra)
    return None


def first_child(source: Any, keys: tuple[str, ...]) -> Any:
    """The first of several members that is there (a choice of a type and its subtypes)."""
    for key in keys:
        value = child(source, key)
        if value is not None:
            return value
    return None


def first_primitive(source: Any, keys: tuple[str, ...], type_: str) -> Any:
    """The first of several primitive members that is there, with its extensions."""
    for key in keys:
        value = primitive(source, key, type_)
        if value is not None:
            return value
    return None


def untyped(source: Any, key: str) -> Any:
    """A property where the translator wrote no type: CQL value, tuple or FHIR element."""
    if source is None:
        return None
    if isinstance(source, (dict, Element)):
        value = primitive(source, key, None)
        if value is not None:
            return value
        json = source.json if isinstance(source, Element) else source
        if isinstance(json, dict):
            for member, found in json.items():
                rest = member[len(key) :]
                if member.startswith(key) and rest[:1].isupper() and found is not None:
                    type_ = rest if isinstance(found, dict) else rest[0].lower() + rest[1:]
                    return Element(type_, found)
        if key == "value" and isinstance(source, Element):
            return source.json
        return None
    if isinstance(source, _VALUE_CLASSES):
        return attribute(source, key)
    if key == "value" and isinstance(source, (str, bool, int, Decimal, Date, DateTime, Time)):
        return source
    if key == "value" and isinstance(source, float):
        return decimal_value(source)
    return None


def attribute(source: Any, key: str) -> Any:
    """A property of a CQL value (Quantity.unit, Interval.lowClosed, Concept.codes)."""
    if source is None:
        return None
    value = getattr(source, _ATTRIBUTES.get(key, key), None)
    return list(value) if key == "codes" and value is not None else value


# ----- the `.value` of FHIR primitives -----


def string_value(json: Any) -> str | None:
    """System.String of a FHIR primitive."""
    if isinstance(json, Element):
        json = json.json
    return json if isinstance(json, str) else None


def boolean_value(json: Any) -> bool | None:
    """System.Boolean of a FHIR boolean."""
    if isinstance(json, Element):
        json = json.json
    return json if isinstance(json, bool) else None


def integer_value(json: Any) -> int | None:
    """System.Integer of a FHIR integer."""
    if isinstance(json, Element):
        json = json.json
    return json if isinstance(json, int) and not isinstance(json, bool) else None


def decimal_value(json: Any) -> Decimal | None:
    """System.Decimal of a FHIR decimal, exactly as written: 0.1 is 0.1."""
    if isinstance(json, Element):
        json = json.json
    if isinstance(json, Decimal):
        return json if json.is_finite() else None
    if isinstance(json, bool):
        return None
    if isinstance(json, int):
        return Decimal(json)
    if isinstance(json, float) and math.isfinite(json):
        return Decimal(repr(json))
    return None


def date_time_value(clock: Clock, json: Any) -> DateTime | None:
    """System.DateTime of a FHIR dateTime or instant; the evaluation's offset where it has none."""
    if isinstance(json, Element):
        json = json.json
    if not isinstance(json, str):
        return None
    moments = clock.moments
    if json in moments:
        return moments[json]
    moment = DateTime.parse(json, clock.timezone_offset)
    moments[json] = moment
    return moment


def date_value(clock: Clock, json: Any) -> Date | None:
    """System.Date of a FHIR date."""
    if isinstance(json, Element):
        json = json.json
    if not isinstance(json, str):
        return None
    dates = clock.dates
    if json in dates:
        return dates[json]
    date = Date.parse(json)
    dates[json] = date
    return date


def time_value(json: Any) -> Time | None:
    """System.Time of a FHIR time."""
    if isinstance(json, Element):
        json = json.json
    return Time.parse(json) if isinstance(json, str) else None


# ----- from CQL values to FHIR JSON (instance selectors) -----


def json_of(value: Any) -> Any:
    """A CQL value as the JSON value of a FHIR primitive."""
    if isinstance(value, (Date, DateTime, Time)):
        return value.isoformat()
    return value
