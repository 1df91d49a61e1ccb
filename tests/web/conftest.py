"""The real application over the real content, with its store in a temporary file."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ra_cds_hooks.hooks.prefetch import prefetch_from_bundle
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import create_app

FIXTURES = Path(__file__).parents[2] / "fhir_fixtures"
SERVICE = "ra-refractory-review"
URL = f"/cds-services/{SERVICE}"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def make_app(content, tmp_path):
    def make(**overrides):
        defaults = {"database_url": f"sqlite:///{tmp_path / 'feedback.sqlite'}"}
        settings = load_settings(**{**defaults, **overrides})
        app = create_app(settings, content=content, now=lambda: NOW)
        made.append(app)
        return app

    made = []
    yield make
    for app in made:
        app.extensions["ra_cds_hooks"].gatherer.close()
        app.extensions["ra_cds_hooks"].store.close()


@pytest.fixture
def client(make_app):
    return make_app().test_client()


def bundle_of(case_id):
    return json.loads((FIXTURES / case_id / "bundle.json").read_text("utf-8"))


def patient_of(bundle):
    return next(
        e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"
    )


@pytest.fixture
def hook_request(content):
    """A request as an EHR with this bundle would send it."""

    def build(bundle, **members):
        patient_id = patient_of(bundle)["id"]
        return {
            "hook": "patient-view",
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "context": {"userId": "Practitioner/x", "patientId": patient_id},
            "prefetch": prefetch_from_bundle(content.services[SERVICE], bundle, patient_id),
            **members,
        }

    return build
