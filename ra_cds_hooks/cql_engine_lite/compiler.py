"""Compiling all definitions of a program into one Python module.

Every define becomes a function `(c, fr)` of the evaluation and its evidence frame, every CQL
function one `(c, fr, col, p0, ...)` of those, the collector of the caller, and its operands. All
are written at load, so that an operator that the engine does not know is an error then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from . import (
    compile_control,
    compile_property,
    compile_query,
    compile_references,
    compile_terminology,
    compile_types,
    fhir_json,
    runtime,
    values,
)
from .compile_operators import operator_call
from .compile_property import Origin
from .compile_references import operand_variables
from .context import UNSET
from .elm_types import (
    FHIR_PRIMITIVES,
    ChoiceOf,
    ListOf,
    Named,
    TupleOf,
    Type,
    fhir_local,
    member_type,
    named,
    operator_type_name,
    result_type,
)
from .emitter import NODES, Emitter, Line, Node
from .errors import LibraryLoadError, UnsupportedOperatorError
from .fhir_types import ABSTRACT_RESOURCES, COMPLEX_DATATYPES, RESOURCES
from .library import FunctionDefinition, Library, resolve_function
from .operators import OPERATORS
from .operators.interval_bounds import make_interval
from .sorting import sort_key, sort_rows
from .type_tests import as_type, is_type

# Importing these modules registers their node types.
_NODE_MODULES = (
    compile_control,
    compile_property,
    compile_query,
    compile_references,
    compile_terminology,
    compile_types,
)
_NOT_EXPRESSIONS = frozenset(
    {"With", "Without", "ByColumn", "ByDirection", "ByExpression", "FunctionDef", "ExpressionDef"}
)
_RECURSION_MARK = "being compiled"


@dataclass(frozen=True, slots=True)
class DefineEntry:
    """A define: "Library.Define" and the name of its generated function."""

    name: str
    library: str
    function_name: str


@dataclass(frozen=True, slots=True)
class ParameterEntry:
    """A parameter: "Library.Parameter", its type, and its default's generated function or None."""

    name: str
    type: Type
    function_name: str | None


class Compiler:
    """The state while a program is compiled; also what emitters ask for names and types."""

    resources = RESOURCES

    def __init__(self, libraries: Mapping[str, Library]) -> None:
        self.libraries = libraries
        self.namespace: dict[str, Any] = _namespace()
        self.lines: list[Line] = []
        self.owners: list[str] = []
        self.value_set_urls: list[str] = []
        self.elements: dict[str, set[str]] = {}
        self.retrieved: set[str] = set()
        self.defines: list[DefineEntry] = []
        self.parameters: list[ParameterEntry] = []
        self._define_indexes: dict[tuple[str, str], int] = {}
        self._parameter_indexes: dict[tuple[str, str], int] = {}
        self._constants: dict[Any, str] = {}
        self._functions: dict[tuple[int, tuple[bool, ...]], str] = {}
        self._waiting: list[tuple[FunctionDefinition, tuple[bool, ...], str]] = []

    def compile(self) -> dict[str, Any]:
        """Write and compile everything; gives the namespace that holds the functions."""
        for library in self.libraries.values():
            _refuse_unknown_operators(library)
            for name in library.statements:
                self._define_indexes[library.name, name] = len(self.defines)
                self.defines.append(
                    DefineEntry(f"{library.name}.{name}", library.name, f"g{len(self.defines)}")
                )
            for name in library.parameters:
                self._parameter_indexes[library.name, name] = len(self._parameter_indexes)
        for library in self.libraries.values():
            self._write_parameters(library)
            for name, node in library.statements.items():
                self._write_define(library, name, node)
        while self._waiting:
            self._write_function(*self._waiting.pop())
        source = "\n".join("    " * line.depth + line.text for line in self.lines)
        exec(compile(source, GENERATED, "exec"), self.namespace)
        return self.namespace

    # ----- writing functions -----

    def _write_parameters(self, library: Library) -> None:
        for name, node in library.parameters.items():
            type_ = member_type(node, "parameter") or result_type(node)
            function = None
            if node.get("default") is not None:
                function = f"q{len(self.parameters)}"
                emitter = Emitter(self, library, f"{library.name}.{name}")
                self._finish(emitter, f"def {function}(c, fr):", node["default"])
            self.parameters.append(ParameterEntry(f"{library.name}.{name}", type_, function))

    def _write_define(self, library: Library, name: str, node: Node) -> None:
        index = self._define_indexes[library.name, name]
        emitter = Emitter(self, library, f"{library.name}.{name}")
        emitter.locators = [node.get("locator")]
        self._finish(emitter, f"def {self.defines[index].function_name}(c, fr):", node["expression"])

    def _write_function(
        self, function: FunctionDefinition, scanned: tuple[bool, ...], name: str
    ) -> None:
        emitter = Emitter(self, self.libraries[function.library], None)
        emitter.locators = [function.node.get("locator")]
        emitter.collector = "col"
        variables = operand_variables(emitter, function, scanned)
        emitter.scopes.append(variables)
        rows = [v for v in variables.values() if v.scanned and self.is_single_carrier(v.type)]
        if rows:
            # A tuple made by the function carries the rows that it was given.
            emitter.row_scopes.append(rows)
        operands = "".join(f", p{number}" for number in range(len(function.operands)))
        header = f"def {name}(c, fr, col{operands}):"
        self._finish(emitter, header, function.node["expression"])

    def _finish(self, emitter: Emitter, header: str, body: Node) -> None:
        value = emitter.node(body)
        emitter.emit(f"return {value}")
        first = emitter.lines[0].locator if emitter.lines else None
        prologue = [Line(0, header, first)]
        prologue += [Line(1, f"{name} = U", first) for name in emitter.define_names.values()]
        written = [*prologue, *emitter.lines]
        self.lines.extend(written)
        self.owners.extend([emitter.library.name] * len(written))

    # ----- constants and names -----

    def constant(self, value: object) -> str:
        """A value as an expression of generated code."""
        if value is None or isinstance(value, bool):
            return repr(value)
        if type(value) is int and value >= 0:
            return repr(value)
        key: Any = (type(value), value)
        try:
            known = self._constants.get(key)
        except TypeError:
            key, known = ("unhashable", id(value)), None
        # 1.0 and 1.00 are equal and hash alike, and CQL can tell them apart (Precision).
        if isinstance(value, Decimal):
            key = (Decimal, str(value))
            known = self._constants.get(key)
        elif isinstance(value, tuple) and known is not None and repr(
            self.namespace[known]
        ) != repr(value):
            key, known = (type(value), repr(value)), self._constants.get((type(value), repr(value)))
        if known is None:
            known = self._constants[key] = f"k{len(self._constants)}"
            self.namespace[known] = value
        return known

    def value_set(self, url: str) -> int:
        """The number of a value set."""
        if url not in self.value_set_urls:
            self.value_set_urls.append(url)
        return self.value_set_urls.index(url)

    def library_of(self, e: Emitter, elm: Node) -> Library:
        """The library that a reference means."""
        name = elm.get("libraryName")
        if name is None:
            return e.library
        return self.libraries[e.library.include(name, elm.get("locator"))]

    def inside(self, e: Emitter, library: Library) -> Emitter:
        """An emitter that resolves names as seen from another library."""
        return e if library is e.library else Emitter(self, library, None)

    def definition(self, e: Emitter, elm: Node, table: Mapping[str, Node], what: str) -> Node:
        """A definition by its name; LibraryLoadError when there is none."""
        try:
            return table[elm["name"]]
        except KeyError:
            raise e.invalid(f"no {what} is called {elm.get('name')}") from None

    def define_index(self, e: Emitter, elm: Node) -> int:
        """The number of the define that an ExpressionRef names."""
        library = self.library_of(e, elm)
        self.definition(e, elm, library.statements, "define")
        return self._define_indexes[library.name, elm["name"]]

    def define_name(self, e: Emitter, elm: Node) -> str:
        """ "Library.Define" of an ExpressionRef."""
        return f"{self.library_of(e, elm).name}.{elm['name']}"

    def parameter_index(self, e: Emitter, elm: Node) -> int:
        """The number of the parameter that a ParameterRef names."""
        library = self.library_of(e, elm)
        self.definition(e, elm, library.parameters, "parameter")
        return self._parameter_indexes[library.name, elm["name"]]

    def function(self, e: Emitter, elm: Node) -> FunctionDefinition:
        """The overload that a FunctionRef calls."""
        arguments = [e.type_of(argument) for argument in elm.get("operand") or ()]
        return resolve_function(self.library_of(e, elm), elm, arguments)

    def function_name(
        self, e: Emitter, function: FunctionDefinition, scanned: tuple[bool, ...]
    ) -> str:
        """The generated function for an overload, one for each way of handing rows to it."""
        key = (id(function), scanned)
        name = self._functions.get(key)
        if name is None:
            name = self._functions[key] = f"f{len(self._functions)}"
            self._waiting.append((function, scanned, name))
        return name

    def operator_call(self, e: Emitter, elm: Node) -> str:
        """A node that is an operator over evaluated operands."""
        return operator_call(e, elm)

    # ----- types -----

    def is_enumeration(self, local: str) -> bool:
        """Whether a FHIR type is a required code list: capitalised, no datatype, no resource."""
        return (
            local[:1].isupper()
            and "." not in local
            and local not in COMPLEX_DATATYPES
            and local not in RESOURCES
        )

    def is_single_carrier(self, type_: Type) -> bool:
        """Whether a value of the type can carry evidence: a resource or a tuple."""
        if isinstance(type_, TupleOf):
            return True
        if isinstance(type_, ChoiceOf):
            return any(self.is_single_carrier(option) for option in type_.options)
        return fhir_local(type_) in RESOURCES

    def is_carrier(self, type_: Type) -> bool:
        """Whether it is a resource, a tuple, or a list of them (of any depth)."""
        while isinstance(type_, ListOf):
            type_ = type_.element
        return self.is_single_carrier(type_)

    def resource_names(self, type_: Type) -> tuple[str, ...]:
        """The resource types that a value of the type may be."""
        options = type_.options if isinstance(type_, ChoiceOf) else (type_,)
        names = (fhir_local(option) for option in options)
        return tuple(
            name for name in names if name in RESOURCES and name not in ABSTRACT_RESOURCES
        )

    def inferred_type(self, e: Emitter, elm: Node) -> Type:
        """The type of a node on which the translator wrote none."""
        kind = elm.get("type")
        if kind in ("AliasRef", "QueryLetRef", "OperandRef"):
            return e.variable(elm["name"]).type
        if kind == "Current":
            return e.variable(elm.get("scope") or "$this").type
        if kind == "Total":
            return e.variable("$total").type
        if kind == "Literal":
            return named(elm["valueType"])
        if kind == "As":
            return member_type(elm, "as")
        if kind == "ExpressionRef":
            library = self.library_of(e, elm)
            definition = self.definition(e, elm, library.statements, "define")
            return result_type(definition) or result_type(definition["expression"])
        if kind == "FunctionRef":
            function = self.function(e, elm)
            return function.result or result_type(function.node.get("expression") or {})
        if kind == "Tuple":
            parts = elm.get("element") or ()
            return TupleOf(tuple((part["name"], e.type_of(part["value"])) for part in parts))
        if kind == "Property":
            return self._property_type(e, elm)
        if kind == "Retrieve":
            return ListOf(named(elm["dataType"]))
        if kind == "Interval":
            return None
        if kind in _RESULT_TYPES:
            return Named(f"System.{_RESULT_TYPES[kind]}")
        return None

    def _property_type(self, e: Emitter, elm: Node) -> Type:
        source = e.type_of(compile_property.source_of(e, elm))
        if isinstance(source, TupleOf):
            return source.element(elm["path"])
        return None

    # ----- what is read -----

    def note_retrieve(self, kind: str) -> None:
        """A rule retrieves resources of this type."""
        self.retrieved.add(kind)
        self.elements.setdefault(kind, set())

    def note_read(self, resources: tuple[str, ...], path: str) -> None:
        """A rule reads this element of these resource types."""
        for resource in resources:
            self.elements.setdefault(resource, set()).add(path)

    def origin_of(self, e: Emitter, elm: Node) -> Origin:
        """Which element of which resource types the rows of an expression are."""
        type_ = e.type_of(elm)
        while isinstance(type_, ListOf):
            type_ = type_.element
        resources = self.resource_names(type_)
        if resources:
            return resources, ""
        kind = elm.get("type")
        if kind == "Property":
            inner = self.origin_of(e, compile_property.source_of(e, elm))
            if inner is None:
                return None
            path = f"{inner[1]}.{elm['path']}" if inner[1] else elm["path"]
            if isinstance(e.type_of(elm), ChoiceOf):
                path += "[x]"
            return inner[0], path
        if kind == "As":
            return self.origin_of(e, elm["operand"])
        variable = compile_property.variable_of(e, elm)
        return variable.origin if variable is not None else None


GENERATED = "<compiled CQL>"

_RESULT_TYPES = {
    "ToBoolean": "Boolean",
    "ToInteger": "Integer",
    "ToLong": "Long",
    "ToDecimal": "Decimal",
    "ToString": "String",
    "ToDate": "Date",
    "ToDateTime": "DateTime",
    "ToTime": "Time",
    "ToQuantity": "Quantity",
    "ToConcept": "Concept",
    "Quantity": "Quantity",
    "Today": "Date",
    "Now": "DateTime",
    "Date": "Date",
    "DateTime": "DateTime",
    "Time": "Time",
    "Count": "Integer",
    "Length": "Integer",
    "Exists": "Boolean",
    "Not": "Boolean",
    "And": "Boolean",
    "Or": "Boolean",
    "IsNull": "Boolean",
    "Equal": "Boolean",
}


def _namespace() -> dict[str, Any]:
    """The globals of generated code."""
    found: dict[str, Any] = {"U": UNSET}
    for module in (fhir_json, runtime):
        found.update({name: v for name, v in vars(module).items() if not name.startswith("_")})
    for name in values.__all__:
        found[name] = getattr(values, name)
    found |= {
        "as_type": as_type,
        "is_type": is_type,
        "make_interval": make_interval,
        "sort_key": sort_key,
        "sort_rows": sort_rows,
    }
    return found


def _refuse_unknown_operators(library: Library) -> None:
    """Every expression node has a compiler or an operator, in functions nobody calls as well."""
    functions = [f.node for overloads in library.functions.values() for f in overloads]
    for root in (*library.statements.values(), *functions):
        for node in _expressions(root):
            kind = node["type"]
            if kind not in NODES and kind not in OPERATORS:
                raise UnsupportedOperatorError(
                    kind, library=library.name, locator=node.get("locator")
                )


def _expressions(value: Any) -> Iterator[Node]:
    """All expression nodes below a definition; type specifiers and clauses are none."""
    if isinstance(value, list):
        for item in value:
            yield from _expressions(item)
    elif isinstance(value, Mapping):
        kind = value.get("type")
        if (
            isinstance(kind, str)
            and not kind.endswith("TypeSpecifier")
            and kind not in _NOT_EXPRESSIONS
        ):
            yield value
        for name, member in value.items():
            if name not in ("signature", "resultTypeSpecifier", "annotation"):
                yield from _expressions(member)
