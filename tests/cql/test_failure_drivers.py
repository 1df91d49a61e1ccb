"""FailureMechanism.cql: what may explain low exposure (clinical-spec C16), each edge."""

from __future__ import annotations

import pytest

from tests.cql.activity_records import ask, on, visit
from tests.cql.build import LOINC, Json, component, observation
from tests.cql.response_questions import das28, treated

EDGE, OLD = "2026-05-27", "2026-05-26"  # 180 days before the evaluation date, and one more


def low(score: dict[str, float], drug: str = "adalimumab", methotrexate: bool = True) -> list[Json]:
    """Failing on a low trough without antibodies although taken."""
    inn = drug.split()[0]
    trough = [component("trough", True)]
    return [
        *treated("2026-03-02", {k: v + 0.4 for k, v in score.items()}, score, drug=drug),
        *visit(sjc28=6),
        observation("pdc", 0.95, "1", "2026-11-20"),
        observation(f"tdm-{inn}-level", 0.5, "mg/L", "2026-11-16", components=trough),
        observation(f"tdm-{inn}-ada", None, date="2026-11-16", interpretation="NEG"),
        *([on("methotrexate", "2025-01-06")] if methotrexate else []),
    ]


def drivers(*resources: Json, score: dict[str, float] | None = None, **more: object) -> list[str]:
    record = [*low(score or das28(4.0), **more), *resources]  # type: ignore[arg-type]
    mechanism, found, detail = ask(
        record,
        "FailureMechanism.Mechanism",
        "FailureMechanism.Drivers",
        "FailureMechanism.Mechanism Detail",
    )
    assert mechanism == "PK_NONIMMUNE"
    assert detail["drivers"] == found
    return list(found)


def bmi(value: float, date: str = "2026-11-20") -> Json:
    return observation(LOINC("39156-5"), value, "kg/m2", date)


def weight(value: float, date: str = "2026-11-20") -> Json:
    return observation(LOINC("29463-7"), value, "kg", date)


def albumin(value: float, date: str = "2026-11-20") -> Json:
    return observation(LOINC("1751-7"), value, "g/L", date)


@pytest.mark.parametrize(
    ("resource", "driver"),
    [
        (bmi(30.0), "DRIVER_BMI"),
        (bmi(29.9), None),
        (bmi(30.0, EDGE), "DRIVER_BMI"),
        (bmi(30.0, OLD), None),
        (weight(100.0), "DRIVER_WEIGHT"),
        (weight(99.9), None),
        (weight(100.0, EDGE), "DRIVER_WEIGHT"),
        (weight(100.0, OLD), None),
        (albumin(34.9), "DRIVER_ALBUMIN"),
        (albumin(35.0), None),
        (albumin(34.9, EDGE), "DRIVER_ALBUMIN"),
        (albumin(34.9, OLD), None),
        (observation("crp", 30.1, "mg/L", "2026-11-20"), "DRIVER_CRP"),
        (observation("crp", 30.0, "mg/L", "2026-11-20"), None),
    ],
)
def test_each_limit(resource: Json, driver: str | None) -> None:
    assert drivers(resource) == [driver or "UNEXPLAINED"]


@pytest.mark.parametrize(
    ("score", "driver"),
    [
        (das28(5.11), "DRIVER_DAS28"),
        (das28(5.1), None),
        ({"das28Crp4": 5.11}, "DRIVER_DAS28"),
        ({"das28Crp4": 5.1}, None),
        ({"das28Esr4": 4.0, "das28Crp4": 5.5}, None),
    ],
)
def test_activity(score: dict[str, float], driver: str | None) -> None:
    assert drivers(score=score) == [driver or "UNEXPLAINED"]


def test_weight_does_not_explain_a_dose_by_weight() -> None:
    assert drivers(weight(120.0), drug="infliximab") == ["UNEXPLAINED"]


def test_methotrexate_and_several_together() -> None:
    assert drivers(methotrexate=False) == ["DRIVER_NO_METHOTREXATE"]
    assert drivers(bmi(31.0), weight(101.0), albumin(30.0)) == [
        "DRIVER_BMI",
        "DRIVER_WEIGHT",
        "DRIVER_ALBUMIN",
    ]


def test_the_newest_measure_counts() -> None:
    for make, high, fine in ((bmi, 31.0, 25.0), (weight, 120.0, 80.0), (albumin, 30.0, 40.0)):
        record = [make(high, "2026-08-20"), make(fine, "2026-11-20")]
        assert drivers(*record) == ["UNEXPLAINED"]
        assert drivers(*record[::-1]) == ["UNEXPLAINED"]


@pytest.mark.parametrize(
    ("resources", "asked"),
    [
        ([], ["bmi", "albumin"]),
        ([bmi(25.0)], ["albumin"]),
        ([albumin(40.0)], ["bmi"]),
        ([bmi(25.0), albumin(40.0)], []),
        ([bmi(25.0, OLD), albumin(40.0, OLD)], ["bmi", "albumin"]),
    ],
)
def test_what_is_asked_for(resources: list[Json], asked: list[str]) -> None:
    [gaps] = ask([*low(das28(4.0)), *resources], "FailureMechanism.Mechanism Gaps")
    assert [g["what"] for g in gaps] == asked
