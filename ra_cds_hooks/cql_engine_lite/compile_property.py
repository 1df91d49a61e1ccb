"""Compiling `Property`: elements of FHIR JSON, of tuples and of CQL values, with their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .elm_types import (
    FHIR_PRIMITIVES,
    FHIR_PROFILES,
    ChoiceOf,
    IntervalOf,
    ListOf,
    Named,
    TupleOf,
    Type,
    fhir_local,
    is_fhir_subtype,
    member_type,
    result_type,
)
from .emitter import Emitter, Node, Variable, node

Origin = tuple[tuple[str, ...], str] | None

_VALUE_OF_PRIMITIVE = {
    "System.String": "{0} if {0}.__class__ is str else string_value({0})",
    "System.Boolean": "boolean_value({0})",
    "System.Integer": "integer_value({0})",
    "System.Long": "integer_value({0})",
    "System.Decimal": "decimal_value({0})",
    "System.DateTime": "date_time_value(c, {0})",
    "System.Date": "date_value(c, {0})",
    "System.Time": "time_value({0})",
}
_VARIABLE_NODES = frozenset({"AliasRef", "QueryLetRef", "OperandRef", "IdentifierRef", "Current"})
_ROW_PRESERVING = {
    "First": "source",
    "Last": "source",
    "SingletonFrom": "operand",
    "As": "operand",
    "Indexer": "operand",
    "Filter": "source",
    "Sort": "source",
    "Slice": "source",
}


@dataclass(frozen=True, slots=True)
class Read:
    """A compiled property path.

    `carrier` is the expression of the innermost resource or tuple on the path that is not being
    scanned (None when there is none), `path` the elements read from it.
    """

    expression: str
    type: Type
    carrier: str | None
    path: str
    origin: Origin


@node("Property")
def property_(e: Emitter, elm: Node) -> str:
    """A property path; reads outside the query that scans the row are recorded as evidence."""
    read = read_path(e, elm)
    if read.carrier is not None and read.path and not e.compiler.is_carrier(read.type):
        value = e.name(read.expression)
        e.record(label_of(e, elm), read.carrier, read.path, value)
        return value
    return read.expression


def read_path(e: Emitter, elm: Node) -> Read:
    """Compile a chain of Property and As nodes without recording anything."""
    kind = elm.get("type")
    if kind == "Property":
        return _property(e, _undotted(elm))
    if kind == "As" and elm["operand"].get("type") == "Property":
        read = _choice_as(e, elm)
        if read is not None:
            return read
    return _start(e, elm)


def _start(e: Emitter, elm: Node) -> Read:
    """The source that a path starts from."""
    type_ = e.type_of(elm)
    variable = variable_of(e, elm)
    expression = e.name(e.node(elm))
    origin = variable.origin if variable is not None else None
    resources = e.compiler.resource_names(type_)
    if resources:
        origin = (resources, "")
    carrier = None
    if e.compiler.is_carrier(type_) and not (variable is not None and variable.scanned):
        carrier = expression
    return Read(expression, type_, carrier, "", origin)


def variable_of(e: Emitter, elm: Node) -> Variable | None:
    """The variable that a path starts from, None when it starts from another expression."""
    kind = elm.get("type")
    if kind == "Property":
        if "scope" in elm and elm.get("source") is None:
            return e.find(elm["scope"])
        return variable_of(e, elm["source"])
    if kind == "As":
        return variable_of(e, elm["operand"])
    if kind == "Current":
        return e.find(elm.get("scope") or "$this")
    if kind in _VARIABLE_NODES:
        return e.find(elm["name"])
    return None


def path_of(elm: Node) -> str:
    """The element path of a chain of properties, through conversions: "value.unit"."""
    kind = elm.get("type")
    if kind == "Property":
        inner = path_of(elm["source"]) if elm.get("source") is not None else ""
        path: str = elm["path"]
        if inner and path == "value" and _is_system(result_type(elm)):
            return inner
        return f"{inner}.{path}" if inner else path
    operand = elm.get("operand")
    if kind in ("As", "FunctionRef") or (isinstance(kind, str) and kind.startswith("To")):
        if isinstance(operand, list) and len(operand) == 1:
            operand = operand[0]
        if isinstance(operand, dict):
            return path_of(operand)
    return ""


def label_of(e: Emitter, elm: Node) -> str | None:
    """The define whose query made the rows that a path starts from; None: the current one."""
    kind = elm.get("type")
    if kind == "ExpressionRef":
        return e.compiler.define_name(e, elm)
    if kind == "Property":
        if elm.get("source") is None:
            variable = e.find(elm["scope"])
            return variable.label if variable is not None else e.label
        return label_of(e, elm["source"])
    if kind in _VARIABLE_NODES:
        variable = variable_of(e, elm)
        return variable.label if variable is not None else e.label
    if kind == "Query":
        return label_of(e, elm["source"][0]["expression"])
    if kind in _ROW_PRESERVING:
        inner = elm.get(_ROW_PRESERVING[kind])
        if isinstance(inner, list):
            inner = inner[0]
        return label_of(e, inner) if inner is not None else e.label
    return e.label


def _undotted(elm: Node) -> Node:
    """A path such as "birthDate.value" (the translator's own) as nested properties."""
    path: str = elm["path"]
    if "." not in path:
        return elm
    if path == "birthDate.value" and "resultTypeName" not in elm:
        # The model's birth date property, which the translator writes for AgeIn...() untyped.
        elm = {**elm, "resultTypeName": "{urn:hl7-org:elm-types:r1}Date"}
    first, _, last = path.rpartition(".")
    inner: dict[str, Any] = {key: elm[key] for key in ("source", "scope", "locator") if key in elm}
    inner |= {"type": "Property", "path": first}
    outer = {key: value for key, value in elm.items() if key not in ("source", "scope")}
    return {**outer, "path": last, "source": inner}


def source_of(e: Emitter, elm: Node) -> Node:
    """The source node of a Property, a reference to the alias when it is given as `scope`."""
    source: Node | None = elm.get("source")
    if source is not None:
        return source
    if "scope" not in elm:
        raise e.invalid("a property has neither source nor scope")
    return {"type": "AliasRef", "name": elm["scope"]}


def _property(e: Emitter, elm: Node) -> Read:
    path: str = elm["path"]
    if "[" in path:
        raise e.unsupported(f"Property path {path}")
    source_node = source_of(e, elm)
    type_ = e.type_of(elm)
    if path == "value" and isinstance(type_, Named) and type_.is_system:
        source_type = e.type_of(source_node)
        if not isinstance(source_type, TupleOf) and not _is_system(source_type):
            return _primitive_value(e, source_node, type_)
    source = read_path(e, source_node)
    if type_ is None:
        type_ = _inferred(source.type, path)
    name = e.name(source.expression)
    origin = _extend(e, source, path, isinstance(type_, ChoiceOf))
    expression = _access(name, source.type, path, type_, e)
    return _step(e, source, expression, type_, path, origin)


def _step(
    e: Emitter, source: Read, expression: str, type_: Type, path: str, origin: Origin
) -> Read:
    """The read after one more element of the path."""
    if source.carrier is None:
        return Read(expression, type_, None, "", origin)
    if e.compiler.is_single_carrier(type_):
        name = e.name(expression)
        return Read(name, type_, name, "", origin)
    whole = f"{source.path}.{path}" if source.path else path
    return Read(expression, type_, source.carrier, whole, origin)


def _primitive_value(e: Emitter, source_node: Node, type_: Named) -> Read:
    """`.value` of a FHIR primitive: the CQL value of the JSON scalar."""
    template = _VALUE_OF_PRIMITIVE.get(type_.name)
    if template is None:
        raise e.unsupported(f"Property value of type {type_.name}")
    source = _raw(e, source_node)
    expression = e.assign(template.format(e.name(source.expression)))
    # The path of the FHIR element, which is how evidence names it: not "birthDate.value".
    carrier = source.carrier if source.path else None
    return Read(expression, type_, carrier, source.path, source.origin)


def _raw(e: Emitter, elm: Node) -> Read:
    """A primitive's JSON scalar, its extensions left out: only `.value` is going to be read."""
    if elm.get("type") == "Property":
        elm = _undotted(elm)
        type_ = e.type_of(elm)
        source_node = source_of(e, elm)
        if not isinstance(type_, (ChoiceOf, ListOf)) and isinstance(e.type_of(source_node), Named):
            source = read_path(e, source_node)
            if fhir_local(source.type) is not None:
                path: str = elm["path"]
                expression = e.assign(_child(e.name(source.expression), path))
                origin = _extend(e, source, path, False)
                return _step(e, source, expression, type_, path, origin)
    if elm.get("type") == "As" and elm["operand"].get("type") == "Property":
        read = _choice_as(e, elm, raw=True)
        if read is not None:
            return read
    return read_path(e, elm)


def _choice_as(e: Emitter, elm: Node, raw: bool = False) -> Read | None:
    """`X.value as FHIR.Quantity` is the JSON member valueQuantity; None when it is another `as`.

    `raw` leaves the extensions of a primitive out.
    """
    inner = _undotted(elm["operand"])
    wanted = member_type(elm, "as")
    local = fhir_local(wanted)
    inner_type = e.type_of(inner)
    source_node = source_of(e, inner)
    if (
        local is None
        or elm.get("strict")
        or not isinstance(inner_type, ChoiceOf)
        or not isinstance(e.type_of(source_node), Named)
    ):
        return None
    path: str = inner["path"]
    keys = choice_keys(path, inner_type, local)
    source = read_path(e, source_node)
    name = e.name(source.expression)
    if not keys:
        expression = "None"
    elif local in FHIR_PRIMITIVES and not raw:
        expression = f"first_primitive({name}, {keys!r}, {local!r})"
    elif len(keys) > 1:
        expression = f"first_child({name}, {keys!r})"
    else:
        expression = _child(name, keys[0])
    origin = _extend(e, source, path, True)
    return _step(e, source, e.assign(expression), wanted, path, origin)


def choice_keys(path: str, type_: ChoiceOf, wanted: str | None = None) -> tuple[str, ...]:
    """JSON members of a choice element, of one type and its subtypes only with `wanted`."""
    return tuple(
        path + json_suffix(local)
        for option in type_.options
        if (local := fhir_local(option)) is not None
        and (wanted is None or is_fhir_subtype(local, wanted))
    )


def json_suffix(local: str) -> str:
    """How a type is spelled in the member of a choice element: dateTime in effectiveDateTime."""
    local = FHIR_PROFILES.get(local, local)
    return local[0].upper() + local[1:]


def _child(name: str, path: str) -> str:
    return f"{name}.get({path!r}) if {name}.__class__ is dict else child({name}, {path!r})"


def _is_system(type_: Type) -> bool:
    return isinstance(type_, IntervalOf) or (isinstance(type_, Named) and type_.is_system)


def _inferred(source: Type, path: str) -> Type:
    if isinstance(source, TupleOf):
        return source.element(path)
    if isinstance(source, IntervalOf) and path in ("low", "high"):
        return source.point
    return None


def _access(name: str, source: Type, path: str, type_: Type, e: Emitter) -> str:
    """The expression that reads one element of a value of static type `source`."""
    if isinstance(source, TupleOf):
        return f"{name}.get({path!r}) if {name} is not None else None"
    if _is_system(source) and source != Named("System.Any"):
        return f"attribute({name}, {path!r})"
    if source is None or (type_ is None and not isinstance(source, ListOf)):
        return f"untyped({name}, {path!r})"
    if isinstance(type_, ChoiceOf):
        options = [option for option in map(fhir_local, type_.options) if option is not None]
        if path == "value" and not options:
            return f"element_value(c, {name})"
        keys = dict(zip(choice_keys(path, type_), options, strict=True))
        return f"choice({name}, {path!r}, {e.constant(keys)})"
    local = fhir_local(type_)
    if isinstance(type_, ListOf):
        element = fhir_local(type_.element)
        if element in FHIR_PRIMITIVES:
            return f"primitive_items({name}, {path!r}, {element!r})"
        return f"items({name}, {path!r})"
    if local in FHIR_PRIMITIVES or (local is not None and e.compiler.is_enumeration(local)):
        return f"primitive({name}, {path!r}, {local!r})"
    if isinstance(type_, Named) and type_.name == "System.String":
        return f"string_value(child({name}, {path!r}))"
    return _child(name, path)


def _extend(e: Emitter, source: Read, path: str, is_choice: bool) -> Origin:
    """Note for `Program.elements_read` that `path` of the source's element is read."""
    if source.origin is None:
        return None
    resources, before = source.origin
    whole = f"{before}.{path}" if before else path
    if is_choice:
        whole += "[x]"
    e.compiler.note_read(resources, whole)
    return resources, whole
