"""Names of date and time precisions, as ELM and as CQL units spell them."""

from __future__ import annotations

from ..values_temporal import DAY, HOUR, MILLISECOND, MINUTE, MONTH, SECOND, YEAR

WEEK = "Week"

# DateTimePrecision of ELM.
LEVELS = {
    "Year": YEAR,
    "Month": MONTH,
    "Day": DAY,
    "Hour": HOUR,
    "Minute": MINUTE,
    "Second": SECOND,
    "Millisecond": MILLISECOND,
}
NAMES = {level: name for name, level in LEVELS.items()}


def level_of(precision: str | None) -> int | None:
    """1 (year) to 7 (millisecond); None for no precision. Weeks have no level: KeyError."""
    return None if precision is None else LEVELS[precision]
