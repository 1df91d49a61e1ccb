"""G-EGFR (clinical-spec 3.4, 8.17, 8.38, 8.45): limits at the edge and beyond, formulas, age."""

from __future__ import annotations

import pytest

from tests.cql.build import LOINC, Json, bundle, evaluate, observation, patient
from tests.cql.gate_records import ago

OK = ("ok", "KIDNEY_FUNCTION_OK")
LOW, LESS = ("block", "KIDNEY_FUNCTION_TOO_LOW"), ("caution", "KIDNEY_FUNCTION_REDUCED")


def egfr(value: float, day: str = "2026-11-20") -> Json:
    return observation(LOINC("98979-8"), value, "mL/min/{1.73_m2}", day, id="egfr")


def creatinine(value: float, day: str = "2026-11-20") -> Json:
    return observation(LOINC("2160-0"), value, "mg/dL", day, id="crea")


def weight(value: float, day: str = "2026-11-20") -> Json:
    return observation(LOINC("29463-7"), value, "kg", day, id="weight")


def ask(define: str, *resources: Json, profile: str = "STRICT") -> list[Json]:
    name = f"KidneyLiverSafety.{define}"
    parameters = {"RAParameters.RegProfile": profile}
    found: list[Json] = evaluate(bundle(*resources), [name], parameters=parameters)[name]
    return found


def found(drug: str, applies: str, *resources: Json, profile: str = "STRICT") -> Json:
    [row] = [
        r
        for r in ask("Checks", *resources, profile=profile)
        if r["applies"] == applies
        and (drug in r["molecules"] or r["classes"] == [drug])
        and (r["molecules"] or drug in {"MTX", "LEF", "HCQ"})
    ]
    return row


@pytest.mark.parametrize("applies", ["start", "continue"])
@pytest.mark.parametrize(
    ("drug", "value", "expected"),
    [
        *(("MTX", 60, OK), ("MTX", 59, LESS), ("MTX", 30, LESS), ("MTX", 29, LOW)),
        *(("LEF", 60, OK), ("LEF", 59, LOW), ("HCQ", 30, OK), ("HCQ", 29, LESS)),
        *(("baricitinib", 60, OK), ("baricitinib", 59, LESS), ("baricitinib", 30, LESS)),
        *(("baricitinib", 29, LOW), ("filgotinib", 60, OK), ("filgotinib", 59, LESS)),
        *(("filgotinib", 15, LESS), ("filgotinib", 14, LOW)),
        *(("upadacitinib", 30, OK), ("upadacitinib", 29, LESS)),
        *(("tofacitinib", 60, OK), ("tofacitinib", 59, LESS)),
    ],
)
def test_limit(applies: str, drug: str, value: float, expected: tuple[str, str]) -> None:
    row = found(drug, applies, egfr(value))
    assert (row["verdict"], row["reason"]) == expected
    assert [d["ref"] for d in row["dataUsed"]] == ["Observation/egfr"]


@pytest.mark.parametrize(
    ("profile", "value", "expected"),
    [("US", 59, LESS), ("EU", 59, OK), ("EU", 30, OK), ("EU", 29, LESS), ("CN", 59, OK)],
)
def test_tofacitinib_by_profile(profile: str, value: float, expected: tuple[str, str]) -> None:
    row = found("tofacitinib", "start", egfr(value), profile=profile)
    assert (row["verdict"], row["reason"]) == expected


@pytest.mark.parametrize(
    ("gender", "birth", "value", "expected"),
    [
        # 142 * (1.2/0.9)^-1.2 * 0.9938^55
        ("male", "1971-03-17", 1.2, 71.42),
        # 142 * (0.6/0.9)^-0.302 * 0.9938^55
        ("male", "1971-03-17", 0.6, 114.04),
        # 142 * (0.6/0.7)^-0.241 * 0.9938^55 * 1.012
        ("female", "1971-03-17", 0.6, 105.93),
        # 142 * (1.4/0.7)^-1.2 * 0.9938^55 * 1.012
        ("female", "1971-03-17", 1.4, 44.43),
    ],
)
def test_ckd_epi_2021(gender: str, birth: str, value: float, expected: float) -> None:
    [row] = ask("Computed Filtration", patient(gender, birth), creatinine(value))
    assert row["value"] == pytest.approx(expected, abs=0.15)


@pytest.mark.parametrize(
    ("gender", "kilograms", "value", "verdict"),
    [
        # (140 - 60) * 54 / (72 * 1.0) = 60; a woman 0.85 of it
        ("male", 54, 1.0, "ok"),
        ("male", 53.9, 1.0, "caution"),
        ("male", 27, 1.0, "caution"),
        ("male", 26.9, 1.0, "block"),
        ("female", 64, 1.0, "ok"),
        ("female", 63, 1.0, "caution"),
    ],
)
def test_clearance_of_baricitinib(
    gender: str, kilograms: float, value: float, verdict: str
) -> None:
    who = patient(gender, "1966-03-17")
    row = found("baricitinib", "start", who, creatinine(value), weight(kilograms))
    assert row["verdict"] == verdict


@pytest.mark.parametrize(("days", "verdict"), [(180, "caution"), (181, "ok")])
def test_age_of_the_weight(days: int, verdict: str) -> None:
    who = patient("male", "1966-03-17")
    row = found("baricitinib", "start", who, creatinine(1.0), weight(50, ago(days)))
    assert row["verdict"] == verdict


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ([], "KIDNEY_FUNCTION_MISSING"),
        ([patient(None, "1966-03-17"), creatinine(0.8)], "KIDNEY_FUNCTION_MISSING"),
        ([patient("male", None), creatinine(0.8)], "KIDNEY_FUNCTION_MISSING"),
        ([creatinine(0.8, ago(31))], "KIDNEY_FUNCTION_EXPIRED"),
        ([creatinine(0.8, ago(30))], "KIDNEY_FUNCTION_OK"),
    ],
)
def test_unknown(resources: list[Json], reason: str) -> None:
    row = found("MTX", "start", *resources)
    assert row["reason"] == reason
    unknown = reason != "KIDNEY_FUNCTION_OK"
    assert (row["verdict"] == "unknown") is unknown
    assert row["orders"] == (["creatinine"] if unknown else [])


def test_reported_value_wins_while_it_is_recent() -> None:
    assert found("MTX", "start", egfr(29), creatinine(0.8))["verdict"] == "block"
    assert found("MTX", "start", egfr(29, ago(31)), creatinine(0.8))["verdict"] == "ok"


@pytest.mark.parametrize(
    # every day of November is at most 22 days ago; October is 23 to 53, so the day decides
    ("day", "verdict"),
    [(ago(30), "ok"), (ago(31), "block"), ("2026-11", "ok"), ("2026-10", "block")],
)
def test_a_weight_without_recent_creatinine_does_not_hide_a_reported_filtration(
    day: str, verdict: str
) -> None:
    """Cockcroft-Gault would give 120 mL/min; the laboratory reports 29."""
    who = patient("male", "1966-03-17")
    records = (weight(108), creatinine(1.0, day), egfr(29))
    assert found("baricitinib", "start", who, *records)["verdict"] == verdict
    [_, row] = [found("baricitinib", "start", who, weight(108), e) for e in (egfr(30), egfr(29))]
    assert row["verdict"] == "block"
