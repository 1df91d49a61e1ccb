"""Collapse and Expand: lists of intervals made continuous, and cut into equal parts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal
from functools import cmp_to_key
from typing import Any

from ..errors import EvaluationError
from ..units import calendar_word, conversion_factor
from ..values import Date, DateTime, Interval, Long, Quantity, Time, Uncertainty
from ..values_temporal import DAY, HOUR, MILLISECOND, MINUTE, MONTH, SECOND, YEAR
from .arithmetic import add, scaled
from .distinct import distinct_elements
from .extremes import step
from .interval_bounds import end_of, start_of
from .numeric import CONTEXT
from .ordering import compare_for_sort, less_or_equal, type_error
from .registry import operator
from .timing import truncated

_UNIT_LEVELS = {
    "year": YEAR,
    "month": MONTH,
    "wk": DAY,
    "d": DAY,
    "h": HOUR,
    "min": MINUTE,
    "s": SECOND,
    "ms": MILLISECOND,
}
_UNIT_OF_LEVEL = {
    YEAR: "year",
    MONTH: "month",
    DAY: "day",
    HOUR: "hour",
    MINUTE: "minute",
    SECOND: "second",
    MILLISECOND: "millisecond",
}
# An expansion beyond this is a mistake in the content, not a list anyone wants.
MAX_EXPANSION = 1_000_000
_TEMPORAL = (Date, DateTime, Time)


@operator("Collapse")
def collapse(operand: list[Interval | None] | None, per: Quantity | None = None) -> Any:
    """The fewest intervals that cover the same points, sorted by start.

    Intervals merge when they overlap or meet; `per` is the gap at which they still meet (one step
    of the boundaries' coarsest precision when null). Nulls, and intervals of which neither start
    nor end can be determined, are dropped; one with an uncertain bound stays as it is.
    """
    if operand is None:
        return None
    known, uncertain = _known_intervals(operand)
    level = _comparison_level(known, per)
    merged: list[tuple[Any, Any, Interval]] = []
    for start, end, interval in known:
        if merged and _reaches(merged[-1][1], start, per, level):
            if less_or_equal(end, merged[-1][1], level) is not True:
                first_start, _, first = merged[-1]
                joined = Interval(
                    first.low,
                    interval.high,
                    first.low_closed,
                    interval.high_closed,
                    first.point_type,
                )
                merged[-1] = (first_start, end, joined)
        else:
            merged.append((start, end, interval))
    return [interval for _, _, interval in merged] + uncertain


def _known_intervals(
    intervals: list[Interval | None],
) -> tuple[list[tuple[Any, Any, Interval]], list[Interval]]:
    """(start, end, interval) sorted by start, and the intervals with an uncertain bound."""
    known: list[tuple[Any, Any, Interval]] = []
    uncertain = []
    for interval in intervals:
        if interval is None:
            continue
        start, end = start_of(interval), end_of(interval)
        if type(start) is Uncertainty or type(end) is Uncertainty:
            uncertain.append(interval)
        elif start is not None and end is not None:
            known.append((start, end, interval))
    known.sort(key=_by_start)
    return known, uncertain


def _compare_starts(left: tuple[Any, Any, Interval], right: tuple[Any, Any, Interval]) -> int:
    return compare_for_sort(left[0], right[0])


_by_start = cmp_to_key(_compare_starts)


def _comparison_level(known: list[tuple[Any, Any, Interval]], per: Quantity | None) -> int | None:
    """The precision at which dates and times are compared; None for other points."""
    points = [point for start, end, _ in known for point in (start, end)]
    if not points or not isinstance(points[0], _TEMPORAL):
        return None
    coarsest: int = min(point.precision for point in points)
    return coarsest if per is None else min(coarsest, _unit_level(per, points[0]))


def _unit_level(per: Quantity, point: Any) -> int:
    level = _UNIT_LEVELS.get(calendar_word(per.unit))
    if level is None:
        raise type_error("expand and collapse per this unit", point)
    return level


def _reaches(end: Any, start: Any, per: Quantity | None, level: int | None) -> bool:
    """Whether an interval that ends here overlaps or meets one that starts there."""
    if level is not None:
        end, start = truncated(end, level), truncated(start, level)
    if less_or_equal(start, end, level) is True:
        return True
    following = step(end, 1) if per is None else _moved(end, per)
    return following is not None and less_or_equal(start, following, level) is True


def _moved(point: Any, per: Quantity) -> Any:
    if isinstance(point, (*_TEMPORAL, Quantity)):
        return add(point, per)
    return add(Decimal(point), per.value)


@operator("Expand")
def expand(operand: Any, per: Quantity | None = None) -> list[Any] | None:
    """Cut a list of intervals into intervals of size `per`, or one interval into its points.

    Only parts that lie wholly within count. An interval without both bounds, or less precise than
    `per` (dates and times), gives nothing. EvaluationError beyond a million parts.
    """
    if operand is None:
        return None
    if type(operand) is Interval:
        return [part.low for part in _parts(operand, per)]
    intervals = [interval for interval in operand if interval is not None]
    return distinct_elements([part for interval in intervals for part in _parts(interval, per)])


def _parts(interval: Interval, per: Quantity | None) -> Iterator[Interval]:
    if interval.low is None or interval.high is None:
        return iter(())
    start, end = start_of(interval), end_of(interval)
    if isinstance(start, _TEMPORAL):
        return _temporal_parts(start, end, per)
    if isinstance(start, Quantity):
        return _quantity_parts(start, end, per)
    if isinstance(start, int | Decimal):
        whole = isinstance(start, int) and isinstance(end, int)
        values = _number_parts(Decimal(start), Decimal(end), None if per is None else per.value)
        if whole and (per is None or per.value == per.value.to_integral_value()):
            kind = Long if isinstance(start, Long) else int
            return (Interval(kind(low), kind(high)) for low, high in values)
        return (Interval(low, high) for low, high in values)
    raise type_error("Expand", start)


def _digits(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _number_parts(
    start: Decimal, end: Decimal, per: Decimal | None
) -> Iterator[tuple[Decimal, Decimal]]:
    """First and last value of each part, at the precision of `per`."""
    coarsest = min(_digits(start), _digits(end))
    size = Decimal(1).scaleb(-coarsest) if per is None else per
    if size <= 0:
        raise EvaluationError("the size of the parts of an expansion must be positive")
    digits = _digits(size)
    unit = Decimal(1).scaleb(-digits)
    # A bound given to fewer digits than the parts reaches up to the next value of its own digits.
    slack = max(Decimal(0), Decimal(1).scaleb(-_digits(end)) - unit)
    limit = CONTEXT.add(end, slack).quantize(unit, ROUND_FLOOR, CONTEXT)
    low = start.quantize(unit, ROUND_FLOOR, CONTEXT)
    count = 0
    while (high := CONTEXT.subtract(CONTEXT.add(low, size), unit)) <= limit:
        yield low, high
        count = _counted(count)
        low = CONTEXT.add(low, size)


def _counted(count: int) -> int:
    if count >= MAX_EXPANSION:
        raise EvaluationError("the expansion of an interval is too large")
    return count + 1


def _quantity_parts(start: Quantity, end: Quantity, per: Quantity | None) -> Iterator[Interval]:
    unit = start.unit
    size = None
    if per is not None:
        size = per.value
        factor = conversion_factor(per.unit, unit)
        if factor is not None:
            size = scaled(per.value, factor.numerator, factor.denominator)
        elif per.unit != "1":
            raise EvaluationError("the unit of the parts does not fit the interval's unit")
    to_unit = conversion_factor(end.unit, unit)
    if to_unit is None:
        return
    limit = scaled(end.value, to_unit.numerator, to_unit.denominator)
    for low, high in _number_parts(start.value, limit, size):
        yield Interval(Quantity(low, unit), Quantity(high, unit))


def _temporal_parts(start: Any, end: Any, per: Quantity | None) -> Iterator[Interval]:
    level = min(start.precision, end.precision)
    if per is None:
        per = Quantity(Decimal(1), _UNIT_OF_LEVEL[level])
    else:
        wanted = _unit_level(per, start)
        if wanted > level:
            return
        level = wanted
    low, limit = truncated(start, level), truncated(end, level)
    count = 0
    while True:
        try:
            following = add(low, per)
        except EvaluationError:
            return  # past the last year
        last = step(following, -1)
        # Times wrap at midnight: then the part would end in the next day.
        if last is None or less_or_equal(low, last) is not True:
            return
        if less_or_equal(last, limit, level) is not True:
            return
        yield Interval(low, last)
        count = _counted(count)
        low = following
