"""A compiled program in a file, so that the next start need not compile it again.

The file is found by a hash over everything that decides what is in it: the ELM text, the source of
this engine, and the Python that compiled it. So it is never stale: what changed has another name.
Its content is checked against its own hash, because `marshal` must not read what is damaged.

Reading it runs the code in it, as Python does with a `.pyc`, and with the same trust: whoever can
write the file can run code. It is therefore read only when it and its folder belong to the user of
this process (or to root) and nobody else may write to them. Nothing is unpickled.

A folder that is missing, not writable or not to be trusted costs time, never the start.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import marshal
import os
import stat
import sys
import tempfile
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from .compiler import Compiler, DefineEntry, ParameterEntry
from .elm_source import packed
from .elm_types import ChoiceOf, IntervalOf, ListOf, Named, TupleOf
from .generated_names import namespace_of_programs
from .values import Code, CodeSystem, Concept, Interval, Long, Quantity, Ratio, ValueSet
from .values_temporal import Date, DateTime, Time

log = logging.getLogger(__name__)

SUFFIX = ".compiled-cql"
KEPT = 8
"""So many files stay in a folder; older ones make room."""

_FOLDER = Path(__file__).parent
_PACKAGE = __package__
_PLAIN = (str, int, bool, bytes, type(None))
_TUPLES = (Code, CodeSystem, Concept, Date, DateTime, Interval, Quantity, Ratio, Time, ValueSet)
_TYPES = {Named: "name", ListOf: "element", IntervalOf: "point", TupleOf: "elements"}
_TYPES |= {ChoiceOf: "options"}
_BY_NAME: dict[str, type] = {class_.__name__: class_ for class_ in (*_TUPLES, *_TYPES)}


class _NotStorableError(Exception):
    """A constant of the program is of a kind that the file has no form for."""


class Compiled:
    """What `Program` needs of a `Compiler` that is done, from a file."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.filename: str = stored["filename"]
        self.defines = [DefineEntry(*entry) for entry in stored["defines"]]
        self.parameters = [
            ParameterEntry(name, _read(type_), function, place)
            for name, type_, function, place in stored["parameters"]
        ]
        self.value_set_urls: list[str] = stored["value_set_urls"]
        self.value_set_places: list[str] = stored["value_set_places"]
        self.elements: dict[str, set[str]] = stored["elements"]
        self.retrieved: set[str] = stored["retrieved"]
        self.owners: list[str] = stored["owners"]
        self.packed: bytes = stored["documents"]
        self._locators: list[str | None] = stored["locators"]
        self._references: dict[str, frozenset[str]] = stored["references"]
        self._constants: dict[str, Any] = stored["constants"]
        self._code: CodeType = stored["code"]

    def compile(self) -> dict[str, Any]:
        """The namespace that holds the functions."""
        namespace = namespace_of_programs()
        namespace.update((name, _read(value)) for name, value in self._constants.items())
        exec(self._code, namespace)
        return namespace

    def references(self) -> dict[str, frozenset[str]]:
        """As `Compiler.references`."""
        return self._references

    def locators(self) -> list[str | None]:
        """As `Compiler.locators`."""
        return self._locators


class CompiledFile:
    """The place of one program in a folder; `texts` is the ELM JSON that it is made from."""

    def __init__(self, folder: Path, texts: Sequence[bytes]) -> None:
        digest = hashlib.sha256(_environment())
        for text in texts:
            digest.update(hashlib.sha256(text).digest())
        self._path = folder / (digest.hexdigest() + SUFFIX)

    def read(self) -> Compiled | None:
        """The program, or None when there is none that may be read."""
        try:
            if not _is_ours(self._path.parent.stat()):
                return None
            with self._path.open("rb") as file:
                if not _is_ours(os.fstat(file.fileno())):
                    return None
                content = file.read()
        except OSError:
            return None  # the usual case of a first start
        checksum, body = content[:32], content[32:]
        if hashlib.sha256(body).digest() != checksum:
            log.warning("a compiled program is damaged and not used: %s", self._path)
            return None
        return Compiled(marshal.loads(body))

    def write(self, compiler: Compiler, documents: list[Mapping[str, Any]]) -> None:
        """Keep a program that was just compiled, and its ELM; says so when it cannot."""
        try:
            body = marshal.dumps(_stored(compiler, packed(documents)))
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_ours(self._path.parent.stat()):
                raise PermissionError(f"others may write to {self._path.parent}")
            self._replace(hashlib.sha256(body).digest() + body)
            self._make_room()
        except (OSError, ValueError, _NotStorableError) as error:
            log.warning("the compiled program is not kept for the next start: %s", error)

    def _replace(self, content: bytes) -> None:
        """In one step: another process reads the old file or the new one."""
        number, part = tempfile.mkstemp(dir=self._path.parent, suffix=".part")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(content)
            Path(part).replace(self._path)
        except OSError:
            Path(part).unlink()
            raise

    def _make_room(self) -> None:
        files = sorted(self._path.parent.glob("*" + SUFFIX), key=lambda path: path.stat().st_mtime)
        for path in files[:-KEPT]:
            path.unlink(missing_ok=True)


def _is_ours(state: os.stat_result) -> bool:
    """Whether only this process's user (or root) can have written there."""
    ours = state.st_uid in (os.geteuid(), 0) if hasattr(os, "geteuid") else True
    return ours and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


@cache
def _environment() -> bytes:
    """A hash over this engine's source and over what of Python shapes code objects."""
    python = (sys.version, sys.implementation.cache_tag, sys.flags.optimize)
    digest = hashlib.sha256(repr((python, importlib.util.MAGIC_NUMBER)).encode())
    for path in sorted(_FOLDER.rglob("*.py")):
        digest.update(path.name.encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


def texts_of(libraries: Sequence[Mapping[str, Any] | bytes]) -> list[bytes]:
    """The libraries as text, those that were given parsed written anew."""
    return [
        library if isinstance(library, bytes) else json.dumps(library, sort_keys=True).encode()
        for library in libraries
    ]


# ----- what the file holds -----


def _stored(compiler: Compiler, documents: bytes) -> dict[str, Any]:
    return {
        "filename": compiler.filename,
        "defines": [(d.name, d.library, d.function_name) for d in compiler.defines],
        "parameters": [
            (p.name, _form(p.type), p.function_name, p.place) for p in compiler.parameters
        ],
        "value_set_urls": compiler.value_set_urls,
        "value_set_places": compiler.value_set_places,
        "elements": compiler.elements,
        "retrieved": compiler.retrieved,
        "owners": compiler.owners,
        "documents": documents,
        "locators": compiler.locators(),
        "references": compiler.references(),
        "constants": {name: _form(value) for name, value in compiler.constants().items()},
        "code": compiler.code,
    }


def _form(value: Any) -> Any:
    """A constant in types that marshal knows; what it does not is a tuple that begins with a name.

    Plain tuples of CQL values do not occur except inside these.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is Decimal or kind is Long:
        return (kind.__name__, str(value) if kind is Decimal else int(value))
    if kind is tuple or kind is list:
        return (kind.__name__, [_form(item) for item in value])
    if kind is dict:
        return ("dict", [(_form(key), _form(item)) for key, item in value.items()])
    if kind in _TUPLES:
        return (kind.__name__, [_form(item) for item in value])
    if kind in _TYPES:
        return (kind.__name__, [_form(getattr(value, _TYPES[kind]))])
    if kind is FunctionType and _named(value.__module__, value.__qualname__) is value:
        return ("function", (value.__module__, value.__qualname__))
    raise _NotStorableError(f"a constant of type {kind.__name__}")


def _read(form: Any) -> Any:
    """The constant that `_form` wrote."""
    if form.__class__ is not tuple:
        return form
    name, content = form
    if name == "Decimal":
        return Decimal(content)
    if name == "Long":
        return Long(content)
    if name == "function":
        return _named(*content)
    if name == "dict":
        return {_read(key): _read(value) for key, value in content}
    items = [_read(item) for item in content]
    if name == "list":
        return items
    if name == "tuple":
        return tuple(items)
    return _BY_NAME[name](*items)


def _named(module: str, name: str) -> Any:
    """A function of this package by its name, None for any other."""
    if _PACKAGE is None or not module.startswith(_PACKAGE + "."):
        return None
    return getattr(sys.modules.get(module), name, None)
