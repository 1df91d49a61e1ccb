"""One program, many threads: no evaluation ever sees anything of another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.cql_engine_lite.build import AS_OF, VALUE_SETS, Json, Record, measured, program

THREADS = 8
EVALUATIONS = 4000
COMPARED = (
    "Lengths",
    "Last Length",
    "Last Length Value",
    "Highest Length Value",
    "Number Of Lengths",
    "Length Sum",
    "Longest",
    "Weight Value",
    "Pairs",
    "Last Pair Weight",
    "Lengths With Weight",
    "Through Function",
    "Filtered Through Function",
    "Made By Function",
    "Birth Year",
    "Score",
    "Patient",
)


def patient(number: int) -> list[Json]:
    """A record whose every compared define differs from that of any other number."""
    return [
        {"resourceType": "Patient", "id": f"p{number}", "birthDate": f"{1950 + number}-05-01"},
        *[
            measured(f"l{number}-{k}", "length", f"202{number}-0{k + 1}-01", 20 + number * 10 + k)
            for k in range(2 + number)
        ],
        measured(f"w{number}", "weight", f"202{number}-01-01", 70 + number),
    ]


def outcome(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values and evidence of all compared defines for one patient."""
    names = [f"EvidenceRows.{name}" for name in COMPARED]
    results = program("EvidenceRows").evaluate(
        Record(*patient(number)), VALUE_SETS, None, AS_OF + timedelta(days=number), names
    )
    return (
        {name: results[name] for name in names},
        {name: results.evidence(name) for name in names},
    )


def test_the_two_patients_differ_on_every_define_compared() -> None:
    first, second = outcome(1), outcome(2)
    for name in first[0]:
        assert first[0][name] != second[0][name], name
        assert first[1][name] != second[1][name], name


def test_threads_never_cross_results() -> None:
    expected = {number: outcome(number) for number in (1, 2)}
    numbers = [1 + k % 2 for k in range(EVALUATIONS)]
    with ThreadPoolExecutor(THREADS) as pool:
        for number, found in zip(numbers, pool.map(outcome, numbers), strict=True):
            assert found == expected[number]


def test_an_error_in_one_evaluation_leaves_no_trace_in_the_next() -> None:
    bad = Record(*patient(1)[1:], *patient(2)[1:], patient(1)[0], patient(2)[0])
    name = "EvidenceRows.Birth Year"
    program_ = program("EvidenceRows")
    for _ in range(3):
        try:
            program_.evaluate(bad, VALUE_SETS, None, AS_OF, [name])
        except Exception as error:
            assert type(error).__name__ == "EvaluationError"
        else:
            raise AssertionError("two patients in one record must be an error")
        good = program_.evaluate(Record(*patient(1)), VALUE_SETS, None, AS_OF, [name])
        assert good[name] == 1951


def test_the_same_input_gives_the_same_result() -> None:
    assert outcome(1) == outcome(1)
    assert outcome(1)[0]["EvidenceRows.Length Sum"] == Decimal(93)
