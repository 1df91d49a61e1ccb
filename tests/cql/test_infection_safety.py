"""G-INF1 (clinical-spec 3.1, 8.24, 8.33, 5.2): verdicts and reasons, null rows included."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import (
    ATC,
    SNOMED,
    Json,
    administration,
    bundle,
    condition,
    evaluate,
    medication,
    request,
    statement,
)
from tests.cql.gate_records import BIOLOGIC, ago, check, gates

PNEUMONIA = SNOMED("233604007")
NONE = ("ok", "NO_RECORD_OF_INFECTION")
ACTIVE = ("block", "ACTIVE_SERIOUS_INFECTION")
UNCLEAR = ("unknown", "INFECTION_ENTRY_UNCLEAR")
POSSIBLE = ("unknown", "INFECTION_POSSIBLE")
END_UNCLEAR = ("unknown", "INFECTION_END_UNCLEAR")
RESOLVED = ("block", "INFECTION_RESOLVED_RECENTLY")


def pneumonia(onset: str | None = "2026-11-10", **elements: Any) -> Json:
    return condition(PNEUMONIA, onset, **elements)


def ended(onset: str | None, abated: str | None, **elements: Any) -> Json:
    if abated is not None:
        elements["abatementDateTime"] = abated
    return pneumonia(onset, clinical="resolved", **elements)


ENTRIES = [
    pytest.param([], NONE, id="none"),
    pytest.param([pneumonia()], ACTIVE, id="active"),
    pytest.param([pneumonia(clinical="relapse")], ACTIVE, id="relapse"),
    pytest.param([pneumonia(ago(90))], ACTIVE, id="90-days"),
    pytest.param([pneumonia(ago(91))], UNCLEAR, id="91-days"),
    pytest.param([pneumonia(ago(400), recordedDate=ago(90))], ACTIVE, id="recorded-90-days"),
    pytest.param([pneumonia(ago(400), recordedDate=ago(91))], UNCLEAR, id="recorded-91-days"),
    pytest.param(
        [pneumonia(ago(90), recordedDate=ago(91))], ACTIVE, id="began-90-days-after-its-record"
    ),
    pytest.param([pneumonia(None)], UNCLEAR, id="undated"),
    pytest.param([pneumonia("2026-10")], ACTIVE, id="month-that-is-recent"),
    pytest.param([pneumonia("2026-08")], UNCLEAR, id="month-that-may-be-recent"),
    pytest.param([pneumonia(clinical=None)], UNCLEAR, id="no-clinical-status"),
    pytest.param([pneumonia(verification="provisional")], POSSIBLE, id="provisional"),
    pytest.param([pneumonia(verification="differential")], POSSIBLE, id="differential"),
    pytest.param([pneumonia(verification="refuted")], NONE, id="refuted"),
    pytest.param([pneumonia(verification="entered-in-error")], NONE, id="entered-in-error"),
    pytest.param([pneumonia(verification=None)], ACTIVE, id="verification-not-said"),
    pytest.param([pneumonia("2026-12-01")], NONE, id="future-dated"),
    pytest.param([condition({"text": "肺炎"}, ago(10))], UNCLEAR, id="text-never-blocks"),
    pytest.param([ended(ago(40), ago(13))], RESOLVED, id="resolved-13-days"),
    pytest.param([ended(ago(40), ago(14))], NONE, id="resolved-14-days"),
    pytest.param([ended(ago(200), "2026-11")], END_UNCLEAR, id="resolved-this-month"),
    pytest.param([ended(ago(200), "2026-10")], NONE, id="resolved-last-month"),
    pytest.param([ended(ago(90), None)], END_UNCLEAR, id="resolved-undated-recent"),
    pytest.param([ended(ago(91), None)], NONE, id="resolved-undated-old"),
    pytest.param([ended(None, None)], END_UNCLEAR, id="resolved-nothing-dated"),
    pytest.param(
        [ended(ago(40), ago(5), verification="provisional")], POSSIBLE, id="suspected-resolved"
    ),
]


@pytest.mark.parametrize(("entries", "expected"), ENTRIES)
def test_entries(entries: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*entries)
    for drug_class in (*BIOLOGIC, "MTX", "LEF"):
        assert check(found, drug_class, "G-INF1") == expected
    softer = {"block": "caution", "unknown": "caution", "ok": "ok"}[expected[0]]
    for drug_class in ("SSZ", "HCQ"):
        assert check(found, drug_class, "G-INF1") == (softer, expected[1])


AMOXICILLIN = "amoxicillin"
COURSE = ("block", "CURRENT_ANTIBIOTIC_COURSE")
OPEN = ("unknown", "ANTIBIOTIC_COURSE_UNCLEAR")

ANTIBIOTICS = [
    pytest.param([statement(AMOXICILLIN, ago(3))], COURSE, id="statement"),
    pytest.param([request(AMOXICILLIN, ago(3))], COURSE, id="order"),
    pytest.param([administration(AMOXICILLIN, ago(1))], COURSE, id="given"),
    pytest.param([statement(AMOXICILLIN, ago(42))], COURSE, id="42-days"),
    pytest.param([statement(AMOXICILLIN, ago(43))], OPEN, id="43-days-still-open"),
    pytest.param([statement(AMOXICILLIN)], OPEN, id="undated"),
    pytest.param([statement(AMOXICILLIN, ago(3), status="unknown")], OPEN, id="status-unknown"),
    pytest.param([statement({"text": "amoxicillin"}, ago(3))], OPEN, id="text-never-blocks"),
    pytest.param([statement(AMOXICILLIN, ago(20), ago(10), status="completed")], NONE, id="over"),
    pytest.param([request(AMOXICILLIN, ago(3), intent="plan")], NONE, id="only-planned"),
    pytest.param([statement(AMOXICILLIN, ago(3), status="not-taken")], NONE, id="not-taken"),
    pytest.param([statement(ATC("J01EE01"), ago(3))], NONE, id="prophylaxis"),
    pytest.param([statement(ATC("J01FA10"), ago(300))], NONE, id="long-term-azithromycin"),
    pytest.param([statement("isoniazid", ago(40))], NONE, id="tb-preventive-therapy"),
]


@pytest.mark.parametrize(("drugs", "expected"), ANTIBIOTICS)
def test_antibiotics(drugs: list[Json], expected: tuple[str, str]) -> None:
    assert check(gates(*drugs), "TNFi", "G-INF1") == expected


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("Condition", "CONDITIONS_NOT_OBTAINED"),
        ("MedicationStatement", "MEDICATIONS_NOT_OBTAINED"),
        ("MedicationRequest", "MEDICATIONS_NOT_OBTAINED"),
        ("Medication", "MEDICATIONS_NOT_OBTAINED"),
    ],
)
def test_absence_is_unknown_where_a_list_is_incomplete(missing: str, reason: str) -> None:
    found = gates(incomplete=(missing,))
    for drug_class in (*BIOLOGIC, "MTX", "LEF", "SSZ", "HCQ"):
        assert check(found, drug_class, "G-INF1") == ("unknown", reason)
        assert found[drug_class]["verdict"] != "ok"


def test_a_finding_stands_although_lists_are_incomplete() -> None:
    assert check(gates(pneumonia(), incomplete=("Condition",)), "ABA", "G-INF1") == ACTIVE


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([], False),
        ([pneumonia()], True),
        ([statement(AMOXICILLIN, ago(3))], True),
        ([pneumonia(ago(91))], None),
        ([pneumonia(verification="provisional")], None),
        ([pneumonia(clinical=None)], None),
        ([statement(AMOXICILLIN, ago(43))], None),
        # over, although a start still waits 14 days
        ([ended(ago(40), ago(5))], False),
    ],
)
def test_infection_is_active(resources: list[Json], expected: bool | None) -> None:
    name = "InfectionSafety.Infection Is Active"
    assert evaluate(bundle(*resources), [name])[name] is expected


def test_a_referenced_medication_is_an_antibiotic() -> None:
    drug = medication("m1", AMOXICILLIN)
    order = request({"reference": "Medication/m1"}, ago(3))
    assert check(gates(drug, order), "TNFi", "G-INF1") == COURSE


def test_two_findings_the_worse_names_the_reason() -> None:
    found = gates(pneumonia(ago(91)), statement(AMOXICILLIN, ago(3)))
    assert check(found, "TNFi", "G-INF1") == COURSE
