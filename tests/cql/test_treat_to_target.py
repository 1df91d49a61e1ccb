"""TreatToTarget.cql against clinical-spec C1-C7, 2.4, 8.5-8.8, 8.40 and 8.42."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import Quantity
from tests.cql.activity_records import VISIT, ask, days_before, full_visit, on, visit
from tests.cql.build import DRUGS, Json, concept, condition, observation, resource

CATEGORY = "TreatToTarget.Response Category"


def category(resources: list[Json]) -> str | None:
    [found] = ask(resources, CATEGORY)
    assert found is None or isinstance(found, str)
    return found


def flags(resources: list[Json]) -> set[str]:
    [found] = ask(resources, "TreatToTarget.Treat To Target Flags")
    return set(found)


def gaps(resources: list[Json]) -> set[tuple[str, str]]:
    [found] = ask(resources, "TreatToTarget.Treat To Target Gaps")
    return {(gap["what"], gap["why"]) for gap in found}


def treated(
    start: str,
    baseline: dict[str, float] | None = None,
    current: dict[str, float] | None = None,
    earlier: dict[str, dict[str, float]] | None = None,
    drug: str = "adalimumab",
    current_day: str = VISIT,
) -> list[Json]:
    """On a drug since `start`, with reported totals before, in between (by day) and now."""
    record = [on(drug, start)]
    if baseline is not None:
        record += visit(days_before(2, start), **baseline)  # type: ignore[arg-type]
    for day, totals in (earlier or {}).items():
        record += visit(day, **totals)  # type: ignore[arg-type]
    if current is not None:
        record += visit(current_day, **current)  # type: ignore[arg-type]
    return record


def das28(value: float) -> dict[str, float]:
    return {"das28Esr4": value}


def cdai(value: float) -> dict[str, float]:
    return {"cdai": value}


# ----- when (0.3, 0.4, C1-C3, 8.42) -----


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-08-24", "TOO_EARLY"),  # three months are 2026-11-24, tomorrow
        ("2026-08-23", "PRIMARY_NONRESPONSE_M3"),
        ("2026-05-24", "PRIMARY_NONRESPONSE_M3"),  # six months are tomorrow
        ("2026-05-23", "PRIMARY_NONRESPONSE_M6"),
        # three calendar months after 30 November are the last day of February
        ("2025-11-30", "PRIMARY_NONRESPONSE_M6"),
    ],
)
def test_calendar_months(start: str, expected: str) -> None:
    record = treated(start, das28(6.0), das28(6.0), current_day="2026-11-23")
    assert category(record) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-08-04", "TOO_EARLY"),  # 16 weeks are 2026-11-24
        ("2026-08-03", "PRIMARY_NONRESPONSE_M3"),
        ("2026-06-09", "PRIMARY_NONRESPONSE_M3"),  # 24 weeks are 2026-11-24
        ("2026-06-08", "PRIMARY_NONRESPONSE_M6"),
    ],
)
def test_rituximab_is_judged_after_16_and_24_weeks(start: str, expected: str) -> None:
    record = treated(start, das28(6.0), das28(6.0), drug="rituximab", current_day="2026-11-23")
    assert category(record) == expected


@pytest.mark.parametrize(("days", "expected"), [(0, "TOO_EARLY"), (1, "PRIMARY_NONRESPONSE_M3")])
def test_a_site_may_allow_an_early_assessment(days: int, expected: str) -> None:
    record = treated("2026-08-24", das28(6.0), das28(6.0), current_day="2026-11-23")
    [found] = ask(
        record,
        CATEGORY,
        parameters={"RAParameters.Assessment Tolerance": Quantity(Decimal(days), "days")},
    )
    assert found == expected


@pytest.mark.parametrize(
    ("start", "expected", "months"),
    [
        ("2026-10", "TOO_EARLY", ("2027-01", "2027-04")),
        ("2026-08", "UNKNOWN_DATE_PRECISION", ("2026-11", "2027-02")),
        ("2026-07", "PRIMARY_NONRESPONSE_M3", ("2026-10", "2027-01")),
        ("2026-05", "PRIMARY_NONRESPONSE_M3", ("2026-08", "2026-11")),
        ("2026-04", "PRIMARY_NONRESPONSE_M6", ("2026-07", "2026-10")),
        ("2026", "UNKNOWN_DATE_PRECISION", ("2026", "2026")),
        ("2025", "PRIMARY_NONRESPONSE_M6", ("2025", "2025")),
        (None, "UNKNOWN_DATE_PRECISION", (None, None)),
    ],
)
def test_partial_start_dates(
    start: str | None, expected: str, months: tuple[str | None, str | None]
) -> None:
    # an answer of the clinician stands in for the baseline that a partial start cannot place
    record = [on("adalimumab", start), *visit(VISIT, **das28(6.0))]
    record.append(observation("ever-responded", False, date=VISIT))
    found, milestones = ask(record, CATEGORY, "TreatToTarget.Milestones")
    assert found == expected
    if start not in ("2026", "2025"):
        assert (milestones["month3"], milestones["month6"]) == months
    asked = ("start-date", "UNKNOWN_DATE_PRECISION") in gaps(record)
    assert asked is (expected == "UNKNOWN_DATE_PRECISION")


def test_an_improvement_whose_target_date_is_uncertain_asks_for_the_day() -> None:
    # started in May: improved, target missed; on track or failed at six months depends on the day
    record = [on("adalimumab", "2026-05"), *visit("2026-04-28", **das28(6.0))]
    record += visit(VISIT, **das28(4.0))
    assert category(record) == "UNKNOWN_DATE_PRECISION"


def test_at_target_needs_no_exact_start() -> None:
    record = [on("adalimumab", "2026-05"), *visit(VISIT, das28Esr4=3.0, cdai=5.0)]
    assert category(record) == "AT_TARGET"


@pytest.mark.parametrize(
    ("measured", "expected", "flagged"),
    [
        ("2026-11-03", "PRIMARY_NONRESPONSE_M3", False),
        ("2026-11-02", "ACTIVITY_UNKNOWN", True),
    ],
)
def test_a_score_before_the_window_judges_nothing(
    measured: str, expected: str, flagged: bool
) -> None:
    record = treated("2026-08-03", das28(6.0), das28(6.0), current_day=measured)
    assert category(record) == expected
    assert ("SCORE_PREDATES_WINDOW" in flags(record)) is flagged
    assert (("activity", "SCORE_PREDATES_WINDOW") in gaps(record)) is flagged


def test_a_score_between_three_and_six_months_judges_the_response_only() -> None:
    record = treated("2026-05-04", das28(6.0), das28(4.0), current_day="2026-10-20")
    assert category(record) == "ON_TRACK"
    assert ("activity", "TARGET_ASSESSMENT_DUE") in gaps(record)


def test_milestones() -> None:
    [found] = ask(treated("2026-09-28", das28(6.3), das28(5.7)), "TreatToTarget.Milestones")
    assert found == {
        "month3": "2026-12-28",
        "month6": "2027-03-28",
        "assessmentDate": VISIT,
        "evaluableFrom": "2026-12-28",
    }


# ----- EULAR response (2.4) through C1 -----


@pytest.mark.parametrize(
    ("before", "now", "response"),
    [
        (4.41, 3.2, "good"),
        (4.4, 3.2, "moderate"),
        (3.81, 3.2, "moderate"),
        (3.8, 3.2, "none"),
        (4.42, 3.21, "moderate"),
        (4.41, 3.21, "moderate"),
        (3.82, 3.21, "moderate"),
        (3.81, 3.21, "none"),
        (6.31, 5.1, "moderate"),
        (6.3, 5.1, "moderate"),
        (5.7, 5.1, "none"),
        (6.32, 5.11, "moderate"),
        (6.31, 5.11, "none"),
        (5.0, 6.0, "none"),
    ],
)
def test_eular_response(before: float, now: float, response: str) -> None:
    [found] = ask(treated("2026-08-03", das28(before), das28(now)), "TreatToTarget.Response")
    assert found["eular"] == response
    assert found["improved"] is (response != "none")
    assert found["das28Fall"] == pytest.approx(before - now)


@pytest.mark.parametrize(
    ("before", "now", "response"),
    [
        ({"das28Esr4": 6.0}, {"das28Crp4": 3.0}, None),
        ({"das28Esr4": 6.0, "das28Crp4": 5.5}, {"das28Crp4": 4.0}, "moderate"),
        ({"das28Esr3": 6.0}, {"das28Esr3": 4.0}, "moderate"),
        ({"das28Crp3": 6.0}, {"das28Crp3": 5.9}, "none"),
    ],
)
def test_eular_response_needs_one_version_at_both_visits(
    before: dict[str, float], now: dict[str, float], response: str | None
) -> None:
    record = treated("2026-08-03", before, now)
    [found] = ask(record, "TreatToTarget.Response")
    assert found["eular"] == response
    assert (("baseline", "NO_SHARED_INDEX") in gaps(record)) is (response is None)


# ----- meaningful improvement (C1, 8.5, 8.7) -----


@pytest.mark.parametrize(
    ("before", "now", "improved"),
    [
        (22.1, 10.1, True),
        (22.1, 10.2, False),
        (22.0, 16.0, True),
        (22.0, 16.1, False),
        (10.1, 4.1, True),
        (10.1, 4.2, False),
        (10.0, 9.0, True),
        (10.0, 9.1, False),
    ],
)
def test_cdai_fall_by_baseline_state(before: float, now: float, improved: bool) -> None:
    [found] = ask(treated("2026-08-03", cdai(before), cdai(now)), "TreatToTarget.Response")
    assert found["improved"] is improved


@pytest.mark.parametrize(("now", "improved"), [(19.05, True), (19.06, False)])
def test_sdai_fall(now: float, improved: bool) -> None:
    record = treated("2026-08-03", {"sdai": 30.0}, {"sdai": now})
    [found] = ask(record, "TreatToTarget.Response")
    assert found["improved"] is improved


@pytest.mark.parametrize(
    ("drug", "improved"), [("adalimumab", True), ("tocilizumab", False), ("tofacitinib", False)]
)
def test_cdai_comes_first_after_il6_and_jak_inhibitors(drug: str, improved: bool) -> None:
    before, now = {"das28Esr4": 6.0, "cdai": 30.0}, {"das28Esr4": 4.0, "cdai": 25.0}
    record = treated("2026-08-03", before, now, drug=drug)
    [found] = ask(record, "TreatToTarget.Response")
    assert found["improved"] is improved
    assert "RESPONSE_DISCORDANT" in flags(record)


@pytest.mark.parametrize(
    ("now", "discordant"),
    [
        ({"das28Esr4": 4.0, "cdai": 18.0}, False),
        ({"das28Esr4": 4.0, "cdai": 18.1}, True),
        ({"das28Esr4": 5.9, "cdai": 18.0}, True),
        ({"das28Esr4": 5.9, "cdai": 29.0}, False),
        ({"das28Esr4": 4.0}, False),
    ],
)
def test_discordant_responses(now: dict[str, float], discordant: bool) -> None:
    record = treated("2026-08-03", {"das28Esr4": 6.0, "cdai": 30.0}, now)
    assert ("RESPONSE_DISCORDANT" in flags(record)) is discordant


def test_half_better() -> None:
    record = treated("2026-08-03", {"cdai": 30.0, "sdai": 32.0}, {"cdai": 15.0, "sdai": 16.1})
    [found] = ask(record, "TreatToTarget.Response")
    assert (found["cdaiHalved"], found["sdaiHalved"]) == (True, False)


# ----- on track, primary nonresponse (C4, C5) -----


@pytest.mark.parametrize(
    ("start", "now", "expected", "partial"),
    [
        ("2026-08-03", 4.0, "ON_TRACK", False),
        ("2026-08-03", 5.9, "PRIMARY_NONRESPONSE_M3", False),
        ("2026-05-04", 4.0, "PRIMARY_NONRESPONSE_M6", True),
        ("2026-05-04", 5.9, "PRIMARY_NONRESPONSE_M6", False),
    ],
)
def test_three_and_six_months(start: str, now: float, expected: str, partial: bool) -> None:
    record = treated(start, das28(6.0), das28(now))
    assert category(record) == expected
    assert ("PARTIAL_RESPONSE" in flags(record)) is partial
    unknown = expected.startswith("PRIMARY")
    assert ("EARLIER_RESPONSE_UNKNOWN" in flags(record)) is unknown
    assert (("earlier-response", "EARLIER_RESPONSE_UNKNOWN") in gaps(record)) is unknown


def test_at_target_at_six_months() -> None:
    assert (
        category(treated("2026-05-04", das28(6.0), {"das28Esr4": 3.0, "cdai": 8.0})) == "AT_TARGET"
    )


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-08-03", "TARGET_MISSED_UNKNOWN_TYPE"),
        ("2026-05-04", "TARGET_MISSED_UNKNOWN_TYPE"),
    ],
)
def test_without_baseline_and_earlier_score_the_type_is_unknown(start: str, expected: str) -> None:
    record = treated(start, None, das28(5.0))
    assert category(record) == expected
    assert ("baseline", "BASELINE_MISSING") in gaps(record)
    assert "EARLIER_RESPONSE_UNKNOWN" not in flags(record)


def test_without_baseline_an_earlier_score_that_was_never_low_is_primary_at_six_months() -> None:
    record = treated("2026-05-04", None, das28(5.0), {"2026-07-20": das28(5.2)})
    assert category(record) == "PRIMARY_NONRESPONSE_M6"
    assert "EARLIER_RESPONSE_UNKNOWN" not in flags(record)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, "TARGET_MISSED_UNKNOWN_TYPE"),
        (False, "PRIMARY_NONRESPONSE_M6"),
        (True, "SECONDARY_LOSS"),
    ],
)
def test_the_clinicians_answer_separates_primary_from_secondary(
    answer: bool | None, expected: str
) -> None:
    record = treated("2026-05-04", None, das28(5.0))
    if answer is not None:
        record.append(observation("ever-responded", answer, date=VISIT))
    assert category(record) == expected


def test_an_answer_given_before_this_drug_says_nothing_about_it() -> None:
    record = treated("2026-05-04", None, das28(5.0))
    record.append(observation("ever-responded", True, date="2026-05-03"))
    assert category(record) == "TARGET_MISSED_UNKNOWN_TYPE"


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
