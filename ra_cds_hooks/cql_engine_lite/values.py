"""CQL values as Python values.

| CQL type              | Python                                                       |
| --------------------- | ------------------------------------------------------------ |
| null                  | `None`                                                       |
| Boolean, String       | `bool`, `str`                                                |
| Integer, Long         | `int`, `Long` (a subclass of int)                            |
| Decimal               | `decimal.Decimal`                                            |
| List, Tuple           | `list`, `CqlTuple` (a dict)                                  |
| Date, DateTime, Time  | `Date`, `DateTime`, `Time` (see `values_temporal`)           |
| Quantity, Ratio       | `Quantity`, `Ratio`                                          |
| Code, Concept         | `Code`, `Concept`                                            |
| ValueSet, CodeSystem  | `ValueSet`, `CodeSystem` (references, not expansions)        |
| Interval<T>           | `Interval`; an uncertain Integer is an `Uncertainty`         |

All but lists and tuples are immutable named tuples: `==` and `hash` are Python's structural
equality, which is neither CQL's `=` nor `~` (see operators.comparison for those).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from .values_temporal import Date, DateTime, Time, no_order

__all__ = [
    "Code",
    "CodeSystem",
    "Concept",
    "CqlTuple",
    "Date",
    "DateTime",
    "Interval",
    "Long",
    "Quantity",
    "Ratio",
    "Time",
    "Uncertainty",
    "ValueSet",
]


class Long(int):
    """A 64-bit Integer; arithmetic between Longs gives a Long only through the operators."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Long({int(self)})"


class _QuantityFields(NamedTuple):
    value: Decimal
    unit: str = "1"


class Quantity(_QuantityFields):
    """A measured amount. `unit` is a UCUM code or a CQL calendar unit; "1" when none is given."""

    __slots__ = ()
    __lt__ = __le__ = __gt__ = __ge__ = no_order

    def __new__(cls, value: Decimal, unit: str | None = "1") -> Quantity:
        return tuple.__new__(cls, (value, unit or "1"))


class Ratio(NamedTuple):
    """A relationship between two quantities, such as a titre."""

    numerator: Quantity
    denominator: Quantity


class Code(NamedTuple):
    """One code of a code system; `system` is its canonical URL."""

    code: str | None
    system: str | None = None
    version: str | None = None
    display: str | None = None


class Concept(NamedTuple):
    """Codes that mean the same thing."""

    codes: tuple[Code, ...] = ()
    display: str | None = None


class ValueSet(NamedTuple):
    """A reference to a value set by its canonical URL (`id`)."""

    id: str
    version: str | None = None
    name: str | None = None


class CodeSystem(NamedTuple):
    """A reference to a code system by its canonical URL (`id`)."""

    id: str
    version: str | None = None
    name: str | None = None


class _IntervalFields(NamedTuple):
    low: Any
    high: Any
    low_closed: bool = True
    high_closed: bool = True
    point_type: str | None = None


class Interval(_IntervalFields):
    """A range of points.

    A null bound that is closed means the lowest or highest value of the point type, a null bound
    that is open means unknown (CQL, author's guide, "Interval values").
    `point_type` is the local ELM name of the point type ("Integer"), None when not known; it is
    only needed when both bounds are null or a missing bound's value is asked for.
    """

    __slots__ = ()
    __lt__ = __le__ = __gt__ = __ge__ = no_order


class Uncertainty(Interval):
    """A number known only to lie in low..high, such as the months between two partial dates.

    Comparisons with it may be null; as a result it is the closed interval of what is possible.
    """

    __slots__ = ()


class CqlTuple(dict[str, Any]):
    """A tuple value: its elements by name, and the resources it was made from.

    `sources` is provenance for evidence and takes no part in equality.
    """

    # No __init__ and no slot: thousands are made per evaluation, most of them without sources.
    sources: tuple[Any, ...] = ()
