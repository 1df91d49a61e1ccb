"""Every fixture through the library and through the real hook, against its case.md.

Source of the expectations: clinical-spec.md sections 6 and 8, reasoned by hand in each case.md.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from ra_cds_hooks.decision import Content, decide, load_content, render
from ra_cds_hooks.fhir import ElementChecks, PatientRecord, Reading, entries_of
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import create_app

from .ehr import read_bundle, request_for
from .expectation import Expectation, read_expectation

FIXTURES = Path(__file__).resolve().parents[2] / "fhir_fixtures"
CASE_IDS = sorted(path.parent.name for path in FIXTURES.glob("*/case.md"))
AS_OF = datetime(2026, 11, 23, 12, tzinfo=UTC)
SERVICE = "ra-refractory-review"


@pytest.fixture(scope="session")
def content() -> Content:
    return load_content(load_settings().content_dir)


@pytest.fixture(scope="session")
def reading(content: Content) -> Reading:
    return Reading(ElementChecks(content.program.elements_read()))


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    database = tmp_path_factory.mktemp("store") / "feedback.sqlite"
    app = create_app(load_settings(as_of=AS_OF, database_url=f"sqlite:///{database}"))
    with app.test_client() as opened:
        yield opened


@pytest.mark.parametrize("case_id", CASE_IDS)
def test_library_agrees_with_case(case_id: str, content: Content, reading: Reading) -> None:
    expectation = read_expectation(FIXTURES / case_id / "case.md")
    bundle = _delivered(read_bundle(FIXTURES / case_id / "bundle.json"), expectation)
    record = PatientRecord.read(
        case_id,
        entries_of(bundle),
        reading,
        incomplete=[*expectation.not_obtained, *expectation.first_page_only],
    )
    decision = decide(content, record, AS_OF)
    response = render(
        content,
        decision,
        service=content.services[SERVICE],
        language="en",
        hook_instance="00000000-0000-4000-8000-000000000000",
    )
    assert not expectation.differences(decision.document, _cards(response, content.extension_key))


@pytest.mark.parametrize("case_id", CASE_IDS)
def test_hook_agrees_with_case(case_id: str, content: Content, client: FlaskClient) -> None:
    expectation = read_expectation(FIXTURES / case_id / "case.md")
    discovered = client.get("/cds-services").get_json()["services"]
    [templates] = [s["prefetch"] for s in discovered if s["id"] == SERVICE]
    request = request_for(
        read_bundle(FIXTURES / case_id / "bundle.json"),
        templates,
        not_obtained=expectation.not_obtained,
        first_page_only=expectation.first_page_only,
    )
    answer = client.post(f"/cds-services/{SERVICE}", json=request)
    assert answer.status_code == 200, answer.get_json()
    response = answer.get_json()
    document = response["extension"][content.extension_key]
    assert not expectation.differences(document, _cards(response, content.extension_key))


def _delivered(bundle: dict[str, Any], expectation: Expectation) -> dict[str, Any]:
    """The bundle without the resource types that the case says could not be obtained."""
    delivered = copy.deepcopy(bundle)
    delivered["entry"] = [
        entry
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] not in expectation.not_obtained
    ]
    return delivered


def _cards(response: dict[str, Any], extension_key: str) -> list[str]:
    return [card["extension"][extension_key]["card"] for card in response["cards"]]
