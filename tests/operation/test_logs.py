"""One log: JSON lines with request and trace ids, and nothing that a library might quote."""

from __future__ import annotations

import io
import json
import logging
import uuid

import pytest

from ra_cds_hooks.operation.logs import configure_logging, request_id_of, trace_of
from tests.web.conftest import SERVICE, URL, bundle_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def log():
    """Everything that is logged at DEBUG, as the service writes it."""
    root = logging.getLogger()
    ours, gunicorn = logging.getLogger("ra_cds_hooks"), logging.getLogger("gunicorn.error")
    before = root.handlers[:], root.level, ours.level, gunicorn.handlers[:], gunicorn.propagate
    stream = io.StringIO()
    configure_logging("DEBUG", "json", stream)
    yield stream
    root.handlers[:], root.level, level, gunicorn.handlers[:], gunicorn.propagate = before
    ours.setLevel(level)


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_request_is_one_line_with_its_ids(log, client, hook_request):
    asked = str(uuid.uuid4())
    headers = {"X-Request-ID": asked, "traceparent": f"00-{TRACE}-{SPAN}-01"}
    answer = client.post(URL, json=hook_request(bundle_of("v01-too-early")), headers=headers)
    assert answer.headers["X-Request-ID"] == asked
    [line] = [line for line in lines(log) if line["event"] == "request"]
    assert line["route"] == "/cds-services/<service_id>"
    assert (line["service"], line["status"], line["outcome"]) == (SERVICE, 200, "cards")
    assert line["seconds"] > 0
    assert line["level"] == "info"
    mine = [line for line in lines(log) if line.get("request_id") == asked]
    assert len(mine) > 1, "the lines inside the request carry its id, too"
    assert {(line["trace_id"], line["parent_span_id"]) for line in mine} == {(TRACE, SPAN)}


def test_the_ids_end_with_the_request(log, client):
    client.get("/cds-services")
    logging.getLogger("ra_cds_hooks").warning("afterwards")
    assert "request_id" not in lines(log)[-1]


@pytest.mark.parametrize("sent", [None, "", "CANARY", "Patient/1", "../x", "a" * 500])
def test_a_request_id_that_is_no_uuid_is_not_repeated(sent):
    assert request_id_of(sent) != sent
    assert uuid.UUID(request_id_of(sent))


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "CANARY",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_a_traceparent_that_is_not_valid_starts_a_new_trace(sent):
    trace, span = trace_of(sent)
    assert trace != TRACE
    assert len(trace) == 32
    assert span is None


@pytest.mark.parametrize("sent", [f"00-{TRACE}-{SPAN}-01", f"01-{TRACE}-{SPAN}-00-more"])
def test_a_valid_traceparent_goes_on(sent):
    assert trace_of(sent) == (TRACE, SPAN)


@pytest.mark.parametrize(
    ("name", "message", "arguments"),
    [
        ("urllib3.connectionpool", "GET %s", ("/Patient?name=CANARY",)),
        ("urllib3.connectionpool", "GET CANARY", ()),
        ("gunicorn.error", "Error handling request %s", ("/cds-services/CANARY",)),
        ("sqlalchemy.engine", {"CANARY": 1}, ()),
    ],
)
@pytest.mark.parametrize("form", ["json", "text"])
def test_what_a_library_quotes_is_withheld(log, name, message, arguments, form):
    configure_logging("DEBUG", form, log)
    try:
        raise ValueError("CANARY")
    except ValueError:
        logging.getLogger(name).exception(message, *arguments)
    written = log.getvalue()
    assert "CANARY" not in written
    assert name in written
    assert "ValueError at test_what_a_library_quotes_is_withheld" in written


def test_our_own_errors_are_told_by_kind_and_place(log):
    try:
        raise ValueError("CANARY")
    except ValueError:
        logging.getLogger("ra_cds_hooks.x").exception("failed", stack_info=True)
    assert "CANARY" not in log.getvalue()
    assert lines(log)[-1]["error"].startswith("ValueError at test_our_own_errors")


def test_libraries_are_not_heard_below_warning(log):
    logging.getLogger("urllib3").info("GET CANARY")
    assert log.getvalue() == ""
