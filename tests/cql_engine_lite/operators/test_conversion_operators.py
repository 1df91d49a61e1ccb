"""Conversions: tables, null where impossible, and text that can be read back."""

from __future__ import annotations

import datetime
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
    Date,
    DateTime,
    Long,
    Quantity,
    Ratio,
    Time,
)

FUNCTIONS = {name: entry.function for name, entry in OPERATORS.items()}


class Request:
    as_of = DateTime(2026, 11, 23, 7, 30, 0, 250, 480)
    timezone_offset = 480


def amount(text: str, unit: str = "1") -> Quantity:
    return Quantity(Decimal(text), unit)


CODE = Code("1", "s", None, "one")


@pytest.mark.parametrize(
    ("name", "operand", "expected"),
    [
        ("Boolean", "NO", False),
        ("Boolean", "t", True),
        ("Boolean", "falsetto", None),
        ("Boolean", 1, True),
        ("Boolean", Decimal("0.0"), False),
        ("Boolean", 2, None),
        ("Integer", "-25", -25),
        ("Integer", "2147483648", None),
        ("Integer", "5.0", None),
        ("Integer", "foo", None),
        ("Integer", Long(2**40), None),
        ("Integer", True, 1),
        ("Long", "2147483648", Long(2**31)),
        ("Long", "9" * 30, None),
        ("Long", 5, Long(5)),
        ("Decimal", "+25.5", Decimal("25.5")),
        ("Decimal", "+-0.1", None),
        ("Decimal", ".5", None),
        ("Decimal", "1e5", None),
        ("Decimal", 5, Decimal(5)),
        ("Decimal", True, Decimal(1)),
        ("Decimal", "9" * 40, None),
        ("Quantity", "5.5 'cm'", amount("5.5", "cm")),
        ("Quantity", "-0.1'mg'", amount("-0.1", "mg")),
        ("Quantity", "4 days", amount("4", "days")),
        ("Quantity", "4", amount("4")),
        ("Quantity", "444 'cm", None),
        ("Quantity", "4 mg", None),
        ("Quantity", Long(13), amount("13")),
        ("Quantity", Ratio(amount("1", "mg"), amount("2", "mL")), amount("0.5", "mg/mL")),
        ("Ratio", "1.0 'mg':2.0 'mg'", Ratio(amount("1", "mg"), amount("2", "mg"))),
        ("Ratio", "1:128", Ratio(amount("1"), amount("128"))),
        ("Ratio", "1.0 'mg';2.0 'mg'", None),
        ("Ratio", "1 'mg':x", None),
        ("Date", "2014-01-01T12:30:00", Date(2014, 1, 1)),
        ("Date", DateTime(2014, 1, 1, 23, offset=60), Date(2014, 1, 1)),
        ("Date", "2014/01/01", None),
        ("Time", "T14:30:00.0Z", Time(14, 30, 0, 0)),
        ("Time", "T14-30", None),
        ("Time", DateTime(2014, 1, 1, 9, 30), Time(9, 30)),
        ("Time", DateTime(2014, 1, 1), None),
        ("Quantity", "4 dayses", None),
        ("Quantity", "9" * 40 + " 'mg'", None),
        ("String", True, "true"),
        ("String", -5, "-5"),
        ("String", Long(5), "5"),
        ("String", Decimal("18.55"), "18.55"),
        ("String", Decimal("1E-8"), "0.00000001"),
        ("String", amount("125", "cm"), "125 'cm'"),
        ("String", amount("4", "days"), "4 days"),
        ("String", Ratio(amount("1", "mg"), amount("2", "mL")), "1 'mg':2 'mL'"),
        ("String", Date(2014, 1), "2014-01"),
        ("String", Time(9, 30, 1, 3), "09:30:01.003"),
        ("String", DateTime(2000, 1, 1, 8, 25, 25, 300, -420), "2000-01-01T08:25:25.300-07:00"),
        ("String", DateTime(2000, 1, 1, 8, 25, offset_given=False), "2000-01-01T08:25"),
        ("String", DateTime(2000, 1, 1, 8, 25), "2000-01-01T08:25+00:00"),
    ],
)
def test_conversions(name: str, operand: Any, expected: Any) -> None:
    found = FUNCTIONS[f"To{name}"](operand)
    assert found == expected
    assert type(found) is type(expected)
    assert FUNCTIONS[f"ConvertsTo{name}"](operand) is (expected is not None)


def test_date_times_take_the_requests_offset() -> None:
    convert, possible = FUNCTIONS["ToDateTime"], FUNCTIONS["ConvertsToDateTime"]
    assert convert(Request(), Date(2014, 1)) == DateTime(2014, 1, offset=480, offset_given=False)
    assert convert(Request(), "2014-01-01T12:05Z") == DateTime(2014, 1, 1, 12, 5)
    assert convert(Request(), "2014-01-01T12").offset == 480
    assert convert(Request(), "nonsense") is None
    assert possible(Request(), "2014-01-01T12:05Z") is True
    assert possible(Request(), "nonsense") is False


def test_concepts() -> None:
    assert FUNCTIONS["ToConcept"](CODE) == Concept((CODE,), "one")
    assert FUNCTIONS["ToConcept"]([CODE, None]) == Concept((CODE,))


@pytest.mark.parametrize("name", ["Boolean", "Integer", "Decimal", "Quantity", "Date", "Time"])
def test_types_without_a_conversion_are_an_error(name: str) -> None:
    with pytest.raises(EvaluationError, match="not defined for operands of type Code"):
        FUNCTIONS[f"To{name}"](CODE)


@pytest.mark.parametrize(
    ("operand", "unit", "expected"),
    [
        (amount("5", "mg"), "g", amount("0.005", "g")),
        (amount("12", "mg/dL"), "mg/L", amount("120", "mg/L")),
        (amount("5", "mg"), "cm", None),
        (amount("5", "mg"), "[zz]", None),
        (None, "g", None),
        (amount("5", "mg"), None, None),
    ],
)
def test_convert_quantity(
    operand: Quantity | None, unit: str | None, expected: Quantity | None
) -> None:
    assert FUNCTIONS["ConvertQuantity"](operand, unit) == expected
    possible = None if operand is None or unit is None else expected is not None
    assert FUNCTIONS["CanConvertQuantity"](operand, unit) is possible


@given(
    st.one_of(
        st.booleans(),
        st.integers(-(2**31), 2**31 - 1),
        st.decimals(min_value=-(10**6), max_value=10**6, places=8),
    )
)
def test_text_reads_back(value: Any) -> None:
    back = {bool: "ToBoolean", int: "ToInteger", Decimal: "ToDecimal"}[type(value)]
    assert FUNCTIONS[back](FUNCTIONS["ToString"](value)) == value


@given(st.datetimes(timezones=st.just(datetime.timezone(datetime.timedelta(hours=-5)))))
def test_date_times_read_back(moment: datetime.datetime) -> None:
    value = DateTime.from_datetime(moment)
    assert FUNCTIONS["ToDateTime"](Request(), FUNCTIONS["ToString"](value)) == value


def test_message() -> None:
    message = FUNCTIONS["Message"]
    assert message(5, True, "100", "Warning", "text") == 5
    assert message(5, None, "100", "Error", "text") == 5
    with pytest.raises(EvaluationError, match="message code 400") as caught:
        message(5, True, "400", "Error", "Ms Doe")
    assert "Doe" not in str(caught.value)


@given(st.one_of(st.text(max_size=30), st.text("0123456789-+:.TZ' mgdays", max_size=30)))
def test_no_text_is_an_error(text: str) -> None:
    for name in ("Boolean", "Integer", "Long", "Decimal", "Quantity", "Ratio", "Date", "Time"):
        possible = FUNCTIONS[f"ConvertsTo{name}"](text)
        assert possible is (FUNCTIONS[f"To{name}"](text) is not None)
    assert FUNCTIONS["ToDateTime"](Request(), text) is None or text[:4].isdecimal()
