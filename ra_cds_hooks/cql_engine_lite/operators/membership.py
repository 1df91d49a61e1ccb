"""In, Contains, Includes and their kin: one node for intervals and for lists.

Which of the two is meant shows in the operands. Where the container is null, the specification
answers false for a list and for plain membership, and null for the proper forms on an interval:
those take the static types (`signature`, see registry).
"""

from __future__ import annotations

from typing import Any

from ..values import Interval
from .comparison import equal
from .logic import logical_and
from .precision import level_of
from .registry import operator
from .timing import (
    interval_contains,
    interval_includes,
    interval_properly_contains,
    interval_properly_includes,
)

Truth = bool | None
Signature = tuple[str | None, ...] | None


@operator("In", attributes=("precision",))
def is_in(element: Any, container: Any, *, precision: str | None = None) -> Truth:
    """element in container; false for a null container."""
    if container is None:
        return False
    if type(container) is Interval:
        return interval_contains(container, element, level_of(precision))
    return list_contains(container, element)


@operator("Contains", attributes=("precision",))
def contains(container: Any, element: Any, *, precision: str | None = None) -> Truth:
    """container contains element; false for a null container."""
    return is_in(element, container, precision=precision)


@operator("ProperContains", attributes=("precision",), typed=True)
def properly_contains(
    container: Any, element: Any, *, precision: str | None = None, signature: Signature = None
) -> Truth:
    """The container has the element and is more than the element alone."""
    if container is None:
        return None if signature is not None and signature[0] == "Interval" else False
    if type(container) is Interval:
        return interval_properly_contains(container, element, level_of(precision))
    return logical_and(list_contains(container, element), _has_another(container, element))


@operator("ProperIn", attributes=("precision",), typed=True)
def properly_in(
    element: Any, container: Any, *, precision: str | None = None, signature: Signature = None
) -> Truth:
    """The element is in the container and is not all of it."""
    turned = None if signature is None else signature[::-1]
    return properly_contains(container, element, precision=precision, signature=turned)


@operator("Includes", attributes=("precision",))
def includes(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """Every point or element of right is in left; null when either is null."""
    if left is None or right is None:
        return None
    if type(left) is Interval:
        return interval_includes(left, right, level_of(precision))
    if not isinstance(right, list):
        return list_contains(left, right)
    return _includes_all(left, right)


@operator("IncludedIn", attributes=("precision",))
def included_in(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """Every point or element of left is in right; null when either is null."""
    return includes(right, left, precision=precision)


@operator("ProperIncludes", attributes=("precision",))
def properly_includes(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """left includes right and is larger; null when either is null."""
    if left is None or right is None:
        return None
    if type(left) is Interval:
        return interval_properly_includes(left, right, level_of(precision))
    return logical_and(_includes_all(left, right), len(left) > len(right))


@operator("ProperIncludedIn", attributes=("precision",))
def properly_included_in(left: Any, right: Any, *, precision: str | None = None) -> Truth:
    """left is included in right and is smaller; null when either is null."""
    return properly_includes(right, left, precision=precision)


def list_contains(elements: list[Any], element: Any) -> Truth:
    """Whether an element equals; nulls are equal to each other and to nothing else."""
    if element is None or type(element) is str:
        return element in elements
    unknown = False
    for candidate in elements:
        if candidate is not None:
            result = equal(candidate, element)
            if result:
                return True
            unknown = unknown or result is None
    return None if unknown else False


def _includes_all(elements: list[Any], required: list[Any]) -> Truth:
    unknown = False
    for element in required:
        result = list_contains(elements, element)
        if result is False:
            return False
        unknown = unknown or result is None
    return None if unknown else True


def _has_another(elements: list[Any], element: Any) -> Truth:
    """Whether some element is known to differ; whether a null does is not known."""
    unknown = False
    for candidate in elements:
        if element is None:
            result: Truth = candidate is None
        elif candidate is None:
            result = None
        else:
            result = equal(candidate, element)
        if result is False:
            return True
        unknown = unknown or result is None
    return None if unknown else False
