"""The operators table in the engine's README, from the engine's own tables.

    python -m tools.engine_readme           # write it
    python -m tools.engine_readme --check   # exit 1 when the README is not current

A node type that is compiled in place and also has a function stands in the function's row.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from ra_cds_hooks.cql_engine_lite import compiler
from ra_cds_hooks.cql_engine_lite.emitter import NODES
from ra_cds_hooks.cql_engine_lite.operators import OPERATORS

ENGINE = Path(compiler.__file__).parent
README = ENGINE / "README.md"
BEGIN = "<!-- operators: written by `python -m tools.engine_readme` -->"
END = "<!-- end of operators -->"


def table() -> str:
    """All ELM node types that the engine evaluates, by the module that knows them."""
    modules = {name: operator.function.__module__ for name, operator in OPERATORS.items()}
    rows: dict[str, set[str]] = {}
    for name in {*NODES, *OPERATORS}:
        module = modules[name] if name in modules else NODES[name].__module__
        _, _, path = module.partition("cql_engine_lite.")
        rows.setdefault(path.replace(".", "/") + ".py", set()).add(name)
    lines = [
        f"{len({*NODES, *OPERATORS})} node types:",
        "",
        "| in | ELM node types |",
        "| --- | --- |",
    ]
    lines += [f"| `{path}` | {_listed(rows[path])} |" for path in sorted(rows, key=_position)]
    return "\n".join(lines)


def _position(path: str) -> tuple[bool, str]:
    """Operators first, then what is compiled in place."""
    return not path.startswith("operators/"), path


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def updated(text: str) -> str:
    """The README with the table between its markers; ValueError when it has no such markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{README.name} has no markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write the README, or with --check only say whether it is current."""
    text = README.read_text(encoding="utf-8")
    current = updated(text)
    if "--check" in arguments:
        if text != current:
            print("the operators table is not current: run `python -m tools.engine_readme`")
            return 1
        return 0
    README.write_text(current, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
