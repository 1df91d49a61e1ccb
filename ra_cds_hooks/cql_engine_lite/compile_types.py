"""Compiling type tests, casts and conversions: Is, As, Convert, CanConvert."""

from __future__ import annotations

from .compile_property import choice_keys, label_of, read_path, source_of
from .elm_types import (
    ANY,
    ChoiceOf,
    IntervalOf,
    ListOf,
    Named,
    Type,
    fhir_local,
    is_fhir_subtype,
    member_type,
)
from .emitter import Emitter, Node, node
from .operators import OPERATORS


@node("As")
def as_(e: Emitter, elm: Node) -> str:
    """A cast: null when the value is of another type, an error when it is `strict`."""
    operand = elm["operand"]
    wanted = member_type(elm, "as")
    if operand.get("type") == "Property":
        # `O.value as FHIR.Quantity` is one JSON member; the record is that of the property.
        from_path = read_path(e, elm) if _is_choice_read(e, operand, wanted, elm) else None
        if from_path is not None:
            value = e.name(from_path.expression)
            if from_path.carrier is not None and from_path.path:
                e.record(label_of(e, operand), from_path.carrier, from_path.path, value)
            return value
    value = e.node(operand)
    if operand.get("type") == "Null" or is_static_subtype(e.type_of(operand), wanted):
        return value
    if isinstance(wanted, ListOf) and _is_empty_list(operand):
        return value
    strict = "True" if elm.get("strict") else "False"
    return e.assign(f"as_type({value}, {e.constant(wanted)}, {strict})")


def _is_empty_list(elm: Node) -> bool:
    return elm.get("type") == "List" and not elm.get("element")


def _is_choice_read(e: Emitter, operand: Node, wanted: Type, elm: Node) -> bool:
    return (
        fhir_local(wanted) is not None
        and not elm.get("strict")
        and isinstance(e.type_of(operand), ChoiceOf)
        and isinstance(e.type_of(source_of(e, operand)), Named)
    )


@node("Is")
def is_(e: Emitter, elm: Node) -> str:
    """A type test; false for null."""
    operand = elm["operand"]
    wanted = member_type(elm, "is")
    local = fhir_local(wanted)
    if operand.get("type") == "Property" and local is not None and "." not in operand["path"]:
        type_, source = e.type_of(operand), source_of(e, operand)
        if isinstance(type_, ChoiceOf) and isinstance(e.type_of(source), Named):
            keys = choice_keys(operand["path"], type_, local)
            cast = {"type": "As", "asType": f"{{http://hl7.org/fhir}}{local}", "operand": operand}
            return e.assign(f"{e.node(cast)} is not None") if keys else "False"
    value = e.node(operand)
    return e.assign(f"is_type({value}, {e.constant(wanted)})")


def is_static_subtype(given: Type, wanted: Type) -> bool:
    """Whether every value of type `given` is one of `wanted`, so that a cast does nothing."""
    if wanted is None or wanted in (given, ANY):
        return True
    if isinstance(wanted, ChoiceOf):
        options = given.options if isinstance(given, ChoiceOf) else (given,)
        return all(any(is_static_subtype(o, w) for w in wanted.options) for o in options)
    if isinstance(wanted, ListOf):
        return isinstance(given, ListOf) and is_static_subtype(given.element, wanted.element)
    if isinstance(wanted, IntervalOf):
        return isinstance(given, IntervalOf) and is_static_subtype(given.point, wanted.point)
    given_local, wanted_local = fhir_local(given), fhir_local(wanted)
    if given_local is None or wanted_local is None:
        return False
    return is_fhir_subtype(given_local, wanted_local)


@node("Convert")
def convert(e: Emitter, elm: Node) -> str:
    """`convert X to T`: the operator ToT."""
    to = member_type(elm, "to")
    if not isinstance(to, Named) or f"To{to.local}" not in OPERATORS:
        raise e.unsupported(f"Convert to {to}")
    return e.node({**elm, "type": f"To{to.local}"})


@node("CanConvert")
def can_convert(e: Emitter, elm: Node) -> str:
    """Whether `convert` would give a value: the operator ConvertsToT."""
    to = member_type(elm, "to")
    if not isinstance(to, Named) or f"ConvertsTo{to.local}" not in OPERATORS:
        raise e.unsupported(f"CanConvert to {to}")
    return e.node({**elm, "type": f"ConvertsTo{to.local}"})
