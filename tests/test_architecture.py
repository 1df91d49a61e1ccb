"""The walls of the house: who may import whom, and what Python must not contain.

Source: architecture.md ("Imports point one way"), house rules.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ra_cds_hooks"
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "_content" not in p.parts)
LONGEST = 400
# A truth table may run a little longer before it falls into two.
LONGEST_TEST = 450

# Room -> the rooms it may import from, besides itself.
MAY_IMPORT = {
    "cql_engine_lite": set(),
    "errors": {"cql_engine_lite"},
    "settings": {"errors"},
    "decision": {"cql_engine_lite", "errors"},
    "fhir": {"cql_engine_lite", "errors", "settings"},
    "hooks": {"cql_engine_lite", "errors", "settings", "fhir", "decision"},
    "store": {"errors", "settings", "decision"},
    "population": {"cql_engine_lite", "errors", "settings", "fhir", "decision"},
    "operation": {"errors", "settings"},
    "audit": {"errors", "settings", "decision", "fhir", "store"},
    "web": {
        "cql_engine_lite",
        "errors",
        "settings",
        "fhir",
        "decision",
        "hooks",
        "store",
        "operation",
        "audit",
    },
}
EVERYTHING = {*MAY_IMPORT, "web", "cli", "population"}
MAY_IMPORT |= {"cli": EVERYTHING, "__main__": {"cli"}, "__init__": set()}

CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}
NAMES = re.compile(r"manager|helper|util|processor|(^|_)(base|common|misc|stuff|tools?)($|_)")
LOINC = re.compile(r"\b\d{4,5}-\d\b")
DRUG = re.compile(
    r"\b\w+(?:mab|nercept|tacept|tinib|kinra)\b|methotrex|leflunom|sulfasal|predniso", re.I
)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imported(path: Path, module: ast.Module) -> set[str]:
    """Full names of the project's modules that ``path`` imports, also inside functions."""
    package = ["ra_cds_hooks", *path.relative_to(PACKAGE).parts[:-1]]
    names = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*start, *([node.module] if node.module else [])])
            names |= {f"{source}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == "ra_cds_hooks"}


def wrong_imports(path: Path, module: ast.Module) -> list[str]:
    here = room(path)
    allowed = MAY_IMPORT[here] | {here}
    parts = (name.split(".") for name in imported(path, module))
    return sorted(
        ".".join(p) for p in parts if len(p) > 1 and p[1] in EVERYTHING and p[1] not in allowed
    )


def reads_environment(module: ast.Module) -> bool:
    for node in ast.walk(module):
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) == "request":
            continue  # the WSGI environ of a request, not the process's
        if isinstance(node, ast.alias):
            name = node.name.rpartition(".")[2]
        if name in {"environ", "getenv", "environb", "load_dotenv"}:
            return True
    return False


def clock_calls(module: ast.Module) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"datetime", "date", "time", "dt"}
    ]


def texts(module: ast.Module) -> list[str]:
    return [
        node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


BY_NAME = pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))


@BY_NAME
def test_imports_point_one_way(path):
    assert room(path) in MAY_IMPORT, f"{room(path)} is a new room: give it its place in MAY_IMPORT"
    assert wrong_imports(path, tree(path)) == []


@BY_NAME
def test_the_environment_is_read_in_settings_only(path):
    if room(path) != "settings":
        assert not reads_environment(tree(path))


@BY_NAME
def test_the_clock_is_read_at_the_edge_only(path):
    if room(path) not in {"web", "cli"}:
        assert clock_calls(tree(path)) == []


@BY_NAME
def test_names_say_what_a_module_is_for(path):
    assert not NAMES.search(path.stem)


@BY_NAME
def test_no_clinical_codes_in_python(path):
    for text in texts(tree(path)):
        assert not LOINC.search(text), text
        assert not DRUG.search(text), text


@pytest.mark.parametrize(
    "path",
    [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "tools").glob("*.py"))],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_modules_stay_short(path):
    longest = LONGEST_TEST if ROOT / "tests" in path.parents else LONGEST
    assert len(path.read_text("utf-8").splitlines()) <= longest


class TestTheTestsThemselves:
    """Each check finds what it is there to find."""

    def test_imports(self):
        source = ast.parse("def f():\n    from ra_cds_hooks.web import create_app")
        assert wrong_imports(PACKAGE / "decision/decide.py", source) == [
            "ra_cds_hooks.web.create_app"
        ]
        relative = ast.parse("from ..errors import ContentError")
        assert wrong_imports(PACKAGE / "cql_engine_lite/operators/logic.py", relative) == []
        relative = ast.parse("from ...errors import ContentError")
        assert wrong_imports(PACKAGE / "cql_engine_lite/operators/logic.py", relative) == [
            "ra_cds_hooks.errors.ContentError"
        ]

    @pytest.mark.parametrize(
        "source", ["import os\nos.environ['X']", "from os import getenv", "os.getenv('X')"]
    )
    def test_environment(self, source):
        assert reads_environment(ast.parse(source))
        assert not reads_environment(ast.parse("request.environ.get('x')"))

    @pytest.mark.parametrize("source", ["datetime.now()", "date.today()", "time.time()"])
    def test_clock(self, source):
        assert clock_calls(ast.parse(source))

    def test_codes(self):
        assert LOINC.search("code 1988-5")
        assert DRUG.search("adalimumab")
