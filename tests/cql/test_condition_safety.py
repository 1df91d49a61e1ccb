"""G-LIVER and G-COND (clinical-spec 3.4, 8.24, 8.38): the liver, and conditions of one drug."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import (
    ICD10,
    SNOMED,
    Json,
    bundle,
    concept,
    condition,
    evaluate,
)

ICD10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
QUIET = {
    ("G-LIVER", "MTX"),
    ("G-LIVER", "LEF"),
    ("G-LIVER", "JAKi"),
    ("G-COND", "LEF"),
    ("G-COND", "SSZ"),
    ("G-COND", "HCQ"),
}


def rows(*resources: Json, incomplete: tuple[str, ...] = ()) -> list[Json]:
    name = "ConditionSafety.Checks"
    parameters = {"RAParameters.Incomplete Data": list(incomplete)}
    found: list[Json] = evaluate(bundle(*resources), [name], parameters=parameters)[name]
    return found


def by_drug(found: list[Json]) -> dict[tuple[str, str], tuple[str, str]]:
    made = {}
    for row in found:
        assert row["applies"] == "both"
        for drug in row["classes"]:
            assert (row["id"], drug) not in made
            made[row["id"], drug] = (row["verdict"], row["reason"])
    return made


def cm(code: str) -> tuple[str, str]:
    return (ICD10_CM, code)


FAILURE = {
    ("G-LIVER", d): ("block", "HEPATIC_FAILURE", "unknown", "condition")
    for d in ("MTX", "LEF", "JAKi")
}
CIRRHOSIS = {
    ("G-LIVER", "MTX"): ("block", "CIRRHOSIS", "unknown", "condition"),
    ("G-LIVER", "LEF"): ("block", "CIRRHOSIS", "unknown", "condition"),
    ("G-LIVER", "JAKi"): ("unknown", "CIRRHOSIS_SEVERITY_UNKNOWN", "unknown", "child-pugh"),
}
ALCOHOL = {("G-LIVER", "MTX"): ("block", "ALCOHOL_USE_DISORDER", "unknown", "condition")}
FATTY = {("G-LIVER", "MTX"): ("caution", "FATTY_LIVER", "caution", None)}
IMMUNE = {
    ("G-COND", "LEF"): (
        *("unknown", "IMMUNODEFICIENCY_SEVERITY_UNKNOWN", "unknown"),
        "immunodeficiency-severity",
    )
}
PRESSURE = {("G-COND", "LEF"): ("caution", "HYPERTENSION", "caution", None)}
G6PD = {("G-COND", "SSZ"): ("caution", "G6PD_DEFICIENCY", "caution", None)}
EYE = {("G-COND", "HCQ"): ("block", "RETINOPATHY", "unknown", "condition")}
HEART = {("G-COND", "HCQ"): ("caution", "LONG_QT", "caution", None)}

CODED: list[tuple[Any, str, dict[tuple[str, str], tuple[Any, ...]]]] = [
    (cm("K72.90"), "liver failure", FAILURE),
    (SNOMED("19943007"), "liver cirrhosis", CIRRHOSIS),
    (cm("F10.20"), "alcohol dependence", ALCOHOL),
    (cm("K76.0"), "fatty liver", FATTY),
    (cm("D84.9"), "immunodeficiency", IMMUNE),
    (cm("I10"), "hypertension", PRESSURE),
    (cm("D55.0"), "g6pd deficiency", G6PD),
    (cm("H35.00"), "retinopathy", EYE),
    (cm("H35.389"), "maculopathy", EYE),
    (cm("I45.81"), "long QT syndrome", HEART),
]


@pytest.mark.parametrize(("code", "_words", "expected"), CODED)
@pytest.mark.parametrize("status", ["active", None])  # an entry without a status is open
def test_confirmed(
    status: str | None, code: Any, _words: str, expected: dict[tuple[str, str], Any]
) -> None:
    found = rows(condition(code, "2024-03-01", id="c", clinical=status))
    named = by_drug(found)
    assert {k: v for k, v in named.items() if v[0] != "ok"} == {
        k: v[:2] for k, v in expected.items()
    }
    assert {k for k, v in named.items() if v == ("ok", "NO_RECORD_OF_CONDITION")} == QUIET - set(
        expected
    )
    for row in found:
        if row["verdict"] == "ok":
            assert (row["dataUsed"], row["dataMissing"]) == ([], [])
            continue
        assert [(d["ref"], d["date"]) for d in row["dataUsed"]] == [("Condition/c", "2024-03-01")]
        asked = next(v[3] for k, v in expected.items() if k[1] in row["classes"])
        assert row["dataMissing"] == ([asked] if row["verdict"] == "unknown" else [])


@pytest.mark.parametrize(("code", "words", "expected"), CODED)
@pytest.mark.parametrize("told", [True, False])
def test_possible(told: bool, code: Any, words: str, expected: dict[tuple[str, str], Any]) -> None:
    record = condition(concept(text=words)) if told else condition(code, verification="provisional")
    found = rows(record)
    assert {k: v for k, v in by_drug(found).items() if v[0] != "ok"} == {
        k: (v[2], v[1]) for k, v in expected.items()
    }
    for row in found:
        if row["verdict"] == "unknown":
            asked = next(v[3] for k, v in expected.items() if k[1] in row["classes"])
            assert row["dataMissing"] == [asked]


def test_over_refuted_and_not_obtained() -> None:
    for record in (
        condition(cm("K72.90"), clinical="resolved"),
        condition(cm("K72.90"), verification="refuted"),
    ):
        assert set(by_drug(rows(record)).values()) == {("ok", "NO_RECORD_OF_CONDITION")}
    found = rows(condition(cm("I10")), incomplete=("Condition",))
    named = by_drug(found)
    assert named.pop(("G-COND", "LEF")) == ("caution", "HYPERTENSION")
    assert set(named.values()) == {("unknown", "CONDITIONS_NOT_OBTAINED")}
    assert {tuple(r["dataMissing"]) for r in found if r["verdict"] == "unknown"} == {("condition",)}


def test_only_the_entries_that_are_not_over_are_shown() -> None:
    old = condition(cm("K72.90"), id="old", clinical="resolved")
    now = condition(cm("K72.91"), id="now")
    [row] = [r for r in rows(old, now) if r["verdict"] == "block"]
    assert [d["ref"] for d in row["dataUsed"]] == ["Condition/now"]


def test_who_codes() -> None:
    who = "http://hl7.org/fhir/sid/icd-10"
    assert by_drug(rows(condition((who, "H35.0"))))["G-COND", "HCQ"][1] == "RETINOPATHY"
    assert by_drug(rows(condition((who, "D80.1"))))["G-COND", "LEF"][0] == "unknown"
    assert ICD10("K72.9")[1] == "K72.9"
    assert by_drug(rows(condition((who, "K72.9"))))["G-LIVER", "JAKi"][0] == "block"
