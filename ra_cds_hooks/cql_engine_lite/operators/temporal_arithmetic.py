"""A date or time plus or minus a duration (CQL reference, date and time Add and Subtract).

Calendar semantics: adding months keeps the day or takes the month's last one. A duration finer
than the value's precision is first converted to that precision and cut (24 months are two years,
33 days are one month). Days to months count 30, days to years 365, as the specification converts
calendar durations in one step.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any

from ..errors import EvaluationError
from ..units import calendar_word
from ..values import Date, DateTime, Quantity, Time
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
    days_in_month,
)

_LEVELS = {
    "year": YEAR,
    "month": MONTH,
    "wk": DAY,
    "d": DAY,
    "h": HOUR,
    "min": MINUTE,
    "s": SECOND,
    "ms": MILLISECOND,
}
_MS_PER = {
    HOUR: MS_PER_HOUR,
    MINUTE: MS_PER_MINUTE,
    SECOND: MS_PER_SECOND,
    MILLISECOND: 1,
    DAY: MS_PER_DAY,
}
_DAYS_PER_MONTH, _DAYS_PER_YEAR, _MONTHS_PER_YEAR = 30, 365, 12


def add_duration(value: Any, duration: Quantity, sign: int) -> Any:
    """value + sign * duration, at the precision of `value`.

    EvaluationError when the unit is not a calendar duration that fits the type (UCUM's 'a' and
    'mo' are definite durations and are refused), or when the result leaves years 1..9999.
    """
    unit = calendar_word(duration.unit)
    level = _LEVELS.get(unit)
    if level is None:
        raise EvaluationError("the unit is not a calendar duration")
    if (type(value) is Date and level > DAY) or (type(value) is Time and level < HOUR):
        name = type(value).__name__
        raise EvaluationError(f"a duration of this unit cannot be added to a {name}")
    if level == SECOND:
        # Only seconds have a fraction that counts: it is milliseconds.
        amount, level = _whole(duration.value * 1000), MILLISECOND
    else:
        amount = _whole(duration.value)
    if unit == "wk":
        amount *= 7
    amount *= sign
    if level > value.precision:
        amount, level = _coarser(amount, level, value.precision), value.precision
    try:
        return _added(value, amount, level)
    except (ValueError, OverflowError):
        raise EvaluationError("the date is out of the range of years 1 to 9999") from None


def _whole(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_DOWN))


def _cut(amount: int, size: int) -> int:
    """amount / size without fraction, towards zero."""
    return amount // size if amount >= 0 else -(-amount // size)


def _coarser(amount: int, level: int, target: int) -> int:
    """The amount of a finer unit in whole units of a coarser precision."""
    if level == MONTH:
        return _cut(amount, _MONTHS_PER_YEAR)
    if level > DAY:
        if target >= DAY:
            return _cut(amount * _MS_PER[level], _MS_PER[target])
        amount = _cut(amount * _MS_PER[level], MS_PER_DAY)
    return _cut(amount, _DAYS_PER_MONTH if target == MONTH else _DAYS_PER_YEAR)


def _added(value: Any, amount: int, level: int) -> Any:
    if type(value) is Time:
        moved = (value.low + amount * _MS_PER[level]) % MS_PER_DAY
        return Time.from_milliseconds(moved, value.precision)
    if level <= MONTH:
        return _add_months(value, amount * (_MONTHS_PER_YEAR if level == YEAR else 1))
    if type(value) is Date:
        return Date.from_day_number(value.low + amount)
    return DateTime.from_milliseconds(
        value.low + amount * _MS_PER[level], value.precision, value.offset, value.offset_given
    )


def _add_months(value: Any, months: int) -> Any:
    year, month_index = divmod(value.year * 12 + (value.month or 1) - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ValueError("year out of range")
    month = None if value.month is None else month_index + 1
    day = value.day
    if day is not None and month is not None:
        day = min(day, days_in_month(year, month))
    if type(value) is Date:
        return Date(year, month, day)
    return DateTime(year, month, day, *value[3:9])
