"""ELM documents as libraries: definitions by name, includes and function overloads resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .elm_types import (
    ChoiceOf,
    IntervalOf,
    ListOf,
    Named,
    TupleOf,
    Type,
    is_fhir_subtype,
    member_type,
    parse_type,
    result_type,
)
from .errors import LibraryLoadError, UnsupportedOperatorError

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """One function overload."""

    library: str
    name: str
    node: Node
    operands: tuple[tuple[str, Type], ...]
    result: Type


@dataclass(slots=True)
class Library:
    """One ELM library; members map local names to ELM definition nodes."""

    name: str
    version: str | None
    includes: dict[str, str] = field(default_factory=dict)
    include_versions: dict[str, str | None] = field(default_factory=dict)
    include_locators: dict[str, str | None] = field(default_factory=dict)
    statements: dict[str, Node] = field(default_factory=dict)
    functions: dict[str, list[FunctionDefinition]] = field(default_factory=dict)
    parameters: dict[str, Node] = field(default_factory=dict)
    value_sets: dict[str, Node] = field(default_factory=dict)
    code_systems: dict[str, Node] = field(default_factory=dict)
    codes: dict[str, Node] = field(default_factory=dict)
    concepts: dict[str, Node] = field(default_factory=dict)

    def include(self, local_name: str, locator: str | None) -> str:
        """The library that a local name stands for."""
        try:
            return self.includes[local_name]
        except KeyError:
            raise LibraryLoadError(
                f"no include is called {local_name}: declare it in the CQL and translate it anew",
                library=self.name,
                locator=locator,
            ) from None


def read_libraries(documents: Iterable[Mapping[str, Any]]) -> dict[str, Library]:
    """Read ELM JSON documents; LibraryLoadError for a bad one, a missing or a cyclic include."""
    libraries: dict[str, Library] = {}
    for document in documents:
        library = _read(document)
        if library.name in libraries:
            raise LibraryLoadError(
                "the library is given twice: load it once, in one version", library=library.name
            )
        libraries[library.name] = library
    for library in libraries.values():
        for target in library.includes.values():
            wanted = library.include_versions[target]
            if target not in libraries:
                version = f" version {wanted}" if wanted is not None else ""
                raise LibraryLoadError(
                    f"includes library {target}{version}, which is not among those loaded: "
                    "load its ELM as well",
                    library=library.name,
                    locator=library.include_locators[target],
                )
            if wanted is not None and libraries[target].version != wanted:
                raise LibraryLoadError(
                    f"includes {target} version {wanted}, loaded is version "
                    f"{libraries[target].version}: load the version that is included, or correct "
                    "the include and translate anew",
                    library=library.name,
                    locator=library.include_locators[target],
                )
    _refuse_cycles(libraries)
    return libraries


def _read(document: Mapping[str, Any]) -> Library:
    try:
        body = document["library"]
        library = Library(body["identifier"]["id"], body["identifier"].get("version"))
    except (KeyError, TypeError, AttributeError) as error:
        raise LibraryLoadError(
            "not an ELM JSON document (library.identifier.id is missing): load what the CQL "
            "translator writes as JSON"
        ) from error
    if not isinstance(library.name, str):
        raise LibraryLoadError("library.identifier.id is no text: translate the CQL anew")
    notes = body.get("annotation")
    errors = [
        note
        for note in (notes if isinstance(notes, list) else ())
        if isinstance(note, Mapping)
        and note.get("type") == "CqlToElmError"
        and note.get("errorSeverity", "error") == "error"
    ]
    if errors:
        raise LibraryLoadError(
            f"was translated with errors: {errors[0].get('message')}; correct the CQL and "
            "translate it anew",
            library=library.name,
            locator=_error_locator(errors[0]),
        )
    try:
        for include in _definitions(body, "includes"):
            library.includes[include["localIdentifier"]] = include["path"]
            library.include_versions[include["path"]] = include.get("version")
            library.include_locators[include["path"]] = include.get("locator")
        for model in _definitions(body, "usings"):
            _refuse_other_models(library, model)
        for member, target in (
            ("parameters", library.parameters),
            ("valueSets", library.value_sets),
            ("codeSystems", library.code_systems),
            ("codes", library.codes),
            ("concepts", library.concepts),
        ):
            for definition in _definitions(body, member):
                target[definition["name"]] = definition
        for definition in _definitions(body, "statements"):
            if definition.get("type") == "FunctionDef":
                _add_function(library, definition)
            else:
                library.statements[definition["name"]] = definition
    except (KeyError, TypeError, AttributeError) as error:
        raise LibraryLoadError(
            f"an ELM definition is malformed ({type(error).__name__}: {error}): translate the "
            "CQL anew",
            library=library.name,
        ) from error
    return library


def _definitions(body: Mapping[str, Any], member: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = (body.get(member) or {}).get("def") or []
    return found


def _refuse_other_models(library: Library, model: Mapping[str, Any]) -> None:
    """The engine knows the types of CQL itself and of FHIR 4.0; others it would read wrongly."""
    uri, version = model["uri"], model.get("version")
    fits = uri == "urn:hl7-org:elm-types:r1" or (
        uri == "http://hl7.org/fhir" and (version is None or version.startswith("4.0."))
    )
    if not fits:
        raise LibraryLoadError(
            f"uses model {model['localIdentifier']} version {version}: only FHIR 4.0.1 is known, "
            "write the library for that",
            library=library.name,
            locator=model.get("locator"),
        )


def _error_locator(note: Mapping[str, Any]) -> str | None:
    """Where the translator found an error, as locators are written."""
    members = ("startLine", "startChar", "endLine", "endChar")
    if not all(isinstance(note.get(member), int) for member in members):
        return None
    first, start, last, end = (note[member] for member in members)
    return f"{first}:{start}-{last}:{end}"


def _add_function(library: Library, node: Node) -> None:
    if node.get("external"):
        raise UnsupportedOperatorError(
            f"external function {node['name']}", library=library.name, locator=node.get("locator")
        )
    operands = tuple(
        (operand["name"], member_type(operand, "operand") or result_type(operand))
        for operand in node.get("operand") or ()
    )
    library.functions.setdefault(node["name"], []).append(
        FunctionDefinition(library.name, node["name"], node, operands, result_type(node))
    )


def _refuse_cycles(libraries: Mapping[str, Library]) -> None:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise LibraryLoadError(
                f"includes itself through {' -> '.join((*path, name))}: move what both need "
                "to a library of its own",
                library=name,
                locator=libraries[name].include_locators[(*path, name)[path.index(name) + 1]],
            )
        if name not in done:
            for target in libraries[name].includes.values():
                visit(target, (*path, name))
            done.add(name)

    for name in libraries:
        visit(name, ())


def resolve_function(
    library: Library, node: Node, argument_types: list[Type]
) -> FunctionDefinition:
    """The overload that a FunctionRef calls: by its signature, else by its arguments' types.

    LibraryLoadError when there is none, or when several fit equally.
    """
    name, locator = node["name"], node.get("locator")
    count = len(argument_types)
    named = library.functions.get(name, [])
    candidates = [f for f in named if len(f.operands) == count]
    if not candidates:
        raise LibraryLoadError(
            f"no function {name} with {count} operands: translate the libraries anew, together",
            library=library.name,
            locator=locator,
        )
    if len(candidates) == 1:
        return candidates[0]
    written = node.get("signature") or ()
    signature = [parse_type(specifier) for specifier in written] or argument_types
    for fits in (_same, accepts):
        fitting = [
            function
            for function in candidates
            if all(
                fits(type_, given)
                for (_, type_), given in zip(function.operands, signature, strict=False)
            )
        ]
        if len(fitting) == 1:
            return fitting[0]
        if len(fitting) > 1:
            break
    raise LibraryLoadError(
        f"the call of {name} fits {len(fitting) or 'none'} of {len(candidates)} overloads: "
        "translate with signatures in the ELM (signature level All)",
        library=library.name,
        locator=locator,
    )


def _same(declared: Type, given: Type) -> bool:
    return declared == given


def accepts(declared: Type, given: Type) -> bool:
    """Whether a value of type `given` may be passed where `declared` is declared."""
    if declared == given or declared is None or given is None:
        return True
    if isinstance(given, Named) and given.name == "System.Any":
        return True
    if isinstance(declared, Named):
        if declared.name == "System.Any":
            return True
        if isinstance(given, Named) and declared.is_fhir and given.is_fhir:
            return is_fhir_subtype(given.local, declared.local)
        return False
    if isinstance(declared, ChoiceOf):
        options = given.options if isinstance(given, ChoiceOf) else (given,)
        return all(any(accepts(to, option) for to in declared.options) for option in options)
    if isinstance(declared, ListOf):
        return isinstance(given, ListOf) and accepts(declared.element, given.element)
    if isinstance(declared, IntervalOf):
        return isinstance(given, IntervalOf) and accepts(declared.point, given.point)
    return isinstance(declared, TupleOf) and isinstance(given, TupleOf)
