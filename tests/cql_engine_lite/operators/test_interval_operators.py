"""Interval operators against a brute-force model over a small domain of integers.

The model keeps an interval as the list of (first, last) points that it may be: one pair, or
several when a bound is open and null. An operator's answer must be what every possibility gives;
where possibilities differ it must be null. For intervals without unknown bounds nothing may be
null. (With unknown bounds the engine may say null where a cleverer one would know.)
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ra_cds_hooks.cql_engine_lite.errors import EvaluationError
from ra_cds_hooks.cql_engine_lite.operators import OPERATORS
from ra_cds_hooks.cql_engine_lite.operators.interval_bounds import make_interval
from ra_cds_hooks.cql_engine_lite.values import (
    Date,
    DateTime,
    Interval,
    Quantity,
    Time,
    Uncertainty,
)

FUNCTIONS = {name: entry.function for name, entry in OPERATORS.items()}
LOWEST, HIGHEST = -(2**31), 2**31 - 1
Pair = tuple[int, int]

BOUNDS = st.one_of(st.none(), st.integers(0, 6))


@st.composite
def intervals(draw: st.DrawFn, unknown: bool = True) -> Interval:
    """Intervals over 0..6 with open, closed and null bounds, none of them empty."""
    low, high = draw(BOUNDS), draw(BOUNDS)
    low_closed, high_closed = draw(st.booleans()), draw(st.booleans())
    if not unknown:
        low_closed = low_closed or low is None
        high_closed = high_closed or high is None
    interval = Interval(low, high, low_closed, high_closed, "Integer")
    first = LOWEST if low is None else low if low_closed else low + 1
    last = HIGHEST if high is None else high if high_closed else high - 1
    assume(first <= last)
    return interval


KNOWN = intervals(unknown=False)
ANY = intervals()


def possibilities(interval: Interval) -> list[Pair]:
    """Every (first, last) the interval may be, as far as points -2..8 can tell them apart."""
    low, high, low_closed, high_closed, _ = interval
    if low is not None:
        firsts = [low if low_closed else low + 1]
    else:
        firsts = [LOWEST] if low_closed else [LOWEST, *range(-2, 9), HIGHEST]
    if high is not None:
        lasts = [high if high_closed else high - 1]
    else:
        lasts = [HIGHEST] if high_closed else [LOWEST, *range(-2, 9), HIGHEST]
    return [(first, last) for first in firsts for last in lasts if first <= last]


RELATIONS: dict[str, Callable[[Pair, Pair], bool]] = {
    "Before": lambda a, b: a[1] < b[0],
    "After": lambda a, b: a[0] > b[1],
    "SameOrBefore": lambda a, b: a[1] <= b[0],
    "SameOrAfter": lambda a, b: a[0] >= b[1],
    "SameAs": lambda a, b: a == b,
    "Equal": lambda a, b: a == b,
    "Overlaps": lambda a, b: max(a[0], b[0]) <= min(a[1], b[1]),
    "OverlapsBefore": lambda a, b: max(a[0], b[0]) <= min(a[1], b[1]) and a[0] < b[0],
    "OverlapsAfter": lambda a, b: max(a[0], b[0]) <= min(a[1], b[1]) and a[1] > b[1],
    "Meets": lambda a, b: a[1] + 1 == b[0] or b[1] + 1 == a[0],
    "MeetsBefore": lambda a, b: a[1] + 1 == b[0],
    "MeetsAfter": lambda a, b: b[1] + 1 == a[0],
    "Starts": lambda a, b: a[0] == b[0] and a[1] <= b[1],
    "Ends": lambda a, b: a[1] == b[1] and a[0] >= b[0],
    "Includes": lambda a, b: a[0] <= b[0] and b[1] <= a[1],
    "IncludedIn": lambda a, b: b[0] <= a[0] and a[1] <= b[1],
    "ProperIncludes": lambda a, b: a[0] <= b[0] and b[1] <= a[1] and a != b,
    "ProperIncludedIn": lambda a, b: b[0] <= a[0] and a[1] <= b[1] and a != b,
}


def verdicts(name: str, left: Interval, right: Interval) -> set[bool]:
    pairs = product(possibilities(left), possibilities(right))
    return {RELATIONS[name](a, b) for a, b in pairs}


@pytest.mark.parametrize("name", RELATIONS)
@given(left=KNOWN, right=KNOWN)
def test_relations_of_known_intervals(name: str, left: Interval, right: Interval) -> None:
    assert {FUNCTIONS[name](left, right)} == verdicts(name, left, right)


@pytest.mark.parametrize("name", RELATIONS)
@given(left=ANY, right=ANY)
def test_relations_of_uncertain_intervals(name: str, left: Interval, right: Interval) -> None:
    found = FUNCTIONS[name](left, right)
    if found is not None:
        assert {found} == verdicts(name, left, right)


POINTS = st.integers(-1, 7)


@given(ANY, POINTS)
def test_membership(interval: Interval, point: int) -> None:
    possible = {a <= point <= b for a, b in possibilities(interval)}
    strictly = {a < point < b for a, b in possibilities(interval)}
    for name, operands, worlds in (
        ("In", (point, interval), possible),
        ("Contains", (interval, point), possible),
        ("ProperIn", (point, interval), strictly),
        ("ProperContains", (interval, point), strictly),
    ):
        found = FUNCTIONS[name](*operands)
        if found is not None or (interval.low_closed and interval.high_closed):
            assert {found} == worlds


@given(ANY, POINTS)
def test_points_against_intervals(interval: Interval, point: int) -> None:
    unit = Interval(point, point)
    for name in ("Before", "After", "SameOrBefore", "SameOrAfter"):
        assert FUNCTIONS[name](interval, point) is FUNCTIONS[name](interval, unit)
        assert FUNCTIONS[name](point, interval) is FUNCTIONS[name](unit, interval)


def covered(interval: Interval | None) -> set[int] | None:
    """The points -3..9 that a known interval holds, its own bounds beyond that cut off."""
    if interval is None:
        return None
    ((first, last),) = possibilities(interval)
    return set(range(max(first, -3), min(last, 9) + 1))


def contiguous(points: set[int]) -> bool:
    return bool(points) and len(points) == max(points) - min(points) + 1


@given(KNOWN, KNOWN)
def test_union_intersect_and_except(left: Interval, right: Interval) -> None:
    a, b = covered(left), covered(right)
    assert a is not None
    assert b is not None
    for name, points in (("Union", a | b), ("Intersect", a & b), ("Except", a - b)):
        found = covered(FUNCTIONS[name](left, right))
        assert found == (points if contiguous(points) else None), name


@given(st.lists(KNOWN, max_size=6))
def test_collapse_covers_the_same_points_with_fewest_intervals(parts: list[Interval]) -> None:
    found = FUNCTIONS["Collapse"](parts, None)
    points = set().union(*(covered(part) or set() for part in parts))
    assert set().union(*(covered(part) or set() for part in found)) == points
    for first, second in pairwise(found):
        ((_, end),) = possibilities(first)
        ((start, _),) = possibilities(second)
        assert start > end + 1


@given(st.integers(0, 6), st.integers(0, 20), st.integers(1, 4))
def test_expand_gives_the_whole_parts(low: int, span: int, size: int) -> None:
    per = Quantity(Decimal(size))
    starts = [n for n in range(low, low + span + 1, size) if n + size - 1 <= low + span]
    interval = Interval(low, low + span)
    assert FUNCTIONS["Expand"](interval, per) == starts
    expected = [Interval(n, n + size - 1) for n in starts]
    assert FUNCTIONS["Expand"]([interval, None], per) == expected


def amount(text: str, unit: str = "g") -> Quantity:
    return Quantity(Decimal(text), unit)


@pytest.mark.parametrize(
    ("interval", "start", "end"),
    [
        (None, None, None),
        (Interval(1, 5), 1, 5),
        (Interval(1, 5, False, False), 2, 4),
        (Interval(None, 5), LOWEST, 5),
        (Interval(1, None, False, False), 2, Uncertainty(2, HIGHEST)),
        (Interval(None, 5, False, False), Uncertainty(LOWEST, 4), 4),
        (Interval(None, None), None, None),
        (Interval(None, None, True, True, "Date"), Date(1, 1, 1), Date(9999, 12, 31)),
        (Interval(amount("1"), None), amount("1"), amount("99999999999999999999.99999999")),
        (
            Interval(Decimal(1), Decimal(2), False, False),
            Decimal("1.00000001"),
            Decimal("1.99999999"),
        ),
        (Interval(Date(2012, 1), Date(2012, 3), False, False), Date(2012, 2), Date(2012, 2)),
    ],
)
def test_start_and_end(interval: Interval | None, start: object, end: object) -> None:
    assert FUNCTIONS["Start"](interval) == start
    assert FUNCTIONS["End"](interval) == end


@pytest.mark.parametrize(
    ("name", "interval", "expected"),
    [
        ("Width", Interval(1, 10), 9),
        ("Width", Interval(1, None, True, False), None),
        ("Size", Interval(3, 8, True, False), 5),
        ("Size", Interval(Decimal(4), Decimal(15)), Decimal("11.00000001")),
        ("Width", Interval(amount("5"), amount("10")), amount("5")),
        ("PointFrom", Interval(4, 5, True, False), 4),
        ("PointFrom", Interval(None, None), None),
    ],
)
def test_extents(name: str, interval: Interval, expected: object) -> None:
    assert FUNCTIONS[name](interval) == expected


@pytest.mark.parametrize(
    ("name", "interval"),
    [
        ("Width", Interval(Date(2012), Date(2013))),
        ("Size", Interval(Time(12), Time(13))),
        ("PointFrom", Interval(1, 4)),
    ],
)
def test_extents_that_are_errors(name: str, interval: Interval) -> None:
    with pytest.raises(EvaluationError):
        FUNCTIONS[name](interval)


@pytest.mark.parametrize(
    ("low", "high", "low_closed", "high_closed"),
    [(5, 3, True, True), (5, 5, True, False), (Date(2014), Date(2013, 5), True, True)],
)
def test_intervals_that_end_before_they_start(
    low: object, high: object, low_closed: bool, high_closed: bool
) -> None:
    with pytest.raises(EvaluationError, match="must not end before it starts"):
        make_interval(low, high, low_closed, high_closed)


def test_intervals_whose_order_is_unknown_are_made() -> None:
    assert make_interval(Date(2014, 5), Date(2014)).high == Date(2014)
    assert make_interval(5, None, True, False).high is None
    assert make_interval(5, 5) == Interval(5, 5)


DAY = Interval(DateTime(2017, 9, 1, 0, 0, 0), DateTime(2017, 9, 1, 0, 0, 0))
SEASON = Interval(DateTime(2017, 9, 1, 0, 0, 0, 0), DateTime(2017, 12, 30, 23, 59, 59, 999))


@pytest.mark.parametrize(
    ("name", "left", "right", "precision", "expected"),
    [
        ("IncludedIn", DAY, SEASON, None, None),
        ("IncludedIn", DAY, SEASON, "Day", True),
        ("IncludedIn", DAY, SEASON, "Millisecond", None),
        ("In", DateTime(2012, 1, 7), Interval(DateTime(2012, 1, 5), None), None, True),
        ("In", Date(2012, 1), Interval(Date(2012, 1, 5), Date(2012, 3, 1)), None, None),
        ("In", Date(2012, 1), Interval(Date(2012, 1, 5), Date(2012, 3, 1)), "Month", True),
        ("In", Date(2012), Interval(Date(2012, 1, 5), Date(2012, 3, 1)), "Month", None),
        ("In", Date(2011, 12), Interval(Date(2012, 1, 5), Date(2012, 3, 1)), None, False),
        (
            "ProperContains",
            Interval(Time(12, 0, 0, 1), Time(21, 59, 59, 999)),
            Time(12, 0, 0),
            "Second",
            False,
        ),
        (
            "Overlaps",
            Interval(DateTime(2012, 2), DateTime(2012, 3)),
            Interval(DateTime(2011, 1, 10), DateTime(2012)),
            None,
            None,
        ),
        ("Meets", Interval(Time(3), Time(4)), Interval(Time(5), Time(6)), None, True),
        (
            "MeetsBefore",
            Interval(DateTime(2012, 1, 7), DateTime(2012, 1, 14, 10)),
            Interval(DateTime(2012, 1, 15, 8), DateTime(2012, 2, 1)),
            "Day",
            True,
        ),
        ("Before", Date(2012, 1, 31), Interval(Date(2012, 2, 1), None), "Month", True),
        ("SameAs", DateTime(2022, 2, 22, 0, offset=-300), DateTime(2022, 2, 22, 4), "Day", True),
        ("SameAs", DateTime(2012, 3, 10, 10, offset=420), DateTime(2012, 3, 10, 9, offset=360),
         "Hour", True),
        ("After", Date(2012, 1, 1), Date(2012), "Month", None),
        ("SameOrAfter", Interval(6, 10), 6, None, True),
        ("Contains", Interval(1, 10), None, None, None),
        ("Contains", None, 5, None, False),
        ("Includes", Interval(1, 10), None, None, None),
        ("Overlaps", Interval(None, None), Interval(1, 10), None, None),
        ("Meets", Interval(1, None), Interval(5, 6), None, False),
        ("In", Uncertainty(4, 16), Interval(1, 20), None, True),
        ("In", Uncertainty(4, 16), Interval(10, 20), None, None),
    ],
)  # fmt: skip
def test_precisions_and_nulls(
    name: str, left: Any, right: Any, precision: str | None, expected: bool | None
) -> None:
    assert FUNCTIONS[name](left, right, precision=precision) is expected


@pytest.mark.parametrize(
    ("name", "left", "right", "expected"),
    [
        ("Intersect", Interval(1, 10), Interval(5, None, True, False),
         Interval(5, None, True, False, "Integer")),
        ("Union", Interval(1, None), Interval(5, 9), Interval(1, None, True, True, "Integer")),
        ("Union", Interval(None, None), Interval(1, 10), None),
        ("Except", Interval(1, 10), Interval(3, 7), None),
        ("Except", Interval(1, 10), Interval(0, 11), None),
        ("Except", Interval(1, 10), None, None),
        ("Except", Interval(Date(2012, 1, 5), Date(2012, 1, 15)),
         Interval(Date(2012, 1, 7), Date(2012, 1, 15)),
         Interval(Date(2012, 1, 5), Date(2012, 1, 6), True, True, "Date")),
        ("Intersect", Interval(amount("1"), amount("5")),
         Interval(amount("2000", "mg"), amount("7000", "mg")),
         Interval(amount("2000", "mg"), amount("5"), True, True, "Quantity")),
    ],
)  # fmt: skip
def test_sets_of_special_intervals(
    name: str, left: Interval | None, right: Interval | None, expected: Interval | None
) -> None:
    assert FUNCTIONS[name](left, right) == expected


def dates(low: tuple[int, ...], high: tuple[int, ...]) -> Interval:
    return Interval(Date(*low), Date(*high))


@pytest.mark.parametrize(
    ("parts", "per", "expected"),
    [
        (None, None, None),
        ([], None, []),
        ([None, Interval(None, None, False, False)], None, []),
        ([Interval(1, None, True, False), None], None, [Interval(1, None, True, False)]),
        ([Interval(1, 2), Interval(4, 5)], None, [Interval(1, 2), Interval(4, 5)]),
        ([Interval(1, 2), Interval(4, 5)], Quantity(Decimal(2)), [Interval(1, 5)]),
        (
            [dates((2012, 1, 1), (2012, 1, 15)), dates((2012, 1, 16), (2012, 5, 25))],
            None,
            [dates((2012, 1, 1), (2012, 5, 25))],
        ),
        (
            [dates((2012, 1, 1), (2012, 1, 15)), dates((2012, 1, 20), (2012, 5, 25))],
            Quantity(Decimal(1), "week"),
            [dates((2012, 1, 1), (2012, 5, 25))],
        ),
        (
            [dates((2012, 1, 1), (2012, 1, 15)), dates((2012, 2), (2012, 5, 25))],
            None,
            [dates((2012, 1, 1), (2012, 5, 25))],
        ),
        ([Interval(1, 9), Interval(2, 3)], None, [Interval(1, 9)]),
    ],
)
def test_collapse(parts: Any, per: Quantity | None, expected: Any) -> None:
    assert FUNCTIONS["Collapse"](parts, per) == expected


@pytest.mark.parametrize(
    ("interval", "per", "expected"),
    [
        (dates((2018, 1, 1), (2018, 1, 4)), ("2", "days"), [Date(2018, 1, 1), Date(2018, 1, 3)]),
        (dates((2018, 1, 1), (2018, 1, 3)), None, [Date(2018, 1, d) for d in (1, 2, 3)]),
        (dates((2018, 1, 15), (2018, 3, 1)), ("1", "month"), [Date(2018, m) for m in (1, 2, 3)]),
        (dates((9999, 12, 31), (9999, 12, 31)), ("1", "day"), []),
        (Interval(Time(10), Time(10)), ("1", "minute"), []),
        (Interval(Time(22), Time(23)), ("1", "hour"), [Time(22)]),
        (Interval(Decimal("10.0"), Decimal("12.5")), ("1", "1"), [10, 11, 12]),
        (Interval(10, 10), ("0.5", "1"), [Decimal("10.0"), Decimal("10.5")]),
        (Interval(1, None), None, []),
        (Interval(amount("1"), amount("3")), ("1000", "mg"), [amount("1"), amount("2"),
                                                              amount("3")]),
        (Interval(amount("1"), amount("3", "cm")), None, []),
    ],
)  # fmt: skip
def test_expand(interval: Interval, per: tuple[str, str] | None, expected: list[Any]) -> None:
    size = None if per is None else Quantity(Decimal(per[0]), per[1])
    assert FUNCTIONS["Expand"](interval, size) == expected


@pytest.mark.parametrize(
    ("interval", "per"),
    [
        (Interval(1, 10), ("0", "1")),
        (Interval(1, 2**31 - 1), ("1", "1")),
        (Interval(amount("1"), amount("2")), ("1", "cm")),
        (dates((2018, 1, 1), (2018, 1, 4)), ("1", "mg")),
        (Interval("a", "b"), None),
    ],
)
def test_expansions_that_are_errors(interval: Interval, per: tuple[str, str] | None) -> None:
    size = None if per is None else Quantity(Decimal(per[0]), per[1])
    with pytest.raises(EvaluationError):
        FUNCTIONS["Expand"](interval, size)
