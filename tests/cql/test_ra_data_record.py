"""Whole records: the order of resources changes nothing, and long records stay quick."""

from __future__ import annotations

import json
import time
from datetime import date, timedelta

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


def test_ten_thousand_observations_take_seconds_not_minutes() -> None:
    names = [n for n in build.program().define_names() if n.startswith("RAData.")]

    def seconds(count: int) -> float:
        days = [date(2000, 1, 1) + timedelta(days=i % 9000) for i in range(count)]
        results = [
            build.observation("crp", 12, "mg/L", day.isoformat(), id=f"o{i}")
            for i, day in enumerate(days)
        ]
        record = bundle(*results)
        begun = time.perf_counter()
        build.results(record, names)
        return time.perf_counter() - begun

    seconds(100)
    # linear is 10 times; twice that is noise, a quadratic rule would be 100 times
    assert seconds(10_000) < 30 * max(seconds(1_000), 0.02)
