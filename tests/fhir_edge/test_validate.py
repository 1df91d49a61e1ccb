"""Element checks: only what rules read, the smallest meaningful part, never a value in a fault."""

import importlib.util
from pathlib import Path

import pytest

from ra_cds_hooks.errors import ContentError
from ra_cds_hooks.fhir.validate import ElementChecks

from .conftest import READ, observation

ROOT = Path(__file__).parents[2]
CHECKS = ElementChecks(READ)


def test_the_element_table_is_what_the_models_say():
    spec = importlib.util.spec_from_file_location("fhir_elements", ROOT / "tools/fhir_elements.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.TARGET.read_text("utf-8") == tool.text(), "run python tools/fhir_elements.py"


def test_a_valid_resource_comes_back_itself():
    resource = observation("a")
    assert CHECKS.check(resource).resource is resource


@pytest.mark.parametrize(
    ("element", "value", "path"),
    [
        ("valueQuantity", {"value": "3.2 CANARY"}, "valueQuantity.value"),
        ("valueQuantity", {"value": True}, "valueQuantity.value"),
        ("valueQuantity", {"value": 1e30}, "valueQuantity.value"),
        ("valueQuantity", {"value": 3, "comparator": 5}, "valueQuantity.comparator"),
        ("valueQuantity", "CANARY", "valueQuantity"),
        ("effectiveDateTime", "2026-02-30", "effectiveDateTime"),
        ("effectiveDateTime", "20.11.2026", "effectiveDateTime"),
        ("effectiveDateTime", "0001-01-01", "effectiveDateTime"),
        ("effectiveDateTime", "9999-12-31T23:59:59-14:00", "effectiveDateTime"),
        ("effectivePeriod", {"start": "2026-01-01", "end": "soon"}, "effectivePeriod.end"),
        ("effectiveDateTime", 20261120, "effectiveDateTime"),
        ("effectiveDateTime", "2026-11T10:00:00Z", "effectiveDateTime"),
        ("effectiveDateTime", "2026-11-20T25:00:00Z", "effectiveDateTime"),
        ("code", "CANARY", "code"),
        ("valueBoolean", "true", "valueBoolean"),
        ("valueInteger", 2.5, "valueInteger"),
        ("valueInteger", 10**12, "valueInteger"),
    ],
)
def test_an_invalid_read_element_is_removed_and_named(element, value, path):
    checked = CHECKS.check(observation("a", **{element: value}))
    assert element not in checked.resource
    assert checked.resource["status"] == "final"
    assert [p for p, _ in checked.faults] == [path]
    assert "CANARY" not in str(checked.faults)


@pytest.mark.parametrize(
    "value",
    [
        "2026", "2026-11", "2026-11-20", "2026-11-20T10:00", "2026-11-20T10:00:00Z",
        "2026-11-20T10:00:00.123+08:00", "2026-11-20T10:00:00",
    ],
)  # fmt: skip
def test_dates_of_any_precision_stay(value):
    assert not CHECKS.check(observation("a", effectiveDateTime=value)).faults


def test_a_fault_inside_a_concept_costs_only_its_coding():
    code = {"coding": [{"system": "http://loinc.org", "code": "1988-5"}, {"code": 7}, "x"]}
    checked = CHECKS.check(observation("a", code=code))
    assert checked.resource["code"]["coding"] == [code["coding"][0]]
    assert [p for p, _ in checked.faults] == ["code.coding[1].code", "code.coding[2]"]
    assert len(code["coding"]) == 3, "the request itself must not change"


def test_an_invalid_element_that_no_rule_reads_costs_nothing():
    resource = observation("a", note="not a list", issued=5, performer={"x": 1}, bodySite=[1])
    checked = CHECKS.check(resource)
    assert checked.resource is resource
    assert not checked.faults


@pytest.mark.parametrize(
    ("kind", "element", "value"),
    [
        ("Condition", "verificationStatus", "refuted"),
        ("Condition", "verificationStatus", {"coding": [{"code": 1}]}),
        ("Condition", "clinicalStatus", 5),
        ("Observation", "status", ["final"]),
        ("MedicationStatement", "status", {"a": 1}),
        ("MedicationStatement", "modifierExtension", [{"url": "urn:x"}]),
    ],
)
def test_an_unreadable_modifier_makes_the_resource_unusable(kind, element, value):
    checked = CHECKS.check({"resourceType": kind, "id": "a", element: value})
    assert checked.resource is None
    assert checked.faults


def test_one_object_in_place_of_a_list_is_used_and_named():
    checked = CHECKS.check(observation("a", interpretation={"text": "POS"}))
    assert checked.resource["interpretation"] == [{"text": "POS"}]
    assert checked.faults == (("interpretation", "a list"),)


@pytest.mark.parametrize("end", ["9999-12-31", "9999-12-31T23:59:59+01:00", "3000"])
def test_a_placeholder_for_no_end_leaves_the_period_open(end):
    period = {"start": "2026-01-01", "end": end}
    checked = CHECKS.check(observation("a", effectivePeriod=period))
    assert checked.resource["effectivePeriod"] == {"start": "2026-01-01"}
    assert [p for p, _ in checked.faults] == ["effectivePeriod.end"]
    assert period["end"] == end


def test_null_is_absent_and_no_fault():
    checked = CHECKS.check(observation("a", valueQuantity=None))
    assert "valueQuantity" not in checked.resource
    assert not checked.faults


def test_only_the_read_part_of_an_element_counts():
    checks = ElementChecks({"Observation": {"value.value", "value.unit", "code.coding"}})
    fine = observation("a", valueQuantity={"value": 3, "unit": "mg/L", "system": 7})
    assert checks.check(fine).resource is fine
    wrong = observation("a", valueQuantity={"value": "3", "unit": "mg/L"})
    assert "valueQuantity" not in checks.check(wrong).resource


def test_a_type_without_read_elements_is_not_checked():
    resource = {"resourceType": "Procedure", "id": "a", "status": 5}
    assert CHECKS.check(resource).resource is resource


def test_an_unknown_resource_type_is_a_content_error():
    with pytest.raises(ContentError, match="Spaceship"):
        ElementChecks({"Spaceship": {"status"}})
