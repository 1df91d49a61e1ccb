"""The Decision document: its schema, and what decide() promises."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import ra_cds_hooks.decision

SCHEMA = json.loads(
    (Path(ra_cds_hooks.decision.__file__).parent / "decision.schema.json").read_text()
)


def test_every_fixture_decision_fits_the_schema(decisions):
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for case, decision in decisions.items():
        faults = [
            f"{case} {e.json_path}: {e.message}" for e in validator.iter_errors(decision.document)
        ]
        assert faults == []


def test_the_schema_can_fail():
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {
                "patient": "Patient/1",
                "asOf": "2026-11-23",
                "contentVersion": "1",
                "primary": "FINE",
            },
            SCHEMA,
        )


def test_a_patient_without_ra_gets_no_card(decisions):
    decision = decisions["record--no-ra"]
    assert decision.document["primary"] == "NOT_RA"
    assert [
        card_id for card_id, answer in decision.cards.items() if answer.shown is not False
    ] == []


def test_no_way_to_tell_is_not_no_ra(decisions):
    decision = decisions["record--no-way-to-tell"]
    assert "primary" not in decision.document
    assert decision.cards["missing-data"].shown is True
    assert "ra-diagnosis" in {gap["what"] for gap in decision.document["gaps"]}


def test_evidence_names_resources_of_the_record(decisions):
    fixtures = Path(__file__).parents[2] / "fhir_fixtures"
    for case, decision in decisions.items():
        bundle = json.loads((fixtures / case / "bundle.json").read_text())
        held = {f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in bundle["entry"]}
        cited = {row["reference"] for row in decision.document.get("evidence", [])}
        assert cited <= held, case
        if decision.document.get("primary") not in (None, "NOT_RA"):
            assert cited, case
