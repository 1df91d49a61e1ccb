"""Conditions: of `where`, `if` and `case` only the truth counts, so that no value is made of them.

The operands are evaluated as they are for the value: the same ones, in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass

from .compile_operators import WANTED, plain_type, value_whose_rows_end
from .elm_types import Type
from .emitter import Emitter, Node


@dataclass(frozen=True, slots=True)
class Condition:
    """A Python condition and its opposite; null counts as not true."""

    holds: str
    fails: str


def condition(e: Emitter, elm: Node) -> Condition:
    """Write what a CQL condition needs; what holds exactly when it is true."""
    written = _WRITTEN.get(elm.get("type", "")) if e.fuses else None
    found = written(e, elm) if written is not None else None
    return found or _of_value(e.node(elm), "True")


def equals(e: Emitter, value: str, elm: Node, static: Type) -> Condition | None:
    """Whether a value already written equals a node's; None when that is not Python's equality."""
    if not e.fuses or static is None or plain_type(e, elm) != static:
        return None
    return _equal(value, e.node(elm), elm.get("type") == "Literal")


def _of_value(value: str, wanted: str) -> Condition:
    return Condition(f"{value} is {wanted}", f"{value} is not {wanted}")


def _test(e: Emitter, elm: Node) -> Condition:
    """`is null`, `is true`, `is false`."""
    return _of_value(value_whose_rows_end(e, elm["operand"]), WANTED[elm["type"]])


def _exists(e: Emitter, elm: Node) -> Condition:
    """`exists`; nearly always the first item answers."""
    value = value_whose_rows_end(e, elm["operand"])
    return Condition(
        f"{value} and ({value}[0] is not None or has_item({value}))",
        f"not {value} or {value}[0] is None and not has_item({value})",
    )


def _not(e: Emitter, elm: Node) -> Condition:
    """`not` of a test that is never null; of anything else when that is false."""
    operand = elm["operand"]
    if operand.get("type") in _NEVER_NULL:
        inner = condition(e, operand)
        return Condition(inner.fails, inner.holds)
    return _of_value(e.node(operand), "False")


def _or(e: Emitter, elm: Node) -> Condition:
    """`or`: the second operand is left alone when the first is true."""
    left, right = elm["operand"]
    result = e.assign(condition(e, left).holds)
    with e.block(f"if not {result}:"):
        e.emit(f"{result} = {condition(e, right).holds}")
    return Condition(result, f"not {result}")


def _equals(e: Emitter, elm: Node) -> Condition | None:
    """Equality of two values of the same plain type."""
    left, right = elm["operand"]
    static = plain_type(e, left)
    if static is None or static != plain_type(e, right):
        return None
    if left.get("type") == "Literal":
        left, right = right, left
    return _equal(e.node(left), e.node(right), right.get("type") == "Literal")


def _equal(left: str, right: str, literal: bool) -> Condition:
    # Null equals nothing, not even null; a literal is none.
    if literal:
        return Condition(f"{left} == {right}", f"{left} != {right}")
    return Condition(
        f"{left} == {right} and {left} is not None", f"{left} != {right} or {left} is None"
    )


_NEVER_NULL = frozenset({"IsNull", "IsTrue", "IsFalse", "Exists"})
_WRITTEN = {
    "IsNull": _test,
    "IsTrue": _test,
    "IsFalse": _test,
    "Exists": _exists,
    "Not": _not,
    "Or": _or,
    "Equal": _equals,
}
