"""What generated code finds among its globals besides the constants of its program."""

from __future__ import annotations

from typing import Any

from . import fhir_json, runtime, values
from .context import UNSET
from .operators.interval_bounds import make_interval
from .sorting import sort_key, sort_rows
from .type_tests import as_type, is_type


def namespace_of_programs() -> dict[str, Any]:
    """The globals of generated code, without the constants of one program."""
    found: dict[str, Any] = {"U": UNSET}
    for module in (fhir_json, runtime):
        found.update({name: v for name, v in vars(module).items() if not name.startswith("_")})
    for name in values.__all__:
        found[name] = getattr(values, name)
    found |= {
        "as_type": as_type,
        "is_type": is_type,
        "make_interval": make_interval,
        "sort_key": sort_key,
        "sort_rows": sort_rows,
    }
    return found
