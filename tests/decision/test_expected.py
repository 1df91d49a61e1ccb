"""expected.json of each case is what the content gives today; `ra-cds expect` writes it, CI never.

The expectation that counts is in case.md (tests/cases); this shows a change nobody expected.
"""

from __future__ import annotations

import json

import pytest

from ra_cds_hooks.cli import expectation
from tests.decision.conftest import FIXTURES

CASES = sorted(path.parent.name for path in FIXTURES.glob("*/bundle.json"))


def test_there_are_cases():
    assert len(CASES) > 100


@pytest.mark.parametrize("case", CASES)
def test_expected_json_is_current(case, decisions):
    path = FIXTURES / case / "expected.json"
    assert path.exists(), f"run `make expect CASE={case}`"
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(
        json.dumps(expectation(decisions[case]))
    )
