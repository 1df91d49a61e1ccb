"""Every place of the CQL where one small change is tried, all compiled into one program.

A mutant is switched on by number while the program runs, so that nothing is compiled again for it.
While tests are observed, each point computes its changed value as well and notes whether it is
another one: CQL has no side effects, so a test in which no value changes at the point cannot fail.

Kinds of change (issue "whole clinical content", mutation check):
  comparison      < and <=, > and >=, before and on-or-before ... change places; = becomes !=
  null handling   `is true`, `is false`, `is null` and Coalesce lose what they do with null
  parameter       the default is one step larger (a truth value flips, a text is another one)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ra_cds_hooks.cql_engine_lite import Program
from ra_cds_hooks.cql_engine_lite.compiler import Compiler
from ra_cds_hooks.cql_engine_lite.elm_source import Source
from ra_cds_hooks.cql_engine_lite.elm_types import ListOf, Type
from ra_cds_hooks.cql_engine_lite.emitter import Emitter, Node
from ra_cds_hooks.cql_engine_lite.library import read_libraries
from ra_cds_hooks.cql_engine_lite.values import Quantity

COMPARISON, NULL_HANDLING, PARAMETER = "comparison", "null handling", "parameter"
SWAPS = {
    "Less": "LessOrEqual",
    "LessOrEqual": "Less",
    "Greater": "GreaterOrEqual",
    "GreaterOrEqual": "Greater",
    "Before": "SameOrBefore",
    "SameOrBefore": "Before",
    "After": "SameOrAfter",
    "SameOrAfter": "After",
}
NEGATED = {"Equal", "NotEqual", "Equivalent"}
NULL_TESTS = {"IsTrue": "the operand itself", "IsFalse": "not the operand", "IsNull": "false"}
# Conversions of the FHIR model, tested on their own (tests/elm/test_fhir_helpers.py).
LEFT_OUT = {"FHIRHelpers"}


@dataclass(frozen=True, slots=True)
class Point:
    """One change: where it stands ("Library", its define, "line:column" of the CQL), and what.

    ``equivalent``: to the condition around it null and false are the same, so the change cannot
    show (`where X is true` says what `where X` says).
    """

    number: int
    kind: str
    library: str
    define: str
    locator: str
    change: str
    equivalent: bool

    @property
    def key(self) -> str:
        """The point's name in reasons.toml; it moves with the CQL line."""
        return f"{self.library} {self.locator} {self.change}"


class Switch:
    """Which mutant is on (0: none); while ``observing``, the points where the changed value was
    another than the plain one."""

    def __init__(self) -> None:
        self.on = 0
        self.observing = False
        self.reached: set[int] = set()

    def asks(self, number: int) -> bool:
        """Whether the changed value is wanted at this point."""
        return self.observing or number == self.on

    def chosen(self, number: int, plain: Any, changed: Any) -> Any:
        """The changed value while its mutant is on; else the plain one, and a note when the two are
        not one and the same object (truth values and null always are, where they are equal)."""
        if self.observing and changed is not plain:
            self.reached.add(number)
        return changed if number == self.on else plain


def nudged(value: Any) -> Any:
    """A parameter's default one step further: the last written digit, or 1 for whole numbers."""
    if value is None:
        return None
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, Decimal):
        exponent = value.normalize().as_tuple().exponent
        return value + min(Decimal(1), Decimal(1).scaleb(int(exponent)))
    if isinstance(value, str):
        return f"{value}?"
    if isinstance(value, Quantity):
        return Quantity(nudged(value.value), value.unit)
    return value


def negation(value: Any) -> Any:
    """Three-valued not."""
    return None if value is None else not value


def mutation_operand(e: Emitter, elm: Node) -> str:
    """An operand that has been written already."""
    return str(elm["atom"])


def mutation_default(e: Emitter, elm: Node) -> str:
    """A parameter's default, one step further while its mutant is on."""
    value = e.assign(e.node(elm["default"]))
    with e.block(f"if mutation.asks({elm['number']}):"):
        e.emit(f"{value} = mutation.chosen({elm['number']}, {value}, nudged({value}))")
    return value


OWN_NODES = {"MutationOperand": mutation_operand, "MutationDefault": mutation_default}


class MutatingEmitter(Emitter):
    """Writes comparisons and null handling twice: as they are, and changed."""

    compiler: MutatingCompiler
    fuses = False

    def type_of(self, elm: Node | None) -> Type:
        """The static type; that of the operand behind a placeholder."""
        if elm is not None and elm.get("type") == "MutationOperand":
            static: Type = elm["static"]
            return static
        return super().type_of(elm)

    def node(self, elm: Node) -> str:
        """Compile one node, with its change where it has one."""
        kind = elm.get("type")
        # Not in the engine's own registry, of which its README lists every entry.
        if kind in OWN_NODES:
            return self.name(OWN_NODES[kind](self, elm))
        if self.library.name in LEFT_OUT or not isinstance(kind, str):
            return super().node(elm)
        if kind in SWAPS or kind in NEGATED:
            return self._comparison(elm, kind)
        if kind in NULL_TESTS:
            return self._null_test(elm, kind)
        if kind == "Coalesce" and not isinstance(self.type_of(elm["operand"][0]), ListOf):
            return self._coalesce(elm)
        return super().node(elm)

    def _placeholder(self, operand: Node) -> Node:
        return {
            "type": "MutationOperand",
            "atom": super().name(self.node(operand)),
            "static": self.type_of(operand),
        }

    def _either(self, number: int, changed: str | Node, plain: Node) -> str:
        """`changed` (an expression of the plain `{}` or a node) while the mutant is on."""
        result = self.temporary()
        self.emit(f"{result} = {super().node(plain)}")
        with self.block(f"if mutation.asks({number}):"):
            if isinstance(changed, str):
                other = changed.format(result)
            else:
                own = changed["type"] in OWN_NODES
                other = self.node(changed) if own else super().node(changed)
            self.emit(f"{result} = mutation.chosen({number}, {result}, {other})")
        return result

    def _comparison(self, elm: Node, kind: str) -> str:
        plain = {**elm, "operand": [self._placeholder(o) for o in elm["operand"]]}
        if kind in NEGATED:
            number = self.compiler.point(self, elm, COMPARISON, f"{kind} negated")
            return self._either(number, "negation({})", plain)
        other = SWAPS[kind]
        number = self.compiler.point(self, elm, COMPARISON, f"{kind} -> {other}")
        return self._either(number, {**plain, "type": other}, plain)

    def _null_test(self, elm: Node, kind: str) -> str:
        number = self.compiler.point(self, elm, NULL_HANDLING, f"{kind} -> {NULL_TESTS[kind]}")
        operand = self._placeholder(elm["operand"])
        changed = {
            "IsTrue": operand["atom"],
            "IsFalse": f"negation({operand['atom']})",
            "IsNull": "False",
        }[kind]
        return self._either(number, changed, {**elm, "operand": operand})

    def _coalesce(self, elm: Node) -> str:
        number = self.compiler.point(self, elm, NULL_HANDLING, "Coalesce -> its first operand")
        first, *others = elm["operand"]
        head = self._placeholder(first)
        return self._either(number, head, {**elm, "operand": [head, *others]})


class MutatingCompiler(Compiler):
    """Compiles a program with all its mutants."""

    emitter = MutatingEmitter

    def __init__(self, documents: list[Mapping[str, Any]], switch: Switch) -> None:
        super().__init__(read_libraries(documents))
        self.points: list[Point] = []
        self._point_numbers: dict[int, int] = {}
        self._conditions = _conditions(documents)
        self._wrapped: list[Node] = []
        self.namespace |= {"mutation": switch, "nudged": nudged, "negation": negation}

    def point(self, e: Emitter, elm: Node, kind: str, change: str, where: str = "") -> int:
        """The number of the change at this node; the same for every copy of a function."""
        known = self._point_numbers.get(id(elm))
        if known is None:
            known = self._point_numbers[id(elm)] = len(self.points) + 1
            equivalent = kind == NULL_HANDLING and "IsNull" not in change
            self.points.append(
                Point(
                    known,
                    kind,
                    e.library.name,
                    where or (e.label or f"{e.library.name} (function)"),
                    str(elm.get("locator") or e.locators[-1] or "?"),
                    change,
                    equivalent and id(elm) in self._conditions and "Coalesce" not in change,
                )
            )
        return known

    def _finish(self, emitter: Emitter, name: str, arguments: str, body: Node | None) -> None:
        if name[0] == "q" and body is not None and _can_be_nudged(body):
            label = str(emitter.label)
            number = self.point(emitter, body, PARAMETER, f"default of {label}", label)
            body = {"type": "MutationDefault", "default": body, "number": number}
            self._wrapped.append(body)
        super()._finish(emitter, name, arguments, body)


def _can_be_nudged(default: Node) -> bool:
    return default.get("type") in {"Literal", "Quantity", "Negate", "ToDecimal"}


def _conditions(documents: Iterable[Mapping[str, Any]]) -> set[int]:
    """Ids of the nodes where null and false come to the same: conditions, through and / or."""
    found: set[int] = set()

    def condition(elm: Any) -> None:
        if not isinstance(elm, dict):
            return
        found.add(id(elm))
        if elm.get("type") in {"And", "Or"}:
            for operand in elm["operand"]:
                condition(operand)

    def visit(value: Any) -> None:
        if isinstance(value, dict):
            kind = value.get("type")
            if kind == "If":
                condition(value["condition"])
            elif kind == "Case" and value.get("comparand") is None:
                for item in value["caseItem"]:
                    condition(item["when"])
            elif kind == "Query":
                condition(value.get("where"))
            elif kind == "IsTrue":
                condition(value["operand"])
            for member in value.values():
                visit(member)
        elif isinstance(value, list):
            for member in value:
                visit(member)

    for document in documents:
        visit(document)
    return found


def mutating_program(
    documents: Iterable[Mapping[str, Any]], switch: Switch
) -> tuple[Program, list[Point]]:
    """The program with all its mutants, off until ``switch.on`` names one, and their list."""
    kept = list(documents)
    compiler = MutatingCompiler(kept, switch)
    program = Program(compiler, Source.of_parsed(kept))
    return program, compiler.points
