"""DurationBetween and DifferenceBetween, with uncertainty for partial dates and times.

Duration counts whole periods, difference counts the boundaries crossed. Where an operand may stand
for several instants, the result is the `Uncertainty` of all possible answers, and a plain Integer
when there is only one.

Offsets that differ: durations up to weeks and differences up to hours are counted in elapsed time;
coarser ones on each value's own calendar (CQL appendix H). Seconds without milliseconds count as
.0 for everything coarser than milliseconds (CQL reference, DateTime).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..values import Date, DateTime, Time, Uncertainty
from ..values_temporal import (
    DAY,
    HOUR,
    MILLISECOND,
    MS_PER_DAY,
    MS_PER_HOUR,
    MS_PER_MINUTE,
    MS_PER_SECOND,
    SECOND,
    days_in_month,
)
from .ordering import as_date_time, type_error
from .precision import LEVELS, WEEK
from .registry import operator

_MS_PER = {
    WEEK: 7 * MS_PER_DAY,
    "Day": MS_PER_DAY,
    "Hour": MS_PER_HOUR,
    "Minute": MS_PER_MINUTE,
    "Second": MS_PER_SECOND,
    "Millisecond": 1,
}
Count = int | Uncertainty | None


@operator("DurationBetween", attributes=("precision",))
def duration_between(left: Any, right: Any, *, precision: str) -> Count:
    """Whole periods from left to right, negative when right is earlier."""
    operands = _prepared(left, right, precision)
    if operands is None:
        return None
    left, right = operands
    if precision in ("Year", "Month"):
        size = 12 if precision == "Year" else 1
        return _range(left, right, lambda a, b: _whole_months(a, b, size) // size)
    return _elapsed(left, right, precision, lambda a, b: _cut(b - a, _MS_PER[precision]))


@operator("DifferenceBetween", attributes=("precision",))
def difference_between(left: Any, right: Any, *, precision: str) -> Count:
    """Boundaries of the precision crossed from left to right."""
    operands = _prepared(left, right, precision)
    if operands is None:
        return None
    left, right = operands
    if precision in ("Year", "Month"):
        size = 12 if precision == "Year" else 1
        return _range(left, right, lambda a, b: _month_index(b) // size - _month_index(a) // size)
    size = _MS_PER[precision]
    if precision in ("Day", WEEK):
        return _range(left, right, lambda a, b: b // size - a // size)
    return _elapsed(left, right, precision, lambda a, b: b // size - a // size)


def _cut(amount: int, size: int) -> int:
    return amount // size if amount >= 0 else -(-amount // size)


def _prepared(left: Any, right: Any, precision: str) -> tuple[Any, Any] | None:
    """Both operands in one type; None when either is null."""
    if left is None or right is None:
        return None
    if type(left) is not type(right):
        if not (isinstance(left, Date | DateTime) and isinstance(right, Date | DateTime)):
            raise type_error(f"{precision}s between", left, right)
        left, right = as_date_time(left, right), as_date_time(right, left)
    coarsest = HOUR if isinstance(left, Time) else 1
    finest = DAY if isinstance(left, Date) else MILLISECOND
    level = DAY if precision == WEEK else LEVELS[precision]
    if not isinstance(left, Date | DateTime | Time) or not coarsest <= level <= finest:
        raise type_error(f"{precision}s between", left, right)
    return left, right


def _range(left: Any, right: Any, count: Callable[[int, int], int]) -> Count:
    """The counts between the earliest and latest instants that the operands may be."""
    return _counts(_instants(left), _instants(right), count)


def _elapsed(left: Any, right: Any, precision: str, count: Callable[[int, int], int]) -> Count:
    """As `_range`, with both operands on one clock where they have a time of day."""
    exact = precision == "Millisecond"
    first, (low, high) = _instants(left, exact), _instants(right, exact)
    if isinstance(left, DateTime) and left.precision >= HOUR and right.precision >= HOUR:
        shift = (left.offset - right.offset) * MS_PER_MINUTE
        low, high = low + shift, high + shift
    return _counts(first, (low, high), count)


def _counts(
    left: tuple[int, int], right: tuple[int, int], count: Callable[[int, int], int]
) -> Count:
    least, most = count(left[1], right[0]), count(left[0], right[1])
    return least if least == most else Uncertainty(least, most)


def _instants(value: Any, exact: bool = False) -> tuple[int, int]:
    """First and last instant in milliseconds.

    Milliseconds that are not given count as zero unless they matter (`exact`).
    """
    if isinstance(value, Date):
        return value.low * MS_PER_DAY, value.high * MS_PER_DAY
    return value.low, value.low if value.precision == SECOND and not exact else value.high


def _civil(milliseconds: int) -> tuple[int, int, int, int]:
    """Year, month, day and millisecond of the day."""
    day, rest = divmod(milliseconds, MS_PER_DAY)
    date = Date.from_day_number(day)
    assert date.month is not None
    assert date.day is not None
    return date.year, date.month, date.day, rest


def _month_index(milliseconds: int) -> int:
    year, month, _, _ = _civil(milliseconds)
    return year * 12 + month - 1


def _whole_months(start: int, end: int, size: int) -> int:
    """The most months, in steps of `size`, that fit between; negative when end is earlier.

    A step keeps the day of the month or takes the last one, as adding months does.
    """
    year, month, day, rest = _civil(start)
    end_year, end_month, end_day, end_rest = _civil(end)
    months = (end_year - year) * 12 + end_month - month
    months = _cut(months, size) * size
    landing_year, landing_index = divmod(year * 12 + month - 1 + months, 12)
    landing_day = min(day, days_in_month(landing_year, landing_index + 1))
    landing = (landing_year, landing_index + 1, landing_day, rest)
    if end >= start and landing > (end_year, end_month, end_day, end_rest):
        return months - size
    if end < start and landing < (end_year, end_month, end_day, end_rest):
        return months + size
    return months
