"""Refusing ELM nodes that the engine does not know, wherever in a library they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .emitter import NODES, Node
from .errors import LibraryLoadError, UnsupportedOperatorError
from .library import Library
from .operators import OPERATORS

_NO_EXPRESSION_BELOW = frozenset({"signature", "resultTypeSpecifier", "annotation"})
_NOT_EXPRESSIONS = frozenset(
    {"With", "Without", "ByColumn", "ByDirection", "ByExpression", "FunctionDef", "ExpressionDef"}
)


def refuse_unknown_operators(library: Library) -> None:
    """Every expression node has a compiler or an operator, in functions nobody calls as well."""
    functions = [f.node for overloads in library.functions.values() for f in overloads]
    for root in (*library.statements.values(), *functions):
        try:
            nodes: list[Node] = []
            _collect(root, nodes)
        except RecursionError:
            raise LibraryLoadError(
                f"{root['name']} is nested too deeply: divide it into several defines",
                library=library.name,
                locator=root.get("locator"),
            ) from None
        for node in nodes:
            kind = node["type"]
            if kind not in NODES and kind not in OPERATORS:
                raise UnsupportedOperatorError(
                    kind, library=library.name, locator=node.get("locator")
                )


def _collect(value: Any, found: list[Node]) -> None:
    """All expression nodes below a definition; type specifiers and clauses are none."""
    if value.__class__ is list:
        for item in value:
            if item.__class__ is not str:
                _collect(item, found)
    elif value.__class__ is dict or isinstance(value, Mapping):
        kind = value.get("type")
        if (
            kind.__class__ is str
            and kind not in _NOT_EXPRESSIONS
            and not kind.endswith("TypeSpecifier")
        ):
            found.append(value)
        for name, member in value.items():
            if member.__class__ is not str and name not in _NO_EXPRESSION_BELOW:
                _collect(member, found)
