"""Compiling all definitions of a program into one Python module.

Every define becomes a function `(c, fr)` of the evaluation and its evidence frame, every CQL
function one `(c, fr, col, p0, ...)` of those, the collector of the caller, and its operands. All
are written at load, so that an operator that the engine does not know is an error then.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
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
)
from .compile_operators import operator_call
from .compile_property import Origin
from .compile_references import operand_variables
from .elm_types import (
    ChoiceOf,
    IntervalOf,
    ListOf,
    Named,
    TupleOf,
    Type,
    fhir_local,
    member_type,
    result_type,
)
from .emitter import Emitter, Line, Node
from .errors import LibraryLoadError
from .fhir_types import ABSTRACT_RESOURCES, COMPLEX_DATATYPES, RESOURCES
from .generated_names import namespace_of_programs
from .inference import infer, origin_of
from .library import FunctionDefinition, Library, resolve_function
from .operator_check import refuse_unknown_operators
from .sharing import shared
from .values import Code

# Importing these modules registers their node types.
_NODE_MODULES = (
    compile_control,
    compile_property,
    compile_query,
    compile_references,
    compile_terminology,
    compile_types,
)
_MALFORMED = (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError)
"""What reading a node of the wrong shape raises."""
_NUMBERS = itertools.count(1)
_RETURNS_CONSTANT = re.compile(r"return (k\d+|None|True|False)\Z")
_TOLD_BY_TEXT = (str, int, Decimal, Code, Named, ListOf, IntervalOf, TupleOf, ChoiceOf)
"""Constants of which two with the same `repr` are one."""


@dataclass(frozen=True, slots=True)
class DefineEntry:
    """A define: "Library.Define" and the name of its generated function."""

    name: str
    library: str
    function_name: str


@dataclass(frozen=True, slots=True)
class ParameterEntry:
    """A parameter: "Library.Parameter", its type, and its default's generated function or None.

    `place` is where it is declared, "Library line:column-line:column".
    """

    name: str
    type: Type
    function_name: str | None
    place: str


class Compiler:
    """The state while a program is compiled; also what emitters ask for names and types."""

    resources = RESOURCES
    emitter: type[Emitter] = Emitter
    shares = True

    def __init__(self, libraries: Mapping[str, Library]) -> None:
        self.libraries = libraries
        self.namespace: dict[str, Any] = namespace_of_programs()
        self.lines: list[Line] = []
        self.owners: list[str] = []
        self.value_set_urls: list[str] = []
        self.value_set_places: list[str] = []
        self.elements: dict[str, set[str]] = {}
        self.retrieved: set[str] = set()
        self.defines: list[DefineEntry] = []
        self.parameters: list[ParameterEntry] = []
        self._define_indexes: dict[tuple[str, str], int] = {}
        self._parameter_indexes: dict[tuple[str, str], int] = {}
        self._constants: dict[tuple[type, object], str] = {}
        self._references: dict[str, set[str]] = {}
        self.filename = f"<compiled CQL {next(_NUMBERS)}>"
        self._functions: dict[tuple[int, tuple[bool, ...]], str] = {}
        self._waiting: list[tuple[FunctionDefinition, tuple[bool, ...], str]] = []

    def compile(self) -> dict[str, Any]:
        """Write and compile everything; gives the namespace that holds the functions."""
        for library in self.libraries.values():
            refuse_unknown_operators(library)
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
        self._refuse_cycles()
        source = "\n".join(" " * line.depth + line.text for line in self.lines) + "\n"
        try:
            self.code = compile(source, self.filename, "exec")
        except (SyntaxError, RecursionError, MemoryError) as error:
            line = min(getattr(error, "lineno", None) or 1, len(self.lines)) - 1
            raise LibraryLoadError(
                "an expression is nested too deeply for Python: divide it into several defines",
                library=self.owners[line],
                locator=self.lines[line].locator,
            ) from error
        exec(self.code, self.namespace)
        return self.namespace

    # ----- writing functions -----

    def _write_parameters(self, library: Library) -> None:
        for name, node in library.parameters.items():
            emitter = self.emitter(self, library, f"{library.name}.{name}")
            emitter.locators = [node.get("locator")]
            try:
                type_ = member_type(node, "parameter") or result_type(node)
            except _MALFORMED as error:
                raise emitter.invalid(
                    f"malformed type of parameter {name}: translate the CQL anew"
                ) from error
            function = None
            if node.get("default") is not None:
                function = f"q{len(self.parameters)}"
                self._finish(emitter, function, "c, fr", node["default"])
            place = f"{library.name} {node.get('locator') or ''}".rstrip()
            self.parameters.append(ParameterEntry(f"{library.name}.{name}", type_, function, place))

    def _write_define(self, library: Library, name: str, node: Node) -> None:
        index = self._define_indexes[library.name, name]
        emitter = self.emitter(self, library, f"{library.name}.{name}")
        emitter.locators = [node.get("locator")]
        self._finish(emitter, self.defines[index].function_name, "c, fr", node.get("expression"))

    def _write_function(
        self, function: FunctionDefinition, scanned: tuple[bool, ...], name: str
    ) -> None:
        emitter = self.emitter(self, self.libraries[function.library], None)
        emitter.locators = [function.node.get("locator")]
        emitter.collector = "col"
        variables = operand_variables(emitter, function, scanned)
        emitter.scopes.append(variables)
        rows = [v for v in variables.values() if v.scanned and self.is_single_carrier(v.type)]
        if rows:
            # A tuple made by the function carries the rows that it was given.
            emitter.row_scopes.append(rows)
        operands = "".join(f", p{number}" for number in range(len(function.operands)))
        self._finish(emitter, name, f"c, fr, col{operands}", function.node["expression"])

    def _finish(self, emitter: Emitter, name: str, arguments: str, body: Node | None) -> None:
        """Write one function, and note which CQL each of its lines stands for."""
        if body is None:
            raise emitter.invalid(f"{emitter.label} has no expression: translate the CQL anew")
        try:
            emitter.emit(f"return {emitter.node(body)}")
        except RecursionError:
            raise emitter.invalid(
                "the expression is nested too deeply: divide it into several defines"
            ) from None
        except _MALFORMED as error:
            raise emitter.invalid(
                f"malformed ELM ({type(error).__name__}: {error}): translate the CQL anew"
            ) from error
        self._references[name] = {f"g{index}" for index in emitter.define_names} | emitter.called
        first = emitter.lines[0].locator if emitter.lines else None
        lines, unset = emitter.lines, set(emitter.define_names.values())
        if self.shares:
            lines, unset = shared(lines)
        if len(lines) == 1 and (value := _RETURNS_CONSTANT.match(lines[0].text)) is not None:
            written = [Line(0, f"{name} = constant({value[1]})", first)]
        else:
            prologue = [Line(0, f"def {name}({arguments}):", first)]
            prologue += [Line(1, f"{name} = U", first) for name in sorted(unset)]
            written = [*prologue, *lines]
        self.lines.extend(written)
        self.owners.extend([emitter.library.name] * len(written))

    def references(self) -> dict[str, frozenset[str]]:
        """Which generated functions each mentions; "g3" is define 3, "q3" parameter 3."""
        return {name: frozenset(others) for name, others in self._references.items()}

    def locators(self) -> list[str | None]:
        """Which CQL each line of the generated source stands for."""
        return [line.locator for line in self.lines]

    def constants(self) -> dict[str, Any]:
        """What the generated code names besides the engine's own functions."""
        return {name: self.namespace[name] for name in self._constants.values()}

    def _refuse_cycles(self) -> None:
        """A define that needs itself is an error at load (a function may call itself)."""
        done: set[str] = set()

        def visit(name: str, path: tuple[str, ...]) -> None:
            if name in path:
                cycle = [part for part in path[path.index(name) :] if part[0] in "gq"]
                if cycle:
                    raise self._cyclic(cycle)
            elif name not in done:
                for other in sorted(self._references.get(name, ())):
                    visit(other, (*path, name))
                done.add(name)

        for name in list(self._references):
            visit(name, ())

    def _cyclic(self, cycle: list[str]) -> LibraryLoadError:
        entries = [
            (self.defines if part[0] == "g" else self.parameters)[int(part[1:])] for part in cycle
        ]
        names = " -> ".join(entry.name for entry in (*entries, entries[0]))
        what = "define" if cycle[0][0] == "g" else "parameter's default"
        library, _, name = entries[0].name.partition(".")
        found = self.libraries[library]
        nodes = found.statements if cycle[0][0] == "g" else found.parameters
        return LibraryLoadError(
            f"a {what} refers to itself: {names}; one of them has to do without the other",
            library=library,
            locator=nodes[name].get("locator"),
        )

    # ----- constants and names -----

    def constant(self, value: object) -> str:
        """A value as a global name of generated code; null and truth values as themselves."""
        if value is None or value is True or value is False:
            return repr(value)
        # By text as well: 1.0 and 1.00 are equal and hash alike, and CQL can tell them apart.
        plain = isinstance(value, _TOLD_BY_TEXT)
        key = (type(value), repr(value)) if plain else (type(value), id(value))
        name = self._constants.get(key)
        if name is None:
            name = self._constants[key] = f"k{len(self._constants)}"
            self.namespace[name] = value
        return name

    def value_set(self, url: str, place: str) -> int:
        """The number of a value set; `place` says where it is declared."""
        if url not in self.value_set_urls:
            self.value_set_urls.append(url)
            self.value_set_places.append(place)
        return self.value_set_urls.index(url)

    def library_of(self, e: Emitter, elm: Node) -> Library:
        """The library that a reference means."""
        name = elm.get("libraryName")
        if name is None:
            return e.library
        return self.libraries[e.library.include(name, elm.get("locator"))]

    def inside(self, e: Emitter, library: Library) -> Emitter:
        """An emitter that resolves names as seen from another library."""
        return e if library is e.library else self.emitter(self, library, None)

    def definition(self, e: Emitter, elm: Node, table: Mapping[str, Node], what: str) -> Node:
        """A definition by its name; LibraryLoadError when there is none."""
        try:
            return table[elm["name"]]
        except KeyError:
            library = elm.get("libraryName") or e.library.name
            raise e.invalid(
                f"no {what} is called {elm.get('name')} in {library}: translate the libraries "
                "anew, together"
            ) from None

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
        index = self._parameter_indexes[library.name, elm["name"]]
        e.called.add(f"q{index}")
        return index

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
        e.called.add(name)
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
        return tuple(name for name in names if name in RESOURCES and name not in ABSTRACT_RESOURCES)

    def inferred_type(self, e: Emitter, elm: Node) -> Type:
        """The type of a node on which the translator wrote none; None when not known."""
        return infer(self, e, elm)

    def define_type(self, index: int) -> Type:
        """The static type of a define."""
        library, name = self.defines[index].library, self.defines[index].name
        definition = self.libraries[library].statements[name.removeprefix(library + ".")]
        return result_type(definition) or result_type(definition.get("expression") or {})

    def parameter_type(self, e: Emitter, elm: Node) -> Type:
        """The static type of the parameter that a ParameterRef names."""
        node = self.definition(e, elm, self.library_of(e, elm).parameters, "parameter")
        return member_type(node, "parameter") or result_type(node)

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
        """Which element of which resource types an expression reads, where that is plain."""
        return origin_of(e, elm)
