"""Large, doubled, shuffled and mixed-up records: the same answer, or a named issue."""

import copy
import json
import random
import time

import pytest

from .conftest import URL, bundle_of, request_for

CASE = "v04-secondary-loss"
EXTENSION = "org.ra-cds-hooks.decision"


def decision(app, request):
    response = app.test_client().post(URL, json=request)
    assert response.status_code == 200, response.get_data(as_text=True)
    return response.get_json()["extension"][EXTENSION]


def entries(request):
    """All lists of entries in the prefetch."""
    return [v["entry"] for v in request["prefetch"].values() if v and "entry" in v]


@pytest.fixture
def request_(content):
    return request_for(content, bundle_of(CASE))


def padding(request, count, filler):
    """``count`` laboratory results that no rule asks for."""
    patient = request["context"]["patientId"]
    for number in range(count):
        request["prefetch"]["laboratory"]["entry"].append(
            {
                "resource": {
                    "resourceType": "Observation",
                    "id": f"pad-{number}",
                    "status": "final",
                    "category": [{"coding": [{"code": "laboratory"}]}],
                    "subject": {"reference": f"Patient/{patient}"},
                    "code": {"coding": [{"system": "urn:x", "code": f"unrelated-{number % 50}"}]},
                    "effectiveDateTime": "2026-11-01",
                    "valueString": filler,
                }
            }
        )


def test_ten_thousand_unrelated_results_change_nothing(app, request_):
    expected = decision(app, request_)
    padding(request_, 10_000, "x")
    began = time.monotonic()
    assert decision(app, request_) == expected
    assert time.monotonic() - began < 20


def test_a_five_megabyte_prefetch_changes_nothing(app, request_):
    expected = decision(app, request_)
    padding(request_, 500, "y" * 10_000)
    assert len(json.dumps(request_)) > 5_000_000
    assert decision(app, request_) == expected


def test_order_and_exact_duplicates_change_nothing(app, request_):
    expected = decision(app, request_)
    for seed in range(5):
        shuffled = copy.deepcopy(request_)
        for listed in entries(shuffled):
            listed.extend(copy.deepcopy(listed))
            random.Random(seed).shuffle(listed)
        assert decision(app, shuffled) == expected


def test_copies_with_the_same_identifier_change_nothing(app, request_):
    for listed in entries(request_):
        for number, entry in enumerate(listed):
            entry["resource"]["identifier"] = [{"system": "urn:lab", "value": f"n{number}"}]
    expected = decision(app, request_)
    for listed in entries(request_):
        for entry in copy.deepcopy(listed):
            entry["resource"]["id"] += "-copy"
            listed.append({"resource": entry["resource"]})
    assert decision(app, request_) == expected


def test_another_patient_in_the_bundle_changes_nothing_but_is_told(app, request_):
    expected = decision(app, request_)
    mixed = copy.deepcopy(request_)
    for listed in entries(mixed):
        for entry in copy.deepcopy(listed):
            entry["resource"]["id"] += "-theirs"
            entry["resource"]["subject"] = {"reference": "Patient/somebody-else"}
            entry.pop("fullUrl", None)
            listed.append(entry)
    told = decision(app, mixed)
    issues = told.pop("dataIssues")
    expected_issues = expected.pop("dataIssues", [])
    assert told == expected
    assert {"OTHER_PATIENT"} == {i["code"] for i in issues if i not in expected_issues}


def test_an_invalid_element_that_no_rule_reads_changes_nothing(app, request_):
    expected = decision(app, request_)
    for listed in entries(request_):
        for entry in listed:
            entry["resource"] |= {"note": 5, "language": [], "performer": "x", "encounter": 7}
    assert decision(app, request_) == expected


def damaged(app, request, damage):
    for key in ("laboratory", "observations"):
        for entry in request["prefetch"][key]["entry"]:
            entry["resource"] |= damage
    return decision(app, request)


VALUES = [
    {"valueQuantity": {"value": "high"}},
    {"valueQuantity": {"value": 12, "unit": "bananas", "code": "bananas"}},
    {"valueQuantity": {"value": -5}},
    {"valueQuantity": {"value": 1e17, "unit": "mg/L"}},
    {"valueQuantity": None},
]
WHOLE = [
    {"effectiveDateTime": "2027-11-20"},
    {"effectiveDateTime": "2025"},
    {"effectiveDateTime": None},
    {"effectiveDateTime": "20.11.2026"},
    {"status": "entered-in-error"},
    {"status": "weird"},
    {"status": 7},
    {"code": None},
    {"code": {"text": "?"}},
    {"modifierExtension": [{"url": "urn:x"}]},
]


@pytest.mark.parametrize("damage", VALUES + WHOLE)
def test_with_every_result_damaged_no_failure_is_claimed(app, request_, damage):
    assert decision(app, request_)["primary"] == "SECONDARY_LOSS"
    assert damaged(app, request_, damage)["primary"] in ("ACTIVITY_UNKNOWN", "DATA_CONFLICT")


@pytest.mark.parametrize("damage", WHOLE)
def test_with_every_result_damaged_no_screening_counts(app, request_, damage):
    gates = damaged(app, request_, damage)["gates"]
    verdicts = {c["verdict"] for g in gates.values() for c in g["checks"] if c["id"] == "G-TB2"}
    assert verdicts
    assert "ok" not in verdicts


def test_a_component_that_is_none_is_told(app, request_):
    told = damaged(app, request_, {"component": "x"})
    assert told["primary"] == "SECONDARY_LOSS"
    assert "INVALID_ELEMENT" in {issue["code"] for issue in told["dataIssues"]}
