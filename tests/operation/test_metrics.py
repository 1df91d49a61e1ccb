"""Readiness, and each number that the metrics page promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.hooks.fhir_server import faulty_server
from tests.trust.conftest import BASE, Token, issuers, make_client, write_issuers  # noqa: F401  (fixtures)
from tests.web.conftest import SERVICE, URL, bundle_of

CASE = "v01-too-early"


def number(client, name, **labels):
    """The value of one sample on /metrics; 0.0 where it was never counted."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    for line in answer.get_data(as_text=True).splitlines():
        found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
        if found and found[1] == name:
            shown = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
            if labels.items() <= shown.items():
                return float(found[3])
    return 0.0


def test_ready_when_content_and_store_are_there(client, content):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    checks = answer.get_json()["checks"]
    assert checks["content"] == content.version
    assert checks["store"] == "ok"


@pytest.mark.parametrize(("lenient", "status"), [(False, 503), (True, 200)])
def test_not_ready_while_the_store_is_away(make_app, tmp_path, lenient, status):
    away = f"sqlite:///{tmp_path}/no/such/folder/f.sqlite"
    client = make_app(database_url=away, ready_without_store=lenient).test_client()
    answer = client.get("/readyz")
    assert answer.status_code == status
    assert "does not answer" in answer.get_json()["checks"]["store"]
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("replay", "status"), [(None, 503), ("database", 503), ("memory", 200)])
def test_not_ready_without_the_store_that_lets_callers_in(make_app, tmp_path, replay, status):
    app = make_app(
        database_url=f"sqlite:///{tmp_path}/no/such/folder/f.sqlite",
        ready_without_store=True,
        issuers=write_issuers(tmp_path),
        public_base_url=BASE,
        jwt_replay=replay,
    )
    assert app.test_client().get("/readyz").status_code == status


def test_a_call_counts_its_cards_stages_and_time(client, hook_request):
    labels = {"service": SERVICE}
    answer = client.post(URL, json=hook_request(bundle_of(CASE)))
    cards = len(answer.get_json()["cards"])
    assert cards > 0
    assert number(client, "ra_cds_requests_total", **labels, endpoint="call", outcome="cards") == 1
    assert number(client, "ra_cds_request_seconds_count", **labels, endpoint="call") == 1
    assert number(client, "ra_cds_cards_total", **labels, card="status", fate="shown") == 1
    for stage in ("gather", "evaluate", "render"):
        assert number(client, "ra_cds_stage_seconds_count", **labels, stage=stage) == 1
        assert number(client, "ra_cds_stage_seconds_sum", **labels, stage=stage) > 0


def test_no_cards_and_errors_are_outcomes_of_their_own(client, hook_request):
    client.post(URL, json=hook_request(bundle_of("record--no-ra")))
    client.post(URL, json={})
    client.post("/cds-services/CANARY", json={})
    assert number(client, "ra_cds_requests_total", service=SERVICE, outcome="no cards") == 1
    assert number(client, "ra_cds_requests_total", service=SERVICE, outcome="400") == 1
    assert number(client, "ra_cds_requests_total", service="unknown", outcome="404") == 1


def test_gaps_by_kind_and_fhir_calls_by_outcome(client, hook_request):
    request = hook_request(bundle_of(CASE))
    del request["prefetch"]["conditions"]
    with faulty_server() as server:
        server.answers["Condition"] = (403, b"no")
        server.answers["Observation"] = {"resourceType": "Bundle"}
        client.post(URL, json=request | {"fhirServer": server.base})
    assert number(client, "ra_cds_gaps_total", service=SERVICE, kind="Condition") == 1
    assert number(client, "ra_cds_gaps_total", service=SERVICE, kind="Observation") == 0
    assert number(client, "ra_cds_fhir_calls_total", outcome="forbidden") >= 1


def test_a_fhir_call_that_works_is_ok(client, hook_request):
    request = hook_request(bundle_of(CASE))
    del request["prefetch"]["conditions"]
    with faulty_server() as server:
        server.answers["Condition"] = {"resourceType": "Bundle", "type": "searchset"}
        client.post(URL, json=request | {"fhirServer": server.base})
    assert number(client, "ra_cds_fhir_calls_total", outcome="ok") == 1


def test_data_issues_by_code(client, hook_request):
    request = hook_request(bundle_of(CASE))
    stranger = {"resourceType": "Condition", "id": "x", "subject": {"reference": "Patient/z"}}
    request["prefetch"]["conditions"] = stranger
    client.post(URL, json=request)
    assert number(client, "ra_cds_data_issues_total", service=SERVICE, code="OTHER_PATIENT") == 1


def test_refusals_by_cause(make_client, issuers):  # noqa: F811
    client = make_client(issuers)
    client.get("/cds-services")
    for _ in range(2):
        client.get("/cds-services", headers=Token("/wrong").header())
    assert number(client, "ra_cds_jwt_refusals_total", cause="missing") == 1
    assert number(client, "ra_cds_jwt_refusals_total", cause="audience") == 2


def test_the_probes_count_nothing(client):
    for path in ("/healthz", "/readyz", "/metrics"):
        client.get(path)
    assert "ra_cds_requests_total{" not in client.get("/metrics").get_data(as_text=True)


def test_the_content_is_named(client, content):
    assert number(client, "ra_cds_content_info", version=content.version) == 1


def test_metrics_can_be_switched_off(make_app):
    assert make_app(metrics=False).test_client().get("/metrics").status_code == 404


WORKER = """
import sys
from ra_cds_hooks.operation.metrics import Metrics
metrics = Metrics("v1")
for _ in range(int(sys.argv[1])):
    metrics.refused("expired")
sys.stdout.write(metrics.text().decode())
"""


def test_worker_processes_that_share_a_folder_answer_for_all(tmp_path):
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    said = ""
    for times in ("2", "3"):
        said = subprocess.run(
            [sys.executable, "-c", WORKER, times],
            env=environment, check=True, capture_output=True, text=True, timeout=60,
        ).stdout  # fmt: skip
    assert 'ra_cds_jwt_refusals_total{cause="expired"} 5.0' in said
    assert 'ra_cds_content_info{version="v1"} 1.0' in said
