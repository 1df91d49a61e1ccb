"""Read the declarative source tables of the value sets.

One TOML file per subject in ``sources/``; one ``[[valueset]]`` table per value set:

    [[valueset]]
    name = "Tocilizumab"              # the name CQL authors use; the file name is its kebab form
    rows = '''
    rxnorm  612865     M      tocilizumab
    atc     L04AC07    V:ATC  tocilizumab
    icd10cm M05.*      V:CM               # ".*": this category and everything below it
    icd10cm !M05.A     V:CM               # "!": taken out again
    '''
    names = ["tocilizumab", "actemra"]   # words or phrases for the text fallback
    includes = ["Other Value Set"]       # all codes of other value sets

A row is ``system code mark display``; the display of an ICD code comes from the installed
classification, so a code that the classification does not know cannot be shipped.
Marks: ``V:<source>`` verified there, ``M`` from memory, ``P`` our own code (docs/terminology.md).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SOURCES = Path(__file__).parent / "sources"

#: short name in the tables -> (name in CQL, canonical address)
SYSTEMS: dict[str, tuple[str, str]] = {
    "rxnorm": ("RxNorm", "http://www.nlm.nih.gov/research/umls/rxnorm"),
    "atc": ("ATC", "http://www.whocc.no/atc"),
    "snomed": ("SNOMED CT", "http://snomed.info/sct"),
    "loinc": ("LOINC", "http://loinc.org"),
    "icd10cm": ("ICD-10-CM", "http://hl7.org/fhir/sid/icd-10-cm"),
    "icd10": ("ICD-10", "http://hl7.org/fhir/sid/icd-10"),
    "cvx": ("CVX", "http://hl7.org/fhir/sid/cvx"),
    "interpretation": (
        "Observation Interpretation",
        "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
    ),
    "statusreason": (
        "Medication Request Status Reason",
        "http://terminology.hl7.org/CodeSystem/medicationrequest-status-reason",
    ),
    "yesno": ("Yes No Indicator", "http://terminology.hl7.org/CodeSystem/v2-0136"),
    "local": ("Local Codes", "urn:ra-cds-hooks:codes"),
    "names": ("Names", "urn:ra-cds-hooks:names"),
}

_ROW = re.compile(
    r"^(?P<system>[a-z0-9]+)\s+(?P<drop>!?)(?P<code>\S+?)(?P<below>\.\*)?"
    r"\s+(?P<mark>V:\S+|M|P)(?:\s+(?P<display>.+))?$"
)


class SourceError(ValueError):
    """A source table cannot be read; the message names the file, the value set and the row."""


@dataclass(frozen=True)
class Row:
    """One line of a source table."""

    system: str
    code: str
    mark: str
    display: str = ""
    below: bool = False
    dropped: bool = False


@dataclass(frozen=True)
class ValueSetSource:
    """One value set as its author wrote it."""

    name: str
    rows: tuple[Row, ...] = ()
    names: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    note: str = ""

    @property
    def kebab(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def url(self) -> str:
        return f"urn:ra-cds-hooks:ValueSet:{self.kebab}"


@dataclass(frozen=True)
class CodeSource:
    """One single code that CQL refers to by name."""

    name: str
    system: str
    code: str
    mark: str
    display: str


@dataclass(frozen=True)
class Subject:
    """One source file: a heading, its value sets and its single codes."""

    heading: str
    value_sets: tuple[ValueSetSource, ...] = ()
    codes: tuple[CodeSource, ...] = field(default=())


def parse_row(line: str, where: str) -> Row:
    """Read one row; raises SourceError naming `where` and the row."""
    match = _ROW.match(line)
    if match is None or match["system"] not in SYSTEMS:
        raise SourceError(f"{where}: cannot read row {line!r}")
    classified = match["system"] in ("icd10cm", "icd10")
    if classified == bool(match["display"]):
        raise SourceError(f"{where}: ICD rows have no display, other rows must have one: {line!r}")
    if (match["below"] or match["drop"]) and not classified:
        raise SourceError(f"{where}: only ICD rows can be expanded or taken out: {line!r}")
    return Row(
        system=match["system"],
        code=match["code"],
        mark=match["mark"],
        display=match["display"] or "",
        below=bool(match["below"]),
        dropped=bool(match["drop"]),
    )


def _value_set(table: dict[str, object], where: str) -> ValueSetSource:
    unknown = set(table) - {"name", "rows", "names", "includes", "note"}
    if unknown or not isinstance(table.get("name"), str):
        raise SourceError(f"{where}: a value set needs a name and no other keys than {unknown}")
    name = str(table["name"])
    lines = (line.split("#")[0].strip() for line in str(table.get("rows", "")).splitlines())
    return ValueSetSource(
        name=name,
        rows=tuple(parse_row(line, f"{where}, {name}") for line in lines if line),
        names=tuple(_words(table.get("names", []), where)),
        includes=tuple(_words(table.get("includes", []), where)),
        note=" ".join(str(table.get("note", "")).split()),
    )


def _words(value: object, where: str) -> Sequence[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise SourceError(f"{where}: expected a list of words")
    return value


def read_subjects(directory: Path = SOURCES) -> tuple[Subject, ...]:
    """Read every source file in name order; raises SourceError."""
    subjects = []
    for path in sorted(directory.glob("*.toml")):
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        subjects.append(
            Subject(
                heading=document["heading"],
                value_sets=tuple(_value_set(t, path.name) for t in document.get("valueset", [])),
                codes=tuple(CodeSource(**table) for table in document.get("code", [])),
            )
        )
    names = [source.name for s in subjects for source in s.value_sets]
    names += [code.name for s in subjects for code in s.codes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError(f"declared twice: {twice}")
    return tuple(subjects)
