"""One patient's record: whose it is, which copy stays, what is told, whatever the order."""

import itertools

import pytest

from ra_cds_hooks.errors import InvalidBundle
from ra_cds_hooks.fhir import Entry, PatientRecord
from ra_cds_hooks.fhir.record import ISSUES_PER_CODE, DataIssue

from .conftest import observation, patient


def read(reading, *resources, patient_id="p1", **more):
    entries = [r if isinstance(r, Entry) else Entry(r) for r in resources]
    return PatientRecord.read(patient_id, entries, reading, **more)


def codes(record):
    return [issue.code for issue in record.data_issues]


def ids(record, kind="Observation"):
    return [resource["id"] for resource in record.retrieve(kind)]


def test_resources_by_type_ordered_by_id(reading):
    record = read(reading, observation("b"), patient(), observation("a"))
    assert ids(record) == ["a", "b"]
    assert record.patient["id"] == "p1"
    assert record.retrieve("Encounter") == ()
    assert record.data_issues == ()


def test_another_patients_resource_is_refused_and_told(reading):
    other = observation("x", subject={"reference": "Patient/p2"})
    record = read(reading, patient(), patient("p2"), observation("a"), other)
    assert ids(record) == ["a"]
    assert ids(record, "Patient") == ["p1"]
    assert {(i.code, i.reference) for i in record.data_issues} == {
        ("OTHER_PATIENT", "Observation/x"),
        ("OTHER_PATIENT", "Patient/p2"),
    }


@pytest.mark.parametrize(
    "subject",
    [
        "Patient/p1",
        "Patient/p1/_history/3",
        "https://ehr.example/fhir/Patient/p1",
        "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
    ],
)
def test_every_spelling_of_the_patient_is_understood(reading, subject):
    me = Entry(patient(), "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0")
    record = read(reading, me, observation("a", subject={"reference": subject}))
    assert ids(record) == ["a"]
    assert record.retrieve("Observation")[0]["subject"]["reference"] == "Patient/p1"


def test_the_same_id_on_another_server_is_another_patient(reading):
    mine = observation("a", subject={"reference": "https://ehr.example/fhir/Patient/p1"})
    theirs = observation("b", subject={"reference": "https://other.example/fhir/Patient/p1"})
    record = read(reading, patient(), mine, theirs, bases=["https://ehr.example/fhir"])
    assert ids(record) == ["a"]
    assert codes(record) == ["OTHER_PATIENT"]


def test_a_resource_that_names_nobody_is_kept_only_when_one_patient_is_present(reading):
    nobody = observation("a")
    del nobody["subject"]
    assert ids(read(reading, patient(), nobody)) == ["a"]
    refused = read(reading, patient(), patient("p2"), nobody)
    assert ids(refused) == []
    assert "SUBJECT_MISSING" in codes(refused)


def test_the_newest_version_of_one_id_stays(reading):
    old = observation("a", meta={"versionId": "9"}, valueQuantity={"value": 1})
    new = observation("a", meta={"versionId": "10"}, valueQuantity={"value": 2})
    for order in itertools.permutations([old, new, patient()]):
        record = read(reading, *order)
        assert [o["valueQuantity"]["value"] for o in record.retrieve("Observation")] == [2]
        assert record.data_issues == ()


def test_last_updated_is_compared_as_a_moment(reading):
    first = observation("a", meta={"lastUpdated": "2026-11-20T10:00:00+08:00"}, issued="first")
    later = observation("a", meta={"lastUpdated": "2026-11-20T03:00:00Z"}, issued="later")
    assert read(reading, patient(), first, later).retrieve("Observation")[0]["issued"] == "later"


def test_two_contents_of_one_version_are_told_and_decided_without_regard_to_order(reading):
    one, two = observation("a"), observation("a", valueQuantity={"value": 9.0})
    results = [read(reading, *order) for order in itertools.permutations([one, two, patient()])]
    assert {str(r.retrieve("Observation")) for r in results} == {
        str(results[0].retrieve("Observation"))
    }
    assert codes(results[0]) == ["CONFLICTING_VERSIONS"]


def test_an_exact_copy_under_another_id_is_left_out(reading):
    identifier = [{"system": "urn:lab", "value": "4711"}]
    original = observation("a", identifier=identifier)
    copy = {**original, "id": "a-copy", "meta": {"lastUpdated": "2026-11-21T00:00:00Z"}}
    different = observation("b", identifier=identifier, valueQuantity={"value": 5})
    for order in itertools.permutations([patient(), original, copy, different]):
        assert ids(read(reading, *order)) == ["a", "b"]


def test_the_same_value_without_an_identifier_is_two_measurements(reading):
    assert ids(read(reading, patient(), observation("a"), observation("b"))) == ["a", "b"]


@pytest.mark.parametrize(
    "entry", [None, 5, "x", [], {}, {"resourceType": 7}, {"resourceType": "<b>"}]
)
def test_what_is_no_resource_is_an_issue(reading, entry):
    record = read(reading, patient(), entry, observation("a"))
    assert ids(record) == ["a"]
    assert codes(record) == ["NOT_A_RESOURCE"]


def test_a_resource_without_id_gets_one_from_its_url_or_its_content(reading):
    bare = observation("a")
    del bare["id"]
    assert ids(read(reading, patient(), Entry(bare, "urn:uuid:1234-ab"))) == ["1234-ab"]
    first, second = read(reading, patient(), bare), read(reading, bare, patient())
    assert ids(first) == ids(second)
    assert ids(first)[0].startswith("no-id-")


def test_an_operation_outcome_entry_is_not_the_patients(reading):
    assert codes(read(reading, patient(), {"resourceType": "OperationOutcome"})) == []


def test_an_invalid_element_is_told_by_place_and_never_by_value(reading):
    record = read(reading, patient(), observation("a", valueQuantity={"value": "CANARY"}))
    assert record.data_issues == (
        DataIssue(
            "INVALID_ELEMENT", "Observation/a", "valueQuantity.value is not a decimal within range"
        ),
    )
    assert "valueQuantity" not in record.retrieve("Observation")[0]


def test_many_issues_of_one_kind_are_counted(reading):
    others = [observation(f"o{n}", subject={"reference": "Patient/p2"}) for n in range(100)]
    record = read(reading, patient(), *others)
    assert len(record.data_issues) == ISSUES_PER_CODE + 1
    assert record.data_issues[-1].detail == f"and {100 - ISSUES_PER_CODE} more"


def statement(**members):
    return {
        "resourceType": "MedicationStatement", "id": "m", "status": "active",
        "subject": {"reference": "Patient/p1"}, **members,
    }  # fmt: skip


MEDICATION = {"resourceType": "Medication", "id": "d"}
TO_MEDICATION = {"reference": "Medication/d"}
DRUG = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "327361"}]}


@pytest.mark.parametrize(
    ("more", "members"),
    [
        ([{**MEDICATION, "code": DRUG}], TO_MEDICATION),
        ([], {"reference": "#d"}),
        (
            [
                {
                    "resourceType": "Medication",
                    "id": "d",
                    "ingredient": [{"itemCodeableConcept": DRUG}],
                }
            ],
            {"reference": "Medication/d"},
        ),
    ],
)
def test_a_referenced_drug_stands_in_the_resource(reading, more, members):
    contained = [{**MEDICATION, "code": DRUG}]
    record = read(
        reading, patient(), statement(medicationReference=members, contained=contained), *more
    )
    assert record.retrieve("MedicationStatement")[0]["medicationCodeableConcept"] == DRUG
    assert record.data_issues == ()


def test_a_drug_that_is_not_found_goes_by_its_text_or_leaves_the_list_incomplete(reading):
    named = statement(medicationReference={"reference": "Medication/d", "display": "MTX"})
    record = read(reading, patient(), named)
    assert record.retrieve("MedicationStatement")[0]["medicationCodeableConcept"] == {"text": "MTX"}
    assert codes(record) == ["MEDICATION_NOT_FOUND"]
    assert record.incomplete == frozenset()
    unnamed = read(reading, patient(), statement(medicationReference={"reference": "Medication/d"}))
    assert unnamed.incomplete == {"MedicationStatement"}


def bundle(*resources):
    return {"resourceType": "Bundle", "entry": [{"resource": r} for r in resources]}


def test_a_bundle_is_one_patient(reading):
    assert (
        PatientRecord.read_bundle(bundle(patient(), observation("a")), reading).patient_id == "p1"
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "not a FHIR Bundle"),
        ({"resourceType": "Patient"}, "not a FHIR Bundle"),
        ({"resourceType": "Bundle", "entry": {}}, "not a list"),
        ({"resourceType": "Bundle"}, "no Patient"),
        (bundle(patient(), patient("p2")), "2 patients"),
    ],
)
def test_what_is_not_one_patients_bundle_is_refused(reading, document, message):
    with pytest.raises(InvalidBundle, match=message):
        PatientRecord.read_bundle(document, reading)


def test_one_of_two_patients_can_be_chosen(reading):
    two = bundle(patient(), patient("p2"), observation("a"))
    record = PatientRecord.read_bundle(two, reading, patient_id="p1")
    assert ids(record) == ["a"]
    assert codes(record) == ["OTHER_PATIENT"]


def test_references_inside_elements_are_normal_too(reading):
    statement_ = Entry({**statement(), "id": "m"}, "urn:uuid:m-1")
    event = {
        "resourceType": "AdverseEvent",
        "id": "e",
        "subject": {"reference": "Patient/p1"},
        "suspectEntity": [{"instance": {"reference": "urn:uuid:m-1"}}, 5],
    }
    record = read(reading, patient(), statement_, event)
    found = record.retrieve("AdverseEvent")[0]["suspectEntity"][0]
    assert found["instance"]["reference"] == "MedicationStatement/m"
    assert event["suspectEntity"][0]["instance"]["reference"] == "urn:uuid:m-1"
