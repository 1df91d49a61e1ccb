"""TreatmentResponse.cql at its edges (clinical-spec C1, C5, C6, 2.4, 2.5, 8.40): which index tells
a change, where a rise becomes a loss, and what is unknown rather than no."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import VISIT, ask, days_before, visit
from tests.cql.build import Json, observation
from tests.cql.response_questions import category, cdai, das28, flags, gaps, treated

VERSIONS = ("das28Esr4", "das28Crp4", "das28Esr3", "das28Crp3")
EARLIER = "2026-06-01"


def response(*record: Json) -> Any:
    return ask(list(record), "TreatToTarget.Response")[0]


def responded_earlier(record: list[Json]) -> Any:
    return ask(record, "TreatmentResponse.Responded Earlier")[0]


# ----- the change from baseline -----


@pytest.mark.parametrize("version", VERSIONS)
def test_the_fall_is_one_of_a_version_that_both_visits_have(version: str) -> None:
    found = response(*treated("2026-08-03", {version: 6.0}, {version: 4.5}))
    assert found["das28Fall"] == pytest.approx(1.5)
    assert found["eular"] == "moderate"


@pytest.mark.parametrize(
    ("before", "now"), [(None, das28(5.0)), (das28(6.0), None), (None, None), (das28(6.0), {})]
)
def test_without_both_visits_there_is_no_change(
    before: dict[str, float] | None, now: dict[str, float] | None
) -> None:
    record = treated("2026-05-04", before, now)
    assert response(*record) is None
    assert ("baseline", "NO_SHARED_INDEX") not in gaps(record)


@pytest.mark.parametrize(("now", "improved"), [(4.0, True), (5.9, False)])
def test_without_cdai_the_eular_response_decides_on_tocilizumab_too(
    now: float, improved: bool
) -> None:
    found = response(*treated("2026-08-03", das28(6.0), das28(now), drug="tocilizumab"))
    assert found["improved"] is improved


@pytest.mark.parametrize(
    ("before", "now", "halved"),
    [
        (30.0, 15.0, True),
        (30.0, 15.1, False),
        (0.1, 0.1, False),
        (0.0, 0.0, None),
    ],
)
def test_half_better_needs_something_to_halve(
    before: float, now: float, halved: bool | None
) -> None:
    record = treated("2026-08-03", {"cdai": before, "sdai": before}, {"cdai": now, "sdai": now})
    found = response(*record)
    assert (found["cdaiHalved"], found["sdaiHalved"]) == (halved, halved)


# ----- earlier on this drug -----


@pytest.mark.parametrize(
    ("baseline", "earlier", "answer", "expected"),
    [
        (das28(5.9), das28(5.6), None, False),
        (das28(5.9), das28(3.2), None, True),
        (das28(5.9), das28(5.6), True, True),
        (das28(5.9), das28(3.2), False, True),  # what was measured wins over what is remembered
        (None, das28(5.6), None, None),  # neither low nor comparable
        (None, das28(5.6), False, False),
        (None, das28(3.2), None, True),
        (das28(5.9), None, None, None),
        (das28(5.9), None, False, False),
        (das28(5.9), cdai(30.0), None, None),  # another index than the baseline's
    ],
)
def test_was_there_a_response_earlier(
    baseline: dict[str, float] | None,
    earlier: dict[str, float] | None,
    answer: bool | None,
    expected: bool | None,
) -> None:
    record = treated("2026-01-05", baseline, das28(5.9), {EARLIER: earlier} if earlier else {})
    if answer is not None:
        record.append(observation("ever-responded", answer, date=VISIT))
    assert responded_earlier(record) is expected


def test_boolean_remission_was_a_response_whatever_the_score() -> None:
    earlier = visit(EARLIER, tjc28=1, sjc28=1, crp=5, ptgh=20, esr=100)
    record = [*treated("2026-01-05", None, das28(5.9)), *earlier]
    assert responded_earlier(record) is True


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-05-04", "SECONDARY_LOSS"), ("2026-05-03", "TARGET_MISSED_UNKNOWN_TYPE")],
)
def test_an_answer_counts_from_the_first_day_of_the_drug(day: str, expected: str) -> None:
    record = treated("2026-05-04", None, das28(5.0))
    record.append(observation("ever-responded", True, date=day))
    assert category(record) == expected


# ----- worse than the best visit (C6, 8.40) -----


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("now", "expected"), [(4.0, "SECONDARY_LOSS"), (3.3, "TARGET_MISSED_UNKNOWN_TYPE")]
)
def test_every_version_of_das28_tells_a_loss(version: str, now: float, expected: str) -> None:
    record = treated("2026-01-05", {version: 6.0}, {version: now}, {EARLIER: {version: 3.0}})
    assert category(record) == expected


# CDAI misses the target all the time and does not move: DAS28 alone tells the loss.
@pytest.mark.parametrize(
    ("best", "now", "lost"),
    [
        (1.5, 2.71, True),  # by more than 1.2 at any level
        (1.5, 2.7, False),
        (2.5, 3.2, True),  # by more than 0.6 from 3.2 on
        (2.5, 3.19, False),
        (2.59, 3.2, True),
        (2.6, 3.2, False),
    ],
)
def test_a_rise_of_das28_at_low_levels(best: float, now: float, lost: bool) -> None:
    record = treated(
        "2026-01-05",
        das28(6.0) | cdai(30.0),
        das28(now) | cdai(12.0),
        {EARLIER: das28(best) | cdai(12.0)},
    )
    assert category(record) == ("SECONDARY_LOSS" if lost else "TARGET_MISSED_UNKNOWN_TYPE")


@pytest.mark.parametrize(
    ("best", "now", "lost"),
    [
        (16.0, 22.0, True),  # 22 is not yet high: 6 are enough
        (16.1, 22.1, False),
        (10.1, 22.1, True),
        (10.1, 16.1, True),
        (10.1, 16.0, False),
        (10.0, 12.0, True),  # 2 are enough across 10
        (10.1, 12.2, False),
        (8.0, 10.1, True),
        (8.0, 10.0, False),
    ],
)
def test_a_rise_of_cdai(best: float, now: float, lost: bool) -> None:
    # DAS28 misses the target all the time and rises by too little; the answer says it once worked
    record = treated(
        "2026-01-05",
        das28(6.5) | cdai(40.0),
        das28(3.4) | cdai(now),
        {EARLIER: das28(3.3) | cdai(best)},
    )
    [found] = ask(record, "TreatmentResponse.Is Secondary Loss")
    assert found is lost


def test_a_score_that_is_the_best_again_has_not_weakened() -> None:
    record = treated("2026-01-05", das28(6.5), das28(4.5), {EARLIER: das28(4.5)})
    assert category(record) == "PRIMARY_NONRESPONSE_M6"
    assert flags(record) == {"PARTIAL_RESPONSE"}


# ----- seen once or twice -----


@pytest.mark.parametrize(
    ("earlier", "provisional"),
    [
        ({EARLIER: das28(2.9), days_before(28, VISIT): das28(5.0)}, False),
        ({EARLIER: das28(2.9)}, True),
        # nothing was better before the visit four weeks ago: that one is the response itself
        ({days_before(28, VISIT): das28(3.0)}, True),
    ],
)
@pytest.mark.parametrize("baseline", [das28(6.5), None])
def test_a_loss_is_confirmed_by_an_earlier_visit_with_or_without_baseline(
    baseline: dict[str, float] | None, earlier: dict[str, dict[str, float]], provisional: bool
) -> None:
    record = treated("2026-01-05", baseline, das28(5.2), earlier)
    assert category(record) == "SECONDARY_LOSS"
    assert ("PROVISIONAL_LOSS" in flags(record)) is provisional


def test_the_first_response_is_no_loss_although_another_index_has_risen() -> None:
    # DAS28-ESR was never measured before the drug, so that the first visit says nothing
    record = treated(
        "2026-01-05",
        {"das28Crp4": 6.0},
        das28(5.2),
        {EARLIER: das28(3.5), days_before(28, VISIT): {"das28Crp4": 4.5, "das28Esr4": 5.0}},
    )
    assert category(record) == "SECONDARY_LOSS"
    assert "PROVISIONAL_LOSS" in flags(record)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_of_das28_confirms_a_loss(version: str) -> None:
    earlier = {EARLIER: {version: 2.9}, days_before(28, VISIT): {version: 5.0}}
    record = treated("2026-01-05", {version: 6.5}, {version: 5.2}, earlier)
    assert category(record) == "SECONDARY_LOSS"
    assert "PROVISIONAL_LOSS" not in flags(record)


def test_cdai_confirms_a_loss() -> None:
    earlier = {EARLIER: cdai(6.0), days_before(28, VISIT): cdai(20.0)}
    record = treated("2026-01-05", cdai(35.0), cdai(21.0), earlier)
    assert category(record) == "SECONDARY_LOSS"
    assert "PROVISIONAL_LOSS" not in flags(record)


# ----- no history at all (8.6) -----


@pytest.mark.parametrize(
    ("baseline", "earlier", "answer", "unknown"),
    [
        (None, {}, None, True),
        (das28(6.0), {}, None, False),
        (None, {EARLIER: das28(5.6)}, None, False),
        (None, {}, False, False),
    ],
)
def test_nothing_tells_how_it_was(
    baseline: dict[str, float] | None,
    earlier: dict[str, dict[str, float]],
    answer: bool | None,
    unknown: bool,
) -> None:
    record = treated("2026-01-05", baseline, das28(5.9), earlier)
    if answer is not None:
        record.append(observation("ever-responded", answer, date=VISIT))
    [found] = ask(record, "TreatmentResponse.Response History Is Unknown")
    assert found is unknown
