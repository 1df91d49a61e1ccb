"""RALaboratory: units, bounds and upper limits of blood counts and chemistry (0.7, 8.18)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import LOINC, bundle, evaluate, observation

WBC, ANC, ALC, PLATELETS = LOINC("6690-2"), LOINC("751-8"), LOINC("731-0"), LOINC("777-3")
HEMOGLOBIN, ALT, AST = LOINC("718-7"), LOINC("1742-6"), LOINC("1920-8")
CREATININE, CREATININE_MOLAR, EGFR = LOINC("2160-0"), LOINC("14682-9"), LOINC("98979-8")
ALBUMIN, WEIGHT = LOINC("1751-7"), LOINC("29463-7")

UNITS = [
    ("White Cell", WBC, 6.1, "10*9/L", 6.1),
    ("Neutrophil", ANC, 4.2, "10*3/uL", 4.2),
    ("Neutrophil", ANC, 4.2, "10^9/L", 4.2),
    ("Neutrophil", ANC, 4.2, "K/uL", 4.2),
    ("Neutrophil", ANC, 4200, "/uL", 4.2),
    ("Neutrophil", ANC, 4200, "10*6/L", 4.2),
    ("Neutrophil", ANC, 4.2, None, None),
    ("Neutrophil", ANC, 60, "%", None),
    ("Neutrophil", ANC, 501, "10*9/L", None),
    ("Neutrophil", LOINC("26499-4"), 4.2, "10*9/L", 4.2),
    ("Neutrophil", LOINC("753-4"), 4.2, "10*9/L", 4.2),
    ("Lymphocyte", ALC, 1.8, "10*9/L", 1.8),
    ("Lymphocyte", LOINC("26474-7"), 1.8, "10*9/L", 1.8),
    ("Platelet", PLATELETS, 260, "10*9/L", 260),
    ("Platelet", LOINC("26515-7"), 260, "10*3/uL", 260),
    ("Hemoglobin", HEMOGLOBIN, 13.2, "g/dL", 13.2),
    ("Hemoglobin", HEMOGLOBIN, 132, "g/L", 13.2),
    ("Hemoglobin", HEMOGLOBIN, 8, "mmol/L", 12.888),
    ("Hemoglobin", HEMOGLOBIN, 13.2, None, None),
    ("Creatinine", CREATININE, 0.8, "mg/dL", 0.8),
    ("Creatinine", CREATININE_MOLAR, 88.4, "umol/L", 1.0),
    ("Creatinine", CREATININE, 0.8, None, None),
    ("eGFR", EGFR, 75, "mL/min/{1.73_m2}", 75),
    ("eGFR", LOINC("62238-1"), 75, None, 75),
    ("eGFR", LOINC("33914-3"), 75, "mL/min/1.73m2", 75),
    ("eGFR", EGFR, 75, "mg/dL", None),
    ("Albumin", ALBUMIN, 41, "g/L", 41),
    ("Albumin", ALBUMIN, 4.1, "g/dL", 41),
    ("Albumin", ALBUMIN, 4.1, None, None),
    ("Weight", WEIGHT, 65, "kg", 65),
    ("Weight", WEIGHT, 100, "[lb_av]", 45.359237),
    ("Weight", LOINC("3141-9"), 65000, "g", 65),
    ("Weight", WEIGHT, 65, None, None),
    ("ALT", ALT, 22, "U/L", 22),
    ("ALT", ALT, 22, "[IU]/L", 22),
    ("ALT", ALT, 22, None, None),
    ("AST", AST, 20, "U/L", 20),
]


@pytest.mark.parametrize(("kind", "code", "value", "unit", "expected"), UNITS)
def test_unit(kind: str, code: Any, value: float, unit: str | None, expected: float | None) -> None:
    name = f"RALaboratory.{kind} Results"
    found = evaluate(bundle(observation(code, value, unit)), [name])[name]
    values = [r["value"] for r in found]
    assert values == ([] if expected is None else [pytest.approx(expected)])


def test_a_pound_is_what_the_treaty_says_to_the_last_digit() -> None:
    name = "RALaboratory.Weight Results"
    [row] = evaluate(bundle(observation(WEIGHT, 100, "lb")), [name])[name]
    assert row["value"] == 45.359237


@pytest.mark.parametrize(
    ("code", "kind"), [(ALT, "ALT"), (AST, "AST")]
)  # fmt: skip
def test_upper_limit_is_the_laboratory_s_or_assumed(code: Any, kind: str) -> None:
    name = f"RALaboratory.{kind} Results"
    own = bundle(observation(code, 50, "U/L", upper=55))
    assumed = bundle(observation(code, 50, "U/L"))
    [row] = evaluate(own, [name])[name]
    assert (row["upper"], row["upperAssumed"]) == (55, False)
    [row] = evaluate(assumed, [name])[name]
    assert (row["upper"], row["upperAssumed"]) == (40, True)


def test_an_upper_limit_without_a_unit_is_in_the_unit_of_the_result() -> None:
    name = "RAData.CRP Results"
    record = bundle(observation("crp", 1.2, "mg/dL", referenceRange=[{"high": {"value": 0.8}}]))
    [row] = evaluate(record, [name])[name]
    assert (row["upper"], row["upperAssumed"]) == (8, False)


def test_half_of_a_lower_bound_stands_for_it() -> None:
    name = "RALaboratory.ALT Results"
    record = bundle(observation(ALT, 6, "U/L", comparator="<"))
    [row] = evaluate(record, [name])[name]
    assert row["value"] == 3


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (observation(ANC, 4.2, id="o"), "UNKNOWN_UNIT"),
        (observation(ANC, 501, "10*9/L", id="o"), "IMPOSSIBLE_VALUE"),
        (observation(ANC, 4.2, "10*9/L", "2026-12-01", id="o"), "FUTURE_DATED_DATA"),
    ],
)
def test_what_cannot_be_used_is_said(result: Any, code: str) -> None:
    issues = evaluate(bundle(result), ["RAData.Data Issues"])["RAData.Data Issues"]
    assert [(i["code"], i["ref"]) for i in issues] == [(code, "Observation/o")]
    detail = "anc" if code == "UNKNOWN_UNIT" else "anc 10*9/L"
    assert [i["detail"] for i in issues] == [detail]


def test_pending() -> None:
    record = bundle(observation(ANC, None, id="o", status="registered"))
    found = evaluate(record, ["RAData.Pending Results"])["RAData.Pending Results"]
    assert [(p["kind"], p["ref"]) for p in found] == [("anc", "Observation/o")]


def test_serology_that_is_awaited_and_serology_that_nobody_dated() -> None:
    hbsag = LOINC("5196-1")
    record = bundle(
        observation(hbsag, None, id="awaited", status="registered"),
        observation(hbsag, None, date=None, interpretation="NEG", id="undated"),
    )
    found = evaluate(record, ["RAData.Pending Results", "RAData.Data Issues"])
    assert [(p["kind"], p["ref"]) for p in found["RAData.Pending Results"]] == [
        ("hbsag", "Observation/awaited")
    ]
    assert [(i["code"], i["ref"]) for i in found["RAData.Data Issues"]] == [
        ("UNDATED_RESULT", "Observation/undated")
    ]
