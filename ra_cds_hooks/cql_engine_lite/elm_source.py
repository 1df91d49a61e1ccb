"""The ELM of a program, kept for a later compilation (a trace compiles it a second time)."""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class Source:
    """The documents of a program for a later compilation, in the form that costs least: text as it
    was given, else packed, a hundredth of their size in memory."""

    def __init__(
        self, documents: Sequence[Mapping[str, Any] | bytes], parse: Callable[[bytes], Any]
    ) -> None:
        self._documents = documents
        self._parse = parse

    @classmethod
    def of_parsed(cls, documents: list[Mapping[str, Any]]) -> Source:
        """Documents of which no text is at hand."""
        try:
            return cls([packed(documents)], unpacked)
        except ValueError:  # a JSON parser's own number or mapping types
            return cls(documents, unpacked)

    def documents(self) -> list[Mapping[str, Any]]:
        """The documents, in the order given."""
        found: list[Mapping[str, Any]] = []
        for each in self._documents:
            parsed = self._parse(each) if isinstance(each, bytes) else each
            found.extend(parsed if isinstance(parsed, list) else [parsed])
        return found


def packed(documents: list[Mapping[str, Any]]) -> bytes:
    """Parsed JSON in few bytes; ValueError for what no JSON parser of the library makes."""
    return zlib.compress(marshal.dumps(documents), 1)


def unpacked(content: bytes) -> Any:
    """What was `packed`."""
    return marshal.loads(zlib.decompress(content))
