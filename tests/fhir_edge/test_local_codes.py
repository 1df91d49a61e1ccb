"""A site's codes: ours are added beside theirs, and a wrong file says which entry."""

import re
from pathlib import Path

import pytest

from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.fhir import ElementChecks, Entry, LocalCodes, PatientRecord, Reading

from .conftest import READ, observation, patient

DOCUMENT = Path(__file__).parents[2] / "docs" / "local-codes.md"
SITE = "urn:oid:1.2.840.99999.1"
OURS = "urn:ra-cds-hooks:codes"


@pytest.fixture
def codes(tmp_path):
    example = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text("utf-8"), re.S)[1]
    path = tmp_path / "local_codes.toml"
    path.write_text(example, "utf-8")
    return LocalCodes.read(path)


def test_the_documented_example_maps_a_joint_count(codes):
    theirs = {"system": SITE, "code": "GEL28-D"}
    mapped = codes.apply(observation("a", code={"coding": [theirs]}))
    assert mapped["code"]["coding"][0] == theirs
    assert mapped["code"]["coding"][1]["code"] == "88981-6"


@pytest.mark.parametrize(
    "code",
    [{"text": "  adalimumab   TALSPIEGEL "}, {"coding": [{"display": "Adalimumab Talspiegel"}]}],
)
def test_texts_are_compared_without_case_and_spacing(codes, code):
    mapped = codes.apply(observation("a", code=code))
    assert {"system": OURS, "code": "tdm-adalimumab-level"} in mapped["code"]["coding"]


def test_a_text_is_never_a_pattern(codes):
    resource = observation("a", code={"text": "Adalimumab Talspiegel alt"})
    assert codes.apply(resource) is resource


@pytest.mark.parametrize(
    ("resource", "element", "added"),
    [
        (
            {
                "resourceType": "MedicationRequest",
                "medicationCodeableConcept": {"text": "艾拉莫德片"},
            },
            "medicationCodeableConcept",
            "iguratimod",
        ),
        ({"resourceType": "Condition", "code": {"text": "RA seropositiv"}}, "code", "M05.9"),
        (
            observation("a", valueCodeableConcept={
                "coding": [{"system": "urn:oid:1.2.840.99999.3", "code": "NACHW"}]}),
            "valueCodeableConcept",
            "POS",
        ),
    ],
)  # fmt: skip
def test_each_kind_has_its_place(codes, resource, element, added):
    assert added in [c["code"] for c in codes.apply(resource)[element]["coding"]]


def test_a_stop_reason_and_a_component_are_mapped(codes):
    stopped = {"resourceType": "MedicationStatement", "statusReason": [{"text": "unwirksam"}]}
    assert codes.apply(stopped)["statusReason"][0]["coding"][0]["code"] == "stop-ineffective"
    parts = [{"code": {"coding": [{"system": SITE, "code": "GEL28-D"}]}}]
    panel = observation("a", component=parts)
    assert codes.apply(panel)["component"][0]["code"]["coding"][1]["code"] == "88981-6"


def test_a_code_that_is_there_already_is_not_added_again(codes):
    both = [{"system": SITE, "code": "GEL28-D"}, {"system": "http://loinc.org", "code": "88981-6"}]
    resource = observation("a", code={"coding": both})
    assert codes.apply(resource) is resource


def test_the_record_applies_the_mapping(codes):
    reading = Reading(ElementChecks(READ), codes)
    theirs = observation("a", code={"coding": [{"system": SITE, "code": "GEL28-D"}]})
    record = PatientRecord.read("p1", [Entry(patient()), Entry(theirs)], reading)
    assert len(record.retrieve("Observation")[0]["code"]["coding"]) == 2


def test_odd_shapes_pass_through(codes):
    for code in (None, 5, [], {"coding": 5}, {"coding": [5, {"system": 1, "code": []}]}):
        resource = observation("a", code=code, component=[5, {"code": 7}])
        assert codes.apply(resource) is resource


TWICE = 'to = { system = "s", code = "y" }'
TO = f'to = {{ system = "{OURS}", code = "x" }}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[laboratory]]", r"\[\[laboratory\]\] is not one of"),
        (f'[[lab]]\nsystem = "s"\n{TO}', r"\[\[lab\]\] entry 1: give system and code"),
        ('[[lab]]\ntext = "t"', "`to` needs a system and a code"),
        (
            f'[[lab]]\ntext = "t"\n{TO}\n[[lab]]\ntext = "u"\ncolour = "red"\n{TO}',
            "entry 2.*colour",
        ),
        (
            f'[[lab]]\ntext = "t"\n{TO}\n[[lab]]\ntext = " T "\n{TWICE}',
            "entry 2: the same text is mapped twice",
        ),
        ("[[lab]", "not TOML"),
    ],
)
def test_a_wrong_file_names_the_entry(tmp_path, text, message):
    path = tmp_path / "local_codes.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=message):
        LocalCodes.read(path)


def test_a_missing_file_is_a_configuration_error(tmp_path):
    with pytest.raises(ConfigurationError, match="RA_CDS_LOCAL_CODES"):
        LocalCodes.read(tmp_path / "none.toml")
