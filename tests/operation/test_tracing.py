"""One trace across systems: what a FHIR server is told, and what spans say and do not say."""

from __future__ import annotations

import re
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.operation.tracing import Tracing, trace_for, tracing_for
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import create_app, evaluation
from tests.hooks.fhir_server import faulty_server
from tests.web.conftest import NOW, SERVICE, URL, bundle_of

CASE = "v01-too-early"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SENT = f"00-{TRACE}-{SPAN}-01"
CANARY = "canary-typed"


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("02", False)])
def test_the_sampled_flag_is_passed_on_and_no_other(flags, sampled):
    trace = trace_for(f"00-{TRACE}-{SPAN}-{flags}")
    assert (trace.id, trace.parent, trace.sampled) == (TRACE, SPAN, sampled)
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-0{int(sampled)}", trace.headers["traceparent"])
    assert trace.span != SPAN


@pytest.mark.parametrize("sent", [None, "", CANARY, f"00-{TRACE}-{'0' * 16}-01"])
def test_without_a_valid_header_the_trace_is_new_and_not_sampled(sent):
    trace = trace_for(sent)
    assert trace.parent is None
    assert not trace.sampled
    assert trace.id != trace_for(sent).id


def asked_of_a_fhir_server(client, request, **headers):
    """The headers with which a FHIR server was asked during one call."""
    del request["prefetch"]["conditions"]
    with faulty_server() as server:
        server.answers["Condition"] = {"resourceType": "Bundle", "type": "searchset"}
        answer = client.post(URL, json=request | {"fhirServer": server.base}, headers=headers)
        assert answer.status_code == 200
        return server.headers_seen


def test_a_fhir_server_is_told_the_trace_of_the_call(client, hook_request):
    seen = asked_of_a_fhir_server(client, hook_request(bundle_of(CASE)), traceparent=SENT)
    told = {headers["traceparent"] for headers in seen}
    assert len(told) == 1, "one span made all reads of the call"
    assert re.fullmatch(rf"00-{TRACE}-(?!{SPAN})[0-9a-f]{{16}}-01", told.pop())
    assert not any("tracestate" in headers for headers in seen)


STATES = [
    ("vendor=some:thing", "vendor=some:thing"),
    ("a=1, t-1/x@b_*=2 3\t,,c=~", "a=1,t-1/x@b_*=2 3,c=~"),
    (",".join(f"k{n}=v" for n in range(32)), ",".join(f"k{n}=v" for n in range(32))),
    (",".join(f"k{n}=v" for n in range(33)), ""),  # more members than there may be
    (f"a={'x' * 256},b={'x' * 251}", f"a={'x' * 256},b={'x' * 251}"),
    (f"a={'x' * 256},b={'x' * 252}", ""),  # 513 characters
    ("a=1,a=2", ""),
    ("A=1", ""),
    ("a", ""),
    ("a=", ""),
    ("a=b=c", ""),
    ("a=\u00e9", ""),
    ("a=1\r\nHost: elsewhere", ""),
]


@pytest.mark.parametrize(("sent", "told"), STATES)
def test_a_tracestate_goes_on_where_it_is_of_its_form(sent, told):
    trace = trace_for(SENT, sent)
    assert trace.headers.get("tracestate", "") == told
    assert trace_for(None, sent).headers.keys() == {"traceparent"}, "it belongs to a traceparent"


@pytest.mark.parametrize("exported", [False, True], ids=["no spans", "spans"])
def test_a_fhir_server_is_told_the_tracestate(client, traced, spans, hook_request, exported):
    asked = traced if exported else client
    sent = {"traceparent": SENT, "tracestate": f"vendor={CANARY}"}
    seen = asked_of_a_fhir_server(asked, hook_request(bundle_of(CASE)), **sent)
    assert {headers["tracestate"] for headers in seen} == {f"vendor={CANARY}"}
    assert bool(spans.get_finished_spans()) is exported
    assert CANARY not in "".join(span.to_json() for span in spans.get_finished_spans())


def test_a_fhir_server_is_told_a_new_trace_where_the_caller_had_none(client, hook_request):
    first, second = (
        {h["traceparent"] for h in asked_of_a_fhir_server(client, hook_request(bundle_of(CASE)))}
        for _ in range(2)
    )
    assert len(first) == len(second) == 1
    assert first != second
    assert first.pop().endswith("-00")


@pytest.fixture
def spans():
    return InMemorySpanExporter()


@pytest.fixture
def traced(content, tmp_path, spans):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    settings = load_settings(database_url=f"sqlite:///{tmp_path / 'f.sqlite'}")
    app = create_app(settings, content=content, now=lambda: NOW, tracing=Tracing(provider))
    yield app.test_client()
    app.extensions["ra_cds_hooks"].gatherer.close()
    app.extensions["ra_cds_hooks"].store.close()


def test_spans_of_a_call_lie_below_the_callers(traced, spans, hook_request):
    seen = asked_of_a_fhir_server(traced, hook_request(bundle_of(CASE)), traceparent=SENT)
    by_name = {span.name: span for span in spans.get_finished_spans()}
    assert set(by_name) == {"request", "gather", "evaluate", "render"}
    request = by_name["request"]
    assert format(request.context.trace_id, "032x") == TRACE
    assert format(request.parent.span_id, "016x") == SPAN
    assert dict(request.attributes) == {
        "http.route": "/cds-services/<service_id>",
        "ra_cds.service": SERVICE,
        "http.response.status_code": 200,
        "ra_cds.outcome": "cards",
    }
    for name in ("gather", "evaluate", "render"):
        assert by_name[name].parent.span_id == request.context.span_id
        assert dict(by_name[name].attributes) == {"ra_cds.service": SERVICE}
    assert {headers["traceparent"] for headers in seen} == {
        f"00-{TRACE}-{request.context.span_id:016x}-01"
    }


def test_what_the_caller_does_not_sample_is_not_exported(traced, spans):
    traced.get("/cds-services", headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})
    assert spans.get_finished_spans() == ()
    traced.get("/cds-services")
    [span] = spans.get_finished_spans()
    assert span.parent is None


def test_nothing_of_the_record_is_in_a_span(traced, spans, hook_request, monkeypatch):
    body = hook_request(bundle_of(CASE))
    patient = body["context"]["patientId"]
    traced.post(URL, json=body)

    def crash(*_arguments):
        raise ValueError(f"{CANARY} {patient}")

    monkeypatch.setattr(evaluation, "decide", crash)
    traced.post(URL, json=body)
    traced.post(f"/cds-services/{CANARY}/feedback?{CANARY}", json={})
    traced.get(f"/{CANARY}")
    written = "".join(span.to_json() for span in spans.get_finished_spans())
    assert CANARY not in written
    assert patient not in written
    assert '"error.type": "ValueError"' in written
    assert '"http.response.status_code": 500' in written
    assert "exception" not in {e.name for s in spans.get_finished_spans() for e in s.events}


def test_the_collector_is_asked_for_where_it_is_set():
    tracing = tracing_for("http://127.0.0.1:9/v1/traces")
    assert tracing.is_on
    tracing.close()
    assert not tracing_for(None).is_on


def test_without_the_extra_the_start_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'ra-cds-hooks\[otel\]'"):
        tracing_for("http://127.0.0.1:4318/v1/traces")


def test_an_endpoint_that_is_no_url_is_refused():
    with pytest.raises(ConfigurationError, match="RA_CDS_OTLP_ENDPOINT"):
        load_settings(otlp_endpoint="collector")
