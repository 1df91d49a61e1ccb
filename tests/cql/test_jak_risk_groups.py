"""G-JAK1 (spec 3.3, 0.5, 8.24, 8.31, 8.46): every group, every edge, null rows included."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import ICD10, LOCAL, SNOMED, Json, condition, observation, patient
from tests.cql.gate_records import ago, check, gates, row

NEVER = SNOMED("266919005")
FORMER = SNOMED("8517006")
DAILY = SNOMED("449868002")
OURS = LOCAL("pack-years")
US_CORE = SNOMED("401201003")  # Cigarette pack-years
LIFETIME = SNOMED("782516008")  # Number of calculated smoking pack years

CLEAR = ("ok", "NO_JAK_RISK")
UNKNOWN = ("unknown", "JAK_RISK_UNKNOWN")
POSSIBLE = ("caution", "JAK_RISK_POSSIBLE")
SMOKER = ("caution", "JAK_RISK_SMOKER")
LONG = ("caution", "JAK_RISK_LONG_TIME_SMOKER")
UNQUANTIFIED = ("caution", "JAK_RISK_FORMER_SMOKER_UNQUANTIFIED")
OBESE = ("caution", "JAK_RISK_OBESITY")


def smoking(answer: Any, day: str = "2026-06-10") -> Json:
    return observation("smoking", answer, date=day)


def bmi(value: float, day: str = "2026-11-20") -> Json:
    return observation("bmi", value, "kg/m2", day)


def pack_years(value: float, unit: str | None = "{pack-years}", code: Any = OURS) -> Json:
    return observation(code, value, unit, "2026-06-10")


def years(value: float, unit: str | None = "a") -> Json:
    return observation(LOCAL("smoking-years"), value, unit, "2026-06-10")


def risk(*resources: Json, **options: Any) -> tuple[str, str] | None:
    return check(gates(*resources, **options), "JAKi", "G-JAK1")


def without_smoking(*resources: Json) -> tuple[str, str] | None:
    return risk(bmi(24), *resources)


AGES = [
    pytest.param("1961-11-24", CLEAR, id="64"),
    pytest.param("1961-11-23", ("caution", "JAK_RISK_AGE"), id="65-today"),
    pytest.param("1940-01-01", ("caution", "JAK_RISK_AGE"), id="86"),
    pytest.param("1961", UNKNOWN, id="year-that-decides"),
    pytest.param("1960", ("caution", "JAK_RISK_AGE"), id="year-that-is-enough"),
    pytest.param(None, UNKNOWN, id="none"),
]


@pytest.mark.parametrize(("born", "expected"), AGES)
def test_age(born: str | None, expected: tuple[str, str]) -> None:
    assert risk(patient("female", born), smoking(NEVER), bmi(24)) == expected


SMOKING = [
    pytest.param([], UNKNOWN, id="none"),
    pytest.param([smoking(NEVER)], CLEAR, id="never"),
    pytest.param([smoking(NEVER, "2025-11-23")], CLEAR, id="never-12-months"),
    pytest.param([smoking(NEVER, "2025-11-22")], UNKNOWN, id="never-12-months-and-a-day"),
    pytest.param([smoking(DAILY)], SMOKER, id="current"),
    pytest.param([smoking(DAILY, "2020-01-01")], SMOKER, id="current-does-not-expire"),
    pytest.param([smoking(DAILY), smoking(NEVER)], SMOKER, id="two-answers-of-one-day"),
    pytest.param([smoking(NEVER), smoking(DAILY)], SMOKER, id="two-answers-of-one-day-turned"),
    pytest.param([smoking(DAILY, ago(900)), smoking(FORMER)], UNQUANTIFIED, id="gave-up"),
    pytest.param([smoking(FORMER)], UNQUANTIFIED, id="former"),
    pytest.param([smoking(FORMER), pack_years(10)], LONG, id="10-pack-years"),
    pytest.param([smoking(FORMER), pack_years(9.9), years(9)], CLEAR, id="9.9-pack-years-9-years"),
    pytest.param([smoking(FORMER), pack_years(9.9)], UNQUANTIFIED, id="years-not-recorded"),
    pytest.param([smoking(FORMER), years(9)], UNQUANTIFIED, id="pack-years-not-recorded"),
    pytest.param([smoking(FORMER), years(10)], LONG, id="10-years"),
    pytest.param([smoking(FORMER), years(9.9), pack_years(2)], CLEAR, id="9.9-years"),
    pytest.param([smoking(FORMER), pack_years(12), pack_years(3)], LONG, id="highest-counts"),
    pytest.param([smoking(FORMER), pack_years(12, "pack-years")], LONG, id="unit-in-words"),
    pytest.param([smoking(FORMER), pack_years(12, "mg")], UNQUANTIFIED, id="foreign-unit"),
    pytest.param([smoking(FORMER), pack_years(10, code=US_CORE)], LONG, id="us-core-10"),
    pytest.param([smoking(FORMER), pack_years(9.9, code=US_CORE), years(9)], CLEAR, id="us-core"),
    pytest.param([smoking(FORMER), pack_years(10, code=LIFETIME)], LONG, id="calculated-10"),
    pytest.param(
        [smoking(FORMER, "2025-11-23"), pack_years(5), years(5)], CLEAR, id="short-12-months"
    ),
    pytest.param(
        [smoking(FORMER, "2025-11-22"), pack_years(5), years(5)], UNKNOWN, id="short-expired"
    ),
    pytest.param([pack_years(10)], LONG, id="pack-years-alone"),
    pytest.param([pack_years(9)], UNKNOWN, id="few-pack-years-alone"),
    pytest.param([smoking(FORMER, ago(300)), smoking(NEVER)], UNQUANTIFIED, id="ever-is-ever"),
    pytest.param([smoking(DAILY, ago(300)), smoking(NEVER)], UNQUANTIFIED, id="smoked-then-never"),
]


@pytest.mark.parametrize(("records", "expected"), SMOKING)
def test_smoking(records: list[Json], expected: tuple[str, str]) -> None:
    assert without_smoking(*records) == expected


SMOKING_ENTRIES = [
    pytest.param(condition(ICD10("F17.210")), SMOKER, id="dependence"),
    pytest.param(condition(ICD10("F17.210"), clinical="resolved"), UNQUANTIFIED, id="resolved"),
    pytest.param(condition(ICD10("F17.210"), verification="provisional"), CLEAR, id="provisional"),
    pytest.param(condition(ICD10("Z87.891")), UNQUANTIFIED, id="history"),
    pytest.param(
        condition(ICD10("Z87.891"), verification="provisional"), CLEAR, id="history-possible"
    ),
]


@pytest.mark.parametrize(("entry", "expected"), SMOKING_ENTRIES)
def test_smoking_on_the_problem_list(entry: Json, expected: tuple[str, str]) -> None:
    assert without_smoking(entry, smoking(NEVER)) == expected


OBESITY = [
    pytest.param([], UNKNOWN, id="none"),
    pytest.param([bmi(29.9)], CLEAR, id="29.9"),
    pytest.param([bmi(30)], OBESE, id="30"),
    pytest.param([bmi(36.2)], OBESE, id="36.2"),
    pytest.param([bmi(24, ago(180))], CLEAR, id="180-days"),
    pytest.param([bmi(24, ago(181))], UNKNOWN, id="181-days"),
    pytest.param([bmi(30, ago(900))], OBESE, id="high-does-not-expire"),
    pytest.param([bmi(33, ago(90)), bmi(28)], CLEAR, id="latest-counts"),
    pytest.param([condition(ICD10("E66.9"))], OBESE, id="entry"),
    pytest.param([condition(ICD10("E66.9")), bmi(24)], OBESE, id="entry-against-bmi"),
    pytest.param([condition(ICD10("E66.9"), clinical="resolved"), bmi(24)], CLEAR, id="resolved"),
    pytest.param([condition(ICD10("E66.9"), clinical="resolved")], UNKNOWN, id="resolved-no-bmi"),
]


@pytest.mark.parametrize(("records", "expected"), OBESITY)
def test_obesity(records: list[Json], expected: tuple[str, str]) -> None:
    assert risk(smoking(NEVER), *records) == expected


LASTING = [
    pytest.param("E11.9", "JAK_RISK_DIABETES", id="diabetes"),
    pytest.param("I10", "JAK_RISK_HYPERTENSION", id="hypertension"),
    pytest.param("E78.5", "JAK_RISK_DYSLIPIDAEMIA", id="dyslipidaemia"),
    pytest.param("E66.9", "JAK_RISK_OBESITY", id="obesity"),
]
EVER = [
    pytest.param("I25.1", "JAK_RISK_CARDIOVASCULAR_DISEASE", id="coronary"),
    pytest.param("I21.9", "JAK_RISK_CARDIOVASCULAR_DISEASE", id="infarction"),
    pytest.param("I63.9", "JAK_RISK_CARDIOVASCULAR_DISEASE", id="stroke"),
    pytest.param("C50.9", "JAK_RISK_MALIGNANCY", id="cancer"),
    pytest.param("Z85.3", "JAK_RISK_MALIGNANCY", id="history-of-cancer"),
]


@pytest.mark.parametrize(("code", "reason"), LASTING + EVER)
def test_entries(code: str, reason: str) -> None:
    clean = [smoking(NEVER), bmi(24)]
    assert risk(condition(ICD10(code)), *clean) == ("caution", reason)
    assert risk(condition(ICD10(code), verification="provisional"), *clean) == POSSIBLE
    assert risk(condition(ICD10(code), verification="refuted"), *clean) == CLEAR


@pytest.mark.parametrize(("code", "reason"), LASTING)
def test_a_risk_factor_counts_while_it_lasts(code: str, reason: str) -> None:
    assert reason
    assert risk(condition(ICD10(code), clinical="resolved"), smoking(NEVER), bmi(24)) == CLEAR


@pytest.mark.parametrize(("code", "reason"), EVER)
def test_disease_counts_for_ever(code: str, reason: str) -> None:
    entry = condition(ICD10(code), "1999-01-01", clinical="resolved")
    assert risk(entry, smoking(NEVER), bmi(24)) == ("caution", reason)


@pytest.mark.parametrize("text", ["高血压", "diabetes", "高脂血症", "冠心病", "肥胖症 obesity"])
def test_told_in_words_is_possible(text: str) -> None:
    assert risk(condition({"text": text}), smoking(NEVER), bmi(24)) == POSSIBLE


def test_non_melanoma_skin_cancer_and_tia_are_no_risk_group() -> None:
    clean = [smoking(NEVER), bmi(24)]
    assert risk(condition(ICD10("C44.9")), condition(ICD10("G45.9")), *clean) == CLEAR


def test_what_is_missing_is_asked_for() -> None:
    found = row(gates(patient("female", None), incomplete=("Condition",)), "JAKi", "G-JAK1")
    assert found["verdict"] == "unknown"
    assert found["onlyIfNoAlternative"] is False
    assert found["dataMissing"] == ["smoking-status", "bmi", "birth-date", "jak-risk-history"]


def test_the_problem_list_alone_makes_it_unknown() -> None:
    found = row(gates(smoking(NEVER), bmi(24), incomplete=("Condition",)), "JAKi", "G-JAK1")
    assert (found["verdict"], found["dataMissing"]) == ("unknown", ["jak-risk-history"])
    assert found["validUntil"] is None


def test_nothing_is_missing_when_something_decides() -> None:
    found = row(gates(bmi(31)), "JAKi", "G-JAK1")
    assert found["onlyIfNoAlternative"] is True
    assert found["dataMissing"] == []
    assert (found["applies"], found["molecules"], found["orders"]) == ("start", [], [])


def test_an_unquantified_habit_is_asked_for() -> None:
    found = row(gates(bmi(24), smoking(FORMER)), "JAKi", "G-JAK1")
    assert found["onlyIfNoAlternative"] is True
    assert found["dataMissing"] == ["pack-years"]


def test_a_possible_risk_is_asked_for() -> None:
    entry = condition(ICD10("I10"), verification="provisional")
    found = row(gates(bmi(24), smoking(NEVER), entry), "JAKi", "G-JAK1")
    assert found["onlyIfNoAlternative"] is True
    assert found["dataMissing"] == ["jak-risk-history"]


@pytest.mark.parametrize(
    ("born", "smoked", "weighed", "until"),
    [
        ("1968-09-03", "2026-01-10", "2026-11-20", "2027-01-10"),
        ("1968-09-03", "2026-11-10", "2026-10-01", "2027-03-30"),
        ("1961-12-10", "2026-11-10", "2026-11-20", "2026-12-09"),
    ],
)
def test_valid_until_the_first_of_the_answers_ends(
    born: str, smoked: str, weighed: str, until: str
) -> None:
    found = gates(patient("female", born), smoking(NEVER, smoked), bmi(24, weighed))
    answer = row(found, "JAKi", "G-JAK1")
    assert (answer["verdict"], answer["validUntil"], answer["onlyIfNoAlternative"]) == (
        "ok",
        until,
        False,
    )


def test_no_evidence_is_no_row() -> None:
    assert row(gates(patient("female", None)), "JAKi", "G-JAK1")["dataUsed"] == []


def test_the_evidence_is_shown() -> None:
    found = gates(
        patient("female", "1968-09-03"),
        observation("smoking", FORMER, date="2026-06-10", id="s"),
        observation(LOCAL("pack-years"), 5, "{pack-years}", "2026-06-10", id="p"),
        observation(LOCAL("smoking-years"), 6, "a", "2026-06-10", id="y"),
        observation("bmi", 24, "kg/m2", "2026-11-20", id="b"),
        condition(ICD10("I10"), "2020-02-02", id="h"),
    )
    used = {u["ref"]: (u["date"], u["value"]) for u in row(found, "JAKi", "G-JAK1")["dataUsed"]}
    assert used == {
        "Patient/p": ("1968-09-03", "birth-date"),
        "Observation/s": ("2026-06-10", "ex"),
        "Observation/p": ("2026-06-10", "5 pack-years"),
        "Observation/y": ("2026-06-10", "6 years"),
        "Observation/b": ("2026-11-20", "BMI 24"),
        "Condition/h": ("2020-02-02", "JAK_RISK_HYPERTENSION"),
    }
