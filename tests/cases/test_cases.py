"""Every fixture through the library and through the real hook, against its case.md.

Source of the expectations: clinical-spec.md sections 6 and 8, reasoned by hand in each case.md.
"""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from ra_cds_hooks.decision import Content

from .conftest import FIXTURES, SERVICE, LibraryDifferences, card_ids
from .ehr import read_bundle, request_for
from .expectation import read_expectation

CASE_IDS = sorted(path.parent.name for path in FIXTURES.glob("*/case.md"))


@pytest.mark.parametrize("case_id", CASE_IDS)
def test_library_agrees_with_case(case_id: str, library_differences: LibraryDifferences) -> None:
    expectation = read_expectation(FIXTURES / case_id / "case.md")
    bundle = read_bundle(FIXTURES / case_id / "bundle.json")
    assert library_differences(bundle, expectation) == []


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
    assert expectation.differences(document, card_ids(content, response)) == []
