"""A compiled program: loaded once, evaluated per patient, shared by all threads."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any

from .compiled import Compiled, CompiledFile, texts_of
from .compiler import Compiler
from .context import UNSET, Evaluation, Retriever
from .elm_source import Source, unpacked
from .elm_types import Named
from .errors import (
    EvaluationError,
    LibraryLoadError,
    MissingParameterError,
    NotTracedError,
    ParameterError,
    UnknownDefineError,
)
from .evidence import Evidence, EvidenceReader
from .library import read_libraries
from .terminology import BoundTerminology, Terminology, bind
from .trace import TRACE_LIMIT, Trace, TracedCompiler, TracedEvaluation
from .type_tests import describe, is_type
from .values import DateTime


@dataclass(frozen=True, slots=True)
class Define:
    """A compiled define: "Library.Define", its library and its function of (evaluation, frame)."""

    name: str
    library: str
    function: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A compiled parameter: "Library.Parameter", its type, its default's function or None.

    `place` is where it is declared.
    """

    name: str
    type: Any
    default: Callable[..., Any] | None
    place: str


class Program:
    """Libraries that were loaded together. Immutable after loading."""

    def __init__(self, compiler: Compiler | Compiled, source: Source) -> None:
        namespace = compiler.compile()
        self.defines = tuple(
            Define(d.name, d.library, namespace[d.function_name]) for d in compiler.defines
        )
        self.parameters = tuple(
            Parameter(
                p.name, p.type, namespace[p.function_name] if p.function_name else None, p.place
            )
            for p in compiler.parameters
        )
        self.value_set_urls = tuple(compiler.value_set_urls)
        self._value_set_places = tuple(compiler.value_set_places)
        self._references = compiler.references()
        self._elements = {
            kind: frozenset(paths) for kind, paths in sorted(compiler.elements.items())
        }
        self._retrieved = frozenset(compiler.retrieved)
        self._numbers = {define.name: number for number, define in enumerate(self.defines)}
        self._parameter_numbers = {p.name: number for number, p in enumerate(self.parameters)}
        self._locators = compiler.locators()
        self._owners = tuple(compiler.owners)
        self._filename = compiler.filename
        self._source = source
        self._traced: Program | None = None
        self._tracing = Lock()

    # ----- what the program is -----

    def define_names(self) -> frozenset[str]:
        """All defines as "Library.Define"."""
        return frozenset(self._numbers)

    def parameter_names(self) -> frozenset[str]:
        """All parameters as "Library.Parameter"."""
        return frozenset(self._parameter_numbers)

    def elements_read(self) -> dict[str, frozenset[str]]:
        """Which elements of which resource types any rule reads ("code", "value[x]").

        A path stands for everything below it: functions may read on from there.
        """
        return dict(self._elements)

    def resource_types_read(self) -> frozenset[str]:
        """The resource types that any rule retrieves."""
        return self._retrieved

    def bind(self, terminology: Terminology) -> BoundTerminology:
        """The expansions of all value sets that the program names, taken once.

        `evaluate` takes the result in place of the terminology and then looks nothing up. Raises
        MissingValueSetError naming every value set that the terminology lacks.
        """
        return bind(self.value_set_urls, terminology, self._value_set_places)

    def require_value_sets(self, terminology: Terminology) -> None:
        """Raise MissingValueSetError, naming all of them, when the terminology lacks any."""
        self.bind(terminology)

    def require_parameters(
        self, parameters: Mapping[str, Any] | None = None, defines: Iterable[str] | None = None
    ) -> None:
        """Check before the first request that parameters are what `evaluate` is going to need.

        ParameterError for one that is unknown or of the wrong type; MissingParameterError, naming
        them all, for those without default that are not given and that the defines
        ("Library.Define"; all by default), or anything they refer to, mention. An evaluation
        needs them only where it gets there.
        """
        given = self._given(parameters or {})
        names = self._numbers if defines is None else defines
        missing = [
            self.parameters[number]
            for number in self._parameters_of([self._number(name) for name in names])
            if given[number] is UNSET and self.parameters[number].default is None
        ]
        if missing:
            raise MissingParameterError(
                tuple(p.name for p in missing), tuple(p.place for p in missing)
            )

    def _parameters_of(self, defines: list[int]) -> list[int]:
        found: set[str] = set()
        waiting = [f"g{number}" for number in defines]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._references.get(name, ()))
        return sorted(int(name[1:]) for name in found if name[0] == "q")

    # ----- evaluation -----

    def evaluate(
        self,
        retriever: Retriever,
        terminology: Terminology,
        parameters: Mapping[str, Any] | None = None,
        as_of: datetime | None = None,
        defines: Sequence[str] | None = None,
        *,
        trace: bool = False,
        trace_limit: int = TRACE_LIMIT,
    ) -> Results:
        """Evaluate defines ("Library.Define"; all by default) at the moment `as_of`.

        `as_of` is timezone-aware and is what Now() and Today() give; the engine reads no clock.
        Raises EvaluationError where an expression has no result, ParameterError for a parameter
        that is unknown or of the wrong type, UnknownDefineError, MissingValueSetError.

        With `trace`, `Results.trace` tells how each define came to its value; the program is
        compiled once more when this is asked for first. `trace_limit` bounds the steps recorded.
        """
        if as_of is None or as_of.tzinfo is None:
            raise ParameterError("as_of has to be a datetime with a time zone")
        numbers = [self._number(name) for name in defines] if defines is not None else None
        state = (
            retriever,
            self.bind(terminology),
            self._given(parameters or {}),
            DateTime.from_datetime(as_of),
        )
        if trace:
            evaluation: Evaluation = TracedEvaluation(self._with_steps(), *state, limit=trace_limit)
        else:
            evaluation = Evaluation(self, *state)
        for number in numbers if numbers is not None else range(len(self.defines)):
            if evaluation.memo[number] is UNSET:
                evaluation.compute(number)
        return Results(self, evaluation)

    def _with_steps(self) -> Program:
        """The same program compiled for tracing, once for all threads."""
        with self._tracing:
            if self._traced is None:
                self._traced = Program(
                    TracedCompiler(read_libraries(self._source.documents())), self._source
                )
            return self._traced

    def _number(self, name: str) -> int:
        try:
            return self._numbers[name]
        except KeyError:
            raise UnknownDefineError(f"no define is called {name}") from None

    def _given(self, parameters: Mapping[str, Any]) -> list[Any]:
        found: list[Any] = [UNSET] * len(self.parameters)
        for name, value in parameters.items():
            number = self._parameter_numbers.get(name)
            if number is None:
                raise ParameterError(
                    f"no parameter is called {name}: parameter_names() has those there are"
                )
            type_ = self.parameters[number].type
            if type(value) is int and type_ == Named("System.Decimal"):
                value = Decimal(value)
            if value is not None and not is_type(value, type_):
                raise ParameterError(f"parameter {name} is not of type {describe(type_)}")
            found[number] = value
        return found

    def located(self, error: Exception, define: str) -> EvaluationError:
        """The error with the place in the CQL source where it happened, free of values."""
        library, locator = self._place(error.__traceback__)
        if isinstance(error, EvaluationError):
            message = error.message
        elif isinstance(error, RecursionError):
            message = "the expression is nested too deeply"
        else:
            message = f"internal error ({type(error).__name__})"
        return EvaluationError(message, library=library, define=define, locator=locator)

    def _place(self, traceback: TracebackType | None) -> tuple[str | None, str | None]:
        place: tuple[str | None, str | None] = (None, None)
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == self._filename:
                line = traceback.tb_lineno - 1
                place = (self._owners[line], self._locators[line])
            traceback = traceback.tb_next
        return place


class Results:
    """What one evaluation found. `results["Library.Define"]` is the define's CQL value."""

    def __init__(self, program: Program, evaluation: Evaluation) -> None:
        self._program = program
        self._evaluation = evaluation
        self._reader = EvidenceReader(evaluation.frames)

    def __getitem__(self, define: str) -> Any:
        """The value; null is None. Raises UnknownDefineError when it was not evaluated."""
        return self._evaluation.memo[self._evaluated(define)]

    def __contains__(self, define: str) -> bool:
        number = self._program._numbers.get(define)
        return number is not None and self._evaluation.memo[number] is not UNSET

    def evidence(self, *defines: str) -> tuple[Evidence, ...]:
        """The resources that decided the define, with the deciding values, without repeats.

        Of several defines: each (reference, define) once, as the first of them has it.
        """
        memo = self._evaluation.memo
        numbers = [self._evaluated(define) for define in defines]
        if len(numbers) == 1:
            return self._reader.evidence(numbers[0], memo[numbers[0]])
        return self._reader.evidence_of_all([(number, memo[number]) for number in numbers])

    def parameters_read(self, define: str) -> frozenset[str]:
        """The parameters ("Library.Parameter") that the define may have read to get its value.

        Its own, and those of the functions and defines it needed; a define that this evaluation
        did not get to adds nothing.
        """
        found: set[str] = set()
        waiting = [f"g{self._evaluated(define)}"]
        while waiting:
            name = waiting.pop()
            skipped = name[0] == "g" and self._evaluation.memo[int(name[1:])] is UNSET
            if name not in found and not skipped:
                found.add(name)
                waiting.extend(self._program._references.get(name, ()))
        names = self._program.parameters
        return frozenset(names[int(name[1:])].name for name in found if name[0] == "q")

    def trace(self, define: str) -> Trace:
        """How the define, requested or referred to, came to its value.

        NotTracedError unless `evaluate` was called with `trace=True`; UnknownDefineError.
        """
        number = self._evaluated(define)
        if not isinstance(self._evaluation, TracedEvaluation):
            raise NotTracedError("nothing was traced: call evaluate with trace=True")
        return self._evaluation.traces[number]

    def _evaluated(self, define: str) -> int:
        number = self._program._number(define)
        if self._evaluation.memo[number] is UNSET:
            raise UnknownDefineError(f"{define} was not evaluated")
        return number


def load(
    libraries: Iterable[Mapping[str, Any] | bytes],
    *,
    cache: Path | None = None,
    parse: Callable[[bytes], Any] = json.loads,
) -> Program:
    """Load ELM JSON documents, parsed or as text, that together resolve all their includes.

    With `cache`, a folder of this user's own, what was compiled is kept there and found by the
    next start: give text, then that start does not parse either (see `compiled` for the trust that
    the folder needs). `parse` reads the text where it has to be read.

    Raises LibraryLoadError (bad document, missing or cyclic include, unknown name) and
    UnsupportedOperatorError, both with library and locator.
    """
    given = list(libraries)
    file = CompiledFile(cache, texts_of(given)) if cache is not None else None
    compiled = file.read() if file is not None else None
    if compiled is not None:
        return Program(compiled, Source([compiled.packed], unpacked))
    with _without_collector():
        documents = [_parsed(each, parse) if isinstance(each, bytes) else each for each in given]
        found = read_libraries(documents)
        if not found:
            raise LibraryLoadError("no library was given")
        as_text = all(isinstance(each, bytes) for each in given)
        source = Source(given, parse) if as_text else Source.of_parsed(documents)
        compiler = Compiler(found)
        program = Program(compiler, source)
        if file is not None:
            file.write(compiler, documents)
    return program


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of objects that stay: looking for garbage among them costs a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _parsed(text: bytes, parse: Callable[[bytes], Any]) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise LibraryLoadError(
            f"not a JSON document ({error}): load what the CQL translator writes as JSON"
        ) from error
