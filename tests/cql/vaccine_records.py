"""Immunization resources for truth tables of the safety gate."""

from __future__ import annotations

from typing import Any

from tests.cql.build import Coding, Json, concept, resource


def CVX(code: str) -> Coding:
    """A CVX coding."""
    return ("http://hl7.org/fhir/sid/cvx", code)


FLU, COVID, PCV13, PCV20, PPSV23 = CVX("140"), CVX("309"), CVX("133"), CVX("216"), CVX("33")
RZV, HEPB, HEPB_OF_TWO, MMR = CVX("187"), CVX("43"), CVX("189"), CVX("03")


def vaccine(
    what: Coding | str, day: str | None, *, status: str = "completed", **elements: Any
) -> Json:
    """An Immunization; `what` a coding or text only, `day` None for a dose of no known date."""
    made = resource(
        "Immunization",
        status=status,
        vaccineCode=concept(text=what) if isinstance(what, str) else concept(what),
        patient={"reference": "Patient/p"},
    )
    if day is None:
        made["occurrenceString"] = "some time ago"
    else:
        made["occurrenceDateTime"] = day
    return made | elements
