"""The engine's errors; one root so that a caller can catch them all.

No message contains a patient's value: messages name libraries, defines, operators, elements.
"""

from __future__ import annotations

from itertools import zip_longest


class CqlEngineError(Exception):
    """Anything the engine raises on purpose."""


class LibraryLoadError(CqlEngineError):
    """A library cannot be loaded. `locator` is line:column-line:column in the CQL source."""

    def __init__(
        self, message: str, *, library: str | None = None, locator: str | None = None
    ) -> None:
        self.library = library
        self.locator = locator
        place = " ".join(part for part in (library, locator) if part)
        super().__init__(f"{place}: {message}" if place else message)


class UnsupportedOperatorError(LibraryLoadError):
    """An ELM node type that the engine does not know; found at load, never at request time."""

    def __init__(
        self, operator: str, *, library: str | None = None, locator: str | None = None
    ) -> None:
        self.operator = operator
        super().__init__(
            f"unsupported operator {operator}: write the CQL without it (README.md lists what "
            "is supported)",
            library=library,
            locator=locator,
        )


class MissingValueSetError(CqlEngineError):
    """The terminology has no expansion for value sets that the program names.

    `urls` are all that are missing, `places` where ("Library line:column-line:column") each is
    declared, when a program asked.
    """

    def __init__(self, urls: tuple[str, ...], places: tuple[str, ...] = ()) -> None:
        self.urls = urls
        self.places = places
        shown = [
            f"{url} (declared at {place})" if place else url
            for url, place in zip_longest(urls, places, fillvalue="")
        ]
        super().__init__(
            f"no expansion for value set {', '.join(shown)}: add the ValueSet resource, with its "
            "expansion, to the terminology"
        )


class ParameterError(CqlEngineError):
    """A parameter given to an evaluation is unknown or has the wrong type."""


class MissingParameterError(ParameterError):
    """Parameters without default are needed and not given; `names` are "Library.Parameter"."""

    def __init__(self, names: tuple[str, ...], places: tuple[str, ...] = ()) -> None:
        self.names = names
        self.places = places
        shown = [
            f"{name} (declared at {place})" if place else name
            for name, place in zip_longest(names, places, fillvalue="")
        ]
        super().__init__(
            f"parameter {', '.join(shown)} has no value and no default: give it in `parameters`, "
            "or write a default into the CQL"
        )


class UnknownDefineError(CqlEngineError, KeyError):
    """A define was asked for that no loaded library has, or that was not evaluated."""

    def __str__(self) -> str:
        return str(self.args[0])


class NotTracedError(CqlEngineError):
    """A trace was asked for of an evaluation that was not told to trace."""


class EvaluationError(CqlEngineError):
    """An expression has no result: the specification calls for a run-time error.

    Operators raise it with a message only; the program adds where it happened: `library`,
    `define` ("Library.Define"), `locator` in the CQL source. The original is `__cause__`.
    """

    def __init__(
        self,
        message: str,
        *,
        library: str | None = None,
        define: str | None = None,
        locator: str | None = None,
    ) -> None:
        self.message = message
        self.library = library
        self.define = define
        self.locator = locator
        place = " ".join(part for part in (define, library, locator) if part)
        super().__init__(f"{place}: {message}" if place else message)
