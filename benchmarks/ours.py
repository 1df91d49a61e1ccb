"""Our engine as the hook uses it: the defines of the Decision and of the cards, with evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.records import AS_OF, PROJECT, BundleRecord
from ra_cds_hooks.cql_engine_lite import (
    BoundTerminology,
    Program,
    Results,
    Retriever,
    ValueSets,
    load,
)
from ra_cds_hooks.decision import Content

CQL = PROJECT / "cql"
VALUE_SETS = CQL / "valuesets"


def content_elm() -> list[Path]:
    """The ELM files of the clinical content."""
    return sorted(path for path in (CQL / "elm").glob("*.json") if path.name != "manifest.json")


def documents(files: Iterable[Path]) -> list[dict[str, Any]]:
    """Parsed ELM."""
    return [orjson.loads(path.read_bytes()) for path in files]


class Engine:
    """A loaded program, its value sets, and the defines whose values and evidence are asked for."""

    def __init__(
        self,
        program: Program,
        terminology: BoundTerminology,
        defines: Sequence[str],
        evidence: Sequence[Sequence[str]],
    ) -> None:
        self.program = program
        self.terminology = terminology
        self.defines = tuple(defines)
        self.evidence = tuple(map(tuple, evidence))

    @classmethod
    def of(
        cls,
        libraries: Iterable[Mapping[str, Any]],
        defines: Sequence[str],
        evidence: Sequence[Sequence[str]] | None = None,
    ) -> Engine:
        """Load ELM documents and bind their value sets; evidence of all defines when None.

        ``evidence``: the defines whose evidence is asked for together, call by call.
        """
        program = load(libraries)
        terminology = program.bind(ValueSets.from_directory(VALUE_SETS))
        return cls(program, terminology, defines, (defines,) if evidence is None else evidence)

    @classmethod
    def of_content(cls, content: Content) -> Engine:
        """What one request of the hook asks of the engine."""
        terminology = content.program.bind(content.terminology)
        return cls(content.program, terminology, content.defines, hook_evidence(content))

    def values(self, record: Retriever) -> Results:
        """The values of the defines; their evidence is collected, and read by nobody."""
        return self.program.evaluate(record, self.terminology, {}, AS_OF, self.defines)

    def evaluate(self, record: Retriever) -> Results:
        """The values of the defines, and their evidence, as `decide` asks for them."""
        results = self.values(record)
        for together in self.evidence:
            results.evidence(*together)
        return results


def hook_evidence(content: Content) -> tuple[tuple[str, ...], ...]:
    """The defines whose evidence `decide` reads, as it asks: all members, then each card's."""
    cards = (tuple(card.evidence) for card in content.cards.values() if card.evidence)
    return (tuple(content.members.values()), *cards)


def record_of(bundle: Path) -> BundleRecord:
    """The record in a Bundle file."""
    return BundleRecord(orjson.loads(bundle.read_bytes()))
