"""What generated code calls besides operators: references, lists, choice values, date ranges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .context import UNSET, Evaluation
from .errors import EvaluationError
from .evidence import Frame
from .fhir_json import (
    Element,
    boolean_value,
    child,
    date_time_value,
    date_value,
    decimal_value,
    integer_value,
    string_value,
    time_value,
)
from .values import CqlTuple, Interval


def reference(evaluation: Evaluation, frame: Frame, index: int) -> Any:
    """The value of a define, computed on first use; the reference is evidence of the caller."""
    frame.append(index)
    value = evaluation.memo[index]
    if value.__class__ is _MARK:
        return evaluation.compute(index)
    return value


_MARK = UNSET.__class__


def constant(value: Any) -> Callable[..., Any]:
    """The function of a define, parameter default or CQL function that is a constant."""

    def given(*_: Any) -> Any:
        return value

    return given


def carrying(value: Any, label: str, *rows: Any) -> Any:
    """The tuple with the rows it was made for as sources; a new one, the given may be shared."""
    if value.__class__ is not CqlTuple:
        return value
    made = CqlTuple(value)
    made.sources = (label, *rows, value)
    return made


def has_item(values: Any) -> bool:
    """CQL `exists`: whether a list has an item that is not null."""
    # Nearly always the first item answers, and a generator costs more than the answer.
    if not values:
        return False
    return values[0] is not None or any(value is not None for value in values)


def fail(message: str) -> Any:
    """What is known at load to have no result fails when it is evaluated."""
    raise EvaluationError(message)


def first_not_null(values: Any) -> Any:
    """CQL `Coalesce` of a list."""
    return next((value for value in values or () if value is not None), None)


_BY_TYPE: dict[str, Callable[[Any], Any]] = {
    "boolean": boolean_value,
    "integer": integer_value,
    "positiveInt": integer_value,
    "unsignedInt": integer_value,
    "decimal": decimal_value,
    "time": time_value,
}


def element_value(evaluation: Evaluation, element: Any) -> Any:
    """`.value` of a FHIR primitive whose type is only known at run time."""
    if not isinstance(element, Element) or element.type is None:
        if isinstance(element, float):
            return decimal_value(element)
        return None if isinstance(element, dict | list) else element
    if element.type in ("dateTime", "instant"):
        return date_time_value(evaluation, element)
    if element.type == "date":
        return date_value(evaluation, element)
    read: Callable[[Any], Any] = _BY_TYPE.get(element.type, string_value)
    return read(element)


def rows_in_range(
    evaluation: Evaluation,
    rows: list[Any],
    path: str,
    period: Any,
    inside: Callable[..., Any],
    included: Callable[..., Any],
) -> list[Any]:
    """The rows whose date (dateTime, instant, date or Period at `path`) lies in `period`."""
    kept = []
    for row in rows:
        value = child(row, path)
        for suffix in ("DateTime", "Period", "Instant", "Date"):
            value = value if value is not None else child(row, path + suffix)
        if isinstance(value, dict):
            low = date_time_value(evaluation, value.get("start"))
            high = date_time_value(evaluation, value.get("end"))
            answer = included(Interval(low, high, low is not None, True, "DateTime"), period)
        else:
            answer = inside(date_time_value(evaluation, value), period)
        if answer is True:
            kept.append(row)
    return kept
