"""Three-valued order of two points: numbers, strings, dates and times, quantities.

`order(a, b)` gives -1, 0 or 1, or None where the order is not known: a date given to the month is
neither before nor after a day of that month. Every comparison, interval and sort is built on it.

Dates and times (CQL reference, comparison operators): DateTimes whose offsets differ are compared
on one clock when both have a time of day, and as written when the precision is a day or coarser.
Seconds without milliseconds are known to the second: compared to the second they equal any
millisecond of it, compared to the millisecond the answer is unknown.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..errors import EvaluationError
from ..units import conversion_factor, parse_unit
from ..values import Date, DateTime, Quantity, Time, Uncertainty
from ..values_temporal import DAY, HOUR, MS_PER_DAY, MS_PER_MINUTE
from .numeric import CONTEXT

Order = int | None

NUMBERS = (int, Decimal)


def type_error(operator: str, *operands: Any) -> EvaluationError:
    """The error for operands that the operator has no meaning for; never shows their values."""
    names = ", ".join(type(operand).__name__ for operand in operands)
    return EvaluationError(f"{operator} is not defined for operands of type {names}")


def order(left: Any, right: Any, level: int | None = None) -> Order:
    """-1, 0, 1, or None when unknown; `level` limits dates and times to that precision."""
    kind = type(left)
    if kind is type(right):
        if kind is DateTime:
            return _order_date_times(left, right, level)
        if kind is Date or kind is Time:
            return (
                _order_ranges(left, right) if level is None else _order_fields(left, right, level)
            )
        if kind is Quantity:
            return order_quantities(left, right)
        if kind is str or kind is int or kind is Decimal:
            return -1 if left < right else 1 if left > right else 0
    if isinstance(left, bool) or isinstance(right, bool):
        raise type_error("comparison", left, right)
    if isinstance(left, NUMBERS) and isinstance(right, NUMBERS):
        return -1 if left < right else 1 if left > right else 0
    if isinstance(left, Date | DateTime) and isinstance(right, Date | DateTime):
        return order(as_date_time(left, right), as_date_time(right, left), level)
    if isinstance(left, Quantity) and isinstance(right, NUMBERS):
        return order_quantities(left, Quantity(Decimal(right)))
    if isinstance(right, Quantity) and isinstance(left, NUMBERS):
        return order_quantities(Quantity(Decimal(left)), right)
    if left is None or right is None:
        return None
    raise type_error("comparison", left, right)


def as_date_time(value: Date | DateTime, other: Date | DateTime) -> DateTime:
    """A Date as a DateTime without time of day, at the other's offset; a DateTime as it is."""
    if isinstance(value, DateTime):
        return value
    offset = other.offset if isinstance(other, DateTime) else 0
    return DateTime(value.year, value.month, value.day, offset=offset, offset_given=False)


def order_quantities(left: Quantity, right: Quantity) -> Order:
    """Order after conversion to one unit; None when the units are not commensurable."""
    a, b = left.value, right.value
    if left.unit != right.unit:
        factor = conversion_factor(left.unit, right.unit)
        if factor is None:
            return None
        a = CONTEXT.multiply(a, Decimal(factor.numerator))
        b = CONTEXT.multiply(b, Decimal(factor.denominator))
    return (a > b) - (a < b)


def _order_ranges(left: Any, right: Any) -> Order:
    low, high, other_low, other_high = left.low, left.high, right.low, right.high
    if high < other_low:
        return -1
    if low > other_high:
        return 1
    return 0 if low == other_low and high == other_high else None


def _order_date_times(left: DateTime, right: DateTime, level: int | None) -> Order:
    if level is not None:
        if level > DAY and left.offset != right.offset:
            right = at_offset(right, left.offset)
        return _order_fields(left, right, level)
    low, high, other_low, other_high = left.low, left.high, right.low, right.high
    if left.offset != right.offset and left.precision >= HOUR and right.precision >= HOUR:
        shift = (left.offset - right.offset) * MS_PER_MINUTE
        other_low += shift
        other_high += shift
    if high < other_low:
        return -1
    if low > other_high:
        return 1
    return 0 if low == other_low and high == other_high else None


def at_offset(value: DateTime, offset: int) -> DateTime:
    """The same instant on the clock of another offset; unchanged when it has no time of day."""
    if value.offset == offset or value.precision < HOUR:
        return value
    moved = value.low + (offset - value.offset) * MS_PER_MINUTE
    if not MS_PER_DAY <= moved < 3652060 * MS_PER_DAY:
        return value  # the first and last day of the calendar have no other clock
    return DateTime.from_milliseconds(moved, value.precision, offset, value.offset_given)


def _order_fields(left: Any, right: Any, level: int) -> Order:
    """Component by component from the coarsest to `level`; a missing one is unknown."""
    count = level - DAY if type(left) is Time else min(level, DAY) if type(left) is Date else level
    for index in range(count):
        a, b = left[index], right[index]
        if a is None or b is None:
            return None
        if a != b:
            return -1 if a < b else 1
    return 0


def less(left: Any, right: Any, level: int | None = None) -> bool | None:
    """left < right; None when unknown."""
    if type(left) is Uncertainty or type(right) is Uncertainty:
        low, high = bounds(left)
        other_low, other_high = bounds(right)
        if order(high, other_low, level) == -1:
            return True
        reverse = order(low, other_high, level)
        return False if reverse is not None and reverse >= 0 else None
    result = order(left, right, level)
    return None if result is None else result < 0


def less_or_equal(left: Any, right: Any, level: int | None = None) -> bool | None:
    """left <= right; None when unknown."""
    greater = less(right, left, level)
    return None if greater is None else not greater


def same(left: Any, right: Any, level: int | None = None) -> bool | None:
    """left = right as points; None when unknown."""
    if type(left) is Uncertainty or type(right) is Uncertainty:
        low, high = bounds(left)
        other_low, other_high = bounds(right)
        if order(high, other_low, level) == -1 or order(low, other_high, level) == 1:
            return False
        certain = order(low, high) == 0 and order(other_low, other_high) == 0
        return True if certain and order(low, other_low, level) == 0 else None
    result = order(left, right, level)
    return None if result is None else result == 0


def bounds(value: Any) -> tuple[Any, Any]:
    """Lowest and highest possible value of a point that may be an uncertainty."""
    return (value.low, value.high) if type(value) is Uncertainty else (value, value)


def compare_for_sort(left: Any, right: Any) -> int:
    """A total order for sorting: nulls first; where the order is unknown, by earliest instant.

    Of two dates or times with the same earliest instant the less precise comes first. Quantities
    that are not commensurable are kept apart, so that those that are stay in their order.
    """
    if left is None or right is None:
        return (left is not None) - (right is not None)
    if type(left) is Uncertainty or type(right) is Uncertainty:
        return compare_for_sort(bounds(left)[0], bounds(right)[0])
    result = order(left, right)
    if result is not None:
        return result
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return -1 if _dimension(left.unit) < _dimension(right.unit) else 1
    low, other_low = left.low, right.low
    if isinstance(left, Date | DateTime):
        moment, other = as_date_time(left, right), as_date_time(right, left)
        both_timed = moment.precision >= HOUR and other.precision >= HOUR
        low = moment.low_utc if both_timed else moment.low
        other_low = other.low_utc if both_timed else other.low
    if low != other_low:
        return -1 if low < other_low else 1
    return -1 if left.precision < right.precision else 1


def _dimension(unit: str) -> tuple[tuple[str, int], ...]:
    parsed = parse_unit(unit)
    return ((unit, 0),) if parsed is None else parsed.dimension
