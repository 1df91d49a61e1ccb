"""Static types and origins where the translator wrote none (on nodes that it inserted itself)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .elm_types import (
    IntervalOf,
    ListOf,
    Named,
    TupleOf,
    Type,
    member_type,
    named,
    result_type,
)
from .emitter import Emitter, Node

if TYPE_CHECKING:
    from .compiler import Compiler

_VARIABLES = frozenset({"AliasRef", "QueryLetRef", "OperandRef"})
_ITEM_OF = {"First": "source", "Last": "source", "SingletonFrom": "operand", "Indexer": "operand"}
_SAME_AS = {
    "Filter": "source",
    "Sort": "source",
    "Distinct": "operand",
    "Slice": "source",
    "Union": "operand",
    "Intersect": "operand",
    "Except": "operand",
    "If": "then",
    "Coalesce": "operand",
    "Message": "source",
    "Add": "operand",
    "Subtract": "operand",
    "Negate": "operand",
}
_SYSTEM_RESULTS = {
    "Quantity": "Quantity",
    "Date": "Date",
    "DateTime": "DateTime",
    "Time": "Time",
    "Now": "DateTime",
    "Today": "Date",
    "TimeOfDay": "Time",
    "DateFrom": "Date",
    "CodeRef": "Code",
    "ConceptRef": "Concept",
    "ValueSetRef": "ValueSet",
}


def infer(compiler: Compiler, e: Emitter, elm: Node) -> Type:
    """The type of a node without a written one; None when it does not follow simply."""
    kind: str = elm.get("type") or ""
    if kind in _VARIABLES:
        variable = e.find(elm["name"])
        return variable.type if variable is not None else None
    if kind == "Current":
        variable = e.find(elm.get("scope") or "$this")
        return variable.type if variable is not None else None
    if kind == "As":
        return member_type(elm, "as")
    if kind == "Literal":
        return named(elm["valueType"])
    if kind == "Instance":
        return named(elm["classType"])
    if kind == "Retrieve":
        return ListOf(named(elm["dataType"]))
    if kind == "ExpressionRef":
        return compiler.define_type(compiler.define_index(e, elm))
    if kind == "ParameterRef":
        return compiler.parameter_type(e, elm)
    if kind == "FunctionRef":
        return compiler.function(e, elm).result
    if kind == "Tuple":
        return TupleOf(
            tuple((part["name"], e.type_of(part["value"])) for part in elm.get("element") or ())
        )
    if kind in _ITEM_OF:
        type_ = e.type_of(_first(elm.get(_ITEM_OF[kind])))
        return type_.element if isinstance(type_, ListOf) else None
    if kind in _SAME_AS:
        return e.type_of(_first(elm.get(_SAME_AS[kind])))
    return _of_operator(e, kind, elm)


def _of_operator(e: Emitter, kind: str, elm: Node) -> Type:
    if kind in _SYSTEM_RESULTS:
        return Named("System." + _SYSTEM_RESULTS[kind])
    if kind == "ToList":
        return ListOf(e.type_of(_first(elm.get("operand"))))
    if kind == "List":
        elements = elm.get("element") or ()
        return ListOf(e.type_of(elements[0]) if elements else None)
    if kind == "Interval":
        return IntervalOf(e.type_of(elm.get("low")) or e.type_of(elm.get("high")))
    if kind == "Flatten":
        type_ = e.type_of(_first(elm.get("operand")))
        return type_.element if isinstance(type_, ListOf) else None
    if kind == "Query":
        returned = elm.get("return")
        if returned is None and len(elm["source"]) == 1:
            return e.type_of(elm["source"][0]["expression"])
        return result_type(returned) if returned is not None else None
    if kind == "Property":
        source = elm.get("source")
        if source is not None or "scope" in elm:
            type_ = e.type_of(source or {"type": "AliasRef", "name": elm["scope"]})
            if isinstance(type_, TupleOf):
                return type_.element(elm["path"])
            if isinstance(type_, IntervalOf) and elm["path"] in ("low", "high"):
                return type_.point
        return None
    if kind.startswith("To") and kind[2:] and kind not in ("Today", "Total", "ToChars"):
        return Named("System." + kind[2:])
    return None


def _first(operand: object) -> Node | None:
    if isinstance(operand, list):
        operand = operand[0] if operand else None
    return operand if isinstance(operand, dict) else None


def origin_of(e: Emitter, elm: Node) -> tuple[tuple[str, ...], str] | None:
    """The resource types and element path that an expression reads, None when not plain."""
    kind: str = elm.get("type") or ""
    resources = e.compiler.resource_names(e.type_of(elm))
    if resources:
        return resources, ""
    if kind in _VARIABLES:
        variable = e.find(elm["name"])
        return variable.origin if variable is not None else None
    if kind == "Property":
        source = elm.get("source") or {"type": "AliasRef", "name": elm.get("scope")}
        origin = origin_of(e, source)
        if origin is None:
            return None
        before = f"{origin[1]}." if origin[1] else ""
        return origin[0], before + elm["path"]
    member = {**_ITEM_OF, **_SAME_AS, "As": "operand"}.get(kind)
    inner = _first(elm.get(member)) if member else None
    if inner is not None:
        origin = origin_of(e, inner)
        if origin is not None and kind == "As" and inner.get("type") == "Property":
            return origin[0], origin[1] + "[x]" if not origin[1].endswith("[x]") else origin[1]
        return origin
    return None
