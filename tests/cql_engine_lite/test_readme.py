"""The engine's README says what the engine does (its quick start runs in test_engine_alone)."""

from __future__ import annotations

import pytest

from ra_cds_hooks.cql_engine_lite import errors
from ra_cds_hooks.cql_engine_lite.emitter import NODES
from ra_cds_hooks.cql_engine_lite.operators import OPERATORS
from tools.engine_readme import BEGIN, END, README, table, updated

TEXT = README.read_text(encoding="utf-8")


def test_the_operators_table_is_current() -> None:
    assert updated(TEXT) == TEXT, "run `python -m tools.engine_readme`"


def test_the_table_has_every_node_type_once() -> None:
    cells = [line.split(" | ")[1].rstrip(" |") for line in table().splitlines() if "`" in line]
    named = [name for cell in cells for name in cell.split(", ")]
    assert sorted(named) == sorted({*NODES, *OPERATORS})


def test_only_what_is_between_the_markers_is_written() -> None:
    before, after = "# Title\n\n", "\n\nmore\n"
    assert updated(f"{before}{BEGIN}\nold\n{END}{after}") == (
        f"{before}{BEGIN}\n{table()}\n{END}{after}"
    )
    for text in (f"{BEGIN}\nold", f"old\n{END}", ""):
        with pytest.raises(ValueError, match="markers"):
            updated(text)


def test_every_error_is_in_the_readme() -> None:
    names = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.CqlEngineError)
    ]
    assert len(names) > 5
    for name in names:
        assert f"`{name}`" in TEXT, name
