"""Three-valued logic against an independent model: false 0, null 1/2, true 1."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ra_cds_hooks.cql_engine_lite.operators import OPERATORS

VALUES = (True, False, None)
NUMBER = {False: Fraction(0), None: Fraction(1, 2), True: Fraction(1)}
TRUTH = {number: value for value, number in NUMBER.items()}

# Kleene's logic in numbers, each written without reference to the others.
MODELS = {
    "And": lambda a, b: min(a, b),
    "Or": lambda a, b: max(a, b),
    "Implies": lambda a, b: max(1 - a, b),
    "Xor": lambda a, b: Fraction(1, 2) if Fraction(1, 2) in (a, b) else abs(a - b),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("left", VALUES)
@pytest.mark.parametrize("right", VALUES)
def test_binary_truth_tables(name: str, left: bool | None, right: bool | None) -> None:
    expected = TRUTH[MODELS[name](NUMBER[left], NUMBER[right])]
    assert OPERATORS[name].function(left, right) is expected


@pytest.mark.parametrize(
    ("name", "of_true", "of_false", "of_null"),
    [
        ("Not", False, True, None),
        ("IsTrue", True, False, False),
        ("IsFalse", False, True, False),
        ("IsNull", False, False, True),
    ],
)
def test_unary_truth_tables(name: str, of_true: bool, of_false: bool, of_null: bool | None) -> None:
    function = OPERATORS[name].function
    assert [function(value) for value in VALUES] == [of_true, of_false, of_null]
