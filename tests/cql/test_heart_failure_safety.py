"""G-HF (clinical-spec 3.3, 8.24, 8.26, 8.31, 8.34): TNF inhibitors and rituximab, per profile."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import ICD10, LOCAL, LOINC, SNOMED, Json, component, condition, observation
from tests.cql.gate_records import check, gates, row

UNKNOWN = ("unknown", "HEART_FAILURE_NYHA_UNKNOWN")
POSSIBLE = ("unknown", "HEART_FAILURE_POSSIBLE")
NONE = ("ok", "NO_RECORD")
NOT_OBTAINED = ("unknown", "CONDITIONS_NOT_OBTAINED")
FOUR = ("block", "HEART_FAILURE_NYHA_IV")
THREE = ("block", "HEART_FAILURE_NYHA_III")
THREE_OK = ("ok", "HEART_FAILURE_NYHA_III")
MILD = ("caution", "HEART_FAILURE_NYHA_I_OR_II")
MILD_OK = ("ok", "HEART_FAILURE_NYHA_I_OR_II")


def nyha(number: int, day: str | None = "2026-09-01", **elements: Any) -> Json:
    return observation(LOCAL("nyha"), LOCAL(f"nyha-{number}"), date=day, **elements)


def heart_failure(**elements: Any) -> Json:
    return condition(ICD10("I50.9"), **elements)


RECORDS = [
    pytest.param([], NONE, NONE, id="none"),
    pytest.param([heart_failure()], UNKNOWN, UNKNOWN, id="no-class"),
    pytest.param([heart_failure(clinical="resolved")], UNKNOWN, UNKNOWN, id="resolved"),
    pytest.param([heart_failure(), nyha(1)], MILD, MILD_OK, id="1"),
    pytest.param([heart_failure(), nyha(2)], MILD, MILD_OK, id="2"),
    pytest.param([heart_failure(), nyha(3)], THREE, THREE_OK, id="3"),
    pytest.param([heart_failure(), nyha(4)], FOUR, FOUR, id="4"),
    pytest.param([nyha(2)], MILD, MILD_OK, id="class-alone"),
    # a class that cannot be read leaves the one that can
    pytest.param(
        [heart_failure(), nyha(2), observation("nyha", "class unclear", date="2026-11-01")],
        MILD,
        MILD_OK,
        id="a-later-one-unreadable",
    ),
    pytest.param([nyha(4)], FOUR, FOUR, id="class-4-alone"),
    pytest.param([heart_failure(), nyha(2, "2025-11-23")], MILD, MILD_OK, id="12-months"),
    pytest.param([heart_failure(), nyha(2, "2025-11-22")], UNKNOWN, UNKNOWN, id="12-months-and-1"),
    pytest.param([nyha(2, "2025-11-22")], UNKNOWN, UNKNOWN, id="old-class-alone"),
    pytest.param([nyha(3, "2025-11-23")], THREE, THREE_OK, id="3-12-months"),
    pytest.param([nyha(3, "2025-11-22")], THREE, UNKNOWN, id="3-does-not-expire"),
    pytest.param([nyha(3, "2025-11")], THREE, UNKNOWN, id="3-month-that-decides"),
    pytest.param([nyha(4, "2020-01-01")], FOUR, FOUR, id="4-does-not-expire"),
    pytest.param([nyha(2, "2025-11")], UNKNOWN, UNKNOWN, id="month-that-decides"),
    pytest.param([nyha(2), nyha(4, "2025-01-01")], MILD, MILD_OK, id="latest-counts"),
    pytest.param([nyha(3, id="a"), nyha(2, id="b")], THREE, THREE_OK, id="higher-of-one-day"),
    pytest.param([nyha(2, id="a"), nyha(3, id="b")], THREE, THREE_OK, id="higher-of-one-day-2"),
    pytest.param([nyha(3, status="preliminary")], NONE, NONE, id="pending"),
    pytest.param([nyha(3, "2026-12-01")], NONE, NONE, id="future"),
    pytest.param([heart_failure(verification="provisional")], POSSIBLE, POSSIBLE, id="possible"),
    pytest.param([heart_failure(verification="refuted")], NONE, NONE, id="refuted"),
    pytest.param([condition({"text": "慢性心衰 心力衰竭"})], POSSIBLE, POSSIBLE, id="text"),
    pytest.param(
        [heart_failure(verification="provisional"), nyha(3)], THREE, THREE_OK, id="possible-class"
    ),
    pytest.param([observation(LOCAL("nyha"), "NYHA III", text=True)], NONE, NONE, id="class-words"),
    pytest.param(
        [heart_failure(), observation(LOCAL("nyha"), "class ii", text=True)],
        UNKNOWN,
        UNKNOWN,
        id="class-in-words-reassures-nobody",
    ),
]


@pytest.mark.parametrize(("records", "tnfi", "rtx"), RECORDS)
def test_heart_failure(records: list[Json], tnfi: tuple[str, str], rtx: tuple[str, str]) -> None:
    for profile in ("STRICT", "EU", "CN"):
        found = gates(*records, profile=profile)
        assert check(found, "TNFi", "G-HF") == tnfi
        assert check(found, "RTX", "G-HF") == rtx


@pytest.mark.parametrize(("records", "tnfi", "rtx"), RECORDS)
def test_heart_failure_under_us(
    records: list[Json], tnfi: tuple[str, str], rtx: tuple[str, str]
) -> None:
    found = gates(*records, profile="US")
    assert check(found, "TNFi", "G-HF") == tnfi
    assert check(found, "RTX", "G-HF") == (("caution", FOUR[1]) if rtx == FOUR else rtx)


STANDARD = [("420300004", MILD), ("421704003", MILD), ("420913000", THREE), ("422293003", FOUR)]


@pytest.mark.parametrize(("answer", "expected"), STANDARD)
def test_standard_codes(answer: str, expected: tuple[str, str]) -> None:
    record = observation(LOINC("88020-3"), SNOMED(answer))
    assert check(gates(record), "TNFi", "G-HF") == expected


@pytest.mark.parametrize("code", [SNOMED("84114007"), SNOMED("42343007"), ICD10("I50.22")])
def test_heart_failure_codes(code: tuple[str, str]) -> None:
    assert check(gates(condition(code)), "TNFi", "G-HF") == UNKNOWN


def test_a_class_inside_a_panel() -> None:
    panel = observation(
        LOINC("34566-0"), components=[component(LOCAL("nyha"), LOCAL("nyha-3"))], date="2026-09-01"
    )
    assert check(gates(panel), "TNFi", "G-HF") == THREE


def test_problem_list_not_obtained() -> None:
    found = gates(incomplete=("Condition",))
    for drug_class in ("TNFi", "RTX"):
        assert check(found, drug_class, "G-HF") == NOT_OBTAINED
        assert row(found, drug_class, "G-HF")["dataMissing"] == ["heart-failure"]
    assert check(gates(nyha(2), incomplete=("Condition",)), "TNFi", "G-HF") == MILD


@pytest.mark.parametrize(
    ("records", "tnfi", "rtx"),
    [
        ([], [], []),
        ([heart_failure()], ["nyha"], ["nyha"]),
        ([nyha(3, "2020-01-01")], [], ["nyha"]),
        ([heart_failure(verification="provisional")], ["heart-failure"], ["heart-failure"]),
        ([nyha(2)], [], []),
    ],
)
def test_heart_failure_asks(records: list[Json], tnfi: list[str], rtx: list[str]) -> None:
    found = gates(*records)
    assert row(found, "TNFi", "G-HF")["dataMissing"] == tnfi
    assert row(found, "RTX", "G-HF")["dataMissing"] == rtx


@pytest.mark.parametrize(
    ("records", "tnfi", "rtx"),
    [
        ([], None, None),
        ([nyha(2)], "2027-09-01", "2027-09-01"),
        ([nyha(3)], None, "2027-09-01"),
        ([nyha(4)], None, None),
        ([nyha(2, "2020-01-01")], None, None),
    ],
)
def test_valid_until(records: list[Json], tnfi: str | None, rtx: str | None) -> None:
    found = gates(*records)
    assert row(found, "TNFi", "G-HF")["validUntil"] == tnfi
    assert row(found, "RTX", "G-HF")["validUntil"] == rtx


def test_evidence_without_a_class() -> None:
    made = row(gates(heart_failure(id="hf")), "TNFi", "G-HF")
    assert [used["ref"] for used in made["dataUsed"]] == ["Condition/hf"]


def test_evidence_and_scope() -> None:
    found = gates(heart_failure(id="hf"), nyha(2, "2025-01-01"), nyha(3, id="n"))
    used = [
        {"ref": "Observation/n", "date": "2026-09-01", "value": "NYHA 3"},
        {"ref": "Condition/hf", "date": "2020-01-15", "value": "heart-failure"},
    ]
    for drug_class, applies in (("TNFi", "both"), ("RTX", "start")):
        made = row(found, drug_class, "G-HF")
        assert (made["dataUsed"], made["applies"]) == (used, applies)
        assert made["onlyIfNoAlternative"] is False
    for drug_class in ("IL6Ri", "ABA", "JAKi", "MTX", "LEF", "SSZ", "HCQ"):
        assert check(found, drug_class, "G-HF") is None
