"""Which resources are named as evidence, with what values and under which define."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import Date, evidence
from tests.cql_engine_lite.build import AS_OF, VALUE_SETS, Record, measured, program, run

RECORD = [
    {"resourceType": "Patient", "id": "p", "birthDate": "1970-05-01"},
    measured("l1", "length", "2026-01-01", 5),
    measured("l2", "length", "2026-03-01", 12.5),
    measured("l3", "length", "2026-02-01", 20, status="preliminary"),
    measured("w1", "weight", "2026-03-01", 70.25),
]
L1 = ("Observation/l1", "EvidenceRows.Lengths")
L2 = ("Observation/l2", "EvidenceRows.Lengths")


def rows(define: str, *resources: Any) -> list[tuple[str, str]]:
    results = run("EvidenceRows", define, *(resources or RECORD))
    return [(e.reference, e.define) for e in results.evidence(f"EvidenceRows.{define}")]


@pytest.mark.parametrize(
    ("define", "expected"),
    [
        ("Lengths", [L1, L2]),
        ("Last Length", [L2]),
        ("Last Length Value", [L2]),
        ("Highest Length Value", [L2]),
        ("Any Length", [L1, L2]),
        ("Number Of Lengths", [L1, L2]),
        ("Length Sum", [L1, L2]),
        ("Longest", [L2]),
        ("Long Lengths", [L2]),
        ("Any Long Length", [L2]),
        ("Is Missing", [L2]),
        ("Weight Value", [("Observation/w1", "EvidenceRows.Weights")]),
        ("Any Weight", [("Observation/w1", "EvidenceRows.Weights")]),
        ("Last Pair Weight", [L2, ("Observation/w1", "EvidenceRows.Pairs")]),
        (
            "Last Length With Weight",
            [L2, ("Observation/w1", "EvidenceRows.Lengths With Weight")],
        ),
        ("Any Nested", [("Observation/w1", "EvidenceRows.Weights"), L2]),
        ("Through Function", [L2]),
        ("Any Filtered Through Function", [L2]),
        ("Last Made By Function", [("Observation/w1", "EvidenceRows.Made By Function")]),
        ("Reads Other Define", [L2]),
        ("Reads Twice", [L2]),
        ("Singleton", [L2]),
        ("Birth Year", [("Patient/p", "EvidenceRows.Patient")]),
        ("Constant", []),
        ("Score", [L2, ("Observation/w1", "EvidenceRows.Weights")]),
        ("Score Length", [L2, ("Observation/w1", "EvidenceRows.Weights")]),
    ],
)
def test_rows_that_decided(define: str, expected: list[tuple[str, str]]) -> None:
    assert rows(define) == expected


def test_rows_filtered_out_are_no_evidence() -> None:
    # l3 is preliminary, l1 is not long: neither is behind the answer.
    for define in ("Any Long Length", "Longest", "Filtered Through Function"):
        references = [reference for reference, _ in rows(define)]
        assert references == ["Observation/l2"], define


def test_nothing_there_is_no_evidence() -> None:
    patient = {"resourceType": "Patient", "id": "p"}
    for define in ("Any Length", "Last Length Value", "Length Sum", "Is Missing"):
        assert rows(define, patient) == [], define


def test_values_are_those_of_the_row() -> None:
    results = run("EvidenceRows", "Last Length Value", *RECORD)
    (evidence,) = results.evidence("EvidenceRows.Last Length Value")
    assert evidence.values == {
        "ref": "Observation/l2",
        "date": Date(2026, 3, 1),
        "value": Decimal("12.5"),
    }


def test_values_of_a_resource_are_the_elements_read() -> None:
    results = run("EvidenceRows", "Weight Value", *RECORD)
    (evidence,) = results.evidence("EvidenceRows.Weight Value")
    assert evidence.values == {"value.value": Decimal("70.25")}
    (evidence,) = run("EvidenceRows", "Birth Year", *RECORD).evidence("EvidenceRows.Birth Year")
    assert evidence.values == {"birthDate": Date(1970, 5, 1)}


def test_of_several_defines_each_row_counts_once_as_the_first_has_it() -> None:
    names = [f"EvidenceRows.{name}" for name in ("Score", "Lengths", "Pairs", "Any Nested")]
    results = program("EvidenceRows").evaluate(Record(*RECORD), VALUE_SETS, {}, AS_OF, names)
    for order in (names, names[::-1], names[1:2] * 2):
        first: dict[tuple[str, str], evidence.Evidence] = {}
        for name in order:
            for item in results.evidence(name):
                first.setdefault((item.reference, item.define), item)
        assert results.evidence(*order) == tuple(first.values())
    assert len(results.evidence(*names)) > len(results.evidence(names[1]))
    assert results.evidence() == ()


def test_evidence_is_collected_afresh_for_each_evaluation() -> None:
    assert rows("Any Length") == [L1, L2]
    assert rows("Any Length", RECORD[2]) == [L2]


@pytest.mark.parametrize("limit", ["_DEPTH", "_COPIES"])
def test_what_is_too_large_to_be_remembered_is_the_same_evidence(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("Last Pair Weight", "Score", "Any Nested", "Pairs")
    remembered = {name: rows(name) for name in names}
    assert all(remembered.values())
    monkeypatch.setattr(evidence, limit, -1)
    assert {name: rows(name) for name in names} == remembered


def test_a_define_that_is_referred_to_for_every_row_counts_once() -> None:
    resources = [{"resourceType": "Patient", "id": str(number)} for number in range(3)]
    frames = [evidence.Frame.of("L.Rows"), evidence.Frame.of("L.Limit")]
    for resource in resources:
        frames[0] += [1, (None, resource, "id", resource["id"])]
    frames[1].append((None, resources[2], "birthDate", None))
    found = evidence.EvidenceReader(frames).evidence(0, None)
    assert [(e.reference, e.define, e.values) for e in found] == [
        ("Patient/2", "L.Limit", {}),
        ("Patient/0", "L.Rows", {"id": "0"}),
        ("Patient/1", "L.Rows", {"id": "1"}),
        ("Patient/2", "L.Rows", {"id": "2"}),
    ]
