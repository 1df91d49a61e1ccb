"""The vignettes as other systems would write them: same facts, other FHIR, same conclusions.

Each rewriting is legal R4 and changes no fact; the hand-written expectation must still hold.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import FIXTURES, LibraryDifferences
from .ehr import read_bundle
from .expectation import read_expectation

Resource = dict[str, Any]
VIGNETTES = sorted(p.parent.name for p in FIXTURES.glob("v0[1-7]*/case.md") if "--" not in str(p))
DATES = ("effectiveDateTime", "onsetDateTime", "recordedDate", "whenHandedOver", "authoredOn")
PANEL = ("88981-6", "88980-8", "pt-global", "ega-global")


def with_time_of_day(resources: list[Resource]) -> list[Resource]:
    """Dates become instants with an offset."""
    for resource in resources:
        for name in DATES:
            if name in resource:
                resource[name] += "T09:30:00+08:00"
        for name, day in resource.get("effectivePeriod", {}).items():
            resource["effectivePeriod"][name] = f"{day}T09:30:00+08:00"
    return resources


def with_result_periods(resources: list[Resource]) -> list[Resource]:
    """Observations carry an effectivePeriod of one day."""
    for resource in resources:
        if resource["resourceType"] == "Observation":
            day = resource.pop("effectiveDateTime")
            resource["effectivePeriod"] = {"start": day, "end": day}
    return resources


def without_unit_codes(resources: list[Resource]) -> list[Resource]:
    """Quantities name their unit in words only."""
    for resource in resources:
        for name in ("system", "code"):
            resource.get("valueQuantity", {}).pop(name, None)
    return resources


def with_integer_counts(resources: list[Resource]) -> list[Resource]:
    """Joint counts as valueInteger."""
    for resource in resources:
        if resource.get("valueQuantity", {}).get("unit") == "{count}":
            resource["valueInteger"] = resource.pop("valueQuantity")["value"]
    return resources


def with_contained_medications(resources: list[Resource]) -> list[Resource]:
    """Drugs as contained Medication resources."""
    for resource in resources:
        drug = resource.pop("medicationCodeableConcept", None)
        if drug is not None:
            medication = {"resourceType": "Medication", "id": "drug", "code": drug}
            resource["contained"] = [medication]
            resource["medicationReference"] = {"reference": "#drug"}
    return resources


def with_medication_resources(resources: list[Resource]) -> list[Resource]:
    """Drugs as Medication resources of their own."""
    medications: list[Resource] = []
    for resource in resources:
        drug = resource.pop("medicationCodeableConcept", None)
        if drug is not None:
            medication = {
                "resourceType": "Medication",
                "id": f"drug-{len(medications)}",
                "code": drug,
            }
            medications.append(medication)
            resource["medicationReference"] = {"reference": f"Medication/{medication['id']}"}
    return resources + medications


def with_first_coding_only(resources: list[Resource]) -> list[Resource]:
    """SNOMED CT and RxNorm only, where there is a choice."""
    return _with_one_coding(resources, 0)


def with_last_coding_only(resources: list[Resource]) -> list[Resource]:
    """ICD-10-CM and ATC only, where there is a choice."""
    return _with_one_coding(resources, -1)


def _with_one_coding(resources: list[Resource], position: int) -> list[Resource]:
    for resource in resources:
        for name in ("code", "medicationCodeableConcept"):
            codings = resource.get(name, {}).get("coding")
            if codings:
                resource[name]["coding"] = [codings[position]]
    return resources


def with_interpretation_only(resources: list[Resource]) -> list[Resource]:
    """Positive and negative results told by the interpretation alone."""
    for resource in resources:
        if "interpretation" in resource:
            resource.pop("valueCodeableConcept", None)
    return resources


def with_activity_panels(resources: list[Resource]) -> list[Resource]:
    """Joint counts and globals of a day as the components of one CDAI panel."""
    panels: dict[str, Resource] = {}
    others = []
    for resource in resources:
        code = resource.get("code", {}).get("coding", [{}])[0].get("code")
        if resource["resourceType"] != "Observation" or code not in PANEL:
            others.append(resource)
            continue
        day = resource["effectiveDateTime"]
        panel = panels.setdefault(
            day,
            {
                **{k: resource[k] for k in ("resourceType", "status", "category", "subject")},
                "id": f"panel-{day}",
                "code": {"coding": [{"system": "http://loinc.org", "code": "75842-5"}]},
                "effectiveDateTime": day,
                "component": [],
            },
        )
        panel["component"].append({k: resource[k] for k in ("code", "valueQuantity")})
    return others + list(panels.values())


def reversed_with_duplicates(resources: list[Resource]) -> list[Resource]:
    """Every resource twice, in the opposite order."""
    return [*resources[::-1], *copy.deepcopy(resources)]


REWRITINGS: list[Callable[[list[Resource]], list[Resource]]] = [
    with_time_of_day,
    with_result_periods,
    without_unit_codes,
    with_integer_counts,
    with_contained_medications,
    with_medication_resources,
    with_first_coding_only,
    with_last_coding_only,
    with_interpretation_only,
    with_activity_panels,
    reversed_with_duplicates,
]


@pytest.mark.parametrize("rewriting", REWRITINGS, ids=lambda r: r.__name__)
@pytest.mark.parametrize("case_id", VIGNETTES)
def test_conclusions_do_not_depend_on_how_facts_are_written(
    case_id: str,
    rewriting: Callable[[list[Resource]], list[Resource]],
    library_differences: LibraryDifferences,
) -> None:
    bundle = read_bundle(FIXTURES / case_id / "bundle.json")
    patient, *rest = [entry["resource"] for entry in bundle["entry"]]
    before = copy.deepcopy(rest)
    rewritten = rewriting(rest)
    assert rewritten != before or rewriting is with_first_coding_only
    entries = [{"resource": resource} for resource in [patient, *rewritten]]
    expectation = read_expectation(FIXTURES / case_id / "case.md")
    assert library_differences({**bundle, "entry": entries}, expectation) == []


def test_all_seven_vignettes_are_rewritten() -> None:
    assert [case_id[:3] for case_id in VIGNETTES] == [f"v0{n}" for n in range(1, 8)]
