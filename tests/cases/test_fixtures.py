"""The fixture bundles: generated, valid FHIR R4, and one patient each."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from tools.fixtures.catalogue import bundles, rendered

FIXTURES = Path(__file__).resolve().parents[2] / "fhir_fixtures"
CASE_IDS = sorted(path.parent.name for path in FIXTURES.glob("*/bundle.json"))
FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@pytest.fixture(scope="module")
def generated() -> dict[str, dict[str, Any]]:
    return bundles()


def test_committed_bundles_are_the_generated_ones(generated: dict[str, dict[str, Any]]) -> None:
    assert sorted(generated) == CASE_IDS
    stale = [
        case_id
        for case_id, bundle in generated.items()
        if (FIXTURES / case_id / "bundle.json").read_text(encoding="utf-8") != rendered(bundle)
    ]
    assert not stale, "run: python -m tools.fixtures"


def test_every_case_folder_has_a_hand_written_expectation() -> None:
    folders = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir())
    assert folders == CASE_IDS
    assert not [name for name in folders if not (FIXTURES / name / "case.md").is_file()]


@pytest.mark.parametrize("case_id", CASE_IDS)
def test_resources_are_valid_r4_and_of_one_patient(case_id: str) -> None:
    text = (FIXTURES / case_id / "bundle.json").read_text(encoding="utf-8")
    entries = json.loads(text)["entry"]
    assert entries[0]["resource"]["resourceType"] == "Patient"
    ids = [(e["resource"]["resourceType"], e["resource"]["id"]) for e in entries]
    assert len(set(ids)) == len(ids)
    for entry in entries:
        resource = entry["resource"]
        assert FHIR_ID.fullmatch(resource["id"]), resource["id"]
        assert entry["fullUrl"].endswith(f"/{resource['resourceType']}/{resource['id']}")
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        holder = resource.get("subject") or resource.get("patient")
        if resource["resourceType"] != "Patient":
            assert holder == {"reference": f"Patient/{case_id}"}
