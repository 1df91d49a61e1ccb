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

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .fhir_json import Element, decimal_value
from .values import (
    Code,
    Concept,
    CqlTuple,
    Date,
    DateTime,
    Interval,
    Long,
    Quantity,
    Ratio,
    Time,
    Uncertainty,
)

_SCALARS = frozenset(
    {
        str,
        bool,
        int,
        Long,
        Decimal,
        Date,
        DateTime,
        Time,
        Quantity,
        Ratio,
        Code,
        Concept,
        Interval,
        Uncertainty,
    }
)


class Frame(list[Any]):
    """The collector of one define ("Library.Define") in one evaluation."""

    __slots__ = ("define",)

    define: str

    @classmethod
    def of(cls, define: str) -> Frame:
        """An empty frame of a define."""
        frame = cls()
        frame.define = define
        return frame


@dataclass(frozen=True, slots=True)
class Evidence:
    """One resource that decided a result.

    `reference` is "Type/id"; `define` the define whose query produced the row ("Library.Define");
    `values` the deciding values by element path or tuple element, as CQL values.
    """

    reference: str
    define: str
    values: dict[str, Any] = field(default_factory=dict)


Values = dict[str, Any]
Found = dict[tuple[str, str], Values]
"""Values by (reference, define), in reading order. Shared between all that hold it, so that what
is worked out once is never copied upwards; changed only while it is made."""
Carrier = tuple[Any, str]
"""A tuple or a list, and the define that resources in it count for when nothing else says so."""

_CARRIERS = frozenset({CqlTuple, list})
_NOTHING: Found = {}
_LARGE: Found = {}
"""Instead of what a carrier holds: it is nested too deeply, or too much was copied already."""
_DEPTH = 40
_COPIES = 100_000


class EvidenceReader:
    """Turns the frames of one evaluation into `Evidence`; each frame and each tuple once."""

    def __init__(self, frames: Sequence[Frame | None]) -> None:
        self._frames = frames
        self._below: dict[int, dict[int, Found]] = {}
        self._known: dict[tuple[int, str], Found] = {}
        self._settled: dict[int, Found] = {}  # the same for whatever define it counts
        self._shown: dict[tuple[tuple[str, str], int], Evidence] = {}
        self._copies_left = _COPIES

    def evidence(self, index: int, value: Any) -> tuple[Evidence, ...]:
        """The evidence of define `index`, whose result is `value`."""
        return tuple(self._as_shown(*item) for item in _joined(self._parts(index, value)).items())

    def evidence_of_all(self, defines: Sequence[tuple[int, Any]]) -> tuple[Evidence, ...]:
        """The evidence of several defines, (index, value), each row as the first has it.

        What a define shares with one before it cannot add a row, so it is not looked at again.
        """
        found: Found = {}
        seen: dict[int, Found] = {id(_NOTHING): _NOTHING}  # kept, so that no id is used again
        for index, value in defines:
            new = {id(part): part for part in self._parts(index, value) if id(part) not in seen}
            seen |= new
            for key, values in _joined(list(new.values())).items():
                found.setdefault(key, values)
        return tuple(self._as_shown(*item) for item in found.items())

    def _parts(self, index: int, value: Any) -> list[Found]:
        parts = list(self._parts_below(index).values())
        frame = self._frames[index]
        if frame is not None and (value.__class__ is CqlTuple or value.__class__ is list):
            parts.append(self._all_of(value, frame.define))
        elif frame is not None and value.__class__ is dict:
            parts.append(_resource(value, frame.define, {}))
        return parts

    def _as_shown(self, key: tuple[str, str], values: Values) -> Evidence:
        mark = (key, id(values))
        item = self._shown.get(mark)
        if item is None:
            item = self._shown[mark] = Evidence(*key, values)
        return item

    def _parts_below(self, index: int) -> dict[int, Found]:
        """What a define and those that it referred to read, in reading order, without repeats."""
        below = self._below.get(index)
        if below is not None:
            return below
        below = self._below[index] = {}
        frame = self._frames[index]
        if not frame:
            return below
        settled = self._settled
        own: list[Found] = []
        seen: set[Any] = set()
        for item in frame:
            if item.__class__ is int:
                if item in seen:
                    continue
                seen.add(item)
                if own:
                    part = _joined(own)
                    below[id(part)] = part
                    own = []
                others = self._below.get(item)
                below.update(self._parts_below(item) if others is None else others)
                continue
            label, used, path, read = item
            mark = (id(used), path)
            if mark in seen:
                continue
            seen.add(mark)
            if used.__class__ in _CARRIERS and read.__class__ not in _CARRIERS:
                known = settled.get(id(used))
                if known is None and (used or used.__class__ is not list):
                    known = self._all_of(used, label or frame.define)
                if known:
                    own.append(known)
                continue
            for entry in _use(used, label or frame.define, path, read):
                part = self._all_of(*entry) if isinstance(entry, tuple) else entry
                if part:
                    own.append(part)
        if own:
            part = _joined(own)
            below[id(part)] = part
        below.pop(id(_NOTHING), None)
        return below

    def _of(self, carrier: Any, define: str, depth: int) -> Found:
        """What a tuple or a list holds, or _LARGE."""
        identity = id(carrier)
        mark = (identity, define)
        found = self._settled.get(identity)
        if found is None:
            found = self._known.get(mark)
        if found is not None:
            return found
        if depth > _DEPTH:
            return _LARGE
        parts: list[Found] = []
        settled = self._settled
        same = True  # whether it would be the same for another define
        for entry in _entries(carrier, define):
            if not isinstance(entry, tuple):
                if entry:
                    parts.append(entry)
                    same = same and all(label != define for _, label in entry)
                continue
            below = settled.get(id(entry[0]))
            if below is None:
                below = self._of(entry[0], entry[1], depth + 1)
                if below is _LARGE:
                    self._known[mark] = _LARGE
                    return _LARGE
                if same and entry[1] == define and id(entry[0]) not in settled:
                    same = False
            if below:
                parts.append(below)
        found = _joined(parts)
        if len(parts) > 1:
            self._copies_left -= len(found)
            if self._copies_left < 0:
                found = _LARGE
        if same and found is not _LARGE:
            settled[identity] = found
        else:
            self._known[mark] = found
        return found

    def _all_of(self, carrier: Any, define: str) -> Found:
        """What a tuple or a list holds, of any size.

        A stack and no recursion: a fold over many rows nests its tuples as deep. And no memory of
        what each level holds: together they would be the square of the number of rows.
        """
        found = self._of(carrier, define, 0)
        if found is not _LARGE:
            return found
        found = {}
        seen: set[tuple[int, str]] = set()
        stack: list[Found | Carrier] = [(carrier, define)]
        while stack:
            entry = stack.pop()
            if not isinstance(entry, tuple):
                _merge(found, entry)
                continue
            mark = (id(entry[0]), entry[1])
            if mark in seen:
                continue
            seen.add(mark)
            known = self._of(*entry, 0)
            if known is _LARGE:
                stack.extend(reversed(_entries(*entry)))
            else:
                _merge(found, known)
        return found


def _entries(carrier: Any, define: str) -> list[Found | Carrier]:
    """What a tuple or a list holds, in reading order: what a tuple was made from comes first."""
    entries: list[Found | Carrier] = []
    if carrier.__class__ is list:
        for item in carrier:
            kind = item.__class__
            if kind is CqlTuple or kind is list:
                entries.append((item, define))
            elif kind is dict and "resourceType" in item:
                entries.append(_resource(item, define, {}))
        return entries
    if len(carrier.sources) > 1:
        label = carrier.sources[0] or define
        values: Values | None = None
        for source in carrier.sources[1:]:
            kind = source.__class__
            if kind is CqlTuple:
                entries.append((source, label))
            elif kind is list:
                for used_label, used, path, read in source:
                    entries.extend(_use(used, used_label or label, path, read))
            elif kind is dict:
                if values is None:
                    values = _values(carrier)
                entries.append(_resource(source, label, values))
    for element in carrier.values():
        kind = element.__class__
        if kind is CqlTuple or (kind is list and element):
            entries.append((element, define))
        elif kind is dict and "resourceType" in element:
            entries.append(_resource(element, define, {}))
    return entries


def _use(used: Any, define: str, path: str | None, read: Any) -> list[Found | Carrier]:
    """What one use of a value amounts to (see the module's first lines)."""
    entries: list[Found | Carrier] = []
    kind = used.__class__
    if kind is dict:
        shown = None if path is None else _presentable(read)
        entries.append(_resource(used, define, {} if shown is None else {str(path): shown}))
    elif kind is CqlTuple or kind is list:
        entries.append((used, define))
    if read.__class__ is CqlTuple or read.__class__ is list:
        entries.append((read, define))
    return entries


def _joined(parts: list[Found]) -> Found:
    """All of the parts, the first to name a value having the say; one part alone as it is."""
    if not parts:
        return _NOTHING
    first = parts[0]
    found: Found | None = None
    for part in parts:
        if part is not first and part:
            if found is None:
                found = dict(first)
            _merge(found, part)
    return first if found is None else found


def _merge(found: Found, other: Found) -> None:
    """Add what is not known yet; the dicts of values are shared and never changed here."""
    for key, values in other.items():
        known = found.get(key)
        if known is None:
            found[key] = values
        elif known is not values and not values.keys() <= known.keys():
            found[key] = {**values, **known}


def _resource(resource: dict[str, Any], define: str, values: Values) -> Found:
    """One resource; other JSON objects (elements) are no evidence by themselves."""
    kind = resource.get("resourceType")
    identity = resource.get("id")
    if isinstance(kind, str) and isinstance(identity, str):
        return {(f"{kind}/{identity}", define): values}
    return _NOTHING


def _values(row: CqlTuple) -> Values:
    """The elements of a tuple that evidence shows."""
    values = {}
    for name, element in row.items():
        if element.__class__ in _SCALARS:
            values[name] = element
        elif element is not None:
            shown = _presentable(element)
            if shown is not None:
                values[name] = shown
    return values


def _presentable(value: Any) -> Any:
    """The value as evidence shows it: scalars as they are, FHIR Quantity as a Quantity."""
    kind = value.__class__
    if kind is Element:
        value = value.json
        kind = value.__class__
    if kind in _SCALARS:
        return value
    if kind is float:
        return decimal_value(value)
    if kind is dict:
        number = decimal_value(value.get("value"))
        unit = value.get("code") or value.get("unit")
        if number is not None:
            return Quantity(number, unit if isinstance(unit, str) else "1")
    return None
