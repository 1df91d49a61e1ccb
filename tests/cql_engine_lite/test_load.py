"""ELM that cannot be loaded: each a typed error that names library and place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import (
    LibraryLoadError,
    ParameterError,
    UnknownDefineError,
    UnsupportedOperatorError,
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


def ref(name: str, **more: Any) -> Json:
    return {"type": "ExpressionRef", "name": name, "locator": "4:2-4:5"} | more


INTEGER = {"type": "NamedTypeSpecifier", "name": "{urn:hl7-org:elm-types:r1}Integer"}
FUNCTION = {
    "type": "FunctionDef",
    "name": "F",
    "context": "Patient",
    "operand": [{"name": "x", "operandTypeSpecifier": INTEGER}],
}
BROKEN: dict[str, tuple[list[Json], str]] = {
    "no library": ([{}], "identifier"),
    "not a library": ([{"library": 5}], "identifier"),
    "translated with errors": (
        [library(annotation=[{"type": "CqlToElmError", "message": "no such thing"}])],
        "no such thing",
    ),
    "given twice": ([library(), library()], "twice"),
    "include missing": (
        [library(includes={"def": [{"localIdentifier": "O", "path": "Other", "version": "1"}]})],
        "Other",
    ),
    "include of another version": (
        [
            library(includes={"def": [{"localIdentifier": "O", "path": "Other", "version": "2"}]}),
            library("Other"),
        ],
        "version 2",
    ),
    "includes itself": (
        [
            library(includes={"def": [{"localIdentifier": "O", "path": "Other"}]}),
            library("Other", includes={"def": [{"localIdentifier": "B", "path": "Broken"}]}),
        ],
        "Broken -> Other -> Broken",
    ),
    "include not declared": (
        [library(**statements(define("A", ref("X", libraryName="Nowhere"))))],
        "Nowhere",
    ),
    "define missing": ([library(**statements(define("A", ref("Gone"))))], "Gone"),
    "define refers to itself": (
        [library(**statements(define("A", ref("B")), define("B", ref("A"))))],
        "Broken.A -> Broken.B -> Broken.A",
    ),
    "function missing": (
        [library(**statements(define("A", {"type": "FunctionRef", "name": "F", "operand": []})))],
        "no function F",
    ),
    "overloads ambiguous": (
        [
            library(
                **statements(
                    {**FUNCTION, "expression": ONE},
                    {**FUNCTION, "expression": ONE},
                    define("A", {"type": "FunctionRef", "name": "F", "operand": [ONE]}),
                )
            )
        ],
        "2 of 2 overloads",
    ),
    "alias unknown": ([library(**statements(define("A", {"type": "AliasRef", "name": "X"})))], "X"),
    "parameter missing": (
        [library(**statements(define("A", {"type": "ParameterRef", "name": "P"})))],
        "P",
    ),
    "value set missing": (
        [
            library(
                **statements(
                    define(
                        "A",
                        {"type": "InValueSet", "code": {"type": "Null"}, "valueset": {"name": "V"}},
                    )
                )
            )
        ],
        "V",
    ),
    "operand missing": ([library(**statements(define("A", {"type": "And"})))], "malformed"),
    "node without type": ([library(**statements(define("A", {"operand": []})))], "type"),
    "nothing": ([], "no library"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_library_is_refused_at_load(name: str) -> None:
    documents, expected = BROKEN[name]
    with pytest.raises(LibraryLoadError) as caught:
        load(copy.deepcopy(documents))
    assert expected in str(caught.value)


def test_the_error_names_library_and_locator() -> None:
    with pytest.raises(LibraryLoadError) as caught:
        load([library(**statements(define("A", ref("Gone"))))])
    assert (caught.value.library, caught.value.locator) == ("Broken", "4:2-4:5")


UNSUPPORTED: dict[str, Callable[[], Json]] = {
    "Sideways": lambda: library(
        **statements(define("A", {"type": "Sideways", "operand": ONE, "locator": "5:1-5:2"}))
    ),
    "Upside": lambda: library(
        **statements(
            {**FUNCTION, "expression": {"type": "Upside", "operand": ONE, "locator": "5:1-5:2"}}
        )
    ),
    "external function F": lambda: library(
        **statements({**FUNCTION, "external": True, "locator": "5:1-5:2"})
    ),
}


@pytest.mark.parametrize("operator", UNSUPPORTED)
def test_an_unsupported_operator_is_named_at_load(operator: str) -> None:
    # Also inside a function that nothing calls.
    with pytest.raises(UnsupportedOperatorError) as caught:
        load([UNSUPPORTED[operator]()])
    error = caught.value
    assert (error.operator, error.library, error.locator) == (operator, "Broken", "5:1-5:2")


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
