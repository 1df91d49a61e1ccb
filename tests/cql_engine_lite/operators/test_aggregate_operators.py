"""Aggregates against Python's statistics module, and their null rows."""

from __future__ import annotations

import math
import statistics
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ra_cds_hooks.cql_engine_lite.errors import EvaluationError
from ra_cds_hooks.cql_engine_lite.operators import OPERATORS
from ra_cds_hooks.cql_engine_lite.values import Date, Long, Quantity

FUNCTIONS = {name: entry.function for name, entry in OPERATORS.items()}
DECIMALS = st.decimals(min_value=-10000, max_value=10000, places=3, allow_nan=False)
SAMPLES = st.lists(st.one_of(st.none(), DECIMALS), min_size=1, max_size=12)
HALF_STEP = 5e-9


@given(SAMPLES)
def test_statistics(sample: list[Decimal | None]) -> None:
    values = [Fraction(value) for value in sample if value is not None]
    if not values:
        for name in ("Avg", "Median", "Variance", "PopulationVariance", "Sum", "Min", "Max"):
            assert FUNCTIONS[name](sample) is None
        return
    assert FUNCTIONS["Sum"](sample) == sum(values)
    assert FUNCTIONS["Min"](sample) == min(values)
    assert FUNCTIONS["Max"](sample) == max(values)
    assert FUNCTIONS["Count"](sample) == len(values)
    exact = {
        "Avg": statistics.mean(values),
        "Median": statistics.median(values),
        "PopulationVariance": statistics.pvariance(values),
    }
    if len(values) > 1:
        exact["Variance"] = statistics.variance(values)
    else:
        assert FUNCTIONS["Variance"](sample) is None
    for name, expected in exact.items():
        assert abs(Fraction(FUNCTIONS[name](sample)) - expected) <= Fraction(1, 2 * 10**8), name
    deviation = math.sqrt(statistics.pvariance(values))
    assert float(FUNCTIONS["PopulationStdDev"](sample)) == pytest.approx(deviation, abs=1e-7)


@given(st.lists(st.decimals(min_value=Decimal("0.1"), max_value=1000, places=2), min_size=1))
def test_geometric_mean(values: list[Decimal]) -> None:
    expected = statistics.geometric_mean(map(float, values))
    assert float(FUNCTIONS["GeometricMean"](values)) == pytest.approx(expected, abs=1e-6)


def amount(text: str, unit: str = "mg") -> Quantity:
    return Quantity(Decimal(text), unit)


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("Count", None, 0),
        ("Count", [None], 0),
        ("AllTrue", [True, None], True),
        ("AllTrue", [True, False, None], False),
        ("AnyTrue", [None, False], False),
        ("AnyTrue", [None, True], True),
        ("Sum", [None, 1, None], 1),
        ("Sum", [Long(6), Long(2)], Long(8)),
        ("Sum", [2**31 - 1, 1], None),
        ("Sum", [amount("1"), amount("1", "g")], amount("1001")),
        ("Product", [5, 4, 5], 100),
        ("Product", [amount("2"), amount("3")], amount("6")),
        ("Avg", [1, 2], Decimal("1.5")),
        ("Avg", [amount("5.5", "cm"), amount("4.5", "cm")], amount("5", "cm")),
        ("Median", [amount("1"), amount("0.003", "g"), amount("2")], amount("2")),
        ("StdDev", [Decimal(n) for n in range(1, 6)], Decimal("1.58113883")),
        ("PopulationStdDev", [Decimal(n) for n in range(1, 6)], Decimal("1.41421356")),
        ("StdDev", [Decimal(1)], None),
        ("GeometricMean", [Decimal(2), Decimal(8)], Decimal(4)),
        ("GeometricMean", [Decimal(0), Decimal(8)], Decimal(0)),
        ("GeometricMean", [Decimal(-1), Decimal(8)], None),
        ("Mode", [2, 1, 8, 2, 9, 1, 9, 9], 9),
        ("Mode", [2, 1, 2, 1], 1),
        ("Mode", [None], None),
        ("Mode", [amount("1"), amount("2"), amount("0.002", "g")], amount("2")),
        ("Min", ["b", "a"], "a"),
        ("Min", [Date(2014), Date(2013, 5)], Date(2013, 5)),
        ("Min", [Date(2014), Date(2014, 5)], None),
        ("Min", [Date(2014), Date(2014, 5), Date(2013)], Date(2013)),
        ("Max", [Date(2014), Date(2014, 5), Date(2013)], None),
        ("Max", [amount("1"), amount("1", "cm")], None),
        ("Max", [amount("999"), amount("1", "g")], amount("1", "g")),
    ],
)
def test_rows(name: str, source: list[Any] | None, expected: Any) -> None:
    found = FUNCTIONS[name](source)
    assert found == expected
    assert type(found) is type(expected)


def test_statistics_of_units_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(EvaluationError, match="cannot be aggregated"):
        FUNCTIONS["Avg"]([amount("1"), amount("1", "cm")])
