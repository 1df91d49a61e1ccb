"""Loading at the limits, parameters, the clock (what cannot be loaded: test_broken)."""

from __future__ import annotations

from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import (
    LibraryLoadError,
    ParameterError,
    UnknownDefineError,
    load,
)
from tests.cql_engine_lite.build import AS_OF, VALUE_SETS, Json, Record, elm, program, value

ONE = {"type": "Literal", "valueType": "{urn:hl7-org:elm-types:r1}Integer", "value": "1"}


def library(name: str = "Broken", **members: Any) -> Json:
    return {"library": {"identifier": {"id": name, "version": "1"}} | members}


def define(name: str, expression: Any, **more: Any) -> Json:
    return {
        "name": name,
        "context": "Patient",
        "expression": expression,
        "locator": "3:1-3:9",
    } | more


def statements(*definitions: Json) -> Json:
    return {"statements": {"def": list(definitions)}}


def test_a_very_deep_expression_is_an_error_and_no_crash() -> None:
    expression: Json = ONE
    for _ in range(2000):
        expression = {"type": "Negate", "operand": {"type": "Abs", "operand": expression}}
    with pytest.raises(LibraryLoadError):
        load([library(**statements(define("A", expression)))])


def test_a_long_chain_of_operators_is_no_problem() -> None:
    expression: Json = ONE
    for _ in range(120):
        expression = {"type": "Add", "operand": [expression, ONE]}
    chain: Json = ONE
    for number in range(150):
        condition = {"type": "Equal", "operand": [ONE, {**ONE, "value": str(number + 2)}]}
        chain = {"type": "If", "condition": condition, "then": ONE, "else": chain}
    loaded = load([library(**statements(define("A", expression), define("B", chain)))])
    results = loaded.evaluate(Record(), VALUE_SETS, None, AS_OF)
    assert (results["Broken.A"], results["Broken.B"]) == (121, 1)


def test_parameters_are_checked() -> None:
    from decimal import Decimal

    assert value("Records", "Threshold Used") == Decimal("5.0")
    assert value("Records", "Threshold Used", parameters={"Records.Threshold": Decimal(7)}) == 7
    seven = value("Records", "Threshold Used", parameters={"Records.Threshold": 7})
    assert isinstance(seven, Decimal)
    assert value("Records", "Threshold Used", parameters={"Records.Threshold": None}) is None
    with pytest.raises(ParameterError, match=r"System\.Decimal"):
        value("Records", "Threshold Used", parameters={"Records.Threshold": "7"})
    with pytest.raises(ParameterError, match="Treshold"):
        value("Records", "Threshold Used", parameters={"Records.Treshold": Decimal(7)})
    with pytest.raises(ParameterError, match="Without Default"):
        value("Records", "Missing Parameter Used")
    assert (
        value("Records", "Missing Parameter Used", parameters={"Records.Without Default": 4}) == 5
    )
    assert value("Records", "Today Used").isoformat() == "2026-11-23"


def test_the_clock_is_an_argument() -> None:
    assert value("Records", "Now Used").isoformat() == "2026-11-23T12:30:00.000+08:00"
    for moment in (None, AS_OF.replace(tzinfo=None)):
        with pytest.raises(ParameterError, match="as_of"):
            program("Records").evaluate(Record(), VALUE_SETS, None, moment, [])


def test_an_unknown_define_is_an_error() -> None:
    with pytest.raises(UnknownDefineError):
        value("Records", "Nothing")
    results = program("Records").evaluate(
        Record(), VALUE_SETS, None, AS_OF, ["Records.Threshold Used"]
    )
    with pytest.raises(UnknownDefineError):
        results["Records.Quantities"]


def test_two_programs_do_not_share_anything() -> None:
    first, second = (load([elm("Records"), elm("FHIRHelpers")]) for _ in range(2))
    names = ["Records.Needs Never"]
    for loaded in (first, second):
        with pytest.raises(Exception, match="Records 74:"):
            loaded.evaluate(Record(), VALUE_SETS, None, AS_OF, names)
