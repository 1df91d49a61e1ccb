"""Dates and times: construction, parts, arithmetic against dateutil, clocks and offsets."""

from __future__ import annotations

import copy
import datetime
import pickle
from decimal import Decimal

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from ra_cds_hooks.cql_engine_lite.errors import EvaluationError
from ra_cds_hooks.cql_engine_lite.operators import OPERATORS
from ra_cds_hooks.cql_engine_lite.values import Date, DateTime, Quantity, Time

FUNCTIONS = {name: entry.function for name, entry in OPERATORS.items()}


class Request:
    """An evaluation in Shanghai, eight hours east."""

    as_of = DateTime(2026, 11, 23, 7, 30, 0, 250, 480)
    timezone_offset = 480


def duration(amount: str, unit: str) -> Quantity:
    return Quantity(Decimal(amount), unit)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2014", Date(2014)),
        ("2014-02", Date(2014, 2)),
        ("2014-02-28", Date(2014, 2, 28)),
        ("2014-02-28T23:00:00Z", Date(2014, 2, 28)),
        ("2014-02-30", None),
        ("2014-13", None),
        ("0000-01-01", None),
        ("14-01-01", None),
        ("2014/01/01", None),
        ("２０１４", None),
        ("", None),
    ],
)
def test_reading_dates(text: str, expected: Date | None) -> None:
    assert Date.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2014-01-01", DateTime(2014, 1, 1, offset=480, offset_given=False)),
        ("2014T", DateTime(2014, offset=480, offset_given=False)),
        ("2014-01-01T12:05", DateTime(2014, 1, 1, 12, 5, offset=480, offset_given=False)),
        ("2014-01-01T12:05:05.9Z", DateTime(2014, 1, 1, 12, 5, 5, 900)),
        ("2014-01-01T12:05:05.95555-01:15", DateTime(2014, 1, 1, 12, 5, 5, 955, -75)),
        ("2014-01-01T24:00", None),
        ("2014-01-01T12:60", None),
        ("2014-01-01T12:00+15:00", None),
        ("2014-01-01 12:00", None),
    ],
)
def test_reading_date_times(text: str, expected: DateTime | None) -> None:
    assert DateTime.parse(text, 480) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T14:30:00.0", Time(14, 30, 0, 0)),
        ("14:30", Time(14, 30)),
        ("14", Time(14)),
        ("14:30:00+05:30", Time(14, 30, 0)),
        ("24:00", None),
        ("14-30", None),
    ],
)
def test_reading_times(text: str, expected: Time | None) -> None:
    assert Time.parse(text) == expected


@pytest.mark.parametrize(
    "value",
    [
        Date(2014),
        Date(2014, 2),
        Date(2014, 2, 28),
        DateTime(2014, offset=60),
        DateTime(2014, 2, 28, 12, offset=-75),
        DateTime(2014, 2, 28, 12, 5, 7, 9, 330, False),
        Time(12),
        Time(12, 30, 59, 1),
    ],
)
def test_values_survive_copies(value: Date | DateTime | Time) -> None:
    assert pickle.loads(pickle.dumps(value)) == value
    assert copy.deepcopy(value) == value
    assert hash(copy.copy(value)) == hash(value)


def test_python_order_is_refused() -> None:
    with pytest.raises(TypeError, match="ordered by operators"):
        _ = Date(2014) < Date(2015)
    with pytest.raises(TypeError, match="ordered by operators"):
        sorted([duration("1", "mg"), duration("2", "mg")])


def test_constructors() -> None:
    assert FUNCTIONS["Date"](2014, 2, None) == Date(2014, 2)
    assert FUNCTIONS["Date"](None, None, None) is None
    assert FUNCTIONS["Time"](12, 30) == Time(12, 30)
    built = FUNCTIONS["DateTime"](Request(), 2014, 1, 1, 9)
    assert built == DateTime(2014, 1, 1, 9, offset=480, offset_given=False)
    given_offset = FUNCTIONS["DateTime"](Request(), 2014, 1, 1, 9, 0, 0, 0, Decimal("5.75"))
    assert given_offset.offset == 345


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Date", (2012, None, 1)),
        ("Date", (2012, 2, 30)),
        ("Date", (10000, 1, 1)),
        ("Time", (24,)),
        ("Time", (12, None, 5)),
        ("Time", (12, 30, 60)),
    ],
)
def test_impossible_dates_and_times(name: str, parts: tuple[int | None, ...]) -> None:
    with pytest.raises(EvaluationError):
        FUNCTIONS[name](*parts)


@pytest.mark.parametrize(
    "parts", [(2012, 1, 1, 12, None, 0), (0, 1, 1), (2012, 1, 1, 12, 0, 0, 1000)]
)
def test_impossible_date_times(parts: tuple[int | None, ...]) -> None:
    with pytest.raises(EvaluationError):
        FUNCTIONS["DateTime"](Request(), *parts)


def test_the_clock_is_the_requests() -> None:
    assert FUNCTIONS["Now"](Request()) == Request.as_of
    assert FUNCTIONS["Today"](Request()) == Date(2026, 11, 23)
    assert FUNCTIONS["TimeOfDay"](Request()) == Time(7, 30, 0, 250)


def test_parts() -> None:
    moment = DateTime(2012, 1, 1, 23, 30, 5, 7, -420)
    for name, part in zip(
        ("Year", "Month", "Day", "Hour", "Minute", "Second", "Millisecond"), moment[:7], strict=True
    ):
        assert FUNCTIONS["DateTimeComponentFrom"](moment, precision=name) == part
    assert FUNCTIONS["DateTimeComponentFrom"](Date(2012), precision="Month") is None
    assert FUNCTIONS["DateTimeComponentFrom"](Date(2012, 1, 1), precision="Hour") is None
    assert FUNCTIONS["DateFrom"](moment) == Date(2012, 1, 1)
    assert FUNCTIONS["TimeFrom"](Request(), moment) == Time(14, 30, 5, 7)
    assert FUNCTIONS["TimeFrom"](Request(), DateTime(2012, 1, 1)) is None
    assert FUNCTIONS["TimezoneOffsetFrom"](moment) == -7
    with pytest.raises(EvaluationError):
        FUNCTIONS["DateTimeComponentFrom"](moment, precision="Week")


FULL_DATES = st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 12, 31))
AMOUNTS = st.integers(-1500, 1500)


def cql_date(date: datetime.date) -> Date:
    return Date(date.year, date.month, date.day)


@given(FULL_DATES, AMOUNTS, st.sampled_from(["years", "months", "weeks", "days"]))
def test_date_arithmetic_against_dateutil(date: datetime.date, amount: int, unit: str) -> None:
    shrunk = amount // 20 if unit == "years" else amount
    expected = cql_date(date + relativedelta(**{unit: shrunk}))
    assert FUNCTIONS["Add"](cql_date(date), duration(str(shrunk), unit)) == expected
    assert FUNCTIONS["Subtract"](cql_date(date), duration(str(-shrunk), unit)) == expected


@given(
    st.datetimes(datetime.datetime(1950, 1, 1), datetime.datetime(2050, 1, 1)),
    st.integers(-(10**6), 10**6),
    st.sampled_from(["hours", "minutes", "seconds", "milliseconds"]),
)
def test_clock_arithmetic_against_timedelta(
    moment: datetime.datetime, amount: int, unit: str
) -> None:
    exact = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=datetime.UTC)
    expected = DateTime.from_datetime(exact + datetime.timedelta(**{unit: amount}))
    start = DateTime.from_datetime(exact)
    assert FUNCTIONS["Add"](start, duration(str(amount), unit)) == expected


@given(st.times(), st.integers(-(10**6), 10**6))
def test_times_wrap_at_midnight(time: datetime.time, minutes: int) -> None:
    day = datetime.datetime.combine(datetime.date(2000, 1, 1), time)
    later = day + datetime.timedelta(minutes=minutes)
    start, expected = (
        Time(t.hour, t.minute, t.second, t.microsecond // 1000) for t in (day, later)
    )
    assert FUNCTIONS["Add"](start, duration(str(minutes), "minute")) == expected


@pytest.mark.parametrize(
    ("value", "amount", "expected"),
    [
        (Date(2014), duration("24", "months"), Date(2016)),
        (Date(2014), duration("25", "months"), Date(2016)),
        (Date(2014), duration("-25", "months"), Date(2012)),
        (Date(2014, 6), duration("33", "days"), Date(2014, 7)),
        (Date(2014), duration("52", "weeks"), Date(2014)),
        (Date(2014), duration("735", "d"), Date(2016)),
        (Date(2012, 2, 29), duration("1", "year"), Date(2013, 2, 28)),
        (Date(2014, 1, 1), duration("1.9", "days"), Date(2014, 1, 2)),
        (DateTime(2014, 1, 1), duration("25", "hours"), DateTime(2014, 1, 2)),
        (DateTime(2016, 5), duration("-31535999", "seconds"), DateTime(2015, 5)),
        (DateTime(2014, 1, 1, 5), duration("90", "min"), DateTime(2014, 1, 1, 6)),
        (
            DateTime(2014, 1, 1, 0, 0, 0, 0),
            duration("1.5", "s"),
            DateTime(2014, 1, 1, 0, 0, 1, 500),
        ),
        (DateTime(2014, 1, 1, 0, 0, 0), duration("1.5", "s"), DateTime(2014, 1, 1, 0, 0, 1)),
        (Time(23, 30, 0), duration("1", "hour"), Time(0, 30, 0)),
    ],
)
def test_durations_finer_than_the_value(value: object, amount: Quantity, expected: object) -> None:
    assert FUNCTIONS["Add"](value, amount) == expected


def test_arithmetic_keeps_the_offset() -> None:
    moment = DateTime(2014, 1, 31, 5, 0, offset=-75)
    assert FUNCTIONS["Add"](moment, duration("1", "month")) == DateTime(
        2014, 2, 28, 5, 0, offset=-75
    )


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (Date(2005, 10, 10), duration("8000", "years")),
        (Date(2005, 10, 10), duration("-2005", "years")),
        (Date(9999, 12, 31), duration("1", "day")),
        (Date(2005, 10, 10), duration("1", "hour")),
        (Time(12), duration("1", "day")),
        (Date(2005, 10, 10), duration("1", "a")),
        (DateTime(2005, 10, 10), duration("1", "mo")),
        (Date(2005, 10, 10), duration("1", "mg")),
    ],
)
def test_durations_that_do_not_fit(value: object, amount: Quantity) -> None:
    with pytest.raises(EvaluationError):
        FUNCTIONS["Add"](value, amount)


STEPS = [
    (Date(2014), Date(2015)),
    (Date(2014, 12), Date(2015, 1)),
    (Date(2014, 12, 31), Date(2015, 1, 1)),
    (DateTime(2014, offset=60), DateTime(2015, offset=60)),
    (DateTime(2014, 12, offset=60), DateTime(2015, 1, offset=60)),
    (DateTime(2014, 12, 31), DateTime(2015, 1, 1)),
    (DateTime(2014, 12, 31, 23), DateTime(2015, 1, 1, 0)),
    (DateTime(2014, 12, 31, 23, 59, 59, 999), DateTime(2015, 1, 1, 0, 0, 0, 0)),
    (Time(11, 59), Time(12, 0)),
    (Time(11, 59, 59, 999), Time(12, 0, 0, 0)),
]


@pytest.mark.parametrize(("value", "following"), STEPS)
def test_neighbours_are_one_step_of_the_precision_away(value: object, following: object) -> None:
    assert FUNCTIONS["Successor"](value) == following
    assert FUNCTIONS["Predecessor"](following) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Predecessor", DateTime(1, 1, 1, 0, 0, 0, 0)),
        ("Successor", DateTime(9999, 12, 31, 23, 59, 59, 999)),
        ("Successor", Date(9999)),
        ("Predecessor", Date(1, 1)),
        ("Successor", Date(9999, 12, 31)),
        ("Predecessor", Time(0)),
        ("Successor", Time(23, 59)),
    ],
)
def test_neighbours_beyond_the_range(name: str, value: object) -> None:
    with pytest.raises(EvaluationError, match="out of the range"):
        FUNCTIONS[name](value)


@pytest.mark.parametrize(
    ("name", "value", "digits", "expected"),
    [
        ("LowBoundary", Date(2014), 6, Date(2014, 1)),
        ("HighBoundary", Date(2014), 6, Date(2014, 12)),
        ("HighBoundary", Date(2016, 2), None, Date(2016, 2, 29)),
        ("HighBoundary", Date(2016, 2), 17, None),
        ("LowBoundary", DateTime(2014, 1, 1, 8), 17, DateTime(2014, 1, 1, 8, 0, 0, 0)),
        ("HighBoundary", DateTime(2014, 1, 1, 8), 17, DateTime(2014, 1, 1, 8, 59, 59, 999)),
        ("HighBoundary", Time(10, 30), 9, Time(10, 30, 59, 999)),
        ("HighBoundary", Time(10, 30), 5, None),
    ],
)
def test_boundaries(name: str, value: object, digits: int | None, expected: object) -> None:
    assert FUNCTIONS[name](value, digits) == expected


@pytest.mark.parametrize(
    ("value", "digits"),
    [(Date(2014), 4), (DateTime(2014, 1, 5, 10, 30, 0, 0), 17), (Time(10, 30), 4), (None, None)],
)
def test_precision(value: object, digits: int | None) -> None:
    assert FUNCTIONS["Precision"](value) == digits


def test_representations_show_precision() -> None:
    assert repr(Date(2014, 1)) == "Date(2014-01)"
    assert repr(DateTime(2014)) == "DateTime(2014)"
    assert repr(DateTime(2014, 1, 1, 9, 5, offset=345)) == "DateTime(2014-01-01T09:05+05:45)"
    assert repr(Time(9, 5)) == "Time(09:05)"
    assert repr(Time(9)) == "Time(09)"


def test_a_python_datetime_needs_a_timezone() -> None:
    with pytest.raises(ValueError, match="must have a timezone"):
        DateTime.from_datetime(datetime.datetime(2026, 1, 1))


def test_components_below_a_missing_one_are_dropped() -> None:
    assert Date(2014, None, 5) == Date(2014)
    assert DateTime(2014, 1, 1, None, 30) == DateTime(2014, 1, 1)
    assert DateTime(2014, 1, 1, 9, None, 30, 5) == DateTime(2014, 1, 1, 9)
    assert Time(9, None, 5, 7) == Time(9)
