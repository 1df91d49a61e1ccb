"""Which elements of lists are the same, without comparing every pair.

CQL's equality is three-valued and has no hash. `bucket` gives a hashable key such that values that
are equal always share it; only values of one bucket are compared. Unknown equality does not make
two values the same (CQL reference, Distinct).
"""

from __future__ import annotations

from collections.abc import Collection, Container, Hashable
from decimal import Decimal
from itertools import chain
from typing import Any

from ..units import parse_unit
from ..values import Concept, Date, DateTime, Interval, Long, Quantity, Ratio, Time
from ..values_temporal import HOUR
from .comparison import equal_elements_of_lists

# Types of which the bucket decides alone.
_PLAIN = frozenset({str, int, bool, Decimal, type(None)})
_TEXTS = frozenset({str, type(None)})
# Types of elements that tell tuples apart; together with all types that may equal one of them.
_TELLING = frozenset({int, Long, bool, Decimal, Date, DateTime})


def bucket(value: Any) -> Hashable:
    """A key shared by all values that are equal to this one."""
    kind = type(value)
    if kind in _PLAIN:
        return (kind is bool, value)
    if isinstance(value, dict):
        if "resourceType" in value:
            identity = value.get("id")
            return ("resource", identity if isinstance(identity, str) else None)
        return _structure(value)
    if kind is DateTime or kind is Date:
        if value.precision >= HOUR:
            return ("clock", value.low_utc)
        return ("calendar", value.year, value.month, value.day)
    if kind is Quantity:
        unit = parse_unit(value.unit)
        return ("quantity", value.unit if unit is None else unit.dimension)
    if kind is Interval or kind is Ratio or kind is Concept:
        return kind.__name__
    if isinstance(value, list):
        return ("list", tuple(bucket(element) for element in value))
    if kind is Time:
        return ("time", value.low)
    return (False, value) if isinstance(value, int) else value


def only_texts(values: Collection[Any]) -> bool:
    """Whether every element is a String or null: Python's equality then is the lists' own."""
    return _TEXTS.issuperset(map(type, values))


def _structure(value: dict[str, Any]) -> Hashable:
    """The key of a tuple: its plain elements, dates and lists of texts, which tell rows apart."""
    parts: list[Hashable] = []
    for name, item in value.items():
        kind = type(item)
        if kind is str:
            parts.append((name, item))
        elif kind is list:
            if only_texts(item):
                parts.append((name, tuple(item)))
        elif kind in _TELLING:
            parts.append((name, bucket(item)))
    if not parts:
        parts = [(name, bucket(item)) for name, item in value.items() if item is not None]
    return frozenset(parts)


class Elements:
    """A growing collection of elements that are all different."""

    __slots__ = ("_buckets", "ordered")

    def __init__(self) -> None:
        self._buckets: dict[Hashable, list[Any]] = {}
        self.ordered: list[Any] = []

    def add(self, element: Any) -> None:
        """Add the element unless an equal one is there."""
        key = bucket(element)
        candidates = self._buckets.get(key)
        if candidates is None:
            self._buckets[key] = [element]
        elif _has_equal(candidates, element):
            return
        else:
            candidates.append(element)
        self.ordered.append(element)

    def __contains__(self, element: Any) -> bool:
        candidates = self._buckets.get(bucket(element))
        return candidates is not None and _has_equal(candidates, element)


def _has_equal(candidates: list[Any], element: Any) -> bool:
    """Whether one of the candidates, all of the element's bucket, is equal to it."""
    if type(element) in _PLAIN:
        return True
    return any(equal_elements_of_lists(candidate, element) for candidate in candidates)


def distinct_elements(*lists: Collection[Any]) -> list[Any]:
    """The different elements of the lists, in order of first appearance."""
    if len(lists) == 1 and len(lists[0]) < 2:
        return list(lists[0])
    if all(map(only_texts, lists)):
        return list(dict.fromkeys(chain(*lists)))
    elements = Elements()
    for part in lists:
        for element in part:
            elements.add(element)
    return elements.ordered


def as_elements(elements: Collection[Any]) -> Container[Any]:
    """The elements ready for membership tests."""
    if only_texts(elements):
        return _Texts(elements)
    result = Elements()
    for element in elements:
        result.add(element)
    return result


class _Texts(frozenset[str | None]):
    """Strings and nulls; nothing of another type is in it, hashable or not."""

    __slots__ = ()

    def __contains__(self, element: object) -> bool:
        return element.__class__ in _TEXTS and frozenset.__contains__(self, element)
