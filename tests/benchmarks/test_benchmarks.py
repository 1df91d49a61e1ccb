"""The benchmark's code runs, on tiny sizes; how fast anything is, no test says."""

from __future__ import annotations

import json

import orjson
import pytest

from benchmarks import records, report, scale, soak, start, timing, translate
from benchmarks.ours import Engine, documents
from benchmarks.side_by_side import Comparison, compare
from tests.content import committed_content
from tests.elm.test_elm_fresh import needs_node
from tools.elm.elm import CQL_DIRECTORY


def test_elm_is_fresh() -> None:
    assert not translate.is_stale(), "run `python -m benchmarks.translate`, then commit"


def test_percentiles_are_measured_values() -> None:
    values = [float(n) for n in range(1, 101)]
    assert timing.summary(values) == {"p50": 50, "p95": 95, "p99": 99, "runs": 100}
    assert timing.percentile([7.0], 99) == 7


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_exponent(power: float) -> None:
    costs = {size: 3 * size**power for size in (60, 600, 6000)}
    assert timing.exponent(costs) == pytest.approx(power)


def test_grown_records_have_their_size_and_keep_their_answer() -> None:
    small = orjson.loads(records.fixture(records.TYPICAL).read_bytes())
    bundle = orjson.loads(records.grown(100, related=False))
    ids = {(e["resource"]["resourceType"], e["resource"]["id"]) for e in bundle["entry"]}
    assert len(ids) == 100
    content = committed_content()
    engine = Engine.of_content(content)
    primary = content.members["primary"]
    answers = [engine.evaluate(records.BundleRecord(b))[primary] for b in (small, bundle)]
    assert answers[0] is not None
    assert answers[0] == answers[1]


def test_twice_the_defines() -> None:
    (library,) = documents([translate.ELM])
    asked = ["Visit.Activity"]
    helpers = documents([CQL_DIRECTORY / "elm" / "FHIRHelpers.json"])
    program = Engine.of([library, *helpers], asked).program
    twice = Engine.of([scale.doubled(library), *helpers], asked).program
    own = {name for name in program.define_names() if name != "Visit.Patient"}
    assert len(twice.define_names()) == len(program.define_names()) + len(
        [name for name in own if name.startswith("Visit.")]
    )


def test_growth_is_seen_and_settling_is_not() -> None:
    settling = [float(n) for n in range(10)]
    assert soak.growth([*settling, *[50.0] * 90]) == 0
    assert soak.growth([*settling, *[50.0 + n for n in range(90)]]) == pytest.approx(80)


def test_soak_evaluates_all_fixtures(capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.main(["--evaluations", "22", "--bound", "1000"]) == 0
    assert "22 evaluations in" in capsys.readouterr().out
    assert soak.main(["--evaluations", "22", "--bound", "-1000"]) == 1


def test_memory_is_measured() -> None:
    assert start.resident_megabytes() > 1


@needs_node
@pytest.mark.node
def test_both_engines_take_turns_on_the_simple_library() -> None:
    simple = Comparison(
        "simple",
        (translate.ELM, CQL_DIRECTORY / "elm" / "FHIRHelpers.json"),
        "Visit",
        ("Activity", "Treatment Should Be Discussed"),
        runs=2,
        seconds=1,
    )
    found = compare(simple)
    assert found["failing"] == found["different"] == []
    assert found["ours"]["runs"] == found["theirs"]["runs"] == 2
    assert found["theirDefinesExecuted"] > 2


def test_the_page_is_that_of_the_numbers_and_names_missed_goals() -> None:
    kept = records.PROJECT / "benchmarks" / "results.json"
    results = json.loads(kept.read_text(encoding="utf-8"))
    assert report.markdown(results) == kept.with_suffix(".md").read_text(encoding="utf-8")
    results["start"]["engine"]["ready"] = 2.5
    assert "**missed** by a factor of 2.50" in report.markdown(results)
