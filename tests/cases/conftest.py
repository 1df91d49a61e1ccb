"""The content, the library path and the hook that the case tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from ra_cds_hooks.decision import Content, Decision, decide, render
from ra_cds_hooks.decision.catalogue import LANGUAGES
from ra_cds_hooks.fhir import ElementChecks, PatientRecord, Reading, entries_of
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import create_app

from .expectation import Expectation

FIXTURES = Path(__file__).resolve().parents[2] / "fhir_fixtures"
AS_OF = datetime(2026, 11, 23, 12, tzinfo=UTC)
SERVICE = "ra-refractory-review"

# differences(bundle, expectation) between what the library says of the bundle and the expectation
LibraryDifferences = Callable[[Mapping[str, Any], Expectation], list[str]]
# library_decision(bundle): the Decision document of a bundle taken to be complete
LibraryDecision = Callable[[Mapping[str, Any]], dict[str, Any]]


@pytest.fixture(scope="session")
def reading(content: Content) -> Reading:
    return Reading(ElementChecks(content.program.elements_read()))


@pytest.fixture(scope="session")
def library_decision(content: Content, reading: Reading) -> LibraryDecision:
    def document(bundle: Mapping[str, Any]) -> dict[str, Any]:
        record = PatientRecord.read_bundle(bundle, reading)
        return dict(decide(content, record, AS_OF).document)

    return document


@pytest.fixture(scope="session")
def library_differences(content: Content, reading: Reading) -> LibraryDifferences:
    def differences(bundle: Mapping[str, Any], expectation: Expectation) -> list[str]:
        delivered = [
            entry
            for entry in bundle["entry"]
            if entry["resource"]["resourceType"] not in expectation.not_obtained
        ]
        record = PatientRecord.read(
            bundle["entry"][0]["resource"]["id"],
            entries_of({**bundle, "entry": delivered}),
            reading,
            incomplete=[*expectation.not_obtained, *expectation.first_page_only],
        )
        decision = decide(content, record, AS_OF)
        shown = {language: _cards(content, decision, language) for language in LANGUAGES}
        [cards] = {tuple(ids) for ids in shown.values()}  # one answer, whatever the language
        return expectation.differences(decision.document, cards)

    return differences


@pytest.fixture(scope="session")
def client(content: Content, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    database = tmp_path_factory.mktemp("store") / "feedback.sqlite"
    settings = load_settings(as_of=AS_OF, database_url=f"sqlite:///{database}")
    with create_app(settings, content=content).test_client() as opened:
        yield opened


def _cards(content: Content, decision: Decision, language: str) -> list[str]:
    response = render(
        content,
        decision,
        service=content.services[SERVICE],
        language=language,
        hook_instance="00000000-0000-4000-8000-000000000000",
    )
    return card_ids(content, response)


def card_ids(content: Content, response: Mapping[str, Any]) -> list[str]:
    """The ids of the shown cards, in their order."""
    return [card["extension"][content.extension_key]["card"] for card in response["cards"]]
