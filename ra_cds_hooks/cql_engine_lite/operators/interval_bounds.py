"""Start, End and what follows from them: the points of one interval.

A closed null bound is the lowest or highest value of the point type; an open null bound is an
uncertainty between the other bound and that value (CQL reference, Start and End). Where the point
type is not known either, the bound cannot be determined and is null.
"""

from __future__ import annotations

from typing import Any

from ..errors import EvaluationError
from ..values import Date, DateTime, Interval, Time, Uncertainty
from .arithmetic import add, subtract
from .extremes import maximum, minimum, neighbour, type_name
from .ordering import bounds, less, same, type_error
from .registry import operator


def point_type_of(interval: Interval) -> str | None:
    """Local ELM name of the point type: as declared, else as its bounds show."""
    return type_name(interval.low) or type_name(interval.high) or interval.point_type


@operator("Start")
def start_of(operand: Interval | None) -> Any:
    """The starting point; an `Uncertainty` of points when the low bound is open and null."""
    if operand is None:
        return None
    low = operand.low
    if low is not None:
        return low if operand.low_closed else neighbour(low, 1)
    lowest = minimum(point_type_of(operand), operand.high)
    if operand.low_closed or lowest is None:
        return lowest
    return Uncertainty(lowest, bounds(_last_possible(operand))[1])


@operator("End")
def end_of(operand: Interval | None) -> Any:
    """The ending point; an `Uncertainty` of points when the high bound is open and null."""
    if operand is None:
        return None
    high = operand.high
    if high is not None:
        return high if operand.high_closed else neighbour(high, -1)
    highest = maximum(point_type_of(operand), operand.low)
    if operand.high_closed or highest is None:
        return highest
    return Uncertainty(bounds(_first_possible(operand))[0], highest)


def _first_possible(interval: Interval) -> Any:
    if interval.low is None:
        return minimum(point_type_of(interval), interval.high)
    return interval.low if interval.low_closed else neighbour(interval.low, 1)


def _last_possible(interval: Interval) -> Any:
    if interval.high is None:
        return maximum(point_type_of(interval), interval.low)
    return interval.high if interval.high_closed else neighbour(interval.high, -1)


def make_interval(
    low: Any,
    high: Any,
    low_closed: bool = True,
    high_closed: bool = True,
    point_type: str | None = None,
) -> Interval:
    """The interval selector; EvaluationError when it would end before it starts."""
    interval = Interval(low, high, low_closed, high_closed, point_type)
    if low is not None and high is not None:
        if low_closed and high_closed:
            backwards = less(high, low)
        else:
            # An open bound at the end of its type's range leaves no point at all.
            backwards = less(end_of(interval), start_of(interval))
        if backwards:
            raise EvaluationError("an interval must not end before it starts")
    return interval


@operator("Width")
def width(operand: Interval | None) -> Any:
    """End minus start; not defined for dates and times."""
    return None if operand is None else _extent(operand, "width")


@operator("Size")
def size(operand: Interval | None) -> Any:
    """End minus start plus one point; not defined for dates and times."""
    if operand is None:
        return None
    extent = _extent(operand, "Size")
    if extent is None:
        return None
    start = start_of(operand)
    return add(extent, subtract(neighbour(start, 1), start))


def _extent(interval: Interval, name: str) -> Any:
    start, end = start_of(interval), end_of(interval)
    for point in (start, end):
        if isinstance(bounds(point)[0], Date | DateTime | Time):
            raise type_error(name, interval, bounds(point)[0])
    if start is None or end is None or type(start) is Uncertainty or type(end) is Uncertainty:
        return None
    return subtract(end, start)


@operator("PointFrom")
def point_from(operand: Interval | None) -> Any:
    """The only point of a unit interval; EvaluationError when it has more than one."""
    if operand is None:
        return None
    start, end = start_of(operand), end_of(operand)
    if start is None or end is None:
        return None
    if same(start, end) is not True:
        raise EvaluationError("point from needs an interval of a single point")
    return start
