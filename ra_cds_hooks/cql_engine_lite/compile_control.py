"""Compiling what is lazy: logic, conditionals; and selectors of tuples, lists and instances."""

from __future__ import annotations

from .compile_condition import Condition, condition, equals
from .compile_operators import plain_type
from .elm_types import FHIR_PRIMITIVES, ListOf, Type, fhir_local, named
from .emitter import Emitter, Node, Variable, node
from .operators import OPERATORS
from .values import Concept

# ----- three-valued logic; the second operand only where it can matter -----


@node("And")
def and_(e: Emitter, elm: Node) -> str:
    """`and`: the second operand is left alone when the first is false."""
    left, right = elm["operand"]
    result = e.assign(e.node(left))
    with e.block(f"if {result} is not False:"):
        other = e.node(right)
        e.emit(f"{result} = {other} if {result} is True else (False if {other} is False else None)")
    return result


@node("Or")
def or_(e: Emitter, elm: Node) -> str:
    """`or`: the second operand is left alone when the first is true."""
    left, right = elm["operand"]
    result = e.assign(e.node(left))
    with e.block(f"if {result} is not True:"):
        other = e.node(right)
        e.emit(f"{result} = {other} if {result} is False else (True if {other} is True else None)")
    return result


@node("Implies")
def implies(e: Emitter, elm: Node) -> str:
    """`implies`: true without a look at the second operand when the first is false."""
    left, right = elm["operand"]
    result = e.assign(e.node(left))
    with e.block(f"if {result} is False:"):
        e.emit(f"{result} = True")
    with e.block("else:"):
        other = e.node(right)
        e.emit(f"{result} = {other} if {result} is True else (True if {other} is True else None)")
    return result


@node("Not")
def not_(e: Emitter, elm: Node) -> str:
    """`not`."""
    value = e.node(elm["operand"])
    return e.assign(f"None if {value} is None else not {value}")


def leave_unless(e: Emitter, where: Node) -> None:
    """Inside a `for`: go on with the next item unless the condition is true."""
    if where.get("type") == "And":
        for operand in where["operand"]:
            leave_unless(e, operand)
        return
    e.emit(f"if {condition(e, where).fails}: continue")


# ----- conditionals -----


@node("If")
def if_(e: Emitter, elm: Node) -> str:
    """`if`; a chain of else-ifs stays flat, Python limits the depth of blocks."""
    result = e.temporary()
    with e.block(f"if {condition(e, elm['condition']).holds}:"):
        e.give(result, elm["then"])
    otherwise = elm.get("else")
    if otherwise is not None and otherwise.get("type") == "If":
        e.emit(f"else: {result} = U")
        with e.block(f"if {result} is U:"):
            # One more level for the whole chain, see _chain.
            _chain(e, otherwise, result)
    else:
        with e.block("else:"):
            e.give(result, otherwise)
    return result


def _chain(e: Emitter, elm: Node, result: str) -> None:
    """The else-ifs of a chain, one after the other at the same depth."""
    current: Node | None = elm
    first = True
    while current is not None and current.get("type") == "If":
        depth = e.depth
        if not first:
            e.emit(f"if {result} is U:")
            e.depth += 1
        with e.block(f"if {condition(e, current['condition']).holds}:"):
            e.give(result, current["then"])
        e.depth = depth
        current = current.get("else")
        first = False
    with e.block(f"if {result} is U:"):
        e.give(result, current)


@node("Case")
def case(e: Emitter, elm: Node) -> str:
    """`case`, with or without a comparand; branches after the first that holds are left alone."""
    result = e.assign("U")
    compared = elm.get("comparand")
    comparand = None if compared is None else e.node(compared)
    static = None if compared is None else plain_type(e, compared)
    for number, branch in enumerate(elm["caseItem"]):
        depth = e.depth
        if number:
            e.emit(f"if {result} is U:")
            e.depth += 1
        with e.block(f"if {_when(e, branch['when'], comparand, static).holds}:"):
            e.give(result, branch["then"])
        e.depth = depth
    with e.block(f"if {result} is U:"):
        e.give(result, elm.get("else"))
    return result


def _when(e: Emitter, elm: Node, comparand: str | None, static: Type) -> Condition:
    """When a branch of `case` is taken: its condition, or its value equals the comparand."""
    if comparand is None:
        return condition(e, elm)
    found = equals(e, comparand, elm, static)
    if found is None:
        equal = e.constant(OPERATORS["Equal"].function)
        value = e.assign(f"{equal}({comparand}, {e.node(elm)})")
        found = Condition(f"{value} is True", f"{value} is not True")
    return found


@node("Coalesce")
def coalesce(e: Emitter, elm: Node) -> str:
    """The first operand that is not null, later ones left alone; or the first item of a list."""
    operands = elm["operand"]
    if len(operands) == 1 and isinstance(e.type_of(operands[0]), ListOf):
        return e.assign(f"first_not_null({e.node(operands[0])})")
    result = e.assign(e.node(operands[0]))
    for operand in operands[1:]:
        with e.block(f"if {result} is None:"):
            e.give(result, operand)
    return result


# ----- selectors -----


@node("List")
def list_(e: Emitter, elm: Node) -> str:
    """A list selector."""
    elements = [e.node(element) for element in elm.get("element") or ()]
    return e.assign(f"[{', '.join(elements)}]")


@node("Tuple")
def tuple_(e: Emitter, elm: Node) -> str:
    """A tuple selector; inside a query the tuple carries the rows that it is made from."""
    parts = []
    for element in elm.get("element") or ():
        parts.append(f"{element['name']!r}: {e.node(element['value'])}")
    elements = "{" + ", ".join(parts) + "}"
    rows = [variable.expression for scope in e.row_scopes for variable in scope]
    if e.collector != "fr" and e.collector_uses:
        # What was read for this row, or by the function that makes the tuple, decided it too.
        rows.append(e.collector)
    made = e.assign(f"CqlTuple({elements})")
    if rows:
        label = "fr.define" if e.label is None else repr(e.label)
        e.emit(f"{made}.sources = ({label}, {', '.join(rows)})")
    return made


@node("Instance")
def instance(e: Emitter, elm: Node) -> str:
    """An instance of a System or a FHIR class."""
    class_type = named(elm["classType"])
    values = {element["name"]: e.node(element["value"]) for element in elm.get("element") or ()}
    if not class_type.is_fhir:
        return _system_instance(e, class_type.local, values)
    local = fhir_local(class_type)
    if local in FHIR_PRIMITIVES or (local is not None and e.compiler.is_enumeration(local)):
        return e.assign(f"json_of({values.get('value', 'None')})")
    pairs = ", ".join(f"{name!r}: {value}" for name, value in values.items())
    if local in e.compiler.resources:
        pairs = f"'resourceType': {local!r}, {pairs}"
    return e.assign("{" + pairs + "}")


_INSTANCE_MEMBERS = {
    "Quantity": ("value", "unit"),
    "Ratio": ("numerator", "denominator"),
    "Code": ("code", "system", "version", "display"),
    "Concept": ("codes", "display"),
    "ValueSet": ("id", "version", "name"),
    "CodeSystem": ("id", "version", "name"),
}


def _system_instance(e: Emitter, local: str, values: dict[str, str]) -> str:
    members = _INSTANCE_MEMBERS.get(local)
    if members is None or not set(values) <= set(members):
        raise e.unsupported(f"Instance of {local} with {', '.join(sorted(values))}")
    arguments = [values.get(member, "None") for member in members]
    if local == "Concept":
        return e.assign(f"{e.constant(make_concept)}({', '.join(arguments)})")
    if local == "Quantity":
        value, unit = arguments
        return e.assign(
            f"None if {value} is None else Quantity({value}, '1' if {unit} is None else {unit})"
        )
    return e.assign(f"{local}({', '.join(arguments)})")


def make_concept(codes: object, display: str | None) -> Concept:
    """A Concept of a list of Codes, or of one; null codes are left out."""
    if isinstance(codes, list):
        return Concept(tuple(code for code in codes if code is not None), display)
    return Concept((codes,) if codes is not None else (), display)  # type: ignore[arg-type]


# ----- iteration outside queries -----


@node("ForEach")
def for_each(e: Emitter, elm: Node) -> str:
    """The element expression for every item of a list, $this being the item."""
    source = e.node(elm["source"])
    result = e.assign("[]")
    with e.block(f"for {(item := e.temporary('i'))} in {source} or ():"):
        with e.scope({elm.get("scope") or "$this": Variable(item, _item_type(e, elm), True)}):
            value = e.node(elm["element"])
        e.emit(f"{result}.append({value})")
    return e.assign(f"None if {source} is None else {result}")


@node("Filter")
def filter_(e: Emitter, elm: Node) -> str:
    """The items of a list for which the condition is true."""
    source = e.node(elm["source"])
    result = e.assign("[]")
    with e.block(f"for {(item := e.temporary('i'))} in {source} or ():"):
        with e.scope({elm.get("scope") or "$this": Variable(item, _item_type(e, elm), True)}):
            leave_unless(e, elm["condition"])
        e.emit(f"{result}.append({item})")
    return e.assign(f"None if {source} is None else {result}")


@node("Aggregate")
def aggregate(e: Emitter, elm: Node) -> str:
    """A fold of a list: $this the item, $total the value so far, $index its number."""
    source = e.node(elm["source"])
    total = e.assign(e.optional(elm.get("initialValue")))
    index, item = e.temporary("i"), e.temporary("i")
    with e.block(f"for {index}, {item} in enumerate({source} or ()):"):
        variables = {
            elm.get("scope") or "$this": Variable(item, _item_type(e, elm), True),
            "$total": Variable(total, e.type_of(elm)),
            "$index": Variable(index, named("Integer")),
        }
        with e.scope(variables):
            e.emit(f"{total} = {e.node(elm['iteration'])}")
    return total


def _item_type(e: Emitter, elm: Node) -> Type:
    type_ = e.type_of(elm["source"])
    return type_.element if isinstance(type_, ListOf) else None
