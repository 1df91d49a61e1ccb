"""Economics.cql and UltrasoundGrade.cql, clinical-spec C25 c and d, C21."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import VISIT, ask, on, visit
from tests.cql.build import Json, component, observation, statement

START = "2025-06-02"
MONTHS_BEFORE = "2026-05-20"  # six months before VISIT


def economics(*resources: Json, parameters: dict[str, Any] | None = None) -> list[str]:
    [rows] = ask(list(resources), "Economics.Economics", parameters=parameters)
    return [row["code"] for row in rows]


def seen(day: str, cdai: float) -> list[Json]:
    return visit(day, cdai=cdai)


def remission(first: str = MONTHS_BEFORE, drug: str = "abatacept", **more: Any) -> list[Json]:
    """CDAI 2.0 on the first day and now."""
    return [on(drug, START, **more), *seen(first, 2.0), *seen(VISIT, 2.0)]


def prednisone(milligrams: float | None) -> Json:
    dosage = {
        "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
        "doseAndRate": [{"doseQuantity": {"value": milligrams, "unit": "mg", "code": "mg"}}],
    }
    more: dict[str, Any] = {} if milligrams is None else {"dosage": [dosage]}
    return statement("prednisone", "2025-01-06", **more)


@pytest.mark.parametrize(
    ("record", "reduces"),
    [
        (remission(), True),
        (remission("2026-05-21"), False),
        (remission("2025-12-01"), True),
        ([*remission("2025-12-01"), *seen("2026-05-19", 3.0)], False),
        ([*remission("2025-12-01"), *seen("2026-05-19", 3.0), *seen(MONTHS_BEFORE, 2.0)], True),
        # remission is CDAI up to 2.8
        ([on("abatacept", START), *seen(MONTHS_BEFORE, 2.8), *seen(VISIT, 2.8)], True),
        ([on("abatacept", START), *seen(MONTHS_BEFORE, 2.0), *seen(VISIT, 2.9)], False),
        ([on("abatacept", START), *seen(VISIT, 2.0)], False),
        ([on("abatacept", START), *seen(MONTHS_BEFORE, 2.0)], False),
        ([on("abatacept", START)], False),
        # half a year in remission that ended when nobody looked any more: unknown today
        ([on("abatacept", START), *seen("2025-12-01", 2.0), *seen("2026-07-01", 2.0)], False),
        (remission(drug="methotrexate"), False),
        (remission(drug="tofacitinib"), True),
        ([*remission(), prednisone(2.5)], False),
        ([*remission(), prednisone(None)], False),
        ([], False),
    ],
)
def test_sustained_remission_without_glucocorticoid(record: list[Json], reduces: bool) -> None:
    assert ("DOSE_REDUCTION" in economics(*record)) is reduces


def test_remission_by_any_index() -> None:
    for totals, remits in (
        ({"das28Esr4": 2.5}, True),
        ({"sdai": 3.3}, True),
        ({"sdai": 3.4}, False),
        ({"das28Crp4": 2.5}, True),
        # one index is enough
        ({"das28Esr4": 3.4, "sdai": 3.3}, True),
        ({"das28Esr4": 3.4, "sdai": 3.4}, False),
    ):
        record = [
            on("abatacept", START),
            *visit(MONTHS_BEFORE, **totals, sjc28=0, tjc28=0),
            *visit(VISIT, **totals, sjc28=0, tjc28=0),
        ]
        assert ("DOSE_REDUCTION" in economics(*record)) is remits, totals
    boolean = {"tjc28": 1, "sjc28": 1, "crp": 9, "ptgh": 20}
    record = [on("abatacept", START), *visit(MONTHS_BEFORE, **boolean), *visit(VISIT, **boolean)]  # type: ignore[arg-type]
    assert "DOSE_REDUCTION" in economics(*record)


def test_unread_medications_say_nothing() -> None:
    gone = {"RAParameters.Incomplete Data": ["MedicationStatement"]}
    assert "DOSE_REDUCTION" not in economics(*remission(), parameters=gone)


def test_a_stopped_drug_is_not_reduced() -> None:
    record = [on("abatacept", START, "2026-11-21"), *seen(MONTHS_BEFORE, 2.0), *seen(VISIT, 2.0)]
    assert economics(*record) == []


def test_the_evidence_is_the_row_of_visits() -> None:
    [rows] = ask([*remission("2025-12-01"), *seen("2026-03-02", 1.5)], "Economics.Economics")
    assert rows == [
        {
            "code": "DOSE_REDUCTION",
            "dataUsed": [
                {"ref": None, "date": "2025-12-01", "value": "cdai 2.0"},
                {"ref": None, "date": "2026-03-02", "value": "cdai 1.5"},
                {"ref": None, "date": VISIT, "value": "cdai 2.0"},
            ],
        }
    ]


def adalimumab(cdai: float, *more: Json) -> list[Json]:
    return [on("adalimumab", START), *seen(VISIT, cdai), *more]


def level(value: float, trough: bool = True, **more: Any) -> Json:
    part = [component("trough", trough)]
    return observation(
        "tdm-adalimumab-level", value, "mg/L", "2026-11-16", id="level", components=part, **more
    )


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (adalimumab(9.0, level(8.01)), ["INTERVAL_EXTENSION", "TDM_REACTIVE_ONLY"]),
        (adalimumab(9.0, level(8.0)), ["TDM_REACTIVE_ONLY"]),
        (adalimumab(9.0, level(8.0, comparator=">")), ["INTERVAL_EXTENSION", "TDM_REACTIVE_ONLY"]),
        (adalimumab(9.0, level(7.9, comparator=">")), ["TDM_REACTIVE_ONLY"]),
        (adalimumab(9.0, level(9.0, comparator="<")), ["TDM_REACTIVE_ONLY"]),
        (adalimumab(9.0, level(12.0, trough=False)), ["TDM_REACTIVE_ONLY"]),
        (adalimumab(9.0), ["TDM_REACTIVE_ONLY"]),
        (adalimumab(10.0), ["TDM_REACTIVE_ONLY"]),
        (adalimumab(10.1, level(12.0)), []),
        ([on("adalimumab", START), level(12.0)], []),
        ([on("tocilizumab", START), *seen(VISIT, 9.0)], ["TDM_REACTIVE_ONLY"]),
        ([on("etanercept", START), *seen(VISIT, 9.0)], []),
        ([on("abatacept", START), *seen(VISIT, 9.0)], []),
        ([on("methotrexate", START), *seen(VISIT, 9.0)], []),
        ([on("adalimumab", START, "2026-11-21"), *seen(VISIT, 9.0), level(12.0)], []),
    ],
)
def test_levels_at_target(record: list[Json], expected: list[str]) -> None:
    assert economics(*record) == expected


def test_the_plateau_is_adalimumab_s() -> None:
    trough = [component("trough", True)]
    high = observation("tdm-infliximab-level", 12.0, "mg/L", "2026-11-16", components=trough)
    record = [on("infliximab", START), *seen(VISIT, 9.0), high]
    assert economics(*record) == ["TDM_REACTIVE_ONLY"]


def test_evidence_of_the_level() -> None:
    [rows] = ask(adalimumab(9.0, level(8.5)), "Economics.Economics")
    now = {"ref": None, "date": VISIT, "value": "cdai 9.0"}
    sample = {"ref": "Observation/level", "date": "2026-11-16", "value": "adalimumab 8.5 mg/L"}
    assert [row["dataUsed"] for row in rows] == [[sample, now], [now]]


# ---------------------------------------------------------------- ultrasound, C21


@pytest.mark.parametrize(
    ("grey", "doppler", "combined"),
    [
        *((0, 0, 0), (1, 0, 1), (1, 1, 1), (1, 2, 2), (1, 3, 3), (2, 0, 2), (2, 1, 2)),
        *((2, 2, 2), (2, 3, 3), (3, 0, 3), (3, 1, 3), (3, 2, 3), (3, 3, 3)),
    ],
)
def test_combined_grade(grey: int, doppler: int, combined: int) -> None:
    record = [
        observation("us-gs-max", grey, None, "2026-11-12"),
        observation("us-pd-max", doppler, None, "2026-11-12"),
    ]
    [found] = ask(record, "UltrasoundGrade.Ultrasound Grade")
    assert found == {
        "greyScale": grey,
        "powerDoppler": doppler,
        "combined": combined,
        "reason": "HIGHEST_GRADES_OF_ALL_JOINTS",
    }


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ([observation("us-gs-max", 2, None, "2026-11-12")], "POWER_DOPPLER_MISSING"),
        ([observation("us-gs-max", 0, None, "2026-11-12")], "POWER_DOPPLER_MISSING"),
        ([observation("us-pd-max", 2, None, "2026-11-12")], "GREY_SCALE_MISSING"),
        ([observation("us-pd-max", 0, None, "2026-11-12")], "GREY_SCALE_MISSING"),
        (
            [
                observation("us-gs-max", 0, None, "2026-11-12"),
                observation("us-pd-max", 1, None, "2026-11-12"),
            ],
            "DOPPLER_WITHOUT_HYPERTROPHY",
        ),
    ],
)
def test_no_combined_grade(record: list[Json], reason: str) -> None:
    [found] = ask(record, "UltrasoundGrade.Ultrasound Grade")
    assert (found["combined"], found["reason"]) == (None, reason)


def test_without_ultrasound_there_is_none() -> None:
    assert ask([], "UltrasoundGrade.Ultrasound Grade") == [None]
