"""Type tests of values at run time, for casts that the static types do not decide."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .elm_types import (
    FHIR_NUMBER_PRIMITIVES,
    FHIR_PRIMITIVES,
    FHIR_PROFILES,
    ChoiceOf,
    IntervalOf,
    ListOf,
    Named,
    TupleOf,
    Type,
    is_fhir_subtype,
)
from .errors import EvaluationError
from .fhir_json import Element
from .values import (
    Code,
    CodeSystem,
    Concept,
    CqlTuple,
    Date,
    DateTime,
    Interval,
    Long,
    Quantity,
    Ratio,
    Time,
    ValueSet,
)

_CLASSES: dict[str, tuple[type, ...]] = {
    "System.Boolean": (bool,),
    "System.Long": (Long,),
    "System.Decimal": (Decimal,),
    "System.String": (str,),
    "System.Date": (Date,),
    "System.DateTime": (DateTime,),
    "System.Time": (Time,),
    "System.Quantity": (Quantity,),
    "System.Ratio": (Ratio,),
    "System.Code": (Code,),
    "System.Concept": (Concept,),
    "System.ValueSet": (ValueSet,),
    "System.CodeSystem": (CodeSystem,),
    "System.Vocabulary": (ValueSet, CodeSystem),
}


def as_type(value: Any, type_: Type, strict: bool) -> Any:
    """The value when it is of the type, else null; EvaluationError instead when strict."""
    if value is None:
        return None
    if (
        value.__class__ is Element
        and type_.__class__ is Named
        and value.extra is None
        and value.type == type_.local
        and type_.is_fhir
    ):
        return value.json  # the commonest cast by far: a choice to the type that its key names
    if is_type(value, type_):
        if isinstance(value, Element) and value.extra is None and isinstance(type_, Named):
            return value.json
        return value
    if strict:
        raise EvaluationError(f"the value cannot be cast to {describe(type_)}")
    return None


def is_type(value: Any, type_: Type) -> bool:
    """Whether a value is of a type; never for null.

    FHIR JSON does not say the type of an element by itself: one that is not a choice value is
    taken to be of any FHIR type that has its JSON shape.
    """
    if value is None:
        return False
    if isinstance(type_, Named):
        return _is_named(value, type_)
    if isinstance(type_, ChoiceOf):
        return any(is_type(value, option) for option in type_.options)
    if isinstance(type_, ListOf):
        return isinstance(value, list) and all(
            item is None or is_type(item, type_.element) for item in value
        )
    if isinstance(type_, IntervalOf):
        return isinstance(value, Interval) and _is_interval_of(value, type_.point)
    if isinstance(type_, TupleOf):
        return isinstance(value, CqlTuple) and set(value) <= {name for name, _ in type_.elements}
    return True


def _is_interval_of(interval: Interval, point: Type) -> bool:
    bounds = [bound for bound in (interval.low, interval.high) if bound is not None]
    if bounds:
        return all(is_type(bound, point) for bound in bounds)
    known = interval.point_type
    return known is None or not isinstance(point, Named) or point.local == known


def _is_named(value: Any, type_: Named) -> bool:
    if type_.name == "System.Any":
        return True
    if type_.name == "System.Integer":
        return isinstance(value, int) and not isinstance(value, (bool, Long))
    classes = _CLASSES.get(type_.name)
    if classes is not None:
        return isinstance(value, classes)
    if not type_.is_fhir:
        return False
    wanted = type_.local
    if isinstance(value, Element):
        if value.type is not None:
            wanted = FHIR_PROFILES.get(wanted, wanted)
            return is_fhir_subtype(value.type, wanted) or wanted == "Element"
        value = value.json
    if isinstance(value, CqlTuple):
        return False
    if isinstance(value, dict):
        kind = value.get("resourceType")
        if kind is not None:
            return kind == wanted or wanted in ("Resource", "DomainResource")
        return wanted not in FHIR_PRIMITIVES
    if isinstance(value, bool):
        return wanted == "boolean"
    if isinstance(value, (int, float, Decimal)):
        return wanted in FHIR_NUMBER_PRIMITIVES
    # Text: any primitive but numbers and booleans, and the enumerations (named like classes).
    return isinstance(value, str) and wanted not in FHIR_NUMBER_PRIMITIVES | {"boolean"}


def describe(type_: Type) -> str:
    """A type's name for messages."""
    if isinstance(type_, Named):
        return type_.name
    if isinstance(type_, ListOf):
        return f"List<{describe(type_.element)}>"
    if isinstance(type_, IntervalOf):
        return f"Interval<{describe(type_.point)}>"
    if isinstance(type_, ChoiceOf):
        return f"Choice<{', '.join(describe(option) for option in type_.options)}>"
    return "Tuple" if isinstance(type_, TupleOf) else "Any"
