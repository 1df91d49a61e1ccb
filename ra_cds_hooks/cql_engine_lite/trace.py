"""Tracing: the value of every sub-expression, with its place in the CQL source.

A program that is traced is compiled a second time, by a compiler whose emitter brackets every node
with `c.enter()` and `c.leave(site, value)`. The code of an evaluation without trace has none of
this and is not touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .compiler import Compiler
from .context import Evaluation
from .emitter import Emitter, Node
from .evidence import EvidenceReader, Frame

TRACE_LIMIT = 100_000
"""Steps that one evaluation records unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class Site:
    """One node of the ELM: what a step says besides its value."""

    node: str
    name: str | None
    library: str
    locator: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One evaluation of one node: in a query, one for each row that got as far as the node.

    `node` is the ELM node type ("Greater"); `name` what it refers to ("Library.Define" of an
    ExpressionRef, alias, parameter, function, path of a Property), None for other nodes; `locator`
    its place in the CQL source of `library`, "line:column-line:column" (that of the node around it
    for a node that the translator added); `value` its CQL value, null being None; `steps` the
    evaluations that it needed, in their order; `omitted` how many directly or deeper below it were
    left out because the limit was reached.

    The value is not part of the repr: it may be a patient's.
    """

    node: str
    name: str | None
    library: str
    locator: str | None
    value: Any = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)
    omitted: int

    def walk(self) -> Iterator[tuple[int, Step]]:
        """(depth, step) of this step and of all below it, each before the steps that it needed."""
        stack = [(0, self)]
        while stack:
            depth, step = stack.pop()
            yield depth, step
            stack.extend((depth + 1, inner) for inner in reversed(step.steps))

    @property
    def references(self) -> tuple[str, ...]:
        """ "Type/id" of the resources that this step and those below it had in their values."""
        return _references(self.walk())


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """How a define ("Library.Define") came to its value.

    `steps` holds the step of its whole expression. What a define that it refers to did is in that
    define's own trace. `omitted` is the number of steps left out at the limit; 0: all are there.
    """

    define: str
    value: Any = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)
    omitted: int

    def walk(self) -> Iterator[tuple[int, Step]]:
        """(depth, step) of all steps, each before the steps that it needed."""
        for step in self.steps:
            yield from step.walk()

    @property
    def references(self) -> tuple[str, ...]:
        """ "Type/id" of the resources in the value of any step, without repeats."""
        return _references(self.walk())

    @property
    def defines(self) -> tuple[str, ...]:
        """ "Library.Define" of the defines that were referred to, without repeats, in order."""
        found = {step.name: None for _, step in self.walk() if step.node == "ExpressionRef"}
        return tuple(name for name in found if name is not None)


def _references(steps: Iterator[tuple[int, Step]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for _, step in steps:
        if isinstance(step.value, (dict, list)):
            carried = EvidenceReader([Frame.of("")]).evidence(0, step.value)
            found.update((evidence.reference, None) for evidence in carried)
    return tuple(found)


class TracedEmitter(Emitter):
    """Writes every node with a step around it."""

    fuses = False

    def node(self, elm: Node) -> str:
        """Compile one node, and the recording of its value."""
        self.emit("c.enter()")
        value = super().node(elm)
        kind: str = elm["type"]
        if kind == "ExpressionRef":
            name: str | None = self.compiler.define_name(self, elm)
        else:
            name = elm.get("name") or elm.get("path")
        site = Site(kind, name, self.library.name, elm.get("locator") or self.locators[-1])
        self.emit(f"c.leave({self.constant(site)}, {value})")
        return value


class TracedCompiler(Compiler):
    """Compiles a program for evaluations with a trace."""

    emitter = TracedEmitter
    # Every place is to be seen with its own value.
    shares = False


class _Open:
    """A step that has begun: what it needed so far."""

    __slots__ = ("omitted", "recorded", "steps")

    def __init__(self, recorded: bool) -> None:
        self.recorded = recorded
        self.steps: list[Step] = []
        self.omitted = 0


class TracedEvaluation(Evaluation):
    """An evaluation that records steps, at most `limit` of them; the rest is counted."""

    __slots__ = ("_begun", "_limit", "_open", "traces")

    def __init__(self, *state: Any, limit: int) -> None:
        super().__init__(*state)
        self.traces: dict[int, Trace] = {}
        self._limit = limit
        self._begun = 0
        self._open: list[_Open] = [_Open(True)]

    def compute(self, index: int) -> Any:
        """The value of a define, and its trace beside that of the define that refers to it."""
        self._open.append(_Open(True))
        value = super().compute(index)
        done = self._open.pop()
        self.traces[index] = Trace(
            self.program.defines[index].name, value, tuple(done.steps), done.omitted
        )
        return value

    def enter(self) -> None:
        """A step begins."""
        self._begun += 1
        self._open.append(_Open(self._begun <= self._limit))

    def leave(self, site: Site, value: Any) -> None:
        """The step that began last has its value."""
        done = self._open.pop()
        outer = self._open[-1]
        outer.omitted += done.omitted
        if done.recorded:
            outer.steps.append(
                Step(
                    site.node,
                    site.name,
                    site.library,
                    site.locator,
                    value,
                    tuple(done.steps),
                    done.omitted,
                )
            )
        else:
            outer.omitted += 1
