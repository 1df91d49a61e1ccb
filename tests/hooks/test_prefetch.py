"""The templates keep to what CDS Hooks 2.0 recommends, and answer from a plain Bundle."""

import re
import tomllib
from pathlib import Path

import pytest

from ra_cds_hooks.errors import ContentError
from ra_cds_hooks.hooks.models import Context
from ra_cds_hooks.hooks.prefetch import fill, prefetch_from_bundle

from .conftest import PATIENT, TOML, observation

CONTEXT = Context(userId="Practitioner/dr-1", patientId="p1", count=3)
ALLOWED_PARAMETERS = {"patient", "subject", "category", "_count", "_sort"}


def test_at_most_ten_keys_each_short(service):
    assert len(service.prefetch) <= 10
    assert all(len(key.query) < 2048 for key in service.prefetch.values())


def test_only_recommended_parameters(service):
    for key in service.prefetch.values():
        query = fill(key.query, CONTEXT)
        assert {name for name, _ in query.parameters} <= ALLOWED_PARAMETERS
        assert re.findall(r"\{\{(.*?)\}\}", key.query) == ["context.patientId"]


def test_every_key_says_its_scope_and_what_a_refusal_costs(service):
    for key in service.prefetch.values():
        kind = fill(key.query, CONTEXT).resource_type
        assert key.scope == f"patient/{kind}.rs"
        assert key.without.endswith(".")


def test_the_description_says_what_it_is(service):
    description = " ".join(service.raw["description"].split())
    assert "decision support for clinicians, not clinically validated" in description.lower()
    assert "Intended use" in description


def test_tokens_are_filled_in_and_quoted():
    odd = Context(userId="Practitioner/a&b", patientId="p1")
    assert fill("Patient/{{context.patientId}}", CONTEXT).text == "Patient/p1"
    assert fill("PractitionerRole?practitioner={{userPractitionerId}}", odd).text.endswith("a%26b")
    assert fill("Observation?_count={{ context.count }}", CONTEXT).count == 3


@pytest.mark.parametrize(
    "template", ["X/{{context.nothing}}", "X/{{userPatientId}}", "X/{{today}}", "X/{{a.b}}"]
)
def test_an_unknown_token_is_a_content_error(template):
    with pytest.raises(ContentError):
        fill(template, CONTEXT)


def bundle(*resources):
    return {
        "resourceType": "Bundle",
        "entry": [{"fullUrl": f"urn:x:{r['id']}", "resource": r} for r in resources],
    }


def test_a_bundle_answers_each_key(service):
    theirs = observation("z", subject={"reference": "Patient/p2"})
    by_urn = observation("u", category="exam", subject={"reference": "urn:x:p1"})
    answer = prefetch_from_bundle(
        service,
        bundle(PATIENT, observation("lab"), by_urn, theirs, observation("none", category="other")),
        "p1",
    )
    assert set(answer) == set(service.prefetch)
    assert answer["patient"] == PATIENT
    assert [e["resource"]["id"] for e in answer["laboratory"]["entry"]] == ["lab"]
    assert [e["resource"]["id"] for e in answer["observations"]["entry"]] == ["u"]
    assert answer["conditions"] == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 0,
        "entry": [],
    }


def test_newest_first_and_cut_at_the_count(service):
    old = observation("old", effectiveDateTime="2020-01-01")
    many = [observation(f"n{i}", effectiveDateTime="2026-01-01") for i in range(1000)]
    answer = prefetch_from_bundle(service, bundle(PATIENT, old, *many), "p1")
    assert len(answer["laboratory"]["entry"]) == 1000
    assert answer["laboratory"]["total"] == 1001
    assert "old" not in {e["resource"]["id"] for e in answer["laboratory"]["entry"]}


def test_a_patient_who_is_not_there_is_null(service):
    assert prefetch_from_bundle(service, bundle(PATIENT), "p9")["patient"] is None


def documented(heading):
    """The rows of the prefetch table in this section of the documentation."""
    document = (Path(__file__).parents[2] / "docs" / "cds-service.md").read_text("utf-8")
    [section] = [s for s in document.split("\n## ") if s.startswith(heading)]
    return re.findall(r"^\| `(\w+)` \| `(\S+)` \| (.+) \|$", section, re.M)


def test_the_documented_table_is_the_definition(service):
    wanted = [(name, key.scope, key.without) for name, key in service.prefetch.items()]
    assert documented("Prefetch keys") == wanted


@pytest.mark.parametrize("hook", ["select", "sign"])
def test_the_documented_table_of_the_order_services(hook):
    raw = tomllib.loads((TOML.parent / f"ra-escalation-safety-{hook}.toml").read_text("utf-8"))
    wanted = [(name, key["scope"], key["without"]) for name, key in raw["prefetch"].items()]
    assert documented("The order services") == wanted
