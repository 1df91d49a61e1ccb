"""The protocol as a generic client drives it: discovery, preflight, prefetch, call, feedback.

The client (tools/interop/cds_hooks_client.py) knows CDS Hooks 2.0 and FHIR and none of our code;
the CDS Hooks Sandbox takes the same steps. The FHIR server behind it is sekmet-fhir.
"""

import json
import re
import uuid
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from tools.interop.cds_hooks_client import outcome_faults, response_faults
from tools.interop.run import HOOK, SERVICE

pytestmark = pytest.mark.interop

FIXTURE = Path(__file__).parents[2] / "fhir_fixtures" / "gate-tb--igra-none" / "bundle.json"
SANDBOX = "https://sandbox.cds-hooks.org"
# CDS Hooks 2.0.1 [Prefetch query restrictions] and the tokens of [Prefetch tokens].
SEARCH_PARAMETERS = {"_count", "_sort"}
TOKENS = re.compile(
    r"context\.(patientId|userId|encounterId)|user(Practitioner|PractitionerRole|Patient|RelatedPerson)Id"
)


@pytest.fixture(scope="module")
def patient_id(fhir_server):
    """A patient with RA in the EHR's FHIR server."""
    bundle = json.loads(FIXTURE.read_text("utf-8"))
    resources = [entry["resource"] for entry in bundle["entry"]]
    fhir_server.store(resources)
    return next(r["id"] for r in resources if r["resourceType"] == "Patient")


@pytest.fixture(scope="module")
def service(client):
    """What discovery says about the service."""
    return next(s for s in client.discover() if s["id"] == SERVICE)


@pytest.fixture(scope="module")
def prefetch(client, service, patient_id):
    return client.resolve(service["prefetch"], {"patientId": patient_id})


@pytest.fixture(scope="module")
def answer(client, service, patient_id, prefetch):
    """Request and response of a call with everything prefetched and no FHIR access."""
    body = client.request_body(service["hook"], patient_id, with_fhir=False)
    return body, client.call(service["id"], body | {"prefetch": prefetch})


def test_discovery_describes_each_service(client):
    services = client.discover()
    assert services
    for service in services:
        assert {"hook", "id", "description"} <= service.keys()
        assert all(
            isinstance(service[k], str) and service[k] for k in ("hook", "id", "description")
        )
        assert re.fullmatch(r"[A-Za-z0-9-]+", service["id"])


def test_prefetch_templates_keep_to_what_clients_must_support(service):
    assert 0 < len(service["prefetch"]) <= 10
    for template in service["prefetch"].values():
        assert len(template) < 2048
        found = re.findall(r"\{\{(.*?)\}\}", template)
        assert found and all(TOKENS.fullmatch(token.strip()) for token in found)
        parts = urlsplit(template)
        assert not parts.scheme and not template.startswith("/")
        for name, _ in parse_qsl(parts.query, keep_blank_values=True):
            assert not name.startswith("_") or name in SEARCH_PARAMETERS
            assert "." not in name and (":" not in name or name.endswith(":in"))


@pytest.mark.parametrize("path", ["", f"/{SERVICE}", f"/{SERVICE}/feedback"])
def test_preflight_passes_without_authorization(client, path):
    method = "POST" if path else "GET"
    response = client.session.options(
        f"{client.base_url}/cds-services{path}",
        headers={
            "Origin": SANDBOX,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type",
        },
        timeout=30,
    )
    assert response.status_code in (200, 204)
    assert response.headers["Access-Control-Allow-Origin"] in (SANDBOX, "*")
    assert method in response.headers["Access-Control-Allow-Methods"]
    allowed = response.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" in allowed and "content-type" in allowed


def test_the_answer_itself_may_be_read_by_the_browser(client, service, patient_id):
    for call in (
        lambda headers: client.session.get(
            f"{client.base_url}/cds-services", headers=headers, timeout=30
        ),
        lambda headers: client.session.post(
            f"{client.base_url}/cds-services/{SERVICE}",
            json=client.request_body(service["hook"], patient_id, with_fhir=True),
            headers=headers,
            timeout=60,
        ),
        lambda headers: client.session.post(
            f"{client.base_url}/cds-services/{SERVICE}", json={}, headers=headers, timeout=30
        ),
    ):
        allowed = call({"Origin": SANDBOX}).headers.get("Access-Control-Allow-Origin")
        assert allowed in (SANDBOX, "*")
        assert call({"Origin": "https://elsewhere.example"}).headers.get(
            "Access-Control-Allow-Origin"
        ) in (None, SANDBOX)


def test_a_call_with_prefetch_gives_cards(answer):
    _, response = answer
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("application/json")
    assert response_faults(response.json()) == []
    assert 1 <= len(response.json()["cards"]) <= 4


def test_the_same_hook_instance_gives_the_same_card_ids(client, service, answer, prefetch):
    body, response = answer
    again = client.call(service["id"], body | {"prefetch": prefetch}).json()
    assert again == response.json()
    other = client.call(
        service["id"], body | {"prefetch": prefetch, "hookInstance": str(uuid.uuid4())}
    ).json()
    ours, theirs = ({c["uuid"] for c in r["cards"]} for r in (response.json(), other))
    assert not ours & theirs
    assert [c["summary"] for c in other["cards"]] == [
        c["summary"] for c in response.json()["cards"]
    ]


def test_what_a_client_did_not_fetch_is_fetched(client, service, patient_id, prefetch, fhir_server):
    """Key absent: ours to fetch; the other keys are not asked for again."""
    some = {key: value for key, value in prefetch.items() if key != "laboratory"}
    body = client.request_body(service["hook"], patient_id, with_fhir=True)
    before = len(fhir_server.requests())
    partly = client.call(service["id"], body | {"prefetch": some})
    asked = [kind for _, kind, _, _ in fhir_server.requests()[before:]]
    assert asked.count("Observation") == 1
    assert not {"Patient", "Condition", "MedicationStatement"} & set(asked)
    whole = client.call(service["id"], body)
    assert partly.json()["extension"] == whole.json()["extension"]


def test_null_and_failed_prefetch_differ(client, service, patient_id, prefetch):
    """null says that there is nothing; an OperationOutcome says that nobody knows."""
    body = client.request_body(service["hook"], patient_id, with_fhir=False)
    failed = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "timeout"}],
    }
    nothing = client.call(service["id"], body | {"prefetch": prefetch | {"laboratory": None}})
    unknown = client.call(service["id"], body | {"prefetch": prefetch | {"laboratory": failed}})
    for response in (nothing, unknown):
        assert response.status_code == 200
        assert response_faults(response.json()) == []
    details = [str(r.json()["extension"]) for r in (nothing, unknown)]
    assert "laboratory:" not in details[0]
    assert "laboratory:" in details[1]


def test_unknown_fields_and_extensions_are_ignored(client, service, answer, prefetch):
    body, response = answer
    odd = body | {
        "prefetch": prefetch | {"somethingElse": {"resourceType": "Basic", "id": "b"}},
        "extension": {"com.example.client": {"nested": [1, None, {}]}},
        "unheardOf": True,
    }
    odd["context"] = body["context"] | {"unheardOf": {"x": 1}}
    again = client.call(service["id"], odd)
    assert again.status_code == 200
    assert again.json() == response.json()


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"hook": "order-sign"}, 400, "hook"),
        ({"hookInstance": "not-a-uuid"}, 400, "hookInstance"),
        ({"context": {"userId": "Practitioner/1"}}, 400, "patientId"),
        ({"context": {"patientId": "p"}}, 400, "userId"),
        ({"fhirAuthorization": {"access_token": "t"}}, 400, "fhirServer"),
    ],
)
def test_a_wrong_request_is_answered_with_its_field(client, service, answer, change, status, field):
    response = client.call(service["id"], answer[0] | change)
    assert response.status_code == status
    assert outcome_faults(response.json()) == []
    assert field in response.text


def test_an_unknown_service_is_404(client, answer):
    response = client.call("no-such-service", answer[0])
    assert response.status_code == 404
    assert outcome_faults(response.json()) == []


def test_suggested_orders_can_be_stored_as_they_are(answer, client, fhir_server):
    """What a client does when the clinician accepts: POST the suggestion's resource."""
    suggestions = [s for card in answer[1].json()["cards"] for s in card.get("suggestions", ())]
    created = [a["resource"] for s in suggestions for a in s["actions"] if a["type"] == "create"]
    assert created
    for resource in created:
        response = client.session.post(
            f"{fhir_server.base_url}/{resource['resourceType']}/$validate",
            json=resource,
            headers={"Authorization": f"Bearer {fhir_server.token}"},
            timeout=30,
        )
        severe = [i for i in response.json()["issue"] if i["severity"] in ("error", "fatal")]
        assert response.status_code == 200 and severe == []


def test_feedback_accepted_overridden_and_repeated(client, service, answer, cds_server):
    store = cds_server.app.extensions["ra_cds_hooks"].store
    cards = answer[1].json()["cards"]
    reason = cards[0]["overrideReasons"][0]
    batch = [
        {
            "card": cards[0]["uuid"],
            "outcome": "overridden",
            "overrideReason": {"reason": reason, "userComment": "seen at the last visit"},
            "outcomeTimestamp": "2026-11-23T12:00:00Z",
        },
        {
            "card": str(uuid.uuid4()),  # of a card this service never gave: stored all the same
            "outcome": "accepted",
            "acceptedSuggestions": [{"id": str(uuid.uuid4())}],
            "outcomeTimestamp": "2026-11-23T12:00:05+01:00",
        },
    ]
    before = store.count()
    for _ in range(3):
        assert client.feedback(service["id"], batch).status_code == 200
    assert store.count() == before + len(batch)


def test_feedback_that_is_not_feedback_is_400(client, service):
    response = client.feedback(service["id"], [{"outcome": "accepted"}])
    assert response.status_code == 400
    assert outcome_faults(response.json()) == []


def test_the_hook_of_discovery_is_the_hook_that_is_answered(service):
    assert (service["id"], service["hook"]) == (SERVICE, HOOK)
