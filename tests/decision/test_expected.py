"""expected.json of each vignette is what the content gives today; `ra-cds expect` writes it.

CI never writes it. The expectation that counts is in case.md (tests/cases); this shows a change
nobody expected.
"""

from __future__ import annotations

import json

import pytest

from ra_cds_hooks.cli import expectation
from tests.decision.conftest import FIXTURES

CASES = sorted(path.parent.name for path in FIXTURES.glob("v??-*/bundle.json"))
# One snapshot a vignette; its variants, and all other cases, stand on their case.md alone.
CASES = [name for name in CASES if "--" not in name]


def test_there_are_cases():
    assert len(CASES) >= 7


@pytest.mark.parametrize("case", CASES)
def test_expected_json_is_current(case, decisions):
    path = FIXTURES / case / "expected.json"
    assert path.exists(), f"run `make expect CASE={case}`"
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(
        json.dumps(expectation(decisions[case]))
    )
