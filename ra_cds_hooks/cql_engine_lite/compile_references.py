"""Compiling literals and references: defines, parameters, functions, codes, aliases, operands."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from .compile_property import label_of, variable_of
from .elm_types import named
from .emitter import Emitter, Node, Variable, node
from .library import FunctionDefinition
from .values import Code, CodeSystem, Concept, Long, Quantity, Ratio, ValueSet


@node("Null")
def null(e: Emitter, elm: Node) -> str:
    """The literal null."""
    return "None"


@node("Literal")
def literal(e: Emitter, elm: Node) -> str:
    """A literal of a primitive System type."""
    return _literal(e, elm, "")


@node("Negate")
def negate(e: Emitter, elm: Node) -> str:
    """Minus; a negative literal is one number, so that the smallest Integer can be written."""
    operand = elm["operand"]
    if operand.get("type") == "Literal":
        return _literal(e, operand, "-")
    return e.compiler.operator_call(e, elm)


@node("ToDecimal")
def to_decimal(e: Emitter, elm: Node) -> str:
    """Conversion to Decimal, of an Integer literal at load: a whole number of any size is one."""
    operand, sign = elm["operand"], ""
    if operand.get("type") == "Negate":
        operand, sign = operand["operand"], "-"
    if operand.get("type") == "Literal" and named(operand["valueType"]).local == "Integer":
        return _literal(e, {**operand, "valueType": "Decimal"}, sign)
    return e.compiler.operator_call(e, elm)


def _literal(e: Emitter, elm: Node, sign: str) -> str:
    type_ = named(elm["valueType"]).local
    text = str(elm.get("value", ""))
    if type_ == "Boolean":
        return "True" if text == "true" else "False"
    if type_ == "String":
        return e.constant(text)
    if type_ == "Integer":
        number = int(sign + text)
        return e.constant(number) if -(2**31) <= number < 2**31 else _out_of_range(e, type_)
    if type_ == "Long":
        number = int(sign + text.rstrip("L"))
        return e.constant(Long(number)) if -(2**63) <= number < 2**63 else _out_of_range(e, type_)
    if type_ == "Decimal":
        decimal = Decimal(sign + text)
        exponent = decimal.as_tuple().exponent
        fits = abs(decimal) < 10**28 and isinstance(exponent, int) and exponent >= -8
        return e.constant(decimal) if fits else _out_of_range(e, type_)
    raise e.unsupported(f"Literal of type {type_}")


def _out_of_range(e: Emitter, type_: str) -> str:
    """A literal that its type cannot hold: an error when it is evaluated (CQL, "Literals")."""
    return e.assign(f"fail('the literal is out of the range of {type_}')")


@node("Quantity")
def quantity(e: Emitter, elm: Node) -> str:
    """A quantity literal."""
    return e.constant(_quantity(elm))


@node("Ratio")
def ratio(e: Emitter, elm: Node) -> str:
    """A ratio literal."""
    return e.constant(Ratio(_quantity(elm["numerator"]), _quantity(elm["denominator"])))


def _quantity(elm: Node) -> Quantity:
    return Quantity(Decimal(str(elm.get("value", 0))), elm.get("unit") or "1")


# ----- defines and parameters -----


@node("ExpressionRef")
def expression_ref(e: Emitter, elm: Node) -> str:
    """Another define; evaluated at most once per evaluation, looked up once per function."""
    index = e.compiler.define_index(e, elm)
    name = e.define_names.get(index)
    if name is None:
        name = e.define_names[index] = f"d{index}"
    e.emit(f"if {name} is U: {name} = reference(c, fr, {index})")
    return name


@node("ParameterRef")
def parameter_ref(e: Emitter, elm: Node) -> str:
    """A parameter."""
    return e.assign(f"c.parameter({e.compiler.parameter_index(e, elm)})")


# ----- codes and value sets -----


@node("CodeRef")
def code_ref(e: Emitter, elm: Node) -> str:
    """A code declared in a library."""
    return e.constant(code_of(e, elm))


@node("ConceptRef")
def concept_ref(e: Emitter, elm: Node) -> str:
    """A concept declared in a library."""
    library = e.compiler.library_of(e, elm)
    definition = e.compiler.definition(e, elm, library.concepts, "concept")
    inside = e.compiler.inside(e, library)
    codes = tuple(code_of(inside, code) for code in definition.get("code") or ())
    return e.constant(Concept(codes, definition.get("display")))


@node("CodeSystemRef")
def code_system_ref(e: Emitter, elm: Node) -> str:
    """A code system declared in a library."""
    return e.constant(code_system_of(e, elm))


@node("ValueSetRef")
def value_set_ref(e: Emitter, elm: Node) -> str:
    """A value set as such, or (`preserve` is not set: CQL before 1.5) its codes."""
    if elm.get("preserve") is False:
        return e.assign(f"c.codes_of_value_set({value_set_index(e, elm)})")
    library = e.compiler.library_of(e, elm)
    definition = e.compiler.definition(e, elm, library.value_sets, "value set")
    value_set_index(e, elm)
    return e.constant(ValueSet(definition["id"], definition.get("version"), definition["name"]))


def code_system_of(e: Emitter, elm: Node) -> CodeSystem:
    """The code system that a reference names."""
    library = e.compiler.library_of(e, elm)
    definition = e.compiler.definition(e, elm, library.code_systems, "code system")
    return CodeSystem(definition["id"], definition.get("version"), definition["name"])


def code_of(e: Emitter, elm: Node) -> Code:
    """The code that a reference names."""
    library = e.compiler.library_of(e, elm)
    definition = e.compiler.definition(e, elm, library.codes, "code")
    reference = definition.get("codeSystem")
    if reference is None:
        return Code(definition["id"], None, None, definition.get("display"))
    system = code_system_of(e.compiler.inside(e, library), reference)
    return Code(definition["id"], system.id, system.version, definition.get("display"))


def value_set_index(e: Emitter, elm: Node) -> int:
    """The number of a value set in the program's list of expansions."""
    library = e.compiler.library_of(e, elm)
    definition = e.compiler.definition(e, elm, library.value_sets, "value set")
    version = definition.get("version")
    url: str = definition["id"]
    place = f"{library.name} {definition.get('locator') or ''}".rstrip()
    return e.compiler.value_set(f"{url}|{version}" if version else url, place)


# ----- variables -----


@node("AliasRef", "QueryLetRef", "OperandRef")
def variable_ref(e: Emitter, elm: Node) -> str:
    """An alias, let or operand."""
    return e.variable(elm["name"]).expression


@node("IdentifierRef")
def identifier_ref(e: Emitter, elm: Node) -> str:
    """A name in `sort by`: an element of the row being sorted, or `$this`, the row itself."""
    if elm["name"] == "$this":
        return e.variable("$this").expression
    variable = e.find(elm["name"])
    if variable is not None and "$this" not in e.scopes[-1]:
        return variable.expression
    row: dict[str, Any] = {key: value for key, value in elm.items() if key != "name"}
    row |= {"type": "Property", "path": elm["name"], "source": {"type": "Current"}}
    return e.node(row)


@node("Current")
def current(e: Emitter, elm: Node) -> str:
    """$this of ForEach, Filter and sort."""
    return e.variable(elm.get("scope") or "$this").expression


@node("Iteration")
def iteration(e: Emitter, elm: Node) -> str:
    """$index."""
    return e.variable("$index").expression


@node("Total")
def total(e: Emitter, elm: Node) -> str:
    """$total of Aggregate."""
    return e.variable("$total").expression


# ----- functions -----


@node("FunctionRef")
def function_ref(e: Emitter, elm: Node) -> str:
    """A call of a CQL function; one that only reads a property of its operand is inlined."""
    arguments: list[Node] = list(elm.get("operand") or ())
    function = e.compiler.function(e, elm)
    body = function.node.get("expression")
    if body is None:
        raise e.unsupported(f"function {function.name} without a body")
    if is_property_reader(function):
        inlined = {key: value for key, value in body.items() if key != "locator"}
        return e.node({**inlined, "source": arguments[0]})
    scanned = tuple(_is_scanned(e, argument) for argument in arguments)
    values = [e.node(argument) for argument in arguments]
    name = e.compiler.function_name(e, function, scanned)
    e.collector_uses += 1
    return e.assign(f"{name}(c, fr, {', '.join([e.collector, *values])})")


def is_property_reader(function: FunctionDefinition) -> bool:
    """Whether the function's body is `operand.element`, as most FHIR conversions are."""
    body = function.node.get("expression") or {}
    source = body.get("source") or {}
    return (
        len(function.operands) == 1
        and body.get("type") == "Property"
        and source.get("type") == "OperandRef"
    )


def _is_scanned(e: Emitter, argument: Node) -> bool:
    variable = variable_of(e, argument)
    return variable is not None and variable.scanned


def operand_variables(
    e: Emitter, function: FunctionDefinition, scanned: tuple[bool, ...]
) -> dict[str, Variable]:
    """The operands of a function being compiled."""
    variables = {}
    for number, (name, type_) in enumerate(function.operands):
        is_row = scanned[number] and e.compiler.is_single_carrier(type_)
        variables[name] = Variable(f"p{number}", type_, is_row or scanned[number])
    return variables


def relabelled(e: Emitter, variable: Variable, elm: Node) -> Variable:
    """The variable with the label of the rows that the node gives."""
    return replace(variable, label=label_of(e, elm))
