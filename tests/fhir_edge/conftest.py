"""Builders for small records."""

import pytest

from ra_cds_hooks.fhir import ElementChecks, Reading

READ = {
    "Patient": {"birthDate", "gender"},
    "Observation": {"status", "code", "value", "effective", "component", "interpretation"},
    "Condition": {"clinicalStatus", "verificationStatus", "code", "onset", "recordedDate"},
    "MedicationStatement": {"status", "medication", "effective", "statusReason"},
    "MedicationRequest": {"status", "medication", "authoredOn"},
    "AllergyIntolerance": {"code"},
    "Procedure": set(),
}


@pytest.fixture(scope="session")
def reading():
    return Reading(ElementChecks(READ))


def observation(id_, **members):
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]},
        "effectiveDateTime": "2026-11-20",
        "valueQuantity": {"value": 3.2, "unit": "mg/L"},
        **members,
    }


def patient(id_="p1", **members):
    return {"resourceType": "Patient", "id": id_, "birthDate": "1970-01-01", **members}
