"""ELM type specifiers as small immutable Python objects.

A type is `Named("System.Integer")`, `Named("FHIR.Observation")`, `ListOf`, `IntervalOf`, `TupleOf`,
`ChoiceOf`, or None where the translator wrote no type (nodes that it inserted itself).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from .errors import LibraryLoadError

_NAMESPACES = {"urn:hl7-org:elm-types:r1": "System.", "http://hl7.org/fhir": "FHIR."}


@dataclass(frozen=True, slots=True)
class Named:
    """A named type; `name` is "System.X" or "FHIR.X"."""

    name: str
    local: str = field(init=False, repr=False, compare=False)
    """The name without its model."""
    is_fhir: bool = field(init=False, repr=False, compare=False)
    """Whether it belongs to the FHIR model."""
    is_system: bool = field(init=False, repr=False, compare=False)
    """Whether it belongs to CQL's own System model."""

    def __post_init__(self) -> None:
        # Asked at every cast: worked out once.
        object.__setattr__(self, "local", self.name.partition(".")[2])
        object.__setattr__(self, "is_fhir", self.name.startswith("FHIR."))
        object.__setattr__(self, "is_system", self.name.startswith("System."))


@dataclass(frozen=True, slots=True)
class ListOf:
    """List<element>."""

    element: Type


@dataclass(frozen=True, slots=True)
class IntervalOf:
    """Interval<point>."""

    point: Type


@dataclass(frozen=True, slots=True)
class TupleOf:
    """Tuple { name: type, ... }."""

    elements: tuple[tuple[str, Type], ...]

    def element(self, name: str) -> Type:
        """The type of one element; None when there is none of that name."""
        return next((type_ for key, type_ in self.elements if key == name), None)


@dataclass(frozen=True, slots=True)
class ChoiceOf:
    """Choice<a, b, ...>."""

    options: tuple[Type, ...]


Type = Named | ListOf | IntervalOf | TupleOf | ChoiceOf | None

ANY = Named("System.Any")

# FHIR R4 types whose base is another concrete datatype (FHIR R4, section "Data types").
FHIR_BASES = {
    "Age": "Quantity",
    "Count": "Quantity",
    "Distance": "Quantity",
    "Duration": "Quantity",
    "Money": "Element",
    "MoneyQuantity": "Quantity",
    "SimpleQuantity": "Quantity",
    "code": "string",
    "id": "string",
    "markdown": "string",
    "canonical": "uri",
    "oid": "uri",
    "url": "uri",
    "uuid": "uri",
    "positiveInt": "integer",
    "unsignedInt": "integer",
}
FHIR_TEXT_PRIMITIVES = frozenset(
    [
        "base64Binary",
        "canonical",
        "code",
        "id",
        "markdown",
        "oid",
        "string",
        "uri",
        "url",
        "uuid",
        "xhtml",
    ]
)
FHIR_TIME_PRIMITIVES = frozenset({"date", "dateTime", "instant", "time"})
FHIR_NUMBER_PRIMITIVES = frozenset({"decimal", "integer", "positiveInt", "unsignedInt"})
FHIR_PRIMITIVES = FHIR_TEXT_PRIMITIVES | FHIR_TIME_PRIMITIVES | FHIR_NUMBER_PRIMITIVES | {"boolean"}


# Profiles that the model info lists as types; in JSON they are what they constrain.
FHIR_PROFILES = {"MoneyQuantity": "Quantity", "SimpleQuantity": "Quantity"}


def is_fhir_subtype(name: str, base: str) -> bool:
    """Whether FHIR type `name` is `base` or derives from it (local names)."""
    current: str | None = name
    while current is not None:
        if current == base:
            return True
        current = FHIR_BASES.get(current)
    return False


@cache
def named(qualified: str) -> Named:
    """The type of a qualified name such as "{http://hl7.org/fhir}Observation"."""
    if qualified.startswith("{"):
        uri, _, local = qualified[1:].partition("}")
        return Named(_NAMESPACES.get(uri, uri + ".") + local)
    if "." in qualified:
        return Named(qualified)
    return Named("System." + qualified)


def parse_type(specifier: Mapping[str, Any] | None) -> Type:
    """Read a type specifier; LibraryLoadError when it is of an unknown kind."""
    if specifier is None:
        return None
    kind = specifier.get("type")
    if kind == "NamedTypeSpecifier" or (kind is None and "name" in specifier):
        return named(specifier["name"])
    if kind == "ListTypeSpecifier":
        return ListOf(parse_type(specifier.get("elementType")))
    if kind == "IntervalTypeSpecifier":
        return IntervalOf(parse_type(specifier.get("pointType")))
    if kind == "TupleTypeSpecifier":
        return TupleOf(
            tuple(
                (e["name"], parse_type(e.get("elementType") or e.get("type")))
                for e in specifier.get("element", ())
            )
        )
    if kind == "ChoiceTypeSpecifier":
        options = specifier.get("choice") or specifier.get("type_") or ()
        return ChoiceOf(tuple(parse_type(option) for option in options))
    raise LibraryLoadError(f"unknown type specifier {kind}", locator=specifier.get("locator"))


def result_type(node: Mapping[str, Any]) -> Type:
    """The result type that the translator wrote on a node; None when it wrote none."""
    name = node.get("resultTypeName")
    if name is not None:
        return named(name)
    return parse_type(node.get("resultTypeSpecifier"))


def member_type(node: Mapping[str, Any], member: str) -> Type:
    """The type in `<member>Type` or `<member>TypeSpecifier` of a node (asType, isType, toType)."""
    name = node.get(member + "Type")
    if isinstance(name, str):
        return named(name)
    return parse_type(node.get(member + "TypeSpecifier"))


def is_list(type_: Type) -> bool:
    """Whether it is a list type."""
    return isinstance(type_, ListOf)


def fhir_local(type_: Type) -> str | None:
    """The local name of a FHIR type, None for any other type."""
    if isinstance(type_, Named) and type_.is_fhir:
        return type_.local
    return None


def operator_type_name(type_: Type) -> str | None:
    """The spelling that typed operators take: "List", "Interval", a local name, or None."""
    if isinstance(type_, ListOf):
        return "List"
    if isinstance(type_, IntervalOf):
        return "Interval"
    if isinstance(type_, Named):
        return type_.local
    return None
