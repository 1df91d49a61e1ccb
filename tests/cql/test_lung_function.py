"""G-ILD2 and G-ILD3, the course of lung disease (clinical-spec 3.2, 8.24): null rows included."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import LOCAL, SNOMED, Json, bundle, condition, evaluate, observation, statement
from tests.cql.gate_records import ago, check, gates, row

ILD = condition(SNOMED("233703007"), "2018-03-01")
NOW, YEAR_BEFORE = "2026-09-15", "2025-09-20"
EDGE, OLD = "2024-09-15", "2024-09-14"


def hrct(reading: str, day: str) -> Json:
    return observation("hrct-chest", LOCAL(reading), date=day)


def fvc(percent: float, day: str = NOW) -> Json:
    return observation("fvc-pct", percent, "%", day)


def litres(volume: float, day: str = NOW) -> Json:
    return observation("fvc-l", volume, "L", day)


def dlco(percent: float, day: str = NOW) -> Json:
    return observation("dlco-pct", percent, "%", day)


def dyspnoea(onset: str | None, **elements: Any) -> Json:
    return condition(SNOMED("267036007"), onset, **elements)


PROGRESSIVE = ("block", "ILD_PROGRESSIVE")
POSSIBLE = ("unknown", "ILD_PROGRESSION_POSSIBLE")
BORDERLINE = ("caution", "ILD_FVC_FALL_BORDERLINE")
STABLE = ("caution", "ILD_MILD_OR_STABLE")
FELL = [fvc(100, YEAR_BEFORE), fvc(95), dlco(70)]
UIP = hrct("ild-uip", "2026-09-10")

# FVC fell by 5 to under 10 %: symptoms or imaging decide
BAND = [
    pytest.param([], BORDERLINE, id="no-symptoms"),
    pytest.param([dyspnoea(EDGE)], PROGRESSIVE, id="symptoms-24-months-before"),
    pytest.param([dyspnoea(OLD)], POSSIBLE, id="symptoms-older"),
    pytest.param([dyspnoea("2024-09")], POSSIBLE, id="symptoms-the-day-decides"),
    pytest.param([dyspnoea(None)], POSSIBLE, id="symptoms-undated"),
    pytest.param([dyspnoea(EDGE, verification="provisional")], POSSIBLE, id="symptoms-suspected"),
    pytest.param([condition({"text": "干咳"}, ago(60))], POSSIBLE, id="symptoms-in-words"),
    pytest.param([dyspnoea(EDGE, clinical=None)], PROGRESSIVE, id="symptoms-status-missing"),
    pytest.param([dyspnoea(EDGE, clinical="resolved")], BORDERLINE, id="symptoms-over"),
    pytest.param([UIP], BORDERLINE, id="one-hrct"),
    pytest.param([UIP, hrct("normal", "2024-09-10")], PROGRESSIVE, id="hrct-24-months-before"),
    pytest.param([UIP, hrct("normal", "2024-09-09")], BORDERLINE, id="hrct-older"),
    pytest.param([UIP, hrct("normal", "2026-09-09")], PROGRESSIVE, id="hrct-the-day-before"),
    pytest.param([UIP, hrct("emphysema", "2026-09-10")], BORDERLINE, id="hrct-of-the-day"),
    pytest.param([UIP, hrct("emphysema", "2025-09-10")], PROGRESSIVE, id="hrct-emphysema-before"),
    pytest.param([UIP, hrct("ild-nsip", "2025-09-10")], BORDERLINE, id="hrct-had-shown-it"),
    pytest.param([UIP, hrct("normal", "2026-10-10")], BORDERLINE, id="hrct-normal-since"),
    pytest.param(
        [UIP, observation("hrct-chest", "normal", date="2025-09-10")],
        BORDERLINE,
        id="hrct-in-words",
    ),
    pytest.param(
        [observation("hrct-chest", "uip", date="2026-09-10"), hrct("normal", "2025-09-10")],
        BORDERLINE,
        id="ild-in-words",
    ),
    pytest.param(
        [
            *[UIP, hrct("normal", "2025-09-10"), hrct("normal", "2026-10-10")],
            hrct("emphysema", "2026-10-09"),
        ],
        BORDERLINE,
        id="hrct-questioned",
    ),
]


@pytest.mark.parametrize(("records", "expected"), BAND)
def test_borderline_fall(records: list[Json], expected: tuple[str, str]) -> None:
    found = gates(ILD, *FELL, *records)
    assert check(found, "MTX", "G-ILD1") == expected
    asked = expected == POSSIBLE
    made = row(found, "MTX", "G-ILD1")
    assert made["dataMissing"] == (["respiratory-symptoms"] if asked else [])
    assert made["orders"] == (["pft"] if asked else [])


def test_borderline_fall_where_the_problem_list_is_incomplete() -> None:
    assert check(gates(ILD, *FELL, incomplete=("Condition",)), "MTX", "G-ILD1") == POSSIBLE


FALLS = [
    pytest.param([litres(3.0, YEAR_BEFORE), litres(2.7), fvc(85)], PROGRESSIVE, id="litres-10"),
    pytest.param([litres(3.0, YEAR_BEFORE), litres(2.71), fvc(85)], BORDERLINE, id="litres-9.7"),
    pytest.param([litres(3.0, YEAR_BEFORE), litres(2.85), fvc(85)], BORDERLINE, id="litres-5"),
    pytest.param([litres(3.0, YEAR_BEFORE), litres(2.86), fvc(85)], STABLE, id="litres-4.7"),
    pytest.param([litres(3.0, EDGE), litres(2.7), fvc(85)], PROGRESSIVE, id="litres-24-months"),
    pytest.param(
        [litres(3.0, OLD), litres(2.7), fvc(85)],
        ("caution", "ILD_MILD_COURSE_UNKNOWN"),
        id="litres-older",
    ),
    pytest.param(
        [litres(3.0), litres(2.7), fvc(85)],
        ("caution", "ILD_MILD_COURSE_UNKNOWN"),
        id="litres-of-one-day",
    ),
    pytest.param(
        [fvc(95), fvc(84, NOW)], ("caution", "ILD_MILD_COURSE_UNKNOWN"), id="percent-of-one-day"
    ),
    pytest.param([fvc(100, YEAR_BEFORE), fvc(90)], PROGRESSIVE, id="percent-10"),
    pytest.param(
        [fvc(100, YEAR_BEFORE), fvc(99), litres(3.0, YEAR_BEFORE), litres(2.7)],
        PROGRESSIVE,
        id="the-larger-fall-counts",
    ),
    # against the highest of the last 24 months, not the last one
    pytest.param(
        [fvc(100, EDGE), fvc(92, YEAR_BEFORE), fvc(90)], PROGRESSIVE, id="against-the-highest"
    ),
    pytest.param([dlco(80, EDGE), dlco(68), fvc(85)], PROGRESSIVE, id="dlco-24-months"),
    pytest.param(
        [dlco(80, OLD), dlco(68), fvc(85)],
        ("caution", "ILD_MILD_COURSE_UNKNOWN"),
        id="dlco-older",
    ),
    pytest.param([dlco(80, YEAR_BEFORE), dlco(68.1), fvc(85)], STABLE, id="dlco-14.9"),
    pytest.param(
        [dlco(80), dlco(68), fvc(85)],
        ("caution", "ILD_MILD_COURSE_UNKNOWN"),
        id="dlco-of-one-day",
    ),
]


@pytest.mark.parametrize(("records", "expected"), FALLS)
def test_falls(records: list[Json], expected: tuple[str, str]) -> None:
    extra = [] if any(r["code"] == dlco(1)["code"] for r in records) else [dlco(70)]
    found = gates(ILD, *records, *extra)
    assert check(found, "MTX", "G-ILD1") == expected


# symptoms are new by the day of the latest lung function, litres as well as percent
@pytest.mark.parametrize(
    ("latest", "expected"),
    [
        ([fvc(100, "2025-01-20"), fvc(95, "2025-09-15"), litres(3.0, NOW)], POSSIBLE),
        ([litres(3.0, "2025-01-20"), litres(2.85, "2025-09-15"), fvc(90, NOW)], POSSIBLE),
        (
            [litres(3.0, "2025-01-20"), litres(2.85, "2025-09-15"), fvc(90, "2025-09-15")],
            PROGRESSIVE,
        ),
    ],
)
def test_the_latest_lung_function_dates_symptoms(
    latest: list[Json], expected: tuple[str, str]
) -> None:
    found = gates(ILD, *latest, dlco(70), dyspnoea("2024-01-10"))
    assert check(found, "MTX", "G-ILD1") == expected


def progressive(*records: Json) -> bool | None:
    name = "LungFunction.ILD Is Progressive"
    found: bool | None = evaluate(bundle(*records), [name])[name]
    return found


def test_course_that_nobody_measured_twice() -> None:
    assert progressive() is None
    assert progressive(fvc(80), dlco(70)) is None
    assert progressive(fvc(80, YEAR_BEFORE), fvc(80)) is False
    assert progressive(dlco(80, YEAR_BEFORE), dlco(80)) is False
    assert progressive(fvc(100, YEAR_BEFORE), fvc(95)) is None


# ----- G-ILD2 -----

MTX = statement("methotrexate", "2025-01-10")
ACUTE = "ILD_METHOTREXATE_ACUTE_SYMPTOMS"
ONGOING = "ILD_METHOTREXATE_ONGOING"

SYMPTOMS = [
    pytest.param(dyspnoea(ago(27)), ACUTE, False, id="27-days"),
    pytest.param(dyspnoea(ago(28)), ONGOING, False, id="28-days"),
    pytest.param(dyspnoea("2026-11"), ACUTE, False, id="a-month-within"),
    pytest.param(dyspnoea("2026-10"), ONGOING, True, id="the-day-decides"),
    pytest.param(dyspnoea("2026-09"), ONGOING, False, id="a-month-before"),
    pytest.param(dyspnoea(None), ONGOING, True, id="undated"),
    pytest.param(dyspnoea(ago(5), clinical="resolved"), ONGOING, False, id="over"),
]


@pytest.mark.parametrize(("symptom", "reason", "asked"), SYMPTOMS)
def test_symptoms_on_methotrexate(symptom: Json, reason: str, asked: bool) -> None:
    made = row(gates(ILD, MTX, fvc(80), dlco(70), symptom), "MTX", "G-ILD2")
    assert (made["verdict"], made["reason"]) == ("do_first", reason)
    assert made["dataMissing"] == (["respiratory-symptoms"] if asked else [])
    assert made["orders"] == ["pulmonology-referral"]
    shown = {used["value"] for used in made["dataUsed"]}
    assert ("respiratory-symptom" in shown) is (reason == ACUTE)


def test_acute_symptoms_come_before_progression() -> None:
    worse = [fvc(90, YEAR_BEFORE), fvc(80), dlco(70)]
    assert row(gates(ILD, MTX, *worse), "MTX", "G-ILD2")["reason"] == f"{ONGOING}_PROGRESSIVE"
    assert row(gates(ILD, MTX, *worse, dyspnoea(ago(5))), "MTX", "G-ILD2")["reason"] == ACUTE


def test_methotrexate_of_which_it_is_unknown_whether_it_goes_on() -> None:
    unsure = statement("methotrexate", "2025-01-10", status="unknown")
    found = gates(ILD, unsure, fvc(80), dlco(70))
    assert check(found, "MTX", "G-ILD1") == ("caution", "ILD_MILD_COURSE_UNKNOWN")
    assert check(found, "MTX", "G-ILD2") == ("do_first", ONGOING)


def test_what_the_rows_apply_to() -> None:
    found = gates(ILD, fvc(80), dlco(70))
    assert row(found, "MTX", "G-ILD1")["applies"] == "start"
    for drug_class in ("LEF", "TNFi", "JAKi", "ABA", "RTX", "IL6Ri", "SSZ", "HCQ"):
        assert row(found, drug_class, "G-ILD1")["applies"] == "both"
    assert row(gates(ILD, MTX), "MTX", "G-ILD2")["applies"] == "continue"
    none = gates(hrct("normal", "2026-09-10"))
    assert check(none, "LEF", "G-ILD1") == ("ok", "NO_RECORD_OF_ILD")
    assert row(none, "LEF", "G-ILD1")["applies"] == "both"
    suspected = gates(condition(SNOMED("233703007"), verification="provisional"))
    for drug_class in ("LEF", "MTX", "TNFi", "ABA"):
        made = row(suspected, drug_class, "G-ILD1")
        assert made["applies"] == "both"
        assert made["dataMissing"] == ["ild-status"] or drug_class == "ABA"
    assert check(suspected, "ABA", "G-ILD1") == ("ok", "ILD_WOULD_BE_NO_OBJECTION")


def test_a_normal_hrct_of_the_same_day_questions_nothing() -> None:
    found = gates(UIP, hrct("normal", "2026-09-10"))
    assert check(found, "LEF", "G-ILD1") == ("block", "ILD_LEFLUNOMIDE")


def shown(*records: Json) -> list[tuple[str, str]]:
    names = ["LungFunction.ILD Data Used", "LungFunction.Lung Function Data Used"]
    found = evaluate(bundle(*records), names)
    return [(used["date"], used["value"]) for name in names for used in found[name]]


def test_what_is_shown_of_the_lung() -> None:
    assert shown() == []
    assert shown(ILD) == [("2018-03-01", "interstitial-lung-disease")]
    undated = condition(SNOMED("233703007"), None, recordedDate="2019-04-02")
    assert shown(undated) == [("2019-04-02", "interstitial-lung-disease")]
    assert shown(fvc(80)) == [(NOW, "FVC 80 %")]
    assert shown(dlco(70)) == [(NOW, "DLCO 70 %")]
    assert shown(UIP) == [("2026-09-10", "ild-uip")]
