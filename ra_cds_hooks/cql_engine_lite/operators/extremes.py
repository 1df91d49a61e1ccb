"""Smallest and largest values of the ordered types, and the steps between neighbours."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..errors import EvaluationError
from ..values import Date, DateTime, Long, Quantity, Time
from ..values_temporal import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    MONTH,
    MS_PER_DAY,
    MS_PER_HOUR,
    MS_PER_MINUTE,
    MS_PER_SECOND,
    SECOND,
    YEAR,
)
from . import numeric
from .ordering import type_error
from .registry import operator

MINIMA: dict[str, Any] = {
    "Integer": numeric.MIN_INTEGER,
    "Long": Long(numeric.MIN_LONG),
    "Decimal": numeric.MIN_DECIMAL,
    "Quantity": Quantity(numeric.MIN_DECIMAL),
    "Date": Date(1, 1, 1),
    "DateTime": DateTime(1, 1, 1, 0, 0, 0, 0),
    "Time": Time(0, 0, 0, 0),
}
MAXIMA: dict[str, Any] = {
    "Integer": numeric.MAX_INTEGER,
    "Long": Long(numeric.MAX_LONG),
    "Decimal": numeric.MAX_DECIMAL,
    "Quantity": Quantity(numeric.MAX_DECIMAL),
    "Date": Date(9999, 12, 31),
    "DateTime": DateTime(9999, 12, 31, 23, 59, 59, 999),
    "Time": Time(23, 59, 59, 999),
}
_TYPE_NAMES = {
    int: "Integer",
    Long: "Long",
    Decimal: "Decimal",
    Quantity: "Quantity",
    Date: "Date",
    DateTime: "DateTime",
    Time: "Time",
}
STEP_MS = {
    HOUR: MS_PER_HOUR,
    MINUTE: MS_PER_MINUTE,
    SECOND: MS_PER_SECOND,
    MILLISECOND: 1,
}


def type_name(value: Any) -> str | None:
    """The local ELM name of an ordered value's type, None for any other value."""
    return _TYPE_NAMES.get(type(value))


def minimum(point_type: str | None, like: Any = None) -> Any:
    """Lowest value of a point type (a Quantity in the unit of `like`); None when there is none."""
    if point_type == "Quantity" and type(like) is Quantity:
        return Quantity(numeric.MIN_DECIMAL, like.unit)
    return None if point_type is None else MINIMA.get(point_type)


def maximum(point_type: str | None, like: Any = None) -> Any:
    """Highest value of a point type (a Quantity in the unit of `like`); None when none."""
    if point_type == "Quantity" and type(like) is Quantity:
        return Quantity(numeric.MAX_DECIMAL, like.unit)
    return None if point_type is None else MAXIMA.get(point_type)


@operator("MinValue", attributes=("valueType",))
def min_value(*, valueType: str) -> Any:
    """`minimum T`; EvaluationError for a type that has none."""
    return _extreme(MINIMA, valueType)


@operator("MaxValue", attributes=("valueType",))
def max_value(*, valueType: str) -> Any:
    """`maximum T`; EvaluationError for a type that has none."""
    return _extreme(MAXIMA, valueType)


def _extreme(extremes: dict[str, Any], value_type: str) -> Any:
    name = value_type.rpartition("}")[2]
    if name not in extremes:
        raise EvaluationError(f"type {name} has no minimum and maximum")
    return extremes[name]


@operator("Successor")
def successor(operand: Any) -> Any:
    """The next value; EvaluationError after the maximum."""
    return None if operand is None else neighbour(operand, 1)


@operator("Predecessor")
def predecessor(operand: Any) -> Any:
    """The value before; EvaluationError before the minimum."""
    return None if operand is None else neighbour(operand, -1)


def neighbour(value: Any, direction: int) -> Any:
    """As `step`, but EvaluationError when there is none."""
    result = step(value, direction)
    if result is None:
        which = "successor" if direction > 0 else "predecessor"
        raise EvaluationError(f"the {which} is out of the range of its type")
    return result


def step(value: Any, direction: int) -> Any:
    """The value one step (of its own precision for dates and times) up (1) or down (-1).

    None past the last or first value of the type.
    """
    kind = type(value)
    if kind is int:
        return numeric.integer(value + direction)
    if kind is Long:
        return numeric.long(value + direction)
    if kind is Decimal:
        return _decimal_neighbour(value, direction)
    if kind is Quantity:
        moved = _decimal_neighbour(value.value, direction)
        return None if moved is None else Quantity(moved, value.unit)
    if kind is Date or kind is DateTime or kind is Time:
        return _temporal_neighbour(value, direction)
    raise type_error("predecessor and successor", value)


def _decimal_neighbour(value: Decimal, direction: int) -> Decimal | None:
    moved = numeric.CONTEXT.add(value, direction * numeric.STEP)
    return moved if numeric.MIN_DECIMAL <= moved <= numeric.MAX_DECIMAL else None


def _temporal_neighbour(value: Any, direction: int) -> Any:
    precision = value.precision
    if type(value) is Time:
        moved = value.low + direction * STEP_MS[precision]
        return Time.from_milliseconds(moved, precision) if 0 <= moved < MS_PER_DAY else None
    if precision <= MONTH:
        months = 12 if precision == YEAR else 1
        year, month = divmod(value.year * 12 + (value.month or 1) - 1 + direction * months, 12)
        if not 1 <= year <= 9999:
            return None
        parts = (year, None if precision == YEAR else month + 1)
        if type(value) is Date:
            return Date(*parts)
        return DateTime(*parts, offset=value.offset, offset_given=value.offset_given)
    try:
        if type(value) is Date:
            return Date.from_day_number(value.low + direction)
        step = MS_PER_DAY if precision == DAY else STEP_MS[precision]
        return DateTime.from_milliseconds(
            value.low + direction * step, precision, value.offset, value.offset_given
        )
    except (ValueError, OverflowError):
        return None
