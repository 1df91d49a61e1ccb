"""The application once for all bad input; Hypothesis needs no fresh one per example."""

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


@pytest.fixture(scope="session")
def app(tmp_path_factory):
    store = tmp_path_factory.mktemp("store") / "feedback.sqlite"
    settings = load_settings(database_url=f"sqlite:///{store}", fhir_budget_seconds=0.5)
    built = create_app(settings, now=lambda: NOW)
    yield built
    built.extensions["ra_cds_hooks"].gatherer.close()
    built.extensions["ra_cds_hooks"].store.close()


def bundle_of(case_id):
    return json.loads((FIXTURES / case_id / "bundle.json").read_text("utf-8"))


def request_for(content, bundle):
    patient = next(
        e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"
    )
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/x", "patientId": patient["id"]},
        "prefetch": prefetch_from_bundle(content.services[SERVICE], bundle, patient["id"]),
    }
