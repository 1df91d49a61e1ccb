"""The table of operators: what a compiler relies on."""

from __future__ import annotations

import inspect

import pytest

from ra_cds_hooks.cql_engine_lite.errors import EvaluationError
from ra_cds_hooks.cql_engine_lite.operators import OPERATORS
from ra_cds_hooks.cql_engine_lite.operators.registry import operator
from ra_cds_hooks.cql_engine_lite.values import DateTime

# Null operands have an answer of their own here (CQL reference, each operator).
ANSWERS_NULL = {
    "AllTrue": True,
    "AnyTrue": False,
    "Contains": False,
    "Count": 0,
    "Equivalent": True,
    "Exists": False,
    "In": False,
    "IsFalse": False,
    "IsNull": True,
    "IsTrue": False,
    "ProperContains": False,
    "ProperIn": False,
    "ToList": [],
}
WITHOUT_OPERANDS = {"MinValue", "MaxValue", "Now", "Today", "TimeOfDay"}


class Request:
    as_of = DateTime(2026, 11, 23, 12, 0, 0, 0)
    timezone_offset = 0


def arguments(name: str) -> tuple[list[object], dict[str, str]]:
    """Nulls for every operand, and a precision where the operator needs one."""
    entry = OPERATORS[name]
    parameters = list(inspect.signature(entry.function).parameters.values())
    positional = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
    nulls: list[object] = [None] * len(positional)
    if entry.context:
        nulls[0] = Request()
    needed = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    return nulls, dict.fromkeys(needed, "Day")


@pytest.mark.parametrize("name", sorted(set(OPERATORS) - WITHOUT_OPERANDS))
def test_null_operands_give_null_unless_the_reference_says_otherwise(name: str) -> None:
    nulls, keywords = arguments(name)
    assert OPERATORS[name].function(*nulls, **keywords) == ANSWERS_NULL.get(name)


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_entries_describe_their_functions(name: str) -> None:
    entry = OPERATORS[name]
    parameters = inspect.signature(entry.function).parameters
    keyword_only = {p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY}
    assert keyword_only == {*entry.attributes, *(("signature",) if entry.typed else ())}
    positional = len(parameters) - len(keyword_only) - entry.context
    if entry.operands:
        assert positional == len(entry.operands)
    assert entry.name == name


def test_an_operator_is_registered_once() -> None:
    with pytest.raises(ValueError, match="Add is registered twice"):
        operator("Add")(lambda left, right: None)


def test_type_errors_never_show_values() -> None:
    with pytest.raises(EvaluationError) as caught:
        OPERATORS["Add"].function("secret", 5)
    assert "secret" not in str(caught.value)
    assert "str, int" in str(caught.value)
