"""G-HCV and G-HIV (clinical-spec 3.1, 8.16, 8.24, 8.31): verdicts and reasons."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import ICD10, LOINC, SNOMED, Json, condition, observation
from tests.cql.gate_records import BIOLOGIC, ago, check, gates, row
from tests.cql.serology_records import EDGE, OLD, SCREENED, result


def antibody(answer: str, day: str | None = SCREENED, **elements: Any) -> Json:
    return result("13955-0", answer, day, **elements)


def rna(answer: str, day: str | None = SCREENED, **elements: Any) -> Json:
    return result("11011-4", answer, day, **elements)


def hepatitis_c(onset: str | None = "2015-03-02", **elements: Any) -> Json:
    return condition(SNOMED("50711007"), onset, **elements)


POSITIVE = antibody("POS", "2014-01-01")
DETECTED = ("do_first", "HCV_RNA_DETECTED")
OPEN = ("do_first", "HCV_RNA_UNKNOWN")
WAITING = ("do_first", "HCV_RNA_PENDING")
CLEARED = ("ok", "HCV_RNA_NOT_DETECTED")
NEGATIVE = ("ok", "HCV_SCREEN_NEGATIVE")
MISSING = ("unknown", "HCV_SCREEN_MISSING")
EXPIRED = ("unknown", "HCV_SCREEN_EXPIRED")
PENDING = ("unknown", "HCV_SCREEN_PENDING")
REPEAT = ("unknown", "HCV_SCREEN_INDETERMINATE")
IMPRECISE = ("unknown", "HCV_SCREEN_DATE_UNKNOWN")
POSSIBLE = ("unknown", "HCV_INFECTION_POSSIBLE")

HCV = [
    pytest.param([], MISSING, ["anti-hcv"], ["anti-hcv"], id="none"),
    pytest.param([antibody("NEG", EDGE)], NEGATIVE, [], [], id="12-months"),
    pytest.param([antibody("NEG", OLD)], EXPIRED, ["anti-hcv"], ["anti-hcv"], id="expired"),
    pytest.param([antibody("NEG", "2025-11")], IMPRECISE, ["anti-hcv"], ["anti-hcv"], id="month"),
    pytest.param([antibody("IND")], REPEAT, ["anti-hcv"], ["anti-hcv"], id="indeterminate"),
    pytest.param([antibody("NEG", status="preliminary")], PENDING, ["anti-hcv"], [], id="pending"),
    pytest.param([POSITIVE], OPEN, ["hcv-rna"], ["hcv-rna"], id="antibody-rna-never"),
    pytest.param([POSITIVE, antibody("NEG")], OPEN, ["hcv-rna"], ["hcv-rna"], id="never-cancelled"),
    pytest.param([POSITIVE, rna("ND", EDGE)], CLEARED, [], [], id="rna-12-months"),
    pytest.param([POSITIVE, rna("ND", OLD)], OPEN, ["hcv-rna"], ["hcv-rna"], id="rna-expired"),
    pytest.param([POSITIVE, rna("IND")], OPEN, ["hcv-rna"], ["hcv-rna"], id="rna-indeterminate"),
    pytest.param(
        [POSITIVE, rna("ND", status="preliminary")], WAITING, ["hcv-rna"], [], id="rna-due"
    ),
    pytest.param([POSITIVE, rna("POS")], DETECTED, [], ["hepatology-referral"], id="rna-detected"),
    pytest.param([rna("POS")], DETECTED, [], ["hepatology-referral"], id="rna-alone"),
    pytest.param(
        [antibody("NEG"), rna("POS", "2019-01-01")],
        DETECTED,
        [],
        ["hepatology-referral"],
        id="rna-does-not-expire",
    ),
    pytest.param([rna("POS", ago(90)), rna("ND", ago(30))], CLEARED, [], [], id="rna-cleared"),
    pytest.param(
        [rna("POS", ago(30)), rna("ND", ago(30))],
        DETECTED,
        [],
        ["hepatology-referral"],
        id="of-one-day-the-worse-counts",
    ),
    pytest.param([rna("ND")], CLEARED, [], [], id="no-rna-without-antibody"),
    pytest.param([rna("IND")], MISSING, ["anti-hcv"], ["anti-hcv"], id="rna-unreadable-alone"),
    pytest.param(
        [rna("ND", status="preliminary")], MISSING, ["anti-hcv"], ["anti-hcv"], id="rna-due-alone"
    ),
    pytest.param([hepatitis_c()], OPEN, ["hcv-rna"], ["hcv-rna"], id="recorded"),
    pytest.param([condition(ICD10("B18.2"))], OPEN, ["hcv-rna"], ["hcv-rna"], id="B18.2"),
    pytest.param(
        [hepatitis_c(clinical="resolved")], OPEN, ["hcv-rna"], ["hcv-rna"], id="recorded-as-over"
    ),
    pytest.param([hepatitis_c(), rna("ND")], CLEARED, [], [], id="recorded-and-cleared"),
    pytest.param(
        [hepatitis_c(), antibody("NEG")], OPEN, ["hcv-rna"], ["hcv-rna"], id="recorded-and-negative"
    ),
    pytest.param(
        [hepatitis_c(verification="refuted")], MISSING, ["anti-hcv"], ["anti-hcv"], id="refuted"
    ),
    pytest.param(
        [hepatitis_c(verification="provisional")],
        POSSIBLE,
        ["anti-hcv"],
        ["anti-hcv"],
        id="provisional",
    ),
    pytest.param([condition({"text": "丙肝"})], POSSIBLE, ["anti-hcv"], ["anti-hcv"], id="told"),
    pytest.param(
        [hepatitis_c(SCREENED, verification="provisional"), antibody("NEG")],
        NEGATIVE,
        [],
        [],
        id="suspicion-settled-on-the-day",
    ),
    pytest.param(
        [hepatitis_c("2026-06-11", verification="provisional"), antibody("NEG")],
        POSSIBLE,
        ["anti-hcv"],
        ["anti-hcv"],
        id="suspected-later",
    ),
    pytest.param(
        [hepatitis_c(None, verification="provisional"), antibody("NEG")],
        POSSIBLE,
        ["anti-hcv"],
        ["anti-hcv"],
        id="undated-suspicion",
    ),
    pytest.param(
        [
            hepatitis_c("2015", verification="provisional", recordedDate="2026-06-11"),
            antibody("NEG"),
        ],
        POSSIBLE,
        ["anti-hcv"],
        ["anti-hcv"],
        id="recorded-later",
    ),
    pytest.param(
        [hepatitis_c(verification="provisional"), antibody("IND")],
        POSSIBLE,
        ["anti-hcv"],
        ["anti-hcv"],
        id="an-indeterminate-test-settles-nothing",
    ),
    pytest.param(
        [hepatitis_c(verification="provisional"), antibody("NEG", status="preliminary")],
        POSSIBLE,
        ["anti-hcv"],
        ["anti-hcv"],
        id="a-pending-test-settles-nothing",
    ),
]


@pytest.mark.parametrize(("resources", "expected", "missing", "orders"), HCV)
def test_hepatitis_c(
    resources: list[Json], expected: tuple[str, str], missing: list[str], orders: list[str]
) -> None:
    found = gates(*resources)
    for drug_class in (*BIOLOGIC, "MTX", "LEF"):
        assert check(found, drug_class, "G-HCV") == expected
    for drug_class in ("SSZ", "HCQ"):
        assert check(found, drug_class, "G-HCV") is None
    made = row(found, "MTX", "G-HCV")
    assert (made["dataMissing"], made["orders"], made["applies"]) == (missing, orders, "start")


def test_hepatitis_c_where_observations_are_incomplete() -> None:
    found = gates(incomplete=("Observation",))
    assert check(found, "TNFi", "G-HCV") == ("unknown", "OBSERVATIONS_NOT_OBTAINED")
    assert row(found, "TNFi", "G-HCV")["orders"] == ["anti-hcv"]
    assert check(gates(POSITIVE, incomplete=("Observation",)), "TNFi", "G-HCV") == OPEN


def test_hepatitis_c_in_full() -> None:
    made = row(gates(antibody("NEG", id="ab")), "TNFi", "G-HCV")
    assert made["validUntil"] == "2027-06-10"
    assert [r["ref"] for r in made["dataUsed"]] == ["Observation/ab"]
    found = gates(hepatitis_c(id="c"), antibody("POS", id="ab"), rna("ND", "2026-07-01", id="rna"))
    made = row(found, "TNFi", "G-HCV")
    assert made["validUntil"] == "2027-07-01"
    assert {r["ref"] for r in made["dataUsed"]} == {
        "Observation/ab",
        "Observation/rna",
        "Condition/c",
    }
    assert row(gates(POSITIVE, rna("POS")), "TNFi", "G-HCV")["validUntil"] is None


def hiv(answer: str, day: str | None = SCREENED, **elements: Any) -> Json:
    return result("56888-1", answer, day, **elements)


def infection(onset: str | None = "2015-03-02", **elements: Any) -> Json:
    return condition(SNOMED("86406008"), onset, **elements)


HIV_POSITIVE = ("do_first", "HIV_POSITIVE")
HIV_NEGATIVE = ("ok", "HIV_TEST_NEGATIVE")
HIV_POSSIBLE = ("unknown", "HIV_INFECTION_POSSIBLE")

HIV = [
    pytest.param([], ("unknown", "HIV_TEST_MISSING"), ["hiv"], id="none"),
    pytest.param([hiv("NEG", EDGE)], HIV_NEGATIVE, [], id="12-months"),
    pytest.param([hiv("NEG", OLD)], ("unknown", "HIV_TEST_EXPIRED"), ["hiv"], id="expired"),
    pytest.param(
        [hiv("NEG", "2025-11")], ("unknown", "HIV_TEST_DATE_UNKNOWN"), ["hiv"], id="month"
    ),
    pytest.param([hiv("IND")], ("unknown", "HIV_TEST_INDETERMINATE"), ["hiv"], id="indeterminate"),
    pytest.param([hiv("IND", ago(60)), hiv("NEG", ago(59))], HIV_NEGATIVE, [], id="settled-later"),
    pytest.param(
        [hiv("IND", ago(60)), hiv("NEG", ago(60))],
        ("unknown", "HIV_TEST_INDETERMINATE"),
        ["hiv"],
        id="of-one-day-the-worse-counts",
    ),
    pytest.param([hiv("NEG", status="preliminary")], ("unknown", "HIV_TEST_PENDING"), [], id="due"),
    pytest.param([hiv("POS", "2015-01-01")], HIV_POSITIVE, ["id-referral"], id="positive"),
    pytest.param([hiv("POS", ago(90)), hiv("NEG")], HIV_POSITIVE, ["id-referral"], id="stands"),
    pytest.param([infection()], HIV_POSITIVE, ["id-referral"], id="recorded"),
    pytest.param([infection(), hiv("NEG")], HIV_POSITIVE, ["id-referral"], id="recorded-negative"),
    pytest.param([infection(clinical="inactive")], HIV_POSITIVE, ["id-referral"], id="inactive"),
    pytest.param([condition(ICD10("Z21"))], HIV_POSITIVE, ["id-referral"], id="Z21"),
    pytest.param([infection(verification="provisional")], HIV_POSSIBLE, ["hiv"], id="provisional"),
    pytest.param([condition({"text": "HIV infection"})], HIV_POSSIBLE, ["hiv"], id="told"),
    pytest.param(
        [infection(SCREENED, verification="provisional"), hiv("NEG")],
        HIV_NEGATIVE,
        [],
        id="settled",
    ),
    pytest.param(
        [infection("2026-06-11", verification="provisional"), hiv("NEG")],
        HIV_POSSIBLE,
        ["hiv"],
        id="suspected-later",
    ),
    pytest.param(
        [infection("2015", verification="provisional", recordedDate="2026-06-11"), hiv("NEG")],
        HIV_POSSIBLE,
        ["hiv"],
        id="recorded-later",
    ),
    pytest.param(
        [infection(None, verification="provisional"), hiv("NEG")],
        HIV_POSSIBLE,
        ["hiv"],
        id="undated",
    ),
    pytest.param(
        [infection(verification="provisional"), hiv("NEG", status="preliminary")],
        HIV_POSSIBLE,
        ["hiv"],
        id="a-pending-test-settles-nothing",
    ),
    pytest.param(
        [infection(verification="provisional"), hiv("IND")],
        HIV_POSSIBLE,
        ["hiv"],
        id="an-indeterminate-test-settles-nothing",
    ),
    pytest.param(
        [infection(verification="refuted")], ("unknown", "HIV_TEST_MISSING"), ["hiv"], id="refuted"
    ),
]


@pytest.mark.parametrize(("resources", "expected", "orders"), HIV)
def test_hiv(resources: list[Json], expected: tuple[str, str], orders: list[str]) -> None:
    found = gates(*resources)
    for drug_class in BIOLOGIC:
        assert check(found, drug_class, "G-HIV") == expected
    for drug_class in ("MTX", "LEF", "SSZ", "HCQ"):
        assert check(found, drug_class, "G-HIV") is None
    made = row(found, "JAKi", "G-HIV")
    missing = {"ok": [], "unknown": ["hiv"], "do_first": ["hiv-viral-load-cd4"]}[expected[0]]
    assert (made["dataMissing"], made["orders"], made["applies"]) == (missing, orders, "start")


def test_hiv_in_full() -> None:
    made = row(gates(hiv("NEG", id="t")), "TNFi", "G-HIV")
    assert made["validUntil"] == "2027-06-10"
    assert [r["ref"] for r in made["dataUsed"]] == ["Observation/t"]
    made = row(gates(infection(id="c"), hiv("NEG", id="t")), "TNFi", "G-HIV")
    assert made["validUntil"] is None
    assert {r["ref"] for r in made["dataUsed"]} == {"Observation/t", "Condition/c"}
    # what cannot be read is shown as no result
    assert (
        row(gates(observation(LOINC("56888-1"), "see report")), "TNFi", "G-HIV")["dataUsed"] == []
    )
    found = gates(incomplete=("Observation",))
    assert check(found, "TNFi", "G-HIV") == ("unknown", "OBSERVATIONS_NOT_OBTAINED")


def test_a_word_alone_may_ask_first() -> None:
    assert check(gates(observation(LOINC("56888-1"), "阳性")), "TNFi", "G-HIV") == HIV_POSITIVE
