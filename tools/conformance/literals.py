"""Expected outputs: a parser of CQL literals of its own and a strict comparison with engine values.

Independent of the engine on purpose: nothing here evaluates CQL, and of the engine only the value
classes are known. Equality is structural and strict:

* Integer, Long and Decimal are different types; decimals compare by value, so 1.0 is 1.00, but a
  result with more digits than expected is a difference (CQL decimals have a step of 1e-8).
* Date and DateTime are different types too. The exception for both: where the translator's static
  type of the expression is (or holds) Decimal or DateTime, an expected 10 means 10.0 and an
  expected @2012-01-01 means @2012-01-01T, as CQL's implicit conversions have it.
* Dates and times must agree in type and precision. A DateTime literal without offset means the
  evaluation's offset; one with an offset must come back with that very offset.
* Interval bounds are compared as written, open or closed. An uncertain Integer is the interval of
  what is possible. Units of quantities are compared as text ('' is '1').
* Lists are ordered; tuples have the same elements, null ones included.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ra_cds_hooks.cql_engine_lite import values as cql


class NotALiteralError(ValueError):
    """The text is not one CQL literal or selector of literals."""


@dataclass(frozen=True)
class Number:
    """An Integer, Long or Decimal literal; `type` is the CQL type's name."""

    type: str
    value: Decimal


@dataclass(frozen=True)
class Temporal:
    """A Date, DateTime or Time; components from the largest down; offset in minutes or None."""

    type: str
    components: tuple[int, ...]
    offset: int | None = None


@dataclass(frozen=True)
class Amount:
    """A Quantity."""

    value: Decimal
    unit: str


@dataclass(frozen=True)
class Proportion:
    """A Ratio."""

    numerator: Amount
    denominator: Amount


@dataclass(frozen=True)
class Range:
    """An Interval with its bounds as written."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True)
class Elements:
    """A Tuple ("Tuple") or an instance of a named type ("Code", "Concept")."""

    type: str
    members: Mapping[str, Any]


TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'(?:[^'\\]|\\.)*')
  | (?P<date>@(?!T)\d{4}(?:-\d\d(?:-\d\d)?)?
      (?P<t>T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)?)
  | (?P<time>@T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)
  | (?P<number>[+-]?\d+(?:\.\d+)?L?)
  | (?P<word>[A-Za-z_]\w*|"(?:[^"\\]|\\.)*")
  | (?P<mark>[{}\[\](),:])
    )""",
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


def parse(text: str) -> Any:
    """Read one literal; raises NotALiteralError for anything else, trailing text included."""
    parser = _Parser(_tokens(text))
    value = parser.value()
    if parser.tokens:
        raise NotALiteralError(f"unexpected {parser.tokens[0][1]!r}")
    return value


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    position = 0
    text = text.strip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise NotALiteralError(f"not a literal at {text[position : position + 20]!r}")
        kind = next(k for k in ("string", "date", "time", "number", "word", "mark") if match[k])
        found.append((kind, match[kind]))
        position = match.end()
    return found


class _Parser:
    """Recursive descent over the tokens; each method consumes what it reads."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens

    def peek(self, offset: int = 0) -> tuple[str, str]:
        return self.tokens[offset] if offset < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        if not self.tokens:
            raise NotALiteralError("the literal ends too early")
        return self.tokens.pop(0)

    def expect(self, *marks: str) -> str:
        kind, text = self.take()
        if kind != "mark" or text not in marks:
            raise NotALiteralError(f"expected {' or '.join(marks)}, found {text!r}")
        return text

    def value(self) -> Any:
        kind, text = self.take()
        if kind == "string":
            return unquoted(text)
        if kind == "number":
            return self.number(text)
        if kind in ("date", "time"):
            return temporal(text)
        if kind == "word":
            return self.word(text)
        if text == "{":
            named = self.peek()[0] == "word" and self.peek(1) == ("mark", ":")
            return Elements("Tuple", self.members()) if named else self.items()
        raise NotALiteralError(f"unexpected {text!r}")

    def number(self, text: str) -> Any:
        if self.peek()[0] != "string":
            return number(text)
        amount = Amount(Decimal(text), unquoted(self.take()[1]))
        if self.peek() != ("mark", ":"):
            return amount
        self.take()
        denominator = self.value()
        if not isinstance(denominator, Amount):
            raise NotALiteralError("a ratio needs two quantities")
        return Proportion(amount, denominator)

    def word(self, word: str) -> Any:
        if word in ("true", "false"):
            return word == "true"
        if word == "null":
            return None
        if word == "Interval":
            return self.interval()
        if word in ("Tuple", "Code", "Concept", "Quantity") and self.peek() == ("mark", "{"):
            self.take()
            return Elements(word, self.members())
        raise NotALiteralError(f"unexpected {word!r}")

    def interval(self) -> Range:
        low_closed = self.expect("[", "(") == "["
        low = self.value()
        self.expect(",")
        high = self.value()
        return Range(low, high, low_closed, self.expect("]", ")") == "]")

    def items(self) -> list[Any]:
        """The rest of a list, after its opening brace."""
        if self.peek() == ("mark", "}"):
            self.take()
            return []
        found = [self.value()]
        while self.expect(",", "}") == ",":
            found.append(self.value())
        return found

    def members(self) -> dict[str, Any]:
        """The rest of a tuple or instance, after its opening brace."""
        found: dict[str, Any] = {}
        while True:
            kind, name = self.take()
            if kind != "word":
                raise NotALiteralError(f"expected an element name, found {name!r}")
            self.expect(":")
            found[name.strip('"')] = self.value()
            if self.expect(",", "}") == "}":
                return found


def unquoted(text: str) -> str:
    """The value of a quoted string, escapes resolved."""

    def resolve(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else ESCAPED.get(match[2], match[2])

    return ESCAPE.sub(resolve, text[1:-1])


def number(text: str) -> Number:
    """5 is an Integer, 5L a Long, 5.0 a Decimal."""
    if text.endswith("L"):
        return Number("Long", Decimal(text[:-1]))
    return Number("Decimal" if "." in text else "Integer", Decimal(text))


def temporal(text: str) -> Temporal:
    """@2014-01 is a Date, @2014-01T a DateTime (same precision), @T10:30 a Time."""
    if text.startswith("@T"):
        return Temporal("Time", _components(text[2:]))
    date, mark, rest = text[1:].partition("T")
    if not mark:
        return Temporal("Date", _components(date))
    zone = re.search(r"Z|[+-]\d\d:\d\d$", rest)
    clock = rest[: zone.start()] if zone else rest
    components = _components(date) + (_components(clock) if clock else ())
    return Temporal("DateTime", components, _offset(zone[0]) if zone else None)


def _components(text: str) -> tuple[int, ...]:
    whole, _, fraction = text.partition(".")
    numbers = [int(part) for part in re.split("[-:]", whole)]
    if fraction:
        numbers.append(int(fraction[:3].ljust(3, "0")))
    return tuple(numbers)


def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone.startswith("-") else minutes


def difference(
    expected: Any, actual: Any, offset: int = 0, *, static: Collection[str] = ()
) -> str | None:
    """None when the engine's value is the parsed literal, else what differs.

    `offset` is the evaluation's timezone offset in minutes; `static` are the names of the System
    types that the expression's static type is or holds.
    """
    found = neutral(actual)
    wanted = _filled(expected, offset)
    if wanted != found:
        wanted = _converted(wanted, static, offset)
    if wanted == found and type(wanted) is type(found):
        return None
    return f"expected {show(wanted)}, got {show(found)}"


def _filled(expected: Any, offset: int) -> Any:
    """The expected value in the form that `neutral` gives: offsets and selectors resolved."""
    if isinstance(expected, Temporal) and expected.type == "DateTime" and expected.offset is None:
        return Temporal("DateTime", expected.components, offset)
    if isinstance(expected, Amount):
        return Amount(expected.value, expected.unit or "1")
    if isinstance(expected, Range):
        low, high = _filled(expected.low, offset), _filled(expected.high, offset)
        return Range(low, high, expected.low_closed, expected.high_closed)
    if isinstance(expected, list):
        return [_filled(item, offset) for item in expected]
    if isinstance(expected, Elements):
        return _filled_elements(expected, offset)
    return expected


def _converted(expected: Any, static: Collection[str], offset: int) -> Any:
    """The expected value after CQL's implicit conversions to the static type."""
    if isinstance(expected, Number) and expected.type == "Integer" and "Decimal" in static:
        return Number("Decimal", expected.value)
    if isinstance(expected, Temporal) and expected.type == "Date" and "DateTime" in static:
        return Temporal("DateTime", expected.components, offset)
    if isinstance(expected, Range):
        low = _converted(expected.low, static, offset)
        high = _converted(expected.high, static, offset)
        return Range(low, high, expected.low_closed, expected.high_closed)
    if isinstance(expected, list):
        return [_converted(item, static, offset) for item in expected]
    return expected


def _filled_elements(expected: Elements, offset: int) -> Any:
    members = {name: _filled(value, offset) for name, value in expected.members.items()}
    if expected.type == "Quantity":
        return Amount(members["value"].value, members.get("unit") or "1")
    if expected.type == "Code":
        names = ("code", "system", "version", "display")
        return Elements("Code", {name: members.get(name) for name in names})
    if expected.type == "Concept":
        codes = members.get("codes")  # one code stands for a list of one
        listed = codes if isinstance(codes, list) else [codes]
        return Elements("Concept", {"codes": listed, "display": members.get("display")})
    return Elements("Tuple", members)


def neutral(value: Any) -> Any:
    """An engine value in this module's own classes; TypeError for what is not a CQL value."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return Number("Long" if isinstance(value, cql.Long) else "Integer", Decimal(int(value)))
    if isinstance(value, Decimal):
        return Number("Decimal", value)
    if isinstance(value, cql.Date | cql.DateTime | cql.Time):
        return _neutral_temporal(value)
    if isinstance(value, cql.Interval):
        low, high = neutral(value.low), neutral(value.high)
        return Range(low, high, value.low_closed, value.high_closed)
    if isinstance(value, list):
        return [neutral(item) for item in value]
    return _neutral_clinical(value)


def _neutral_clinical(value: Any) -> Any:
    if isinstance(value, cql.Quantity):
        return Amount(value.value, value.unit or "1")
    if isinstance(value, cql.Ratio):
        return Proportion(neutral(value.numerator), neutral(value.denominator))
    if isinstance(value, cql.Code):
        return Elements("Code", dict(value._asdict()))
    if isinstance(value, cql.Concept):
        codes = [neutral(code) for code in value.codes]
        return Elements("Concept", {"codes": codes, "display": value.display})
    if isinstance(value, dict):
        return Elements("Tuple", {name: neutral(item) for name, item in value.items()})
    raise TypeError(f"{type(value).__name__} is not a CQL value")


def _neutral_temporal(value: cql.Date | cql.DateTime | cql.Time) -> Temporal:
    if isinstance(value, cql.Time):
        parts = (value.hour, value.minute, value.second, value.millisecond)
        return Temporal("Time", _given(parts))
    if isinstance(value, cql.Date):
        return Temporal("Date", _given((value.year, value.month, value.day)))
    parts = (value.year, value.month, value.day, value.hour)
    more = (value.minute, value.second, value.millisecond)
    return Temporal("DateTime", _given(parts + more), value.offset)


def _given(parts: tuple[int | None, ...]) -> tuple[int, ...]:
    return tuple(part for part in parts if part is not None)


def show(value: Any) -> str:
    """A neutral value as text for reports."""
    if isinstance(value, Number):
        return f"{value.value}{'L' if value.type == 'Long' else ''} ({value.type})"
    if isinstance(value, Temporal):
        zone = "" if value.offset is None else f" offset {value.offset}"
        return f"{value.type}{list(value.components)}{zone}"
    if isinstance(value, Range):
        left, right = "[" if value.low_closed else "(", "]" if value.high_closed else ")"
        return f"Interval{left}{show(value.low)}, {show(value.high)}{right}"
    if isinstance(value, list):
        return "{" + ", ".join(show(item) for item in value) + "}"
    if isinstance(value, Elements):
        members = ", ".join(f"{name}: {show(item)}" for name, item in value.members.items())
        return f"{value.type} {{{members}}}"
    return repr(value)
