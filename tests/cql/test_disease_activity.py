"""DiseaseActivity.cql against clinical-spec 2.1-2.7, 8.29, 8.43 and the numbers of section 6."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import VISIT, ask, days_before, full_visit, on, visit
from tests.cql.build import Json, bundle, dispense, observation, results

INDICES = ("das28Esr4", "das28Esr3", "das28Crp4", "das28Crp3", "cdai", "sdai")


def activity(resources: list[Json], **parameters: Any) -> Any:
    [found] = ask(
        resources,
        "DiseaseActivity.Activity",
        parameters={f"RAParameters.{k}": v for k, v in parameters.items()} or None,
    )
    return found


def flags(resources: list[Json]) -> set[str]:
    [found] = ask(resources, "DiseaseActivity.Disease Activity Flags")
    return set(found)


def gaps(resources: list[Json]) -> set[tuple[str, str]]:
    [found] = ask(resources, "DiseaseActivity.Disease Activity Gaps")
    return {(gap["what"], gap["why"]) for gap in found}


# ----- formulas (2.1) and worked examples (2.7) -----
# Example C: the table of 2.7 prints DAS28-CRP3 as 2.32; by the formula it is
# 1.10 * (0.56 + 0.36 ln 4) + 1.15 = 2.31497, so the unrounded value stands here.


@pytest.mark.parametrize(
    ("components", "expected"),
    [
        pytest.param((10, 8, 40, 30, 60, 5.5), (5.99, 5.72, 5.60, 5.33, 29.50, 32.50), id="A"),
        pytest.param((4, 2, 20, 8, 30, 2.0), (4.03, 4.06, 3.69, 3.69, 11.00, 11.80), id="B"),
        pytest.param((1, 0, 10, 3, 10, 0.5), (2.31, 2.51, 2.16, 2.315, 2.50, 2.80), id="C"),
        pytest.param((14, 0, 8, 2, 80, 2.0), (4.67, 3.99501, 4.57, 3.89, 24.00, 24.20), id="D"),
        pytest.param((0, 0, 2, 0, 0, 0), (0.49, 0.68, 0.96, 1.15, 0.00, 0.00), id="E"),
        pytest.param((28, 28, 100, 100, 100, 10), (9.07, 8.44, 8.47, 7.87, 76.00, 86.00), id="F"),
    ],
)
def test_worked_examples(components: tuple[float, ...], expected: tuple[float, ...]) -> None:
    found = activity(full_visit(VISIT, *components))
    assert [found[index]["value"] for index in INDICES] == pytest.approx(expected, abs=0.005)
    assert not any(found[index]["reported"] for index in INDICES)
    assert {found[index]["date"] for index in INDICES} == {VISIT}


def test_example_d_is_decided_unrounded() -> None:
    found = activity(full_visit(VISIT, 14, 0, 8, 2, 80, 2.0))
    assert found["das28Esr3"]["value"] == pytest.approx(3.99501, abs=0.00001)


@pytest.mark.parametrize(
    ("components", "das28", "cdai"),
    [
        pytest.param((12, 9, 44, 22, 65, 6.0), 6.34, 33.50, id="V01 baseline"),
        pytest.param((9, 7, 36, 17, 58, 5.0), 5.74, 26.80, id="V01"),
        pytest.param((12, 10, 48, 28, 70, 6.5), 6.52, 35.50, id="V02 baseline"),
        pytest.param((11, 9, 45, 25, 66, 6.0), 6.29, 32.60, id="V02"),
        pytest.param((14, 12, 60, 38, 75, 7.0), 6.98, 40.50, id="V03 baseline"),
        pytest.param((5, 4, 24, 9, 40, 3.0), 4.60, 16.00, id="V03"),
        pytest.param((9, 8, 46, 31, 60, 5.5), 5.99, 28.50, id="V04"),
        pytest.param((1, 1, 14, 5, 20, 1.0), 2.97, 5.00, id="V05"),
        pytest.param((16, 0, 9, 2, 80, 1.5), 4.90, 25.50, id="V06"),
    ],
)
def test_vignette_numbers(components: tuple[float, ...], das28: float, cdai: float) -> None:
    found = activity(full_visit(VISIT, *components))
    assert found["das28Esr4"]["value"] == pytest.approx(das28, abs=0.005)
    assert found["cdai"]["value"] == pytest.approx(cdai, abs=0.005)


def test_vignette_v06_das28_crp() -> None:
    found = activity(full_visit(VISIT, 16, 0, 9, 2, 80, 1.5))
    assert found["das28Crp4"]["value"] == pytest.approx(4.72, abs=0.005)


@pytest.mark.parametrize("esr", [0, 0.5, 1])
def test_esr_below_one_is_scored_as_one(esr: float) -> None:
    found = activity(visit(tjc28=4, sjc28=4, esr=esr, ptgh=50))
    assert found["das28Esr4"]["value"] == pytest.approx(0.56 * 2 + 0.28 * 2 + 0.7, abs=1e-6)


@pytest.mark.parametrize(
    ("missing", "left"),
    [
        ("tjc28", set()),
        ("sjc28", set()),
        ("esr", {"das28Crp4", "das28Crp3", "cdai", "sdai"}),
        ("crp", {"das28Esr4", "das28Esr3", "cdai"}),
        ("ptgh", {"das28Esr3", "das28Crp3"}),
        ("ega", {"das28Esr4", "das28Esr3", "das28Crp4", "das28Crp3"}),
    ],
)
def test_a_missing_component_takes_its_indices_with_it(missing: str, left: set[str]) -> None:
    components = {"tjc28": 4, "sjc28": 2, "esr": 20, "crp": 8, "ptgh": 30, "ega": 2.0}
    found = activity(visit(**(components | {missing: None})))  # type: ignore[arg-type]
    assert {index for index in INDICES if found[index] is not None} == left
    assert found["components"][missing] is None
    assert found["primaryIndex"] == (min(left, key=_standard_rank) if left else None)


def _standard_rank(index: str) -> int:
    order = ("das28Esr4", "das28Crp4", "sdai", "cdai", "das28Esr3", "das28Crp3")
    return order.index(index)


def test_without_any_measurement_there_is_no_activity() -> None:
    assert activity([on("adalimumab", "2026-03-01")]) is None


# ----- states (2.3) -----


@pytest.mark.parametrize(
    ("index", "value", "state"),
    [
        ("das28Esr4", 2.59, "remission"),
        ("das28Esr4", 2.6, "low"),
        ("das28Esr4", 3.2, "low"),
        ("das28Esr4", 3.21, "moderate"),
        ("das28Esr4", 5.1, "moderate"),
        ("das28Esr4", 5.11, "high"),
        ("das28Crp4", 2.59, "remission"),
        ("das28Crp4", 3.2, "low"),
        ("das28Crp4", 5.1, "moderate"),
        ("das28Esr3", 2.6, "low"),
        ("das28Crp3", 5.11, "high"),
        ("cdai", 2.8, "remission"),
        ("cdai", 2.81, "low"),
        ("cdai", 10, "low"),
        ("cdai", 10.01, "moderate"),
        ("cdai", 22, "moderate"),
        ("cdai", 22.01, "high"),
        ("sdai", 3.3, "remission"),
        ("sdai", 3.31, "low"),
        ("sdai", 11, "low"),
        ("sdai", 11.01, "moderate"),
        ("sdai", 26, "moderate"),
        ("sdai", 26.01, "high"),
    ],
)
def test_state_on_each_side_of_every_cut(index: str, value: float, state: str) -> None:
    found = activity(visit(**{index: value}))  # type: ignore[arg-type]
    assert found[index]["state"] == state
    assert found[index]["reported"] is True
    assert (found["primaryIndex"], found["state"]) == (index, state)


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (2.39, "remission"),
        (2.4, "low"),
        (2.9, "low"),
        (2.91, "moderate"),
        (4.6, "moderate"),
        (4.61, "high"),
    ],
)
def test_alternative_cuts_of_das28_crp(value: float, state: str) -> None:
    found = activity(visit(das28Crp4=value, das28Esr4=2.5), **{"DAS28-CRP Cuts": "ALT"})
    assert found["das28Crp4"]["state"] == state
    assert found["das28Esr4"]["state"] == "remission"


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (3, "remission"),
        (3.1, "low"),
        (6, "low"),
        (6.1, "moderate"),
        (12, "moderate"),
        (12.1, "high"),
    ],
)
def test_rapid3_is_shown_and_never_decides(value: float, state: str) -> None:
    record = [observation("rapid3", value, "{score}", VISIT)]
    rapid3, current = ask(record, "DiseaseActivity.RAPID3", "DiseaseActivity.Current Assessment")
    assert rapid3["state"] == state
    assert current is None


@pytest.mark.parametrize(
    ("tjc28", "sjc28", "crp", "ptgh", "expected"),
    [
        (1, 1, 10, 20, True),
        (2, 1, 10, 20, False),
        (1, 2, 10, 20, False),
        (1, 1, 10.1, 20, False),
        (1, 1, 10, 21, False),
        (1, 1, None, 20, True),
        (1, 1, None, 21, False),
        (1, 1, 10, None, None),
        (2, 1, 10, None, False),
        (1, 1, 10.1, None, False),
    ],
)
def test_boolean_remission(
    tjc28: float, sjc28: float, crp: float | None, ptgh: float | None, expected: bool | None
) -> None:
    # a reported total keeps the visit scored where a component is missing
    found = activity(visit(tjc28=tjc28, sjc28=sjc28, crp=crp, ptgh=ptgh, das28Esr4=3.0))
    assert found["boolean20"] is expected


# ----- one visit (0.5) -----


@pytest.mark.parametrize(("apart", "together"), [(0, True), (7, True), (8, False), (-3, True)])
def test_components_within_seven_days_are_one_visit(apart: int, together: bool) -> None:
    record = visit(VISIT, tjc28=4, sjc28=2, esr=20) + visit(days_before(apart, VISIT), ptgh=30)
    found = activity(record)
    assert (found["das28Esr4"] is not None) is together


def test_components_of_one_visit_lie_within_seven_days_of_each_other() -> None:
    record = (
        visit("2026-11-10", tjc28=4)
        + visit("2026-11-14", sjc28=2, esr=20)
        + visit("2026-11-20", ptgh=30)
    )
    found = activity(record)
    assert found["das28Esr4"] is None, "tender joints and patient global are ten days apart"
    assert found["das28Esr3"] is not None


@pytest.mark.parametrize(("apart", "together"), [(14, True), (15, False)])
@pytest.mark.parametrize("test", ["esr", "crp"])
def test_esr_and_crp_within_fourteen_days(test: str, apart: int, together: bool) -> None:
    record = visit("2026-11-01", tjc28=4, sjc28=2, ptgh=30)
    record += visit(days_before(-apart, "2026-11-01"), **{test: 20.0})  # type: ignore[arg-type]
    found = activity(record)
    index = {"esr": "das28Esr4", "crp": "das28Crp4"}[test]
    assert ((found or {}).get(index) is not None) is together


def test_the_nearest_result_counts() -> None:
    record = visit(VISIT, tjc28=4, sjc28=2, ptgh=30)
    record += visit("2026-11-19", esr=20) + visit("2026-11-12", esr=80)
    assert activity(record)["components"]["esr"] == 20


# ----- current, baseline, best -----


@pytest.mark.parametrize(("age", "current"), [(0, True), (90, True), (91, False)])
def test_current_activity_is_at_most_ninety_days_old(age: int, current: bool) -> None:
    [found] = ask(visit(days_before(age), das28Esr4=4.0), "DiseaseActivity.Current Index Value")
    assert found == (4.0 if current else None)


def test_the_newest_visit_with_an_index_is_current() -> None:
    record = visit("2026-11-01", das28Esr4=4.0) + visit(VISIT, tjc28=4)
    [found] = ask(record, "DiseaseActivity.Current Assessment")
    assert (found["date"], found["value"]) == ("2026-11-01", 4.0)


@pytest.mark.parametrize(
    ("offset", "counts"), [(42, True), (43, False), (0, True), (-7, True), (-8, False)]
)
def test_baseline_window(offset: int, counts: bool) -> None:
    start = "2026-03-10"
    record = [on("adalimumab", start), *visit(days_before(offset, start), das28Esr4=6.0)]
    [found] = ask(record, "DiseaseActivity.Baseline Assessment")
    assert (found is not None) is counts


def test_the_baseline_is_the_visit_closest_to_the_start() -> None:
    record = [on("adalimumab", "2026-03-10")]
    record += visit("2026-02-10", das28Esr4=6.0) + visit("2026-03-05", das28Esr4=5.5)
    record += visit("2026-03-16", das28Esr4=5.0)
    [found] = ask(record, "DiseaseActivity.Baseline Assessment")
    assert found["value"] == 5.5


@pytest.mark.parametrize(
    ("day", "counts"),
    [("2026-07-20", True), ("2026-08-08", True), ("2026-07-19", False), ("2026-08-09", False)],
)
def test_a_month_only_start_takes_baselines_that_fit_every_day(day: str, counts: bool) -> None:
    record = [on("adalimumab", "2026-08"), *visit(day, das28Esr4=6.0)]
    [found] = ask(record, "DiseaseActivity.Baseline Assessment")
    assert (found is not None) is counts


@pytest.mark.parametrize(("after", "counts"), [(27, False), (28, True)])
def test_on_drug_assessments_begin_at_day_28(after: int, counts: bool) -> None:
    start = "2026-03-10"
    record = [on("adalimumab", start), *visit(days_before(-after, start), das28Esr4=3.0)]
    record += visit(VISIT, das28Esr4=5.0)
    [found] = ask(record, "DiseaseActivity.Best On-Drug Assessment")
    assert (found is not None) is counts


def test_the_best_visit_is_the_lowest_by_the_current_index() -> None:
    record = [on("adalimumab", "2026-01-10")]
    record += visit("2026-04-10", das28Esr4=3.4) + visit("2026-07-10", das28Esr4=2.9)
    record += visit("2026-09-01", das28Esr4=3.1) + visit(VISIT, das28Esr4=5.0)
    best = activity(record)["best"]
    assert (best["date"], best["value"]) == ("2026-07-10", 2.9)


def test_a_result_known_to_the_month_is_asked_for() -> None:
    record = [observation("das28-esr-4", 4.0, "{score}", "2026-11")]
    assert ("result-date", "UNKNOWN_DATE_PRECISION") in gaps(record)
    [found] = ask(record, "DiseaseActivity.Current Assessment")
    assert found is None


# ----- reported totals (2.6) -----


@pytest.mark.parametrize(
    ("index", "exact", "difference", "mismatch"),
    [
        ("cdai", 11.0, 0.5, False),
        ("cdai", 11.0, 0.51, True),
        ("cdai", 11.0, -0.51, True),
        ("sdai", 11.8, 0.5, False),
        ("sdai", 11.8, 0.51, True),
        ("das28Esr4", 4.0328, 0.09, False),
        ("das28Esr4", 4.0328, 0.11, True),
        ("das28Crp4", 3.6870, -0.11, True),
    ],
)
def test_a_reported_total_that_disagrees_is_replaced(
    index: str, exact: float, difference: float, mismatch: bool
) -> None:
    record = full_visit(VISIT, 4, 2, 20, 8, 30, 2.0)
    record += visit(VISIT, **{index: round(exact + difference, 4)})  # type: ignore[arg-type]
    found = activity(record)
    assert found[index]["value"] == pytest.approx(exact, abs=0.005)
    assert found[index]["reported"] is False
    assert ("REPORTED_SCORE_MISMATCH" in flags(record)) is mismatch


def test_a_total_alone_is_used() -> None:
    found = activity(visit(VISIT, cdai=14.0))
    assert (found["cdai"]["value"], found["cdai"]["reported"]) == (14.0, True)
    assert "REPORTED_SCORE_MISMATCH" not in flags(visit(VISIT, cdai=14.0))


# ----- primary index (2.6) -----

EVERYTHING = full_visit(VISIT, 4, 2, 20, 8, 30, 2.0)


@pytest.mark.parametrize(
    ("treatment", "index"),
    [
        ([], "das28Esr4"),
        ([on("adalimumab", "2026-03-01")], "das28Esr4"),
        ([on("tocilizumab", "2026-03-01")], "cdai"),
        ([on("tofacitinib", "2026-03-01")], "cdai"),
        # stopped: last dose less than eight weeks before the newest visit, or not
        ([on("tocilizumab", "2026-03-01", "2026-09-26"), on("adalimumab", "2026-10-01")], "cdai"),
        (
            [on("tocilizumab", "2026-03-01", "2026-09-25"), on("adalimumab", "2026-10-01")],
            "das28Esr4",
        ),
    ],
)
def test_primary_index_by_drug(treatment: list[Json], index: str) -> None:
    assert activity([*treatment, *EVERYTHING])["primaryIndex"] == index


@pytest.mark.parametrize(
    ("totals", "standard", "after_il6"),
    [
        ({"das28Esr4": 4.0, "das28Crp4": 4.0, "sdai": 12.0, "cdai": 12.0}, "das28Esr4", "cdai"),
        ({"das28Crp4": 4.0, "sdai": 12.0, "cdai": 12.0}, "das28Crp4", "cdai"),
        ({"das28Crp4": 4.0, "sdai": 12.0}, "das28Crp4", "sdai"),
        ({"sdai": 12.0, "cdai": 12.0, "das28Esr3": 4.0}, "sdai", "cdai"),
        ({"cdai": 12.0, "das28Esr3": 4.0}, "cdai", "cdai"),
        ({"das28Esr4": 4.0, "das28Crp4": 4.0}, "das28Esr4", "das28Esr4"),
        ({"das28Esr3": 4.0, "das28Crp3": 4.0}, "das28Esr3", None),
        ({"das28Crp3": 4.0}, "das28Crp3", None),
    ],
)
def test_primary_index_order(
    totals: dict[str, float], standard: str, after_il6: str | None
) -> None:
    record = visit(VISIT, **totals)  # type: ignore[arg-type]
    [usual] = ask(
        [on("adalimumab", "2026-03-01"), *record], "DiseaseActivity.Current Primary Index"
    )
    [il6] = ask([on("tocilizumab", "2026-03-01"), *record], "DiseaseActivity.Current Primary Index")
    assert (usual, il6) == (standard, after_il6)


def test_three_variable_fallback_is_flagged_and_asks_for_the_patient_global() -> None:
    record = visit(VISIT, tjc28=4, sjc28=2, esr=20)
    assert "DAS28_3V_FALLBACK" in flags(record)
    assert ("patient-global", "DAS28_3V_FALLBACK") in gaps(record)
    assert "DAS28_3V_FALLBACK" not in flags(EVERYTHING)


def test_a_censored_crp_is_marked() -> None:
    record = visit(VISIT, tjc28=4, sjc28=2, ptgh=30)
    censored = observation("crp", 5, "mg/L", VISIT, comparator="<")
    assert "ESTIMATED_CRP" in flags([*record, censored])
    assert activity([*record, censored])["components"]["crp"] == 2.5
    assert "ESTIMATED_CRP" not in flags(record + visit(VISIT, crp=5))


# ----- target (C2, 8.29) and discordance (2.6) -----


def at_target(resources: list[Json]) -> bool | None:
    [found] = ask(resources, "DiseaseActivity.Is At Target")
    assert found is None or isinstance(found, bool)
    return found


@pytest.mark.parametrize(
    ("totals", "swollen", "expected"),
    [
        ({"das28Esr4": 3.2, "cdai": 10.0}, None, True),
        ({"das28Esr4": 3.2, "cdai": 10.1}, None, False),
        ({"das28Esr4": 3.2, "sdai": 11.0}, None, True),
        ({"das28Esr4": 3.2, "sdai": 11.1}, None, False),
        ({"das28Esr4": 3.2, "cdai": 10.1, "sdai": 11.0}, None, True),
        ({"das28Esr4": 3.21, "cdai": 9.0}, None, False),
        ({"das28Esr4": 2.5}, 1, True),
        ({"das28Esr4": 2.5}, 2, False),
        ({"das28Esr4": 2.5}, None, None),
        ({"das28Esr4": 3.4, "cdai": 2.8}, None, True),
        ({"das28Esr4": 3.4, "cdai": 2.81}, None, False),
        ({"das28Esr4": 3.4, "sdai": 3.3}, None, True),
        ({"cdai": 10.0}, None, True),
        ({"cdai": 10.1}, None, False),
        ({"sdai": 11.0}, None, True),
        ({"sdai": 11.1}, None, False),
    ],
)
def test_at_target(totals: dict[str, float], swollen: float | None, expected: bool | None) -> None:
    assert at_target(visit(VISIT, sjc28=swollen, **totals)) is expected  # type: ignore[arg-type]


def test_boolean_remission_is_at_target_whatever_the_esr() -> None:
    record = visit(VISIT, tjc28=1, sjc28=1, esr=100, crp=5, ptgh=20)
    assert activity(record)["state"] == "moderate"
    assert at_target(record) is True


def test_no_current_index_leaves_the_target_unknown() -> None:
    assert at_target(visit(days_before(91), das28Esr4=2.0)) is None


def test_a_target_that_lacks_the_swollen_joints_asks_for_them() -> None:
    assert ("joint-count", "TARGET_NOT_CONFIRMED") in gaps(visit(VISIT, das28Esr4=2.5))


@pytest.mark.parametrize(
    ("totals", "swollen", "discordant"),
    [
        ({"das28Esr4": 3.3, "cdai": 9.0}, None, True),
        ({"das28Esr4": 3.1, "cdai": 12.0}, None, True),
        ({"das28Esr4": 3.3, "cdai": 12.0}, None, False),
        ({"das28Esr4": 3.1, "cdai": 9.0}, None, False),
        ({"das28Esr4": 5.35, "cdai": 22.0}, None, False),
        ({"das28Esr4": 2.5}, 2, True),
        ({"das28Esr4": 2.5}, 1, False),
        ({"das28Esr4": 2.5}, None, False),
    ],
)
def test_discordant_indices(
    totals: dict[str, float], swollen: float | None, discordant: bool
) -> None:
    record = visit(VISIT, sjc28=swollen, **totals)  # type: ignore[arg-type]
    assert ("INDEX_DISCORDANT" in flags(record)) is discordant


def prednisone(milligrams: float, **timing: Any) -> Json:
    dosage: Json = {
        "doseAndRate": [
            {
                "doseQuantity": {
                    "value": milligrams,
                    "unit": "mg",
                    "code": "mg",
                    "system": "http://unitsofmeasure.org",
                }
            }
        ]
    }
    if timing:
        dosage["timing"] = {"repeat": timing}
    return on("prednisone", "2026-01-01", dosage=[dosage])


DAILY = {"frequency": 1, "period": 1, "periodUnit": "d"}


@pytest.mark.parametrize(
    ("extra", "flagged"),
    [
        ([prednisone(7.5, **DAILY)], True),
        ([prednisone(7.4, **DAILY)], False),
        ([], False),
        ([observation("gc-taper-failed", True)], True),
        ([observation("gc-taper-failed", False)], False),
        ([prednisone(5, **DAILY), observation("gc-taper-failed", True)], True),
    ],
)
def test_at_target_on_glucocorticoid(extra: list[Json], flagged: bool) -> None:
    record = [*visit(VISIT, cdai=5.0), *extra]
    assert ("AT_TARGET_ON_GC" in flags(record)) is flagged


def test_glucocorticoid_without_a_dose_is_asked_for_at_target_only() -> None:
    gap = ("glucocorticoid-dose", "TARGET_ON_GLUCOCORTICOID_UNKNOWN")
    undosed = on("prednisone", "2026-01-01")
    assert gap in gaps([*visit(VISIT, cdai=5.0), undosed])
    assert gap not in gaps([*visit(VISIT, cdai=15.0), undosed])


# ----- impossible values (2.1, 8.43) -----


@pytest.mark.parametrize(
    ("components", "conflict"),
    [
        ({"tjc28": 29, "sjc28": 2, "esr": 20, "ptgh": 30}, True),
        ({"tjc28": 28, "sjc28": 2, "esr": 20, "ptgh": 30}, False),
        ({"tjc28": 4, "sjc28": 29, "esr": 20, "ptgh": 30}, True),
        ({"tjc28": 4, "sjc28": 2, "esr": 201, "ptgh": 30}, True),
        ({"tjc28": 4, "sjc28": 2, "esr": 200, "ptgh": 30}, False),
        ({"tjc28": 4, "sjc28": 2, "esr": 20, "ptgh": 101}, True),
        ({"tjc28": 4, "sjc28": 2, "esr": 20, "crp": 701, "ptgh": 30}, False),
        ({"tjc28": 4, "sjc28": 2, "crp": 701, "ptgh": 30}, True),
        ({"tjc28": 4, "sjc28": 2, "crp": 700, "ptgh": 30}, False),
        ({"tjc28": 4, "sjc28": 2, "esr": 20, "ptgh": 30, "ega": 10.5}, False),
        ({"tjc28": 29, "sjc28": 2, "esr": 20, "ptgh": 30, "das28Esr4": 4.0}, False),
        ({"tjc28": 29}, False),
        ({}, False),
    ],
)
def test_an_impossible_value_is_a_conflict_only_when_it_decides(
    components: dict[str, float], conflict: bool
) -> None:
    [found] = ask(visit(VISIT, **components), "DiseaseActivity.Has Data Conflict")  # type: ignore[arg-type]
    assert found is conflict


def test_a_possible_value_beside_an_impossible_one_is_used() -> None:
    record = visit(VISIT, tjc28=4, sjc28=2, esr=20, ptgh=30) + visit("2026-11-18", tjc28=40)
    conflict, value = ask(
        record, "DiseaseActivity.Has Data Conflict", "DiseaseActivity.Current Index Value"
    )
    assert conflict is False
    assert value == pytest.approx(4.0328, abs=0.005)


def test_an_old_impossible_value_is_no_conflict() -> None:
    [found] = ask(
        visit(days_before(120), tjc28=40, sjc28=2, esr=20, ptgh=30),
        "DiseaseActivity.Has Data Conflict",
    )
    assert found is False


# ----- nothing to compute with -----


@pytest.mark.parametrize(
    ("components", "missing"),
    [
        ({"esr": 20, "crp": 8, "ptgh": 30}, {"joint-count"}),
        ({"tjc28": 4, "sjc28": 2}, {"patient-global", "esr"}),
        ({}, {"joint-count", "patient-global", "esr"}),
    ],
)
def test_without_an_index_the_missing_components_are_named(
    components: dict[str, float], missing: set[str]
) -> None:
    record = visit(VISIT, **components)  # type: ignore[arg-type]
    assert {what for what, why in gaps(record) if why == "NO_CURRENT_INDEX"} == missing


# ----- evidence -----


def observed(record: list[Json], define: str) -> set[str]:
    """The Observations that the engine names as evidence of a define, by their last id part."""
    found = results(bundle(*record), [define]).evidence(define)
    return {
        e.reference.removeprefix("Observation/") for e in found if "Observation/" in e.reference
    }


def named(resources: list[Json], prefix: str) -> list[Json]:
    return [r | {"id": f"{prefix}-{number}"} for number, r in enumerate(resources)]


def test_evidence_of_the_current_index_is_the_current_visit() -> None:
    record = [on("adalimumab", "2026-01-05")]
    record += named(full_visit("2026-01-02", 10, 8, 40, 30, 60, 5.5), "before")
    record += named(full_visit("2026-06-01", 2, 1, 12, 4, 20, 1.0), "best")
    record += named(full_visit(VISIT, 9, 7, 36, 17, 58, 5.0), "now")
    assert observed(record, "DiseaseActivity.Current Index Value") == {f"now-{n}" for n in range(6)}
    assert observed(record, "TreatToTarget.Response") == {
        f"{visit}-{n}" for visit in ("before", "now") for n in range(6)
    }


def test_order_of_resources_never_matters() -> None:
    record = [on("adalimumab", "2026-03-10"), *visit("2026-03-05", das28Esr4=6.0)]
    record += visit("2026-07-01", tjc28=2, sjc28=1, esr=12, ptgh=20)
    record += visit(VISIT, tjc28=4, sjc28=2, esr=20, ptgh=30) + visit(VISIT, tjc28=6)
    record.append(dispense("adalimumab", "2026-03-12"))
    assert activity(record) == activity(list(reversed(record)))
