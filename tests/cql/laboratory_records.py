"""Normal blood counts and liver enzymes, one or the other replaced."""

from __future__ import annotations

from tests.cql.build import LOINC, Json, observation

LAB = {
    "wbc": ("6690-2", 6.1, "10*9/L", None),
    "anc": ("751-8", 4.2, "10*9/L", None),
    "alc": ("731-0", 1.8, "10*9/L", None),
    "plt": ("777-3", 260, "10*9/L", None),
    "hb": ("718-7", 13.2, "g/dL", None),
    "alt": ("1742-6", 22, "U/L", 50),
    "ast": ("1920-8", 20, "U/L", 50),
    "albumin": ("1751-7", 42, "g/L", None),
}


def labs(day: str = "2026-11-20", **values: float | None) -> list[Json]:
    """All results normal on `day`, but those given; None leaves one out."""
    return [
        observation(LOINC(code), values.get(name, normal), unit, day, id=name, upper=upper)
        for name, (code, normal, unit, upper) in LAB.items()
        if values.get(name, normal) is not None
    ]
