"""Durations and differences against dateutil, and uncertainty against all days a value may be."""

from __future__ import annotations

import calendar
import datetime

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from ra_cds_hooks.cql_engine_lite.errors import EvaluationError
from ra_cds_hooks.cql_engine_lite.operators import OPERATORS
from ra_cds_hooks.cql_engine_lite.values import Date, DateTime, Time, Uncertainty

duration = OPERATORS["DurationBetween"].function
difference = OPERATORS["DifferenceBetween"].function
DATES = st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 12, 31))
MOMENTS = st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(2040, 1, 1))


def cql_date(date: datetime.date) -> Date:
    return Date(date.year, date.month, date.day)


def whole_steps(start: datetime.date, end: datetime.date, months: int) -> int:
    """How often `months` can be added to start without passing end, by trying."""
    sign = 1 if end >= start else -1
    count = 0
    while True:
        landing = start + relativedelta(months=sign * (count + 1) * months)
        if (landing > end) if sign > 0 else (landing < end):
            return sign * count
        count += 1


@given(DATES, st.integers(-3000, 3000))
def test_durations_between_dates(start: datetime.date, days: int) -> None:
    end = start + datetime.timedelta(days=days)
    left, right = cql_date(start), cql_date(end)
    assert duration(left, right, precision="Day") == days
    assert duration(left, right, precision="Week") == int(days / 7)
    assert duration(left, right, precision="Month") == whole_steps(start, end, 1)
    assert duration(left, right, precision="Year") == whole_steps(start, end, 12)


@given(DATES, DATES)
def test_differences_between_dates(start: datetime.date, end: datetime.date) -> None:
    left, right = cql_date(start), cql_date(end)
    assert difference(left, right, precision="Year") == end.year - start.year
    months = (end.year - start.year) * 12 + end.month - start.month
    assert difference(left, right, precision="Month") == months
    assert difference(left, right, precision="Day") == (end - start).days


@settings(max_examples=50)
@given(DATES, st.integers(0, 200))
def test_differences_in_weeks_count_sundays(start: datetime.date, days: int) -> None:
    end = start + datetime.timedelta(days=days)
    between = (start + datetime.timedelta(days=n) for n in range(1, days + 1))
    sundays = sum(1 for day in between if day.weekday() == calendar.SUNDAY)
    assert difference(cql_date(start), cql_date(end), precision="Week") == sundays
    assert difference(cql_date(end), cql_date(start), precision="Week") == -sundays


SECONDS = {"Hour": 3600, "Minute": 60, "Second": 1}


@given(MOMENTS, MOMENTS, st.sampled_from(sorted(SECONDS)), st.sampled_from([-300, 0, 480]))
def test_clock_durations_count_elapsed_time(
    start: datetime.datetime, end: datetime.datetime, precision: str, offset: int
) -> None:
    zone = datetime.timezone(datetime.timedelta(minutes=offset))
    first, second = start.replace(tzinfo=datetime.UTC), end.replace(tzinfo=zone)
    milliseconds = datetime.timedelta(milliseconds=1)
    left, right = (DateTime.from_datetime(moment) for moment in (first, second))
    cut = [m.replace(microsecond=m.microsecond // 1000 * 1000) for m in (first, second)]
    elapsed = (cut[1] - cut[0]) // milliseconds
    size = SECONDS[precision] * 1000
    assert duration(left, right, precision=precision) == int(elapsed / size)
    assert duration(left, right, precision="Millisecond") == elapsed


def possible_days(date: Date) -> list[datetime.date]:
    months = range(1, 13) if date.month is None else (date.month,)
    found = []
    for month in months:
        last = calendar.monthrange(date.year, month)[1]
        numbers = range(1, last + 1) if date.day is None else [date.day]
        found += [datetime.date(date.year, month, day) for day in numbers]
    return found


YEARS, MONTHS = st.integers(2019, 2021), st.integers(1, 12)
PARTIAL = st.one_of(
    st.tuples(YEARS), st.tuples(YEARS, MONTHS), st.tuples(YEARS, MONTHS, st.integers(1, 28))
).map(lambda parts: Date(*parts))


@settings(max_examples=30, deadline=None)
@given(PARTIAL, PARTIAL, st.sampled_from(["Year", "Month", "Week", "Day"]))
def test_uncertain_durations_hold_exactly_the_possible_results(
    left: Date, right: Date, precision: str
) -> None:
    results = {
        duration(cql_date(a), cql_date(b), precision=precision)
        for a in possible_days(left)
        for b in possible_days(right)
    }
    found = duration(left, right, precision=precision)
    low, high = (found.low, found.high) if isinstance(found, Uncertainty) else (found, found)
    assert (low, high) == (min(results), max(results))


@pytest.mark.parametrize(
    ("left", "right", "precision", "expected"),
    [
        (Date(2012, 2, 29), Date(2014, 2, 28), "Year", 2),
        (Date(2012, 2, 29), Date(2013, 2, 27), "Year", 0),
        (DateTime(2012, 3, 10, 10, 20, 0), DateTime(2013, 3, 10, 9, 20, 0), "Year", 0),
        (DateTime(2005), DateTime(2010), "Year", Uncertainty(4, 5)),
        (DateTime(2015, 2, 10), DateTime(2015, 3), "Day", Uncertainty(18, 49)),
        (DateTime(2014, 1, 1, 10, 0, 0), DateTime(2014, 1, 1, 11, 0, 0, 0), "Hour", 1),
        (
            DateTime(2014, 1, 1, 10, 0, 0),
            DateTime(2014, 1, 1, 10, 0, 1, 0),
            "Millisecond",
            Uncertainty(1, 1000),
        ),
        (Time(20, 26, 15, 555), Time(23, 25, 15, 555), "Hour", 2),
        (Date(2014, 1, 1), DateTime(2014, 1, 3, 0, 0, 0, 0), "Day", Uncertainty(1, 2)),
        (
            DateTime(2017, 3, 12, 0, 0, 0, 0, -420),
            DateTime(2017, 3, 13, 0, 0, 0, 0, -360),
            "Day",
            0,
        ),
        (Date(2014, 1, 1), None, "Day", None),
    ],
)
def test_durations(left: object, right: object, precision: str, expected: object) -> None:
    assert duration(left, right, precision=precision) == expected


@pytest.mark.parametrize(
    ("left", "right", "precision", "expected"),
    [
        (Date(2012, 1, 2), Date(2012), "Month", Uncertainty(0, 11)),
        (DateTime(2000), DateTime(2005, 12), "Year", 5),
        (Time(20), Time(23, 25, 15, 555), "Hour", 3),
        (
            DateTime(2017, 3, 12, 0, 0, 0, 0, -420),
            DateTime(2017, 3, 13, 0, 0, 0, 0, -360),
            "Day",
            1,
        ),
        (
            DateTime(2017, 3, 12, 1, 0, 0, 0, -420),
            DateTime(2017, 3, 12, 3, 0, 0, 0, -360),
            "Hour",
            1,
        ),
        (None, Date(2012), "Month", None),
    ],
)
def test_differences(left: object, right: object, precision: str, expected: object) -> None:
    assert difference(left, right, precision=precision) == expected


@pytest.mark.parametrize(
    ("left", "right", "precision"),
    [
        (Date(2014), Date(2015), "Hour"),
        (Time(12), Time(13), "Day"),
        (Date(2014), Time(13), "Day"),
        (1, 2, "Day"),
    ],
)
def test_precisions_that_do_not_fit(left: object, right: object, precision: str) -> None:
    for function in (duration, difference):
        with pytest.raises(EvaluationError):
            function(left, right, precision=precision)


def test_ages() -> None:
    class Request:
        as_of = DateTime(2026, 11, 23, 7, 30, 0, 250, 480)
        timezone_offset = 480

    age, age_at = (OPERATORS[name].function for name in ("CalculateAge", "CalculateAgeAt"))
    assert age(Request(), Date(1960, 11, 24), precision="Year") == 65
    assert age(Request(), Date(1960, 11), precision="Year") == Uncertainty(65, 66)
    assert age(Request(), DateTime(2026, 11, 23, 0, 0, 0, 0, 480), precision="Hour") == 7
    assert age_at(Date(2000, 1, 1), Date(2015, 1, 1), precision="Year") == 15
    assert age_at(Date(2000, 1, 1), None, precision="Year") is None
