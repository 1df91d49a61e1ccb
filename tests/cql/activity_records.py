"""Visits and treatments for the truth tables of disease activity, response and inflammation."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.cql.build import AS_OF, Json, bundle, evaluate, observation, statement

TODAY = date.fromisoformat(AS_OF)
VISIT = "2026-11-20"

# Reported totals by their local code (clinical-spec 5.5); CDAI and SDAI have LOINC codes.
TOTALS = {
    "das28Esr4": "das28-esr-4",
    "das28Esr3": "das28-esr-3",
    "das28Crp4": "das28-crp-4",
    "das28Crp3": "das28-crp-3",
    "cdai": "cdai",
    "sdai": "sdai",
}


def days_before(days: int, day: date | str = TODAY) -> str:
    """ISO date so many days before `day` (negative: after)."""
    start = date.fromisoformat(day) if isinstance(day, str) else day
    return (start - timedelta(days=days)).isoformat()


def visit(
    day: str = VISIT,
    *,
    tjc28: float | None = None,
    sjc28: float | None = None,
    esr: float | None = None,
    crp: float | None = None,
    ptgh: float | None = None,
    ega: float | None = None,
    **totals: float,
) -> list[Json]:
    """What was measured on one day: ESR mm/h, CRP mg/L, patient global mm, evaluator global cm;
    reported totals by the names of TOTALS."""
    measured: list[tuple[str, float | None, str]] = [
        ("tjc28", tjc28, "{joints}"),
        ("sjc28", sjc28, "{joints}"),
        ("esr", esr, "mm/h"),
        ("crp", crp, "mg/L"),
        ("pt-global", ptgh, "mm"),
        ("ega-global", ega, "cm"),
        *((TOTALS[name], total, "{score}") for name, total in totals.items()),
    ]
    return [
        observation(code, value, unit, day) for code, value, unit in measured if value is not None
    ]


def full_visit(
    day: str, tjc28: float, sjc28: float, esr: float, crp: float, ptgh: float, ega: float
) -> list[Json]:
    """A visit with all six components, in the column order of clinical-spec 2.7."""
    return visit(day, tjc28=tjc28, sjc28=sjc28, esr=esr, crp=crp, ptgh=ptgh, ega=ega)


def on(drug: str, start: str | None = None, stop: str | None = None, **elements: Any) -> Json:
    """The patient takes a drug, or took it until `stop`."""
    if stop is not None and "status" not in elements:
        elements["status"] = "stopped"
    return statement(drug, start, stop, **elements)


def ask(
    resources: list[Json], *defines: str, parameters: dict[str, Any] | None = None
) -> list[Any]:
    """The values of these defines for a record of these resources."""
    found = evaluate(bundle(*resources), list(defines), parameters=parameters)
    return [found[name] for name in defines]
