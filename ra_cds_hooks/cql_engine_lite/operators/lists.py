"""Lists: their elements, positions and parts (CQL reference, list operators)."""

from __future__ import annotations

from itertools import product
from typing import Any

from ..errors import EvaluationError
from ..values import Code, CodeSystem, Concept, CqlTuple, Interval, Quantity, Ratio, ValueSet
from .comparison import equal
from .distinct import distinct_elements
from .registry import operator

Signature = tuple[str | None, ...] | None


@operator("Exists")
def exists(operand: list[Any] | None) -> bool:
    """Whether there is an element that is not null."""
    return operand is not None and any(element is not None for element in operand)


@operator("Flatten")
def flatten(operand: list[Any] | None) -> list[Any] | None:
    """The elements of the lists in a list; an element that is no list stays itself."""
    if operand is None:
        return None
    result: list[Any] = []
    for element in operand:
        if isinstance(element, list):
            result.extend(element)
        elif element is not None:
            result.append(element)
    return result


@operator("Distinct")
def distinct(operand: list[Any] | None) -> list[Any] | None:
    """The list without repeated elements; of several nulls one stays."""
    return None if operand is None else distinct_elements(operand)


@operator("First", operands=("source",))
def first(source: list[Any] | None) -> Any:
    """The first element, null when there is none."""
    return source[0] if source else None


@operator("Last", operands=("source",))
def last(source: list[Any] | None) -> Any:
    """The last element, null when there is none."""
    return source[-1] if source else None


@operator("SingletonFrom")
def singleton_from(operand: list[Any] | None) -> Any:
    """The only element; null of an empty list; EvaluationError when there are several."""
    if not operand:
        return None
    if len(operand) > 1:
        raise EvaluationError("singleton from needs a list of at most one element")
    return operand[0]


@operator("IndexOf", operands=("source", "element"))
def index_of(source: list[Any] | None, element: Any) -> int | None:
    """Position of the first equal element, -1 when there is none; null for a null operand."""
    if source is None or element is None:
        return None
    for index, candidate in enumerate(source):
        if equal(candidate, element):
            return index
    return -1


@operator("Indexer")
def indexer(operand: list[Any] | str | None, index: int | None) -> Any:
    """The element or character at a position counted from 0; null outside."""
    if operand is None or index is None or not 0 <= index < len(operand):
        return None
    return operand[index]


@operator("Slice", operands=("source", "startIndex", "endIndex"))
def slice_of(
    source: list[Any] | None, start_index: int | None = None, end_index: int | None = None
) -> list[Any] | None:
    """Elements from start_index up to before end_index; negative counts from the end."""
    return None if source is None else source[start_index:end_index]


@operator("Length", typed=True)
def length(operand: list[Any] | str | None, *, signature: Signature = None) -> int | None:
    """Number of elements or characters; of a null List 0, of a null String null."""
    if operand is None:
        return 0 if signature is not None and signature[0] == "List" else None
    return len(operand)


@operator("Times")
def times(left: list[Any] | None, right: list[Any] | None) -> list[Any] | None:
    """The Cartesian product of two lists of tuples, each result with the elements of both."""
    if left is None or right is None:
        return None
    return [CqlTuple({**a, **b}) for a, b in product(left, right)]


@operator("Children", operands=("source",))
def children(source: Any) -> list[Any] | None:
    """The values of a structure's elements, lists taken apart; null for null."""
    if source is None:
        return None
    result: list[Any] = []
    for value in _element_values(source):
        if isinstance(value, list):
            result.extend(value)
        elif value is not None:
            result.append(value)
    return result


@operator("Descendents", operands=("source",))
@operator("Descendants", operands=("source",))
def descendants(source: Any) -> list[Any] | None:
    """The children, their children, and so on; null for null."""
    direct = children(source)
    if direct is None:
        return None
    result: list[Any] = []
    for child in direct:
        result.append(child)
        result.extend(descendants(child) or ())
    return result


def _element_values(source: Any) -> list[Any]:
    if isinstance(source, dict):
        return list(source.values())
    if isinstance(source, list):
        return [value for element in source for value in children(element) or ()]
    if isinstance(source, Concept):
        return [list(source.codes), source.display]
    if isinstance(source, Quantity | Ratio | Code | ValueSet | CodeSystem):
        return list(source)
    if isinstance(source, Interval):
        return [source.low, source.high, source.low_closed, source.high_closed]
    return []
