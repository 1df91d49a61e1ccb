"""Whole records: the order of resources changes nothing, and the work grows with the record."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, timedelta
from types import FrameType
from typing import Any

import pytest

from tests.cql import build
from tests.cql.build import bundle

FIXTURES = ("v04-secondary-loss", "v05-intolerance", "v07-non-adherence", "gate-tb--tpt-completed")


@pytest.mark.parametrize("case", FIXTURES)
def test_order_of_a_whole_record_changes_nothing(case: str) -> None:
    path = build.ROOT / "fhir_fixtures" / case / "bundle.json"
    record = json.loads(path.read_text("utf-8"))
    backwards = record | {"entry": record["entry"][:1] + record["entry"][:0:-1]}
    names = [n for n in build.program().define_names() if n.startswith(("RAData.", "Adherence."))]
    assert len(names) > 80
    assert build.evaluate(backwards, names) == build.evaluate(record, names)


def lines_run(task: Callable[[], object]) -> int:
    """How many lines of Python a task runs: the same each time, unlike its seconds."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        task()
    finally:
        sys.settrace(before)
    return count


def test_ten_times_as_many_observations_are_ten_times_the_work() -> None:
    names = [n for n in build.program().define_names() if n.startswith("RAData.")]

    def work(count: int) -> int:
        days = [date(2000, 1, 1) + timedelta(days=i * 9) for i in range(count)]
        results = [
            build.observation("crp", 12, "mg/L", day.isoformat(), id=f"o{i}")
            for i, day in enumerate(days)
        ]
        record = bundle(*results)
        return lines_run(lambda: build.results(record, names))

    work(10)
    # A rule that looks at every pair would be a hundred times the work.
    assert work(1_000) < 12 * work(100)
