"""ELM written by hand for the valid cases that the translator refuses.

What it proves is that the engine evaluates these operators; it counts only in a line of its own,
never among the cases that pass through the translator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tools.conformance.cases import Case
from tools.conformance.elm_cache import DEFINE, TranslatedCase, library_name
from tools.conformance.run import Verdict, judge

SYSTEM = "{urn:hl7-org:elm-types:r1}"
LISTS, DATES = "CqlListOperatorsTest", "CqlDateTimeOperatorsTest"


def _number(value: int) -> dict[str, Any]:
    return {"type": "Literal", "valueType": f"{SYSTEM}Integer", "value": str(value)}


def _index(value: int | None) -> dict[str, Any]:
    if value is None:
        null = {"type": "Null"}
        return {"type": "As", "asType": f"{SYSTEM}Integer", "operand": null}
    return _number(value)


def _slice(count: int, *indexes: int | None) -> dict[str, Any]:
    """Slice of the list 1 to `count`; ELM's operator has both indexes, null where left out."""
    start, end = (*indexes, None, None)[:2]
    return {
        "type": "Slice",
        "source": {"type": "List", "element": [_number(n + 1) for n in range(count)]},
        "startIndex": _index(start),
        "endIndex": _index(end),
    }


def _timezone() -> dict[str, Any]:
    names = ("year", "month", "day", "hour", "minute", "second", "millisecond")
    parts = dict(zip(names, map(_number, (2003, 10, 29, 20, 50, 33, 955)), strict=True))
    offset = {"type": "Literal", "valueType": f"{SYSTEM}Decimal", "value": "1.0"}
    moment = {"type": "DateTime", **parts, "timezoneOffset": offset}
    return {"type": "TimezoneOffsetFrom", "operand": moment}


EXPRESSIONS: dict[tuple[str, str], dict[str, Any]] = {
    (DATES, "DateTimeComponentFromTimezoneOffset"): _timezone(),
    (LISTS, "SliceAll"): _slice(5),
    (LISTS, "SliceEmpty"): _slice(0),
    (LISTS, "SliceNull"): {**_slice(0), "source": {"type": "Null"}},
    (LISTS, "SliceStart"): _slice(5, 1),
    (LISTS, "SliceStartNull"): _slice(5, None),
    (LISTS, "SliceEnd"): _slice(5, 1, 3),
    (LISTS, "SliceEndNull"): _slice(5, 1, None),
    (LISTS, "SliceNegative"): _slice(5, -2),
    (LISTS, "SliceStartAndNegative"): _slice(5, 1, -1),
    (LISTS, "SlicePast"): _slice(5, 5),
}


def run_handwritten(cases: Sequence[Case]) -> list[Verdict]:
    """The verdicts on the cases that have ELM written by hand, in order."""
    verdicts = []
    for index, case in enumerate(cases):
        expression = EXPRESSIONS.get((case.file, case.name))
        if expression is None:
            continue
        define = {"name": DEFINE, "context": "Unfiltered", "expression": expression}
        identifier = {"id": library_name(index), "version": "1"}
        elm = {"library": {"identifier": identifier, "statements": {"def": [define]}}}
        verdicts.append(judge(case, TranslatedCase(elm, None), index))
    return verdicts
