"""ELM that our translator does not write but ELM allows; each written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import EvaluationError, UnsupportedOperatorError, load
from tests.cql_engine_lite.build import AS_OF, VALUE_SETS, Json, Record, observation

SYSTEM = "{urn:hl7-org:elm-types:r1}"
OBSERVATION = "{http://hl7.org/fhir}Observation"


def number(value: int) -> Json:
    return {"type": "Literal", "valueType": f"{SYSTEM}Integer", "value": str(value)}


def date_time(year: int, month: int = 1, day: int = 1) -> Json:
    parts = {"year": number(year), "month": number(month), "day": number(day)}
    return {"type": "DateTime", **parts}


def between(low: Json, high: Json) -> Json:
    return {"type": "Interval", "low": low, "high": high, "lowClosed": True, "highClosed": True}


def evaluate(expression: Json, *resources: Any, functions: tuple[Json, ...] = ()) -> Any:
    definition = {"name": "A", "context": "Patient", "expression": expression}
    body = {"identifier": {"id": "Hand"}, "statements": {"def": [*functions, definition]}}
    results = load([{"library": body}]).evaluate(
        Record(*resources), VALUE_SETS, None, AS_OF, ["Hand.A"]
    )
    return results["Hand.A"]


def retrieve(**members: Any) -> Json:
    return {"type": "Retrieve", "dataType": OBSERVATION, **members}


def test_a_retrieve_with_a_date_range() -> None:
    rows = [
        observation("in", effectiveDateTime="2026-03-01"),
        observation("before", effectiveDateTime="2025-12-31"),
        observation("partial", effectiveDateTime="2026"),
        observation("period", effectivePeriod={"start": "2026-02-01", "end": "2026-02-03"}),
        observation("open", effectivePeriod={"start": "2026-02-01"}),
        observation("none"),
    ]
    range_ = between(date_time(2026), date_time(2026, 6, 30))
    found = evaluate(retrieve(dateProperty="effective", dateRange=range_), *rows)
    # A year may lie outside the range, and a period without end does.
    assert [row["id"] for row in found] == ["in", "period"]


@pytest.mark.parametrize("member", ["codeFilter", "dateFilter", "otherFilter", "include"])
def test_filters_that_are_not_supported_are_refused_at_load(member: str) -> None:
    with pytest.raises(UnsupportedOperatorError, match=member):
        evaluate(retrieve(**{member: [{}]}))


def test_for_each_filter_sort_and_fold() -> None:
    numbers = {"type": "List", "element": [number(3), number(1), number(2)]}
    this = {"type": "Current"}
    plus = {"type": "Add", "operand": [this, number(10)]}
    assert evaluate({"type": "ForEach", "source": numbers, "element": plus}) == [13, 11, 12]
    big = {"type": "Greater", "operand": [this, number(1)]}
    assert evaluate({"type": "Filter", "source": numbers, "condition": big}) == [3, 2]
    by = [{"type": "ByDirection", "direction": "desc"}]
    assert evaluate({"type": "Sort", "source": numbers, "by": by}) == [3, 2, 1]
    step = {"type": "Add", "operand": [{"type": "Total"}, this]}
    fold = {"type": "Aggregate", "source": numbers, "iteration": step, "initialValue": number(5)}
    assert evaluate(fold) == 11
    nothing = {"type": "Null"}
    assert evaluate({"type": "ForEach", "source": nothing, "element": plus}) is None


def test_a_function_that_never_ends_is_an_evaluation_error() -> None:
    integer = {"type": "NamedTypeSpecifier", "name": f"{SYSTEM}Integer"}
    operand = {"type": "OperandRef", "name": "x"}
    next_ = {"type": "Add", "operand": [operand, number(1)]}
    function = {
        "type": "FunctionDef",
        "name": "F",
        "context": "Patient",
        "operand": [{"name": "x", "operandTypeSpecifier": integer}],
        "expression": {"type": "FunctionRef", "name": "F", "operand": [next_]},
    }
    call = {"type": "FunctionRef", "name": "F", "operand": [number(1)]}
    with pytest.raises(EvaluationError, match="nested too deeply"):
        evaluate(call, functions=(function,))


def test_paths_without_types_are_read_by_their_shape() -> None:
    def read(path: str) -> Json:
        row = {"type": "First", "source": retrieve()}
        return {"type": "Property", "path": path, "source": row}

    row = observation("o", valueQuantity={"value": 1.5}, issued="2026")
    assert evaluate(read("value.value"), row) == 1.5
    assert evaluate(read("issued"), row) == "2026"
    assert evaluate(read("absent.deeper"), row) is None
    with pytest.raises(UnsupportedOperatorError, match="Property"):
        evaluate(read("code.coding[0]"), row)


def test_a_fold_over_many_rows_has_evidence() -> None:
    # Each step's tuple is made from the one before: as deep as there are rows.
    rows = [observation(f"o{n}") for n in range(3000)]
    element = {"name": "last", "value": {"type": "Property", "path": "id", "scope": "O"}}
    aggregate = {
        "identifier": "T",
        "starting": {"type": "Null"},
        "expression": {
            "type": "Tuple",
            "element": [element, {"name": "before", "value": {"type": "QueryLetRef", "name": "T"}}],
        },
    }
    query = {
        "type": "Query",
        "source": [{"alias": "O", "expression": retrieve()}],
        "aggregate": aggregate,
    }
    definition = {"name": "A", "context": "Patient", "expression": query}
    body = {"identifier": {"id": "Hand"}, "statements": {"def": [definition]}}
    results = load([{"library": body}]).evaluate(Record(*rows), VALUE_SETS, None, AS_OF)
    assert results["Hand.A"]["last"] == "o2999"
    assert "Observation/o2999" in [e.reference for e in results.evidence("Hand.A")]


def test_sort_by_this_sorts_by_the_row_itself() -> None:
    key = {"type": "Negate", "operand": {"type": "IdentifierRef", "name": "$this"}}
    query = {
        "type": "Query",
        "source": [
            {
                "alias": "N",
                "expression": {
                    "type": "List",
                    "element": [number(2), number(3), number(1)],
                    "resultTypeSpecifier": {
                        "type": "ListTypeSpecifier",
                        "elementType": {"type": "NamedTypeSpecifier", "name": f"{SYSTEM}Integer"},
                    },
                },
            }
        ],
        "sort": {"by": [{"type": "ByExpression", "direction": "asc", "expression": key}]},
    }
    assert evaluate(query) == [3, 2, 1]
