"""Records for the truth tables of the safety gate, and its verdicts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.cql.build import AS_OF, ICD10, Json, bundle, condition, evaluate, observation

TODAY = date.fromisoformat(AS_OF)
BIOLOGIC = ("TNFi", "IL6Ri", "ABA", "RTX", "JAKi")
CONVENTIONAL = ("MTX", "LEF", "SSZ", "HCQ")


def ago(days: int) -> str:
    """The day this many days before the evaluation date."""
    return (TODAY - timedelta(days=days)).isoformat()


def ra() -> Json:
    """A confirmed rheumatoid arthritis since 2020."""
    return condition(ICD10("M05.9"), "2020-01-15", id="ra")


def igra(answer: str, day: str | None = "2026-06-10", **elements: Any) -> Json:
    """An IGRA read as POS, NEG or IND."""
    return observation("igra", None, date=day, interpretation=answer, **elements)


def cxr(reading: str = "normal", day: str | None = "2026-06-10", **elements: Any) -> Json:
    """A chest radiograph read by a local code."""
    value = ("urn:ra-cds-hooks:codes", reading)
    return observation("cxr", value, date=day, **elements)


def gates(*resources: Json, incomplete: tuple[str, ...] = (), profile: str = "STRICT") -> Json:
    """The gates of this record; types in `incomplete` could not be obtained completely."""
    name = "SafetyGate.Gates"
    parameters = {
        "RAParameters.Incomplete Data": list(incomplete),
        "RAParameters.RegProfile": profile,
    }
    found: Json = evaluate(bundle(ra(), *resources), [name], parameters=parameters)[name]
    return found


def check(found: Json, drug_class: str, check_id: str) -> tuple[str, str] | None:
    """Verdict and reason of one check of a class; None when it does not speak of the class."""
    rows = [row for row in found[drug_class]["checks"] if row["id"] == check_id]
    assert len(rows) <= 1, rows
    return (rows[0]["verdict"], rows[0]["reason"]) if rows else None


def row(found: Json, drug_class: str, check_id: str) -> Json:
    """One check in full."""
    [made] = [row for row in found[drug_class]["checks"] if row["id"] == check_id]
    assert isinstance(made, dict)
    return made
