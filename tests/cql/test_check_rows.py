"""CheckRows: a verdict that nobody could decide is unknown, in either kind of row."""

from __future__ import annotations

import pytest

from tests.cql.planted import planted


@pytest.mark.parametrize(
    ("define", "checks", "check_id"),
    [
        ("InfectionHistory.COVID Verdict", "InfectionHistory.Checks", "G-COVID"),
        ("InfectionHistory.NTM Verdict", "InfectionHistory.Checks", "G-NTM"),
    ],
)
def test_an_undecided_verdict_is_unknown(define: str, checks: str, check_id: str) -> None:
    rows = planted({define: None}, [checks])[checks]
    assert {row["verdict"] for row in rows if row["id"] == check_id} == {"unknown"}
