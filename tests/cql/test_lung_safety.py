"""G-ILD0 to G-ILD3 (clinical-spec 3.2, 8.24, 8.46): verdicts and reasons, null rows included."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import (
    ICD10,
    LOCAL,
    SNOMED,
    Json,
    bundle,
    condition,
    evaluate,
    observation,
    patient,
    statement,
)
from tests.cql.gate_records import ago, check, gates, row

ILD = condition(SNOMED("233703007"), "2024-03-01")


def hrct(reading: str, day: str = "2026-03-10") -> Json:
    return observation("hrct-chest", LOCAL(reading), date=day)


def fvc(percent: float, day: str = "2026-09-15") -> Json:
    return observation("fvc-pct", percent, "%", day)


def dlco(percent: float, day: str = "2026-09-15") -> Json:
    return observation("dlco-pct", percent, "%", day)


def litres(volume: float, day: str) -> Json:
    return observation("fvc-l", volume, "L", day)


def has_ild(*resources: Json, **parameters: Any) -> bool | None:
    name = "LungSafety.RA-ILD"
    found: bool | None = evaluate(bundle(*resources), [name], parameters=parameters or None)[name]
    return found


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([], False),
        ([ILD], True),
        ([condition(ICD10("M05.10"))], True),
        ([condition(SNOMED("233703007"), verification="provisional")], None),
        ([condition(SNOMED("233703007"), verification="refuted")], False),
        ([condition({"text": "间质性肺病"})], None),
        ([hrct("ild-uip")], True),
        ([hrct("normal")], False),
        ([hrct("emphysema")], False),
        # a later reading of something else leaves it; a later normal one questions it
        ([hrct("ild-uip", "2024-01-10"), hrct("emphysema")], True),
        ([hrct("ild-uip", "2024-01-10"), hrct("normal")], None),
        ([observation("hrct-chest", "uip")], None),
    ],
)
def test_ra_ild(resources: list[Json], expected: bool | None) -> None:
    assert has_ild(*resources) is expected


def test_ra_ild_where_the_problem_list_is_incomplete() -> None:
    missing = {"RAParameters.Incomplete Data": ["Condition"]}
    assert has_ild(**missing) is None
    assert has_ild(hrct("normal"), **missing) is False
    assert has_ild(ILD, **missing) is True


NO_RISK = [
    observation("rf", 10, "[IU]/mL", upper=14),
    observation("anti-ccp", 5, "U/mL", upper=20),
    observation("smoking", SNOMED("266919005")),
    observation("bmi", 24, "kg/m2"),
    observation("tjc28", 1, "{count}"),
    observation("sjc28", 1, "{count}"),
    observation("ptgh-0-10", 2, "{score}"),
    observation("ega-0-10", 2, "{score}"),
]
NEVER = ("unknown", "ILD_RISK_NEVER_SCREENED")
UNSURE = ("unknown", "ILD_RISK_UNKNOWN_NEVER_SCREENED")
CLEAR = ("ok", "NO_ILD_RISK_RECORDED")


def swapped(index: int, new: Json | None) -> list[Json]:
    kept = [item for number, item in enumerate(NO_RISK) if number != index]
    return [*kept, new] if new else kept


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param(NO_RISK, CLEAR, id="none"),
        pytest.param([], UNSURE, id="nothing-known"),
        pytest.param(swapped(0, observation("rf", 43, "[IU]/mL", upper=14)), NEVER, id="rf-high"),
        pytest.param(swapped(0, observation("rf", 42, "[IU]/mL", upper=14)), CLEAR, id="rf-3x"),
        pytest.param(swapped(0, None), UNSURE, id="rf-missing"),
        pytest.param(swapped(1, observation("anti-ccp", 61, "U/mL", upper=20)), NEVER, id="ccp"),
        pytest.param(swapped(1, observation("anti-ccp", 60, "U/mL", upper=20)), CLEAR, id="ccp-3x"),
        pytest.param(swapped(2, observation("smoking", SNOMED("8517006"))), NEVER, id="ex-smoker"),
        pytest.param(swapped(2, None), UNSURE, id="smoking-missing"),
        pytest.param(swapped(3, observation("bmi", 30, "kg/m2")), NEVER, id="bmi-30"),
        pytest.param(swapped(3, observation("bmi", 29.9, "kg/m2")), CLEAR, id="bmi-29.9"),
        pytest.param(swapped(3, condition(ICD10("E66.9"))), NEVER, id="obesity-listed"),
        pytest.param(
            swapped(3, condition(ICD10("E66.9"), clinical=None)), NEVER, id="obesity-without-status"
        ),
        pytest.param([*NO_RISK, patient("male")], NEVER, id="male"),
        pytest.param([*NO_RISK, patient(None)], UNSURE, id="sex-missing"),
        pytest.param([*NO_RISK, patient(birth_date="1960-01-15")], NEVER, id="onset-at-60"),
        # an entry that nobody dated does not hide the one that is dated
        pytest.param(
            [*NO_RISK, patient(birth_date="1960-01-15"), condition(ICD10("M05.8"), None)],
            NEVER,
            id="onset-at-60-and-undated",
        ),
        pytest.param([*NO_RISK, patient(birth_date="1960-01-16")], CLEAR, id="onset-at-59"),
        pytest.param([*NO_RISK, patient(birth_date=None)], UNSURE, id="age-missing"),
        pytest.param([*NO_RISK, condition(SNOMED("11833005"))], NEVER, id="dry-cough"),
        pytest.param([*NO_RISK, observation("tjc28", 25, "{count}", id="z")], NEVER, id="active"),
        pytest.param([hrct("normal", "2015-01-01")], ("ok", "LUNG_EXAMINED"), id="hrct-ever"),
        pytest.param([fvc(90)], ("ok", "LUNG_EXAMINED"), id="lung-function-ever"),
    ],
)
def test_screening(resources: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*resources)
    for drug_class in ("TNFi", "MTX", "LEF"):
        assert check(found, drug_class, "G-ILD0") == expected
    # a note only for the others (8.46)
    for drug_class in ("IL6Ri", "ABA", "RTX", "JAKi"):
        assert check(found, drug_class, "G-ILD0") == ("ok", expected[1])
    assert check(found, "HCQ", "G-ILD0") is None


def test_screening_where_lists_are_incomplete() -> None:
    found = gates(*NO_RISK, incomplete=("Observation",))
    assert check(found, "TNFi", "G-ILD0") == ("unknown", "OBSERVATIONS_NOT_OBTAINED")
    # no symptom on a list that is not all there proves nothing
    assert check(gates(*NO_RISK, incomplete=("Condition",)), "TNFi", "G-ILD0") == UNSURE


def test_the_earliest_onset_of_ra_counts() -> None:
    earlier = condition(ICD10("M05.9"), "2010-01-15", id="zz")
    found = gates(*NO_RISK, patient(birth_date="1960-01-15"), earlier)
    assert check(found, "TNFi", "G-ILD0") == CLEAR


def test_drug_choice_with_ild() -> None:
    found = gates(ILD, fvc(83), dlco(70))
    assert check(found, "LEF", "G-ILD1") == ("block", "ILD_LEFLUNOMIDE")
    assert check(found, "TNFi", "G-ILD1") == ("caution", "ILD_TNF_INHIBITOR")
    assert check(found, "JAKi", "G-ILD1") == ("caution", "ILD_JAK_INHIBITOR")
    assert found["TNFi"]["onlyIfNoAlternative"] is True
    assert found["JAKi"]["onlyIfNoAlternative"] is False
    for drug_class in ("IL6Ri", "ABA", "RTX", "SSZ", "HCQ"):
        assert check(found, drug_class, "G-ILD1") == ("ok", "ILD_JOINTS_OK")


def test_suspected_ild_is_unknown_where_it_would_block() -> None:
    found = gates(condition(SNOMED("233703007"), verification="provisional"))
    for drug_class in ("LEF", "MTX"):
        assert check(found, drug_class, "G-ILD1") == ("unknown", "ILD_POSSIBLE")
    for drug_class in ("TNFi", "JAKi"):
        assert check(found, drug_class, "G-ILD1") == ("caution", "ILD_POSSIBLE")
    missing = gates(incomplete=("Condition",))
    for drug_class in ("LEF", "MTX", "TNFi", "JAKi"):
        assert check(missing, drug_class, "G-ILD1") == ("unknown", "CONDITIONS_NOT_OBTAINED")


POOR = ("block", "ILD_LUNG_FUNCTION_POOR")
PROGRESSIVE = ("block", "ILD_PROGRESSIVE")
STABLE = ("caution", "ILD_MILD_OR_STABLE")
FIRST = ("caution", "ILD_MILD_COURSE_UNKNOWN")
BORDERLINE = ("caution", "ILD_FVC_FALL_BORDERLINE")
SEVERITY = ("unknown", "ILD_SEVERITY_UNKNOWN")
BEFORE = "2025-09-20"

METHOTREXATE = [
    pytest.param([fvc(70), dlco(60)], FIRST, id="at-the-limits"),
    pytest.param([fvc(69.9), dlco(60)], POOR, id="fvc-69.9"),
    pytest.param([fvc(70), dlco(59.9)], POOR, id="dlco-59.9"),
    pytest.param([fvc(69)], POOR, id="fvc-69-alone"),
    pytest.param([fvc(80)], SEVERITY, id="dlco-missing"),
    pytest.param([dlco(80)], SEVERITY, id="fvc-missing"),
    pytest.param([], SEVERITY, id="nothing"),
    pytest.param([fvc(90, BEFORE), fvc(81), dlco(70)], PROGRESSIVE, id="fvc-fall-10"),
    pytest.param([fvc(90, BEFORE), fvc(81.1), dlco(70)], BORDERLINE, id="fvc-fall-under-10"),
    pytest.param([fvc(100, BEFORE), fvc(95), dlco(70)], BORDERLINE, id="fvc-fall-5"),
    pytest.param([fvc(100, BEFORE), fvc(95.1), dlco(70)], STABLE, id="fvc-fall-under-5"),
    pytest.param(
        [fvc(100, BEFORE), fvc(95), dlco(70), condition(SNOMED("267036007"), ago(60))],
        PROGRESSIVE,
        id="fvc-fall-5-with-new-dyspnoea",
    ),
    pytest.param(
        [fvc(100, BEFORE), fvc(95), dlco(70), condition(SNOMED("267036007"), "2015-01-10")],
        ("unknown", "ILD_PROGRESSION_POSSIBLE"),
        id="fvc-fall-5-with-old-dyspnoea",
    ),
    pytest.param([dlco(80, BEFORE), dlco(68), fvc(85)], PROGRESSIVE, id="dlco-fall-15"),
    pytest.param([dlco(80, BEFORE), dlco(68.1), fvc(85)], STABLE, id="dlco-fall-under-15"),
    pytest.param(
        [litres(3.0, BEFORE), litres(2.7, "2026-09-15"), fvc(85), dlco(70)],
        PROGRESSIVE,
        id="litres-fall-10",
    ),
    pytest.param([fvc(90, "2024-09-15"), fvc(81), dlco(70)], PROGRESSIVE, id="24-months"),
    pytest.param([fvc(90, "2024-09-14"), fvc(81), dlco(70)], FIRST, id="over-24-months"),
]


@pytest.mark.parametrize(("results", "expected"), METHOTREXATE)
def test_starting_methotrexate(results: list[Json], expected: tuple[str, str]) -> None:
    found = gates(ILD, *results)
    assert check(found, "MTX", "G-ILD1") == expected
    assert check(found, "MTX", "G-ILD2") is None
    if expected[0] == "unknown":
        assert expected[1] != "ILD_SEVERITY_UNKNOWN" or row(found, "MTX", "G-ILD1")["orders"] == [
            "pft"
        ]


def test_methotrexate_that_is_taken() -> None:
    mtx = statement("methotrexate", "2025-01-10")
    found = gates(ILD, mtx, fvc(80), dlco(70))
    assert check(found, "MTX", "G-ILD1") is None
    assert check(found, "MTX", "G-ILD2") == ("do_first", "ILD_METHOTREXATE_ONGOING")
    worse = gates(ILD, mtx, fvc(90, BEFORE), fvc(80), dlco(70))
    assert check(worse, "MTX", "G-ILD2") == ("do_first", "ILD_METHOTREXATE_ONGOING_PROGRESSIVE")
    assert row(found, "MTX", "G-ILD2")["orders"] == ["pulmonology-referral"]
    assert row(gates(ILD, mtx), "MTX", "G-ILD2")["orders"] == ["pulmonology-referral", "pft"]


def test_methotrexate_stopped_is_a_start() -> None:
    stopped = statement("methotrexate", "2024-01-10", "2024-06-10", status="stopped")
    found = gates(ILD, stopped, fvc(80), dlco(70))
    assert check(found, "MTX", "G-ILD1") == FIRST
    assert check(found, "MTX", "G-ILD2") is None


@pytest.mark.parametrize(
    ("days", "reason"),
    [(27, "ILD_METHOTREXATE_ACUTE_SYMPTOMS"), (28, "ILD_METHOTREXATE_ONGOING")],
)
def test_acute_symptoms_on_methotrexate(days: int, reason: str) -> None:
    mtx = statement("methotrexate", "2025-01-10")
    found = gates(ILD, mtx, fvc(80), dlco(70), condition(SNOMED("267036007"), ago(days)))
    assert check(found, "MTX", "G-ILD2") == ("do_first", reason)
