"""Before, After and Same... of points and intervals, and how two intervals lie to each other.

One ELM node serves points and intervals: a point stands for the interval that starts and ends on
it. All take an optional `precision`; comparisons are then made to that precision.
An `Uncertainty` is a point here, not an interval.
"""

from __future__ import annotations

from typing import Any

from ..values import Date, DateTime, Interval, Time, Uncertainty
from ..values_temporal import MONTH
from .extremes import step
from .interval_bounds import end_of, start_of
from .logic import logical_and, logical_not, logical_or
from .ordering import less, less_or_equal, same
from .precision import level_of
from .registry import operator

Truth = bool | None


def first_point(value: Any) -> Any:
    """Where an interval starts; a point itself."""
    return start_of(value) if type(value) is Interval else value


def last_point(value: Any) -> Any:
    """Where an interval ends; a point itself."""
    return end_of(value) if type(value) is Interval else value


@operator("Before", attributes=("precision",))
def before(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """left ends before right starts."""
    a, b = last_point(left), first_point(right)
    return None if a is None or b is None else less(a, b, level_of(precision))


@operator("After", attributes=("precision",))
def after(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """left starts after right ends."""
    return before(right, left, precision=precision)


@operator("SameOrBefore", attributes=("precision",))
def same_or_before(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """left ends on or before the start of right."""
    a, b = last_point(left), first_point(right)
    return None if a is None or b is None else less_or_equal(a, b, level_of(precision))


@operator("SameOrAfter", attributes=("precision",))
def same_or_after(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """left starts on or after the end of right."""
    return same_or_before(right, left, precision=precision)


@operator("SameAs", attributes=("precision",))
def same_as(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """Same points, or intervals with the same start and the same end."""
    level = level_of(precision)
    starts = _same(first_point(left), first_point(right), level)
    if type(left) is not Interval and type(right) is not Interval:
        return starts
    return logical_and(starts, _same(last_point(left), last_point(right), level))


def _same(left: Any, right: Any, level: int | None) -> Truth:
    return None if left is None or right is None else same(left, right, level)


def _before_or_same(left: Any, right: Any, level: int | None) -> Truth:
    return None if left is None or right is None else less_or_equal(left, right, level)


def _strictly_before(left: Any, right: Any, level: int | None) -> Truth:
    return None if left is None or right is None else less(left, right, level)


@operator("Overlaps", attributes=("precision",))
def overlaps(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """The intervals share a point."""
    if left is None or right is None:
        return None
    level = level_of(precision)
    return logical_and(
        _before_or_same(first_point(left), last_point(right), level),
        _before_or_same(first_point(right), last_point(left), level),
    )


@operator("OverlapsBefore", attributes=("precision",))
def overlaps_before(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """They overlap and left starts first."""
    earlier = _strictly_before(first_point(left), first_point(right), level_of(precision))
    return logical_and(overlaps(left, right, precision=precision), earlier)


@operator("OverlapsAfter", attributes=("precision",))
def overlaps_after(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """They overlap and left ends last."""
    later = _strictly_before(last_point(right), last_point(left), level_of(precision))
    return logical_and(overlaps(left, right, precision=precision), later)


@operator("MeetsBefore", attributes=("precision",))
def meets_before(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """right starts on the point after the end of left."""
    end, start = last_point(left), first_point(right)
    if end is None or start is None:
        return None
    level = level_of(precision)
    if level is not None:
        end = truncated(end, level)
    following = _next(end)
    return False if following is None else same(following, start, level)


def _next(point: Any) -> Any:
    """The point after; None when there is none."""
    if type(point) is not Uncertainty:
        return step(point, 1)
    low, high = step(point.low, 1), step(point.high, 1)
    return None if low is None else Uncertainty(low, point.high if high is None else high)


def truncated(point: Any, level: int) -> Any:
    """A date or time without its components finer than `level`; other points unchanged."""
    if isinstance(point, Date) and point.precision > level:
        return Date(point.year, point.month if level >= MONTH else None)
    if isinstance(point, DateTime) and point.precision > level:
        return DateTime.from_milliseconds(point.low, level, point.offset, point.offset_given)
    if isinstance(point, Time) and point.precision > level:
        return Time.from_milliseconds(point.low, level)
    return point


@operator("MeetsAfter", attributes=("precision",))
def meets_after(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """left starts on the point after the end of right."""
    return meets_before(right, left, precision=precision)


@operator("Meets", attributes=("precision",))
def meets(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """One starts on the point after the end of the other."""
    return logical_or(
        meets_before(left, right, precision=precision),
        meets_before(right, left, precision=precision),
    )


@operator("Starts", attributes=("precision",))
def starts(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """left starts with right and ends no later."""
    level = level_of(precision)
    return logical_and(
        _same(first_point(left), first_point(right), level),
        _before_or_same(last_point(left), last_point(right), level),
    )


@operator("Ends", attributes=("precision",))
def ends(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """left ends with right and starts no earlier."""
    level = level_of(precision)
    return logical_and(
        _same(last_point(left), last_point(right), level),
        _before_or_same(first_point(right), first_point(left), level),
    )


def interval_contains(interval: Interval, point: Any, level: int | None) -> Truth:
    """start <= point <= end; null for a null point."""
    if point is None:
        return None
    low, high, low_closed, high_closed, _ = interval
    # The common case first: nothing to derive from the bounds.
    start = low if low is not None and low_closed else start_of(interval)
    end = high if high is not None and high_closed else end_of(interval)
    return logical_and(_before_or_same(start, point, level), _before_or_same(point, end, level))


def interval_properly_contains(interval: Interval, point: Any, level: int | None) -> Truth:
    """start < point < end (CQL 1.5); null for a null point."""
    return logical_and(
        _strictly_before(start_of(interval), point, level),
        _strictly_before(point, end_of(interval), level),
    )


def interval_includes(left: Any, right: Any, level: int | None) -> Truth:
    """left starts no later and ends no earlier than right."""
    return logical_and(
        _before_or_same(first_point(left), first_point(right), level),
        _before_or_same(last_point(right), last_point(left), level),
    )


def interval_properly_includes(left: Any, right: Any, level: int | None) -> Truth:
    """left includes right and is not the same interval."""
    same_interval = logical_and(
        _same(first_point(left), first_point(right), level),
        _same(last_point(left), last_point(right), level),
    )
    return logical_and(interval_includes(left, right, level), logical_not(same_interval))
