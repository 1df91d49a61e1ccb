"""FHIR JSON as truth tables: choices, primitive extensions, references, contained resources."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql_engine_lite.build import Json, observation, value

T, F, N = True, False, None
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
UNKNOWN: Json = {"extension": [{"url": ABSENT, "valueCode": "unknown"}]}


def one(define: str, resource: Json, *others: Json) -> Any:
    """The define's answer for the first resource."""
    return value("FhirTables", define, resource, *others)[0]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"effectiveDateTime": "2026-03"}, "dateTime"),
        ({"effectivePeriod": {"start": "2026"}}, "Period"),
        ({"effectiveInstant": "2026-03-15T12:00:00Z"}, "instant"),
        ({"effectiveTiming": {"event": ["2026-03-15"]}}, "Timing"),
        pytest.param({"_effectiveDateTime": UNKNOWN}, "dateTime"),
        ({"effective": "2026"}, None),
        ({"effectiveNothing": "2026"}, None),
        ({}, None),
    ],
)
def test_the_type_of_a_choice_is_that_of_its_key(members: Json, expected: str | None) -> None:
    assert one("Effective Type", observation("o", **members)) == expected


@pytest.mark.parametrize(
    ("members", "expected", "age"),
    [
        ({"onsetDateTime": "2020"}, "dateTime", N),
        ({"onsetAge": {"value": 41, "code": "a"}}, "Age", 41),
        ({"onsetAge": {"code": "a"}}, "Age", N),
        ({"onsetPeriod": {"end": "2020"}}, "Period", N),
        ({"onsetRange": {"low": {"value": 1}}}, "Range", N),
        ({"onsetString": "as a child"}, "string", N),
        ({}, N, N),
    ],
)
def test_onset_of_a_condition(members: Json, expected: str | None, age: int | None) -> None:
    condition = {"resourceType": "Condition", "id": "c"} | members
    assert one("Onset Type", condition) == expected
    assert one("Onset Age", condition) == age


@pytest.mark.parametrize(
    ("members", "above", "text"),
    [
        ({"valueQuantity": {"value": 5.1}}, T, N),
        ({"valueQuantity": {"value": 5.0}}, F, N),
        ({"valueQuantity": {"unit": "mm"}}, N, N),
        ({"valueQuantity": {"_value": UNKNOWN}}, N, N),
        ({"valueCodeableConcept": {"text": "positive"}}, N, "positive"),
        ({"valueCodeableConcept": {"coding": [{"code": "x"}]}}, N, N),
        ({"valueString": "9"}, N, N),
        ({"valueInteger": 9}, N, N),
        ({}, N, N),
    ],
)
def test_a_choice_read_as_another_type_is_null(
    members: Json, above: bool | None, text: str | None
) -> None:
    assert one("Above Five", observation("o", **members)) is above
    assert one("Value Text", observation("o", **members)) == text


@pytest.mark.parametrize(
    ("members", "issued", "is_null", "reason"),
    [
        ({"issued": "2026-03-15T12:00:00Z"}, "2026-03-15T12:00:00+00:00", F, N),
        ({"issued": "2026-03-15T12:00:00Z", "_issued": UNKNOWN}, "2026-03-15T12:00", F, "unknown"),
        ({"_issued": UNKNOWN}, N, F, "unknown"),
        ({"issued": None, "_issued": UNKNOWN}, N, F, "unknown"),
        ({"_issued": {"extension": [{"url": "other", "valueCode": "x"}]}}, N, F, N),
        ({"issued": None}, N, T, N),
        ({}, N, T, N),
    ],
)
def test_a_primitive_may_be_an_extension_only(
    members: Json, issued: str | None, is_null: bool, reason: str | None
) -> None:
    row = observation("o", **members)
    found = one("Issued", row)
    assert (found is None) is (issued is None)
    assert found is None or found.isoformat().startswith("2026-03-15T12:00")
    assert one("Issued Is Null", row) is is_null
    assert one("Issued Absent Reason", row) == reason


def test_extensions_of_a_choice_primitive() -> None:
    rows = [
        observation("a", valueString="x", _valueString={"extension": [{"url": "1"}, {"url": "2"}]}),
        observation("b", _valueString=UNKNOWN),
        observation("c", valueString="x"),
        observation("d"),
    ]
    assert value("FhirTables", "Value Extensions", *rows) == [2, 1, 0, 0]


def request(identity: str, **members: Any) -> Json:
    return {"resourceType": "MedicationRequest", "id": identity} | members


def medication(identity: str, text: str) -> Json:
    return {"resourceType": "Medication", "id": identity, "code": {"text": text}}


REFERRING = request("there", medicationReference={"reference": "Medication/m1"})
REQUESTS = [
    REFERRING,
    request("elsewhere", medicationReference={"reference": "Medication/m9"}),
    request("display", medicationReference={"display": "only a name"}),
    request("concept", medicationCodeableConcept={"text": "m1"}),
    request("none"),
]
MEDICATIONS = [medication("m1", "first"), medication("m2", "second")]


def test_references_are_followed_by_type_and_id() -> None:
    record = [*REQUESTS, *MEDICATIONS]
    assert value("FhirTables", "Medication Reference", *record) == [
        "Medication/m1",
        "Medication/m9",
        None,
        None,
        None,
    ]
    assert value("FhirTables", "Medication Referred To", *record) == ["first", N, N, N, N]
    assert value("FhirTables", "Requests With Medication", *record) == ["there"]
    # An unknown reference equals no Medication: `without` keeps the row.
    assert value("FhirTables", "Requests Without Medication", *record) == [
        "elsewhere",
        "display",
        "concept",
        "none",
    ]


def test_references_without_any_target() -> None:
    assert value("FhirTables", "Medication Referred To", REFERRING) == [None]
    assert value("FhirTables", "Requests With Medication", REFERRING) == []
    assert value("FhirTables", "Subjects", observation("o", subject={"display": "x"})) == [None]
    row = observation("o", subject={"reference": "Patient/p"})
    assert value("FhirTables", "Subjects", row) == ["Patient/p"]


CONTAINED = {"resourceType": "Medication", "id": "m", "code": {"text": "inside"}}
MAKER = {"resourceType": "Organization", "id": "x", "name": "maker"}


@pytest.mark.parametrize(
    ("members", "text", "types"),
    [
        pytest.param({"contained": [CONTAINED]}, "inside", ["Medication"]),
        pytest.param({"contained": [MAKER, CONTAINED]}, "inside", ["Organization", "Medication"]),
        pytest.param({"contained": [MAKER]}, N, ["Organization"]),
        pytest.param({"contained": [{**CONTAINED, "id": "other"}]}, N, ["Medication"]),
        pytest.param({"contained": [{"resourceType": "Substance", "id": "m"}]}, N, [None]),
        ({"contained": []}, N, []),
        ({}, N, []),
    ],
)
def test_contained_resources(members: Json, text: str | None, types: list[str | None]) -> None:
    row = request("r", medicationReference={"reference": "#m"}, **members)
    assert one("Contained Medication", row) == text
    assert (one("Contained Types", row) or []) == types
    # What is contained is no resource of the record.
    assert value("FhirTables", "Medication Referred To", row) == [None]


def test_a_contained_resource_is_not_found_without_the_reference() -> None:
    assert one("Contained Medication", request("r", contained=[CONTAINED])) is None
