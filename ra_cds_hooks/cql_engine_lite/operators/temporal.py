"""Dates and times: constructing them, taking them apart, and the evaluation's own clock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..errors import EvaluationError
from ..values import Date, DateTime, Time
from .ordering import at_offset, type_error
from .registry import EvaluationContext, operator

_COMPONENTS = ("year", "month", "day", "hour", "minute", "second", "millisecond")


def offset_minutes(hours: Decimal | int) -> int:
    """A timezone offset in hours, as CQL writes it, in minutes."""
    return round(hours * 60)


def _check_gaps(*parts: int | None) -> None:
    """EvaluationError when a component is given below a missing one."""
    missing = False
    for part in parts:
        if part is None:
            missing = True
        elif missing:
            raise EvaluationError("a component of a date or time is given below a missing one")


@operator("Date", operands=("year", "month", "day"))
def date(year: int | None, month: int | None = None, day: int | None = None) -> Date | None:
    """A Date of the given components; EvaluationError when there is no such date."""
    if year is None:
        return None
    _check_gaps(year, month, day)
    try:
        return Date(year, month, day)
    except ValueError:
        raise EvaluationError("there is no such date") from None


@operator("DateTime", operands=(*_COMPONENTS, "timezoneOffset"), context=True)
def date_time(
    context: EvaluationContext,
    year: int | None,
    month: int | None = None,
    day: int | None = None,
    hour: int | None = None,
    minute: int | None = None,
    second: int | None = None,
    millisecond: int | None = None,
    timezone_offset: Decimal | int | None = None,
) -> DateTime | None:
    """A DateTime of the given components; the evaluation's offset where none is given.

    EvaluationError when there is no such date and time.
    """
    if year is None:
        return None
    parts = (year, month, day, hour, minute, second, millisecond)
    _check_gaps(*parts)
    given = timezone_offset is not None
    offset = context.timezone_offset if timezone_offset is None else offset_minutes(timezone_offset)
    try:
        return DateTime(*parts, offset=offset, offset_given=given)
    except ValueError:
        raise EvaluationError("there is no such date and time") from None


@operator("Time", operands=_COMPONENTS[3:])
def time(
    hour: int | None,
    minute: int | None = None,
    second: int | None = None,
    millisecond: int | None = None,
) -> Time | None:
    """A Time of the given components; EvaluationError when there is no such time of day."""
    if hour is None:
        return None
    _check_gaps(hour, minute, second, millisecond)
    try:
        return Time(hour, minute, second, millisecond)
    except ValueError:
        raise EvaluationError("there is no such time of day") from None


@operator("Now", context=True)
def now(context: EvaluationContext) -> DateTime:
    """The timestamp of the evaluation request."""
    return context.as_of


@operator("Today", context=True)
def today(context: EvaluationContext) -> Date:
    """The date of the evaluation request, on its own clock."""
    as_of = context.as_of
    return Date(as_of.year, as_of.month, as_of.day)


@operator("TimeOfDay", context=True)
def time_of_day(context: EvaluationContext) -> Time | None:
    """The time of day of the evaluation request, on its own clock."""
    return _clock_of(context.as_of)


@operator("DateTimeComponentFrom", attributes=("precision",))
def date_time_component_from(operand: Any, *, precision: str) -> int | None:
    """One component; null when the value is not given to that precision."""
    if operand is None:
        return None
    name = precision.lower()
    if name in _COMPONENTS and isinstance(operand, Date | DateTime | Time):
        component: int | None = getattr(operand, name, None)
        return component
    raise type_error(f"{precision} from", operand)


@operator("DateFrom")
def date_from(operand: DateTime | Date | None) -> Date | None:
    """The date of a DateTime on its own clock, at its precision up to the day."""
    if operand is None or isinstance(operand, Date):
        return operand
    return Date(operand.year, operand.month, operand.day)


@operator("TimeFrom", context=True)
def time_from(context: EvaluationContext, operand: DateTime | None) -> Time | None:
    """The time of day of a DateTime on the evaluation's clock; null when it has none."""
    return None if operand is None else _clock_of(at_offset(operand, context.timezone_offset))


def _clock_of(moment: DateTime) -> Time | None:
    if moment.hour is None:
        return None
    return Time(moment.hour, moment.minute, moment.second, moment.millisecond)


@operator("TimezoneOffsetFrom")
@operator("TimezoneFrom")
def timezone_offset_from(operand: DateTime | None) -> Decimal | None:
    """The offset of a DateTime in hours."""
    return None if operand is None else Decimal(operand.offset) / 60
