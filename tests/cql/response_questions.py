"""What the tests of TreatToTarget ask."""

from __future__ import annotations

from tests.cql.activity_records import VISIT, ask, days_before, on, visit
from tests.cql.build import Json

CATEGORY = "TreatToTarget.Response Category"


def category(resources: list[Json]) -> str | None:
    [found] = ask(resources, CATEGORY)
    assert found is None or isinstance(found, str)
    return found


def flags(resources: list[Json]) -> set[str]:
    [found] = ask(resources, "TreatToTarget.Treat To Target Flags")
    return set(found)


def gaps(resources: list[Json]) -> set[tuple[str, str]]:
    [found] = ask(resources, "TreatToTarget.Treat To Target Gaps")
    return {(gap["what"], gap["why"]) for gap in found}


def treated(
    start: str,
    baseline: dict[str, float] | None = None,
    current: dict[str, float] | None = None,
    earlier: dict[str, dict[str, float]] | None = None,
    drug: str = "adalimumab",
    current_day: str = VISIT,
) -> list[Json]:
    """On a drug since `start`, with reported totals before, in between (by day) and now."""
    record = [on(drug, start)]
    if baseline is not None:
        record += visit(days_before(2, start), **baseline)  # type: ignore[arg-type]
    for day, totals in (earlier or {}).items():
        record += visit(day, **totals)  # type: ignore[arg-type]
    if current is not None:
        record += visit(current_day, **current)  # type: ignore[arg-type]
    return record


def das28(value: float) -> dict[str, float]:
    return {"das28Esr4": value}


def cdai(value: float) -> dict[str, float]:
    return {"cdai": value}
