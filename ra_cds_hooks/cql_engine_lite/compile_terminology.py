"""Compiling retrieves and value set membership."""

from __future__ import annotations

from .compile_references import value_set_index
from .elm_types import ListOf, is_list, named
from .emitter import Emitter, Node, node
from .operators import OPERATORS

_EMPTY_MEMBERS = ("codeFilter", "dateFilter", "otherFilter", "include")


@node("Retrieve")
def retrieve(e: Emitter, elm: Node) -> str:
    """All resources of a type, or those with certain codes, or dated within a range."""
    for member in (*_EMPTY_MEMBERS, "idProperty", "contextProperty", "includedIn"):
        if elm.get(member):
            raise e.unsupported(f"Retrieve with {member}")
    type_ = named(elm["dataType"])
    if not type_.is_fhir:
        raise e.unsupported(f"Retrieve of {type_.name}")
    kind = type_.local
    e.compiler.note_retrieve(kind)
    codes = elm.get("codes")
    if codes is None:
        rows = e.assign(f"c.retrieve({kind!r})")
    else:
        path: str = elm.get("codeProperty") or "code"
        e.compiler.note_read((kind,), path)
        if codes.get("type") == "ExpandValueSet":
            codes = codes["operand"]
        if codes.get("type") == "ValueSetRef":
            index = value_set_index(e, codes)
            rows = e.assign(f"c.retrieve_in_value_set({kind!r}, {path!r}, {index})")
        else:
            rows = e.assign(f"c.retrieve_with_codes({kind!r}, {path!r}, {e.node(codes)})")
    if elm.get("dateRange") is None:
        return rows
    return _in_range(e, rows, kind, elm)


def _in_range(e: Emitter, rows: str, kind: str, elm: Node) -> str:
    """The rows whose date property (dateTime, instant, date or Period) lies in the range."""
    path = elm.get("dateProperty")
    if not isinstance(path, str):
        raise e.invalid("a retrieve has a dateRange and no dateProperty")
    e.compiler.note_read((kind,), path)
    included = e.constant(OPERATORS["IncludedIn"].function)
    inside = e.constant(OPERATORS["In"].function)
    return e.assign(
        f"rows_in_range(c, {rows}, {path!r}, {e.node(elm['dateRange'])}, {inside}, {included})"
    )


@node("InValueSet")
def in_value_set(e: Emitter, elm: Node) -> str:
    """`X in "Value Set"` for a String, Code or Concept, or a list of these."""
    code = elm["code"]
    index = value_set_index(e, _value_set_of(e, elm))
    method = "any_in_value_set" if isinstance(e.type_of(code), ListOf) else "in_value_set"
    return e.assign(f"c.{method}({e.node(code)}, {index})")


@node("AnyInValueSet")
def any_in_value_set(e: Emitter, elm: Node) -> str:
    """Whether any of a list of codes is in a value set."""
    index = value_set_index(e, _value_set_of(e, elm))
    codes = elm["codes"]
    method = "any_in_value_set" if is_list(e.type_of(codes)) else "in_value_set"
    return e.assign(f"c.{method}({e.node(codes)}, {index})")


@node("ExpandValueSet")
def expand_value_set(e: Emitter, elm: Node) -> str:
    """The codes of a value set as a list."""
    operand = elm["operand"]
    if operand.get("type") != "ValueSetRef":
        raise e.unsupported("ExpandValueSet of an expression that is not a value set's name")
    return e.assign(f"c.codes_of_value_set({value_set_index(e, operand)})")


def _value_set_of(e: Emitter, elm: Node) -> Node:
    reference: Node | None = elm.get("valueset")
    if reference is None:
        expression = elm.get("valuesetExpression") or {}
        if expression.get("type") != "ValueSetRef":
            raise e.unsupported(f"{elm['type']} with a computed value set")
        reference = expression
    return reference
