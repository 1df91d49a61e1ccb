"""G-JAK2, G-JAK3, G-JAK4 (spec 3.3, 5.2, 8.21, 8.24, 8.34, 8.45, 8.46) under each profile."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import (
    ATC,
    ICD10,
    LOCAL,
    Json,
    concept,
    condition,
    observation,
    request,
    resource,
    statement,
)
from tests.cql.gate_records import ago, check, gates, row

NONE = ("ok", "NO_RECORD")
NOT_OBTAINED = ("unknown", "CONDITIONS_NOT_OBTAINED")
NO_LIST = ("unknown", "MEDICATIONS_NOT_OBTAINED")

# ----- G-JAK2 -----

INFARCTION = "INFARCTION_OR_STROKE_RECORDED"
POSSIBLE_INFARCTION = "INFARCTION_OR_STROKE_POSSIBLE"


def jak2(profile: str, *resources: Json, **options: Any) -> tuple[str, str, bool]:
    found = row(gates(*resources, profile=profile, **options), "JAKi", "G-JAK2")
    return found["verdict"], found["reason"], found["onlyIfNoAlternative"]


@pytest.mark.parametrize("profile", ["STRICT", "US", "CN"])
@pytest.mark.parametrize(
    "code", ["I21.9", "I22.0", "I25.2", "I60.9", "I61.9", "I63.9", "I69.3", "Z86.73"]
)
def test_infarction_or_stroke_blocks(profile: str, code: str) -> None:
    entry = condition(ICD10(code), "2001-05-01", clinical="resolved")
    assert jak2(profile, entry) == ("block", INFARCTION, False)


@pytest.mark.parametrize("code", ["I21.9", "I63.9"])
def test_infarction_or_stroke_under_eu(code: str) -> None:
    assert jak2("EU", condition(ICD10(code))) == ("caution", INFARCTION, True)


UNSURE = [
    pytest.param(condition(ICD10("I21.9"), verification="provisional"), id="provisional"),
    pytest.param(condition({"text": "陈旧性心肌梗死"}), id="text"),
    pytest.param(condition({"text": "stroke 2019"}), id="text-stroke"),
]


@pytest.mark.parametrize("entry", UNSURE)
def test_infarction_or_stroke_possible(entry: Json) -> None:
    assert jak2("STRICT", entry) == ("unknown", POSSIBLE_INFARCTION, False)
    assert jak2("EU", entry) == ("caution", POSSIBLE_INFARCTION, True)


@pytest.mark.parametrize("profile", ["STRICT", "EU"])
def test_infarction_or_stroke_absent(profile: str) -> None:
    tia = condition(ICD10("G45.9"))
    refuted = condition(ICD10("I21.9"), verification="refuted")
    assert jak2(profile, tia, refuted) == (*NONE, False)
    assert jak2(profile, incomplete=("Condition",)) == (*NOT_OBTAINED, False)
    assert jak2(profile, incomplete=("Observation",)) == (*NONE, False)


def test_infarction_stands_although_the_list_is_incomplete() -> None:
    found = row(
        gates(condition(ICD10("I21.9"), id="mi"), incomplete=("Condition",)), "JAKi", "G-JAK2"
    )
    assert (found["verdict"], found["applies"], found["dataMissing"]) == ("block", "both", [])
    assert found["dataUsed"] == [
        {"ref": "Condition/mi", "date": "2020-01-15", "value": "infarction-or-stroke"}
    ]
    assert row(gates(incomplete=("Condition",)), "JAKi", "G-JAK2")["dataMissing"] == [
        "infarction-or-stroke"
    ]


# ----- G-JAK3 -----

RECENT = ("block", "VTE_RECENT")
TREATED = ("block", "VTE_ANTICOAGULATED")
OLDER = ("caution", "VTE_OLDER")
POSSIBLE = ("unknown", "VTE_POSSIBLE")
UNCLEAR = ("unknown", "VTE_ANTICOAGULATION_UNCLEAR")
FACTOR = ("caution", "VTE_RISK_FACTOR")
FACTOR_POSSIBLE = ("caution", "VTE_RISK_POSSIBLE")


def vte(onset: str | None = "2015-03-01", code: str = "I26.99", **elements: Any) -> Json:
    return condition(ICD10(code), onset, **elements)


def because(code: str) -> list[Json]:
    return [concept(ICD10(code))]


def apixaban(**elements: Any) -> Json:
    return statement(ATC("B01AF02"), ago(40), **elements)


OLD = vte(id="old")
TO_OLD = [{"reference": "https://ehr.example.org/fhir/Condition/old"}]
ENTRIES = [
    pytest.param([], NONE, id="none"),
    pytest.param([vte("2026-05-23")], RECENT, id="6-months"),
    pytest.param([vte("2026-05-22")], OLDER, id="6-months-and-a-day"),
    pytest.param([vte("2026-08-01", clinical="resolved")], RECENT, id="recent-and-resolved"),
    pytest.param([vte("2026-08-01", "I82.401")], RECENT, id="deep-vein"),
    pytest.param([vte("2026-08-01", "I82.211")], RECENT, id="vena-cava"),
    pytest.param([vte("2010-08-01", "I82.501")], OLDER, id="chronic"),
    pytest.param([vte("2026-08-01", "I82.601")], RECENT, id="arm"),
    pytest.param([vte(None)], POSSIBLE, id="undated"),
    pytest.param([vte("2026-05")], POSSIBLE, id="month-that-decides"),
    pytest.param([vte("2026-06")], RECENT, id="month-that-is-recent"),
    pytest.param([vte("2026-04")], OLDER, id="month-that-is-old"),
    pytest.param([vte("2026-08-01", verification="provisional")], POSSIBLE, id="provisional"),
    pytest.param(
        [vte("2015-08-01", verification="provisional")], FACTOR_POSSIBLE, id="old-possible"
    ),
    pytest.param([condition({"text": "肺栓塞"}, ago(30))], POSSIBLE, id="text"),
    pytest.param([condition({"text": "DVT"}, "2015-01-01")], FACTOR_POSSIBLE, id="old-text"),
    pytest.param([vte("2026-10-01", "Z86.718")], OLDER, id="history-is-not-dated-by-its-entry"),
    pytest.param([vte("2026-10-01", "Z86.711")], OLDER, id="history-of-embolism"),
    pytest.param(
        [vte("2026-10-01", "Z86.711", verification="provisional")],
        FACTOR_POSSIBLE,
        id="history-possible",
    ),
    pytest.param([condition(ICD10("D68.51"))], FACTOR, id="thrombophilia"),
    pytest.param(
        [condition(ICD10("D68.61"), verification="provisional")],
        FACTOR_POSSIBLE,
        id="thrombophilia-possible",
    ),
    pytest.param([condition(ICD10("Z74.01"))], FACTOR, id="immobility"),
    pytest.param([condition(ICD10("Z74.01"), clinical="resolved")], NONE, id="immobility-over"),
    pytest.param([condition({"text": "长期卧床"})], FACTOR_POSSIBLE, id="immobility-in-words"),
    pytest.param([statement(ATC("G03AA12"), ago(200))], FACTOR, id="oestrogen"),
    pytest.param(
        [statement(ATC("G03CA03"), ago(900), ago(200), status="stopped")],
        NONE,
        id="oestrogen-stopped",
    ),
    pytest.param(
        [statement(ATC("G03CA57"), ago(200), status="unknown")],
        FACTOR_POSSIBLE,
        id="oestrogen-unknown",
    ),
    pytest.param(
        [statement({"text": "estradiol"}, ago(200))], FACTOR_POSSIBLE, id="oestrogen-text"
    ),
    pytest.param([apixaban(), OLD], UNCLEAR, id="anticoagulant-of-unknown-reason"),
    pytest.param([apixaban(), vte(code="Z86.711")], UNCLEAR, id="the-same-after-a-history"),
    pytest.param([apixaban()], NONE, id="anticoagulant-without-event"),
    pytest.param(
        [apixaban(reasonCode=because("I48.91")), OLD], OLDER, id="anticoagulant-for-another"
    ),
    pytest.param([apixaban(reasonCode=because("I26.99"))], TREATED, id="anticoagulant-for-vte"),
    pytest.param(
        [apixaban(reasonCode=because("Z86.711"))], TREATED, id="anticoagulant-for-history"
    ),
    pytest.param([apixaban(reasonReference=TO_OLD), OLD], TREATED, id="reason-by-reference"),
    pytest.param(
        [apixaban(reasonReference=[{"reference": "Condition/af"}]), OLD],
        OLDER,
        id="other-reference",
    ),
    pytest.param(
        [apixaban(reasonCode=because("I26.99"), status="unknown")], UNCLEAR, id="status-unknown"
    ),
    pytest.param(
        [statement({"text": "apixaban"}, ago(40), reasonCode=because("I26.99"))],
        UNCLEAR,
        id="text-drug",
    ),
    pytest.param(
        [
            statement(
                ATC("B01AF02"), ago(400), ago(200), status="stopped", reasonCode=because("I26.99")
            )
        ],
        NONE,
        id="anticoagulant-stopped",
    ),
    pytest.param(
        [request(ATC("B01AF01"), ago(20), reasonCode=because("I82.401"))], TREATED, id="order"
    ),
    pytest.param(
        [request(ATC("B01AF01"), ago(20), reasonCode=because("Z86.718"))],
        TREATED,
        id="order-history",
    ),
    pytest.param(
        [request(ATC("B01AF01"), ago(20), reasonReference=TO_OLD), OLD],
        TREATED,
        id="order-by-reference",
    ),
    pytest.param(
        [request(ATC("B01AF01"), ago(20), reasonCode=because("I48.91")), OLD],
        OLDER,
        id="order-other",
    ),
    pytest.param([vte(ago(9)), apixaban(), condition(ICD10("D68.51"))], RECENT, id="worst-first"),
]


@pytest.mark.parametrize(("records", "expected"), ENTRIES)
def test_thrombosis(records: list[Json], expected: tuple[str, str]) -> None:
    found = row(gates(*records), "JAKi", "G-JAK3")
    assert (found["verdict"], found["reason"]) == expected
    assert found["onlyIfNoAlternative"] is (expected[0] == "caution")
    assert found["applies"] == "both"


@pytest.mark.parametrize("profile", ["EU", "US", "CN"])
def test_thrombosis_is_read_the_same_under_each_profile(profile: str) -> None:
    assert check(gates(vte(ago(9)), profile=profile), "JAKi", "G-JAK3") == RECENT
    assert check(gates(OLD, profile=profile), "JAKi", "G-JAK3") == OLDER


LISTS = [
    ("Condition", [], NOT_OBTAINED, ["thrombosis"]),
    ("Condition", [OLD], NOT_OBTAINED, ["thrombosis"]),
    ("Condition", [vte(ago(9))], RECENT, []),
    ("MedicationRequest", [], NO_LIST, ["anticoagulation-reason"]),
    ("Medication", [OLD], NO_LIST, ["anticoagulation-reason"]),
    ("Observation", [], NONE, []),
]


@pytest.mark.parametrize(("missing", "records", "expected", "asked"), LISTS)
def test_thrombosis_where_a_list_is_incomplete(
    missing: str, records: list[Json], expected: tuple[str, str], asked: list[str]
) -> None:
    found = row(gates(*records, incomplete=(missing,)), "JAKi", "G-JAK3")
    assert (found["verdict"], found["reason"]) == expected
    assert found["dataMissing"] == asked


@pytest.mark.parametrize(
    ("records", "asked"),
    [
        ([vte(None)], ["thrombosis"]),
        ([vte("2015-08-01", verification="provisional")], ["thrombosis"]),
        ([apixaban(), OLD], ["anticoagulation-reason"]),
        ([OLD], []),
    ],
)
def test_thrombosis_asks(records: list[Json], asked: list[str]) -> None:
    assert row(gates(*records), "JAKi", "G-JAK3")["dataMissing"] == asked


def test_thrombosis_shows_its_evidence() -> None:
    found = gates(
        OLD,
        statement(ATC("B01AF02"), "2026-10-01", id="a"),
        condition(ICD10("D68.51"), "2011-01-01", id="d"),
        condition(ICD10("Z74.01"), "2025-01-01", id="z"),
        statement(ATC("G03CA03"), "2026-01-01", id="o"),
    )
    used = {u["ref"]: (u["date"], u["value"]) for u in row(found, "JAKi", "G-JAK3")["dataUsed"]}
    assert used == {
        "Condition/old": ("2015-03-01", "thrombosis"),
        "MedicationStatement/a": ("2026-10-01", "anticoagulant"),
        "Condition/d": ("2011-01-01", "thrombophilia"),
        "Condition/z": ("2025-01-01", "immobility"),
        "MedicationStatement/o": ("2026-01-01", "oestrogen"),
    }


# ----- G-JAK4 -----

AFTER = ("ok", "JAK_LINE_AFTER_TNFI")
NOT_TOLERATED = ("ok", "JAK_LINE_TNFI_NOT_TOLERATED")
CONTRAINDICATED = ("ok", "JAK_LINE_TNFI_CONTRAINDICATED")
BEFORE = ("caution", "JAK_LINE_BEFORE_TNFI")
UNCONFIRMED = ("caution", "JAK_LINE_TNFI_FAILURE_UNCONFIRMED")


def stopped(reason: str | None, drug: str | Json = "adalimumab", **elements: Any) -> Json:
    return statement(drug, "2024-01-10", "2024-09-01", status="stopped", reason=reason, **elements)


def allergy(**elements: Any) -> Json:
    made = {"code": concept(ATC("L04AB04")), "patient": {"reference": "Patient/p"}}
    return resource("AllergyIntolerance", "allergy", **made, **elements)


def reaction(code: str) -> Json:
    drug = statement(ATC(code), "2024-01-10", "2024-02-01", status="stopped", id="suspect")
    event = resource(
        "AdverseEvent",
        actuality="actual",
        date="2024-02-01",
        suspectEntity=[{"instance": {"reference": "MedicationStatement/suspect"}}],
    )
    return {"both": [drug, event]}


VER = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
FAILED = ("ineffective-primary", "ineffective-secondary", "ineffective", "adverse-event", "allergy")
OTHER = ("remission", "cost", "pregnancy", "patient-choice", "infection", "surgery")
NYHA = LOCAL("nyha")
LINE = [
    pytest.param([], BEFORE, id="none"),
    pytest.param([statement("methotrexate", ago(300))], BEFORE, id="csdmard-only"),
    pytest.param([stopped("stop-ineffective", "tocilizumab")], BEFORE, id="another-class"),
    pytest.param([statement("etanercept", ago(100))], AFTER, id="taken-now"),
    pytest.param(
        [statement("etanercept", ago(100), status="unknown")], UNCONFIRMED, id="status-unknown"
    ),
    pytest.param([stopped(None)], UNCONFIRMED, id="no-reason"),
    pytest.param(
        [stopped("stop-ineffective", {"text": "adalimumab"})], UNCONFIRMED, id="text-only"
    ),
    *(
        pytest.param([stopped(f"stop-{why}")], AFTER, id=why)
        for why in (*FAILED, "toxicity", "lab-toxicity")
    ),
    *(pytest.param([stopped(f"stop-{why}")], UNCONFIRMED, id=why) for why in OTHER),
    pytest.param([allergy()], NOT_TOLERATED, id="allergy-entry"),
    pytest.param(
        [allergy(clinicalStatus=concept((CLINICAL, "inactive")))], BEFORE, id="allergy-inactive"
    ),
    pytest.param(
        [allergy(verificationStatus=concept((VER, "unconfirmed")))],
        BEFORE,
        id="allergy-unconfirmed",
    ),
    pytest.param(
        [resource("AllergyIntolerance", code={"text": "adalimumab"})], BEFORE, id="allergy-in-words"
    ),
    pytest.param(
        [resource("AllergyIntolerance", code=concept(ATC("L04AC07")))],
        BEFORE,
        id="allergy-to-another",
    ),
    pytest.param(reaction("L04AB04")["both"], NOT_TOLERATED, id="adverse-event"),
    pytest.param(reaction("L04AC07")["both"], BEFORE, id="adverse-event-of-another"),
    pytest.param([condition(ICD10("G35.A"))], CONTRAINDICATED, id="demyelination"),
    pytest.param(
        [condition(ICD10("G35.A"), verification="provisional")], BEFORE, id="demyelination-possible"
    ),
    pytest.param([observation(NYHA, LOCAL("nyha-3"))], CONTRAINDICATED, id="nyha-3"),
    pytest.param([observation(NYHA, LOCAL("nyha-2"))], BEFORE, id="nyha-2"),
]


@pytest.mark.parametrize("profile", ["STRICT", "EU", "CN"])
@pytest.mark.parametrize(("records", "expected"), LINE)
def test_line(records: list[Json], expected: tuple[str, str], profile: str) -> None:
    found = row(gates(*records, profile=profile), "JAKi", "G-JAK4")
    assert (found["verdict"], found["reason"]) == expected
    assert found["onlyIfNoAlternative"] is False
    assert found["applies"] == "start"
    assert found["dataMissing"] == (["stop-reason"] if expected == UNCONFIRMED else [])


US_LABEL = {
    BEFORE: ("caution", "JAK_LINE_OUTSIDE_US_LABEL"),
    UNCONFIRMED: ("caution", "JAK_LINE_US_TNFI_FAILURE_UNCONFIRMED"),
}


@pytest.mark.parametrize(("records", "expected"), LINE)
def test_line_under_us(records: list[Json], expected: tuple[str, str]) -> None:
    found = row(gates(*records, profile="US"), "JAKi", "G-JAK4")
    assert (found["verdict"], found["reason"]) == US_LABEL.get(expected, expected)
    assert found["onlyIfNoAlternative"] is (expected in US_LABEL)
    assert found["dataMissing"] == (["stop-reason"] if expected == UNCONFIRMED else [])


@pytest.mark.parametrize("profile", ["STRICT", "US"])
@pytest.mark.parametrize("missing", ["MedicationStatement", "MedicationRequest", "Medication"])
def test_line_where_the_medication_list_is_incomplete(profile: str, missing: str) -> None:
    found = row(gates(incomplete=(missing,), profile=profile), "JAKi", "G-JAK4")
    assert (found["verdict"], found["reason"]) == NO_LIST
    assert (found["onlyIfNoAlternative"], found["dataMissing"]) == (False, ["tnfi-history"])
    taken = gates(statement("etanercept", ago(100)), incomplete=(missing,), profile=profile)
    assert check(taken, "JAKi", "G-JAK4") == AFTER


def test_line_shows_what_was_taken_and_not_tolerated() -> None:
    found = row(
        gates(stopped("stop-cost", id="s"), allergy(recordedDate="2024-03-01")), "JAKi", "G-JAK4"
    )
    assert found["dataUsed"] == [
        {"ref": "MedicationStatement/s", "date": "2024-01-10", "value": "adalimumab"},
        {"ref": "AllergyIntolerance/allergy", "date": "2024-03-01", "value": "adalimumab"},
    ]


def test_the_checks_speak_of_jak_inhibitors_only() -> None:
    found = gates()
    for number in (1, 2, 3, 4):
        spoken = [c for c in found if check(found, c, f"G-JAK{number}")]
        assert spoken == ["JAKi"]
