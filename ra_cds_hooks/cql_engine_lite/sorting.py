"""Sorting rows by CQL values: nulls first, stable, no order assumed where CQL knows none."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from .fhir_json import (
    Clock,
    Element,
    date_time_value,
    date_value,
    decimal_value,
    time_value,
)
from .operators.ordering import compare_for_sort
from .values import Date, DateTime, Quantity

_NATIVE = (str, int, Decimal)
_LOWEST = -(10**18)


def sort_key(clock: Clock, value: Any, fhir_type: str | None = None) -> Any:
    """A row's key as a CQL value: FHIR primitives and quantities are read as such."""
    if isinstance(value, Element):
        fhir_type = value.type or fhir_type
        value = value.json
    if fhir_type in ("dateTime", "instant"):
        return date_time_value(clock, value)
    if fhir_type == "date":
        return date_value(clock, value)
    if fhir_type == "time":
        return time_value(value)
    if isinstance(value, float):
        return decimal_value(value)
    if isinstance(value, dict) and "value" in value:
        number, unit = decimal_value(value["value"]), value.get("code") or value.get("unit")
        if number is not None:
            return Quantity(number, unit if isinstance(unit, str) else "1")
    return value


def sort_rows(
    rows: list[Any] | None, keys: list[tuple[Any, ...]], descending: Sequence[bool]
) -> list[Any] | None:
    """The rows ordered by their keys, the first key weighing most.

    Null is the lowest value (CQL, author's guide, "Sorting"); equal rows keep their order.
    """
    if rows is None or len(rows) < 2:
        return rows
    numbers = list(range(len(rows)))
    for column in range(len(descending) - 1, -1, -1):
        ranks = _ranks([key[column] for key in keys])
        numbers.sort(key=ranks.__getitem__, reverse=descending[column])
    return [rows[number] for number in numbers]


def _ranks(values: list[Any]) -> list[Any]:
    """For each value something that Python orders as CQL orders the values, null lowest."""
    present = [value for value in values if value is not None]
    kinds = {type(value) for value in present}
    if len(kinds) == 1:
        kind = kinds.pop()
        if kind in _NATIVE:
            if len(present) == len(values):
                return values
            return [(value is not None, value or kind()) for value in values]
        if kind is Date and len({value.precision for value in present}) == 1:
            return [_LOWEST if value is None else value.low for value in values]
        if kind is DateTime and len({value.precision for value in present}) == 1:
            return [_LOWEST if value is None else value.low_utc for value in values]
    return list(map(cmp_to_key(compare_for_sort), values))
