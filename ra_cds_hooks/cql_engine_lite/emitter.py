"""Writing one Python function from one ELM definition.

Every node becomes statements that leave its value in a Python atom: a local name, a global constant
or a literal. Laziness is then ordinary Python control flow, aliases are ordinary locals, and a
traceback line leads back to the CQL source through the line table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .elm_types import Type, result_type
from .errors import LibraryLoadError, UnsupportedOperatorError

if TYPE_CHECKING:
    from .compiler import Compiler
    from .library import Library

Node = Mapping[str, Any]
Handler = Callable[["Emitter", Node], str]

NODES: dict[str, Handler] = {}
"""Node types that are compiled specially; all others are operators over evaluated operands."""

_ATOM = re.compile(r"\w+\Z")


def node(*names: str) -> Callable[[Handler], Handler]:
    """Register the decorated function as the compiler of these ELM node types."""

    def register(handler: Handler) -> Handler:
        for name in names:
            if name in NODES:
                raise ValueError(f"node type {name} is registered twice")
            NODES[name] = handler
        return handler

    return register


@dataclass(frozen=True, slots=True)
class Variable:
    """A name in scope: alias, let, operand or iteration variable.

    `expression` is the Python expression of its value. `scanned`: it holds a row of a query in
    progress, so that reading from it is no evidence yet. `label` is the define whose query made
    the rows, None for the one under evaluation. `origin` is where in which resource types its
    value comes from, for `Program.elements_read`.
    """

    expression: str
    type: Type
    scanned: bool = False
    label: str | None = None
    origin: tuple[tuple[str, ...], str] | None = None


@dataclass(slots=True)
class Line:
    """One line of generated source with the CQL locator that it stands for."""

    depth: int
    text: str
    locator: str | None


class Emitter:
    """The state while one Python function is written.

    `frame` is the expression of the define's evidence frame, `collector` that of the collector
    that reads go to now (a row's collector inside a query). ``fuses``: whether a condition may be
    written without a value of its own (not where every node's value is to be seen).
    """

    fuses = True

    def __init__(self, compiler: Compiler, library: Library, label: str | None) -> None:
        self.compiler = compiler
        self.library = library
        self.label = label
        self.lines: list[Line] = []
        self.depth = 1
        self.scopes: list[dict[str, Variable]] = []
        self.locators: list[str | None] = [None]
        self.collector = "fr"
        self.collector_uses = 0
        self.row_scopes: list[list[Variable]] = []
        self.define_names: dict[int, str] = {}
        self.called: set[str] = set()
        self._count = 0

    # ----- writing -----

    def emit(self, text: str) -> None:
        """Write one line at the current depth."""
        self.lines.append(Line(self.depth, text, self.locators[-1]))

    def temporary(self, prefix: str = "t") -> str:
        """A fresh local name."""
        self._count += 1
        return f"{prefix}{self._count}"

    def assign(self, expression: str) -> str:
        """The expression's value in a fresh local."""
        name = self.temporary()
        self.emit(f"{name} = {expression}")
        return name

    def name(self, expression: str) -> str:
        """The expression as a name: itself when it is one, else assigned to a fresh local."""
        return expression if _ATOM.match(expression) else self.assign(expression)

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Write a header line and indent what follows."""
        self.emit(header)
        self.depth += 1
        mark = len(self.lines)
        yield
        if len(self.lines) == mark:
            self.emit("pass")
        self.depth -= 1

    def constant(self, value: object) -> str:
        """A value of the program as an expression."""
        return self.compiler.constant(value)

    def record(self, label: str | None, value: str, path: str | None, read: str) -> None:
        """Write the recording of a read (see `evidence`)."""
        self.collector_uses += 1
        self.emit(f"{self.collector}.append(({label!r}, {value}, {path!r}, {read}))")

    # ----- compiling -----

    def node(self, elm: Node) -> str:
        """Compile one node; gives a local name, a global constant or a literal."""
        kind = elm.get("type")
        if not isinstance(kind, str):
            raise LibraryLoadError(
                "a node has no type: translate the CQL anew",
                library=self.library.name,
                locator=self.locators[-1],
            )
        self.locators.append(elm.get("locator") or self.locators[-1])
        try:
            handler = NODES.get(kind)
            if handler is None:
                handler = self.compiler.operator_call
            return self.name(handler(self, elm))
        finally:
            self.locators.pop()

    def optional(self, elm: Node | None) -> str:
        """Compile a node that may be missing; missing is null."""
        return "None" if elm is None else self.node(elm)

    def give(self, name: str, elm: Node | None) -> None:
        """Give an existing local the value of a node that may be missing, first thing in a block:
        what the node's last line makes, nothing else has seen yet."""
        first = len(self.lines)
        value = self.optional(elm)
        if len(self.lines) > first and self.fuses:
            line = self.lines[-1]
            made, equals, expression = line.text.partition(" = ")
            if equals and made == value and line.depth == self.depth:
                line.text = f"{name} = {expression}"
                return
        self.emit(f"{name} = {value}")

    def unsupported(self, what: str) -> UnsupportedOperatorError:
        """The error for a node, or a use of one, that the engine does not know."""
        return UnsupportedOperatorError(what, library=self.library.name, locator=self.locators[-1])

    def invalid(self, message: str) -> LibraryLoadError:
        """The error for ELM that contradicts itself."""
        return LibraryLoadError(message, library=self.library.name, locator=self.locators[-1])

    # ----- names in scope -----

    @contextmanager
    def scope(self, variables: dict[str, Variable]) -> Iterator[None]:
        """Names that hold while the block is compiled."""
        self.scopes.append(variables)
        yield
        self.scopes.pop()

    def find(self, name: str) -> Variable | None:
        """The innermost variable of that name."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None

    def variable(self, name: str) -> Variable:
        """The innermost variable of that name; LibraryLoadError when there is none."""
        found = self.find(name)
        if found is None:
            raise self.invalid(f"{name} is not defined here: translate the CQL anew")
        return found

    def type_of(self, elm: Node | None) -> Type:
        """The static type of a node, inferred where the translator wrote none."""
        if elm is None:
            return None
        written = result_type(elm)
        return written if written is not None else self.compiler.inferred_type(self, elm)
