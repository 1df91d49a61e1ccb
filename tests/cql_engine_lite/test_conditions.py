"""Conditions of `where`, `if` and `case`: true exactly when their value is, and nothing else is
evaluated for them (three-valued logic: CQL reference, "Logical Operators")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ra_cds_hooks.cql_engine_lite import UnknownDefineError, load
from tests.cql_engine_lite.build import AS_OF, VALUE_SETS, Json, Record
from tests.cql_engine_lite.test_written_elm import SYSTEM, number

BOOLEAN = f"{SYSTEM}Boolean"
INTEGER = f"{SYSTEM}Integer"


def boolean(value: bool | None) -> Json:
    if value is None:
        null = {"type": "Null", "resultTypeName": f"{SYSTEM}Any"}
        return {"type": "As", "operand": null, "asType": BOOLEAN, "resultTypeName": BOOLEAN}
    text = str(value).lower()
    return {"type": "Literal", "valueType": BOOLEAN, "value": text, "resultTypeName": BOOLEAN}


def listed(*values: bool | None) -> Json:
    of = {"type": "NamedTypeSpecifier", "name": BOOLEAN}
    elements = [boolean(value) for value in values]
    list_type = {"type": "ListTypeSpecifier", "elementType": of}
    return {"type": "List", "element": elements, "resultTypeSpecifier": list_type}


# The defines that the conditions are made of, and their values.
ATOMS: dict[str, tuple[Json, Any]] = {
    "Yes": (boolean(True), True),
    "No": (boolean(False), False),
    "Unknown": (boolean(None), None),
    "Also Yes": (boolean(True), True),
    "Also Unknown": (boolean(None), None),
}
LISTS: dict[str, tuple[Json, Any]] = {
    "Empty": (listed(), []),
    "Only Null": (listed(None), [None]),
    "Null First": (listed(None, True), [None, True]),
    "One": (listed(False), [False]),
}


def referring(name: str) -> Json:
    expression = (ATOMS | LISTS)[name][0]
    types = {key: expression[key] for key in expression if key.startswith("resultType")}
    return {"type": "ExpressionRef", "name": name, **types}


def unary(kind: str, operand: Json) -> Json:
    return {"type": kind, "operand": operand, "resultTypeName": BOOLEAN}


def binary(kind: str, left: Json, right: Json) -> Json:
    return {"type": kind, "operand": [left, right], "resultTypeName": BOOLEAN}


CONDITIONS = st.recursive(
    st.sampled_from([*ATOMS]).map(referring)
    | st.sampled_from([*LISTS]).map(lambda name: unary("Exists", referring(name)))
    | st.sampled_from([True, False]).map(boolean),
    lambda inner: (
        st.builds(unary, st.sampled_from(["Not", "IsNull", "IsTrue", "IsFalse"]), inner)
        | st.builds(binary, st.sampled_from(["And", "Or", "Implies", "Equal"]), inner, inner)
    ),
    max_leaves=6,
)


def truth(elm: Json) -> bool | None:
    """The value of a condition, by the truth tables of the CQL reference."""
    kind = elm["type"]
    if kind == "ExpressionRef":
        known: bool | None = ATOMS[elm["name"]][1]
        return known
    if kind == "Literal":
        return bool(elm["value"] == "true")
    if kind == "Exists":
        return any(value is not None for value in LISTS[elm["operand"]["name"]][1])
    if kind in ("Not", "IsNull", "IsTrue", "IsFalse"):
        value = truth(elm["operand"])
        tests = {"IsNull": value is None, "IsTrue": value is True, "IsFalse": value is False}
        return tests.get(kind, None if value is None else not value)
    left, right = map(truth, elm["operand"])
    if kind == "Equal":
        return None if left is None or right is None else left == right
    if kind == "Implies":
        left, kind = None if left is None else not left, "Or"
    decides = kind == "Or"
    if decides in (left, right):
        return decides
    return None if None in (left, right) else not decides


def otherwise(condition: Json) -> dict[str, Json]:
    """The places where only the truth of a condition counts."""
    two = {"type": "List", "element": [number(1), number(2)]}
    source = [{"alias": "A", "expression": two}]
    item = [{"when": condition, "then": number(1)}]
    return {
        "if": {"type": "If", "condition": condition, "then": number(1), "else": number(2)},
        "case": {"type": "Case", "caseItem": item, "else": number(2)},
        "where": {"type": "Query", "source": source, "where": condition},
    }


def run(expressions: Mapping[str, Json], *, trace: bool) -> tuple[dict[str, Any], set[str]]:
    """The values, and which atoms were evaluated for them."""
    atoms = {name: expression for name, (expression, _) in (ATOMS | LISTS).items()}
    defines = [{"name": n, "expression": e} for n, e in (atoms | dict(expressions)).items()]
    library = {"library": {"identifier": {"id": "L"}, "statements": {"def": defines}}}
    names = [f"L.{name}" for name in expressions]
    results = load([library]).evaluate(Record(), VALUE_SETS, None, AS_OF, names, trace=trace)
    evaluated = set()
    for name in atoms:
        try:
            results[f"L.{name}"]
        except UnknownDefineError:
            continue
        evaluated.add(name)
    return {name: results[f"L.{name}"] for name in expressions}, evaluated


@given(CONDITIONS)
def test_only_true_is_true_and_the_same_operands_are_evaluated(condition: Json) -> None:
    holds = truth(condition) is True
    places = otherwise(condition)
    expected = {"if": 1 if holds else 2, "case": 1 if holds else 2, "where": [1, 2] * holds}
    assert run(places, trace=False)[0] == expected
    for place, expression in places.items():
        # A trace gives every node a value of its own: nothing is left out there.
        plain = run({place: expression}, trace=False)
        assert plain == run({place: expression}, trace=True)
    assert run({"value": condition}, trace=False)[0] == {"value": truth(condition)}


NULL_INTEGER = {
    "type": "As",
    "operand": {"type": "Null"},
    "asType": INTEGER,
    "resultTypeName": INTEGER,
}


@pytest.mark.parametrize(
    ("comparand", "expected"),
    # No branch is taken for null, not even the one for null: it is equal to nothing.
    [(number(1), "one"), (number(2), "two"), (number(3), "else"), (NULL_INTEGER, "else")],
)
@pytest.mark.parametrize("typed", [True, False])
def test_a_case_with_a_comparand(comparand: Json, expected: str, typed: bool) -> None:
    integer = {"resultTypeName": INTEGER} if typed else {}

    def text(value: str) -> Json:
        return {"type": "Literal", "valueType": f"{SYSTEM}String", "value": value}

    branches = [(NULL_INTEGER, "null"), (number(1), "one"), (number(2), "two")]
    case = {
        "type": "Case",
        "comparand": {**comparand, **integer},
        "caseItem": [{"when": {**w, **integer}, "then": text(t)} for w, t in branches],
        "else": text("else"),
    }
    assert run({"case": case}, trace=False)[0] == {"case": expected}
