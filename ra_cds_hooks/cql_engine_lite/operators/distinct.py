"""Which elements of lists are the same, without comparing every pair.

CQL's equality is three-valued and has no hash. `bucket` gives a hashable key such that values that
are equal always share it; only values of one bucket are compared. Unknown equality does not make
two values the same (CQL reference, Distinct).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from decimal import Decimal
from typing import Any

from ..units import parse_unit
from ..values import Concept, Date, DateTime, Interval, Quantity, Ratio, Time
from ..values_temporal import HOUR
from .comparison import equal_elements_of_lists

_PLAIN = frozenset({str, int, bool, Decimal, type(None)})


def bucket(value: Any) -> Hashable:
    """A key shared by all values that are equal to this one."""
    kind = type(value)
    if kind in _PLAIN:
        return (kind is bool, value)
    if kind is DateTime or kind is Date:
        if value.precision >= HOUR:
            return ("clock", value.low_utc)
        return ("calendar", value.year, value.month, value.day)
    if kind is Quantity:
        unit = parse_unit(value.unit)
        return ("quantity", value.unit if unit is None else unit.dimension)
    if kind is Interval or kind is Ratio or kind is Concept:
        return kind.__name__
    if isinstance(value, dict):
        if "resourceType" in value:
            return ("resource", value["resourceType"], value.get("id"))
        return (
            "structure",
            frozenset((name, bucket(item)) for name, item in value.items() if item is not None),
        )
    if isinstance(value, list):
        return ("list", tuple(bucket(element) for element in value))
    if kind is Time:
        return ("time", value.low)
    return (False, value) if isinstance(value, int) else value


class Elements:
    """A growing collection of elements that are all different."""

    __slots__ = ("_buckets", "ordered")

    def __init__(self) -> None:
        self._buckets: dict[Hashable, list[Any]] = {}
        self.ordered: list[Any] = []

    def add(self, element: Any) -> None:
        """Add the element unless an equal one is there."""
        same_bucket = self._buckets.setdefault(bucket(element), [])
        if not _has_equal(same_bucket, element):
            same_bucket.append(element)
            self.ordered.append(element)

    def __contains__(self, element: Any) -> bool:
        return _has_equal(self._buckets.get(bucket(element), ()), element)


def _has_equal(candidates: Iterable[Any], element: Any) -> bool:
    return any(equal_elements_of_lists(candidate, element) for candidate in candidates)


def distinct_elements(*lists: Iterable[Any]) -> list[Any]:
    """The different elements of the lists, in order of first appearance."""
    elements = Elements()
    for part in lists:
        for element in part:
            elements.add(element)
    return elements.ordered


def as_elements(elements: Iterable[Any]) -> Elements:
    """The elements ready for membership tests."""
    result = Elements()
    for element in elements:
        result.add(element)
    return result
