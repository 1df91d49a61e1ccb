"""Equality, equivalence and order: truth tables with null rows, and brute force over partials."""

from __future__ import annotations

import datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ra_cds_hooks.cql_engine_lite.errors import EvaluationError
from ra_cds_hooks.cql_engine_lite.operators import OPERATORS
from ra_cds_hooks.cql_engine_lite.operators.ordering import compare_for_sort
from ra_cds_hooks.cql_engine_lite.values import (
    Code,
    Concept,
    CqlTuple,
    Date,
    DateTime,
    Interval,
    Long,
    Quantity,
    Ratio,
    Time,
    Uncertainty,
    ValueSet,
)

equal = OPERATORS["Equal"].function
equivalent = OPERATORS["Equivalent"].function
less = OPERATORS["Less"].function
less_or_equal = OPERATORS["LessOrEqual"].function
greater = OPERATORS["Greater"].function
greater_or_equal = OPERATORS["GreaterOrEqual"].function


def amount(text: str, unit: str = "1") -> Quantity:
    return Quantity(Decimal(text), unit)


CODE = Code("1", "s", None, "one")

EQUALITY = [
    # left, right, =, ~
    (None, None, None, True),
    (1, None, None, False),
    (None, "a", None, False),
    (True, True, True, True),
    (True, False, False, False),
    (True, 1, False, False),
    (1, Long(1), True, True),
    (1, Decimal("1.00"), True, True),
    (Decimal("1.5"), Decimal("1.55"), False, False),
    (Decimal("1.001"), Decimal("1.000"), False, True),
    ("a", "A", False, True),
    ("a b", "a\tb", False, True),
    ("a", 1, False, False),
    (amount("1", "cm"), amount("0.01", "m"), True, True),
    (amount("1", "cm"), amount("1", "cm2"), None, False),
    (amount("1", "[zz]"), amount("1", "[zz]"), True, True),
    (amount("1", "[zz]"), amount("1", "[yy]"), None, False),
    (amount("5", "mg/L"), amount("0.5", "mg/dL"), True, True),
    (amount("1", "month"), amount("1", "mo"), None, True),
    (amount("1", "year"), amount("365", "days"), None, True),
    (amount("1", "week"), amount("7", "d"), True, True),
    (Date(2014), Date(2014), True, True),
    (Date(2014), Date(2014, 1), None, False),
    (Date(2014), Date(2015, 1), False, False),
    (DateTime(2014, 1, 1, 12, offset=0), DateTime(2014, 1, 1, 13, offset=60), True, True),
    (DateTime(2014, 1, 1, 12, offset=0), DateTime(2014, 1, 1, 12, offset=60), False, False),
    (Date(2014, 1, 1), DateTime(2014, 1, 1), True, True),
    (Time(12, 30), Time(12, 30, 0), None, False),
    ([1, None], [1, None], True, True),
    ([1, None], [1, 2], None, False),
    ([1, 3], [2, None], False, False),
    ([1], [1, 2], False, False),
    ([1], ["1"], False, False),
    (CqlTuple({"x": 1, "y": 1}), CqlTuple({"x": None, "y": 2}), False, False),
    (CqlTuple({"x": 1, "y": 1}), CqlTuple({"x": None, "y": 1}), None, False),
    (CqlTuple({"x": None}), CqlTuple({"x": None}), True, True),
    (CODE, Code("1", "s", None, "one"), True, True),
    (CODE, Code("1", "s"), None, True),
    (CODE, Code("1", "t", None, "one"), False, False),
    (CODE, Concept((Code("2", "s"), Code("1", "s"))), False, True),
    (Concept((CODE,), "x"), Concept((CODE,), "y"), False, True),
    (Concept(()), Concept(()), True, True),
    (ValueSet("u"), ValueSet("u", None, "name"), True, True),
    (Ratio(amount("1"), amount("8")), Ratio(amount("2"), amount("16")), False, True),
    (Ratio(amount("1"), amount("8")), Ratio(amount("1"), amount("8")), True, True),
    (
        Ratio(amount("1", "mg"), amount("1", "L")),
        Ratio(amount("1", "g"), amount("1000", "L")),
        False,
        True,
    ),
    (Ratio(amount("1", "mg"), amount("1")), Ratio(amount("1", "cm"), amount("1")), None, False),
    (Interval(1, 10), Interval(1, 11, True, False), True, True),
    (Interval(1, 10), Interval(1, 9), False, False),
    (Interval(1, None), Interval(1, 2**31 - 1), True, True),
    (Interval(1, 10), Interval(None, None, False, False, "Integer"), None, False),
    (Interval(1, None, True, False), Interval(1, None, True, False), None, True),
    (Interval(None, None), Interval(1, 10), None, False),
    (Uncertainty(1, 5), 3, None, False),
    (Uncertainty(1, 5), 6, False, False),
    (Uncertainty(3, 3), 3, True, True),
    ({"resourceType": "Patient", "id": "1"}, {"resourceType": "Patient", "id": "1"}, True, True),
]


@pytest.mark.parametrize(("left", "right", "equality", "equivalence"), EQUALITY)
def test_equality_and_equivalence(
    left: object, right: object, equality: bool | None, equivalence: bool
) -> None:
    assert equal(left, right) is equality
    assert equal(right, left) is equality
    assert equivalent(left, right) is equivalence
    assert equivalent(right, left) is equivalence
    negation = None if equality is None else not equality
    assert OPERATORS["NotEqual"].function(left, right) is negation


ORDER = [
    # left, right, <, <=
    (None, 1, None, None),
    (1, None, None, None),
    (1, 2, True, True),
    (2, 2, False, True),
    (3, Decimal("2.5"), False, False),
    ("Jack", "Jill", True, True),
    ("a", "aa", True, True),
    (amount("1", "m"), amount("10", "cm"), False, False),
    (amount("1", "cm2"), amount("2", "cm"), None, None),
    (amount("3"), Decimal(4), True, True),
    (Date(2013), Date(2014, 2, 15), True, True),
    (Date(2014), Date(2014, 2, 15), None, None),
    (Date(2014), Date(2014), False, True),
    (Date(2014, 2, 15), DateTime(2014, 2, 16, 0), True, True),
    (DateTime(2014, 1, 1, 23, offset=0), DateTime(2014, 1, 2, 1, offset=120), False, True),
    (Time(12), Time(12, 30), None, None),
    (Time(11), Time(12, 30), True, True),
    (Uncertainty(1, 5), 5, None, True),
    (Uncertainty(1, 5), 6, True, True),
    (5, Uncertainty(1, 5), False, None),
    (Uncertainty(1, 5), 1, False, None),
    (Uncertainty(1, 5), 0, False, False),
]


@pytest.mark.parametrize(("left", "right", "is_less", "is_less_or_equal"), ORDER)
def test_order(
    left: object, right: object, is_less: bool | None, is_less_or_equal: bool | None
) -> None:
    assert less(left, right) is is_less
    assert less_or_equal(left, right) is is_less_or_equal
    assert greater(right, left) is is_less
    assert greater_or_equal(right, left) is is_less_or_equal


@pytest.mark.parametrize(
    ("left", "right"), [(1, "a"), (True, False), (Date(2014), Time(12)), ([1], [2])]
)
def test_order_of_what_has_none_is_an_error(left: object, right: object) -> None:
    with pytest.raises(EvaluationError, match="not defined for operands of type"):
        less(left, right)


YEARS, MONTHS, DAYS = st.integers(2019, 2021), st.integers(1, 12), st.integers(1, 28)
PARTIAL_DATES = st.one_of(
    st.tuples(YEARS), st.tuples(YEARS, MONTHS), st.tuples(YEARS, MONTHS, DAYS)
).map(lambda parts: Date(*parts))


def days(date: Date) -> set[datetime.date]:
    """Every day that a partial date may be, by trying them all."""
    start = datetime.date(2019, 1, 1)
    every = (start + datetime.timedelta(days=n) for n in range(3 * 366))
    wanted = (date.year, date.month, date.day)
    return {
        day
        for day in every
        if all(w is None or w == p for w, p in zip(wanted, day.timetuple()[:3], strict=True))
    }


@given(PARTIAL_DATES, PARTIAL_DATES)
def test_partial_dates_against_all_days_they_may_be(left: Date, right: Date) -> None:
    firsts, seconds = days(left), days(right)
    if max(firsts) < min(seconds):
        expected: tuple[bool | None, bool | None] = (True, False)
    elif min(firsts) > max(seconds):
        expected = (False, False)
    elif left == right:
        expected = (False, True)
    else:
        expected = (None, None)
    assert (less(left, right), equal(left, right)) == expected
    assert greater(right, left) is less(left, right)


OFFSETS = st.sampled_from([-420, -300, 0, 60, 330, 480])
MOMENTS = st.datetimes(datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 4))


@given(MOMENTS, OFFSETS, MOMENTS, OFFSETS)
def test_moments_with_offsets_against_datetime(
    left: datetime.datetime, offset: int, right: datetime.datetime, other: int
) -> None:
    zones = [datetime.timezone(datetime.timedelta(minutes=m)) for m in (offset, other)]
    aware = [
        moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=zone)
        for moment, zone in zip((left, right), zones, strict=True)
    ]
    first, second = (DateTime.from_datetime(moment) for moment in aware)
    assert less(first, second) is (aware[0] < aware[1])
    assert equal(first, second) is (aware[0] == aware[1])
    assert less_or_equal(first, second) is (aware[0] <= aware[1])


UNITS = {"mg/L": Fraction(1), "mg/dL": Fraction(10), "g/L": Fraction(1000), "ug/mL": Fraction(1)}
AMOUNTS = st.builds(
    Quantity,
    st.decimals(min_value=0, max_value=1000, places=3),
    st.sampled_from(sorted(UNITS)),
)


@given(AMOUNTS, AMOUNTS)
def test_quantities_against_fractions(left: Quantity, right: Quantity) -> None:
    a, b = (Fraction(q.value) * UNITS[q.unit] for q in (left, right))
    assert less(left, right) is (a < b)
    assert equal(left, right) is (a == b)


@given(st.lists(st.one_of(st.none(), PARTIAL_DATES), min_size=3, max_size=3))
def test_sorting_is_a_total_order(values: list[Date | None]) -> None:
    a, b, c = values
    assert compare_for_sort(a, b) == -compare_for_sort(b, a)
    if compare_for_sort(a, b) <= 0 and compare_for_sort(b, c) <= 0:
        assert compare_for_sort(a, c) <= 0
    if a is not None:
        assert compare_for_sort(None, a) == -1


def test_sorting_uncertain_and_timed_values() -> None:
    assert compare_for_sort(Uncertainty(1, 9), 2) == -1
    assert compare_for_sort(DateTime(2020, 1, 1, 9, offset=60), DateTime(2020, 1, 1, 8, 5)) == -1


MIXED = st.builds(
    Quantity,
    st.decimals(min_value=0, max_value=9, places=1),
    st.sampled_from(["mg/L", "mg/dL", "mmol/L", "1", "{score}", "[zz]", "[yy]"]),
)


@given(st.lists(MIXED, min_size=3, max_size=3))
def test_sorting_quantities_of_any_units_is_a_total_order(values: list[Quantity]) -> None:
    a, b, c = values
    assert compare_for_sort(a, b) == -compare_for_sort(b, a)
    if compare_for_sort(a, b) <= 0 and compare_for_sort(b, c) <= 0:
        assert compare_for_sort(a, c) <= 0
    if less(a, b):
        assert compare_for_sort(a, b) == -1
