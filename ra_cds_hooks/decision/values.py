"""CQL values as JSON: what the Decision document, the cards' words and the replay all read.

Null, empty strings, empty lists and empty objects are left out, because CDS Hooks forbids them on
the wire and an absent member says "not computed" (cds-hooks.md [Request], architecture.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ra_cds_hooks.cql_engine_lite import (
    Code,
    Concept,
    CqlTuple,
    Date,
    DateTime,
    Interval,
    Quantity,
    Time,
)


def to_json(value: Any) -> Any:
    """One CQL value as JSON. Decimals become numbers (8 digits), dates their ISO text.

    Raises TypeError for a value that has no JSON form, so that nothing is lost silently.
    """
    # A Decision has thousands of these: the frequent kinds first, and text without a call.
    kind = value.__class__
    if kind is CqlTuple:
        members = {}
        for name, member in value.items():
            said = member if member.__class__ is str else to_json(member)
            if said or said == 0:
                members[name] = said
        return members
    if kind is list:
        return _each(value)
    if kind is str or value is None or kind is bool:
        return value
    if kind is Date:
        return value.isoformat()
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else round(float(value), 8)
    if isinstance(value, Date | DateTime | Time):
        return value.isoformat()
    if isinstance(value, Quantity):
        return without_empty({"value": to_json(value.value), "unit": value.unit})
    if isinstance(value, Code):
        return without_empty({"system": value.system, "code": value.code, "display": value.display})
    if isinstance(value, Concept):
        return without_empty({"coding": to_json(list(value.codes)), "text": value.display})
    if isinstance(value, Interval):
        return without_empty({"low": to_json(value.low), "high": to_json(value.high)})
    if isinstance(value, Mapping):
        return without_empty({str(name): to_json(member) for name, member in value.items()})
    if isinstance(value, Sequence):
        return _each(value)
    raise TypeError(f"no JSON form for a CQL {type(value).__name__}")


def _each(values: Iterable[Any]) -> list[Any]:
    return [
        said
        for value in values
        if (said := value if value.__class__ is str else to_json(value)) or said == 0
    ]


def without_empty(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members that say something: null, "", [] and {} are left out; false and 0 stay."""
    return {name: member for name, member in members.items() if member or member == 0}
