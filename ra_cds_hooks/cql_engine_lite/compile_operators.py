"""Compiling operators over evaluated operands: a call of the registered Python function."""

from __future__ import annotations

from .compile_property import label_of, variable_of
from .elm_types import IntervalOf, ListOf, Named, Type, operator_type_name, parse_type
from .emitter import Emitter, Node, node
from .operators import OPERATORS


def operator_call(e: Emitter, elm: Node) -> str:
    """A call of the operator that the registry has for this node; UnsupportedOperatorError."""
    kind: str = elm["type"]
    operator = OPERATORS.get(kind)
    if operator is None:
        raise e.unsupported(kind)
    if operator.operands:
        operands: list[Node | None] = [elm.get(name) for name in operator.operands]
    else:
        operands = _operands(elm)
    arguments = ["c"] if operator.context else []
    carrier_result = e.compiler.is_carrier(e.type_of(elm))
    for operand in operands:
        value = e.optional(operand)
        if operand is not None and not carrier_result:
            record_rows(e, operand, value)
        arguments.append(value)
    for attribute in operator.attributes:
        if elm.get(attribute) is not None:
            arguments.append(f"{attribute}={elm[attribute]!r}")
    if operator.typed:
        signature = tuple(operator_type_name(type_) for type_ in _types(e, elm, operands))
        arguments.append(f"signature={signature!r}")
    return e.assign(f"{e.constant(operator.function)}({', '.join(arguments)})")


def _operands(elm: Node) -> list[Node | None]:
    for member in ("operand", "source"):
        operand = elm.get(member)
        if isinstance(operand, list):
            return list(operand)
        if operand is not None:
            return [operand]
    return []


def _types(e: Emitter, elm: Node, operands: list[Node | None]) -> list[Type]:
    """The operands' static types; the operator's own signature where a node has none."""
    signature = [parse_type(specifier) for specifier in elm.get("signature") or ()]
    types = []
    for number, operand in enumerate(operands):
        type_ = e.type_of(operand)
        if type_ is None and number < len(signature):
            type_ = signature[number]
        types.append(type_)
    return types


def record_rows(e: Emitter, operand: Node, value: str) -> None:
    """Record rows that end here: `exists`, `Count` and the like give no value that carries them."""
    if not e.compiler.is_carrier(e.type_of(operand)) or operand.get("type") == "Property":
        return
    variable = variable_of(e, operand)
    if variable is not None and variable.scanned:
        return
    e.record(label_of(e, operand), value, None, "None")


def value_whose_rows_end(e: Emitter, operand: Node) -> str:
    """The value of an operand, and the recording of its rows."""
    value = e.node(operand)
    record_rows(e, operand, value)
    return value


WANTED = {"IsNull": "None", "IsTrue": "True", "IsFalse": "False"}
"""What each test asks for, in Python."""
_PLAIN = frozenset({Named("System.String"), Named("System.Boolean"), Named("System.Integer")})
"""Types of which Python's equality is CQL's."""


def plain_type(e: Emitter, elm: Node) -> Type:
    """The static type of a node when Python's equality is that of CQL for it, else None."""
    type_ = e.type_of(elm)
    return type_ if type_ in _PLAIN else None


@node("Equal")
def equal(e: Emitter, elm: Node) -> str:
    """Equality; of two values of the same plain type in place."""
    left, right = elm["operand"]
    type_ = plain_type(e, left)
    if type_ is None or e.type_of(right) != type_:
        return operator_call(e, elm)
    values = [e.node(left), e.node(right)]
    nulls = [
        f"{value} is None"
        for operand, value in zip((left, right), values, strict=True)
        if operand.get("type") != "Literal"
    ]
    same = f"{values[0]} == {values[1]}"
    return e.assign(f"None if {' or '.join(nulls)} else {same}" if nulls else same)


@node("In")
def is_in(e: Emitter, elm: Node) -> str:
    """Membership; of a String in a list of Strings in place."""
    element, container = elm["operand"]
    string = Named("System.String")
    if e.type_of(element) != string or e.type_of(container) != ListOf(string):
        return operator_call(e, elm)
    value = e.node(element)
    items = container.get("element") or ()
    if container.get("type") == "List" and items and all(map(_is_text, items)):
        # Python makes a constant set of these.
        return e.assign(f"{value} in {{{', '.join(repr(str(item['value'])) for item in items)}}}")
    listed = e.node(container)
    return e.assign(f"False if {listed} is None else {value} in {listed}")


def _is_text(elm: Node) -> bool:
    return elm.get("type") == "Literal" and "value" in elm


@node("IsNull", "IsTrue", "IsFalse")
def is_null(e: Emitter, elm: Node) -> str:
    """Tests that Python can do in place."""
    return e.assign(f"{value_whose_rows_end(e, elm['operand'])} is {WANTED[elm['type']]}")


@node("Exists")
def exists(e: Emitter, elm: Node) -> str:
    """Whether a list has an item that is not null; false for null."""
    return e.assign(f"has_item({value_whose_rows_end(e, elm['operand'])})")


@node("Interval")
def interval(e: Emitter, elm: Node) -> str:
    """An interval selector; bounds that contradict each other are an error at run time."""
    low, high = e.optional(elm.get("low")), e.optional(elm.get("high"))
    closed = []
    for side in ("low", "high"):
        expression = elm.get(f"{side}ClosedExpression")
        if expression is not None:
            closed.append(e.node(expression))
        else:
            closed.append("True" if elm.get(f"{side}Closed", True) else "False")
    type_ = e.type_of(elm)
    point = operator_type_name(type_.point) if isinstance(type_, IntervalOf) else None
    if point is None:
        for bound in ("low", "high"):
            point = point or operator_type_name(e.type_of(elm.get(bound)))
    return e.assign(f"make_interval({low}, {high}, {closed[0]}, {closed[1]}, {point!r})")
