"""The compiled program in a file: the same program, never a stale, damaged or foreign one."""

from __future__ import annotations

import hashlib
import json
import logging
import marshal
import os
from pathlib import Path

import pytest

from ra_cds_hooks.cql_engine_lite import (
    CqlEngineError,
    LibraryLoadError,
    Program,
    compiled,
    load,
    program,
)
from tests.cql_engine_lite.build import AS_OF, ELM, FHIR_HELPERS, VALUE_SETS, Record, measured

CONTENT = sorted(p for p in FHIR_HELPERS.parent.glob("*.json") if p.name != "manifest.json")
ROW = measured("l1", "length", "2026-01-01", 5)


def texts(name: str = "Records") -> list[bytes]:
    return [(ELM / f"{name}.json").read_bytes(), FHIR_HELPERS.read_bytes()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "not" / "yet" / "there"


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*"))


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for every program that is compiled."""
    found: list[int] = []

    class Counted(program.Compiler):
        def __init__(self, libraries: object) -> None:
            found.append(1)
            super().__init__(libraries)  # type: ignore[arg-type]

    monkeypatch.setattr(program, "Compiler", Counted)
    return found


def answers(found: Program) -> dict[str, object]:
    """Everything that a program says of itself, every value, and all evidence."""
    record = Record({"resourceType": "Patient", "id": "p", "birthDate": "1970-05-01"}, ROW)
    values: dict[str, object] = {}
    for name in sorted(found.define_names()):
        try:
            results = found.evaluate(record, VALUE_SETS, None, AS_OF, [name])
            values[name] = (results[name], results.evidence(name))
        except CqlEngineError as error:
            values[name] = str(error)
    return {
        "values": values,
        "parameters": found.parameter_names(),
        "elements": found.elements_read(),
        "types": found.resource_types_read(),
        "value sets": found.value_set_urls,
    }


def test_the_second_start_compiles_nothing_and_answers_the_same(
    folder: Path, compilations: list[int]
) -> None:
    for name in ("Records", "FhirTables", "EvidenceRows", "Shapes"):
        compilations.clear()
        first = load(texts(name), cache=folder)
        second = load(texts(name), cache=folder)
        assert len(compilations) == 1
        assert answers(second) == answers(first) == answers(load(texts(name)))
    assert len(files(folder)) == 4


def test_the_clinical_content_can_be_kept(folder: Path, compilations: list[int]) -> None:
    content = [path.read_bytes() for path in CONTENT]
    first, second = (load(content, cache=folder) for _ in range(2))
    assert len(compilations) == 1
    assert second.define_names() == first.define_names()
    assert second.elements_read() == first.elements_read()


def test_a_kept_program_can_be_traced(folder: Path) -> None:
    found = [load(texts(), cache=folder) for _ in range(2)]
    traces = [
        p.evaluate(Record(ROW), VALUE_SETS, None, AS_OF, ["Records.Age"], trace=True).trace(
            "Records.Age"
        )
        for p in found
    ]
    assert [step.name for _, step in traces[0].walk()] == [
        step.name for _, step in traces[1].walk()
    ]


def test_text_and_parsed_libraries_are_the_same_program(
    folder: Path, compilations: list[int]
) -> None:
    parsed = [json.loads(text) for text in texts()]
    assert load(parsed, cache=folder).define_names() == load(texts()).define_names()
    assert load(parsed, cache=folder).define_names()
    assert len(compilations) == 2


def test_other_libraries_or_another_engine_are_compiled(
    folder: Path, compilations: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    load(texts(), cache=folder)
    changed = [texts()[0].replace(b"}", b"} ", 1), texts()[1]]
    load(changed, cache=folder)
    monkeypatch.setattr(compiled, "_environment", lambda: b"another Python or engine")
    load(texts(), cache=folder)
    assert len(compilations) == len(files(folder)) == 3


def test_the_engines_source_is_part_of_the_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = compiled._environment.__wrapped__
    before = environment()
    assert environment() == before
    monkeypatch.setattr(compiled, "_FOLDER", tmp_path)
    (tmp_path / "engine.py").write_text("a = 1", encoding="utf-8")
    other = environment()
    (tmp_path / "engine.py").write_text("a = 2", encoding="utf-8")
    assert len({before, other, environment()}) == 3
    monkeypatch.setattr(compiled.sys, "version", "4.0")
    assert environment() not in {before, other}


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied"])
def test_a_damaged_file_is_not_read(
    folder: Path, compilations: list[int], damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    load(texts(), cache=folder)
    (file,) = files(folder)
    content = file.read_bytes()
    middle = len(content) // 2
    changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    file.write_bytes({"cut": content[:-1], "changed": changed, "emptied": b""}[damage])
    assert load(texts(), cache=folder).define_names()
    assert "damaged" in caplog.text
    assert len(compilations) == 2
    assert file.read_bytes()[:32] == content[:32] or len(file.read_bytes()) > middle
    load(texts(), cache=folder)
    assert len(compilations) == 2


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners of files here")
@pytest.mark.parametrize("place", ["file", "folder"])
@pytest.mark.parametrize("trouble", ["others write", "another owner"])
def test_what_others_could_have_written_is_not_run(
    folder: Path,
    compilations: list[int],
    place: str,
    trouble: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    load(texts(), cache=folder)
    (file,) = files(folder)
    # Code that says so when it runs, with a checksum that is right.
    stored = marshal.loads(file.read_bytes()[32:])
    stored["code"] = compile("raise SystemExit('foreign code ran')", "foreign", "exec")
    body = marshal.dumps(stored)
    file.write_bytes(hashlib.sha256(body).digest() + body)
    with pytest.raises(SystemExit, match="foreign code ran"):
        load(texts(), cache=folder)  # ours alone: as a .pyc
    chosen = file if place == "file" else folder
    if trouble == "others write":
        chosen.chmod(0o722)
    elif os.geteuid() == 0:
        os.chown(chosen, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert load(texts(), cache=folder).define_names()
    assert len(compilations) == 2
    assert ("others may write" in caplog.text) == (place == "folder")


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert load(texts(), cache=tmp_path / "file" / "below").define_names()
    assert "not kept for the next start" in caplog.text


def test_a_full_disk_costs_nothing_but_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert load(texts(), cache=folder).define_names()
    assert "No space left" in caplog.text
    assert files(folder) == []


def test_old_files_make_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "KEPT", 2)
    for number in range(4):
        load([text + b" " * number for text in texts()], cache=folder)
    assert len(files(folder)) == 2


def test_a_constant_without_a_form_is_not_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(program.Compiler, "constants", lambda _: {"k0": object()})
    assert load(texts(), cache=folder).define_names()
    assert "a constant of type object" in caplog.text
    assert not folder.exists()


def test_text_that_is_no_json_is_refused(folder: Path) -> None:
    with pytest.raises(LibraryLoadError, match="not a JSON document"):
        load([b"{"], cache=folder)
