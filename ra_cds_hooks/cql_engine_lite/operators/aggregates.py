"""Aggregates over the non-null elements of a list (CQL reference, aggregate functions)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import reduce
from typing import Any

from ..errors import EvaluationError
from ..units import conversion_factor
from ..values import Quantity
from . import numeric
from .arithmetic import add, decimal_of, multiply, scaled
from .distinct import bucket, distinct_elements
from .numeric import CONTEXT, TRANSCENDENTAL
from .ordering import compare_for_sort, less
from .registry import operator

Elements = list[Any] | None


def _present(source: Elements) -> list[Any]:
    return [element for element in source or () if element is not None]


@operator("Count", operands=("source",))
def count(source: Elements) -> int:
    """Number of non-null elements; 0 of a null list."""
    return len(_present(source))


@operator("Sum", operands=("source",))
def total(source: Elements) -> Any:
    """Sum; null of no elements, or when it cannot be represented."""
    return _folded(add, source)


@operator("Product", operands=("source",))
def product_of(source: Elements) -> Any:
    """Product; null of no elements, or when it cannot be represented."""
    elements = _present(source)
    if elements and isinstance(elements[0], Quantity):
        # The specification keeps the unit of the elements (Product of mg is mg, not mg4).
        values, unit = _in_one_unit(elements)
        value = _folded(multiply, values)
        return None if value is None else Quantity(value, unit)
    return _folded(multiply, elements)


def _folded(function: Callable[[Any, Any], Any], source: Elements) -> Any:
    elements = _present(source)
    return reduce(function, elements) if elements else None


@operator("Min", operands=("source",))
def least(source: Elements) -> Any:
    """The smallest element; null of no elements, or when two cannot be compared."""
    return _extreme(source, less)


@operator("Max", operands=("source",))
def greatest(source: Elements) -> Any:
    """The largest element; null of no elements, or when two cannot be compared."""
    return _extreme(source, lambda left, right: less(right, left))


def _extreme(source: Elements, precedes: Callable[[Any, Any], bool | None]) -> Any:
    elements = _present(source)
    if not elements:
        return None
    best = elements[0]
    for element in elements[1:]:
        decided = precedes(element, best)
        if decided is None:
            return _extreme_of_uncertain(elements, precedes)
        if decided:
            best = element
    return best


def _extreme_of_uncertain(elements: list[Any], precedes: Callable[[Any, Any], bool | None]) -> Any:
    """The element that is known to be no worse than every other, if there is one."""
    for candidate in elements:
        if all(other is candidate or precedes(other, candidate) is False for other in elements):
            return candidate
    return None


@operator("AllTrue", operands=("source",))
def all_true(source: Elements) -> bool:
    """Whether no element is false; True of no elements."""
    return all(_present(source))


@operator("AnyTrue", operands=("source",))
def any_true(source: Elements) -> bool:
    """Whether some element is true; False of no elements."""
    return any(_present(source))


@operator("Mode", operands=("source",))
def mode(source: Elements) -> Any:
    """The most frequent element; of several the smallest; null of no elements."""
    elements = _present(source)
    counts: dict[Any, int] = {}
    for element in elements:
        counts[bucket(element)] = counts.get(bucket(element), 0) + 1
    best: Any = None
    best_count = 0
    for element in distinct_elements(elements):
        frequency = counts[bucket(element)]
        if isinstance(element, Quantity):
            frequency = sum(1 for other in elements if compare_for_sort(element, other) == 0)
        if frequency > best_count or (
            frequency == best_count and compare_for_sort(element, best) < 0
        ):
            best, best_count = element, frequency
    return best


def _in_one_unit(elements: list[Any]) -> tuple[list[Decimal], str]:
    """The values of quantities in the unit of the first; EvaluationError when one does not fit."""
    unit = elements[0].unit
    values = []
    for element in elements:
        factor = conversion_factor(element.unit, unit)
        if factor is None:
            raise EvaluationError("quantities with units that do not fit cannot be aggregated")
        values.append(scaled(element.value, factor.numerator, factor.denominator))
    return values, unit


def _statistic(source: Elements, compute: Callable[[list[Decimal]], Decimal | None]) -> Any:
    """Apply a function of Decimals to Decimals, or to quantities in one unit."""
    elements = _present(source)
    if not elements:
        return None
    unit = None
    if isinstance(elements[0], Quantity):
        values, unit = _in_one_unit(elements)
    else:
        values = [decimal_of(element) for element in elements]
    exact = compute(values)
    result = None if exact is None else numeric.decimal(exact)
    return Quantity(result, unit) if unit is not None and result is not None else result


def _mean(values: list[Decimal]) -> Decimal:
    return CONTEXT.divide(reduce(CONTEXT.add, values), Decimal(len(values)))


@operator("Avg", operands=("source",))
def average(source: Elements) -> Any:
    """Arithmetic mean; null of no elements."""
    return _statistic(source, _mean)


@operator("Median", operands=("source",))
def median(source: Elements) -> Any:
    """The middle element, or the mean of the two middle ones; null of no elements."""

    def middle(values: list[Decimal]) -> Decimal:
        ordered = sorted(values)
        half = len(ordered) // 2
        return ordered[half] if len(ordered) % 2 else _mean(ordered[half - 1 : half + 1])

    return _statistic(source, middle)


def _square_deviations(values: list[Decimal], divisor: int) -> Decimal | None:
    if divisor < 1:
        return None
    mean = _mean(values)
    deviations = (CONTEXT.subtract(value, mean) for value in values)
    squares = (CONTEXT.multiply(deviation, deviation) for deviation in deviations)
    return CONTEXT.divide(reduce(CONTEXT.add, squares), Decimal(divisor))


@operator("Variance", operands=("source",))
def variance(source: Elements) -> Any:
    """Sample variance; null of fewer than two elements."""
    return _statistic(source, lambda values: _square_deviations(values, len(values) - 1))


@operator("PopulationVariance", operands=("source",))
def population_variance(source: Elements) -> Any:
    """Population variance; null of no elements."""
    return _statistic(source, lambda values: _square_deviations(values, len(values)))


def _root(value: Decimal | None) -> Decimal | None:
    return None if value is None else TRANSCENDENTAL.sqrt(value)


@operator("StdDev", operands=("source",))
def standard_deviation(source: Elements) -> Any:
    """Sample standard deviation; null of fewer than two elements."""
    return _statistic(source, lambda values: _root(_square_deviations(values, len(values) - 1)))


@operator("PopulationStdDev", operands=("source",))
def population_standard_deviation(source: Elements) -> Any:
    """Population standard deviation; null of no elements."""
    return _statistic(source, lambda values: _root(_square_deviations(values, len(values))))


@operator("GeometricMean", operands=("source",))
def geometric_mean(source: Elements) -> Any:
    """The n-th root of the product; null of no elements or where it is not a real number."""

    def root_of_product(values: list[Decimal]) -> Decimal | None:
        if any(value < 0 for value in values):
            return None
        if not all(values):
            return Decimal(0)
        logarithms = (TRANSCENDENTAL.ln(value) for value in values)
        return TRANSCENDENTAL.exp(_mean(list(logarithms)))

    return _statistic(source, root_of_product)
