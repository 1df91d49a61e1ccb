"""DiseaseActivity.cql at its edges (clinical-spec 0.5, 2.6, 8.29, 8.43): first and last day of each
window, what lies between without an index, and what no index can be had from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_questions import activity, flags, gaps
from tests.cql.activity_records import VISIT, ask, days_before, on, visit
from tests.cql.build import Json, bundle, evaluate, observation

ON_ADALIMUMAB = [on("adalimumab", "2026-01-10")]
ON_TOCILIZUMAB = [on("tocilizumab", "2026-01-10")]


def best(*resources: Json) -> Any:
    return ask(list(resources), "DiseaseActivity.Best On-Drug Assessment")[0]


# ----- the best visit on the drug -----


@pytest.mark.parametrize(("day", "counts"), [("2026-09-10", True), ("2026-09-11", False)])
def test_the_day_of_the_stop_is_the_last_day_on_the_drug(day: str, counts: bool) -> None:
    stopped = on("adalimumab", "2026-01-10", "2026-09-10")
    found = best(stopped, *visit(day, das28Esr4=3.0), *visit(VISIT, das28Esr4=5.0))
    assert (found is not None) is counts


def test_a_stop_known_to_the_month_ends_with_the_month() -> None:
    stopped = on("adalimumab", "2026-01-10", "2026-09")
    now = visit(VISIT, das28Esr4=5.0)
    assert best(stopped, *visit("2026-09-30", das28Esr4=3.0), *now) is not None
    assert best(stopped, *visit("2026-10-01", das28Esr4=3.0), *now) is None


def test_without_a_current_visit_the_best_is_found_by_its_own_index() -> None:
    record = [*ON_ADALIMUMAB, *visit("2026-04-10", cdai=8.0), *visit("2026-06-10", cdai=6.0)]
    [current, value] = ask(
        record, "DiseaseActivity.Current Assessment", "DiseaseActivity.Best On-Drug Index Value"
    )
    assert (current, value) == (None, 6.0)
    assert best(*record)["date"] == "2026-06-10"


def test_a_visit_without_the_index_of_today_is_not_the_best_one() -> None:
    record = [*ON_ADALIMUMAB, *visit("2026-04-10", cdai=2.0), *visit(VISIT, das28Esr4=5.0)]
    assert best(*record) is None
    record += visit("2026-06-10", das28Esr4=4.0)
    assert best(*record)["date"] == "2026-06-10"


@pytest.mark.parametrize(
    ("totals", "now"),
    [
        ({"das28Esr4": 3.0}, {"das28Esr4": 5.0}),
        ({"das28Crp4": 3.0}, {"das28Crp4": 5.0}),
        ({"sdai": 8.0}, {"sdai": 30.0}),
        ({"cdai": 7.0}, {"cdai": 30.0}),
        ({"das28Esr3": 3.0}, {"das28Esr3": 5.0}),
        ({"das28Crp3": 3.0}, {"das28Crp3": 5.0}),
    ],
)
def test_the_best_value_is_one_of_the_index_of_today(
    totals: dict[str, float], now: dict[str, float]
) -> None:
    other = {"das28Esr4": 2.0, "das28Crp4": 2.0, "sdai": 1.0, "cdai": 1.0} | totals
    record = [*ON_ADALIMUMAB, *visit("2026-06-10", **other)]  # type: ignore[arg-type]
    record += visit(VISIT, **now)  # type: ignore[arg-type]
    [found] = ask(record, "DiseaseActivity.Best On-Drug Index Value")
    assert found == next(iter(totals.values()))


@pytest.mark.parametrize(("visits", "best_value"), [(30, 2.0), (31, 5.0)])
def test_the_thirty_newest_visits_are_scored(visits: int, best_value: float) -> None:
    record = list(ON_ADALIMUMAB)
    for age in range(visits):
        record += visit(days_before(age), das28Esr4=2.0 if age == visits - 1 else 5.0)
    [found] = ask(record, "DiseaseActivity.Best On-Drug Index Value")
    assert found == best_value


@pytest.mark.parametrize(("nearer", "known"), [(4, True), (5, False)])
def test_the_five_visits_closest_to_the_start_are_scored(nearer: int, known: bool) -> None:
    start = "2026-03-10"
    record = [on("adalimumab", start), *visit(days_before(20, start), das28Esr4=6.0)]
    for days in range(1, nearer + 1):
        record += visit(days_before(days, start), tjc28=4)
    [found] = ask(record, "DiseaseActivity.Baseline Assessment")
    assert (found is not None) is known


def test_without_a_baseline_and_a_best_visit_none_is_shown() -> None:
    found = activity(visit(VISIT, das28Esr4=5.0))
    assert (found["baseline"], found["best"]) == (None, None)


# ----- ninety days (0.5) -----


@pytest.mark.parametrize(("age", "shown"), [(0, True), (90, True), (91, False)])
def test_rapid3_is_shown_for_ninety_days(age: int, shown: bool) -> None:
    record = [observation("rapid3", 7, "{score}", days_before(age))]
    [found] = ask(record, "DiseaseActivity.RAPID3")
    assert (found is not None) is shown


@pytest.mark.parametrize(
    "measured", [{"tjc28": 4}, {"sjc28": 2}, {"ptgh": 30}, {"ega": 2}, {"esr": 20}, {"crp": 8}]
)
@pytest.mark.parametrize(("age", "shown"), [(90, True), (91, False)])
def test_what_was_measured_without_an_index_is_shown_for_ninety_days(
    measured: dict[str, float], age: int, shown: bool
) -> None:
    found = activity(visit(days_before(age), **measured))  # type: ignore[arg-type]
    assert (found is not None) is shown
    if shown:
        [name] = measured
        assert found["components"][name] == measured[name]
        assert (found["primaryIndex"], found["value"]) == (None, None)


@pytest.mark.parametrize(("age", "conflict"), [(90, True), (91, False)])
@pytest.mark.parametrize("counts", [{"tjc28": 29, "sjc28": 2}, {"tjc28": 4, "sjc28": 29}])
def test_an_impossible_joint_count_is_a_conflict_for_ninety_days(
    counts: dict[str, float], age: int, conflict: bool
) -> None:
    record = visit(days_before(age), esr=20, ptgh=30, **counts)
    [found] = ask(record, "DiseaseActivity.Has Data Conflict")
    assert found is conflict


# 90 days before the 29th of November is the last day of August.
@pytest.mark.parametrize(("today", "asked"), [("2026-11-29", True), ("2026-11-30", False)])
@pytest.mark.parametrize("code", ["tjc28", "sjc28", "das28-esr-4", "das28-crp-4", "cdai", "sdai"])
def test_a_month_that_may_be_current_asks_for_the_day(code: str, today: str, asked: bool) -> None:
    record = bundle(observation(code, 4, "{score}", "2026-08"))
    name = "DiseaseActivity.Disease Activity Gaps"
    found = evaluate(record, [name], as_of=today)[name]
    assert any(gap["what"] == "result-date" for gap in found) is asked


def test_a_month_is_not_asked_for_beside_a_current_index() -> None:
    record = [observation("cdai", 4, "{score}", "2026-11"), *visit(VISIT, das28Esr4=4.0)]
    assert ("result-date", "UNKNOWN_DATE_PRECISION") not in gaps(record)


# ----- impossible values (8.43): the index that would be primary if they were possible -----


@pytest.mark.parametrize(
    ("drug", "components", "conflict"),
    [
        # where a component is not there at all, no index would rest on the impossible one
        (ON_ADALIMUMAB, {"sjc28": 2, "esr": 20, "ptgh": 101}, False),
        (ON_ADALIMUMAB, {"tjc28": 4, "esr": 20, "ptgh": 101}, False),
        (ON_TOCILIZUMAB, {"tjc28": 4, "sjc28": 2, "ptgh": 101}, False),
        (ON_ADALIMUMAB, {"tjc28": 4, "sjc28": 2, "ptgh": 101}, False),
        # DAS28 stands on possible values, and neither CDAI nor SDAI could be had in any case
        (ON_TOCILIZUMAB, {"tjc28": 4, "sjc28": 2, "ega": 2, "esr": 20, "crp": 701}, False),
        (ON_TOCILIZUMAB, {"tjc28": 4, "sjc28": 2, "ptgh": 30, "esr": 20, "crp": 701}, False),
        # the impossible one decides
        (ON_ADALIMUMAB, {"tjc28": 4, "sjc28": 2, "ptgh": 30, "ega": 10.5}, True),
        (ON_TOCILIZUMAB, {"tjc28": 4, "sjc28": 2, "ptgh": 30, "ega": 10.5, "esr": 20}, True),
        (ON_TOCILIZUMAB, {"tjc28": 4, "sjc28": 2, "ptgh": 101, "ega": 2, "esr": 20}, True),
        (ON_ADALIMUMAB, {"tjc28": 4, "sjc28": 2, "esr": 201}, True),
        (ON_ADALIMUMAB, {"tjc28": 4, "sjc28": 2, "crp": 701}, True),
        (ON_ADALIMUMAB, {"tjc28": 4, "sjc28": 2, "esr": 201, "crp": 8}, True),
        # DAS28-CRP is there, but DAS28-ESR would come first
        (ON_ADALIMUMAB, {"tjc28": 4, "sjc28": 2, "esr": 201, "crp": 8, "ptgh": 30}, True),
        (ON_ADALIMUMAB, {"tjc28": 4, "sjc28": 2, "esr": 20, "crp": 701, "ptgh": 30}, False),
    ],
)
def test_which_impossible_value_decides(
    drug: list[Json], components: dict[str, float], conflict: bool
) -> None:
    record = [*drug, *visit(VISIT, **components)]  # type: ignore[arg-type]
    [found] = ask(record, "DiseaseActivity.Has Data Conflict")
    assert found is conflict


@pytest.mark.parametrize(
    ("totals", "conflict"),
    [
        ({"das28Esr4": 4.0}, False),
        ({"das28Crp4": 4.0}, True),  # DAS28-ESR would come first
        ({"cdai": 12.0}, True),
        ({"das28Esr3": 4.0}, True),
        ({}, True),
    ],
)
def test_a_reported_total_stands_in_when_it_is_the_primary_one(
    totals: dict[str, float], conflict: bool
) -> None:
    record = visit(VISIT, tjc28=29, sjc28=2, esr=20, ptgh=30, **totals)
    [found] = ask(record, "DiseaseActivity.Has Data Conflict")
    assert found is conflict


@pytest.mark.parametrize(
    ("apart", "conflict"), [(0, True), (7, True), (8, False), (-7, True), (-8, False)]
)
def test_an_impossible_global_belongs_to_a_count_within_seven_days(
    apart: int, conflict: bool
) -> None:
    count = "2026-11-10"
    record = [*ON_TOCILIZUMAB, *visit(count, tjc28=4, sjc28=2, ega=2, esr=20)]
    record += visit(days_before(apart, count), ptgh=101)
    [found] = ask(record, "DiseaseActivity.Has Data Conflict")
    assert found is conflict


@pytest.mark.parametrize(
    ("apart", "conflict"), [(14, True), (15, False), (-13, True), (-14, True), (-15, False)]
)
def test_an_impossible_esr_belongs_to_a_count_within_fourteen_days(
    apart: int, conflict: bool
) -> None:
    count = "2026-11-05"
    record = visit(count, tjc28=4, sjc28=2, crp=8, ptgh=30) + visit(
        days_before(apart, count), esr=201
    )
    [found] = ask(record, "DiseaseActivity.Has Data Conflict")
    assert found is conflict


# ----- what is missing -----

JOINTS, PATIENT, EVALUATOR, ACUTE = "joint-count", "patient-global", "evaluator-global", "esr"


@pytest.mark.parametrize(
    ("drug", "components", "missing"),
    [
        (ON_ADALIMUMAB, {"tjc28": 4}, {JOINTS, PATIENT, ACUTE}),
        (ON_ADALIMUMAB, {"sjc28": 2}, {JOINTS, PATIENT, ACUTE}),
        (ON_ADALIMUMAB, {"tjc28": 4, "esr": 20}, {JOINTS, PATIENT}),
        (ON_ADALIMUMAB, {"sjc28": 4, "crp": 8}, {JOINTS, PATIENT}),
        (ON_ADALIMUMAB, {"tjc28": 4, "sjc28": 2, "ptgh": 30}, {ACUTE}),
        (ON_ADALIMUMAB, {"ptgh": 30, "ega": 2}, {JOINTS, ACUTE}),
        (ON_TOCILIZUMAB, {"tjc28": 4, "sjc28": 2, "ptgh": 30}, {EVALUATOR, ACUTE}),
        (ON_TOCILIZUMAB, {"tjc28": 4, "sjc28": 2, "ega": 2}, {PATIENT, ACUTE}),
        (ON_TOCILIZUMAB, {"tjc28": 4, "sjc28": 2, "esr": 20}, {PATIENT, EVALUATOR}),
        (ON_TOCILIZUMAB, {"tjc28": 4, "sjc28": 2, "ptgh": 30, "ega": 2}, set()),
        (ON_ADALIMUMAB, {"tjc28": 4, "sjc28": 2, "ptgh": 30, "esr": 20}, set()),
        (ON_ADALIMUMAB, {"cdai": 12}, set()),
    ],
)
def test_what_is_missing_for_an_index(
    drug: list[Json], components: dict[str, float], missing: set[str]
) -> None:
    record = [*drug, *visit(VISIT, **components)]  # type: ignore[arg-type]
    assert {what for what, why in gaps(record) if why == "NO_CURRENT_INDEX"} == missing


@pytest.mark.parametrize(
    ("totals", "swollen", "asked"),
    [
        ({"das28Esr4": 2.5}, None, True),
        ({"das28Esr4": 2.5}, 1, False),
        ({"das28Esr4": 2.5}, 2, False),
        ({"das28Esr4": 4.0}, None, False),
        ({"cdai": 9.0}, None, False),
        ({}, None, False),
    ],
)
def test_swollen_joints_are_asked_for_only_where_they_decide_the_target(
    totals: dict[str, float], swollen: float | None, asked: bool
) -> None:
    record = visit(VISIT, sjc28=swollen, **totals)  # type: ignore[arg-type]
    assert (("joint-count", "TARGET_NOT_CONFIRMED") in gaps(record)) is asked


@pytest.mark.parametrize(
    ("index", "fallback"),
    [("das28Esr3", True), ("das28Crp3", True), ("das28Esr4", False), ("cdai", False)],
)
def test_the_three_variable_index_asks_for_the_patient_global(index: str, fallback: bool) -> None:
    record = visit(VISIT, **{index: 4.0})  # type: ignore[arg-type]
    assert (("patient-global", "DAS28_3V_FALLBACK") in gaps(record)) is fallback
    assert ("DAS28_3V_FALLBACK" in flags(record)) is fallback


def test_without_glucocorticoid_at_target_nothing_is_asked() -> None:
    found = gaps([*ON_ADALIMUMAB, *visit(VISIT, cdai=5.0)])
    assert not any(what == "glucocorticoid-dose" for what, _ in found)


# ----- flags -----


@pytest.mark.parametrize("more", [{}, {"das28Crp3": 3.0}, {"ptgh": 30, "ega": 2.0}])
def test_a_score_from_half_the_limit_of_crp_is_marked(more: dict[str, float]) -> None:
    censored = observation("crp", 5, "mg/L", VISIT, comparator="<")
    assert "ESTIMATED_CRP" in flags([*visit(VISIT, tjc28=4, sjc28=2, **more), censored])


def test_a_reported_total_beside_a_censored_crp_is_not_marked() -> None:
    censored = observation("crp", 5, "mg/L", VISIT, comparator="<")
    record = [*visit(VISIT, das28Crp3=3.0, das28Crp4=3.0, sdai=9.0), censored]
    assert "ESTIMATED_CRP" not in flags(record)


def test_two_versions_of_das28_esr_are_not_two_indices() -> None:
    record = visit(VISIT, das28Esr4=3.1, das28Esr3=3.4, cdai=9.0)
    assert "INDEX_DISCORDANT" not in flags(record)
