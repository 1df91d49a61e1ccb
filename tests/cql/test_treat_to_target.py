"""TreatToTarget.cql, clinical-spec C1-C5, 2.4, 8.5-8.8, 8.42: when, response, nonresponse."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ra_cds_hooks.cql_engine_lite import Quantity
from tests.cql.activity_records import VISIT, ask, on, visit
from tests.cql.build import observation
from tests.cql.response_questions import CATEGORY, category, cdai, das28, flags, gaps, treated

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
