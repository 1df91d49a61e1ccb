"""Union, Intersect and Except of two lists or of two intervals."""

from __future__ import annotations

from typing import Any

from ..values import Interval
from .distinct import as_elements, distinct_elements
from .extremes import step
from .interval_bounds import end_of, point_type_of, start_of
from .ordering import less, less_or_equal
from .registry import operator
from .timing import interval_includes, meets, overlaps

Signature = tuple[str | None, ...] | None


@operator("Union", typed=True)
def union(left: Any, right: Any, *, signature: Signature = None) -> Any:
    """All different elements of two lists (a null list is empty); one interval from two.

    Null for intervals that neither overlap nor meet, or where that is not known.
    """
    if type(left) is Interval or type(right) is Interval:
        return None if left is None or right is None else _interval_union(left, right)
    if left is None and right is None:
        return [] if signature is not None and "List" in signature else None
    return distinct_elements(left or (), right or ())


@operator("Intersect")
def intersect(left: Any, right: Any) -> Any:
    """The different elements in both lists; the overlap of two intervals, null without one."""
    if left is None or right is None:
        return None
    if type(left) is Interval:
        return _interval_intersection(left, right)
    others = as_elements(right)
    return distinct_elements([element for element in left if element in others])


@operator("Except")
def except_of(left: Any, right: Any) -> Any:
    """The different elements of left that are not in right; what right leaves of an interval.

    Null for an interval of which nothing or two pieces would be left.
    """
    if left is None:
        return None
    if type(left) is Interval:
        return None if right is None else _interval_difference(left, right)
    others = as_elements(right or ())
    return distinct_elements([element for element in left if element not in others])


# A bound of a result: its value and whether it is closed. An unknown one is null and open.
_Bound = tuple[Any, bool]
_UNKNOWN: _Bound = (None, False)


def _low_bound(interval: Interval) -> _Bound:
    if interval.low is None:
        return None, interval.low_closed
    return start_of(interval), True


def _high_bound(interval: Interval) -> _Bound:
    if interval.high is None:
        return None, interval.high_closed
    return end_of(interval), True


def _interval(low: _Bound, high: _Bound, like: Interval, other: Interval) -> Interval:
    point_type = point_type_of(like) or point_type_of(other)
    return Interval(low[0], high[0], low[1], high[1], point_type)


def _choose(goes_first: bool | None, first: _Bound, second: _Bound) -> _Bound:
    """The first bound when it is known to be the one wanted, the second when it is not."""
    if goes_first is None:
        return _UNKNOWN
    return first if goes_first else second


def _interval_union(left: Interval, right: Interval) -> Interval | None:
    if overlaps(left, right) is not True and meets(left, right) is not True:
        return None
    left_first = less_or_equal(start_of(left), start_of(right))
    left_last = less_or_equal(end_of(right), end_of(left))
    low = _choose(left_first, _low_bound(left), _low_bound(right))
    high = _choose(left_last, _high_bound(left), _high_bound(right))
    return _interval(low, high, left, right)


def _interval_intersection(left: Interval, right: Interval) -> Interval | None:
    if overlaps(left, right) is not True:
        return None
    left_first = less_or_equal(start_of(left), start_of(right))
    left_last = less_or_equal(end_of(right), end_of(left))
    low = _choose(left_first, _low_bound(right), _low_bound(left))
    high = _choose(left_last, _high_bound(right), _high_bound(left))
    return _interval(low, high, left, right)


def _interval_difference(left: Interval, right: Interval) -> Interval | None:
    overlapping = overlaps(left, right)
    if overlapping is False:
        return left
    if overlapping is None or interval_includes(right, left, None) is not False:
        return None
    begins = less(start_of(left), start_of(right))
    lasts = less(end_of(right), end_of(left))
    if begins is True and lasts is False:
        before = step(start_of(right), -1)
        return _interval(_low_bound(left), (before, True), left, right)
    if begins is False and lasts is True:
        after = step(end_of(right), 1)
        return _interval((after, True), _high_bound(left), left, right)
    return None
