"""DiseaseActivity.cql against clinical-spec 2.1-2.4 and 0.5: formulas, states, visits."""

from __future__ import annotations

import pytest

from tests.cql.activity_questions import INDICES, activity, gaps
from tests.cql.activity_records import VISIT, ask, days_before, full_visit, on, visit
from tests.cql.build import observation

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


@pytest.mark.parametrize(("cuts", "state"), [("CONVENTIONAL", "low"), ("ALT ", None)])
def test_das28_crp_has_no_state_by_cuts_that_nobody_knows(cuts: str, state: str | None) -> None:
    found = activity(visit(das28Crp4=3.2, das28Esr4=3.2), **{"DAS28-CRP Cuts": cuts})
    assert found["das28Crp4"]["state"] == state
    assert found["das28Esr4"]["state"] == "low"


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
