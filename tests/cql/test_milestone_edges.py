"""TreatToTarget.cql at its edges (clinical-spec 0.4, C3, C7, 8.42): starts known to the month,
stops, an unknown status, and which question is asked when."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import VISIT, ask, on, visit
from tests.cql.build import Json, condition, observation, request
from tests.cql.response_questions import category, das28, flags, gaps, treated

EFFICACY = "TreatToTarget.Efficacy Category"
SECONDARY = "TreatToTarget.Secondary Categories"
ILD = ("http://snomed.info/sct", "233703007")


def of_unknown_status(start: str) -> Json:
    return on("adalimumab", start, status="unknown")


# ----- a start known to the month: July + 3 months is between the 1st and the 31st of October -----


@pytest.mark.parametrize(
    ("measured", "expected", "efficacy"),
    [
        ("2026-09-30", "ACTIVITY_UNKNOWN", None),
        ("2026-10-01", "UNKNOWN_DATE_PRECISION", None),
        ("2026-10-30", "UNKNOWN_DATE_PRECISION", None),
        ("2026-10-31", "PRIMARY_NONRESPONSE_M3", "PRIMARY_NONRESPONSE_M3"),
    ],
)
def test_an_assessment_that_the_missing_day_decides(
    measured: str, expected: str, efficacy: str | None
) -> None:
    record = [on("adalimumab", "2026-07"), *visit(measured, **das28(6.0))]
    record.append(observation("ever-responded", False, date=VISIT))
    assert category(record) == expected
    assert ask(record, EFFICACY) == [efficacy]


def test_a_target_that_was_reached_needs_no_day() -> None:
    record = [on("adalimumab", "2026-07"), *visit("2026-10-15", cdai=5.0)]
    assert ask(record, SECONDARY) == [["AT_TARGET"]]


def test_a_target_seen_before_it_can_be_judged_is_no_secondary_category() -> None:
    record = [on("adalimumab", "2026-07"), *visit("2026-09-30", cdai=5.0)]
    assert ask(record, SECONDARY) == [[]]


def test_a_loss_needs_no_day_of_the_start() -> None:
    # May + 6 months may or may not be over; improved since the baseline, but lost since June
    record = [on("adalimumab", "2026-05"), *visit("2026-04-28", **das28(6.5))]
    record += visit("2026-08-10", **das28(3.0)) + visit(VISIT, **das28(5.0))
    assert category(record) == "SECONDARY_LOSS"


def test_an_unknown_target_names_no_failure() -> None:
    # a DAS28 of 2.5 without the swollen joints behind it
    record = treated("2026-05-04", das28(6.0), das28(2.5))
    assert ask(record, EFFICACY) == [None]
    assert category(record) == "ACTIVITY_UNKNOWN"


# ----- stopped, or nobody knows -----


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        ("2026-11-20", "PRIMARY_NONRESPONSE_M6"),  # assessed on the last day on the drug
        ("2026-11-19", "TARGET_MISSED_UNKNOWN_TYPE"),
        ("2026-11", "PRIMARY_NONRESPONSE_M6"),
        ("2026-10", "TARGET_MISSED_UNKNOWN_TYPE"),
    ],
)
def test_the_last_day_on_the_drug_is_on_it(stop: str, expected: str) -> None:
    record = [on("adalimumab", "2026-03-02", stop, reason="stop-cost")]
    record += visit("2026-02-27", **das28(6.0)) + visit(VISIT, **das28(5.9))
    assert category(record) == expected


@pytest.mark.parametrize(
    "reason",
    [
        "stop-remission",
        "stop-cost",
        "stop-pregnancy",
        "stop-patient-choice",
        "stop-infection",
        "stop-surgery",
    ],
)
def test_an_assessment_after_such_a_stop_says_nothing_about_the_drug(reason: str) -> None:
    record = [on("adalimumab", "2026-03-02", "2026-11-10", reason=reason)]
    record += visit("2026-02-27", **das28(6.0)) + visit(VISIT, **das28(5.9))
    assert category(record) == "TARGET_MISSED_UNKNOWN_TYPE"


def test_of_an_unknown_status_nothing_is_known_to_be_stopped() -> None:
    record = [of_unknown_status("2026-03-02"), *visit("2026-02-27", **das28(6.0))]
    record += visit("2026-06-01", **das28(3.0)) + visit(VISIT, **das28(3.5))
    assert ask(record, "TreatToTarget.Is Intolerance") == [False]
    assert category(record) == "TARGET_MISSED_UNKNOWN_TYPE"
    assert "MINOR_WORSENING" in flags(record)


def test_without_a_drug_nothing_was_not_tolerated() -> None:
    assert ask(visit(VISIT, **das28(5.0)), "TreatToTarget.Is Intolerance") == [False]


@pytest.mark.parametrize(
    ("drug", "asked"),
    [
        ([request("adalimumab", "2026-05-11", status="stopped", reason="stop-cost")], True),
        ([on("adalimumab", "2026-05-11", "2026-11-10")], False),
        ([on("adalimumab", "2026-05-11")], False),
        ([of_unknown_status("2026-05-11")], False),
        ([], False),
    ],
)
def test_an_undated_stop_is_asked_about(drug: list[Json], asked: bool) -> None:
    record = [*drug, *visit(VISIT, **das28(5.0))]
    assert (("stop-date", "STOP_DATE_UNKNOWN") in gaps(record)) is asked


@pytest.mark.parametrize(("now", "asked"), [({"cdai": 30.0}, True), ({"cdai": 5.0}, False)])
def test_only_a_missed_target_is_to_be_assessed_anew_after_the_stop(
    now: dict[str, float], asked: bool
) -> None:
    record = [on("adalimumab", "2026-03-02", "2026-11-10", reason="stop-cost")]
    record += visit(VISIT, **now)  # type: ignore[arg-type]
    assert (("activity", "ASSESSED_AFTER_STOP") in gaps(record)) is asked


# ----- new lung disease while it is too early (C3) -----


@pytest.mark.parametrize(
    ("start", "onset", "worse"),
    [
        ("2026-09-28", "2026-09-29", True),
        ("2026-09-28", "2026-09-28", False),
        ("2026-09", "2026-10-01", True),
        ("2026-09", "2026-09-30", False),
    ],
)
def test_lung_disease_is_new_from_the_day_after_the_start(
    start: str, onset: str, worse: bool
) -> None:
    record = [on("adalimumab", start), condition(ILD, onset)]
    assert ("EARLY_WORSENING" in flags(record)) is worse


# ----- flags and questions -----


@pytest.mark.parametrize(
    ("before", "now", "discordant"),
    [
        ({"das28Esr4": 6.0}, {"das28Esr4": 5.9, "cdai": 10.1}, False),
        ({"cdai": 30.0}, {"das28Esr4": 5.9, "cdai": 12.0}, False),
        ({"das28Esr4": 6.0, "cdai": 30.0}, {"das28Esr4": 5.9, "cdai": 12.0}, True),
    ],
)
def test_one_response_alone_disagrees_with_nothing(
    before: dict[str, float], now: dict[str, float], discordant: bool
) -> None:
    record = treated("2026-08-03", before, now)
    assert ("RESPONSE_DISCORDANT" in flags(record)) is discordant


@pytest.mark.parametrize(
    ("drug", "unconfirmed"),
    [
        (on("adalimumab", "2026-05-04"), False),
        (request("adalimumab", "2026-05-04"), True),
        (on("adalimumab"), False),
        (request("adalimumab", None), False),
    ],
)
def test_a_start_on_an_order_alone_is_unconfirmed(drug: Json, unconfirmed: bool) -> None:
    assert ("START_UNCONFIRMED" in flags([drug])) is unconfirmed


@pytest.mark.parametrize(
    ("drug", "measured", "asked"),
    [
        (on("adalimumab", "2026-05-04"), "2026-10-20", True),
        (of_unknown_status("2026-05-04"), "2026-10-20", True),
        (on("adalimumab", "2026-05-04", "2026-11-10"), "2026-10-20", False),
        (on("adalimumab", "2026-05-04"), "2026-11-04", False),
        (on("adalimumab", "2026-05-04"), "2026-07-20", False),
        (on("adalimumab", "2026-06-04"), "2026-10-20", False),
    ],
)
def test_the_target_is_to_be_assessed_once_it_is_due(
    drug: Json, measured: str, asked: bool
) -> None:
    record = [drug, *visit(measured, **das28(4.0))]
    assert (("activity", "TARGET_ASSESSMENT_DUE") in gaps(record)) is asked


def asks_for_history(record: list[Json]) -> tuple[Any, Any]:
    found = gaps(record)
    earlier = ("earlier-response", "EARLIER_RESPONSE_UNKNOWN") in found
    return ("baseline", "BASELINE_MISSING") in found, earlier


@pytest.mark.parametrize(
    ("record", "baseline", "earlier"),
    [
        (visit(VISIT, **das28(5.0)), False, False),
        (treated("2026-05-04", None, das28(5.0)), True, True),
        (treated("2026-05-04", das28(6.0), das28(5.9)), False, True),
        (treated("2026-10-04", None, das28(5.0)), True, False),
        (treated("2026-05-04", None, {"cdai": 5.0}), True, False),
    ],
)
def test_what_was_before_is_asked_only_where_it_matters(
    record: list[Json], baseline: bool, earlier: bool
) -> None:
    assert asks_for_history(record) == (baseline, earlier)
