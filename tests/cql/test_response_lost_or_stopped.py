"""TreatToTarget.cql against clinical-spec C3, C6, C7, 8.40: loss, early worsening, intolerance."""

from __future__ import annotations

import pytest

from tests.cql.activity_records import VISIT, ask, days_before, full_visit, on, visit
from tests.cql.build import DRUGS, Json, concept, condition, resource
from tests.cql.response_questions import CATEGORY, category, cdai, das28, flags, gaps, treated

# ----- secondary loss (C6, 8.40) -----


@pytest.mark.parametrize(
    ("best", "now", "expected"),
    [
        # a rise above 0.6 with DAS28 >= 3.2
        (3.0, 3.61, "SECONDARY_LOSS"),
        (3.0, 3.6, "TARGET_MISSED_UNKNOWN_TYPE"),
        (2.0, 3.21, "SECONDARY_LOSS"),
        (3.1, 5.0, "SECONDARY_LOSS"),
    ],
)
def test_das28_rise(best: float, now: float, expected: str) -> None:
    record = treated("2026-01-05", das28(6.0), das28(now), {"2026-06-01": das28(best)})
    assert category(record) == expected
    assert ("MINOR_WORSENING" in flags(record)) is (expected != "SECONDARY_LOSS")
    assert ("activity", "REPEAT_TO_CONFIRM") in gaps(record)


@pytest.mark.parametrize(
    ("best", "now", "expected"),
    [
        (9.0, 11.0, "SECONDARY_LOSS"),  # 2 across 10
        (9.1, 11.0, "TARGET_MISSED_UNKNOWN_TYPE"),
        (10.0, 12.0, "SECONDARY_LOSS"),
        (2.0, 22.1, "SECONDARY_LOSS"),
    ],
)
def test_cdai_rise_from_low_activity(best: float, now: float, expected: str) -> None:
    record = treated("2026-01-05", cdai(35.0), cdai(now), {"2026-06-01": cdai(best)})
    assert category(record) == expected


@pytest.mark.parametrize(
    ("best", "now", "expected"),
    [
        (12.0, 18.0, "SECONDARY_LOSS"),  # 6 within moderate activity
        (12.0, 17.9, "TARGET_MISSED_UNKNOWN_TYPE"),
        (16.0, 28.0, "SECONDARY_LOSS"),  # 12 where it is high now
        (16.1, 28.0, "TARGET_MISSED_UNKNOWN_TYPE"),
    ],
)
def test_cdai_rise_after_a_moderate_response(best: float, now: float, expected: str) -> None:
    record = treated("2026-01-05", cdai(40.0), cdai(now), {"2026-06-01": cdai(best)}, "tocilizumab")
    assert category(record) == expected


def test_a_moderate_response_that_never_weakened_is_a_partial_one() -> None:
    record = treated("2026-01-05", das28(6.5), das28(4.4), {"2026-06-01": das28(4.5)})
    assert category(record) == "PRIMARY_NONRESPONSE_M6"
    assert flags(record) == {"PARTIAL_RESPONSE"}


def test_a_moderate_response_that_weakened_a_little() -> None:
    record = treated("2026-01-05", das28(6.5), das28(4.6), {"2026-06-01": das28(4.5)})
    assert category(record) == "TARGET_MISSED_UNKNOWN_TYPE"
    assert flags(record) == {"MINOR_WORSENING"}


@pytest.mark.parametrize(
    ("after", "expected"), [(27, "PRIMARY_NONRESPONSE_M6"), (28, "SECONDARY_LOSS")]
)
def test_a_response_counts_from_day_28(after: int, expected: str) -> None:
    start = "2026-01-05"
    record = treated(start, das28(6.0), das28(5.9), {days_before(-after, start): das28(3.0)})
    assert category(record) == expected


def test_loss_is_tested_before_primary_nonresponse_at_three_months() -> None:
    record = treated("2026-07-06", das28(6.0), das28(5.9), {"2026-09-01": das28(3.0)})
    assert category(record) == "SECONDARY_LOSS"


def test_no_response_in_between_is_primary() -> None:
    # V08: 5.90, 5.60, 5.35 on abatacept
    record = treated("2026-02-09", das28(5.9), das28(5.35), {"2026-06-08": das28(5.6)}, "abatacept")
    assert category(record) == "PRIMARY_NONRESPONSE_M6"
    assert flags(record) == set()


@pytest.mark.parametrize(
    ("days_apart", "previous", "provisional"),
    [(28, 5.0, False), (27, 5.0, True), (28, 3.1, True), (28, 3.4, True)],
)
def test_a_loss_seen_once_is_provisional(
    days_apart: int, previous: float, provisional: bool
) -> None:
    record = treated(
        "2026-01-05",
        das28(6.5),
        das28(5.2),
        {"2026-05-01": das28(2.9), days_before(days_apart, VISIT): das28(previous)},
    )
    assert category(record) == "SECONDARY_LOSS"
    assert ("PROVISIONAL_LOSS" in flags(record)) is provisional
    assert (("activity", "REPEAT_TO_CONFIRM") in gaps(record)) is provisional


# ----- early worsening (C3) -----


@pytest.mark.parametrize(("now", "worse"), [(5.2, False), (5.21, True), (4.0, False)])
def test_early_worsening(now: float, worse: bool) -> None:
    record = treated("2026-09-28", das28(4.0), das28(now))
    assert category(record) == "TOO_EARLY"
    assert ("EARLY_WORSENING" in flags(record)) is worse


@pytest.mark.parametrize(
    ("onset", "verification", "worse"),
    [
        ("2026-10-20", "confirmed", True),
        ("2026-10-20", "provisional", False),
        ("2026-09-01", "confirmed", False),
    ],
)
def test_new_lung_disease_breaks_out_of_too_early(
    onset: str, verification: str, worse: bool
) -> None:
    record = treated("2026-09-28", das28(4.0), das28(4.0))
    ild = ("http://snomed.info/sct", "233703007")
    record.append(condition(ild, onset, verification=verification))
    assert ("EARLY_WORSENING" in flags(record)) is worse


def test_no_early_worsening_once_the_response_is_due() -> None:
    assert "EARLY_WORSENING" not in flags(treated("2026-08-03", das28(4.0), das28(6.0)))


# ----- intolerance (C7) -----


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop-allergy", "INTOLERANCE"),
        ("stop-adverse-event", "INTOLERANCE"),
        ("stop-toxicity", "INTOLERANCE"),
        ("stop-lab-toxicity", "INTOLERANCE"),
        ("stop-ineffective-primary", "PRIMARY_NONRESPONSE_M6"),
        ("stop-ineffective", "PRIMARY_NONRESPONSE_M6"),
        ("stop-cost", "TARGET_MISSED_UNKNOWN_TYPE"),
        ("stop-remission", "TARGET_MISSED_UNKNOWN_TYPE"),
        ("stop-pregnancy", "TARGET_MISSED_UNKNOWN_TYPE"),
        (None, "TARGET_MISSED_UNKNOWN_TYPE"),
    ],
)
def test_why_the_index_drug_was_stopped(reason: str | None, expected: str) -> None:
    record = [on("adalimumab", "2026-03-02", "2026-11-10", reason=reason)]
    record += visit("2026-02-27", **das28(6.0)) + visit(VISIT, **das28(5.9))
    assert category(record) == expected
    assert (("stop-reason", "STOPPED_WITHOUT_REASON") in gaps(record)) is (reason is None)
    off_drug = ("activity", "ASSESSED_AFTER_STOP") in gaps(record)
    assert off_drug is (expected == "TARGET_MISSED_UNKNOWN_TYPE")


def test_an_assessment_on_the_drug_judges_it_although_it_was_stopped_since() -> None:
    record = [on("adalimumab", "2026-03-02", "2026-11-21", reason="stop-cost")]
    record += visit("2026-02-27", **das28(6.0)) + visit(VISIT, **das28(5.9))
    assert category(record) == "PRIMARY_NONRESPONSE_M6"


def allergy(drug: str, clinical: str = "active", verification: str = "confirmed") -> Json:
    base = "http://terminology.hl7.org/CodeSystem/allergyintolerance-"
    return resource(
        "AllergyIntolerance",
        code=concept(DRUGS[drug]),
        patient={"reference": "Patient/p"},
        clinicalStatus=concept((base + "clinical", clinical)),
        verificationStatus=concept((base + "verification", verification)),
        recordedDate="2026-11-10",
    )


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ([allergy("adalimumab")], True),
        ([allergy("etanercept")], None),
        ([allergy("adalimumab", clinical="resolved")], None),
        ([allergy("adalimumab", verification="unconfirmed")], None),
    ],
)
def test_an_allergy_to_the_stopped_drug_is_intolerance(
    extra: list[Json], expected: bool | None
) -> None:
    record = [on("adalimumab", "2026-03-02", "2026-11-10"), *extra]
    [found] = ask(record, "TreatToTarget.Is Intolerance")
    assert found is expected


@pytest.mark.parametrize(("day", "expected"), [("2026-11-05", True), ("2026-03-01", None)])
def test_an_adverse_event_that_names_the_stopped_drug_is_intolerance(
    day: str, expected: bool | None
) -> None:
    taken = on("adalimumab", "2026-03-02", "2026-11-10", id="ada")
    event = resource(
        "AdverseEvent",
        actuality="actual",
        subject={"reference": "Patient/p"},
        date=day,
        suspectEntity=[{"instance": {"reference": "MedicationStatement/ada"}}],
    )
    [found] = ask([taken, event], "TreatToTarget.Is Intolerance")
    assert found is expected


def test_an_active_drug_is_not_an_intolerance() -> None:
    [found] = ask(
        [on("adalimumab", "2026-03-02"), allergy("adalimumab")], "TreatToTarget.Is Intolerance"
    )
    assert found is False


def test_intolerance_at_target_keeps_the_target_as_secondary_category() -> None:
    # V05
    record = [on("adalimumab", "2026-05-11", "2026-11-10", reason="stop-allergy")]
    record += visit("2026-05-08", **das28(5.51)) + full_visit("2026-11-06", 1, 1, 14, 5, 20, 1.0)
    found, secondary = ask(record, CATEGORY, "TreatToTarget.Secondary Categories")
    assert found == "INTOLERANCE"
    assert secondary == ["AT_TARGET"]


# ----- unknown activity, no drug -----


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        (None, "ACTIVITY_UNKNOWN"),
        ({"das28Esr4": 2.5}, "ACTIVITY_UNKNOWN"),
        (das28(5.0), "PRIMARY_NONRESPONSE_M6"),
    ],
)
def test_activity_must_be_known(current: dict[str, float] | None, expected: str) -> None:
    assert category(treated("2026-03-02", das28(6.0), current)) == expected


@pytest.mark.parametrize(
    ("current", "expected"),
    [(None, "ACTIVITY_UNKNOWN"), (das28(5.0), "NO_DMARD"), (cdai(5.0), "AT_TARGET")],
)
def test_no_antirheumatic_drug(current: dict[str, float] | None, expected: str) -> None:
    found, milestones, secondary = ask(
        visit(VISIT, **(current or {})),  # type: ignore[arg-type]
        CATEGORY,
        "TreatToTarget.Milestones",
        "TreatToTarget.Efficacy Category",
    )
    assert (found, milestones, secondary) == (expected, None, None)


def test_too_early_wins_over_unknown_activity() -> None:
    assert category([on("adalimumab", "2026-10-01")]) == "TOO_EARLY"


def test_methotrexate_alone_is_judged_like_any_index_drug() -> None:
    record = treated("2026-03-02", das28(6.1), das28(5.72), drug="methotrexate")
    assert category(record) == "PRIMARY_NONRESPONSE_M6"
