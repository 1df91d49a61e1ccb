"""Units of measure: which are commensurable, and by what factor.

UCUM units are read from `ucum_units.json` (made by tools/units/make_table.py); CQL's calendar
units (`year`, `days` ...) are added here. Annotations in braces are without meaning, a missing
unit is the unity "1". A unit that is not known is commensurable with nothing but the same text:
the answer is None (unknown), never a guess.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

UNITY = "1"


class Unit(NamedTuple):
    """A unit reduced to base dimensions (name, power), sorted, and the factor to their product."""

    dimension: tuple[tuple[str, int], ...]
    factor: Fraction


class _Table(NamedTuple):
    prefixes: dict[str, Fraction]
    atoms: dict[str, tuple[bool, Unit]]


_CALENDAR_WORDS = {
    "year": "year",
    "years": "year",
    "month": "month",
    "months": "month",
    "week": "wk",
    "weeks": "wk",
    "day": "d",
    "days": "d",
    "hour": "h",
    "hours": "h",
    "minute": "min",
    "minutes": "min",
    "second": "s",
    "seconds": "s",
    "millisecond": "ms",
    "milliseconds": "ms",
}
# Calendar years and months have no fixed length, so they are a dimension of their own.
_CALENDAR_MONTH = "calendar month"
_CALENDAR_UNITS = {
    "year": Unit(((_CALENDAR_MONTH, 1),), Fraction(12)),
    "month": Unit(((_CALENDAR_MONTH, 1),), Fraction(1)),
}
# For equivalence only (CQL reference, "Equivalent"): a year is 12 months or 365 days, a month
# 30 days, and UCUM's mean year and month stand for the calendar's.
_EQUIVALENT_DAYS = {"year": Fraction(365), "month": Fraction(30)}
_MEAN_TO_CALENDAR = {"a": "year", "mo": "month"}

# No unit in use is nearly as long; a record may hold anything, nested parentheses included.
_LONGEST = 100
# Components of a UCUM term; square brackets and braces may hold any character.
_TOKEN = re.compile(r"[./()]|(?:\[[^\]]*\]|\{[^}]*\}|[^./()\[\]{}\s])+")
_COMPONENT = re.compile(r"(.*?)([+-]?\d+)?", re.ASCII)
_ANNOTATION = re.compile(r"\{[^{}]*\}")


@cache
def _table() -> _Table:
    document = json.loads(
        files(__package__).joinpath("ucum_units.json").read_text(encoding="utf-8")
    )
    return _Table(
        {code: Fraction(value) for code, value in document["prefixes"].items()},
        {
            code: (
                atom["metric"],
                Unit(tuple(sorted(atom["dimension"].items())), Fraction(atom["factor"])),
            )
            for code, atom in document["atoms"].items()
        },
    )


class UnknownUnitError(ValueError):
    """The text is not a unit of the table, or no unit at all."""


def calendar_word(unit: str) -> str:
    """The UCUM code or calendar unit that a CQL temporal keyword means; others unchanged."""
    return _CALENDAR_WORDS.get(unit, unit)


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit | None:
    """Reduce a UCUM expression or CQL calendar unit; None when it is not known."""
    word = _CALENDAR_WORDS.get(text, text) or UNITY
    if word in _CALENDAR_UNITS:
        return _CALENDAR_UNITS[word]
    tokens = _TOKEN.findall(word) if len(word) <= _LONGEST else []
    if not tokens or "".join(tokens) != word:
        return None
    try:
        dimension, factor, rest = _term(tokens)
    except UnknownUnitError:
        return None
    if rest:
        return None
    return Unit(tuple(sorted((k, p) for k, p in dimension.items() if p)), factor)


def _term(tokens: list[str]) -> tuple[dict[str, int], Fraction, list[str]]:
    """Read components left to right up to a closing parenthesis; gives what is left over."""
    dimension: dict[str, int] = {}
    factor = Fraction(1)
    sign = 1
    if tokens and tokens[0] == "/":
        sign, tokens = -1, tokens[1:]
    while True:
        if not tokens or tokens[0] in (".", "/", ")"):
            raise UnknownUnitError("a component is missing")
        token, tokens = tokens[0], tokens[1:]
        if token == "(":
            part, part_factor, tokens = _term(tokens)
            if not tokens or tokens[0] != ")":
                raise UnknownUnitError("a parenthesis is not closed")
            tokens = tokens[1:]
        else:
            part, part_factor = _component(token)
        for name, power in part.items():
            dimension[name] = dimension.get(name, 0) + sign * power
        factor *= part_factor**sign
        if not tokens or tokens[0] == ")":
            return dimension, factor, tokens
        if tokens[0] not in (".", "/"):
            raise UnknownUnitError("an operator is missing")
        sign, tokens = (1 if tokens[0] == "." else -1), tokens[1:]


def _component(token: str) -> tuple[dict[str, int], Fraction]:
    code = _ANNOTATION.sub("", token)
    if not code:
        return {}, Fraction(1)
    if code.isascii() and code.isdigit():
        if int(code) == 0:
            raise UnknownUnitError("zero is no unit")
        return {}, Fraction(code)
    match = _COMPONENT.fullmatch(code)
    assert match is not None
    unit = _simple(match.group(1))
    power = int(match.group(2) or 1)
    if abs(power) > 99:
        raise UnknownUnitError("no unit has such a power")
    return {name: p * power for name, p in unit.dimension}, unit.factor**power


def _simple(code: str) -> Unit:
    table = _table()
    if code in table.atoms:
        return table.atoms[code][1]
    for length in (1, 2):
        prefix, rest = code[:length], code[length:]
        if prefix in table.prefixes and rest in table.atoms and table.atoms[rest][0]:
            unit = table.atoms[rest][1]
            return Unit(unit.dimension, unit.factor * table.prefixes[prefix])
    raise UnknownUnitError("not in the table")


@lru_cache(maxsize=4096)
def conversion_factor(source: str, target: str) -> Fraction | None:
    """What a value in `source` is multiplied with to be in `target`; None when unknown.

    Equal texts convert with factor 1 even when the unit is not known.
    """
    if source == target:
        return Fraction(1)
    unit, other = parse_unit(source), parse_unit(target)
    if unit is None or other is None:
        same = calendar_word(source) == calendar_word(target)
        return Fraction(1) if same else None
    return unit.factor / other.factor if unit.dimension == other.dimension else None


@lru_cache(maxsize=1024)
def equivalence_factor(source: str, target: str) -> Fraction | None:
    """As `conversion_factor`, with the laxer calendar rules of the Equivalent operator."""
    source, target = calendar_word(source), calendar_word(target)
    source = _MEAN_TO_CALENDAR.get(source, source)
    target = _MEAN_TO_CALENDAR.get(target, target)
    factor = conversion_factor(source, target)
    if factor is not None:
        return factor
    if source in _EQUIVALENT_DAYS:
        days = conversion_factor("d", target)
        return None if days is None else _EQUIVALENT_DAYS[source] * days
    if target in _EQUIVALENT_DAYS:
        days = conversion_factor(source, "d")
        return None if days is None else days / _EQUIVALENT_DAYS[target]
    return None


def is_known(text: str) -> bool:
    """Whether the text is a unit of the table, a calendar unit or an annotation."""
    return parse_unit(text) is not None


@lru_cache(maxsize=1024)
def multiply_units(left: str, right: str, sign: int = 1) -> str | None:
    """The unit of left * right (sign 1) or left / right (sign -1); None when it has no meaning.

    'cm' and 'cm' give 'cm2', 'mg/dL' and 'dL' give 'mg', 'mg' / 'mg' gives '1'.
    """
    if right == UNITY:
        return left
    if left == UNITY and sign == 1:
        return right
    powers: dict[str, int] = {}
    for text, direction in ((left, 1), (right, sign)):
        word = calendar_word(text)
        unit = parse_unit(word)
        if unit is None or word in _CALENDAR_UNITS or "(" in word:
            return None
        _add_powers(word, direction, powers)
    above = [_written(code, power) for code, power in powers.items() if power > 0]
    below = [_written(code, -power) for code, power in powers.items() if power < 0]
    text = ".".join(above)
    if below:
        text += "/" + "/".join(below)
    return text or UNITY


def _add_powers(text: str, direction: int, powers: dict[str, int]) -> None:
    sign = direction
    for token in _TOKEN.findall(text):
        if token in (".", "/"):
            sign = direction if token == "." else -direction
            continue
        code = _ANNOTATION.sub("", token)
        if not code or code == UNITY:
            continue
        match = _COMPONENT.fullmatch(code)
        assert match is not None
        # A number, such as the ten of 10*3, keeps its power as written.
        name, power = (code, 1) if code.isdigit() else (match[1], int(match[2] or 1))
        powers[name] = powers.get(name, 0) + sign * power


def _written(code: str, power: int) -> str:
    return code if power == 1 else f"{code}{power}"
