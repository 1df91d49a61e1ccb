"""Logic, conditionals and queries that need no record (CQL author's guide and reference)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ra_cds_hooks.cql_engine_lite import Code, EvaluationError, Quantity
from tests.cql_engine_lite.build import Record, program, run, value

T, F, N = True, False, None


@pytest.mark.parametrize(
    ("define", "expected"),
    [
        # rows: first operand true, false, null; columns: second operand true, false, null
        ("And Table", [[T, F, N], [F, F, F], [N, F, N]]),
        ("Or Table", [[T, T, T], [T, F, N], [T, N, N]]),
        ("Implies Table", [[T, F, N], [T, T, T], [T, N, N]]),
        ("If Null", 2),
        ("If Chain", ["more", "one", "two", "more"]),
        ("Case Chain", [None, "one", "two", None]),
        ("Return", [4, 2, 3]),
        ("Return All", [4, 2, 3, 4]),
        ("Where", [3, 2, 3]),
        ("Let", [7, 5, 7]),
        ("Sorted", [3, 3, 2, 1]),
        ("Sorted By Column", [{"n": 1, "t": "b"}, {"n": 1, "t": "a"}, {"n": 2, "t": None}]),
        ("Sorted By Expression", [{"n": 2, "t": None}, {"n": 1, "t": "a"}, {"n": 1, "t": "b"}]),
        ("With", [3, 1, 3]),
        ("Without", [2]),
        ("Product", ["1x", "1y", "2x", "2y"]),
        ("Product Rows", [{"A": 1, "B": 2}]),
        ("Aggregate", 109),
        ("Aggregate Distinct", 6),
        ("Singleton Query", 10),
        ("Singleton Dropped", None),
        # A query is null when every source is (FHIR-40225), whatever its clauses say.
        ("Null Source", None),
        ("Null Source Sorted", None),
        ("Null Source Filtered", None),
        ("Null Source Aggregated", None),
        ("Empty Source Aggregated", 100),
        ("Null Sources", None),
        ("One Null Source", []),
        ("One Null Singleton Source", []),
        ("Null Singleton", None),
        ("Null Elements", [2, None]),
        ("Nested", [[21], []]),
        ("Tuple Element", 2),
        ("Interval Bounds", False),
        ("Cast", [1, None, None]),
        ("Is", [False, False, True]),
        ("Code Instance", Code("x", "y")),
        ("Quantity Instance", Quantity(Decimal("1.5"), "mg")),
        ("Half", Decimal("0.5")),
    ],
)
def test_value(define: str, expected: object) -> None:
    assert value("Shapes", define) == expected


def test_strict_cast_of_another_type_is_an_error() -> None:
    with pytest.raises(EvaluationError, match=r"System\.Integer"):
        value("Shapes", "Strict Cast")


@pytest.mark.parametrize(
    ("define", "expected"),
    [
        ("Lazy And", False),
        ("Lazy Or", True),
        ("Lazy Implies", True),
        ("Lazy If", 1),
        ("Lazy Case", 1),
        ("Lazy Coalesce", 1),
    ],
)
def test_what_cannot_matter_is_not_evaluated(define: str, expected: object) -> None:
    # The operand left alone is a define that stops every evaluation that reaches it.
    assert value("Records", define) == expected


def test_only_the_defines_asked_for_are_evaluated() -> None:
    record = Record()
    from tests.cql_engine_lite.build import AS_OF, VALUE_SETS

    results = program("Records").evaluate(
        record, VALUE_SETS, None, AS_OF, ["Records.Threshold Used"]
    )
    assert record.asked == []
    assert "Records.Threshold Used" in results
    assert "Records.Never" not in results


def test_a_resource_type_is_read_once_per_evaluation() -> None:
    record = Record()
    from tests.cql_engine_lite.build import AS_OF, VALUE_SETS

    names = [f"Records.{name}" for name in ("Quantities", "Strings", "In Retrieve", "Direct Code")]
    program("Records").evaluate(record, VALUE_SETS, None, AS_OF, names)
    assert record.asked == ["Observation"]


def test_functions_are_found_by_their_signature() -> None:
    assert value("Records", "Doubled Number") == Decimal("3.0")
    assert value("Records", "Doubled Text") == "abab"


def test_an_error_names_define_library_and_place_but_no_value() -> None:
    secret = {"resourceType": "Observation", "id": "o", "status": "a-patient's-secret"}
    with pytest.raises(EvaluationError) as caught:
        run("Records", "Two Patients", secret, {**secret, "id": "p", "status": "another-secret"})
    error = caught.value
    assert error.define == "Records.Two Patients"
    assert error.library == "Records"
    assert error.locator is not None
    assert "secret" not in str(error)
    assert isinstance(error.__cause__, EvaluationError)


def test_an_error_in_a_define_that_was_referred_to_names_that_define() -> None:
    with pytest.raises(EvaluationError) as caught:
        value("Records", "Needs Never")
    assert caught.value.define == "Records.Never"
