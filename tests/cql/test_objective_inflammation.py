"""ObjectiveInflammation.cql against clinical-spec C8, C9 and 8.30."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import VISIT, ask, days_before, full_visit, on, visit
from tests.cql.build import ICD10, SNOMED, Json, condition, observation

STATE = "ObjectiveInflammation.Objective Inflammation State"


def state(resources: list[Json], **parameters: Any) -> str:
    [found] = ask(
        resources, STATE, parameters={f"RAParameters.{k}": v for k, v in parameters.items()} or None
    )
    assert isinstance(found, str)
    return found


def reasons(resources: list[Json]) -> set[str]:
    [found] = ask(resources, "ObjectiveInflammation.Objective Inflammation")
    return set(found["reasons"])


def flags(resources: list[Json]) -> set[str]:
    [found] = ask(resources, "ObjectiveInflammation.Objective Inflammation Flags")
    return set(found)


def gaps(resources: list[Json]) -> set[tuple[str, str | None]]:
    [found] = ask(resources, "ObjectiveInflammation.Objective Inflammation Gaps")
    return {(gap["what"], gap["order"]) for gap in found}


def category(resources: list[Json]) -> str | None:
    [found] = ask(resources, "ObjectiveInflammation.Pseudo-refractory Category")
    assert found is None or isinstance(found, str)
    return found


def ultrasound(
    grey_scale: int | None = None,
    doppler: int | None = None,
    negative: bool | None = None,
    day: str = "2026-11-16",
) -> list[Json]:
    """One ultrasound examination: highest grades over the joints, or the examiner's statement."""
    found = [
        observation(code, grade, "{score}", day)
        for code, grade in (("us-gs-max", grey_scale), ("us-pd-max", doppler))
        if grade is not None
    ]
    if negative is not None:
        found.append(observation("us-negative", negative, date=day))
    return found


def joints(swollen: float | None, crp: float | None = None, esr: float | None = None) -> list[Json]:
    """Ten tender joints, these swollen ones, CRP mg/L (limit 5), ESR mm/h (limit 30, a woman)."""
    return visit(VISIT, tjc28=10, sjc28=swollen, crp=crp, esr=esr, ptgh=70, ega=2.0)


CLEAN_SCAN = ultrasound(grey_scale=1, doppler=0)


# ----- the answer (C8): no IL-6 inhibitor -----


@pytest.mark.parametrize(
    ("swollen", "crp", "esr", "scan", "expected"),
    [
        # swollen joints alone
        (2, 1, 5, [], "YES"),
        (2, None, None, [], "YES"),
        (2, 1, 5, CLEAN_SCAN, "YES"),
        (1, 1, 5, [], "UNKNOWN"),
        (1, None, None, [], "UNKNOWN"),
        # one swollen joint with a raised CRP or ESR
        (1, 5.0, None, [], "UNKNOWN"),
        (1, 5.1, None, [], "YES"),
        (1, None, 30, [], "UNKNOWN"),
        (1, None, 31, [], "YES"),
        (1, 1, 31, [], "YES"),
        (0, 50, 60, [], "UNKNOWN"),
        # none swollen
        (0, 1, 5, CLEAN_SCAN, "NO"),
        (0, 1, None, CLEAN_SCAN, "NO"),
        (0, None, 5, CLEAN_SCAN, "NO"),
        (0, None, None, CLEAN_SCAN, "UNKNOWN"),
        (0, 6, 5, CLEAN_SCAN, "UNKNOWN"),
        (0, 1, 31, CLEAN_SCAN, "UNKNOWN"),
        (0, 1, 5, [], "PROBABLE_NO"),
        (0, 1, None, [], "PROBABLE_NO"),
        (0, 6, None, [], "UNKNOWN"),
        (0, None, None, [], "UNKNOWN"),
        # not counted
        (None, 1, 5, CLEAN_SCAN, "UNKNOWN"),
        (None, 1, 5, [], "UNKNOWN"),
        (None, 50, 60, [], "UNKNOWN"),
    ],
)
def test_joints_and_acute_phase(
    swollen: float | None, crp: float | None, esr: float | None, scan: list[Json], expected: str
) -> None:
    assert state([*joints(swollen, crp, esr), *scan]) == expected


@pytest.mark.parametrize(
    ("scan", "expected", "reason"),
    [
        (ultrasound(1, 1), "YES", "US_ACTIVE"),
        (ultrasound(3, 3), "YES", "US_ACTIVE"),
        (ultrasound(0, 1), "UNKNOWN", "US_INCOMPLETE"),
        (ultrasound(0, 0), "NO", "US_NEGATIVE"),
        (ultrasound(1, 0), "NO", "US_NEGATIVE"),
        (ultrasound(2, 0), "UNKNOWN", "US_EQUIVOCAL"),
        (ultrasound(None, 1), "UNKNOWN", "US_INCOMPLETE"),
        (ultrasound(None, 0), "UNKNOWN", "US_INCOMPLETE"),
        (ultrasound(1, None), "UNKNOWN", "US_INCOMPLETE"),
        (ultrasound(negative=True), "NO", "US_NEGATIVE"),
        (ultrasound(negative=False), "UNKNOWN", "US_INCOMPLETE"),
        (ultrasound(2, 0, negative=True), "UNKNOWN", "US_EQUIVOCAL"),
        (ultrasound(1, 1, negative=True), "YES", "US_ACTIVE"),
        ([], "PROBABLE_NO", "US_MISSING"),
    ],
)
def test_ultrasound(scan: list[Json], expected: str, reason: str) -> None:
    record = [*joints(0, crp=1, esr=5), *scan]
    assert state(record) == expected
    assert reason in reasons(record)


@pytest.mark.parametrize(("age", "expected"), [(90, "NO"), (91, "PROBABLE_NO")])
def test_ultrasound_is_current_for_ninety_days(age: int, expected: str) -> None:
    record = [*joints(0, crp=1), *ultrasound(1, 0, day=days_before(age))]
    assert state(record) == expected


def test_the_latest_examination_counts() -> None:
    record = [*joints(0, crp=1), *ultrasound(2, 2, day="2026-09-20"), *CLEAN_SCAN]
    assert state(record) == "NO"


@pytest.mark.parametrize(
    ("seen", "age", "expected"),
    [(True, 10, "YES"), (True, 180, "YES"), (True, 181, "NO"), (False, 10, "NO")],
)
def test_mri(seen: bool, age: int, expected: str) -> None:
    record = [*joints(0, crp=1), *CLEAN_SCAN]
    record.append(observation("mri-synovitis", seen, date=days_before(age)))
    assert state(record) == expected


@pytest.mark.parametrize(("age", "expected"), [(90, "YES"), (91, "UNKNOWN")])
def test_joint_counts_are_current_for_ninety_days(age: int, expected: str) -> None:
    assert state(visit(days_before(age), sjc28=5)) == expected


# ----- infection (C8) -----


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ([], "YES"),
        ([condition(ICD10("J18.9"), "2026-11-10")], "UNKNOWN"),
        ([condition(ICD10("J18.9"), "2026-11-10", verification="provisional")], "UNKNOWN"),
        ([condition(ICD10("J18.9"), "2026-11-10", clinical=None)], "UNKNOWN"),
        ([condition(ICD10("A15.0"), "2026-11-10")], "UNKNOWN"),
        ([condition(ICD10("A15.0"), "2026-11-10", verification="provisional")], "UNKNOWN"),
        ([condition(ICD10("A15.0"), "2016-11-10", clinical="resolved")], "YES"),
        ([condition(ICD10("J18.9"), "2026-11-10", verification="refuted")], "YES"),
    ],
)
def test_a_raised_crp_counts_only_without_infection(extra: list[Json], expected: str) -> None:
    assert state([*joints(1, crp=40), *extra]) == expected


def test_an_infection_cannot_be_excluded_without_the_conditions() -> None:
    record = joints(1, crp=40)
    assert state(record, **{"Incomplete Data": ["Condition"]}) == "UNKNOWN"
    assert state(joints(2, crp=40), **{"Incomplete Data": ["Condition"]}) == "YES"


# ----- IL-6 and JAK inhibitors (C8, 8.30) -----


@pytest.mark.parametrize(
    ("drug", "stop", "scan", "crp", "expected"),
    [
        ("tocilizumab", None, [], 1, "UNKNOWN"),
        ("tocilizumab", None, CLEAN_SCAN, 1, "NO"),
        ("tocilizumab", None, CLEAN_SCAN, None, "NO"),
        ("tocilizumab", None, CLEAN_SCAN, 6, "UNKNOWN"),
        # the last dose less than eight weeks before the CRP, or not
        ("tocilizumab", "2026-09-26", [], 1, "UNKNOWN"),
        ("tocilizumab", "2026-09-25", [], 1, "PROBABLE_NO"),
        ("tofacitinib", None, [], 1, "PROBABLE_NO"),
        ("adalimumab", None, [], 1, "PROBABLE_NO"),
    ],
)
def test_a_normal_crp_after_an_il6_inhibitor_is_no_evidence_of_absence(
    drug: str, stop: str | None, scan: list[Json], crp: float | None, expected: str
) -> None:
    record = [on(drug, "2026-01-05", stop), *joints(0, crp=crp), *scan]
    assert state(record) == expected


def test_reasons_name_the_weak_acute_phase() -> None:
    il6 = [on("tocilizumab", "2026-01-05"), *joints(0, crp=1)]
    assert "ACUTE_PHASE_NOT_USABLE_ON_IL6RI" in reasons(il6)
    assert "CRP_NOT_RAISED" not in reasons(il6)
    jak = [on("tofacitinib", "2026-01-05"), *joints(0, crp=1)]
    assert {"ACUTE_PHASE_WEAK_ON_JAKI", "CRP_NOT_RAISED"} <= reasons(jak)


def test_swollen_joints_stay_objective_on_an_il6_inhibitor() -> None:
    # V12: SJC 9, CRP 4 on tocilizumab
    record = [on("tocilizumab", "2025-12-01"), *visit(VISIT, tjc28=10, sjc28=9, crp=4, ptgh=62)]
    assert state(record) == "YES"
    assert "SWOLLEN_JOINTS" in reasons(record)


# ----- feet and X-ray (8.30) -----


@pytest.mark.parametrize(
    ("finding", "with_scan", "without_scan"),
    [
        (observation("swollen-ankle-mtp", True, date=VISIT), "UNKNOWN", "UNKNOWN"),
        (observation("swollen-ankle-mtp", False, date=VISIT), "NO", "PROBABLE_NO"),
        (observation("swollen-ankle-mtp", True, date=days_before(120)), "NO", "PROBABLE_NO"),
        (observation("sharp-progression-1y", 5, "{score}", "2026-06-01"), "UNKNOWN", "UNKNOWN"),
        (observation("sharp-progression-1y", 4.5, "{score}", "2026-06-01"), "NO", "PROBABLE_NO"),
        (observation("sharp-progression-1y", 9, "{score}", "2025-11-22"), "NO", "PROBABLE_NO"),
    ],
)
def test_findings_outside_the_28_joints_forbid_no(
    finding: Json, with_scan: str, without_scan: str
) -> None:
    record = [*joints(0, crp=1, esr=5), finding]
    assert state([*record, *CLEAN_SCAN]) == with_scan
    assert state(record) == without_scan


@pytest.mark.parametrize("examined", [True, False])
def test_the_pseudo_refractory_flag_says_when_nobody_looked_at_the_feet(examined: bool) -> None:
    record = [*joints(0, crp=1, esr=5), *CLEAN_SCAN]
    if examined:
        record.append(observation("swollen-ankle-mtp", False, date=VISIT))
    assert category(record) == "PSEUDO_REFRACTORY"
    assert ("FEET_NOT_ASSESSED" in flags(record)) is not examined
    assert (("ankle-and-forefoot", None) in gaps(record)) is not examined


def test_the_feet_are_no_question_while_inflammation_is_established() -> None:
    assert "FEET_NOT_ASSESSED" not in flags(joints(5, crp=30))


# ----- pseudo-refractory RA (C9) -----


@pytest.mark.parametrize(
    ("totals", "scan", "expected"),
    [
        ({"das28Esr4": 3.21}, CLEAN_SCAN, "PSEUDO_REFRACTORY"),
        ({"das28Esr4": 3.2}, CLEAN_SCAN, None),
        ({"das28Crp4": 3.21}, CLEAN_SCAN, "PSEUDO_REFRACTORY"),
        ({"cdai": 10.1}, CLEAN_SCAN, "PSEUDO_REFRACTORY"),
        ({"cdai": 10.0}, CLEAN_SCAN, None),
        ({"das28Esr4": 3.0, "cdai": 12.0}, CLEAN_SCAN, "PSEUDO_REFRACTORY"),
        ({"das28Esr4": 3.21}, [], "PSEUDO_REFRACTORY_SUSPECTED"),
        ({"das28Esr4": 3.2}, [], None),
        ({"das28Esr4": 3.21}, ultrasound(1, 1), None),
        ({"das28Esr4": 3.21}, ultrasound(2, 0), None),
        ({}, CLEAN_SCAN, None),
    ],
)
def test_pseudo_refractory(
    totals: dict[str, float], scan: list[Json], expected: str | None
) -> None:
    record = [*visit(VISIT, sjc28=0, crp=1, **totals), *scan]  # type: ignore[arg-type]
    assert category(record) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (joints(0, crp=1, esr=5) + CLEAN_SCAN, True),
        (joints(0, crp=1, esr=5), False),
        (joints(5, crp=1, esr=5), False),
        (joints(0, crp=60, esr=5) + CLEAN_SCAN, None),
        (CLEAN_SCAN, None),
        (visit(VISIT, sjc28=0, crp=60, cdai=4.0), False),
    ],
)
def test_is_pseudo_refractory_is_tri_state(record: list[Json], expected: bool | None) -> None:
    [found] = ask(record, "ObjectiveInflammation.Is Pseudo-refractory")
    assert found is expected


@pytest.mark.parametrize(
    ("tjc28", "ptgh", "drivers"),
    [
        (2, 20, ["TENDER_JOINTS", "PATIENT_GLOBAL"]),
        (1, 20, ["PATIENT_GLOBAL"]),
        (2, 19, ["TENDER_JOINTS"]),
        (1, 19, []),
    ],
)
def test_subjective_drivers(tjc28: float, ptgh: float, drivers: list[str]) -> None:
    record = visit(VISIT, tjc28=tjc28, sjc28=0, esr=20, ptgh=ptgh)
    [found] = ask(record, "ObjectiveInflammation.Subjective Drivers")
    assert found == drivers


def test_vignette_v06() -> None:
    record = [on("adalimumab", "2025-09-01"), *full_visit(VISIT, 16, 0, 9, 2, 80, 1.5)]
    record += CLEAN_SCAN
    record.append(condition(ICD10("M79.7"), "2022-01-01"))
    record.append(condition(ICD10("G47.00"), "2022-01-01"))
    assert (state(record), category(record)) == ("NO", "PSEUDO_REFRACTORY")
    [share] = ask(record, "ObjectiveInflammation.DAS28-P")
    assert share == pytest.approx(0.69, abs=0.005)
    assert flags(record) == {
        "COEXISTING_FIBROMYALGIA",
        "COEXISTING_SLEEP_DISORDER",
        "FEET_NOT_ASSESSED",
    }
    assert ("comorbidity-screen", None) in gaps(record)


def test_das28_p_is_unknown_without_a_component() -> None:
    [share] = ask(visit(VISIT, das28Esr4=4.9, ptgh=80), "ObjectiveInflammation.DAS28-P")
    assert share is None


# ----- what else may hurt (C9) -----


@pytest.mark.parametrize(
    ("code", "flag"),
    [
        (SNOMED("203082005"), "COEXISTING_FIBROMYALGIA"),
        (SNOMED("396275006"), "COEXISTING_OSTEOARTHRITIS"),
        (SNOMED("35489007"), "COEXISTING_DEPRESSION"),
        (SNOMED("39898005"), "COEXISTING_SLEEP_DISORDER"),
    ],
)
@pytest.mark.parametrize(
    ("clinical", "verification", "flagged"),
    [
        ("active", "confirmed", True),
        (None, "confirmed", True),
        ("resolved", "confirmed", False),
        ("active", "provisional", False),
        ("active", "refuted", False),
    ],
)
def test_coexisting_conditions(
    code: tuple[str, str], flag: str, clinical: str | None, verification: str, flagged: bool
) -> None:
    record = [*joints(5), condition(code, clinical=clinical, verification=verification)]
    assert (flag in flags(record)) is flagged
    assert state(record) == "YES", "a comorbidity never takes inflammation away"


# ----- what to ask for -----


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ([], {("joint-count", None), ("crp", "crp")}),
        (visit(VISIT, sjc28=0), {("crp", "crp"), ("us", "us")}),
        (visit(VISIT, sjc28=0, crp=1), {("us", "us")}),
        (visit(VISIT, crp=1), {("joint-count", None)}),
        (visit(VISIT, sjc28=0, crp=1) + CLEAN_SCAN, set()),
        (visit(VISIT, sjc28=0, crp=1) + ultrasound(2, 0), {("us", "us"), ("mri", None)}),
        (visit(VISIT, sjc28=0, crp=9), {("us", "us"), ("infection-or-obesity", None)}),
        (visit(VISIT, sjc28=3), set()),
        ([on("tocilizumab", "2026-01-05"), *visit(VISIT, sjc28=0)], {("us", "us")}),
        # at target nothing more is needed
        (visit(VISIT, sjc28=0, crp=1, cdai=4.0), set()),
    ],
)
def test_gaps(record: list[Json], expected: set[tuple[str, str | None]]) -> None:
    assert gaps(record) == expected
