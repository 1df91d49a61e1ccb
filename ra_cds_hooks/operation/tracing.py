"""Traces across systems: the caller's trace goes on to the FHIR servers, and to a collector if set.

A ``traceparent`` is ids and a flag, nothing of the patient. Spans are exported by OpenTelemetry
where RA_CDS_OTLP_ENDPOINT names a collector (the extra ``otel``): request, gather, evaluate and
render, with route, service, status and outcome. ``tracestate`` is the caller's own text and is
not passed on.

Sources: W3C Trace Context (level 1); OpenTelemetry Python API 1.28.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.operation.logs import trace_of

NO_SPANS = "RA_CDS_OTLP_ENDPOINT needs the extra otel: pip install 'ra-cds-hooks[otel]'"


@dataclass(frozen=True)
class Trace:
    """The trace of one request: its id, the caller's span, ours, and whether it is sampled."""

    id: str
    parent: str | None
    span: str
    sampled: bool

    @property
    def traceparent(self) -> str:
        """The header for whomever we call."""
        return f"00-{self.id}-{self.span}-{'01' if self.sampled else '00'}"


def trace_for(traceparent: str | None) -> Trace:
    """The trace that a request belongs to; a new one, not sampled, without a valid header."""
    trace, parent = trace_of(traceparent)
    # Only the lowest bit is defined; the others must not be passed on.
    sampled = parent is not None and int((traceparent or "").split("-")[3], 16) & 1 == 1
    return Trace(trace, parent, secrets.token_hex(8), sampled)


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
