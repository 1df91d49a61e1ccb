"""What was not asked for is not evaluated, and what nobody needs is not fetched."""

from __future__ import annotations

import pytest

from ra_cds_hooks.cql_engine_lite import UnknownDefineError
from ra_cds_hooks.cql_engine_lite.context import UNSET
from tests.cql_engine_lite.build import AS_OF, VALUE_SETS, Record, measured, program

ROWS = (measured("l1", "length", "2026-01-01", 5), measured("w1", "weight", "2026-01-01", 70))


@pytest.mark.parametrize(
    ("asked", "evaluated", "fetched"),
    [
        (["Constant"], {"Constant"}, []),
        (["Lengths"], {"Lengths"}, ["Observation"]),
        (["Weight Value"], {"Weight Value", "Weights"}, ["Observation"]),
        (["Constant", "Any Length"], {"Constant", "Any Length", "Lengths"}, ["Observation"]),
        ([], set(), []),
    ],
)
def test_only_what_was_asked_for_and_what_it_refers_to(
    asked: list[str], evaluated: set[str], fetched: list[str]
) -> None:
    record = Record(*ROWS)
    found = program("EvidenceRows")
    names = [f"EvidenceRows.{name}" for name in asked]
    results = found.evaluate(record, VALUE_SETS, None, AS_OF, names)
    memo = results._evaluation.memo
    done = {d.name for d, value in zip(found.defines, memo, strict=True) if value is not UNSET}
    assert done == {f"EvidenceRows.{name}" for name in evaluated}
    assert record.asked == fetched
    for name in found.define_names() - done:
        assert name not in results
        with pytest.raises(UnknownDefineError):
            results.evidence(name)


def test_a_define_that_would_fail_does_no_harm_where_it_is_not_asked_for() -> None:
    found = program("Shapes")
    results = found.evaluate(Record(), VALUE_SETS, None, AS_OF, ["Shapes.Null Source"])
    assert "Shapes.Strict Cast" in found.define_names()
    assert "Shapes.Strict Cast" not in results


def test_all_defines_when_none_are_named() -> None:
    found = program("EvidenceRows")
    results = found.evaluate(Record(*ROWS), VALUE_SETS, None, AS_OF)
    assert all(name in results for name in found.define_names())
