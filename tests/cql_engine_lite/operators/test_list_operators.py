"""Lists: membership truth tables with nulls, sets against a quadratic model, parts of lists."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ra_cds_hooks.cql_engine_lite.errors import EvaluationError
from ra_cds_hooks.cql_engine_lite.operators import OPERATORS
from ra_cds_hooks.cql_engine_lite.values import (
    Code,
    Concept,
    CqlTuple,
    Date,
    DateTime,
    Interval,
    Long,
    Quantity,
    Time,
)

FUNCTIONS = {name: entry.function for name, entry in OPERATORS.items()}
UNSURE = [Time(15, 59, 59, 999), Time(20, 59, 59, 999)]

MEMBERSHIP = [
    # list, element, contains, properly contains
    (None, "a", False, False),
    (None, None, False, False),
    ([], "a", False, False),
    ([], None, False, False),
    (["a"], "a", True, False),
    (["a", "b"], "a", True, True),
    (["a", "a"], "a", True, False),
    (["a", "b"], "c", False, False),
    (["a", None], "a", True, None),
    (["a", "b", None], "a", True, True),
    ([None, "b"], "a", False, False),
    ([None], None, True, False),
    ([None, None], None, True, False),
    (["s", None], None, True, True),
    (["s", "u"], None, False, False),
    ([1, 2], Decimal("1.0"), True, True),
    ([1, 2], Long(2), True, True),
    ([1], True, False, False),
    (UNSURE, Time(15, 59, 59), None, None),
    (UNSURE, Time(15, 59, 58), False, False),
    ([Time(15, 59, 59), Time(20)], Time(15, 59, 59), True, True),
]


@pytest.mark.parametrize(("elements", "element", "contained", "properly"), MEMBERSHIP)
def test_membership(
    elements: list[Any] | None, element: object, contained: bool | None, properly: bool | None
) -> None:
    assert FUNCTIONS["Contains"](elements, element) is contained
    assert FUNCTIONS["In"](element, elements) is contained
    assert FUNCTIONS["ProperContains"](elements, element) is properly
    assert FUNCTIONS["ProperIn"](element, elements) is properly


INCLUSION = [
    # left, right, includes, properly includes
    (None, [2], None, None),
    ([1], None, None, None),
    ([], [], True, False),
    ([None], [None], True, False),
    ([1, 2, 3], [], True, True),
    ([1, 2, 3], [2, 1], True, True),
    ([1, 2, 3], [4], False, False),
    ([1, 2], [2, 1], True, False),
    (UNSURE, [Time(15, 59, 59)], None, None),
    (UNSURE, [Time(15, 59, 59), Time(1)], False, False),
]


@pytest.mark.parametrize(("left", "right", "included", "properly"), INCLUSION)
def test_inclusion(
    left: list[Any] | None, right: list[Any] | None, included: bool | None, properly: bool | None
) -> None:
    assert FUNCTIONS["Includes"](left, right) is included
    assert FUNCTIONS["IncludedIn"](right, left) is included
    assert FUNCTIONS["ProperIncludes"](left, right) is properly
    assert FUNCTIONS["ProperIncludedIn"](right, left) is properly


def test_nulls_by_static_type() -> None:
    proper = FUNCTIONS["ProperContains"]
    assert proper(None, 5, signature=("Interval", "Integer")) is None
    assert proper(None, 5, signature=("List", "Integer")) is False
    assert FUNCTIONS["ProperIn"](5, None, signature=("Integer", "Interval")) is None
    assert FUNCTIONS["Length"](None, signature=("List",)) == 0
    assert FUNCTIONS["Length"](None, signature=("String",)) is None
    assert FUNCTIONS["Union"](None, None, signature=("List", "List")) == []
    assert FUNCTIONS["Union"](None, None, signature=("Interval", "Interval")) is None


def test_a_list_includes_a_single_element_too() -> None:
    assert FUNCTIONS["Includes"]([1, 2], 2) is True


ELEMENTS = st.one_of(
    st.none(),
    st.integers(0, 3),
    st.integers(0, 3).map(Long),
    st.sampled_from([Decimal("1.0"), Decimal("2.5")]),
    st.sampled_from(["a", "A", "1"]),
    st.booleans(),
    st.sampled_from([Date(2014), Date(2014, 1), Date(2014, 1, 1), DateTime(2014, 1, 1)]),
    st.sampled_from([DateTime(2014, 1, 1, 12, offset=0), DateTime(2014, 1, 1, 13, offset=60)]),
    st.sampled_from([Time(12), Time(12, 0)]),
    st.sampled_from([Quantity(Decimal(1), u) for u in ("mg", "g", "[zz]")]
                    + [Quantity(Decimal(1000), "mg")]),
    st.sampled_from([Code("1", "s"), Code("1", "s", None, "x"), Concept((Code("1", "s"),))]),
    st.sampled_from([Interval(1, 2), Interval(1, 3, True, False), Interval(0, 1)]),
    st.sampled_from([CqlTuple({"x": 1}), CqlTuple({"x": Decimal(1)}), CqlTuple({"x": None})]),
    st.sampled_from([[1], [Decimal("1.0")], [None]]),
    st.sampled_from([{"resourceType": "Patient", "id": "1"}, {"resourceType": "Patient"}]),
)  # fmt: skip
TUPLES = st.dictionaries(st.sampled_from("xy"), ELEMENTS, max_size=2).map(CqlTuple)
LISTS = st.lists(st.one_of(ELEMENTS, TUPLES), max_size=8)


def same(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    return FUNCTIONS["Equal"](left, right) is True


def without_repeats(elements: list[Any]) -> list[Any]:
    """The quadratic definition: keep what equals nothing kept before."""
    kept: list[Any] = []
    for element in elements:
        if not any(same(other, element) for other in kept):
            kept.append(element)
    return kept


@given(LISTS, LISTS)
def test_sets_against_the_quadratic_definition(left: list[Any], right: list[Any]) -> None:
    assert FUNCTIONS["Distinct"](left) == without_repeats(left)
    assert FUNCTIONS["Union"](left, right) == without_repeats(left + right)
    common = [e for e in left if any(same(e, other) for other in right)]
    assert FUNCTIONS["Intersect"](left, right) == without_repeats(common)
    others = [e for e in left if not any(same(e, other) for other in right)]
    assert FUNCTIONS["Except"](left, right) == without_repeats(others)


@pytest.mark.parametrize(
    ("name", "left", "right", "expected"),
    [
        ("Union", None, [4, 4], [4]),
        ("Union", [None], [None], [None]),
        ("Intersect", [1], None, None),
        ("Except", [1, 4, 1], None, [1, 4]),
        ("Except", None, [1], None),
    ],
)
def test_sets_with_nulls(name: str, left: Any, right: Any, expected: Any) -> None:
    assert FUNCTIONS[name](left, right) == expected


def test_distinct_is_linear_enough() -> None:
    many = [Quantity(Decimal(n), "mg") for n in range(50)] + [f"code-{n}" for n in range(20000)]
    assert len(FUNCTIONS["Distinct"](many + many)) == 20050


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("Exists", ([None],), False),
        ("Exists", ([None, 1],), True),
        ("Exists", (None,), False),
        ("Flatten", ([[1, None], [], None, [2]],), [1, None, 2]),
        ("First", ([None, 1],), None),
        ("Last", ([None, 1],), 1),
        ("Last", ([],), None),
        ("SingletonFrom", ([5],), 5),
        ("SingletonFrom", ([],), None),
        ("IndexOf", ([1, None, 2], 2), 2),
        ("IndexOf", ([1, 2], 3), -1),
        ("IndexOf", ([1, None], None), None),
        ("Indexer", ([1, 2], 1), 2),
        ("Indexer", ([1, 2], -1), None),
        ("Indexer", ([1, 2], 2), None),
        ("Indexer", ("ab", 1), "b"),
        ("Length", ([None, 1],), 2),
        ("Length", ("abc",), 3),
        ("ToList", (5,), [5]),
        ("Children", (CqlTuple({"a": [1, 2], "b": None, "c": "x"}),), [1, 2, "x"]),
        ("Children", (Quantity(Decimal(1), "mg"),), [Decimal(1), "mg"]),
        ("Descendents", ([CqlTuple({"a": CqlTuple({"b": 1})})],), [{"b": 1}, 1]),
        ("Times", ([CqlTuple({"a": 1})], [CqlTuple({"b": 2})]), [{"a": 1, "b": 2}]),
    ],
)
def test_parts_of_lists(name: str, operands: tuple[Any, ...], expected: Any) -> None:
    assert FUNCTIONS[name](*operands) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, [1, 2, 3, 4, 5]),
        (1, None, [2, 3, 4, 5]),
        (1, 3, [2, 3]),
        (-2, None, [4, 5]),
        (1, -1, [2, 3, 4]),
        (5, None, []),
        (4, 2, []),
        (-9, 2, [1, 2]),
        (0, 0, []),
    ],
)
def test_slices(start: int | None, end: int | None, expected: list[int]) -> None:
    assert FUNCTIONS["Slice"]([1, 2, 3, 4, 5], start, end) == expected


def test_singleton_from_several_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="at most one element"):
        FUNCTIONS["SingletonFrom"]([1, 2])


@given(LISTS, LISTS)
def test_operands_are_never_changed(left: list[Any], right: list[Any]) -> None:
    before = (list(left), list(right))
    for name in ("Union", "Intersect", "Except", "Includes", "Equal", "Equivalent"):
        FUNCTIONS[name](left, right)
    assert (left, right) == before
