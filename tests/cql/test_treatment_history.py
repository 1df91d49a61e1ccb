"""TreatmentHistory.cql, clinical-spec C7, C11, C13, 4.2, 5.2, 5.5, 8.47."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import ask, on, visit
from tests.cql.build import (
    ATC,
    Json,
    component,
    observation,
    resource,
    statement,
)
from tests.cql.response_questions import das28, treated

HISTORY = "TreatmentHistory.Treatment History"
SWOLLEN = {"sjc28": 6}


def history(*resources: Json, parameters: dict[str, Any] | None = None) -> dict[str, Json]:
    [found] = ask(list(resources), HISTORY, parameters=parameters)
    return {row["ingredient"]: row for row in found}


def classes(*resources: Json, **more: Any) -> tuple[list[str], list[str]]:
    failed, possibly = ask(
        list(resources),
        "TreatmentHistory.Classes Failed",
        "TreatmentHistory.Classes Possibly Failed",
        **more,
    )
    return failed, possibly


def stopped(
    drug: str, reason: str | None, start: str = "2023-01-10", end: str = "2023-09-10"
) -> Json:
    return on(drug, start, end, reason=reason)


@pytest.mark.parametrize(
    ("reason", "outcome", "kind"),
    [
        ("stop-ineffective-primary", "inefficacy", "primary"),
        ("stop-ineffective-secondary", "inefficacy", "secondary"),
        ("stop-ineffective", "inefficacy", None),
        ("stop-adverse-event", "intolerance", None),
        ("stop-allergy", "intolerance", None),
        ("stop-toxicity", "intolerance", None),
        ("stop-lab-toxicity", "intolerance", None),
        ("stop-remission", "other", None),
        ("stop-cost", "other", None),
        ("stop-pregnancy", "other", None),
        ("stop-patient-choice", "other", None),
        ("stop-infection", "other", None),
        ("stop-surgery", "other", None),
        (None, "unknown", None),
    ],
)
def test_outcome_of_a_stop(reason: str | None, outcome: str, kind: str | None) -> None:
    row = history(stopped("adalimumab", reason))["adalimumab"]
    assert (row["outcome"], row["primaryOrSecondary"]) == (outcome, kind)
    assert (row["moa"], row["kind"], row["active"]) == ("TNFi", "bDMARD", False)
    assert (row["start"], row["stop"]) == ("2023-01-10", "2023-09-10")


@pytest.mark.parametrize(
    ("date", "outcome"),
    # an event that nobody dated is not certainly older than the drug
    [("2023-01-10", "intolerance"), ("2023-01-09", "unknown"), (None, "intolerance")],
)
def test_an_adverse_event_explains_a_stop_without_reason(date: str | None, outcome: str) -> None:
    event = resource(
        "AdverseEvent",
        actuality="actual",
        subject={"reference": "Patient/p"},
        suspectEntity=[{"instance": {"display": "adalimumab"}}],
        **({} if date is None else {"date": date}),
    )
    assert history(stopped("adalimumab", None), event)["adalimumab"]["outcome"] == outcome
    # a stated reason is the better word
    row = history(stopped("adalimumab", "stop-ineffective"), event)["adalimumab"]
    assert row["outcome"] == "inefficacy"


@pytest.mark.parametrize(
    ("clinical", "verification", "outcome"),
    [
        ("active", "confirmed", "intolerance"),
        ("inactive", "confirmed", "unknown"),
        ("active", "unconfirmed", "unknown"),
    ],
)
def test_an_allergy_explains_a_stop_without_reason(
    clinical: str, verification: str, outcome: str
) -> None:
    system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-"
    allergy = resource(
        "AllergyIntolerance",
        patient={"reference": "Patient/p"},
        clinicalStatus={"coding": [{"system": system + "clinical", "code": clinical}]},
        verificationStatus={"coding": [{"system": system + "verification", "code": verification}]},
        code={"text": "adalimumab"},
    )
    assert history(stopped("adalimumab", None), allergy)["adalimumab"]["outcome"] == outcome


def failing(drug: str = "adalimumab", start: str = "2026-03-02", **more: Any) -> list[Json]:
    """Target missed at six months with swollen joints, never a response."""
    return [*treated(start, das28(6.0), das28(6.0), drug=drug, **more), *visit(**SWOLLEN)]


def test_the_index_drug_fails_by_treat_to_target() -> None:
    row = history(*failing())["adalimumab"]
    assert (row["outcome"], row["primaryOrSecondary"]) == ("inefficacy", "primary")
    assert (row["active"], row["shortExposure"]) == (True, False)


def test_the_index_drug_lost_its_effect() -> None:
    record = failing(earlier={"2026-07-01": das28(2.9)})
    row = history(*record)["adalimumab"]
    assert (row["outcome"], row["primaryOrSecondary"]) == ("inefficacy", "secondary")


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        (treated("2026-10-01", das28(6.0), das28(6.0)), "none"),  # too early
        (treated("2026-03-02", das28(6.0), das28(2.5)), "none"),  # at target
        (treated("2026-07-01", das28(6.0), das28(4.0)), "none"),  # on track
        (treated("2026-03-02", None, das28(6.0)), "none"),  # type of failure unknown
    ],
)
def test_an_index_drug_that_has_not_failed(record: list[Json], outcome: str) -> None:
    assert history(*record)["adalimumab"]["outcome"] == outcome


def test_a_drug_not_taken_has_not_failed() -> None:
    record = [*failing(), observation("missed-doses-of-6", 3, None, "2026-11-20")]
    assert history(*record)["adalimumab"]["outcome"] == "unknown"


def test_a_score_without_inflammation_is_no_failure() -> None:
    record = [
        *treated("2026-03-02", das28(6.0), das28(6.0)),
        *visit(sjc28=0, crp=2),
    ]
    assert history(*record)["adalimumab"]["outcome"] == "unknown"


def test_only_the_index_episode_follows_the_score() -> None:
    earlier = stopped("adalimumab", "stop-cost", "2020-01-10", "2021-01-10")
    [found] = ask([earlier, *failing()], HISTORY)
    assert [row["outcome"] for row in found] == ["other", "inefficacy"]


def test_an_unknown_status_is_an_unknown_outcome() -> None:
    record = statement("adalimumab", "2020-01-10", status="unknown")
    assert history(record, *failing("tocilizumab"))["adalimumab"]["outcome"] == "unknown"


@pytest.mark.parametrize(
    ("start", "end", "short"),
    [
        ("2023-01-10", "2023-04-10", False),
        ("2023-01-11", "2023-04-10", True),
        ("2023-01", "2023-04-10", None),
        ("2023-01", "2023-04-30", False),
        (None, "2023-04-10", None),
        ("2023-01-10", None, None),
    ],
)
def test_short_exposure(start: str | None, end: str | None, short: bool | None) -> None:
    record = on("adalimumab", start, end, status="stopped", reason="stop-ineffective")
    assert history(record)["adalimumab"]["shortExposure"] is short


@pytest.mark.parametrize(("start", "short"), [("2026-08-23", False), ("2026-08-24", True)])
def test_exposure_of_an_active_drug_ends_today(start: str, short: bool) -> None:
    assert history(on("adalimumab", start))["adalimumab"]["shortExposure"] is short


def level(value: float, date: str, trough: bool = True) -> Json:
    return observation(
        "tdm-adalimumab-level", value, "mg/L", date, components=[component("trough", trough)]
    )


@pytest.mark.parametrize(
    ("resources", "documented"),
    [
        ([], False),
        ([level(1.9, "2023-09-10")], True),
        ([level(1.9, "2023-09-11")], False),
        ([level(1.9, "2022-12-31")], False),
        ([level(2.0, "2023-09-10")], False),
        ([level(1.9, "2023-09-10", trough=False)], False),
        ([observation("tdm-adalimumab-nab", None, date="2023-09-10", interpretation="POS")], True),
        ([observation("tdm-adalimumab-nab", None, date="2023-09-10", interpretation="NEG")], False),
        ([observation("tdm-adalimumab-nab", None, date="2023-09-11", interpretation="POS")], False),
        ([observation("tdm-adalimumab-nab", None, date="2023-01-09", interpretation="POS")], False),
        ([observation("tdm-adalimumab-nab", None, date="2023-01-10", interpretation="POS")], True),
        (
            [observation("tdm-adalimumab-activity", None, date="2023-09-10", interpretation="NEG")],
            True,
        ),
        (
            [observation("tdm-adalimumab-activity", None, date="2023-09-10", interpretation="POS")],
            False,
        ),
        # an antibody that lets an adequate level stand explains nothing
        ([observation("tdm-adalimumab-ada", None, date="2023-09-10", interpretation="POS")], False),
        ([observation("tdm-infliximab-nab", None, date="2023-09-10", interpretation="POS")], False),
    ],
)
def test_pk_failure_on_that_drug(resources: list[Json], documented: bool) -> None:
    record = [stopped("adalimumab", "stop-ineffective"), *resources]
    assert history(*record)["adalimumab"]["pkDocumented"] is documented
    [unexplained] = ask(record, "TreatmentHistory.Molecules Tried")
    assert unexplained == ["adalimumab"]


@pytest.mark.parametrize(
    ("measured", "documented"),
    [
        (level(1.9, "2026-11-20"), True),
        (level(1.9, "2026-03-01"), False),
        (observation("tdm-adalimumab-nab", None, date="2026-11-20", interpretation="POS"), True),
    ],
)
def test_pk_failure_on_a_drug_that_goes_on(measured: Json, documented: bool) -> None:
    assert history(on("adalimumab", "2026-03-02"), measured)["adalimumab"]["pkDocumented"] is (
        documented
    )


def test_a_reason_without_a_stop_names_no_kind_of_failure() -> None:
    unsure = on("adalimumab", "2023-01-10", status="unknown", reason="stop-ineffective-primary")
    row = history(unsure, *failing("tocilizumab"))["adalimumab"]
    assert (row["active"], row["outcome"], row["primaryOrSecondary"]) == (None, "unknown", None)


def test_classes_failed_possibly_and_not() -> None:
    assert classes() == ([], [])
    assert classes(stopped("adalimumab", "stop-ineffective")) == (["TNFi"], [])
    assert classes(stopped("adalimumab", "stop-cost")) == ([], [])
    assert classes(stopped("adalimumab", "stop-adverse-event")) == ([], [])
    assert classes(stopped("adalimumab", None)) == ([], ["TNFi"])
    by_words = statement(
        {"text": "adalimumab"}, "2023-01-10", "2023-09-10", status="stopped",
        reason="stop-ineffective",
    )  # fmt: skip
    assert classes(by_words) == ([], ["TNFi"])
    assert classes(stopped("anakinra", "stop-ineffective")) == ([], [])


def test_every_class() -> None:
    record = [
        stopped("etanercept", "stop-ineffective"),
        stopped("tocilizumab", "stop-ineffective"),
        stopped("abatacept", "stop-ineffective"),
        stopped("rituximab", "stop-ineffective"),
        stopped("tofacitinib", "stop-ineffective"),
    ]
    assert classes(*record)[0] == ["TNFi", "IL6Ri", "ABA", "RTX", "JAKi"]


def test_an_incomplete_record_excludes_no_class() -> None:
    gone = {"RAParameters.Incomplete Data": ["MedicationRequest"]}
    failed, possibly = classes(stopped("adalimumab", "stop-ineffective"), parameters=gone)
    assert (failed, possibly) == (["TNFi"], ["IL6Ri", "ABA", "RTX", "JAKi"])


CSDMARD = ("TreatmentHistory.csDMARD Failed", "TreatmentHistory.csDMARD Failure Is Presumed")


@pytest.mark.parametrize(
    ("record", "failed", "presumed"),
    [
        ([], False, False),
        ([stopped("methotrexate", "stop-ineffective")], True, False),
        ([stopped("methotrexate", "stop-adverse-event")], True, False),
        ([stopped("methotrexate", "stop-remission")], False, False),
        ([stopped("methotrexate", None)], None, False),
        ([stopped("adalimumab", "stop-ineffective")], False, False),
        (
            [stopped("adalimumab", "stop-ineffective"), stopped("etanercept", "stop-ineffective")],
            False,
            False,
        ),
        (
            [stopped("adalimumab", "stop-ineffective"), stopped("abatacept", "stop-ineffective")],
            True,
            True,
        ),
        (
            [
                stopped("methotrexate", "stop-ineffective"),
                stopped("adalimumab", "stop-ineffective"),
                stopped("abatacept", "stop-ineffective"),
            ],
            True,
            False,
        ),
        # an unclear end of the csDMARD does not undo the presumption
        (
            [
                stopped("methotrexate", None),
                stopped("adalimumab", "stop-ineffective"),
                stopped("abatacept", "stop-ineffective"),
            ],
            True,
            True,
        ),
        # herbal immunomodulators never count (spec 0.11)
        ([stopped(ATC("L04AX01"), "stop-ineffective")], False, False),  # type: ignore[arg-type]
    ],
)
def test_csdmard_failure(record: list[Json], failed: bool | None, presumed: bool) -> None:
    assert ask(record, *CSDMARD) == [failed, presumed]
