"""DiseaseActivity.cql, clinical-spec 2.6, 8.29, 8.43: totals, primary index, target, conflict."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_questions import activity, flags, gaps
from tests.cql.activity_records import VISIT, ask, days_before, full_visit, on, visit
from tests.cql.build import Json, bundle, dispense, observation, results

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
        # the last possible day of the month counts
        ([on("tocilizumab", "2026-03-01", "2026-09"), on("adalimumab", "2026-10-01")], "cdai"),
        # a stop that nobody dated is no recent one
        (
            [on("tocilizumab", "2026-03-01", status="stopped"), on("adalimumab", "2026-10-01")],
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


def test_a_visit_without_any_index_has_no_primary_one() -> None:
    [[found]] = ask(visit(VISIT, tjc28=4), "ActivityVisits.Assessments")
    assert (found["primaryIndex"], found["value"], found["date"]) == (None, None, None)


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


@pytest.mark.parametrize(("stop", "asked"), [("2026-09-29", True), ("2026-09-28", False)])
def test_without_any_visit_eight_weeks_are_counted_to_today(stop: str, asked: bool) -> None:
    record = [on("tocilizumab", "2026-03-01", stop), on("adalimumab", "2026-10-01")]
    assert (("evaluator-global", "NO_CURRENT_INDEX") in gaps(record)) is asked


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
