"""G-GI (clinical-spec 3.3, 8.24, 8.34, 8.44, 8.48): IL-6 and JAK inhibitors."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import ATC, ICD10, SNOMED, Json, condition, dispense, statement
from tests.cql.gate_records import ago, check, gates, row

WHO = "http://hl7.org/fhir/sid/icd-10"

# verdict for IL-6 inhibitors, for JAK inhibitors, only-if-no-alternative for JAK inhibitors, reason
NONE = ("ok", "ok", False, "NO_RECORD")
PERFORATION = ("block", "caution", True, "GI_PERFORATION_RECORDED")
RECENT = ("block", "caution", True, "DIVERTICULITIS_RECENT")
OLDER = ("caution", "caution", False, "DIVERTICULITIS_OLDER")
OLDER_POSSIBLE = ("caution", "caution", False, "DIVERTICULITIS_OLDER_POSSIBLE")
UNCLEAR = ("unknown", "caution", True, "GI_HISTORY_UNCLEAR")
WITH_DRUG = ("caution", "caution", False, "DIVERTICULAR_DISEASE_WITH_DRUG")
ALONE = ("ok", "ok", False, "DIVERTICULAR_DISEASE_ALONE")
NOT_OBTAINED = ("unknown", "unknown", False, "CONDITIONS_NOT_OBTAINED")
NO_LIST = ("unknown", "unknown", False, "MEDICATIONS_NOT_OBTAINED")


def diverticulitis(onset: str | None = "2018-03-01", **elements: Any) -> Json:
    return condition(ICD10("K57.32"), onset, **elements)


def over(onset: str, end: str) -> Json:
    return diverticulitis(onset, clinical="resolved", abatementDateTime=end)


def perforation(**elements: Any) -> Json:
    return condition(ICD10("K63.1"), "1998-03-01", **elements)


DIVERTICULOSIS = condition(ICD10("K57.30"), "2018-03-01")
PREDNISONE = statement("prednisone", ago(300))
IBUPROFEN = statement(ATC("M01AB05"), ago(30))
TRAMADOL = statement(ATC("N02AX02"), ago(30))
STOPPED = statement(ATC("M01AB05"), ago(300), ago(200), status="stopped")

RECORDS = [
    pytest.param([], NONE, id="none"),
    pytest.param([perforation()], PERFORATION, id="perforation-ever"),
    pytest.param([perforation(clinical="resolved")], PERFORATION, id="perforation-resolved"),
    pytest.param([condition(SNOMED("51875005"))], PERFORATION, id="perforation-snomed"),
    pytest.param(
        [condition(ICD10("K57.20"), "2001-01-01")], PERFORATION, id="diverticulitis-perforated"
    ),
    pytest.param([condition(ICD10("K25.5"), "2001-01-01")], PERFORATION, id="ulcer-perforated"),
    pytest.param([condition((WHO, "K26.1"), "2001-01-01")], PERFORATION, id="ulcer-perforated-who"),
    pytest.param([condition(ICD10("K25.4"), "2001-01-01")], NONE, id="ulcer-that-bled"),
    pytest.param([perforation(verification="provisional")], UNCLEAR, id="perforation-possible"),
    pytest.param([condition({"text": "肠穿孔"})], UNCLEAR, id="perforation-in-words"),
    pytest.param([diverticulitis("2025-11-23")], RECENT, id="12-months"),
    pytest.param([diverticulitis("2025-11-22")], OLDER, id="12-months-and-a-day"),
    pytest.param([over("2024-01-01", "2025-11-23")], RECENT, id="ended-12-months-ago"),
    pytest.param([over("2024-01-01", "2025-11-22")], OLDER, id="ended-before"),
    pytest.param([condition(SNOMED("4494009"), ago(30))], RECENT, id="snomed"),
    pytest.param([diverticulitis(None)], UNCLEAR, id="undated"),
    pytest.param([diverticulitis("2025-11")], UNCLEAR, id="month-that-decides"),
    pytest.param([diverticulitis("2025-12")], RECENT, id="month-that-is-recent"),
    pytest.param([diverticulitis("2025-10")], OLDER, id="month-that-is-old"),
    pytest.param([diverticulitis(ago(30), verification="provisional")], UNCLEAR, id="possible"),
    pytest.param([diverticulitis(verification="provisional")], OLDER, id="possible-and-old"),
    pytest.param([condition({"text": "憩室炎"}, ago(30))], UNCLEAR, id="in-words"),
    pytest.param([condition((WHO, "K57.3"), ago(30))], UNCLEAR, id="who-recent"),
    pytest.param([condition((WHO, "K57.3"), None)], UNCLEAR, id="who-undated"),
    pytest.param([condition((WHO, "K57.3"), "2025-11-22")], OLDER_POSSIBLE, id="who-old"),
    pytest.param([DIVERTICULOSIS], ALONE, id="diverticulosis"),
    pytest.param(
        [condition({"text": "结肠憩室"}), PREDNISONE], WITH_DRUG, id="diverticulosis-in-words"
    ),
    pytest.param([DIVERTICULOSIS, PREDNISONE], WITH_DRUG, id="with-glucocorticoid"),
    pytest.param([DIVERTICULOSIS, IBUPROFEN], WITH_DRUG, id="with-nsaid"),
    pytest.param([DIVERTICULOSIS, TRAMADOL], WITH_DRUG, id="with-opioid"),
    pytest.param(
        [DIVERTICULOSIS, dispense(ATC("M01AB05"), ago(10))], WITH_DRUG, id="with-dispensed"
    ),
    pytest.param(
        [DIVERTICULOSIS, statement(ATC("M01AB05"), ago(30), status="unknown")],
        WITH_DRUG,
        id="drug-unknown",
    ),
    pytest.param([DIVERTICULOSIS, STOPPED], ALONE, id="drug-stopped"),
    pytest.param([DIVERTICULOSIS, statement("methotrexate", ago(30))], ALONE, id="another-drug"),
    pytest.param([PREDNISONE, IBUPROFEN, TRAMADOL], NONE, id="drugs-alone"),
    pytest.param([diverticulitis(), DIVERTICULOSIS, PREDNISONE], OLDER, id="older-names-it"),
    pytest.param([diverticulitis(ago(9)), perforation()], PERFORATION, id="worst-names-it"),
]


def answer(found: Json) -> tuple[str, str, bool, str]:
    il6ri, jaki = row(found, "IL6Ri", "G-GI"), row(found, "JAKi", "G-GI")
    assert il6ri["reason"] == jaki["reason"]
    assert il6ri["onlyIfNoAlternative"] is False
    assert il6ri["dataMissing"] == jaki["dataMissing"]
    assert il6ri["dataUsed"] == jaki["dataUsed"]
    assert (il6ri["applies"], jaki["applies"]) == ("both", "both")
    return il6ri["verdict"], jaki["verdict"], jaki["onlyIfNoAlternative"], jaki["reason"]


@pytest.mark.parametrize("profile", ["STRICT", "EU", "US"])
@pytest.mark.parametrize(("records", "expected"), RECORDS)
def test_gut(records: list[Json], expected: tuple[str, str, bool, str], profile: str) -> None:
    assert answer(gates(*records, profile=profile)) == expected


LISTS = [
    ("Condition", [], NOT_OBTAINED, ["gi-perforation"]),
    ("Condition", [DIVERTICULOSIS], NOT_OBTAINED, ["gi-perforation"]),
    ("Condition", [perforation()], PERFORATION, []),
    ("MedicationStatement", [], NONE, []),
    ("MedicationStatement", [DIVERTICULOSIS], NO_LIST, ["gut-drugs"]),
    ("Medication", [DIVERTICULOSIS], NO_LIST, ["gut-drugs"]),
    ("MedicationStatement", [DIVERTICULOSIS, IBUPROFEN], WITH_DRUG, []),
    ("Observation", [DIVERTICULOSIS], ALONE, []),
]


@pytest.mark.parametrize(("missing", "records", "expected", "asked"), LISTS)
def test_gut_where_a_list_is_incomplete(
    missing: str, records: list[Json], expected: tuple[str, str, bool, str], asked: list[str]
) -> None:
    found = gates(*records, incomplete=(missing,))
    assert answer(found) == expected
    assert row(found, "JAKi", "G-GI")["dataMissing"] == asked


@pytest.mark.parametrize(
    ("records", "asked"),
    [
        ([diverticulitis(None)], ["gi-perforation"]),
        ([condition((WHO, "K57.3"), "2020-01-01")], ["gi-perforation"]),
        ([diverticulitis()], []),
        ([DIVERTICULOSIS, PREDNISONE], []),
    ],
)
def test_gut_asks(records: list[Json], asked: list[str]) -> None:
    assert row(gates(*records), "IL6Ri", "G-GI")["dataMissing"] == asked


def test_gut_shows_its_evidence() -> None:
    found = gates(
        condition(ICD10("K57.30"), "2018-03-01", id="d"),
        statement("prednisone", "2026-01-27", id="g"),
    )
    assert row(found, "IL6Ri", "G-GI")["dataUsed"] == [
        {"ref": "Condition/d", "date": "2018-03-01", "value": "diverticular-disease"},
        {"ref": "MedicationStatement/g", "date": "2026-01-27", "value": "prednisone"},
    ]
    both = gates(
        condition(ICD10("K63.1"), "1998-03-01", id="p"),
        condition(ICD10("K57.32"), "2018-03-01", id="i"),
        PREDNISONE,
    )
    used = [(u["ref"], u["value"]) for u in row(both, "IL6Ri", "G-GI")["dataUsed"]]
    assert used == [
        ("Condition/p", "gi-perforation"),
        ("Condition/i", "diverticulitis"),
        ("Condition/i", "diverticular-disease"),
    ]


def test_gut_speaks_of_two_classes() -> None:
    found = gates()
    assert [c for c in found if check(found, c, "G-GI")] == ["IL6Ri", "JAKi"]
