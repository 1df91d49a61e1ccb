"""TreatToTarget.cql against the vignettes of clinical-spec section 6."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import VISIT, ask, full_visit, on, visit
from tests.cql.build import Json
from tests.cql.response_questions import category, flags

# ----- vignettes V01-V07 -----


def vignette(number: int) -> list[Json]:
    records: dict[int, list[Any]] = {
        1: [
            on("adalimumab", "2026-09-28"),
            full_visit("2026-09-25", 12, 9, 44, 22, 65, 6.0),
            full_visit(VISIT, 9, 7, 36, 17, 58, 5.0),
        ],
        2: [
            on("etanercept", "2026-08-03"),
            full_visit("2026-07-30", 12, 10, 48, 28, 70, 6.5),
            full_visit(VISIT, 11, 9, 45, 25, 66, 6.0),
        ],
        3: [
            on("adalimumab", "2026-05-04"),
            full_visit("2026-04-30", 14, 12, 60, 38, 75, 7.0),
            full_visit(VISIT, 5, 4, 24, 9, 40, 3.0),
        ],
        4: [
            on("infliximab", "2025-06-02"),
            visit("2025-05-28", tjc28=13, sjc28=11, esr=58, ptgh=70),
            visit("2025-12-01", tjc28=1, sjc28=1, esr=12, ptgh=15),
            full_visit(VISIT, 9, 8, 46, 31, 60, 5.5),
        ],
        6: [on("adalimumab", "2025-09-01"), full_visit(VISIT, 16, 0, 9, 2, 80, 1.5)],
        7: [
            on("etanercept", "2026-03-02"),
            visit("2026-02-27", das28Esr4=6.15),
            visit(VISIT, tjc28=9, sjc28=8, esr=38, ptgh=58),
        ],
    }
    head, *visits = records[number]
    return [head, *(one for group in visits for one in group)]


@pytest.mark.parametrize(
    ("number", "expected", "expected_flags"),
    [
        (1, "TOO_EARLY", set()),
        (2, "PRIMARY_NONRESPONSE_M3", {"EARLIER_RESPONSE_UNKNOWN"}),
        (3, "PRIMARY_NONRESPONSE_M6", {"EARLIER_RESPONSE_UNKNOWN", "PARTIAL_RESPONSE"}),
        (4, "SECONDARY_LOSS", {"PROVISIONAL_LOSS"}),
        (6, "TARGET_MISSED_UNKNOWN_TYPE", set()),
        (7, "PRIMARY_NONRESPONSE_M6", {"EARLIER_RESPONSE_UNKNOWN"}),
    ],
)
def test_vignettes(number: int, expected: str, expected_flags: set[str]) -> None:
    record = vignette(number)
    assert category(record) == expected
    assert flags(record) == expected_flags


@pytest.mark.parametrize(
    ("number", "fall"), [(1, 0.60), (2, 0.23), (3, 2.38), (4, 0.78), (7, 0.32)]
)
def test_vignette_falls(number: int, fall: float) -> None:
    [found] = ask(vignette(number), "TreatToTarget.Response")
    assert found["das28Fall"] == pytest.approx(fall, abs=0.005)


def test_vignette_v04_best() -> None:
    [found] = ask(vignette(4), "DiseaseActivity.Best On-Drug Assessment")
    assert found["value"] == pytest.approx(2.79, abs=0.005)
    assert found["date"] == "2025-12-01"


# ----- the response layer of the later vignettes -----


@pytest.mark.parametrize(
    ("record", "expected", "expected_flags", "index", "value"),
    [
        pytest.param(
            [
                on("abatacept", "2026-02-09"),
                *visit("2026-02-05", das28Esr4=5.90),
                *visit("2026-06-10", das28Esr4=5.60),
                *full_visit(VISIT, 7, 5, 34, 15, 55, 4.5),
            ],
            "PRIMARY_NONRESPONSE_M6",
            set(),
            "das28Esr4",
            5.35,
            id="V08",
        ),
        pytest.param(
            [
                on("tofacitinib", "2026-02-16"),
                *visit("2026-02-12", cdai=38.0),
                *full_visit(VISIT, 12, 10, 56, 36, 72, 7.0),
            ],
            "PRIMARY_NONRESPONSE_M6",
            {"EARLIER_RESPONSE_UNKNOWN"},
            "cdai",
            36.20,
            id="V09",
        ),
        pytest.param(
            [
                on("adalimumab", "2025-11-03"),
                *visit("2025-10-30", das28Esr4=6.52),
                *visit("2026-03-09", das28Esr4=3.10),
                *visit(VISIT, tjc28=8, sjc28=7, esr=40, crp=22, ptgh=58),
            ],
            "SECONDARY_LOSS",
            {"PROVISIONAL_LOSS"},
            "das28Esr4",
            5.72,
            id="V10",
        ),
        pytest.param(
            [
                on("tocilizumab", "2025-12-01"),
                *visit("2025-11-27", cdai=34.0),
                *visit(VISIT, tjc28=10, sjc28=9, crp=4, ptgh=62, ega=6.0),
            ],
            "PRIMARY_NONRESPONSE_M6",
            {"EARLIER_RESPONSE_UNKNOWN"},
            "cdai",
            31.20,
            id="V12",
        ),
        pytest.param(
            [
                on("adalimumab", "2026-06-01"),
                *visit("2026-05-28", das28Esr4=6.30),
                *visit(VISIT, tjc28=9, sjc28=8, esr=44, crp=26, ptgh=60),
            ],
            "PRIMARY_NONRESPONSE_M3",
            {"EARLIER_RESPONSE_UNKNOWN"},
            "das28Esr4",
            5.96,
            id="V13",
        ),
        pytest.param(
            [
                on("methotrexate", "2026-03-02"),
                *visit("2026-02-26", das28Esr4=6.10),
                *visit(VISIT, tjc28=8, sjc28=7, esr=40, crp=19, ptgh=58),
            ],
            "PRIMARY_NONRESPONSE_M6",
            {"EARLIER_RESPONSE_UNKNOWN"},
            "das28Esr4",
            5.72,
            id="V14",
        ),
        pytest.param(
            [
                on("methotrexate", "2025-10-06"),
                on("sulfasalazine", "2025-10-06"),
                *full_visit(VISIT, 7, 6, 42, 21, 55, 5.0),
            ],
            "TARGET_MISSED_UNKNOWN_TYPE",
            set(),
            "das28Esr4",
            5.55,
            id="V15",
        ),
    ],
)
def test_later_vignettes(
    record: list[Json], expected: str, expected_flags: set[str], index: str, value: float
) -> None:
    assert category(record) == expected
    assert flags(record) == expected_flags
    [found] = ask(record, "DiseaseActivity.Current Assessment")
    assert found["primaryIndex"] == index
    assert found["value"] == pytest.approx(value, abs=0.005)
