"""What is wrong with the content shows at start, not in a request."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ra_cds_hooks.cql_engine_lite import load
from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.web import check_content
from tests.content import committed_content

PROJECT = Path(__file__).resolve().parents[2]


def test_a_parameter_that_has_no_value_stops_the_start():
    path = PROJECT / "tests" / "cql_engine_lite" / "broken" / "parameter-without-value.json"
    program = load([json.loads(path.read_text(encoding="utf-8"))])
    content = replace(committed_content(), program=program, parameters={}, defines=("Broken.A",))
    with pytest.raises(ConfigurationError, match=r"Broken\.P \(declared at Broken 2:1-2:20\)"):
        check_content(content, datetime(2026, 11, 23, tzinfo=UTC))
