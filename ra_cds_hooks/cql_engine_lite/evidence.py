"""Evidence: which resources decided a define, and with what values.

While a define runs, its generated code appends to the define's `Frame` (and, for one row of a
query, to that row's collector); nothing is computed then. `EvidenceReader` turns a frame into
`Evidence` when a caller asks.

What a collector holds:

* an int (frames only): the index of a define that was referred to;
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


Found = dict[tuple[str, str], dict[str, Any]]
"""Values by (reference, define), in reading order."""
RowContent = tuple[list[Any], list[Any], dict[str, Any]]
"""A tuple's elements and its sources that can be evidence, and its presentable values."""
Seen = set[int | tuple[int, str | None]]
"""Identities of the values, and of the (value, path) reads, that were looked at."""


class EvidenceReader:
    """Turns the frames of one evaluation into `Evidence`, each frame once."""

    def __init__(self, frames: Sequence[Frame | None]) -> None:
        self._frames = frames
        self._parts: dict[int, list[int | Found]] = {}
        self._rows: dict[int, RowContent] = {}

    def evidence(self, index: int, value: Any) -> tuple[Evidence, ...]:
        """The evidence of define `index`, whose result is `value`."""
        found: Found = {}
        seen: set[int] = set()
        stack: list[int | Found] = [index]
        while stack:
            part = stack.pop()
            if not isinstance(part, int):
                _merge(found, part)
            elif part not in seen:
                seen.add(part)
                stack.extend(reversed(self._parts_of(part)))
        frame = self._frames[index]
        if frame is not None and isinstance(value, (dict, list)):
            own: Found = {}
            self._walk([(value, frame.define, {})], own, set())
            _merge(found, own)
        return tuple(
            Evidence(reference, define, dict(values))
            for (reference, define), values in found.items()
        )

    def _parts_of(self, index: int) -> list[int | Found]:
        """What a define read itself, and between that the defines that it referred to."""
        parts = self._parts.get(index)
        if parts is None:
            parts = self._parts[index] = []
            frame = self._frames[index]
            seen: Seen = set()
            own: Found | None = None
            for item in frame if frame is not None else ():
                if type(item) is int:
                    parts.append(item)
                    own = None
                    continue
                if own is None:
                    own = {}
                    parts.append(own)
                self._walk([(item, "" if frame is None else frame.define, {})], own, seen)
        return parts

    def _walk(self, stack: list[tuple[Any, str, dict[str, Any]]], found: Found, seen: Seen) -> None:
        """Add everything on the stack and below it to `found`, the top first.

        A stack and no recursion: a fold over many rows nests its tuples as deep.
        """
        while stack:
            value, define, values = stack.pop()
            kind = type(value)
            if kind is tuple:
                label, used, path, read = value
                mark = (id(used), path)
                if mark in seen:
                    continue
                seen.add(mark)
                if isinstance(read, (list, CqlTuple)):
                    stack.append((read, label or define, {}))
                shown = {} if path is None else dict(_presentable(path, read))
                stack.append((used, label or define, shown))
            elif kind is dict:
                _add_resource(found, value, define, values)
            elif kind is CqlTuple and id(value) not in seen:
                seen.add(id(value))
                self._push_tuple(stack, value, define, seen)
            elif isinstance(value, list) and value and id(value) not in seen:
                seen.add(id(value))
                stack.extend((item, define, {}) for item in reversed(value))

    def _push_tuple(
        self, stack: list[tuple[Any, str, dict[str, Any]]], row: CqlTuple, define: str, seen: Seen
    ) -> None:
        """The sources of a tuple, and the rows that it holds as elements."""
        known = self._rows.get(id(row))
        if known is None:
            known = self._rows[id(row)] = _content(row)
        inner, sources, values = known
        for element in inner:
            if id(element) not in seen:
                stack.append((element, define, {}))
        if sources:
            label = row.sources[0] or define
            for source in sources:
                if source.__class__ is tuple:
                    if (id(source[1]), source[2]) in seen:
                        continue
                elif source.__class__ is not dict and id(source) in seen:
                    continue
                stack.append((source, label, values))


def _content(row: CqlTuple) -> RowContent:
    """What a tuple holds, last first as it goes on the stack; what is no evidence is left out."""
    inner = [element for element in row.values() if isinstance(element, (dict, list))]
    # Most collectors of rows are empty. (A tuple without elements is not: it has sources.)
    sources = [source for source in row.sources[1:] if source.__class__ is not list or source]
    values = {
        key: shown
        for name, element in (row.items() if sources else ())
        for key, shown in _presentable(name, element)
    }
    return inner[::-1], sources[::-1], values


def _merge(found: Found, other: Found) -> None:
    """Add what is not known yet; the dicts of values are shared and never changed here."""
    for key, values in other.items():
        known = found.get(key)
        if known is None:
            found[key] = values
        elif known is not values and any(name not in known for name in values):
            found[key] = {**values, **known}


def _add_resource(
    found: Found, resource: dict[str, Any], define: str, values: dict[str, Any]
) -> None:
    """One resource; other JSON objects (elements) are no evidence by themselves."""
    kind = resource.get("resourceType")
    identity = resource.get("id")
    if isinstance(kind, str) and isinstance(identity, str):
        known = found.setdefault((f"{kind}/{identity}", define), {})
        for name, value in values.items():
            known.setdefault(name, value)


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
