"""Evidence: which resources decided a define, and with what values.

While a define runs, its generated code appends to the define's `Frame` (and, for one row of a
query, to that row's collector); nothing is computed then. `collect` turns a frame into `Evidence`
when a caller asks.

What a collector holds:

* an int: the index of a define that was referred to;
* `(label, value, path, read)`: `value` (a resource, a tuple, or a list of them) was used; `path` is
  the element read from it and `read` what was found there, both None when its presence counted.

The `sources` of a tuple made in a query are `(label, source, ...)`: the rows it was made from and
the row's collector. A label is the define whose query produced the row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .fhir_json import Element, decimal_value
from .values import Code, Concept, CqlTuple, Date, DateTime, Interval, Quantity, Ratio, Time

_SCALARS = (
    str,
    int,
    Decimal,
    Date,
    DateTime,
    Time,
    Quantity,
    Ratio,
    Code,
    Concept,
    Interval,
)


class Frame(list[Any]):
    """The collector of one define ("Library.Define") in one evaluation."""

    __slots__ = ("define",)

    def __init__(self, define: str) -> None:
        super().__init__()
        self.define = define


@dataclass(frozen=True, slots=True)
class Evidence:
    """One resource that decided a result.

    `reference` is "Type/id"; `define` the define whose query produced the row ("Library.Define");
    `values` the deciding values by element path or tuple element, as CQL values.
    """

    reference: str
    define: str
    values: dict[str, Any] = field(default_factory=dict)


def collect(frames: Sequence[Frame | None], index: int, value: Any) -> tuple[Evidence, ...]:
    """The evidence of define `index` whose result is `value`, without repeats, in reading order."""
    collector = _Collection(frames)
    frame = frames[index]
    if frame is not None:
        collector.seen_defines.add(index)
        collector.add_all(frame, frame.define)
        collector.add_value(value, frame.define, {})
    return tuple(
        Evidence(reference, define, values)
        for (reference, define), values in collector.found.items()
    )


class _Collection:
    """One walk over frames and sources."""

    def __init__(self, frames: Sequence[Frame | None]) -> None:
        self.frames = frames
        self.found: dict[tuple[str, str], dict[str, Any]] = {}
        self.seen_defines: set[int] = set()
        self.seen_values: set[int] = set()

    def add_all(self, collector: Sequence[Any], define: str) -> None:
        """Everything in a collector."""
        for item in collector:
            if isinstance(item, int):
                self.add_define(item)
            else:
                label, value, path, read = item
                values = {} if path is None else dict(_presentable(path, read))
                self.add_value(value, label or define, values)
                if isinstance(read, (list, CqlTuple)):
                    self.add_value(read, label or define, {})

    def add_define(self, index: int) -> None:
        """The frame of a define that was referred to."""
        if index in self.seen_defines:
            return
        self.seen_defines.add(index)
        frame = self.frames[index]
        if frame is not None:
            self.add_all(frame, frame.define)

    def add_value(self, value: Any, define: str, values: dict[str, Any]) -> None:
        """A resource, a tuple, or a list of them; anything else is no carrier of evidence."""
        if isinstance(value, CqlTuple):
            self.add_tuple(value, define)
        elif isinstance(value, dict):
            self.add_resource(value, define, values)
        elif isinstance(value, list):
            if id(value) in self.seen_values:
                return
            self.seen_values.add(id(value))
            for item in value:
                self.add_value(item, define, values)

    def add_resource(self, resource: dict[str, Any], define: str, values: dict[str, Any]) -> None:
        """One resource; other JSON objects (elements) are no evidence by themselves."""
        kind = resource.get("resourceType")
        identity = resource.get("id")
        if isinstance(kind, str) and isinstance(identity, str):
            found = self.found.setdefault((f"{kind}/{identity}", define), {})
            for key, value in values.items():
                found.setdefault(key, value)

    def add_tuple(self, row: CqlTuple, define: str) -> None:
        """The sources of a tuple, and the rows that it holds as elements."""
        if id(row) in self.seen_values:
            return
        self.seen_values.add(id(row))
        for element in row.values():
            if isinstance(element, (dict, list)):
                self.add_value(element, define, {})
        if not row.sources:
            return
        label = row.sources[0] or define
        values = {
            key: presented
            for name, element in row.items()
            for key, presented in _presentable(name, element)
        }
        for source in row.sources[1:]:
            if isinstance(source, list) and _is_collector(source):
                if id(source) not in self.seen_values:
                    self.seen_values.add(id(source))
                    self.add_all(source, label)
            else:
                self.add_value(source, label, values)


def _is_collector(items: list[Any]) -> bool:
    """Collectors hold ints and four-tuples, lists of rows hold dicts."""
    return bool(items) and type(items[0]) in (int, tuple)


def _presentable(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The value as evidence shows it: scalars as they are, FHIR Quantity as a Quantity."""
    if isinstance(value, Element):
        value = value.json
    if isinstance(value, _SCALARS):
        yield path, value
    elif isinstance(value, float):
        yield path, decimal_value(value)
    elif isinstance(value, dict) and not isinstance(value, CqlTuple):
        number = decimal_value(value.get("value"))
        unit = value.get("code") or value.get("unit")
        if number is not None:
            yield path, Quantity(number, unit if isinstance(unit, str) else "1")
