"""Traces: right values at right places, lazily, nothing left out silently, nothing when off."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import (
    NotTracedError,
    Program,
    Step,
    Trace,
    UnknownDefineError,
    ValueSets,
    load,
)
from ra_cds_hooks.cql_engine_lite.compiler import Compiler
from ra_cds_hooks.cql_engine_lite.library import read_libraries
from tests.cql_engine_lite.build import (
    AS_OF,
    CQL,
    VALUE_SETS,
    Record,
    elm,
    measured,
    program,
)

PROJECT = Path(__file__).resolve().parents[2]
THREE = (
    measured("a", "length", "2026-01-01", 4.5),
    measured("b", "length", "2026-02-01", 12),
    measured("c", "weight", "2026-02-01", 70),
)


def traced(library: str, define: str, *resources: Any, **options: Any) -> Trace:
    name = f"{library}.{define}"
    results = program(library).evaluate(
        Record(*resources), VALUE_SETS, None, AS_OF, [name], trace=True, **options
    )
    return results.trace(name)


def shown(trace: Trace) -> list[tuple[Any, ...]]:
    """Everything that a trace says, comparable."""
    return [
        (depth, step.node, step.name, step.library, step.locator, repr(step.value), step.omitted)
        for depth, step in trace.walk()
    ]


def source(library: str, locator: str) -> str:
    """The CQL text at a locator on one line ("line:first-line:last", both included)."""
    start, _, end = locator.partition("-")
    (line, first), (last_line, last) = (part.split(":") for part in (start, end))
    assert line == last_line
    lines = (CQL / f"{library}.cql").read_text(encoding="utf-8").splitlines()
    return lines[int(line) - 1][int(first) - 1 : int(last)]


def steps(trace: Trace, node: str) -> list[Step]:
    return [step for _, step in trace.walk() if step.node == node]


# ----- values and places -----


def test_a_step_has_the_value_of_its_node_for_every_row() -> None:
    trace = traced("Records", "Above Threshold", *THREE)
    assert trace.value == ["b", "c"]
    compared = steps(trace, "Greater")
    assert [step.value for step in compared] == [False, True, True]
    for step, number in zip(compared, ("4.5", "12", "70"), strict=True):
        left, right = step.steps
        assert (left.node, left.name, left.value) == ("FunctionRef", "ToDecimal", Decimal(number))
        assert (right.node, right.name, right.value) == ("ParameterRef", "Threshold", Decimal(5))


def test_the_step_of_the_whole_expression_comes_first() -> None:
    trace = traced("Records", "Above Threshold", *THREE)
    (whole,) = trace.steps
    assert (whole.node, whole.value) == ("Query", ["b", "c"])
    assert [step.node for step in whole.steps][:2] == ["Retrieve", "Greater"]
    assert next(iter(trace.walk())) == (0, whole)


def test_locators_lead_to_the_text_of_the_node() -> None:
    trace = traced("Records", "Above Threshold", *THREE)
    texts = {step.node: source("Records", step.locator or "") for _, step in trace.walk()}
    assert texts["Greater"] == 'where (O.value as FHIR.Quantity).value > "Threshold"'
    assert texts["ParameterRef"] == '"Threshold"'
    assert texts["Retrieve"] == "[Observation]"
    assert texts["Query"].startswith("[Observation] O where")
    assert all(step.library == "Records" for _, step in trace.walk())


def test_a_called_function_is_below_its_call() -> None:
    trace = traced("EvidenceRows", "Filtered Through Function", *THREE)
    calls = steps(trace, "FunctionRef")
    assert [(call.name, call.value) for call in calls] == [("Is Long", False), ("Is Long", True)]
    row, body = calls[1].steps
    assert (row.node, row.name, row.value["ref"]) == ("AliasRef", "L", "Observation/b")
    assert (body.node, body.value) == ("Greater", True)
    assert source("EvidenceRows", body.locator or "") == "row.value > 10"
    assert [step.value for step in body.steps] == [Decimal(12), Decimal(10)]


def test_null_is_a_value_like_any_other() -> None:
    trace = traced("Records", "Null In")
    assert [(step.node, step.value) for _, step in trace.walk()] == [
        ("InValueSet", trace.value),
        ("As", None),
        ("Null", None),
    ]


# ----- defines and resources -----


def test_a_define_referred_to_has_a_trace_of_its_own() -> None:
    name = "EvidenceRows.Last Length Value"
    results = program("EvidenceRows").evaluate(
        Record(*THREE), VALUE_SETS, None, AS_OF, [name], trace=True
    )
    trace = results.trace(name)
    assert trace.defines == ("EvidenceRows.Lengths",)
    (reference,) = steps(trace, "ExpressionRef")
    assert reference.steps == ()
    assert reference.value is results["EvidenceRows.Lengths"]
    inner = results.trace("EvidenceRows.Lengths")
    assert steps(inner, "Query")[0].value is not None
    assert {step.value for step in steps(inner, "In")} == {True}
    with pytest.raises(UnknownDefineError):
        results.trace("EvidenceRows.Weights")


def test_references_are_the_resources_touched() -> None:
    trace = traced("EvidenceRows", "Last Length Value", *THREE)
    assert trace.references == ("Observation/b", "Observation/a")
    (last,) = steps(trace, "Last")
    assert last.references[0] == "Observation/b"
    rows = steps(traced("Records", "Above Threshold", *THREE), "Greater")
    assert [step.references for step in rows] == [
        (f"Observation/{identity}",) for identity in "abc"
    ]


# ----- lazy evaluation -----


@pytest.mark.parametrize("define", ["And", "Or", "Implies", "If", "Case", "Coalesce"])
def test_what_is_not_evaluated_is_not_in_the_trace(define: str) -> None:
    trace = traced("Records", f"Lazy {define}")
    assert trace.defines == ()
    assert "Message" not in {step.node for _, step in trace.walk()}
    literals = [step.value for step in steps(trace, "Literal")]
    assert literals, "the operand that was evaluated is there"
    assert "stop" not in literals


def test_rows_dropped_early_have_no_later_steps() -> None:
    trace = traced("Records", "Above Threshold", THREE[0])
    (whole,) = trace.steps
    assert [step.node for step in whole.steps] == ["Retrieve", "Greater"]


# ----- the limit -----


def test_what_the_limit_leaves_out_is_counted() -> None:
    full = shown(traced("Records", "Above Threshold", *THREE))
    total = len(full)
    for limit in range(total + 1):
        trace = traced("Records", "Above Threshold", *THREE, trace_limit=limit)
        assert trace.value == ["b", "c"]
        kept = shown(trace)
        assert [entry[:-1] for entry in kept] == [entry[:-1] for entry in full[:limit]]
        assert trace.omitted == total - limit
        if kept:
            assert kept[0][-1] == total - limit
    assert all(entry[-1] == 0 for entry in full)


def test_the_limit_holds_for_the_whole_evaluation() -> None:
    everything = [f"EvidenceRows.{name}" for name in ("Lengths", "Pairs", "Last Pair Weight")]
    results = program("EvidenceRows").evaluate(
        Record(*THREE), VALUE_SETS, None, AS_OF, everything, trace=True, trace_limit=20
    )
    traces = [results.trace(name) for name in (*everything, "EvidenceRows.Weights")]
    assert sum(len(shown(trace)) for trace in traces) == 20
    assert traces[2].omitted
    assert not traces[2].steps


# ----- nothing shared, nothing changed, nothing spent when off -----


def test_evaluations_share_no_trace() -> None:
    first = traced("Records", "Above Threshold", *THREE)
    before = shown(first)
    traced("Records", "Above Threshold", THREE[2])
    assert shown(first) == before
    assert shown(traced("Records", "Above Threshold", *THREE)) == before


def test_threads_compile_the_traced_program_once_and_share_no_trace() -> None:
    loaded = load([elm("Records"), elm("FHIRHelpers")])
    name = "Records.Above Threshold"

    def one(number: int) -> tuple[int, list[Any], int]:
        record = Record(*(measured(f"o{k}", "length", "2026-01-01", 9) for k in range(number)))
        results = loaded.evaluate(record, VALUE_SETS, None, AS_OF, [name], trace=True)
        return number, results[name], len(steps(results.trace(name), "Greater"))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, [k % 7 for k in range(200)]))
    for number, value, compared in found:
        assert (len(value), compared) == (number, number)


def test_without_trace_there_is_none() -> None:
    name = "Records.Above Threshold"
    results = program("Records").evaluate(Record(*THREE), VALUE_SETS, None, AS_OF, [name])
    with pytest.raises(NotTracedError, match="trace=True"):
        results.trace(name)


def test_code_without_trace_is_the_same_before_and_after_one() -> None:
    compiled: list[str] = []

    class Counted(Compiler):
        def compile(self) -> dict[str, Any]:
            found = super().compile()
            compiled.append("\n".join(line.text for line in self.lines))
            return found

    documents = [elm("Records"), elm("FHIRHelpers")]
    Counted(read_libraries(documents)).compile()
    assert "c.enter" not in compiled[0]
    assert "c.leave" not in compiled[0]

    loaded = load(documents)
    codes = [define.function.__code__ for define in loaded.defines]
    name = "Records.Above Threshold"
    ran: set[str] = set()

    def watch(frame: Any, event: str, _: object) -> None:
        ran.add(frame.f_code.co_filename)

    def files_run() -> set[str]:
        ran.clear()
        sys.setprofile(watch)
        try:
            loaded.evaluate(Record(*THREE), VALUE_SETS, None, AS_OF, [name])
        finally:
            sys.setprofile(None)
        return {Path(file).name for file in ran}

    assert "trace.py" not in files_run()
    loaded.evaluate(Record(*THREE), VALUE_SETS, None, AS_OF, [name], trace=True)
    assert "trace.py" not in files_run()
    assert all(
        define.function.__code__ is code for define, code in zip(loaded.defines, codes, strict=True)
    )
    Counted(read_libraries(documents)).compile()
    assert compiled[0] == compiled[1]


@pytest.fixture(scope="module")
def content() -> tuple[Program, ValueSets]:
    """The project's own libraries: the largest program at hand."""
    folder = PROJECT / "cql" / "elm"
    paths = [path for path in sorted(folder.glob("*.json")) if path.name != "manifest.json"]
    loaded = load(json.loads(path.read_text(encoding="utf-8")) for path in paths)
    return loaded, ValueSets.from_directory(PROJECT / "cql" / "valuesets")


@pytest.mark.parametrize(
    "case", sorted(path.parent.name for path in PROJECT.glob("fhir_fixtures/*/bundle.json"))[::15]
)
def test_values_and_evidence_are_those_of_an_evaluation_without(
    case: str, content: tuple[Program, ValueSets]
) -> None:
    loaded, value_sets = content
    text = (PROJECT / "fhir_fixtures" / case / "bundle.json").read_text(encoding="utf-8")
    record = Record(*(entry["resource"] for entry in json.loads(text)["entry"]))
    plain = loaded.evaluate(record, value_sets, None, AS_OF)
    results = loaded.evaluate(record, value_sets, None, AS_OF, trace=True, trace_limit=1_000_000)
    for name in loaded.define_names():
        assert repr(results[name]) == repr(plain[name]), name
        assert results.evidence(name) == plain.evidence(name), name
        assert repr(results.trace(name).value) == repr(plain[name]), name
        assert results.trace(name).omitted == 0


def test_a_repr_shows_no_value() -> None:
    trace = traced("Records", "Quantity Values", measured("a", "length", "2026-01-01", 4242))
    assert "4242" in str(trace.value)
    assert "4242" not in repr(trace)
    assert not any("4242" in repr(step) for _, step in trace.walk())


def test_documents_of_other_number_types_can_be_traced() -> None:
    documents = [
        json.loads(json.dumps(elm(name)), parse_float=Decimal, parse_int=Decimal)
        for name in ("Records", "FHIRHelpers")
    ]
    documents[0]["note"] = Decimal("1.5")
    loaded = load(documents)
    name = "Records.Lazy And"
    results = loaded.evaluate(Record(), VALUE_SETS, None, AS_OF, [name], trace=True)
    assert results.trace(name).steps[0].node == "And"
