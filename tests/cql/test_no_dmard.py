"""RA without a DMARD, and RA of which nobody knows whether one is taken (clinical-spec 8.16)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import bundle, statement
from tests.cql.build import results as evaluate
from tests.cql.gate_records import ra

FLAG = "MEDICATION_LIST_INCOMPLETE"
LISTS = [
    "MedicationStatement",
    "MedicationRequest",
    "MedicationAdministration",
    "MedicationDispense",
    "Medication",
]


def flags(*resources: Any, incomplete: list[str]) -> list[str]:
    defines = ["RARecommendations.Flags", "RARecommendations.Primary"]
    given = {"RAParameters.Incomplete Data": incomplete}
    found = evaluate(bundle(ra(), *resources), defines, parameters=given)
    if not resources:
        assert found["RARecommendations.Primary"] == "NO_DMARD"
    said: list[str] = found["RARecommendations.Flags"]
    return said


@pytest.mark.parametrize("missing", LISTS)
def test_absence_in_an_incomplete_list_of_drugs_is_no_absence(missing: str) -> None:
    assert FLAG in flags(incomplete=[missing])


@pytest.mark.parametrize("complete", [[], ["Observation", "Condition", "Procedure"]])
def test_in_complete_lists_it_is(complete: list[str]) -> None:
    assert FLAG not in flags(incomplete=complete)


@pytest.mark.parametrize("missing", LISTS)
def test_a_drug_that_was_found_is_taken_whatever_is_missing(missing: str) -> None:
    assert FLAG not in flags(statement("adalimumab", "2026-03-02"), incomplete=[missing])
