"""Traces across systems: the caller's trace goes on to the FHIR servers, and to a collector if set.

A ``traceparent`` is ids and a flag, nothing of the patient. ``tracestate`` is what the caller's
tracing systems say to each other: it goes on to the FHIR server of the request unchanged, where it
is of its form, and is written nowhere here. Spans are exported by OpenTelemetry where
RA_CDS_OTLP_ENDPOINT names a collector (the extra ``otel``): request, gather, evaluate and render,
with route, service, status and outcome.

Sources: W3C Trace Context (level 1, 3.3 for tracestate); OpenTelemetry Python API 1.28.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.operation.logs import trace_of

# Longer ones may be dropped whole (3.3.1.5): 512 characters is what has to be passed on.
_STATE_LENGTH, _STATE_MEMBERS = 512, 32
_MEMBER = re.compile(
    r"([a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)

NO_SPANS = "RA_CDS_OTLP_ENDPOINT needs the extra otel: pip install 'ra-cds-hooks[otel]'"


@dataclass(frozen=True)
class Trace:
    """The trace of one request: its id, the caller's span, ours, and whether it is sampled.

    ``state`` is the caller's tracestate, "" without one.
    """

    id: str
    parent: str | None
    span: str
    sampled: bool
    state: str = field(default="", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The headers for whomever we call."""
        told = {"traceparent": f"00-{self.id}-{self.span}-{'01' if self.sampled else '00'}"}
        return told | {"tracestate": self.state} if self.state else told


def trace_for(traceparent: str | None, tracestate: str | None = None) -> Trace:
    """The trace that a request belongs to; a new one, not sampled, without a valid header."""
    trace, parent = trace_of(traceparent)
    # Only the lowest bit is defined; the others must not be passed on.
    sampled = parent is not None and int((traceparent or "").split("-")[3], 16) & 1 == 1
    state = state_of(tracestate) if parent is not None else ""
    return Trace(trace, parent, secrets.token_hex(8), sampled, state)


def state_of(tracestate: str | None) -> str:
    """The members of a ``tracestate``; "" where one is not of its form or they are too many."""
    members = [part for member in (tracestate or "").split(",") if (part := member.strip(" \t"))]
    keys = {member.partition("=")[0] for member in members}
    state = ",".join(members)
    wrong = len(keys) < len(members) or not all(_MEMBER.fullmatch(member) for member in members)
    return "" if wrong or len(members) > _STATE_MEMBERS or len(state) > _STATE_LENGTH else state


class Tracing:
    """Spans of one application: kept nowhere without a ``provider`` (an SDK TracerProvider)."""

    def __init__(self, provider: Any = None) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("ra_cds_hooks") if provider is not None else None

    @property
    def is_on(self) -> bool:
        """Whether spans are made."""
        return self._tracer is not None

    def begin(self, trace: Trace) -> tuple[Trace, Any]:
        """Start the span of a request: its trace with the exporter's span id, and the span."""
        if self._tracer is None:
            return trace, None
        from opentelemetry import context
        from opentelemetry.trace import SpanKind

        span = self._tracer.start_span("request", _parent_of(trace), SpanKind.SERVER)
        token = context.attach(_with(span))
        seen = span.get_span_context()
        own = Trace(
            format(seen.trace_id, "032x"),
            trace.parent,
            format(seen.span_id, "016x"),
            bool(seen.trace_flags.sampled),
            trace.state,
        )
        return own, (span, token)

    def end(self, begun: Any, **attributes: str | int) -> None:
        """End the span of `begin`, with what is known of the answer."""
        if begun is None:
            return
        from opentelemetry import context

        span, token = begun
        span.set_attributes(attributes)
        span.end()
        context.detach(token)

    @contextmanager
    def stage(self, service: str, stage: str) -> Iterator[None]:
        """A span below the request's, also when it ends in an error (of which only the kind)."""
        if self._tracer is None:
            yield
            return
        # An exception's text could quote the record: it is not recorded.
        with self._tracer.start_as_current_span(
            stage,
            attributes={"ra_cds.service": service},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                raise

    def close(self) -> None:
        """Send what waits."""
        if self._provider is not None:
            self._provider.shutdown()


def tracing_for(endpoint: str | None) -> Tracing:
    """Spans to the collector at ``endpoint`` (OTLP over HTTP, .../v1/traces), or nowhere.

    Raises ConfigurationError when OpenTelemetry is not installed.
    """
    if endpoint is None:
        return Tracing()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ConfigurationError(NO_SPANS) from None
    provider = TracerProvider(resource=Resource({"service.name": "ra-cds-hooks"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return Tracing(provider)


def _parent_of(trace: Trace) -> Any:
    """The caller's span as the parent of ours; nothing where there is none."""
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    if trace.parent is None:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED if trace.sampled else TraceFlags.DEFAULT)
    parent = SpanContext(
        int(trace.id, 16), int(trace.parent, 16), is_remote=True, trace_flags=flags
    )
    return set_span_in_context(NonRecordingSpan(parent), Context())


def _with(span: Any) -> Any:
    from opentelemetry.trace import set_span_in_context

    return set_span_in_context(span)
