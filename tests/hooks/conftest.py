"""The real service definition, read as data, and requests for it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

import ra_cds_hooks
from ra_cds_hooks.fhir import ElementChecks, Reading
from ra_cds_hooks.fhir.client import FhirClient, Limits
from ra_cds_hooks.hooks.gather import Gatherer

TOML = Path(ra_cds_hooks.__file__).parent / "decision/services/ra-refractory-review.toml"


@dataclass(frozen=True)
class Key:
    query: str
    scope: str
    without: str
    required: str = ""


@dataclass(frozen=True)
class Definition:
    raw: dict
    prefetch: dict
    not_read: tuple = ()
    answers_when_unreachable: bool = False


@pytest.fixture(scope="session")
def service():
    raw = tomllib.loads(TOML.read_text("utf-8"))
    return Definition(raw, {name: Key(**key) for name, key in raw["prefetch"].items()})


@pytest.fixture
def gatherer():
    reading = Reading(
        ElementChecks({"Observation": {"status", "code", "value"}, "Procedure": {"code"}})
    )
    client = FhirClient(Limits(connect_seconds=0.5, read_seconds=0.5))
    # The short budget after a full prefetch has tests of its own (test_patience.py).
    built = Gatherer(reading, client, enough_seconds=3.0)
    yield built
    built.close()


def observation(id_, category="laboratory", **members):
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "category": [{"coding": [{"code": category}]}],
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]},
        **members,
    }


PATIENT = {"resourceType": "Patient", "id": "p1"}


def searchset(*resources, **members):
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": r} for r in resources],
        **members,
    }


def hook_body(prefetch=None, **members):
    body = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/x", "patientId": "p1"},
        **members,
    }
    return body if prefetch is None else {**body, "prefetch": prefetch}
