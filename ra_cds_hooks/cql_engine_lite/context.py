"""One evaluation: everything that a request changes lives here, nothing in the program."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .errors import EvaluationError, MissingParameterError
from .evidence import Frame
from .fhir_json import Element
from .terminology import BoundTerminology, CodeKey
from .values import Code, Concept, Date, DateTime

if TYPE_CHECKING:
    from .program import Program


_Key = TypeVar("_Key", bound=Hashable)


class Retriever(Protocol):
    """Where an evaluation gets its resources from."""

    def retrieve(self, resource_type: str) -> Sequence[Mapping[str, Any]]:
        """All resources of a type as FHIR JSON, in a stable order; the engine filters them."""


class _Mark:
    """A memo entry that is not a CQL value."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


UNSET = _Mark("UNSET")


class Evaluation:
    """The state of one call of `Program.evaluate`; also what context operators are given."""

    __slots__ = (
        "_code_indexes",
        "_coded",
        "_parameter_values",
        "_resources",
        "_retriever",
        "_value_set_codes",
        "_value_set_indexes",
        "as_of",
        "dates",
        "frames",
        "memo",
        "moments",
        "program",
        "terminology",
        "timezone_offset",
        "value_sets",
    )

    def __init__(
        self,
        program: Program,
        retriever: Retriever,
        terminology: BoundTerminology,
        parameter_values: list[Any],
        as_of: DateTime,
    ) -> None:
        self.program = program
        self.as_of = as_of
        self.timezone_offset: int = as_of.offset
        self.terminology = terminology
        self.value_sets = terminology.expansions
        self.memo: list[Any] = [UNSET] * len(program.defines)
        self.frames: list[Frame | None] = [None] * len(program.defines)
        self.moments: dict[str, DateTime | None] = {}
        self.dates: dict[str, Date | None] = {}
        self._parameter_values = parameter_values
        self._retriever = retriever
        self._resources: dict[str, list[Any]] = {}
        self._code_indexes: dict[tuple[str, str], dict[CodeKey, list[int]]] = {}
        self._value_set_indexes: dict[tuple[str, str], dict[int, list[int]]] = {}
        self._coded: dict[tuple[str, str, int], list[Any]] = {}
        self._value_set_codes: dict[int, frozenset[str]] = {}

    # ----- defines and parameters -----

    def compute(self, index: int) -> Any:
        """The value of a define that was not evaluated yet; an EvaluationError says where."""
        define = self.program.defines[index]
        # Frame.of in place: a thousand of these are made for one answer.
        frame = self.frames[index] = Frame()
        frame.define = define.name
        try:
            value = self.memo[index] = define.function(self, frame)
        except EvaluationError as error:
            if error.define is None:
                raise self.program.located(error, define.name) from error
            raise
        except MissingParameterError:
            raise
        except Exception as error:
            raise self.program.located(error, define.name) from error
        return value

    def parameter(self, index: int) -> Any:
        """The value of a parameter: as given, else its default, else MissingParameterError."""
        value = self._parameter_values[index]
        if value is UNSET:
            parameter = self.program.parameters[index]
            if parameter.default is None:
                raise MissingParameterError((parameter.name,))
            value = parameter.default(self, Frame.of(parameter.name))
            self._parameter_values[index] = value
        return value

    # ----- retrieves -----

    def retrieve(self, resource_type: str) -> list[Any]:
        """All resources of a type; anything that is not a resource of the type is left out."""
        found = self._resources.get(resource_type)
        if found is None:
            found = self._resources[resource_type] = [
                resource
                for resource in self._retriever.retrieve(resource_type)
                if isinstance(resource, dict) and resource.get("resourceType") == resource_type
            ]
        return found

    def retrieve_in_value_set(self, resource_type: str, path: str, value_set: int) -> list[Any]:
        """The resources with a coding of value set number `value_set` at `path`."""
        key = (resource_type, path, value_set)
        found = self._coded.get(key)
        if found is None:
            rows = self._value_set_index(resource_type, path).get(value_set, ())
            resources = self.retrieve(resource_type)
            found = self._coded[key] = [resources[row] for row in rows]
        return found

    def retrieve_with_codes(self, resource_type: str, path: str, codes: Any) -> list[Any]:
        """The resources with one of these codes at `path`; a code without system fits any."""
        keys: set[CodeKey] = set()
        bare: set[str] = set()
        for code in codes_in(codes):
            if code.code is not None and code.system is not None:
                keys.add((code.system, code.code))
            elif code.code is not None:
                bare.add(code.code)
        index = self._code_index(resource_type, path)
        return self._rows(
            resource_type,
            [rows for code, rows in index.items() if code in keys or code[1] in bare],
        )

    def _rows(self, resource_type: str, row_lists: list[list[int]]) -> list[Any]:
        resources = self.retrieve(resource_type)
        if len(row_lists) == 1:
            return [resources[row] for row in row_lists[0]]
        return [resources[row] for row in sorted({row for rows in row_lists for row in rows})]

    def _value_set_index(self, resource_type: str, path: str) -> dict[int, list[int]]:
        """By the number of a value set, the rows with a coding of it, in one pass for all sets."""
        key = (resource_type, path)
        index = self._value_set_indexes.get(key)
        if index is None:
            sets_with = self.terminology.sets_with
            index = self._value_set_indexes[key] = self._rows_by(
                resource_type, path, lambda code: sets_with.get(code, ())
            )
        return index

    def _code_index(self, resource_type: str, path: str) -> dict[CodeKey, list[int]]:
        key = (resource_type, path)
        index = self._code_indexes.get(key)
        if index is None:
            index = self._code_indexes[key] = self._rows_by(
                resource_type, path, lambda code: (code,)
            )
        return index

    def _rows_by(
        self, resource_type: str, path: str, keys_of: Callable[[CodeKey], Iterable[_Key]]
    ) -> dict[_Key, list[int]]:
        """The rows by the keys of the codings at `path`, each row once for a key."""
        index: dict[_Key, list[int]] = {}
        for row, resource in enumerate(self.retrieve(resource_type)):
            for code in _codings(resource, path):
                for key in keys_of(code):
                    rows = index.setdefault(key, [])
                    if not rows or rows[-1] != row:
                        rows.append(row)
        return index

    # ----- value sets -----

    def in_value_set(self, value: Any, value_set: int) -> bool | None:
        """CQL `in` of a String, Code or Concept and value set number `value_set`."""
        if value is None:
            return None
        if isinstance(value, str):
            return value in self._codes_of(value_set)
        expansion = self.value_sets[value_set]
        for code in codes_in(value):
            if code.system is None:
                if code.code in self._codes_of(value_set):
                    return True
            elif (code.system, code.code) in expansion:
                return True
        return False

    def any_in_value_set(self, values: Any, value_set: int) -> bool | None:
        """Whether any of a list of Strings, Codes or Concepts is in the value set."""
        if values is None:
            return None
        return any(self.in_value_set(value, value_set) is True for value in values)

    def codes_of_value_set(self, value_set: int) -> list[Code]:
        """The expansion as a list of Codes, in a stable order."""
        return [
            Code(code, system)
            for system, code in sorted(
                self.value_sets[value_set], key=lambda pair: (pair[0] or "", pair[1])
            )
        ]

    def _codes_of(self, value_set: int) -> frozenset[str]:
        codes = self._value_set_codes.get(value_set)
        if codes is None:
            codes = frozenset(code for _, code in self.value_sets[value_set])
            self._value_set_codes[value_set] = codes
        return codes


def codes_in(value: Any) -> Sequence[Code]:
    """The Codes of a Code, a Concept, a String or a list of these."""
    if value is None:
        return ()
    if isinstance(value, Code):
        return (value,)
    if isinstance(value, Concept):
        return value.codes
    if isinstance(value, str):
        return (Code(value),)
    if isinstance(value, list):
        return [code for item in value for code in codes_in(item)]
    raise EvaluationError("a code, a concept or a list of them is expected")


def _codings(resource: Any, path: str) -> list[CodeKey]:
    """(system, code) pairs at a coded element: CodeableConcept, Coding or code, single or list."""
    value: Any = resource
    for part in path.split("."):
        value = _member(value, part)
    if value is None:
        return []
    found: list[CodeKey] = []
    for element in value if isinstance(value, list) else (value,):
        if isinstance(element, str):
            found.append((None, element))
        elif isinstance(element, dict):
            codings = element.get("coding", element)
            for coding in codings if isinstance(codings, list) else (codings,):
                if isinstance(coding, dict) and isinstance(code := coding.get("code"), str):
                    system = coding.get("system")
                    found.append((system if isinstance(system, str) else None, code))
    return found


def _member(value: Any, name: str) -> Any:
    if isinstance(value, Element):
        value = value.json
    if not isinstance(value, dict):
        return None
    if name in value:
        return value[name]
    for kind in ("CodeableConcept", "Coding", "Code"):
        if name + kind in value:
            return value[name + kind]
    return None
