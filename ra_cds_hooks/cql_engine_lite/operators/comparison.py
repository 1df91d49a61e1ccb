"""Equal, Equivalent and the ordering comparisons (CQL reference, comparison operators)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..units import equivalence_factor
from ..values import (
    Code,
    Concept,
    Date,
    DateTime,
    Interval,
    Quantity,
    Ratio,
    Time,
    Uncertainty,
    ValueSet,
)
from . import ordering
from .interval_bounds import end_of, start_of
from .numeric import CONTEXT, is_huge
from .registry import operator

# Equivalence rounds to at most this many digits after the point: more than any Decimal has.
MOST_DIGITS = 20


@operator("Equal")
def equal(left: Any, right: Any) -> bool | None:
    """left = right: True, False, or None when either is null or not known well enough."""
    if left is None or right is None:
        return None
    kind, other = type(left), type(right)
    if kind is other:
        if kind is str or kind is int or kind is bool or kind is Decimal:
            return bool(left == right)
        if kind in _ORDERED:
            return ordering.same(left, right)
        if kind is list:
            return _equal_lists(left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return bool(left is right)
    if isinstance(left, ordering.NUMBERS) and isinstance(right, ordering.NUMBERS):
        return bool(left == right)
    if kind is Uncertainty or other is Uncertainty:
        return ordering.same(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return _equal_elements(left, right)
    if kind is other or (isinstance(left, Interval) and isinstance(right, Interval)):
        return _equal_structures(left, right)
    if isinstance(left, Date | DateTime) and isinstance(right, Date | DateTime):
        return ordering.same(left, right)
    return False  # values of different types are known not to be equal


_ORDERED = frozenset({Date, DateTime, Time, Quantity, Uncertainty})


def _equal_structures(left: Any, right: Any) -> bool | None:
    if isinstance(left, Interval):
        starts = _equal_points(start_of(left), start_of(right))
        if starts is False:
            return False
        ends = _equal_points(end_of(left), end_of(right))
        if ends is False:
            return False
        return None if starts is None or ends is None else True
    if isinstance(left, Ratio):
        return _all((equal(left.numerator, right.numerator), equal(left[1], right[1])))
    if isinstance(left, Concept):
        codes = _equal_lists(list(left.codes), list(right.codes))
        return _all((codes, _equal_or_both_null(left.display, right.display)))
    if isinstance(left, Code):
        return _all(_equal_or_both_null(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, ValueSet):
        return _all(_equal_or_both_null(a, b) for a, b in zip(left[:2], right[:2], strict=True))
    return bool(left == right)


def _equal_points(left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else ordering.same(left, right)


def _all(results: Any) -> bool | None:
    """Conjunction: one False decides, else one null makes it null."""
    unknown = False
    for result in results:
        if result is False:
            return False
        unknown = unknown or result is None
    return None if unknown else True


def _equal_or_both_null(left: Any, right: Any) -> bool | None:
    return True if left is None and right is None else equal(left, right)


def equal_elements_of_lists(left: Any, right: Any) -> bool | None:
    """Equality as lists use it for their elements: two nulls are equal."""
    return _equal_or_both_null(left, right)


def _equal_lists(left: list[Any], right: list[Any]) -> bool | None:
    if len(left) != len(right):
        return False
    return _all(_equal_or_both_null(a, b) for a, b in zip(left, right, strict=True))


def _equal_elements(left: dict[str, Any], right: dict[str, Any]) -> bool | None:
    if left is right and "resourceType" in left:
        return True
    unknown = False
    for name in left if left.keys() == right.keys() else {**left, **right}:
        one, other = left.get(name), right.get(name)
        if one.__class__ is str and other.__class__ is str:
            if one != other:
                return False
            continue
        same = _equal_or_both_null(one, other)
        if same is False:
            return False
        unknown = unknown or same is None
    return None if unknown else True


@operator("NotEqual")
def not_equal(left: Any, right: Any) -> bool | None:
    """not (left = right)."""
    result = equal(left, right)
    return None if result is None else not result


@operator("Equivalent")
def equivalent(left: Any, right: Any) -> bool:
    """left ~ right: always True or False; two nulls are equivalent."""
    if left is None or right is None:
        return left is right
    kind = type(left)
    if kind is Code and kind is type(right):
        return bool(left[:2] == right[:2])
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right or _plain(left) == _plain(right)
    if isinstance(left, ordering.NUMBERS) and isinstance(right, ordering.NUMBERS):
        return equivalent_decimals(Decimal(left), Decimal(right))
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equivalent, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        names = dict.fromkeys((*left, *right))
        return all(equivalent(left.get(name), right.get(name)) for name in names)
    if isinstance(left, Code | Concept) and isinstance(right, Code | Concept):
        return equivalent_concepts(left, right)
    if isinstance(left, Interval) and isinstance(right, Interval):
        return _equivalent_intervals(left, right)
    if kind is not type(right):
        return equal(left, right) is True
    if kind is Quantity:
        return equivalent_quantities(left, right)
    if kind is Ratio:
        return _equivalent_ratios(left, right)
    return equal(left, right) is True


def _plain(text: str) -> str:
    """The text for equivalence: without regard to case and to the kind of white space."""
    return "".join(" " if character.isspace() else character for character in text.casefold())


def equivalent_decimals(left: Decimal, right: Decimal) -> bool:
    """Equal once both are rounded to the digits of the one that has fewer."""
    if left == right:
        return True
    if is_huge(left) or is_huge(right):
        return False
    digits = min(_fraction_digits(left), _fraction_digits(right), MOST_DIGITS)
    step = Decimal(1).scaleb(-digits)
    rounded = (value.quantize(step, ROUND_HALF_UP, CONTEXT) for value in (left, right))
    return next(rounded) == next(rounded)


def _fraction_digits(value: Decimal) -> int:
    """Digits after the point, trailing zeroes not counted."""
    exponent = CONTEXT.normalize(value).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def equivalent_quantities(left: Quantity, right: Quantity) -> bool:
    """Equivalent values after conversion to the smaller of the two units."""
    if left.unit == right.unit:
        return equivalent_decimals(left.value, right.value)
    factor = equivalence_factor(left.unit, right.unit)
    if factor is None:
        return False
    if factor < 1:
        left, right, factor = right, left, 1 / factor
    value = CONTEXT.divide(
        CONTEXT.multiply(left.value, Decimal(factor.numerator)), Decimal(factor.denominator)
    )
    return equivalent_decimals(value, right.value)


def _equivalent_ratios(left: Ratio, right: Ratio) -> bool:
    """Same proportion: a:b ~ c:d when a*d = c*b, units taken into account per side."""
    factors = (
        equivalence_factor(left.numerator.unit, right.numerator.unit),
        equivalence_factor(left.denominator.unit, right.denominator.unit),
    )
    if factors[0] is None or factors[1] is None:
        return False
    ratio = factors[0] / factors[1]
    product = CONTEXT.multiply(left.numerator.value, right.denominator.value)
    other = CONTEXT.multiply(right.numerator.value, left.denominator.value)
    return CONTEXT.multiply(product, Decimal(ratio.numerator)) == CONTEXT.multiply(
        other, Decimal(ratio.denominator)
    )


def equivalent_concepts(left: Code | Concept, right: Code | Concept) -> bool:
    """A common code; of a code only system and code count."""
    codes = left.codes if isinstance(left, Concept) else (left,)
    others = right.codes if isinstance(right, Concept) else (right,)
    if isinstance(left, Concept) and isinstance(right, Concept) and not codes and not others:
        return True
    return any(a[:2] == b[:2] for a in codes for b in others)


def _equivalent_intervals(left: Interval, right: Interval) -> bool:
    return _equivalent_bounds(start_of(left), start_of(right)) and _equivalent_bounds(
        end_of(left), end_of(right)
    )


def _equivalent_bounds(left: Any, right: Any) -> bool:
    if type(left) is Uncertainty and type(right) is Uncertainty:
        return equivalent(left.low, right.low) and equivalent(left.high, right.high)
    return equivalent(left, right)


@operator("Less")
def less(left: Any, right: Any) -> bool | None:
    """left < right."""
    return None if left is None or right is None else ordering.less(left, right)


@operator("LessOrEqual")
def less_or_equal(left: Any, right: Any) -> bool | None:
    """left <= right."""
    return None if left is None or right is None else ordering.less_or_equal(left, right)


@operator("Greater")
def greater(left: Any, right: Any) -> bool | None:
    """left > right."""
    return None if left is None or right is None else ordering.less(right, left)


@operator("GreaterOrEqual")
def greater_or_equal(left: Any, right: Any) -> bool | None:
    """left >= right."""
    return None if left is None or right is None else ordering.less_or_equal(right, left)
