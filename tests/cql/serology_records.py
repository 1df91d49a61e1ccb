"""Serology, viral loads and antivirals for the truth tables of the gate."""

from __future__ import annotations

from typing import Any

from tests.cql.build import ATC, LOINC, SNOMED, Json, condition, observation, statement

SCREENED = "2026-06-10"
# Twelve months before the evaluation date, and the day before.
EDGE, OLD = "2025-11-23", "2025-11-22"


def result(code: str, answer: str, day: str | None = SCREENED, **elements: Any) -> Json:
    """A laboratory result by LOINC code, read as POS, NEG, IND, ND ..."""
    return observation(LOINC(code), date=day, interpretation=answer, **elements)


def surface(answer: str, day: str | None = SCREENED, **elements: Any) -> Json:
    """An HBsAg."""
    return result("5196-1", answer, day, **elements)


def core(answer: str, day: str | None = SCREENED, **elements: Any) -> Json:
    """A total anti-HBc."""
    return result("13952-7", answer, day, **elements)


def dna(answer: str, day: str | None = "2026-11-02", **elements: Any) -> Json:
    """An HBV DNA."""
    return result("42595-9", answer, day, **elements)


def alt(day: str = "2026-11-20", **elements: Any) -> Json:
    """A normal ALT."""
    return observation(LOINC("1742-6"), 22.0, "U/L", day, **elements)


def hepatitis_b(onset: str | None = "2015-03-02", **elements: Any) -> Json:
    """Hepatitis B on the problem list."""
    return condition(SNOMED("66071002"), onset, **elements)


def antiviral(**elements: Any) -> Json:
    """Entecavir as taken."""
    return statement(ATC("J05AF10"), "2026-09-01", **elements)
