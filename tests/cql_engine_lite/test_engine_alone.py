"""The engine could be published on its own: it knows no disease and imports nothing of ours."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[2] / "ra_cds_hooks" / "cql_engine_lite"
CLINICAL = re.compile(
    r"rheumat|arthrit|\bRA\b|tubercul|methotrexate|adalimumab|DMARD|DAS28|joint|infection|"
    r"\bCRP\b|\bESR\b|loinc\.org|snomed|rxnorm",
    re.IGNORECASE,
)
FILES = [*sorted(ENGINE.rglob("*.py")), ENGINE / "README.md"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ENGINE).as_posix())
def test_no_clinical_word(path: Path) -> None:
    found = {
        (number, match.group())
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in CLINICAL.finditer(line)
    }
    assert not found


def test_nothing_of_the_project_is_imported() -> None:
    for path in ENGINE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert not (node.module or "").startswith("ra_cds_hooks"), path
            if isinstance(node, ast.Import):
                assert not any(name.name.startswith("ra_cds_hooks") for name in node.names), path


def test_the_public_face_is_small() -> None:
    lines = (ENGINE / "__init__.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 200
    for path in ENGINE.rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path.name


def test_the_quick_start_in_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ENGINE / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len([line for line in code.splitlines() if line and "import" not in line]) <= 10
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["value"] == 56
    assert names["evidence"]
