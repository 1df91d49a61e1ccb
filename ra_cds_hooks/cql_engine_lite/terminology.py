"""Value set expansions.

A program asks for every value set that it names before the first evaluation that uses a
terminology (`Program.bind`), so that a missing one is an error at start, not in a request.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from .errors import LibraryLoadError, MissingValueSetError

CodeKey = tuple[str | None, str]
"""(system URL, code)"""


class Terminology(Protocol):
    """Where a program gets its value sets from."""

    def expand(self, value_set_url: str) -> frozenset[CodeKey]:
        """All (system, code) pairs of a value set; raises MissingValueSetError."""


class ValueSets:
    """Expansions held in memory, by canonical URL."""

    def __init__(self, expansions: Mapping[str, Iterable[CodeKey]]) -> None:
        self._expansions = {url: frozenset(codes) for url, codes in expansions.items()}

    def expand(self, value_set_url: str) -> frozenset[CodeKey]:
        """All (system, code) pairs of a value set; raises MissingValueSetError.

        A URL with a version (`url|version`) falls back to the URL alone.
        """
        found = self._expansions.get(value_set_url)
        if found is None:
            found = self._expansions.get(value_set_url.partition("|")[0])
        if found is None:
            raise MissingValueSetError((value_set_url,))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._expansions)

    @classmethod
    def from_resources(cls, resources: Iterable[Mapping[str, Any]]) -> ValueSets:
        """Read FHIR ValueSet resources.

        `expansion.contains` (nested, abstract entries left out) where there is an expansion, else
        the codes listed in `compose.include.concept`. LibraryLoadError for a resource without url
        or that only an expanding terminology server could enumerate.
        """
        expansions: dict[str, frozenset[CodeKey]] = {}
        for resource in resources:
            url = resource.get("url")
            if resource.get("resourceType") != "ValueSet" or not isinstance(url, str):
                raise LibraryLoadError("not a FHIR ValueSet resource with a url")
            codes = frozenset(_codes(resource, url))
            version = resource.get("version")
            expansions[url] = codes
            if isinstance(version, str):
                expansions[f"{url}|{version}"] = codes
        return cls(expansions)

    @classmethod
    def from_directory(cls, directory: Path) -> ValueSets:
        """Read every *.json file of a folder as a FHIR ValueSet resource."""
        return cls.from_resources(
            json.loads(path.read_text(encoding="utf-8"))
            for path in sorted(directory.glob("*.json"))
        )


class BoundTerminology:
    """A terminology with the expansions of one program taken out once (`Program.bind`).

    `sets_with`: by code the numbers of the value sets (places in `urls`) that it is in.
    """

    def __init__(self, expansions: tuple[frozenset[CodeKey], ...], urls: tuple[str, ...]) -> None:
        self.expansions = expansions
        self.urls = urls
        self.sets_with: dict[CodeKey, list[int]] = {}
        for number, codes in enumerate(expansions):
            for code in codes:
                self.sets_with.setdefault(code, []).append(number)

    def expand(self, value_set_url: str) -> frozenset[CodeKey]:
        """The expansion of one of the bound value sets; raises MissingValueSetError."""
        if value_set_url not in self.urls:
            raise MissingValueSetError((value_set_url,))
        return self.expansions[self.urls.index(value_set_url)]


def bind(
    urls: tuple[str, ...], terminology: Terminology, places: tuple[str, ...]
) -> BoundTerminology:
    """Take the expansions of these value sets; one MissingValueSetError names all missing ones.

    `places` says where each is declared.
    """
    if isinstance(terminology, BoundTerminology) and terminology.urls == urls:
        return terminology
    expansions = []
    missing: list[tuple[str, str]] = []
    for url, place in zip(urls, places, strict=True):
        try:
            expansions.append(terminology.expand(url))
        except MissingValueSetError:
            missing.append((url, place))
    if missing:
        raise MissingValueSetError(
            tuple(url for url, _ in missing), tuple(place for _, place in missing)
        )
    return BoundTerminology(tuple(expansions), urls)


def _codes(resource: Mapping[str, Any], url: str) -> Iterator[CodeKey]:
    expansion = resource.get("expansion")
    if isinstance(expansion, Mapping):
        yield from _contained(expansion.get("contains") or ())
        return
    compose = resource.get("compose") or {}
    if compose.get("exclude"):
        raise LibraryLoadError(f"value set {url} has exclusions and no expansion")
    for include in compose.get("include") or ():
        if not include.get("concept") or include.get("filter") or include.get("valueSet"):
            raise LibraryLoadError(f"value set {url} lists no codes and has no expansion")
        for concept in include["concept"]:
            yield include.get("system"), concept["code"]


def _contained(entries: Iterable[Mapping[str, Any]]) -> Iterator[CodeKey]:
    for entry in entries:
        if "code" in entry and not entry.get("abstract"):
            yield entry.get("system"), entry["code"]
        yield from _contained(entry.get("contains") or ())
