"""Rounding, logarithms, and the precision functions of numbers, dates and times."""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Decimal,
    DecimalException,
)
from typing import Any

from ..errors import EvaluationError
from ..values import Date, DateTime, Quantity, Time
from ..values_temporal import DAY, HOUR, MILLISECOND, MINUTE, MONTH, SECOND, YEAR
from . import numeric
from .arithmetic import decimal_of
from .numeric import CONTEXT, LOGARITHMIC, TRANSCENDENTAL
from .ordering import type_error
from .registry import operator

_WHOLE = Decimal(1)


@operator("Ceiling")
def ceiling(operand: int | Decimal | None) -> int | None:
    """The first Integer not below the operand; null when it is out of range."""
    return _to_integer(operand, ROUND_CEILING)


@operator("Floor")
def floor(operand: int | Decimal | None) -> int | None:
    """The first Integer not above the operand; null when it is out of range."""
    return _to_integer(operand, ROUND_FLOOR)


@operator("Truncate")
def truncate(operand: int | Decimal | None) -> int | None:
    """The operand without its fraction; null when it is out of range."""
    return _to_integer(operand, ROUND_DOWN)


def _to_integer(value: int | Decimal | None, rounding: str) -> int | None:
    if value is None:
        return None
    exact = decimal_of(value)
    if numeric.is_huge(exact):
        return None
    return numeric.integer(int(exact.quantize(_WHOLE, rounding, CONTEXT)))


@operator("Round", operands=("operand", "precision"))
def round_half_away(operand: Any, precision: int | None = None) -> Any:
    """Round to `precision` digits after the point (none by default), halves away from zero."""
    if operand is None:
        return None
    if type(operand) is Quantity:
        rounded = round_half_away(operand.value, precision)
        return None if rounded is None else Quantity(rounded, operand.unit)
    value = decimal_of(operand)
    digits = min(precision or 0, numeric.SCALE)
    exponent = value.as_tuple().exponent
    if (isinstance(exponent, int) and -exponent <= digits) or numeric.is_huge(value):
        return numeric.decimal(value)
    return numeric.decimal(value.quantize(_WHOLE.scaleb(-digits), ROUND_HALF_UP, CONTEXT))


@operator("Ln")
def natural_logarithm(operand: int | Decimal | None) -> Decimal | None:
    """Natural logarithm; null below zero, EvaluationError for zero (minus infinity)."""
    if operand is None or operand < 0:
        return None
    if operand == 0:
        raise EvaluationError("Ln of zero is minus infinity")
    return numeric.decimal(LOGARITHMIC.ln(decimal_of(operand)))


@operator("Log")
def logarithm(operand: int | Decimal | None, base: int | Decimal | None) -> Decimal | None:
    """Logarithm to a base; null where it is not a finite real number."""
    if operand is None or base is None or operand <= 0 or base <= 0 or base == 1:
        return None
    quotient = CONTEXT.divide(
        TRANSCENDENTAL.ln(decimal_of(operand)), TRANSCENDENTAL.ln(decimal_of(base))
    )
    return numeric.decimal(quotient)


@operator("Exp")
def exponential(operand: int | Decimal | None) -> Decimal | None:
    """e to the power of the operand; EvaluationError when it is out of range (infinity)."""
    if operand is None:
        return None
    try:
        result = numeric.decimal(TRANSCENDENTAL.exp(decimal_of(operand)))
    except DecimalException:
        result = None
    if result is None:
        raise EvaluationError("the result of Exp is too large for a Decimal")
    return result


# Digits that each precision of a date or time is written with: YYYYMMDDhhmmssfff.
_DATE_DIGITS = {YEAR: 4, MONTH: 6, DAY: 8, HOUR: 10, MINUTE: 12, SECOND: 14, MILLISECOND: 17}
_TIME_DIGITS = {HOUR: 2, MINUTE: 4, SECOND: 6, MILLISECOND: 9}
_DATE_LEVELS = {digits: level for level, digits in _DATE_DIGITS.items()}
_TIME_LEVELS = {digits: level for level, digits in _TIME_DIGITS.items()}


@operator("Precision")
def precision_of(operand: Any) -> int | None:
    """Digits after the point of a Decimal; digits in all of a date or time."""
    if operand is None:
        return None
    if isinstance(operand, Decimal):
        exponent = operand.as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else None
    if isinstance(operand, Date | DateTime):
        return _DATE_DIGITS[operand.precision]
    if isinstance(operand, Time):
        return _TIME_DIGITS[operand.precision]
    raise type_error("Precision", operand)


@operator("LowBoundary")
def low_boundary(operand: Any, precision: int | None = None) -> Any:
    """The least value that the operand may stand for, to `precision` digits."""
    return _boundary(operand, precision, high=False)


@operator("HighBoundary")
def high_boundary(operand: Any, precision: int | None = None) -> Any:
    """The greatest value that the operand may stand for, to `precision` digits."""
    return _boundary(operand, precision, high=True)


def _boundary(operand: Any, precision: int | None, *, high: bool) -> Any:
    if operand is None:
        return None
    if isinstance(operand, int | Decimal):
        return _decimal_boundary(decimal_of(operand), precision, high)
    if not isinstance(operand, Date | DateTime | Time):
        raise type_error("LowBoundary and HighBoundary", operand)
    levels = _TIME_LEVELS if isinstance(operand, Time) else _DATE_LEVELS
    if precision is None:
        level = DAY if isinstance(operand, Date) else MILLISECOND
    elif precision in levels and not (isinstance(operand, Date) and precision > 8):
        level = levels[precision]
    else:
        return None
    bound = operand.high if high else operand.low
    if isinstance(operand, Date):
        date = Date.from_day_number(bound)
        return Date(
            date.year, date.month if level >= MONTH else None, date.day if level == DAY else None
        )
    if isinstance(operand, Time):
        return Time.from_milliseconds(bound, level)
    return DateTime.from_milliseconds(bound, level, operand.offset, operand.offset_given)


def _decimal_boundary(value: Decimal, precision: int | None, high: bool) -> Decimal | None:
    """CQL 1.5: the digits not given are all zeroes (low) or all nines (high)."""
    digits = numeric.SCALE if precision is None else precision
    if not 0 <= digits <= numeric.SCALE or numeric.is_huge(value):
        return None
    exponent = value.as_tuple().exponent
    given = max(0, -exponent) if isinstance(exponent, int) else 0
    if given >= digits:
        away = ROUND_CEILING if high else ROUND_FLOOR
        return value.quantize(_WHOLE.scaleb(-digits), away, CONTEXT)
    widened = value.quantize(_WHOLE.scaleb(-digits), context=CONTEXT)
    if high:
        slack = CONTEXT.subtract(_WHOLE.scaleb(-given), _WHOLE.scaleb(-digits))
        widened = CONTEXT.add(widened, slack)
    return numeric.decimal(widened)
