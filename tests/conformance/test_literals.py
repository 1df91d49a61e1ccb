"""The comparator of the conformance run must be able to fail: both directions for every type."""

from __future__ import annotations

from decimal import Decimal

import pytest

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
)
from tools.conformance.literals import NotALiteralError, difference, parse

EQUAL = [
    ("null", None),
    ("true", True),
    ("false", False),
    ("5", 5),
    ("-5", -5),
    ("+5", 5),
    ("5L", Long(5)),
    ("5.0", Decimal("5")),
    ("5.00", Decimal("5.0")),
    ("-0.00000001", Decimal("-1E-8")),
    ("'it\\'s'", "it's"),
    ("'\\u0027\\\\\\n'", "'\\\n"),
    ("''", ""),
    ("@2014", Date(2014)),
    ("@2014-02-03", Date(2014, 2, 3)),
    ("@2014T", DateTime(2014)),
    ("@2014-02-03T", DateTime(2014, 2, 3)),
    ("@2014-02-03T04:05:06.7", DateTime(2014, 2, 3, 4, 5, 6, 700)),
    ("@2014-02-03T04:05:06.007-07:30", DateTime(2014, 2, 3, 4, 5, 6, 7, -450)),
    ("@2014-02-03T04Z", DateTime(2014, 2, 3, 4)),
    ("@T10", Time(10)),
    ("@T10:30:00.000", Time(10, 30, 0, 0)),
    ("5 'mg'", Quantity(Decimal("5.0"), "mg")),
    ("5.0'mg'", Quantity(Decimal("5"), "mg")),
    ("1.0 ''", Quantity(Decimal("1"), "1")),
    ("1 'mg':2 'mL'", Ratio(Quantity(Decimal(1), "mg"), Quantity(Decimal(2), "mL"))),
    ("Interval[1, 5)", Interval(1, 5, True, False)),
    ("Interval [ 1, null )", Interval(1, None, True, False)),
    ("{}", []),
    ("{ }", []),
    ("{null}", [None]),
    ("{1, {2}}", [1, [2]]),
    ("Tuple { id: 5, name: 'Chris' }", CqlTuple({"name": "Chris", "id": 5})),
    ("{ A: 2, B: null }", CqlTuple({"A": 2, "B": None})),
    ("Code { code: 'x', system: 'urn:s' }", Code("x", "urn:s")),
    ("Concept { codes: Code { code: 'x' } }", Concept((Code("x"),))),
    ("Quantity { value: 5.0, unit: 'mg' }", Quantity(Decimal(5), "mg")),
]

UNEQUAL = [
    ("null", False),
    ("null", []),
    ("null", ""),
    ("true", False),
    ("true", None),
    ("true", 1),
    ("1", True),
    ("5", 6),
    ("5", Long(5)),
    ("5", Decimal(5)),
    ("5", "5"),
    ("5L", 5),
    ("5.0", 5),
    ("5.0", Decimal("5.00000001")),
    ("0.33333333", Decimal(1) / Decimal(3)),
    ("'a'", "A"),
    ("'a'", None),
    ("@2014", Date(2015)),
    ("@2014", Date(2014, 1)),
    ("@2014-01-01", DateTime(2014, 1, 1)),
    ("@2014T", Date(2014)),
    ("@2014-02-03T04", DateTime(2014, 2, 3, 4, 0)),
    ("@2014-02-03T04:05:06.007-07:30", DateTime(2014, 2, 3, 11, 35, 6, 7, 0)),
    ("@2014-02-03T04", DateTime(2014, 2, 3, 4, offset=60)),
    ("@T10", Time(11)),
    ("@T10", Time(10, 0)),
    ("5 'mg'", Quantity(Decimal(5), "g")),
    ("5 'mg'", Quantity(Decimal(6), "mg")),
    ("5 'mg'", Decimal(5)),
    ("1 'mg':2 'mL'", Ratio(Quantity(Decimal(1), "mg"), Quantity(Decimal(3), "mL"))),
    ("Interval[1, 5]", Interval(1, 5, True, False)),
    ("Interval[1, 5]", Interval(2, 5)),
    ("Interval[1, 5]", Interval(Decimal(1), Decimal(5))),
    ("Interval[1, 5]", [1, 5]),
    ("{1, 2}", [2, 1]),
    ("{1, 2}", [1, 2, 3]),
    ("{1, 2}", [1]),
    ("{}", None),
    ("{}", [None]),
    ("{ A: 2 }", CqlTuple({"A": 3})),
    ("{ A: 2 }", CqlTuple({"A": 2, "B": None})),
    ("{ A: 2, B: 5 }", CqlTuple({"A": 2})),
    ("Code { code: 'x', system: 'urn:s' }", Code("x", "urn:other")),
    ("Code { code: 'x' }", Concept((Code("x"),))),
    ("Concept { codes: Code { code: 'x' } }", Concept((Code("x"), Code("y")))),
]


@pytest.mark.parametrize(("text", "value"), EQUAL)
def test_equal(text: str, value: object) -> None:
    assert difference(parse(text), value) is None


@pytest.mark.parametrize(("text", "value"), UNEQUAL)
def test_unequal(text: str, value: object) -> None:
    assert difference(parse(text), value)


def test_a_literal_without_offset_means_the_evaluations_offset() -> None:
    value = DateTime(2014, 2, 3, 4, offset=-420)
    assert difference(parse("@2014-02-03T04"), value, offset=-420) is None
    assert difference(parse("@2014-02-03T04"), value, offset=0)
    assert difference(parse("{@2014-02-03T04}"), [value], offset=-420) is None


def test_implicit_conversions_only_where_the_static_type_says_so() -> None:
    for text, value in (
        ("10", Decimal("10.0")),
        ("{10, 11}", [Decimal(10), Decimal(11)]),
        ("Interval[10, 11)", Interval(Decimal(10), Decimal(11), True, False)),
    ):
        assert difference(parse(text), value, static={"Decimal"}) is None
        assert difference(parse(text), value, static={"Integer"})
        assert difference(parse(text), value)
    assert difference(parse("10"), 10, static={"Decimal"}) is None
    assert difference(parse("10"), Decimal(11), static={"Decimal"})
    assert difference(parse("10"), Long(10), static={"Decimal"})
    assert difference(parse("10.0"), 10, static={"Decimal"})
    day = DateTime(2012, 1, 1, offset=60)
    assert difference(parse("{@2012-01-01}"), [day], 60, static={"DateTime"}) is None
    assert difference(parse("{@2012-01-01}"), [day], 60, static={"Date"})
    assert difference(parse("@2012-01-02"), day, 60, static={"DateTime"})
    assert difference(parse("@2012-01"), day, 60, static={"DateTime"})
    assert difference(parse("@2012-01-01T"), Date(2012, 1, 1), 60, static={"DateTime"})


@pytest.mark.parametrize(
    "text",
    ["", "1 + 1", "1 2", "{1, 2", "Today()", "foo", "Interval[1]", "5 'mg':3", "'open", "{A: }"],
)
def test_what_is_not_a_literal_is_refused(text: str) -> None:
    with pytest.raises(NotALiteralError):
        parse(text)


def test_a_foreign_value_is_an_error() -> None:
    with pytest.raises(TypeError, match="object"):
        difference(parse("1"), object())
