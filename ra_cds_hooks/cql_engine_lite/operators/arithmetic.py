"""Add, Subtract, Multiply, Divide, TruncatedDivide, Modulo and Negate on every type.

Integer, Long and Decimal results that cannot be represented are null, and so is a division by
zero. Quantities are converted to the smaller unit of the two before they are added; units that do
not fit give null. Temporal values plus a duration are in `temporal_arithmetic`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any

from ..units import UNITY, conversion_factor, multiply_units
from ..values import Date, DateTime, Long, Quantity, Time, Uncertainty
from . import numeric
from .numeric import CONTEXT, TRANSCENDENTAL
from .ordering import bounds, order, type_error
from .registry import operator
from .temporal_arithmetic import add_duration

_HALF = Decimal("0.5")


def decimal_of(value: int | Decimal) -> Decimal:
    """An Integer or Long as a Decimal."""
    return value if isinstance(value, Decimal) else Decimal(value)


def number(value: int, like: Any) -> int | None:
    """An integral result in the type of the operand `like`: Long or Integer."""
    return numeric.long(value) if isinstance(like, Long) else numeric.integer(value)


def _wider(left: Any, right: Any) -> Any:
    return left if isinstance(left, Long) else right


def _is_integral(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _uncertain(
    function: Callable[[Any, Any], Any], left: Any, right: Any
) -> Uncertainty | int | None:
    """Arithmetic on uncertain numbers: the range of what the bounds can give."""
    results = [function(a, b) for a in bounds(left) for b in bounds(right)]
    if any(result is None for result in results):
        return None
    low, high = min(results), max(results)
    return low if low == high else Uncertainty(low, high)


@operator("Add")
def add(left: Any, right: Any) -> Any:
    """left + right: numbers, quantities, a date or time plus a duration, or strings."""
    if left is None or right is None:
        return None
    kind = type(left)
    if kind is type(right):
        if kind is int:
            return numeric.integer(left + right)
        if kind is Decimal:
            return numeric.decimal(CONTEXT.add(left, right))
        if kind is Quantity:
            return _add_quantities(left, right, 1)
        if kind is str:
            return left + right
    if kind in (Date, DateTime, Time) and type(right) is Quantity:
        return add_duration(left, right, 1)
    if _is_integral(left) and _is_integral(right):
        return number(left + right, _wider(left, right))
    if _is_number(left) and _is_number(right):
        return numeric.decimal(CONTEXT.add(decimal_of(left), decimal_of(right)))
    if kind is Uncertainty or type(right) is Uncertainty:
        return _uncertain(add, left, right)
    if kind is Quantity or type(right) is Quantity:
        return _with_quantity(add, left, right)
    raise type_error("Add", left, right)


@operator("Subtract")
def subtract(left: Any, right: Any) -> Any:
    """left - right: numbers, quantities, or a date or time minus a duration."""
    if left is None or right is None:
        return None
    kind = type(left)
    if kind is type(right):
        if kind is int:
            return numeric.integer(left - right)
        if kind is Decimal:
            return numeric.decimal(CONTEXT.subtract(left, right))
        if kind is Quantity:
            return _add_quantities(left, right, -1)
    if kind in (Date, DateTime, Time) and type(right) is Quantity:
        return add_duration(left, right, -1)
    if _is_integral(left) and _is_integral(right):
        return number(left - right, _wider(left, right))
    if _is_number(left) and _is_number(right):
        return numeric.decimal(CONTEXT.subtract(decimal_of(left), decimal_of(right)))
    if kind is Uncertainty or type(right) is Uncertainty:
        return _uncertain(subtract, left, right)
    if kind is Quantity or type(right) is Quantity:
        return _with_quantity(subtract, left, right)
    raise type_error("Subtract", left, right)


def _with_quantity(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """A number beside a quantity is a quantity without unit."""
    if _is_number(left):
        return function(Quantity(decimal_of(left)), right)
    if _is_number(right):
        return function(left, Quantity(decimal_of(right)))
    raise type_error(function.__name__, left, right)


def common_unit(left: Quantity, right: Quantity) -> tuple[Decimal, Decimal, str] | None:
    """Both values in the more granular unit of the two; None when they are not commensurable."""
    if left.unit == right.unit:
        return left.value, right.value, left.unit
    factor = conversion_factor(left.unit, right.unit)
    if factor is None:
        return None
    if factor >= 1:
        return scaled(left.value, factor.numerator, factor.denominator), right.value, right.unit
    return left.value, scaled(right.value, factor.denominator, factor.numerator), left.unit


def scaled(value: Decimal, numerator: int, denominator: int) -> Decimal:
    """value * numerator / denominator, not yet rounded to a Decimal's scale."""
    product = CONTEXT.multiply(value, Decimal(numerator))
    return product if denominator == 1 else CONTEXT.divide(product, Decimal(denominator))


def _quantity(value: Decimal, unit: str | None) -> Quantity | None:
    result = numeric.decimal(value)
    return None if result is None or unit is None else Quantity(result, unit)


def _add_quantities(left: Quantity, right: Quantity, sign: int) -> Quantity | None:
    common = common_unit(left, right)
    if common is None:
        return None
    a, b, unit = common
    return _quantity(CONTEXT.add(a, b) if sign > 0 else CONTEXT.subtract(a, b), unit)


@operator("Multiply")
def multiply(left: Any, right: Any) -> Any:
    """left * right: numbers or quantities."""
    if left is None or right is None:
        return None
    if _is_integral(left) and _is_integral(right):
        return number(int(left) * int(right), _wider(left, right))
    if _is_number(left) and _is_number(right):
        return numeric.decimal(CONTEXT.multiply(decimal_of(left), decimal_of(right)))
    if type(left) is Quantity and type(right) is Quantity:
        unit = multiply_units(left.unit, right.unit, 1)
        return _quantity(CONTEXT.multiply(left.value, right.value), unit)
    if type(left) is Uncertainty or type(right) is Uncertainty:
        return _uncertain(multiply, left, right)
    return _with_quantity(multiply, left, right)


@operator("Divide")
def divide(left: Any, right: Any) -> Any:
    """left / right as Decimals or quantities; null when the divisor is zero."""
    if left is None or right is None:
        return None
    if _is_number(left) and _is_number(right):
        if not right:
            return None
        return numeric.decimal(CONTEXT.divide(decimal_of(left), decimal_of(right)))
    if type(left) is Quantity and type(right) is Quantity:
        if not right.value:
            return None
        common = common_unit(left, right) if right.unit != UNITY else None
        if common is not None:
            return _quantity(CONTEXT.divide(common[0], common[1]), UNITY)
        unit = multiply_units(left.unit, right.unit, -1)
        return _quantity(CONTEXT.divide(left.value, right.value), unit)
    return _with_quantity(divide, left, right)


@operator("TruncatedDivide")
def truncated_divide(left: Any, right: Any) -> Any:
    """left div right, cut towards zero; null when the divisor is zero."""
    if left is None or right is None:
        return None
    if _is_integral(left) and _is_integral(right):
        if not right:
            return None
        quotient = abs(int(left)) // abs(int(right))
        return number(quotient if (left < 0) == (right < 0) else -quotient, _wider(left, right))
    if _is_number(left) and _is_number(right):
        return _integral_quotient(decimal_of(left), decimal_of(right))
    if type(left) is Quantity and type(right) is Quantity:
        common = common_unit(left, right)
        if common is None:
            return None
        value = _integral_quotient(common[0], common[1])
        return None if value is None else Quantity(value, common[2])
    return _with_quantity(truncated_divide, left, right)


def _integral_quotient(left: Decimal, right: Decimal) -> Decimal | None:
    try:
        return numeric.decimal(CONTEXT.divide_int(left, right)) if right else None
    except DecimalException:
        return None  # more digits than arithmetic holds, so out of range as well


@operator("Modulo")
def modulo(left: Any, right: Any) -> Any:
    """What is left over by `div`, with the sign of the dividend; null when the divisor is zero."""
    if left is None or right is None:
        return None
    if _is_integral(left) and _is_integral(right):
        if not right:
            return None
        rest = abs(int(left)) % abs(int(right))
        return number(-rest if left < 0 else rest, _wider(left, right))
    if _is_number(left) and _is_number(right):
        return _remainder(decimal_of(left), decimal_of(right))
    if type(left) is Quantity and type(right) is Quantity:
        common = common_unit(left, right)
        if common is None:
            return None
        value = _remainder(common[0], common[1])
        return None if value is None else Quantity(value, common[2])
    return _with_quantity(modulo, left, right)


def _remainder(left: Decimal, right: Decimal) -> Decimal | None:
    try:
        return numeric.decimal(CONTEXT.remainder(left, right)) if right else None
    except DecimalException:
        return None  # the quotient has more digits than arithmetic holds


@operator("Negate")
def negate(operand: Any) -> Any:
    """-operand; null when that is out of range."""
    if operand is None:
        return None
    if _is_integral(operand):
        return number(-int(operand), operand)
    if isinstance(operand, Decimal):
        return numeric.decimal(operand.copy_negate())
    if type(operand) is Quantity:
        return _quantity(operand.value.copy_negate(), operand.unit)
    if type(operand) is Uncertainty:
        return Uncertainty(negate(operand.high), negate(operand.low))
    raise type_error("Negate", operand)


@operator("Abs")
def absolute(operand: Any) -> Any:
    """The value without its sign; null when that is out of range."""
    if operand is None:
        return None
    zero: Any = Quantity(Decimal(0), operand.unit) if type(operand) is Quantity else 0
    return negate(operand) if order(operand, zero) == -1 else operand


@operator("Power")
def power(left: Any, right: Any) -> Any:
    """left ^ right; a whole number when both are and right is not negative, else a Decimal.

    Null when the result is not a real number or cannot be represented.
    """
    if left is None or right is None:
        return None
    if not (_is_number(left) and _is_number(right)):
        raise type_error("Power", left, right)
    if _is_integral(left) and _is_integral(right) and right >= 0:
        if abs(left) > 1 and right > 64:
            return None
        # Powers of -1, 0 and 1 repeat; the exponent is cut so that none is computed at length.
        exponent = right if right <= 64 else 64 + right % 2
        return number(int(left) ** int(exponent), _wider(left, right))
    base, exponent_value = decimal_of(left), decimal_of(right)
    if not exponent_value:
        return Decimal("1.0")
    try:
        if exponent_value == _HALF:
            return numeric.decimal(TRANSCENDENTAL.sqrt(base))  # much cheaper than a power
        return numeric.decimal(TRANSCENDENTAL.power(base, exponent_value))
    except DecimalException:
        return None
