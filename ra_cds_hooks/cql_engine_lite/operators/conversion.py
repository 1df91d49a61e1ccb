"""Conversions between types, and whether they are possible (CQL reference, type operators).

A conversion that is not possible gives null, never an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ..units import UNITY, conversion_factor
from ..values import Code, Concept, Date, DateTime, Long, Quantity, Ratio, Time
from . import numeric
from .arithmetic import decimal_of, divide, scaled
from .ordering import type_error
from .registry import EvaluationContext, operator

_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_QUANTITY = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)\s*(?:'([^']*)'|([a-z]+))?")
_CALENDAR_WORD = re.compile(r"(?:year|month|week|day|hour|minute|second|millisecond)s?")


@operator("ToBoolean")
def to_boolean(operand: Any) -> bool | None:
    """Boolean of true/false, t/f, yes/no, y/n, 1/0 in any case, or of the numbers 1 and 0."""
    if operand is None or isinstance(operand, bool):
        return operand
    if isinstance(operand, int | Decimal):
        return bool(operand) if operand in (0, 1) else None
    if isinstance(operand, str):
        text = operand.lower()
        return True if text in _TRUE else False if text in _FALSE else None
    raise type_error("ToBoolean", operand)


@operator("ToInteger")
def to_integer(operand: Any) -> int | None:
    """Integer of a whole number in range, written out or not, or of a Boolean."""
    value = _whole(operand, "ToInteger")
    return None if value is None else numeric.integer(value)


@operator("ToLong")
def to_long(operand: Any) -> Long | None:
    """Long of a whole number in range, written out or not, or of a Boolean."""
    value = _whole(operand, "ToLong")
    return None if value is None else numeric.long(value)


def _whole(operand: Any, name: str) -> int | None:
    if operand is None:
        return None
    if isinstance(operand, int):
        return int(operand)
    if isinstance(operand, str):
        return int(operand) if _INTEGER.fullmatch(operand) and len(operand) < 40 else None
    raise type_error(name, operand)


@operator("ToDecimal")
def to_decimal(operand: Any) -> Decimal | None:
    """Decimal of a number, written out or not, or of a Boolean."""
    if operand is None or isinstance(operand, Decimal):
        return operand
    if isinstance(operand, int):
        return Decimal(int(operand))
    if isinstance(operand, str):
        return numeric.decimal(Decimal(operand)) if _DECIMAL.fullmatch(operand) else None
    raise type_error("ToDecimal", operand)


@operator("ToQuantity")
def to_quantity(operand: Any) -> Quantity | None:
    """Quantity of a number (unit '1'), of text such as `5.5 'mg'` or `4 days`, or of a Ratio."""
    if operand is None or isinstance(operand, Quantity):
        return operand
    if isinstance(operand, int | Decimal) and not isinstance(operand, bool):
        return Quantity(decimal_of(operand))
    if isinstance(operand, Ratio):
        quotient: Quantity | None = divide(operand.numerator, operand.denominator)
        return quotient
    if isinstance(operand, str):
        return _parse_quantity(operand)
    raise type_error("ToQuantity", operand)


def _parse_quantity(text: str) -> Quantity | None:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        return None
    number, unit, word = match.groups()
    value = numeric.decimal(Decimal(number))
    if value is None or (word is not None and not _CALENDAR_WORD.fullmatch(word)):
        return None
    return Quantity(value, unit or word or UNITY)


@operator("ToRatio")
def to_ratio(operand: Any) -> Ratio | None:
    """Ratio of text such as `1 'mg':2 'mL'`."""
    if operand is None or isinstance(operand, Ratio):
        return operand
    if not isinstance(operand, str):
        raise type_error("ToRatio", operand)
    # A colon inside a unit is always in quotes, so the one outside divides.
    match = re.fullmatch(r"((?:[^':]|'[^']*')*):((?:[^':]|'[^']*')*)", operand)
    if match is None:
        return None
    numerator, denominator = _parse_quantity(match[1]), _parse_quantity(match[2])
    return None if numerator is None or denominator is None else Ratio(numerator, denominator)


@operator("ToDate")
def to_date(operand: Any) -> Date | None:
    """Date of a DateTime (on its own clock) or of ISO 8601 text, a time part ignored."""
    if operand is None or isinstance(operand, Date):
        return operand
    if isinstance(operand, DateTime):
        return Date(operand.year, operand.month, operand.day)
    if isinstance(operand, str):
        return Date.parse(operand)
    raise type_error("ToDate", operand)


@operator("ToDateTime", context=True)
def to_date_time(context: EvaluationContext, operand: Any) -> DateTime | None:
    """DateTime of a Date (without time of day) or of ISO 8601 text, at the evaluation's offset."""
    if operand is None or isinstance(operand, DateTime):
        return operand
    offset = context.timezone_offset
    if isinstance(operand, Date):
        year, month, day = operand.year, operand.month, operand.day
        return DateTime(year, month, day, offset=offset, offset_given=False)
    if isinstance(operand, str):
        return DateTime.parse(operand, offset)
    raise type_error("ToDateTime", operand)


@operator("ToTime")
def to_time(operand: Any) -> Time | None:
    """Time of ISO 8601 text, with or without T; a timezone is dropped."""
    if operand is None or isinstance(operand, Time):
        return operand
    if isinstance(operand, str):
        return Time.parse(operand)
    if isinstance(operand, DateTime):
        hour = operand.hour
        return None if hour is None else Time(hour, *operand[4:7])
    raise type_error("ToTime", operand)


@operator("ToString")
def to_string(operand: Any) -> str | None:
    """The text from which the same value can be read back."""
    if operand is None or isinstance(operand, str):
        return operand
    if isinstance(operand, bool):
        return "true" if operand else "false"
    if isinstance(operand, int):
        return str(int(operand))
    if isinstance(operand, Decimal):
        return _written(operand)
    if isinstance(operand, Quantity):
        calendar = _CALENDAR_WORD.fullmatch(operand.unit)
        unit = operand.unit if calendar else f"'{operand.unit}'"
        return f"{_written(operand.value)} {unit}"
    if isinstance(operand, Ratio):
        return f"{to_string(operand.numerator)}:{to_string(operand.denominator)}"
    if isinstance(operand, Date | DateTime | Time):
        return operand.isoformat()
    raise type_error("ToString", operand)


def _written(value: Decimal) -> str:
    text = format(value, "f")
    return text.removeprefix("-") if not value else text


@operator("ToConcept")
def to_concept(operand: Any) -> Concept | None:
    """Concept of one Code, with its display, or of a list of codes."""
    if operand is None or isinstance(operand, Concept):
        return operand
    if isinstance(operand, Code):
        return Concept((operand,), operand.display)
    if isinstance(operand, list):
        return Concept(tuple(code for code in operand if code is not None))
    raise type_error("ToConcept", operand)


@operator("ToList")
def to_list(operand: Any) -> list[Any]:
    """A list of the operand alone; empty for null."""
    return [] if operand is None else [operand]


@operator("ToChars")
def to_chars(operand: str | None) -> list[str] | None:
    """The characters of a string."""
    return None if operand is None else list(operand)


@operator("ConvertQuantity")
def convert_quantity(operand: Quantity | None, unit: str | None) -> Quantity | None:
    """The same quantity in another unit; null when the units do not fit."""
    if operand is None or unit is None:
        return None
    factor = conversion_factor(operand.unit, unit)
    if factor is None:
        return None
    value = numeric.decimal(scaled(operand.value, factor.numerator, factor.denominator))
    return None if value is None else Quantity(value, unit)


@operator("CanConvertQuantity")
def can_convert_quantity(operand: Quantity | None, unit: str | None) -> bool | None:
    """Whether ConvertQuantity would give a value."""
    if operand is None or unit is None:
        return None
    return convert_quantity(operand, unit) is not None


def _register_test(name: str, convert: Callable[[Any], Any]) -> None:
    """Register ConvertsTo<name>: null of null, else whether the conversion gives a value."""

    @operator(f"ConvertsTo{name}")
    def converts(operand: Any) -> bool | None:
        return None if operand is None else convert(operand) is not None


_register_test("Boolean", to_boolean)
_register_test("Integer", to_integer)
_register_test("Long", to_long)
_register_test("Decimal", to_decimal)
_register_test("Quantity", to_quantity)
_register_test("Ratio", to_ratio)
_register_test("Date", to_date)
_register_test("Time", to_time)
_register_test("String", to_string)


@operator("ConvertsToDateTime", context=True)
def converts_to_date_time(context: EvaluationContext, operand: Any) -> bool | None:
    """Null of null, else whether ToDateTime gives a value."""
    return None if operand is None else to_date_time(context, operand) is not None
