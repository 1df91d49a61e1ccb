"""Translate cql/*.cql to cql/elm/*.json (`make elm`).

    python tools/elm/elm.py                 all libraries
    python tools/elm/elm.py RAData ...      these libraries only
    python tools/elm/elm.py --check         translate again and compare, write nothing

Errors are printed as `file:line:column: message`; the exit code is then 1. Libraries are translated
after those that they include, and one that includes a broken one is left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.elm.translator import (
    LOCK_FILE,
    TOOL_DIRECTORY,
    NodeMissingError,
    Translation,
    TranslatorFailedError,
    translate,
    translator_version,
)

CQL_DIRECTORY = TOOL_DIRECTORY.parents[1] / "cql"
MANIFEST = "manifest.json"
# What decides the ELM besides the CQL itself.
TRANSLATOR_FILES = (
    TOOL_DIRECTORY / "translate.mjs",
    TOOL_DIRECTORY / "system-modelinfo.xml",
    LOCK_FILE,
)
INCLUDE = re.compile(r'^\s*include\s+"?(?P<name>[\w.-]+)"?', re.MULTILINE)
# Said of every definition that uses a broken one: noise beside the error itself.
FOLLOW_ON = "Could not validate reference to "
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def read_sources(directory: Path) -> dict[str, str]:
    """CQL text by library name (the file's stem), sorted by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(directory.glob("*.cql"))}


def sha256(text: str) -> str:
    """SHA-256 of the UTF-8 text, in hex."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def includes_of(name: str, sources: Mapping[str, str]) -> list[str]:
    """Names of the libraries that `name` includes itself, sorted.

    An include that has no file here is left to the translator, which reports it with its line.
    """
    matches = INCLUDE.finditer(COMMENT.sub("", sources[name]))
    return sorted({match["name"] for match in matches} & (sources.keys() - {name}))


def included(name: str, sources: Mapping[str, str]) -> list[str]:
    """Names of the libraries that `name` includes, directly or through others, sorted."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = set(includes_of(waiting.pop(), sources)) - found - {name}
        found |= new
        waiting.extend(new)
    return sorted(found)


def in_dependency_order(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """The names, each after those that it needs."""
    ordered: dict[str, None] = {}
    entered: set[str] = set()

    def visit(name: str) -> None:
        if name not in entered:
            entered.add(name)
            for other in needs[name]:
                visit(other)
            ordered[name] = None

    for name in needs:
        visit(name)
    return list(ordered)


def translator_sha256() -> str:
    """One hash over the files that configure the translator."""
    digest = hashlib.sha256()
    for path in TRANSLATOR_FILES:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def manifest_entry(name: str, sources: Mapping[str, str], elm_text: str) -> dict[str, Any]:
    """What the ELM of one library was made from; stale when any of it differs."""
    return {
        "cql": sha256(sources[name]),
        "includes": {other: sha256(sources[other]) for other in included(name, sources)},
        "elm": sha256(elm_text),
    }


def render_elm(document: Mapping[str, Any]) -> str:
    """Deterministic JSON: sorted keys, one line per member and per definition (readable diffs)."""

    def compact(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    members = []
    for key, value in sorted(document["library"].items()):
        if isinstance(value, dict) and set(value) == {"def"}:
            lines = ",\n".join(compact(definition) for definition in value["def"])
            members.append(f'{json.dumps(key)}:{{"def":[\n{lines}\n]}}')
        else:
            members.append(f"{json.dumps(key)}:{compact(value)}")
    return '{"library":{\n' + ",\n".join(members) + "\n}}\n"


def render_manifest(libraries: Mapping[str, Any]) -> str:
    """The manifest as text; `libraries` are the entries by library name."""
    manifest = {
        "translator": f"@cqframework/cql {translator_version()}",
        "translatorFiles": translator_sha256(),
        "libraries": dict(sorted(libraries.items())),
    }
    return json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"


def message_lines(results: Sequence[Translation], directory: Path) -> tuple[list[str], list[str]]:
    """(errors, warnings) as `file:line:column: message`, without repeats and follow-on errors."""
    errors: dict[str, None] = {}
    warnings: dict[str, None] = {}
    for result in results:
        for message in result.messages:
            file = directory / f"{message.library or result.name}.cql"
            line = f"{file}:{message.line}:{message.column}: {message.text}"
            if message.severity == "error" and not message.text.startswith(FOLLOW_ON):
                errors[line] = None
            elif message.severity == "warning":
                warnings[f"{line} (warning)"] = None
        if result.broken_needs:
            file = directory / f"{result.name}.cql"
            names = ", ".join(result.broken_needs)
            errors[f"{file}:1:1: not translated, because of errors in {names}"] = None
    return list(errors), list(warnings)


def old_entries(elm_directory: Path) -> dict[str, Any]:
    """The entries of the manifest on disk; empty when there is none."""
    path = elm_directory / MANIFEST
    if not path.is_file():
        return {}
    return dict(json.loads(path.read_text(encoding="utf-8"))["libraries"])


def stale_files(directory: Path) -> list[str]:
    """What is stale by hash alone (no Node needed), one sentence each; empty when all is fresh."""
    sources = read_sources(directory)
    elm_directory = directory / "elm"
    path = elm_directory / MANIFEST
    if not path.is_file():
        return [f"{path} is missing"]
    manifest = json.loads(path.read_text(encoding="utf-8"))
    problems = []
    if manifest["translatorFiles"] != translator_sha256():
        problems.append("the translator's version or configuration changed")
    entries = manifest["libraries"]
    for name in sorted(sources.keys() | entries.keys()):
        elm = elm_directory / f"{name}.json"
        if name not in sources:
            problems.append(f"{name} is in the manifest but {name}.cql is gone")
        elif name not in entries or not elm.is_file():
            problems.append(f"{name}.cql has never been translated")
        elif entries[name] != manifest_entry(name, sources, elm.read_text(encoding="utf-8")):
            problems.append(f"{elm} does not belong to {name}.cql or to a library that it includes")
    known = {f"{name}.json" for name in entries} | {MANIFEST}
    problems.extend(
        f"{extra} belongs to no library"
        for extra in sorted(elm_directory.glob("*.json"))
        if extra.name not in known
    )
    return problems


def run(directory: Path, names: Sequence[str], check: bool) -> int:
    """Translate, then write (or compare, with `check`); gives the exit code."""
    sources = read_sources(directory)
    unknown = [name for name in names if name not in sources]
    if unknown:
        print(f"no such library in {directory}: {', '.join(unknown)}", file=sys.stderr)
        return 2
    wanted = list(names) or list(sources)
    # With what they include: an error there is then found there, once, and not in each above it.
    names_needed = {*wanted, *(other for name in wanted for other in included(name, sources))}
    needs = {name: includes_of(name, sources) for name in sorted(names_needed)}
    circular = [name for name in needs if any(name in included(n, sources) for n in needs[name])]
    if circular:  # the translator would run out of stack
        print(f"these libraries include each other: {', '.join(circular)}", file=sys.stderr)
        return 1
    ordered = [(name, sources[name]) for name in in_dependency_order(needs)]
    translations = translate(ordered, sources, needs)
    errors, warnings = message_lines(translations, directory)
    results = [result for result in translations if result.name in wanted]
    for line in (*warnings, *errors):
        print(line, file=sys.stderr)

    elm_directory = directory / "elm"
    elm_directory.mkdir(exist_ok=True)
    entries = {name: e for name, e in old_entries(elm_directory).items() if name in sources}
    differing = []
    for result in results:
        if result.elm is None:
            continue
        text = render_elm(result.elm)
        entries[result.name] = manifest_entry(result.name, sources, text)
        path = elm_directory / f"{result.name}.json"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            differing.append(result.name)
            if not check:
                write_whole(path, text)
    if check:
        problems = [] if errors else stale_files(directory)
        for name in differing:
            print(f"{elm_directory / name}.json is stale: run `make elm`", file=sys.stderr)
        for problem in problems:
            print(problem, file=sys.stderr)
        return 1 if errors or differing or problems else 0
    if not names and not errors:
        remove_orphans(elm_directory, sources)
    write_whole(elm_directory / MANIFEST, render_manifest(entries))
    print(f"{sum(r.elm is not None for r in results)} of {len(results)} libraries translated")
    return 1 if errors else 0


def write_whole(path: Path, text: str) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def remove_orphans(elm_directory: Path, sources: Mapping[str, str]) -> None:
    """Delete the ELM of libraries whose CQL is gone."""
    for path in elm_directory.glob("*.json"):
        if path.stem not in sources and path.name != MANIFEST:
            path.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line entry; see the module's first lines."""
    parser = argparse.ArgumentParser(prog="elm", description=__doc__.splitlines()[0])
    parser.add_argument("libraries", nargs="*", help="library names; all when left out")
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    parser.add_argument("--cql", type=Path, default=CQL_DIRECTORY, help="folder with *.cql")
    chosen = parser.parse_args(arguments)
    try:
        return run(chosen.cql, chosen.libraries, chosen.check)
    except (NodeMissingError, TranslatorFailedError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
