"""Ranges of the number types and the arithmetic context that keeps to them.

Decimal: 8 digits after the point; at least 28 digits in all are required (CQL reference, Decimal),
here 28 before the point, which is what the public conformance expressions need. Results with more
digits after the point are rounded half up to 8; a result out of range is null.
"""

from __future__ import annotations

from decimal import (
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

from ..values import Long

# Enough digits for any product of two Decimals in range, so that only the last step rounds.
_TRAPS = [InvalidOperation, DivisionByZero, Overflow]
CONTEXT = Context(prec=80, rounding=ROUND_HALF_UP, traps=_TRAPS)
# Logarithms and roots: the 36 digits of the largest Decimal and some to round with.
TRANSCENDENTAL = Context(prec=45, rounding=ROUND_HALF_UP, traps=_TRAPS)
# A logarithm of a Decimal is below 100, so that this leaves ten digits to round with.
LOGARITHMIC = Context(prec=20, rounding=ROUND_HALF_UP, traps=_TRAPS)

MIN_INTEGER, MAX_INTEGER = -(2**31), 2**31 - 1
MIN_LONG, MAX_LONG = -(2**63), 2**63 - 1
STEP = Decimal("0.00000001")
SCALE = 8
# What `maximum Decimal` gives; larger values may still occur as intermediate results.
MAX_DECIMAL = Decimal("99999999999999999999.99999999")
MIN_DECIMAL = -MAX_DECIMAL
_DECIMAL_END = Decimal(10) ** 28
_ONE = Decimal(1)


def is_huge(value: Decimal) -> bool:
    """Whether a number from outside is so far out of range that arithmetic would not hold it."""
    return value.adjusted() > _DECIMAL_END.adjusted() or not value.is_finite()


def integer(value: int) -> int | None:
    """The value if it is an Integer, else None (overflow)."""
    return value if MIN_INTEGER <= value <= MAX_INTEGER else None


def long(value: int) -> Long | None:
    """The value as a Long if it fits, else None (overflow)."""
    return Long(value) if MIN_LONG <= value <= MAX_LONG else None


def decimal(value: Decimal) -> Decimal | None:
    """The value rounded to a Decimal's scale, None when it is out of range."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        return None  # infinite or not a number
    if -SCALE <= exponent <= 0:
        rounded = value
    elif not value:
        return Decimal(0)
    elif is_huge(value):
        return None
    else:
        rounded = value.quantize(STEP if exponent < 0 else _ONE, context=CONTEXT)
    if not rounded:
        return rounded.copy_abs()  # CQL has no negative zero
    return rounded if -_DECIMAL_END <= rounded <= _DECIMAL_END else None
