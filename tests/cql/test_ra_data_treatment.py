"""Truth tables of treatment: episodes (0.9, 8.8, 8.27) and the index drug (8.28, 8.43)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql import build
from tests.cql.build import (
    LOCAL,
    RXNORM,
    administration,
    bundle,
    concept,
    dispense,
    request,
    statement,
)


def rows(define: str, *resources: build.Json, **options: Any) -> Any:
    name = f"RAData.{define}"
    return build.evaluate(bundle(*resources), [name], **options)[name]


def episodes(*resources: build.Json, **options: Any) -> list[Any]:
    return list(rows("Treatment Episodes", *resources, **options))


def index_drug(*resources: build.Json) -> str | None:
    found = rows("Index Drug", *resources)
    return None if found is None else str(found["ingredient"])


# ----- episodes -----


def test_gap_of_90_days_stays_in_the_episode_and_91_do_not() -> None:
    first = statement("etanercept", "2025-01-01", "2025-06-30", status="completed")
    near = statement("etanercept", "2025-09-28")
    far = statement("etanercept", "2025-09-29")
    assert [e["start"] for e in episodes(first, near)] == ["2025-01-01"]
    assert [e["start"] for e in episodes(first, far)] == ["2025-01-01", "2025-09-29"]


def test_rituximab_merges_over_a_year() -> None:
    doses = [administration("rituximab", d) for d in ("2024-01-10", "2024-01-24", "2025-01-23")]
    assert [e["start"] for e in episodes(*doses)] == ["2024-01-10"]
    later = administration("rituximab", "2026-01-24")
    assert [e["start"] for e in episodes(*doses, later)] == ["2024-01-10", "2026-01-24"]


def test_change_of_dose_and_biosimilar_do_not_restart() -> None:
    records = [
        statement(
            concept(RXNORM("327361"), text="adalimumab"),
            "2025-01-06",
            "2025-09-01",
            status="completed",
        ),
        statement(concept(RXNORM("2103479"), text="adalimumab-atto"), "2025-09-01"),
    ]
    (episode,) = episodes(*records)
    assert (episode["start"], episode["active"]) == ("2025-01-06", True)
    assert episode["biosimilarSwitchDate"] == "2025-09-01"


def test_order_of_resources_changes_nothing() -> None:
    records = [
        statement("etanercept", "2025-01-01", "2025-06-30", status="stopped", reason="stop-cost"),
        dispense("etanercept", "2025-02-01"),
        request("etanercept", "2025-01-03"),
        statement("methotrexate", "2024"),
    ]
    assert episodes(*records) == episodes(*reversed(records))


@pytest.mark.parametrize(
    ("resources", "start", "unconfirmed"),
    [
        # 8.27: the first dose within 90 days of the stated start
        ([statement("adalimumab", "2026-03-02"), dispense("adalimumab", "2026-03-10")],
         "2026-03-10", False),
        ([statement("adalimumab", "2026-03-02"), dispense("adalimumab", "2026-05-31")],
         "2026-05-31", False),
        ([statement("adalimumab", "2026-03-02"), dispense("adalimumab", "2026-06-01")],
         "2026-03-02", True),
        # 8.8: the earliest reliable date
        ([statement("adalimumab", "2026-03-02"), dispense("adalimumab", "2026-02-20")],
         "2026-02-20", False),
        ([statement("adalimumab", "2026-03-02")], "2026-03-02", False),
        ([administration("infliximab", "2026-03-02")], "2026-03-02", False),
        ([request("adalimumab", "2026-03-02")], "2026-03-02", True),
        ([request("adalimumab", "2026-03-02"), dispense("adalimumab", "2026-03-20")],
         "2026-03-20", False),
        ([request("adalimumab", "2026-03-02"), dispense("adalimumab", "2026-06-20", 56)],
         "2026-03-02", True),
        ([request("adalimumab", "2026-02-20"), statement("adalimumab", "2026-03-02")],
         "2026-03-02", False),
        # 0.4: never padded
        ([statement("adalimumab", "2026-08")], "2026-08", False),
        ([statement("adalimumab", "2026")], "2026", False),
        ([statement("adalimumab", "2026-08"), dispense("adalimumab", "2026-08-05")],
         "2026-08-05", False),
        ([statement("adalimumab")], None, False),
        ([statement("adalimumab", "0001-01-01")], None, False),
        ([statement("adalimumab", "2026-03-02", "9999-12-31")], "2026-03-02", False),
    ],
)  # fmt: skip
def test_start(resources: list[build.Json], start: str | None, unconfirmed: bool) -> None:
    (episode,) = episodes(*resources)
    assert (episode["start"], episode["startUnconfirmed"]) == (start, unconfirmed)


def test_bounds_of_an_order_are_its_start() -> None:
    bounds = {"timing": {"repeat": {"boundsPeriod": {"start": "2026-04-01"}}}}
    (episode,) = episodes(request("adalimumab", "2026-03-02", dosageInstruction=[bounds]))
    assert episode["start"] == "2026-04-01"


@pytest.mark.parametrize(
    ("resources", "active", "stop", "reason"),
    [
        ([statement("adalimumab", "2026-05-04")], True, None, None),
        ([statement("adalimumab", "2026-05-04", status="on-hold")], True, None, None),
        ([statement("adalimumab", "2026-05-04", status="unknown")], None, None, None),
        ([statement("adalimumab", "2026-05-04", "2026-11-22")], False, "2026-11-22", None),
        ([statement("adalimumab", "2026-05-04", "2026-11-23")], True, None, None),
        ([statement("adalimumab", "2026-05-04", "2027-05-04")], True, None, None),
        ([statement("adalimumab", "2026-05-04", "2026-11")], True, None, None),
        ([statement("adalimumab", "2026-05-04", "2026-10", status="stopped")],
         False, "2026-10", None),
        ([statement("adalimumab", "2026-05-04", status="stopped")], False, None, None),
        ([statement("adalimumab", "2026-05-04", "2026-11-10", status="stopped",
                    reason="stop-allergy")], False, "2026-11-10", "stop-allergy"),
        ([statement("adalimumab", "2026-05-04", "2026-11-10", status="stopped",
                    reason=concept(text="nobody knows"))], False, "2026-11-10", None),
        ([request("adalimumab", "2026-05-04", status="stopped", reason="stop-ineffective-primary")],
         False, None, "stop-ineffective-primary"),
        # what the patient takes wins over what was ordered
        ([statement("adalimumab", "2026-05-04", "2026-11-10", status="stopped",
                    reason="stop-cost"), request("adalimumab", "2026-05-01")],
         False, "2026-11-10", "stop-cost"),
        # a dose after the stop is a new use
        ([statement("adalimumab", "2026-05-04", "2026-09-10", status="stopped"),
          dispense("adalimumab", "2026-10-20")], True, None, None),
        # a new order after the stop
        ([statement("adalimumab", "2026-05-04", "2026-09-10", status="stopped"),
          request("adalimumab", "2026-10-20")], True, None, None),
        # old supply left over at the stop is none
        ([statement("adalimumab", "2026-05-04", "2026-11-10", status="stopped"),
          dispense("adalimumab", "2026-11-01", 84)], False, "2026-11-10", None),
        # a used-up order with supply in hand
        ([request("adalimumab", "2026-05-04", status="completed"),
          dispense("adalimumab", "2026-11-01", 28)], True, None, None),
        # supply that ended longer ago than the gap
        ([dispense("adalimumab", "2026-05-04", 28)], False, "2026-05-31", None),
        ([dispense("adalimumab", "2026-07-29", 28)], True, None, None),
        ([dispense("adalimumab", "2026-07-28", 28)], False, "2026-08-24", None),
        ([administration("rituximab", "2025-11-23")], True, None, None),
        ([administration("rituximab", "2025-11-22")], False, "2025-11-22", None),
        # an earlier, never closed statement does not outlive the later stop
        ([statement("adalimumab", "2024-05-06"),
          statement("adalimumab", "2026-05-04", "2026-11-10", status="stopped")],
         False, "2026-11-10", None),
    ],
)  # fmt: skip
def test_stop(
    resources: list[build.Json], active: bool | None, stop: str | None, reason: str | None
) -> None:
    episode = episodes(*resources)[-1]
    assert (episode["active"], episode["stop"], episode["stopReason"]) == (active, stop, reason)


@pytest.mark.parametrize(
    "reason",
    [
        "stop-ineffective-primary", "stop-ineffective-secondary", "stop-ineffective",
        "stop-adverse-event", "stop-allergy", "stop-toxicity", "stop-lab-toxicity",
        "stop-remission", "stop-cost", "stop-pregnancy", "stop-patient-choice", "stop-infection",
        "stop-surgery",
    ],
)  # fmt: skip
def test_stop_reason(reason: str) -> None:
    record = statement("adalimumab", "2026-05-04", "2026-11-10", status="stopped", reason=reason)
    (episode,) = episodes(record)
    assert episode["stopReason"] == reason


def test_unknown_status_is_an_issue() -> None:
    record = statement("adalimumab", "2026-05-04", status="unknown")
    assert [i["code"] for i in rows("Data Issues", record)] == ["TREATMENT_STATUS_UNKNOWN"]


def test_undated_row_joins_the_latest_episode() -> None:
    found = episodes(
        statement("adalimumab", "2020-01-06", "2021-01-04", status="completed"),
        dispense("adalimumab", "2026-11-02"),
        statement("adalimumab", status="active", id="undated"),
    )
    assert ["MedicationStatement/undated" in e["refs"] for e in found] == [False, True]


def test_antibiotic_courses_are_separate_infections() -> None:
    courses = [
        statement("amoxicillin", "2026-09-01", "2026-09-08", status="completed"),
        statement("amoxicillin", "2026-11-16"),
    ]
    assert [(e["start"], e["active"]) for e in episodes(*courses)] == [
        ("2026-09-01", False),
        ("2026-11-16", True),
    ]


# ----- the index drug -----


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([], None),
        ([statement("prednisone", "2026-05-04")], None),
        ([statement("methotrexate", "2026-05-04")], "methotrexate"),
        ([statement("methotrexate", "2026-10-04"), statement("adalimumab", "2026-05-04")],
         "adalimumab"),
        ([statement("etanercept", "2026-05-04"), statement("tofacitinib", "2026-06-04")],
         "tofacitinib"),
        # 8.28: stopped within 90 days is still the index
        ([statement("methotrexate", "2025-05-04"),
          statement("adalimumab", "2025-05-04", "2026-08-25", status="stopped")], "adalimumab"),
        ([statement("methotrexate", "2025-05-04"),
          statement("adalimumab", "2025-05-04", "2026-08-24", status="stopped")], "methotrexate"),
        ([administration("rituximab", "2025-03-01"), statement("methotrexate", "2025-05-04")],
         "methotrexate"),
        ([statement("rituximab", "2025-01-01", "2025-11-23", status="stopped"),
          statement("methotrexate", "2025-05-04")], "rituximab"),
        ([statement("adalimumab", "2020-05-04", status="stopped"),
          statement("methotrexate", "2025-05-04")], "methotrexate"),
        ([statement("anakinra", "2026-05-04"), statement("methotrexate", "2025-05-04")],
         "methotrexate"),
        ([statement("adalimumab", "2026-05-04", status="unknown"),
          statement("methotrexate", "2025-05-04")], "adalimumab"),
        # same day: MTX, LEF, SSZ, HCQ
        ([statement("hydroxychloroquine", "2026-01-05"), statement("sulfasalazine", "2026-01-05"),
          statement("leflunomide", "2026-01-05"), statement("methotrexate", "2026-01-05")],
         "methotrexate"),
        ([statement("hydroxychloroquine", "2026-01-05"), statement("sulfasalazine", "2026-01-05"),
          statement("leflunomide", "2026-01-05")], "leflunomide"),
        ([statement("hydroxychloroquine", "2026-01-05"), statement("sulfasalazine", "2026-01-05")],
         "sulfasalazine"),
        ([statement("methotrexate", "2026-01-05"), statement("sulfasalazine", "2026-01-06")],
         "sulfasalazine"),
        ([statement(LOCAL("tripterygium"), "2026-05-04")], None),
    ],
)  # fmt: skip
def test_index_drug(resources: list[build.Json], expected: str | None) -> None:
    assert index_drug(*resources) == expected
    assert index_drug(*reversed(resources)) == expected


@pytest.mark.parametrize(
    ("resources", "taken", "ordered"),
    [
        ([statement("adalimumab", "2026-01-05"), statement("tofacitinib", "2026-06-01")],
         True, False),
        ([statement("adalimumab", "2026-01-05"), request("tofacitinib", "2026-11-16")],
         False, True),
        ([dispense("adalimumab", "2026-11-02"), dispense("tofacitinib", "2026-11-10")],
         True, False),
        # the old supply ended before the new drug began
        ([dispense("adalimumab", "2026-10-01"), dispense("tofacitinib", "2026-11-10")],
         False, True),
        ([administration("rituximab", "2026-06-08"), statement("tofacitinib", "2026-11-01")],
         True, False),
        ([administration("rituximab", "2026-06-07"), statement("tofacitinib", "2026-11-01")],
         False, True),
        ([statement("adalimumab", "2026-01-05"),
          statement("tofacitinib", "2025-06-01", "2025-12-01", status="stopped")], False, False),
        ([statement("adalimumab", "2026-01-05"), statement("methotrexate", "2025-06-01")],
         False, False),
    ],
)  # fmt: skip
def test_two_biologics(resources: list[build.Json], taken: bool, ordered: bool) -> None:
    names = ["RAData.Two b/tsDMARDs Taken", "RAData.Two b/tsDMARDs Ordered"]
    found = build.evaluate(bundle(*resources), names)
    assert [found[name] for name in names] == [taken, ordered]


# ----- contradictions and gaps in the record -----


def test_same_day_order_that_goes_on_replaces_the_stopped_one() -> None:
    orders = [
        request("adalimumab", "2026-05-04", status="stopped", id="b"),
        request("adalimumab", "2026-05-04", id="a"),
    ]
    assert [e["active"] for e in episodes(*orders)] == [True]


def test_same_day_statement_that_says_stopped_is_the_later_word() -> None:
    statements = [
        statement("adalimumab", "2026-05-04", "2026-11-01", status="stopped", id="a"),
        statement("adalimumab", "2026-05-04", id="b"),
    ]
    assert [e["active"] for e in episodes(*statements)] == [False]


def test_completed_without_end_but_still_supplied_is_unknown() -> None:
    records = [
        statement("adalimumab", "2026-09-01", status="completed"),
        dispense("adalimumab", "2026-11-10", 28),
    ]
    (episode,) = episodes(*records)
    assert episode["active"] is None
    assert index_drug(*records, statement("methotrexate", "2025-01-06")) == "adalimumab"


@pytest.mark.parametrize(
    ("last", "expected"), [("2026-08-25", "adalimumab"), ("2026-08-24", "methotrexate")]
)
def test_stop_without_a_date_is_after_the_last_dose(last: str, expected: str) -> None:
    records = [
        request("adalimumab", "2026-06-15", status="stopped", reason="stop-allergy"),
        dispense("adalimumab", "2026-06-20", 28),
        dispense("adalimumab", last, 28),
        statement("methotrexate", "2025-01-06"),
    ]
    assert index_drug(*records) == expected
