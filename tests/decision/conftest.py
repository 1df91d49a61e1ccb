"""Decisions of all fixture patients, computed once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from ra_cds_hooks.decision import Content, Decision, decide
from ra_cds_hooks.fhir.record import PatientRecord
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import reading_for

FIXTURES = Path(__file__).parents[2] / "fhir_fixtures"
AS_OF = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def decisions(content: Content) -> dict[str, Decision]:
    reading = reading_for(content, load_settings())
    found = {}
    for path in sorted(FIXTURES.glob("*/bundle.json")):
        record = PatientRecord.read_bundle(orjson.loads(path.read_bytes()), reading)
        found[path.parent.name] = decide(content, record, AS_OF)
    return found
