"""ObjectiveInflammation.cql at its edges (clinical-spec 0.5, C8, C9, 8.30): the last day of each
window, what an IL-6 inhibitor silences, and each reason in the state in which it is named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import VISIT, ask, days_before, on, visit
from tests.cql.build import ICD10, Json, condition, observation
from tests.cql.test_objective_inflammation import (
    CLEAN_SCAN,
    flags,
    gaps,
    joints,
    reasons,
    state,
    ultrasound,
)

# ----- the last day of each window (0.5) -----


@pytest.mark.parametrize(("age", "expected"), [(90, "PROBABLE_NO"), (91, "UNKNOWN")])
@pytest.mark.parametrize("test", [{"crp": 1.0}, {"esr": 5.0}])
def test_crp_and_esr_are_current_for_ninety_days(
    test: dict[str, float], age: int, expected: str
) -> None:
    record = visit(VISIT, sjc28=0) + visit(days_before(age), **test)  # type: ignore[arg-type]
    assert state(record) == expected


@pytest.mark.parametrize(("age", "expected"), [(90, "UNKNOWN"), (91, "PROBABLE_NO")])
def test_a_swollen_ankle_counts_for_ninety_days(age: int, expected: str) -> None:
    foot = observation("swollen-ankle-mtp", True, date=days_before(age))
    assert state([*joints(0, crp=1), foot]) == expected


@pytest.mark.parametrize(
    ("day", "expected"), [("2025-11-23", "UNKNOWN"), ("2025-11-22", "PROBABLE_NO")]
)
def test_a_progression_on_x_ray_counts_for_twelve_months(day: str, expected: str) -> None:
    progression = observation("sharp-progression-1y", 5, "{score}", day)
    assert state([*joints(0, crp=1), progression]) == expected


@pytest.mark.parametrize(
    "parts",
    [
        # (older part, newer part, with the older one, without it)
        (ultrasound(1, None), ultrasound(None, 1), "YES", "UNKNOWN"),
        (ultrasound(None, 1), ultrasound(1, None), "YES", "UNKNOWN"),
        (ultrasound(negative=True), ultrasound(None, 0), "NO", "UNKNOWN"),
    ],
)
@pytest.mark.parametrize(("apart", "together"), [(7, True), (8, False)])
def test_parts_of_one_ultrasound_lie_within_seven_days(
    parts: tuple[Any, ...], apart: int, together: bool
) -> None:
    older, newer, with_it, without_it = parts
    older = [part | {"effectiveDateTime": days_before(apart, "2026-11-16")} for part in older]
    record = [*joints(0, crp=1, esr=5), *older, *newer]
    assert state(record) == (with_it if together else without_it)


# ----- what an IL-6 inhibitor silences -----


@pytest.mark.parametrize(
    ("start", "stop", "measured", "expected"),
    [
        # over long before the result
        ("2024-01-05", "2025-01-01", "2026-11-20", "PROBABLE_NO"),
        # over by today, but the result was taken within eight weeks of the last dose, or not
        ("2026-01-05", "2026-08-01", "2026-09-25", "UNKNOWN"),
        ("2026-01-05", "2026-08-01", "2026-09-26", "PROBABLE_NO"),
        # some day of the month in which the eight weeks ended
        ("2026-01-05", "2026-08-01", "2026-09", "UNKNOWN"),
        # begun on the day of the result, or after it, and over by today
        ("2026-09-05", "2026-09-10", "2026-09-05", "UNKNOWN"),
        ("2026-09-05", "2026-09-10", "2026-09-04", "PROBABLE_NO"),
        # begun some day of the month of the result
        ("2026-09", "2026-09-20", "2026-09-10", "UNKNOWN"),
    ],
)
@pytest.mark.parametrize("test", [{"crp": 1.0}, {"esr": 5.0}])
def test_a_normal_result_counts_for_what_was_taken_then(
    test: dict[str, float], start: str, stop: str, measured: str, expected: str
) -> None:
    record = [on("tocilizumab", start, stop), *visit(VISIT, sjc28=0)]
    record += visit(measured, **test)  # type: ignore[arg-type]
    assert state(record) == expected


def test_an_old_course_silences_nothing_that_was_not_measured() -> None:
    record = [on("tocilizumab", "2024-01-05", "2025-01-01"), *visit(VISIT, sjc28=0)]
    assert gaps(record) == {("crp", "crp"), ("us", "us")}


def test_a_drug_stopped_nobody_knows_when_silences_nothing() -> None:
    stopped = on("tocilizumab", "2024-01-05", status="stopped")
    assert state([stopped, *joints(0, crp=1)]) == "PROBABLE_NO"


# ----- each reason where it applies -----

EQUIVOCAL = ultrasound(2, 0)
PNEUMONIA = condition(ICD10("J18.9"), "2026-11-10")
MAYBE_PNEUMONIA = condition(ICD10("J18.9"), "2026-11-10", verification="provisional")
ANKLE = observation("swollen-ankle-mtp", True, date=VISIT)
PROGRESSION = observation("sharp-progression-1y", 5, "{score}", "2026-06-01")
TUBERCULOSIS = condition(ICD10("A15.0"), "2026-11-10")
TOCILIZUMAB = on("tocilizumab", "2026-01-05")
TOFACITINIB = on("tofacitinib", "2026-01-05")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (joints(2), {"SWOLLEN_JOINTS"}),
        (joints(1, crp=9), {"SWOLLEN_JOINT_WITH_RAISED_CRP_OR_ESR"}),
        (joints(1, crp=1), {"SWOLLEN_JOINT_ALONE", "CRP_NOT_RAISED", "US_MISSING"}),
        (joints(1), {"SWOLLEN_JOINT_ALONE", "CRP_AND_ESR_MISSING", "US_MISSING"}),
        ([], {"SJC28_MISSING", "CRP_AND_ESR_MISSING", "US_MISSING"}),
        (joints(0, crp=1), {"NO_SWOLLEN_JOINTS", "CRP_NOT_RAISED", "US_MISSING"}),
        (joints(0, esr=5), {"NO_SWOLLEN_JOINTS", "ESR_NOT_RAISED", "US_MISSING"}),
        (
            [*joints(0, crp=1, esr=5), *CLEAN_SCAN],
            {"NO_SWOLLEN_JOINTS", "CRP_NOT_RAISED", "ESR_NOT_RAISED", "US_NEGATIVE"},
        ),
        (
            [*joints(0, crp=9), *CLEAN_SCAN],
            {"NO_SWOLLEN_JOINTS", "CRP_OR_ESR_RAISED", "US_NEGATIVE"},
        ),
        ([*joints(0), *CLEAN_SCAN], {"NO_SWOLLEN_JOINTS", "CRP_AND_ESR_MISSING", "US_NEGATIVE"}),
        ([*joints(0, crp=1), *EQUIVOCAL], {"NO_SWOLLEN_JOINTS", "CRP_NOT_RAISED", "US_EQUIVOCAL"}),
        (
            [*joints(0, crp=1), *ultrasound(1, None)],
            {"NO_SWOLLEN_JOINTS", "CRP_NOT_RAISED", "US_INCOMPLETE"},
        ),
        (
            [*joints(0, crp=1), *ultrasound(negative=False)],
            {"NO_SWOLLEN_JOINTS", "CRP_NOT_RAISED", "US_INCOMPLETE"},
        ),
        (joints(0, crp=9), {"NO_SWOLLEN_JOINTS", "CRP_OR_ESR_RAISED", "US_MISSING"}),
        (
            [*joints(0, crp=9), PNEUMONIA],
            {"NO_SWOLLEN_JOINTS", "CRP_OR_ESR_RAISED_DURING_INFECTION", "US_MISSING"},
        ),
        (
            [*joints(0, crp=9), TUBERCULOSIS],
            {"NO_SWOLLEN_JOINTS", "CRP_OR_ESR_RAISED_DURING_INFECTION", "US_MISSING"},
        ),
        (
            [*joints(0, crp=9), MAYBE_PNEUMONIA],
            {"NO_SWOLLEN_JOINTS", "CRP_OR_ESR_RAISED_DURING_INFECTION", "US_MISSING"},
        ),
        (
            [*joints(0, crp=1), ANKLE],
            {"NO_SWOLLEN_JOINTS", "CRP_NOT_RAISED", "US_MISSING", "SWOLLEN_ANKLE_OR_FOREFOOT"},
        ),
        (
            [*joints(0, crp=1), PROGRESSION],
            {"NO_SWOLLEN_JOINTS", "CRP_NOT_RAISED", "US_MISSING", "RAPID_RADIOGRAPHIC_PROGRESSION"},
        ),
        (
            [TOCILIZUMAB, *joints(0)],
            {
                "NO_SWOLLEN_JOINTS",
                "CRP_AND_ESR_MISSING",
                "ACUTE_PHASE_NOT_USABLE_ON_IL6RI",
                "US_MISSING",
            },
        ),
        (
            [TOCILIZUMAB, *joints(0, crp=9)],
            {"NO_SWOLLEN_JOINTS", "CRP_OR_ESR_RAISED", "US_MISSING"},
        ),
        (
            [TOCILIZUMAB, *joints(0, crp=1, esr=5)],
            {"NO_SWOLLEN_JOINTS", "ACUTE_PHASE_NOT_USABLE_ON_IL6RI", "US_MISSING"},
        ),
        (
            [TOFACITINIB, *joints(0, crp=1)],
            {"NO_SWOLLEN_JOINTS", "CRP_NOT_RAISED", "ACUTE_PHASE_WEAK_ON_JAKI", "US_MISSING"},
        ),
        (
            [TOFACITINIB, *joints(0, crp=9)],
            {"NO_SWOLLEN_JOINTS", "CRP_OR_ESR_RAISED", "US_MISSING"},
        ),
    ],
)
def test_reasons(record: list[Json], expected: set[str]) -> None:
    assert reasons(record) == expected


# ----- pseudo-refractory or not (C9) -----


@pytest.mark.parametrize(
    ("totals", "high"),
    [
        ({"das28Esr4": 3.0}, False),
        ({"das28Esr4": 3.21}, True),
        ({"das28Crp3": 3.21}, True),
        ({"das28Esr3": 3.21}, True),
        ({"cdai": 10.0}, False),
        ({"sdai": 30.0}, False),
        ({}, None),
    ],
)
def test_the_score_is_high(totals: dict[str, float], high: bool | None) -> None:
    record = [*visit(VISIT, sjc28=0, crp=1, **totals), *CLEAN_SCAN]  # type: ignore[arg-type]
    score, pseudo = ask(
        record, "ObjectiveInflammation.Score Is High", "ObjectiveInflammation.Is Pseudo-refractory"
    )
    assert (score, pseudo) == (high, high)


def test_the_subjective_share_of_das28_crp_without_an_esr() -> None:
    # 0.56 * 4 + 0.014 * 80 = 3.36 of 2.24 + 0.36 ln 3 + 1.12 + 0.96 = 4.7155
    [share] = ask(visit(VISIT, tjc28=16, sjc28=0, crp=2, ptgh=80), "ObjectiveInflammation.DAS28-P")
    assert share == pytest.approx(3.36 / 4.7155, abs=0.0005)


FIBROMYALGIA = condition(ICD10("M79.7"), "2022-01-01")
DEPRESSION = condition(ICD10("F32.1"), "2022-01-01")
INSOMNIA = condition(ICD10("G47.00"), "2022-01-01")


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ([], True),
        ([FIBROMYALGIA, DEPRESSION], True),
        ([FIBROMYALGIA, INSOMNIA], True),
        ([DEPRESSION, INSOMNIA], True),
        ([FIBROMYALGIA, DEPRESSION, INSOMNIA], False),
    ],
)
def test_what_else_may_hurt_is_asked_until_all_of_it_is_known(
    known: list[Json], asked: bool
) -> None:
    record = [*joints(0, crp=1, esr=5), *CLEAN_SCAN, *known]
    assert (("comorbidity-screen", None) in gaps(record)) is asked
    assert ("comorbidity-screen", None) not in gaps([*joints(5), *known])


@pytest.mark.parametrize(
    ("record", "asked"),
    [
        (joints(0, crp=9), True),
        (joints(0, crp=1), False),
        (joints(1, crp=9), False),
        ([*joints(0, crp=9), *ultrasound(1, 1)], False),
    ],
)
def test_a_raised_crp_without_a_swollen_joint_has_another_cause(
    record: list[Json], asked: bool
) -> None:
    assert (("infection-or-obesity", None) in gaps(record)) is asked


def test_the_feet_are_asked_about_while_the_scan_is_missing_too() -> None:
    assert "FEET_NOT_ASSESSED" in flags(joints(0, crp=1, esr=5))
    assert "FEET_NOT_ASSESSED" not in flags(visit(VISIT, sjc28=0, crp=1, cdai=4.0))
