"""FHIR dates as truth tables: zones other than the server's, partial dates, Periods, sorting.

CQL compares at the "Moment" 2026-03-15T12:00Z and the "Day" 2026-03-15; the server is at +08:00
(build.AS_OF), which is the offset of a dateTime that names none. Expected values follow the CQL
reference (Date and Time Operators, Interval Operators) and the author's guide, "Comparing Dates".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from ra_cds_hooks.cql_engine_lite import Date, DateTime
from tests.cql_engine_lite.build import Json, measured, observation, value

T, F, N = True, False, None

COLUMNS = ("Before Moment", "Same Moment", "Same Day", "Same Hour", "Same Month")
ZONES: list[tuple[str | None, Any, Any, Any, Any, Any]] = [
    # the same instant, written in three zones
    ("2026-03-15T12:00:00.000Z", F, T, T, T, T),
    ("2026-03-15T20:00:00.000+08:00", F, T, T, T, T),
    ("2026-03-15T07:00:00.000-05:00", F, T, T, T, T),
    # one minute before and after it
    ("2026-03-15T19:59:00.000+08:00", T, F, T, F, T),
    ("2026-03-15T07:01:00.000-05:00", F, F, T, T, T),
    # days and months are compared as written, hours at one offset
    ("2026-03-16T00:30:00.000+14:00", T, F, F, F, T),
    ("2026-03-14T23:30:00.000-12:00", T, F, F, F, T),
    ("2026-03-15T00:30:00.000-12:00", F, F, T, T, T),
    ("2026-04-01T00:30:00.000+08:00", F, F, F, F, F),
    # partial dates are uncertain only where it matters
    ("2026-03-14", T, F, F, F, T),
    ("2026-03-15", N, N, T, N, T),
    ("2026-03-16", F, F, F, F, T),
    ("2026-03", N, N, N, N, T),
    ("2026", N, N, N, N, N),
    ("2025", T, F, F, F, F),
    (None, N, N, N, N, N),
]


def dated(*moments: str | None) -> list[Json]:
    """An Observation per text, without effectiveDateTime where it is None."""
    return [
        observation(f"o{number}", **({} if text is None else {"effectiveDateTime": text}))
        for number, text in enumerate(moments)
    ]


@pytest.mark.parametrize("column", range(len(COLUMNS)), ids=COLUMNS)
def test_moments_of_other_zones_and_partial_ones(column: int) -> None:
    answers = value("FhirTables", COLUMNS[column], *dated(*(row[0] for row in ZONES)))
    found = dict(zip((row[0] for row in ZONES), answers, strict=True))
    assert found == {row[0]: row[column + 1] for row in ZONES}


def test_the_date_of_a_moment_is_that_of_its_own_zone() -> None:
    rows = dated(
        "2026-03-16T00:30:00+08:00", "2026-03-15T23:30:00-05:00", "2026-03-15", "2026-03", None
    )
    assert value("FhirTables", "Date Part", *rows) == [
        Date(2026, 3, 16),
        Date(2026, 3, 15),
        Date(2026, 3, 15),
        Date(2026, 3),
        None,
    ]


def test_the_servers_offset_holds_only_where_none_is_written() -> None:
    # Noon of the day without zone: which hour it is depends on the server, the rest does not.
    rows = dated("2026-03-15T12:00:00", "2026-03-15T12:00:00Z", None)
    for offset, hours in ((0, [0, 0, None]), (480, [8, 0, None]), (-300, [-5, 0, None])):
        server = datetime(2026, 11, 23, tzinfo=timezone(timedelta(minutes=offset)))
        assert value("FhirTables", "Hours Before", *rows, as_of=server) == hours


DAY_COLUMNS = (
    "Before Date",
    "On Or Before Date",
    "Within Month",
    "On Or Before Day",
    "On Or Before Month",
)
DAYS: list[tuple[str | None, Any, Any, Any, Any, Any]] = [
    ("2026-02-14", T, T, F, T, T),
    ("2026-02-15", T, T, T, T, T),
    ("2026-03-15", F, T, T, T, T),
    ("2026-03-16", F, F, F, F, T),
    ("2026-04-01", F, F, F, F, F),
    # a month may lie on either side of the day; one that cannot does not
    ("2026-01", T, T, F, T, T),
    ("2026-02", T, T, N, T, T),
    ("2026-03", N, N, N, N, T),
    ("2026-04", F, F, F, F, F),
    ("2026", N, N, N, N, N),
    ("2025", T, T, F, T, T),
    ("2027", F, F, F, F, F),
    (None, N, N, N, N, N),
]


@pytest.mark.parametrize("column", range(len(DAY_COLUMNS)), ids=DAY_COLUMNS)
def test_comparisons_to_a_precision(column: int) -> None:
    answers = value("FhirTables", DAY_COLUMNS[column], *dated(*(row[0] for row in DAYS)))
    found = dict(zip((row[0] for row in DAYS), answers, strict=True))
    assert found == {row[0]: row[column + 1] for row in DAYS}


def test_durations_count_whole_periods_and_differences_boundaries() -> None:
    rows = dated("2026-02-15", "2026-02-16", "2025-03-15", "2026-03-15", "2026-04-16", None)
    assert value("FhirTables", "Months Before", *rows) == [1, 0, 12, 0, -1, None]
    rows = dated("2026-03-14T23:59:00Z", "2026-03-15T00:00:00Z", "2026-03-16T00:01:00Z", None)
    assert value("FhirTables", "Calendar Days Before", *rows) == [1, 0, -1, None]


PERIOD_COLUMNS = ("In Period", "Period Ends Before", "Period Starts After")
EARLY, LATE = "2026-03-01T00:00:00Z", "2026-03-31T00:00:00Z"
PERIODS: list[tuple[Json | None, Any, Any, Any]] = [
    ({"start": EARLY, "end": LATE}, T, F, F),
    ({"start": "2026-01-01", "end": "2026-03-01"}, F, T, F),
    ({"start": "2026-03-20", "end": "2026-03-21"}, F, F, T),
    # no end: it goes on (FHIR Period.end); no start: it is not known when it began
    ({"start": EARLY}, T, F, F),
    ({"start": LATE}, F, F, T),
    ({"end": "2026-03-01"}, F, T, F),
    ({"end": LATE}, N, F, N),
    # the day of the end is not known to the hour
    ({"start": EARLY, "end": "2026-03-15"}, N, N, F),
    ({"start": EARLY, "end": "2026-03"}, N, N, F),
    ({"start": "2026"}, N, F, N),
    # no Period at all: In is false for a null interval, Before and After are null (reference)
    ({}, F, N, N),
    ({"_end": {"extension": [{"url": "u", "valueCode": "unknown"}]}}, F, N, N),
    (None, F, N, N),
]


@pytest.mark.parametrize("column", range(len(PERIOD_COLUMNS)), ids=PERIOD_COLUMNS)
@pytest.mark.parametrize("row", PERIODS, ids=[str(row[0]) for row in PERIODS])
def test_periods_with_open_ends(row: tuple[Json | None, Any, Any, Any], column: int) -> None:
    element = {} if row[0] is None else {"effectivePeriod": row[0]}
    found = value("FhirTables", PERIOD_COLUMNS[column], observation("o", **element))
    assert found == [row[column + 1]]


def test_the_start_of_a_period() -> None:
    rows = [
        observation("both", effectivePeriod={"start": EARLY, "end": LATE}),
        observation("month", effectivePeriod={"start": "2026-03"}),
        observation("none"),
    ]
    first, month, none = value("FhirTables", "Period Start", *rows)
    assert first == DateTime(2026, 3, 1, 0, 0, 0, offset=0)
    assert (month.isoformat(), none) == ("2026-03", None)


SORTED = dated(
    "2026-03-15T12:00:00Z",  # o0
    "2026-03-15T19:00:00+08:00",  # o1, an hour earlier
    None,  # o2
    "2026-03-15T06:00:00-08:00",  # o3, two hours later
    "2025",  # o4
)


@pytest.mark.parametrize(
    "define",
    [
        "By Date Element",
        "By Date Value",
    ],
)
def test_sorting_dates_with_and_without_value(define: str) -> None:
    ascending = ["o2", "o4", "o1", "o0", "o3"]
    assert value("FhirTables", define, *SORTED) == ascending
    assert value("FhirTables", define, *reversed(SORTED)) == ascending
    assert value("FhirTables", define) == []


def test_sorting_dates_descending_puts_null_last() -> None:
    found = value("FhirTables", "By Date Value Descending", *SORTED)
    assert found == ["o3", "o0", "o1", "o4", "o2"]


def test_sorting_by_number_is_not_sorting_by_text() -> None:
    rows = [measured(f"n{n}", "length", "2026-01-01", n) for n in (10, 9, 100, -1)]
    found = value("FhirTables", "By Number", *rows, observation("none"))
    assert found == ["none", "n-1", "n9", "n10", "n100"]


def test_the_evaluation_moment_of_another_zone_changes_no_written_zone() -> None:
    rows = dated("2026-03-15T12:00:00.000Z", "2026-03-15T20:00:00.000+08:00")
    for server in (datetime(2026, 11, 23, tzinfo=UTC), None):
        options = {} if server is None else {"as_of": server}
        assert value("FhirTables", "Same Moment", *rows, **options) == [True, True]
