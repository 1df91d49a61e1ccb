"""Canary strings in every place where a record can hold a person; nothing of them comes out.

Every endpoint is run at DEBUG level, well and in each kind of failure; what is written to the log,
to standard output and error, to the metrics, into the database and the audit, and every header and
error body, is searched for each canary. A 200 with cards is the answer itself and holds the record.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import uuid

import pytest

from ra_cds_hooks.operation.logs import configure_logging
from ra_cds_hooks.web import evaluation
from tests.hooks.fhir_server import faulty_server, hang, reset, truncated
from tests.trust.conftest import EC_KEY, OTHER_KEY, Token, issuers, make_client  # noqa: F401
from tests.web.conftest import SERVICE, URL, bundle_of
from tests.web.orders import ADALIMUMAB, SIGN, medication_request

NAME, NOTE, PATIENT, USER = "Canaryname", "Canarynote", "canary-patient-1", "canary-user"
TOKEN, COMMENT, CODE, TYPED = "canary.token.value", "Canarycomment", "canary-code", "canary-typed"
SUBJECT, JTI = "canary-subject", "canary-jti"
CANARIES = (NAME, NOTE, PATIENT, USER, TOKEN, COMMENT, CODE, TYPED, SUBJECT, JTI)
FAULTS = {
    "refused": None,
    "forbidden": (403, {"resourceType": "OperationOutcome", "text": {"div": NOTE}}),
    "html": (200, f"<p>{NAME} {NOTE}</p>".encode()),
    "outcome": {"resourceType": "OperationOutcome", "issue": [{"diagnostics": NOTE}]},
    "other type": {"resourceType": NAME},
    "reset": reset,
    "truncated": truncated,
    "hang": hang(1),
}


def spiked(bundle):
    """The record with canaries: the patient's id and name, and a note in every resource."""
    old = next(
        e["resource"]["id"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"
    )
    bundle = json.loads(json.dumps(bundle).replace(f"Patient/{old}", f"Patient/{PATIENT}"))
    for entry in bundle["entry"]:
        resource = entry["resource"]
        resource["text"] = {"status": "generated", "div": f"<div>{NOTE}</div>"}
        if resource["resourceType"] == "Patient":
            resource |= {"id": PATIENT, "name": [{"family": NAME}]}
            resource["identifier"] = [{"value": NAME}]
        else:
            resource["note"] = [{"text": f"{NAME} {NOTE}"}]
    bundle["entry"] += [
        {"resource": {"resourceType": "Observation", "id": "odd", "status": [NOTE]}},
        {
            "resource": {
                "resourceType": "Condition",
                "id": "other",
                "subject": {"reference": f"Patient/{NAME}", "display": NAME},
                "code": {"coding": [{"system": "x", "code": CODE}], "text": NOTE},
            }
        },
    ]
    return bundle


@pytest.fixture
def world(make_client, issuers, tmp_path, hook_request, capfd):  # noqa: F811
    """A verified client at DEBUG, and all that the service wrote in the end."""
    root, ours = logging.getLogger(), logging.getLogger("ra_cds_hooks")
    before = root.handlers[:], root.level, ours.level
    stream = io.StringIO()
    configure_logging("DEBUG", "json", stream)
    client = make_client(
        issuers,
        log_level="DEBUG",
        fhir_loopback=True,
        fhir_budget_seconds=0.4,
        audit="file",
        audit_file=tmp_path / "audit.jsonl",
    )
    yield World(client, hook_request(spiked(bundle_of("order-tnfi--caution"))), stream)
    root.handlers[:], root.level, level = before
    ours.setLevel(level)


class World:
    def __init__(self, client, request, stream):
        self.client, self.request, self.stream = client, request, stream
        self.request["context"] |= {"userId": f"Practitioner/{USER}"}
        self.seen, self.tokens = [], []

    def send(self, path, body=None, *, status, key=EC_KEY, method="POST", **headers):
        token = Token(path, key=key, claims={"sub": SUBJECT, "jti": f"{JTI}-{uuid.uuid4()}"})
        text = token.text()
        self.tokens.append(text)
        authorization = {"Authorization": f"Bearer {text}"}
        answer = self.client.open(path, method=method, json=body, headers=authorization | headers)
        assert answer.status_code == status, answer.get_data(as_text=True)
        self.seen.append(str(answer.headers))
        if status != 200:
            self.seen.append(answer.get_data(as_text=True))
        return answer

    def call(self, status=200, service=SERVICE, **members):
        body = {**self.request, "hookInstance": str(uuid.uuid4()), **members}
        return self.send(f"/cds-services/{service}", body, status=status)

    def written(self, tmp_path, capfd):
        """All that came out, as one text."""
        captured = capfd.readouterr()
        metrics = self.client.get("/metrics").get_data(as_text=True)
        self.client.application.extensions["ra_cds_hooks"].card_log.flush()
        assert (tmp_path / "audit.jsonl").stat().st_size > 10_000, "the audit is searched, too"
        files = [
            path.read_bytes().decode("latin-1")
            for path in tmp_path.iterdir()
            if path.is_file() and path.name not in {"jwks.json", "issuers.toml"}
        ]
        assert files, "the database is among what is searched"
        return "\n".join(
            [*self.seen, self.stream.getvalue(), metrics, captured.out, captured.err, *files]
        )


def found_in(text):
    encoded = [base64.b64encode(c.encode()).decode().rstrip("=") for c in CANARIES]
    return [c for c in (*CANARIES, *encoded) if c.lower() in text.lower()]


def test_nothing_of_the_record_comes_out(world, tmp_path, capfd, monkeypatch):
    authorization = {"access_token": TOKEN, "token_type": "Bearer", "scope": "patient/*.read"}
    assert world.call().get_json()["cards"]
    orders = {
        "draftOrders": {
            "resourceType": "Bundle",
            "entry": [{"resource": medication_request(ADALIMUMAB, note=[{"text": NOTE}])}],
        }
    }
    context = world.request["context"] | orders
    shown = world.call(service=SIGN, hook="order-sign", context=context).get_json()["cards"]
    assert shown
    _failing_servers(world, authorization)
    _wrong_requests(world)
    _feedback(world, shown[0]["uuid"])
    _crash(world, monkeypatch)
    written = world.written(tmp_path, capfd)
    assert found_in(written) == []
    assert [token for token in world.tokens if token in written or token[-40:] in written] == []
    for proof in (
        '"status":412',
        '"status":500',
        '"status":401',
        "ra_cds_fhir_calls_total",
        SERVICE,
    ):
        assert proof in written, "the search ran over what the failures wrote"


def _failing_servers(world, authorization):
    prefetch = {"patient": world.request["prefetch"]["patient"]}
    with faulty_server() as server:
        asked = {"fhirServer": server.base, "fhirAuthorization": authorization}
        for fault in FAULTS.values():
            for kind in ("Condition", "Observation", "Patient"):
                server.answers[kind] = fault
            world.call(412, prefetch=prefetch, **asked)
            world.call(412, prefetch={}, **asked)
        assert any(TOKEN in (token or "") for token in server.tokens), "the token was used"
        assert any(PATIENT in path for path in server.asked), "the patient was asked for"


def _wrong_requests(world):
    world.call(400, hook=NAME)
    world.call(400, hookInstance=NAME)
    world.call(400, fhirServer=f"https://{NAME}:pass@example.org/{PATIENT}")
    world.call(400, context={"userId": [USER], "patientId": f"{PATIENT}/{NAME}"})
    world.call(412, prefetch={}, fhirServer=f"https://{TYPED}.example.org/{PATIENT}")
    world.send(URL, status=415, **{"Content-Type": f"text/{TYPED}"})
    world.send(f"/cds-services/{TYPED}", {}, status=404)
    world.send(f"/{TYPED}/{PATIENT}", {}, status=404)
    world.send(URL, world.request, status=401, key=OTHER_KEY)
    world.send(URL, world.request, status=405, method="PUT")
    world.send(
        "/cds-services", status=200, method="GET",
        **{"X-Request-ID": TYPED, "traceparent": TYPED, "User-Agent": TYPED, "Origin": TYPED},
    )  # fmt: skip
    trace = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": f"a={TYPED}"}
    world.send(URL, world.request, status=200, **trace)


def _feedback(world, card):
    item = {
        "card": card,
        "outcome": "overridden",
        "outcomeTimestamp": "2026-11-23T12:00:00Z",
        "overrideReason": {
            "reason": {"system": "urn:ehr", "code": "other", "display": NOTE},
            "userComment": COMMENT,
        },
    }
    path = f"/cds-services/{SIGN}/feedback"
    world.send(path, {"feedback": [item]}, status=200)
    world.send(path, {"feedback": [item | {"outcome": NAME}]}, status=400)


def _crash(world, monkeypatch):
    def crash(*_arguments):
        raise ValueError(f"{NAME} {NOTE} {PATIENT}")

    monkeypatch.setattr(evaluation, "decide", crash)
    world.call(500)


@pytest.mark.parametrize("canary", CANARIES)
def test_the_search_finds_each_canary(canary):
    assert found_in(f"... {canary.upper()} ...") == [canary]
    assert found_in(base64.b64encode(canary.encode()).decode().rstrip("="))
