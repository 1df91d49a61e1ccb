"""Date, DateTime and Time with the precision at which they were given.

A partial value stands for every instant that it may be: `low` and `high` are the first and the
last of these, counted in days (Date) or milliseconds (DateTime, Time). They are computed once, so
that comparing two values compares two integers. Missing components are None.
"""

from __future__ import annotations

import datetime
import re
from typing import Any, NamedTuple, NoReturn

YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, MILLISECOND = range(1, 8)

MS_PER_SECOND = 1000
MS_PER_MINUTE = 60 * MS_PER_SECOND
MS_PER_HOUR = 60 * MS_PER_MINUTE
MS_PER_DAY = 24 * MS_PER_HOUR

_DAYS_IN_MONTH = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# What the components from minute down may still add, by precision (hour, minute, second, full).
_SLACK_MS = {
    HOUR: MS_PER_HOUR - 1,
    MINUTE: MS_PER_MINUTE - 1,
    SECOND: MS_PER_SECOND - 1,
    MILLISECOND: 0,
}


def days_in_month(year: int, month: int) -> int:
    """The number of days of a month of the Gregorian calendar."""
    if month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        return 29
    return _DAYS_IN_MONTH[month]


def day_number(year: int, month: int, day: int) -> int:
    """Days since 0000-12-31 (the proleptic Gregorian ordinal); ValueError when no such day."""
    return datetime.date(year, month, day).toordinal()


def _day_range(year: int, month: int | None, day: int | None) -> tuple[int, int, int]:
    """Precision, first and last day of a partial date."""
    if month is None:
        return YEAR, day_number(year, 1, 1), day_number(year, 12, 31)
    if day is None:
        return (
            MONTH,
            day_number(year, month, 1),
            day_number(year, month, days_in_month(year, month)),
        )
    number = day_number(year, month, day)
    return DAY, number, number


def _time_range(
    hour: int, minute: int | None, second: int | None, millisecond: int | None
) -> tuple[int, int]:
    """Precision and first millisecond of the day of a partial time of day."""
    if not 0 <= hour <= 23:
        raise ValueError("hour must be in 0..23")
    first = hour * MS_PER_HOUR
    if minute is None:
        return HOUR, first
    if not 0 <= minute <= 59:
        raise ValueError("minute must be in 0..59")
    first += minute * MS_PER_MINUTE
    if second is None:
        return MINUTE, first
    if not 0 <= second <= 59:
        raise ValueError("second must be in 0..59")
    first += second * MS_PER_SECOND
    if millisecond is None:
        return SECOND, first
    if not 0 <= millisecond <= 999:
        raise ValueError("millisecond must be in 0..999")
    return MILLISECOND, first + millisecond


class _DateFields(NamedTuple):
    year: int
    month: int | None
    day: int | None
    precision: int
    low: int
    high: int


class _DateTimeFields(NamedTuple):
    year: int
    month: int | None
    day: int | None
    hour: int | None
    minute: int | None
    second: int | None
    millisecond: int | None
    offset: int
    offset_given: bool
    precision: int
    low: int
    high: int


class _TimeFields(NamedTuple):
    hour: int
    minute: int | None
    second: int | None
    millisecond: int | None
    precision: int
    low: int
    high: int


def no_order(self: Any, other: object) -> NoReturn:
    """Refuse Python's `<`: on CQL values it would silently give a wrong order."""
    raise TypeError("CQL values are ordered by operators.comparison, not by Python")


class Date(_DateFields):
    """A calendar date: year, month or day precision. `low`, `high` are day numbers.

    ValueError when there is no such date (years 1..9999).
    """

    __slots__ = ()
    __lt__ = __le__ = __gt__ = __ge__ = no_order

    def __new__(cls, year: int, month: int | None = None, day: int | None = None) -> Date:
        precision, low, high = _day_range(year, month, day)
        if month is None:
            day = None
        return tuple.__new__(cls, (year, month, day, precision, low, high))

    def __repr__(self) -> str:
        return f"Date({self.isoformat()})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self[:3]

    def isoformat(self) -> str:
        """YYYY, YYYY-MM or YYYY-MM-DD."""
        if self.month is None:
            return f"{self.year:04d}"
        if self.day is None:
            return f"{self.year:04d}-{self.month:02d}"
        return f"{self.year:04d}-{self.month:02d}-{self.day:02d}"

    @classmethod
    def from_day_number(cls, number: int) -> Date:
        """The date with this day number."""
        date = datetime.date.fromordinal(number)
        return cls(date.year, date.month, date.day)

    @classmethod
    def parse(cls, text: str) -> Date | None:
        """Read YYYY(-MM(-DD)?)?; a time part is ignored; None when it is not a valid date."""
        match = _DATE_TIME.fullmatch(text)
        if match is None:
            return None
        year, month, day = match.group(1, 2, 3)
        try:
            return cls(int(year), int(month) if month else None, int(day) if day else None)
        except ValueError:
            return None


class DateTime(_DateTimeFields):
    """A date and time of day at any precision from year to millisecond.

    `offset` is in minutes east of UTC; `offset_given` is False when it was not part of the value
    but assumed from the evaluation request. `low`, `high` are milliseconds of the local clock
    (subtract `offset` * 60000 for UTC). ValueError when there is no such instant.
    """

    __slots__ = ()
    __lt__ = __le__ = __gt__ = __ge__ = no_order

    def __new__(
        cls,
        year: int,
        month: int | None = None,
        day: int | None = None,
        hour: int | None = None,
        minute: int | None = None,
        second: int | None = None,
        millisecond: int | None = None,
        offset: int = 0,
        offset_given: bool = True,
    ) -> DateTime:
        precision, first_day, last_day = _day_range(year, month, day)
        if precision == DAY and hour is not None:
            precision, in_day = _time_range(hour, minute, second, millisecond)
            low = first_day * MS_PER_DAY + in_day
            high = low + _SLACK_MS[precision]
            if precision != MILLISECOND:
                millisecond = None
                second = second if precision == SECOND else None
        else:
            low = first_day * MS_PER_DAY
            high = last_day * MS_PER_DAY + MS_PER_DAY - 1
            hour = minute = second = millisecond = None
            day = day if precision == DAY else None
        if not -14 * 60 <= offset <= 14 * 60:
            raise ValueError("timezone offset must be in -14:00..+14:00")
        clock = (hour, minute, second, millisecond)
        zone = (offset, offset_given)
        return tuple.__new__(cls, (year, month, day, *clock, *zone, precision, low, high))

    def __repr__(self) -> str:
        return f"DateTime({self.isoformat()})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self[:9]

    def isoformat(self) -> str:
        """ISO 8601 at this precision; the offset only with a time of day and when it was given."""
        text = f"{self.year:04d}"
        if self.month is not None:
            text += f"-{self.month:02d}"
        if self.day is not None:
            text += f"-{self.day:02d}"
        if self.hour is None:
            return text
        text += "T" + _clock(self.hour, self.minute, self.second, self.millisecond)
        if not self.offset_given:
            return text
        if self.offset == 0:
            return text + "+00:00"
        sign = "-" if self.offset < 0 else "+"
        return f"{text}{sign}{abs(self.offset) // 60:02d}:{abs(self.offset) % 60:02d}"

    @classmethod
    def from_milliseconds(
        cls, milliseconds: int, precision: int, offset: int = 0, offset_given: bool = True
    ) -> DateTime:
        """The value of this precision that holds the given millisecond of the local clock."""
        number, rest = divmod(milliseconds, MS_PER_DAY)
        date = datetime.date.fromordinal(number)
        parts: list[int | None] = [date.year, date.month, date.day]
        for unit in (MS_PER_HOUR, MS_PER_MINUTE, MS_PER_SECOND):
            part, rest = divmod(rest, unit)
            parts.append(part)
        parts.append(rest)
        for index in range(precision, 7):
            parts[index] = None
        year, month, day, hour, minute, second, millisecond = parts
        assert year is not None
        return cls(year, month, day, hour, minute, second, millisecond, offset, offset_given)

    @classmethod
    def from_datetime(cls, moment: datetime.datetime) -> DateTime:
        """An aware Python datetime, cut to milliseconds; ValueError when it is naive."""
        offset = moment.utcoffset()
        if offset is None:
            raise ValueError("the datetime must have a timezone")
        return cls(
            moment.year,
            moment.month,
            moment.day,
            moment.hour,
            moment.minute,
            moment.second,
            moment.microsecond // 1000,
            int(offset.total_seconds() // 60),
        )

    @classmethod
    def parse(cls, text: str, default_offset: int = 0) -> DateTime | None:
        """Read ISO 8601 (CQL and FHIR forms, partial too); None when it is not a valid value.

        `default_offset` in minutes is assumed where the text has none.
        """
        match = _DATE_TIME.fullmatch(text)
        if match is None:
            return None
        year, month, day, hour, minute, second, fraction, zone = match.groups()
        offset = default_offset if zone is None else _offset_minutes(zone)
        try:
            return cls(
                int(year),
                int(month) if month else None,
                int(day) if day else None,
                int(hour) if hour else None,
                int(minute) if minute else None,
                int(second) if second else None,
                int(fraction[:3].ljust(3, "0")) if fraction else None,
                offset,
                zone is not None,
            )
        except ValueError:
            return None

    @property
    def low_utc(self) -> int:
        """`low` on the UTC clock."""
        return self.low - self.offset * MS_PER_MINUTE

    @property
    def high_utc(self) -> int:
        """`high` on the UTC clock."""
        return self.high - self.offset * MS_PER_MINUTE


class Time(_TimeFields):
    """A time of day from hour to millisecond precision; ValueError when there is no such time."""

    __slots__ = ()
    __lt__ = __le__ = __gt__ = __ge__ = no_order

    def __new__(
        cls,
        hour: int,
        minute: int | None = None,
        second: int | None = None,
        millisecond: int | None = None,
    ) -> Time:
        precision, low = _time_range(hour, minute, second, millisecond)
        if precision != MILLISECOND:
            millisecond = None
            second = second if precision == SECOND else None
        high = low + _SLACK_MS[precision]
        return tuple.__new__(cls, (hour, minute, second, millisecond, precision, low, high))

    def __repr__(self) -> str:
        return f"Time({self.isoformat()})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self[:4]

    def isoformat(self) -> str:
        """hh, hh:mm, hh:mm:ss or hh:mm:ss.fff."""
        return _clock(self.hour, self.minute, self.second, self.millisecond)

    @classmethod
    def from_milliseconds(cls, milliseconds: int, precision: int) -> Time:
        """The value of this precision that holds the given millisecond of the day."""
        parts: list[int | None] = []
        rest = milliseconds
        for unit in (MS_PER_HOUR, MS_PER_MINUTE, MS_PER_SECOND):
            part, rest = divmod(rest, unit)
            parts.append(part)
        parts.append(rest)
        for index in range(precision - DAY, 4):
            parts[index] = None
        hour, minute, second, millisecond = parts
        assert hour is not None
        return cls(hour, minute, second, millisecond)

    @classmethod
    def parse(cls, text: str) -> Time | None:
        """Read hh(:mm(:ss(.fff)?)?)?, a leading T and a timezone are accepted and dropped."""
        match = _TIME.fullmatch(text)
        if match is None:
            return None
        hour, minute, second, fraction = match.groups()
        try:
            return cls(
                int(hour),
                int(minute) if minute else None,
                int(second) if second else None,
                int(fraction[:3].ljust(3, "0")) if fraction else None,
            )
        except ValueError:
            return None


_DATE_TIME = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(?:(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?"
    r"(Z|[+-]\d\d:\d\d)?)?)?)?)?T?",
    re.ASCII,
)
_TIME = re.compile(r"T?(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)


def _offset_minutes(zone: str) -> int:
    if zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes


def _clock(hour: int, minute: int | None, second: int | None, millisecond: int | None) -> str:
    text = f"{hour:02d}"
    if minute is None:
        return text
    text += f":{minute:02d}"
    if second is None:
        return text
    text += f":{second:02d}"
    return text if millisecond is None else f"{text}.{millisecond:03d}"
