"""Arithmetic against Python's integers, fractions and decimals."""

from __future__ import annotations

import decimal
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ra_cds_hooks.cql_engine_lite.errors import EvaluationError
from ra_cds_hooks.cql_engine_lite.operators import OPERATORS
from ra_cds_hooks.cql_engine_lite.values import Long, Quantity, Uncertainty

FUNCTIONS = {name: entry.function for name, entry in OPERATORS.items()}
INTEGERS = st.integers(-(2**31), 2**31 - 1)
LONGS = st.integers(-(2**63), 2**63 - 1).map(Long)
DECIMALS = st.decimals(
    min_value=Decimal(-(10**19)), max_value=Decimal(10**19), places=8, allow_nan=False
)
SMALL_DECIMALS = st.decimals(min_value=-1000, max_value=1000, places=4, allow_nan=False)


def rounded(value: Fraction) -> Decimal:
    """A fraction rounded half away from zero to 8 digits, by integer arithmetic alone."""
    scaled = abs(value) * 10**8
    whole = math.floor(scaled + Fraction(1, 2))
    return Decimal(whole if value >= 0 else -whole).scaleb(-8, decimal.Context(prec=60))


def in_integer(value: int) -> int | None:
    return value if -(2**31) <= value < 2**31 else None


@given(INTEGERS, INTEGERS)
def test_integers(left: int, right: int) -> None:
    assert FUNCTIONS["Add"](left, right) == in_integer(left + right)
    assert FUNCTIONS["Subtract"](left, right) == in_integer(left - right)
    assert FUNCTIONS["Multiply"](left, right) == in_integer(left * right)
    if right:
        assert FUNCTIONS["TruncatedDivide"](left, right) == in_integer(
            math.trunc(Fraction(left, right))
        )
        assert FUNCTIONS["Modulo"](left, right) == math.fmod(left, right)
    assert FUNCTIONS["Negate"](left) == in_integer(-left)
    assert FUNCTIONS["Abs"](left) == in_integer(abs(left))


@given(LONGS, LONGS)
def test_longs_stay_longs_and_do_not_wrap(left: Long, right: Long) -> None:
    for name, exact in (("Add", left + right), ("Multiply", left * right)):
        result = FUNCTIONS[name](left, right)
        if -(2**63) <= exact < 2**63:
            assert result == exact
            assert type(result) is Long
        else:
            assert result is None


@given(DECIMALS, DECIMALS)
def test_decimals_are_exact_to_eight_digits(left: Decimal, right: Decimal) -> None:
    a, b = Fraction(left), Fraction(right)
    assert FUNCTIONS["Add"](left, right) == rounded(a + b)
    assert FUNCTIONS["Subtract"](left, right) == rounded(a - b)
    product = FUNCTIONS["Multiply"](left, right)
    assert product == (rounded(a * b) if abs(a * b) <= 10**28 else None)
    if right and abs(a / b) <= 10**28:
        assert FUNCTIONS["Divide"](left, right) == rounded(a / b)


@given(SMALL_DECIMALS, SMALL_DECIMALS.filter(bool))
def test_div_and_mod_of_decimals(left: Decimal, right: Decimal) -> None:
    quotient = math.trunc(Fraction(left) / Fraction(right))
    assert FUNCTIONS["TruncatedDivide"](left, right) == quotient
    assert Fraction(FUNCTIONS["Modulo"](left, right)) == Fraction(left) - quotient * Fraction(right)


@given(SMALL_DECIMALS)
def test_rounding(value: Decimal) -> None:
    exact = Fraction(value)
    assert FUNCTIONS["Ceiling"](value) == math.ceil(exact)
    assert FUNCTIONS["Floor"](value) == math.floor(exact)
    assert FUNCTIONS["Truncate"](value) == math.trunc(exact)
    away = math.floor(abs(exact) + Fraction(1, 2))
    assert FUNCTIONS["Round"](value) == (away if value >= 0 else -away)
    assert FUNCTIONS["Round"](value, 4) == value


@given(st.decimals(min_value=Decimal("0.0001"), max_value=10000, places=4))
def test_logarithms_and_roots(value: Decimal) -> None:
    assert float(FUNCTIONS["Ln"](value)) == pytest.approx(math.log(float(value)), abs=1e-8)
    assert float(FUNCTIONS["Power"](value, Decimal("0.5"))) == pytest.approx(
        math.sqrt(float(value)), abs=1e-8
    )
    assert float(FUNCTIONS["Log"](value, Decimal(10))) == pytest.approx(
        math.log10(float(value)), abs=1e-8
    )


@given(st.integers(-20, 20), st.integers(0, 40))
def test_integer_powers(base: int, exponent: int) -> None:
    assert FUNCTIONS["Power"](base, exponent) == in_integer(base**exponent)


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("Divide", (Decimal(1), Decimal(0)), None),
        ("Modulo", (5, 0), None),
        ("TruncatedDivide", (5, 0), None),
        ("Divide", (10, 4), Decimal("2.5")),
        ("Divide", (Decimal(2), Decimal(3)), Decimal("0.66666667")),
        ("Power", (2, -2), Decimal("0.25")),
        ("Power", (0, -1), None),
        ("Power", (Decimal(-2), Decimal("0.5")), None),
        ("Power", (10, 10), None),
        ("Power", (-1, 2_000_000_001), -1),
        ("Power", (2, 2_000_000_000), None),
        ("Ln", (Decimal(-1),), None),
        ("Log", (Decimal(8), Decimal(1)), None),
        ("Log", (Decimal(1), Decimal(2)), Decimal(0)),
        ("Ceiling", (Decimal("2147483647.2"),), None),
        ("Floor", (Decimal("-2147483648.2"),), None),
        ("Abs", (-(2**31),), None),
        ("Round", (Decimal("-0.4"),), Decimal(0)),
        ("Round", (Decimal("0.5"), None), Decimal(1)),
        ("Precision", (Decimal("1.58700"),), 5),
        ("LowBoundary", (Decimal("1.587"), 8), Decimal("1.58700000")),
        ("HighBoundary", (Decimal("1.587"), 8), Decimal("1.58799999")),
        ("HighBoundary", (Decimal("1.587"), 9), None),
    ],
)
def test_edges(name: str, operands: tuple[object, ...], expected: object) -> None:
    assert FUNCTIONS[name](*operands) == expected


def test_no_negative_zero() -> None:
    assert not FUNCTIONS["Round"](Decimal("-0.4")).is_signed()
    assert not FUNCTIONS["Negate"](Decimal("0.0")).is_signed()


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("Ln", (0,)),
        ("Exp", (1000,)),
        ("Successor", (2**31 - 1,)),
        ("Predecessor", (Long(-(2**63)),)),
        ("Successor", (Decimal("99999999999999999999.99999999"),)),
        ("Successor", ("a",)),
        ("Add", ("a", 1)),
        ("Multiply", (True, 2)),
        ("Power", (Quantity(Decimal(1), "cm"), 2)),
        ("TruncatedDivide", (Uncertainty(1, 2), Uncertainty(1, 2))),
    ],
)
def test_errors(name: str, operands: tuple[object, ...]) -> None:
    with pytest.raises(EvaluationError):
        FUNCTIONS[name](*operands)


@given(st.integers(-9, 9), st.integers(0, 9), st.integers(-9, 9), st.integers(0, 9))
def test_uncertain_numbers_hold_every_possible_result(
    low: int, span: int, other: int, other_span: int
) -> None:
    left, right = Uncertainty(low, low + span), Uncertainty(other, other + other_span)
    for name, exact in (
        ("Add", lambda a, b: a + b),
        ("Subtract", lambda a, b: a - b),
        ("Multiply", lambda a, b: a * b),
    ):
        possible = [
            exact(a, b)
            for a in range(left.low, left.high + 1)
            for b in range(right.low, right.high + 1)
        ]
        result = FUNCTIONS[name](left, right)
        bounds = (result.low, result.high) if isinstance(result, Uncertainty) else (result, result)
        assert bounds == (min(possible), max(possible))


@pytest.mark.parametrize("value", [5, Long(5), Decimal("1.5"), Quantity(Decimal(2), "mg")])
def test_successor_and_predecessor_undo_each_other(value: object) -> None:
    assert FUNCTIONS["Predecessor"](FUNCTIONS["Successor"](value)) == value
    assert type(FUNCTIONS["Successor"](value)) is type(value)


def quantity(text: str, unit: str = "1") -> Quantity:
    return Quantity(Decimal(text), unit)


@pytest.mark.parametrize(
    ("name", "left", "right", "expected"),
    [
        ("Add", quantity("1", "m"), quantity("1", "cm"), quantity("101", "cm")),
        ("Add", quantity("1", "cm"), quantity("1", "m"), quantity("101", "cm")),
        ("Subtract", quantity("1", "mg/dL"), quantity("1", "mg/L"), quantity("9", "mg/L")),
        ("Add", quantity("1", "cm"), quantity("1", "cm2"), None),
        ("Add", quantity("1", "mg"), quantity("1", "[zz]"), None),
        ("Multiply", quantity("2", "cm"), quantity("3", "cm"), quantity("6", "cm2")),
        ("Multiply", quantity("2", "mg/dL"), quantity("3", "dL"), quantity("6", "mg")),
        ("Multiply", quantity("2", "years"), quantity("3", "d"), None),
        ("Divide", quantity("6", "cm2"), quantity("3", "cm"), quantity("2", "cm")),
        ("Divide", quantity("1", "m"), quantity("20", "cm"), quantity("5", "1")),
        ("Divide", quantity("6", "mg"), quantity("0", "mg"), None),
        ("Divide", quantity("6", "mg"), Decimal(2), quantity("3", "mg")),
        ("Modulo", quantity("3.5", "cm"), quantity("3", "cm"), quantity("0.5", "cm")),
        ("TruncatedDivide", quantity("4.14", "m"), quantity("2.06", "m"), quantity("2", "m")),
    ],
)
def test_quantities(name: str, left: object, right: object, expected: object) -> None:
    assert FUNCTIONS[name](left, right) == expected


def test_extremes() -> None:
    type_name = "{urn:hl7-org:elm-types:r1}Long"
    assert FUNCTIONS["MaxValue"](valueType=type_name) == 2**63 - 1
    with pytest.raises(EvaluationError, match="Boolean has no minimum"):
        FUNCTIONS["MinValue"](valueType="{urn:hl7-org:elm-types:r1}Boolean")


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("Add", (1, Decimal("2.5")), Decimal("3.5")),
        ("Add", (1, Long(2)), Long(3)),
        ("Add", (Long(1), 2), Long(3)),
        ("Add", ("a", "b"), "ab"),
        ("Add", (1, quantity("2")), quantity("3")),
        ("Subtract", (Decimal("2.5"), 1), Decimal("1.5")),
        ("Subtract", (2, Long(1)), Long(1)),
        ("Subtract", (quantity("5"), Decimal(1)), quantity("4")),
        ("Subtract", (Uncertainty(1, 2), None), None),
        ("Subtract", (Uncertainty(2**31 - 1, 2**31 - 1), -1), None),
        ("Multiply", (2, quantity("3", "mg")), quantity("6", "mg")),
        ("Multiply", (Decimal(10) ** 20, Decimal(10) ** 20), None),
        ("Divide", (quantity("6", "mg"), quantity("2", "[zz]")), None),
        ("Divide", (quantity("6"), quantity("2", "s")), quantity("3", "/s")),
        ("Modulo", (-7, 3), -1),
        ("Modulo", (quantity("5", "mg"), quantity("2", "cm")), None),
        ("Modulo", (quantity("5", "mg"), quantity("0", "mg")), None),
        ("Modulo", (quantity("5"), 2), quantity("1")),
        ("Modulo", (Decimal(5), Decimal(0)), None),
        ("TruncatedDivide", (quantity("5", "mg"), quantity("2", "cm")), None),
        ("TruncatedDivide", (quantity("5", "mg"), quantity("0", "mg")), None),
        ("TruncatedDivide", (Long(-7), 2), Long(-3)),
        ("Negate", (quantity("5", "mg"),), quantity("-5", "mg")),
        ("Negate", (Uncertainty(1, 5),), Uncertainty(-5, -1)),
        ("Abs", (quantity("-5", "mg"),), quantity("5", "mg")),
        ("Power", (Decimal(4), Decimal(0)), Decimal(1)),
        ("Power", (Decimal(10), Decimal(40)), None),
        ("Power", (Decimal(2), Decimal("1.5")), Decimal("2.82842712")),
        ("Exp", (0,), Decimal(1)),
        ("Exp", (Decimal("-1"),), Decimal("0.36787944")),
        ("Round", (quantity("2.54", "cm"), 1), quantity("2.5", "cm")),
        ("Round", (5,), Decimal(5)),
        ("Predecessor", (quantity("1", "cm"),), quantity("0.99999999", "cm")),
        ("Successor", (None,), None),
        ("LowBoundary", (5, 2), Decimal("5.00")),
        ("HighBoundary", (Decimal("1.2345"), 2), Decimal("1.24")),
        ("LowBoundary", (Decimal("-1.2345"), 2), Decimal("-1.24")),
    ],
)
def test_mixed_types(name: str, operands: tuple[object, ...], expected: object) -> None:
    found = FUNCTIONS[name](*operands)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("Subtract", ("a", "b")),
        ("Negate", ("a",)),
        ("Divide", (quantity("1"), "a")),
        ("Precision", ("a",)),
        ("HighBoundary", ("a", 2)),
        ("Exp", (Decimal(10) ** 25,)),
    ],
)
def test_errors_of_type_and_range(name: str, operands: tuple[object, ...]) -> None:
    with pytest.raises(EvaluationError):
        FUNCTIONS[name](*operands)


# What a record may hold: JSON allows any number of digits and any exponent a float has.
WILD = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda value: Decimal(repr(value))),
    st.sampled_from([Decimal("1E+300"), Decimal("-1E-300"), Decimal(10) ** 28]),
)
UNARY = ["Abs", "Ceiling", "Floor", "Truncate", "Negate", "Round", "Ln", "Exp", "Precision"]
UNARY += ["LowBoundary", "HighBoundary", "Successor", "Predecessor", "ToString", "ToQuantity"]
BINARY = ["Add", "Subtract", "Multiply", "Divide", "TruncatedDivide", "Modulo", "Power", "Log"]
BINARY += ["Less", "Equal", "Equivalent"]


@given(WILD, WILD)
def test_no_number_is_an_unplanned_error(left: Decimal, right: Decimal) -> None:
    calls = [(name, (left,)) for name in UNARY] + [(name, (left, right)) for name in BINARY]
    units = (Quantity(left, "mg/L"), Quantity(right, "g/dL"))
    calls += [(name, units) for name in ("Add", "Divide", "Modulo", "Less", "Equal", "Equivalent")]
    calls += [(name, ([left, right, Decimal(1)],)) for name in ("Avg", "StdDev", "Sum", "Median")]
    for name, operands in calls:
        try:
            FUNCTIONS[name](*operands)
        except EvaluationError:
            continue
