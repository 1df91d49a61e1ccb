"""Truth tables of adherence (C10, 8.9)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.cql import build
from tests.cql.build import (
    ICD10,
    administration,
    bundle,
    condition,
    dispense,
    observation,
    statement,
)

TODAY = date.fromisoformat(build.AS_OF)
WINDOW_START = TODAY - timedelta(days=179)
LONG_AGO = "2025-09-01"


def adherence(*resources: build.Json, **options: Any) -> Any:
    name = "Adherence.Adherence"
    return build.evaluate(bundle(*resources), [name], **options)[name]


def on_drug(*resources: build.Json, start: str = LONG_AGO) -> list[build.Json]:
    return [statement("adalimumab", start), *resources]


def day(offset: int) -> str:
    """ISO date `offset` days after the first day of the 180-day window."""
    return (WINDOW_START + timedelta(days=offset)).isoformat()


def fill(offset: int, days: float | None, **elements: Any) -> build.Json:
    return dispense("adalimumab", day(offset), days, **elements)


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("fills", "covered"),
    [
        ([(0, 180)], 180),
        ([(0, 144)], 144),
        ([(0, 143)], 143),
        ([(0, 28), (28, 28), (60, 28)], 84),
        # overlapping fills carry forward
        ([(0, 56), (42, 56)], 112),
        ([(0, 90), (0, 90)], 180),
        # supply beyond the window is cut
        ([(150, 90)], 30),
        ([(0, 300)], 180),
        # supply from before the window reaches into it
        ([(-10, 28)], 18),
        ([(-10, 28), (0, 28)], 46),
        ([(-60, 28), (170, 10)], 10),
    ],
)
def test_days_covered_of_180(fills: list[tuple[int, int]], covered: int) -> None:
    found = adherence(*on_drug(*(fill(offset, days) for offset, days in fills)))
    assert found["pdc"] == pytest.approx(covered / 180)
    assert found["state"] == ("ok" if covered >= 144 else "non-adherent")


def test_order_of_fills_changes_nothing() -> None:
    fills = [fill(0, 56), fill(42, 56), fill(100, 28)]
    assert adherence(*on_drug(*fills)) == adherence(*on_drug(*reversed(fills)))


def test_window_since_start_when_shorter() -> None:
    start = ago(99)
    found = adherence(statement("adalimumab", start), dispense("adalimumab", start, 80))
    assert found == {"state": "ok", "pdc": pytest.approx(0.8), "reasons": ["PDC_SUFFICIENT"]}
    found = adherence(statement("adalimumab", start), dispense("adalimumab", start, 79))
    assert found["state"] == "non-adherent"


def test_window_ends_with_the_treatment() -> None:
    stopped = statement("adalimumab", ago(129), ago(30), status="stopped")
    found = adherence(stopped, dispense("adalimumab", ago(129), 90))
    assert found["pdc"] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("resources", "pdc"),
    [
        # how long a fill lasts is not known
        ([fill(0, None)], None),
        ([fill(0, 2, unit="{pen}")], None),
        ([fill(0, 12, unit="wk")], 84 / 180),
        ([fill(0, 84, unit=None)], 84 / 180),
        ([dispense("adalimumab", "2026-06", 28)], None),
        # another drug's supply
        ([dispense("methotrexate", day(0), 180)], None),
        ([fill(0, 180, status="cancelled")], None),
        ([], None),
    ],
)
def test_unknown_supply_is_unknown(resources: list[build.Json], pdc: float | None) -> None:
    found = adherence(*on_drug(*resources))
    assert found["pdc"] == (None if pdc is None else pytest.approx(pdc))
    if pdc is None:
        assert found == {"state": "unknown", "pdc": None, "reasons": ["NO_ADHERENCE_DATA"]}


def test_partial_start_only_where_its_day_cannot_matter() -> None:
    near = adherence(statement("adalimumab", "2026-08"), dispense("methotrexate", "2026-08-01"))
    assert near["state"] == "unknown"
    far = adherence(statement("adalimumab", "2025"), fill(0, 180))
    # the first fill lies more than 90 days after the stated start, so the stated start stays
    assert far["pdc"] == pytest.approx(1)


@pytest.mark.parametrize(("start", "pdc"), [("2026-05", 73 / 180), ("2026-06", None)])
def test_a_month_that_ends_on_the_first_day_of_the_window_is_enough(
    start: str, pdc: float | None
) -> None:
    # on 2026-11-26 the window of 180 days begins on 2026-05-31
    given = [statement("adalimumab", start), dispense("adalimumab", "2026-09-15", 90)]
    found = adherence(*given, as_of="2026-11-26")["pdc"]
    assert found == (None if pdc is None else pytest.approx(pdc))


def test_incomplete_dispenses_can_only_reassure() -> None:
    incomplete = {"RAParameters.Incomplete Data": ["MedicationDispense"]}
    low = adherence(*on_drug(fill(0, 90)), parameters=incomplete)
    assert low["state"] == "unknown"
    assert low["pdc"] is None
    just_below = adherence(*on_drug(fill(0, 143)), parameters=incomplete)
    assert just_below["pdc"] is None
    at_the_limit = adherence(*on_drug(fill(0, 144)), parameters=incomplete)
    assert (at_the_limit["state"], at_the_limit["pdc"]) == ("ok", pytest.approx(0.8))


@pytest.mark.parametrize(
    ("value", "age", "state", "pdc"),
    [
        (0.95, 30, "ok", 0.95),
        (0.80, 30, "ok", 0.80),
        (0.79, 30, "non-adherent", 0.79),
        (0.95, 31, "non-adherent", 0.5),
    ],
)
def test_reported_pdc_wins_for_30_days(value: float, age: int, state: str, pdc: float) -> None:
    found = adherence(*on_drug(fill(0, 90), observation("pdc", value, None, ago(age))))
    assert (found["state"], found["pdc"]) == (state, pytest.approx(pdc))


@pytest.mark.parametrize(
    ("code", "value", "state", "reason"),
    [
        ("missed-doses-of-6", 0, "ok", "FEW_MISSED_DOSES"),
        ("missed-doses-of-6", 1, "ok", "FEW_MISSED_DOSES"),
        ("missed-doses-of-6", 2, "non-adherent", "MISSED_DOSES"),
        ("missed-doses-of-6", 6, "non-adherent", "MISSED_DOSES"),
        ("mars-5", 25, "ok", "MARS5_SUFFICIENT"),
        ("mars-5", 20, "ok", "MARS5_SUFFICIENT"),
        ("mars-5", 19, "non-adherent", "MARS5_LOW"),
    ],
)
def test_self_report(code: str, value: int, state: str, reason: str) -> None:
    found = adherence(*on_drug(observation(code, value, None, ago(3))))
    assert (found["state"], found["reasons"]) == (state, [reason])


@pytest.mark.parametrize(("code", "value"), [("mars-5", 12), ("missed-doses-of-6", 3)])
def test_old_self_report_is_none(code: str, value: int) -> None:
    def state(days: int) -> Any:
        return adherence(*on_drug(observation(code, value, None, ago(days))))["state"]

    assert (state(180), state(181)) == ("non-adherent", "unknown")


def test_the_latest_self_report_counts() -> None:
    reports = [observation("mars-5", 12, None, ago(90)), observation("mars-5", 24, None, ago(3))]
    assert adherence(*on_drug(*reports))["state"] == "ok"


def test_one_bad_sign_outweighs_a_good_one() -> None:
    found = adherence(*on_drug(fill(0, 180), observation("missed-doses-of-6", 3, None, ago(3))))
    assert found["state"] == "non-adherent"
    assert found["reasons"] == ["MISSED_DOSES", "PDC_SUFFICIENT"]


def infusions(*offsets: int) -> list[build.Json]:
    """Infliximab so many days ago each."""
    return [administration("infliximab", ago(offset)) for offset in offsets]


@pytest.mark.parametrize(
    ("offsets", "state", "reasons"),
    [
        # every 56 days: late is a gap of more than 84
        ((308, 252, 196, 140, 84, 28), "ok", ["INFUSIONS_ON_TIME"]),
        ((308, 252, 196, 112, 28), "ok", ["INFUSIONS_ON_TIME"]),
        ((309, 253, 197, 141, 56), "non-adherent", ["INFUSION_LATE"]),
        # the next one is overdue
        ((364, 308, 252, 196, 140, 84), "ok", ["INFUSIONS_ON_TIME"]),
        ((365, 309, 253, 197, 141, 85), "non-adherent", ["INFUSION_LATE"]),
        # a delay that ended before the window is history
        ((500, 444, 344, 288, 232, 176, 120, 64, 8), "ok", ["INFUSIONS_ON_TIME"]),
        # 84 days where 56 are usual: at the limit; a day more within the window or one before it
        ((364, 308, 252, 196, 112, 56), "ok", ["INFUSIONS_ON_TIME"]),
        ((432, 376, 320, 264, 179, 123, 67, 11), "non-adherent", ["INFUSION_LATE"]),
        ((433, 377, 321, 265, 180, 124, 68, 12), "ok", ["INFUSIONS_ON_TIME"]),
        # three gaps make a usual interval
        ((196, 140, 84, 28), "ok", ["INFUSIONS_ON_TIME"]),
        ((140, 84, 28), "unknown", ["NO_ADHERENCE_DATA"]),
        # too few doses for a usual interval
        ((100, 44), "unknown", ["NO_ADHERENCE_DATA"]),
        ((44,), "unknown", ["NO_ADHERENCE_DATA"]),
    ],
)
def test_infusions(offsets: tuple[int, ...], state: str, reasons: list[str]) -> None:
    found = adherence(*infusions(*offsets))
    assert (found["state"], found["reasons"]) == (state, reasons)


@pytest.mark.parametrize(("last", "state"), [(84, "ok"), (85, "non-adherent")])
def test_ordered_interval_decides_without_a_usual_one(last: int, state: str) -> None:
    every_8_weeks = {"timing": {"repeat": {"frequency": 1, "period": 8, "periodUnit": "wk"}}}
    ordered = statement("infliximab", ago(last + 56), dosage=[every_8_weeks])
    assert adherence(ordered, *infusions(last + 56, last))["state"] == state


@pytest.mark.parametrize(("every", "state"), [(14, "ok"), (13, "unknown")])
def test_an_ordered_interval_of_less_than_14_days_is_none_of_infusions(
    every: int, state: str
) -> None:
    timing = {"timing": {"repeat": {"frequency": 1, "period": every, "periodUnit": "d"}}}
    ordered = statement("infliximab", ago(28), dosage=[timing])
    assert adherence(ordered, *infusions(28, 14))["state"] == state


@pytest.mark.parametrize(
    ("onset", "options", "state"),
    [
        ("2026-10-01", {}, "non-adherent"),
        ("2026-05-28", {}, "non-adherent"),
        ("2026-05-27", {}, "unknown"),
        # a record without a status is open
        ("2026-10-01", {"clinical": None}, "non-adherent"),
        ("2026-01-01", {}, "unknown"),
        ("2026-10-01", {"clinical": "resolved"}, "unknown"),
        ("2026-10-01", {"verification": "provisional"}, "unknown"),
    ],
)
def test_recorded_non_adherence(onset: str, options: dict[str, Any], state: str) -> None:
    recorded = condition(ICD10("Z91.148"), onset, **options)
    assert adherence(*on_drug(recorded))["state"] == state


@pytest.mark.parametrize(
    ("resources", "non_adherent", "adherent"),
    [
        ([], None, None),
        # without a drug there is nothing to take
        ([observation("missed-doses-of-6", 3, None, ago(3))], None, None),
        (on_drug(), None, None),
        (on_drug(fill(0, 180)), False, True),
        (on_drug(fill(0, 90)), True, False),
    ],
)
def test_tri_state(
    resources: list[build.Json], non_adherent: bool | None, adherent: bool | None
) -> None:
    names = ["Adherence.Is Non-adherent", "Adherence.Is Adherent"]
    found = build.evaluate(bundle(*resources), names)
    assert [found[name] for name in names] == [non_adherent, adherent]
