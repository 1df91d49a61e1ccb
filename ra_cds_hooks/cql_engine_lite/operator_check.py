"""Refusing ELM nodes that the engine does not know, wherever in a library they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .emitter import NODES, Node
from .errors import LibraryLoadError, UnsupportedOperatorError
from .library import Library
from .operators import OPERATORS

_NOT_EXPRESSIONS = frozenset(
    {"With", "Without", "ByColumn", "ByDirection", "ByExpression", "FunctionDef", "ExpressionDef"}
)


def refuse_unknown_operators(library: Library) -> None:
    """Every expression node has a compiler or an operator, in functions nobody calls as well."""
    functions = [f.node for overloads in library.functions.values() for f in overloads]
    for root in (*library.statements.values(), *functions):
        try:
            nodes = list(_expressions(root))
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
