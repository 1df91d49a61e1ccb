"""A drug that was stopped, nobody wrote when: never "no DMARD", and the date is asked for (0.2)."""

from __future__ import annotations

from typing import Any

from tests.cql.build import SNOMED, bundle, condition, evaluate, request, statement

WANTED = ["RARecommendations.Primary", "RARecommendations.Gaps", "RAData.Index Drug"]
RA = condition(SNOMED("69896004"), onset="2020-01-10")


def concluded(*resources: dict[str, Any]) -> tuple[str, set[str], str | None]:
    found = evaluate(bundle(RA, *resources), WANTED)
    index = found["RAData.Index Drug"]
    gaps = {gap["what"] for gap in found["RARecommendations.Gaps"]}
    return found["RARecommendations.Primary"], gaps, index and index["ingredient"]


def stopped_order(reason: str | None = "stop-allergy") -> dict[str, Any]:
    return request("adalimumab", authored="2026-05-11", status="stopped", reason=reason)


def test_an_undated_stop_for_allergy_is_an_intolerance_and_asks_the_date():
    primary, gaps, index = concluded(stopped_order())
    assert (primary, index) == ("INTOLERANCE", "adalimumab")
    assert "stop-date" in gaps


def test_a_running_csdmard_comes_before_an_undated_stop():
    running = statement("methotrexate", start="2026-01-05")
    _, gaps, index = concluded(stopped_order(), running)
    assert index == "methotrexate"
    assert "stop-date" not in gaps


def test_a_dated_stop_long_ago_leaves_no_dmard():
    old = statement("adalimumab", start="2019-01-05", end="2020-03-01", status="stopped")
    primary, gaps, index = concluded(old)
    assert (primary, index) == ("NO_DMARD", None)
    assert "stop-date" not in gaps
