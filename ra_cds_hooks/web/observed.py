"""Every request seen from outside: its id, trace, time and outcome; liveness, readiness, metrics.

Labels and log lines hold routes, ids of services and statuses, never a path or a value that the
caller typed.
"""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from ra_cds_hooks.errors import StoreUnavailable
from ra_cds_hooks.operation.logs import request_id_of
from ra_cds_hooks.operation.metrics import CONTENT_TYPE
from ra_cds_hooks.operation.tracing import trace_for
from ra_cds_hooks.web.http import json_response, route
from ra_cds_hooks.web.parts import Parts

log = logging.getLogger("ra_cds_hooks.web")

# Routes that are asked every few seconds by machines: counted nowhere, logged at DEBUG only.
_PROBES = {"/healthz", "/readyz", "/metrics"}
NO_SERVICE = ""


def install_observation(app: Flask, parts: Parts) -> None:
    """Count, time and log every request; name it in ``X-Request-ID``."""

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()
        g.request_id = request_id_of(request.headers.get("X-Request-ID"))
        sent = trace_for(request.headers.get("traceparent"), request.headers.get("tracestate"))
        g.trace, g.begun = parts.tracing.begin(sent)
        clear_contextvars()
        bind_contextvars(request_id=g.request_id, trace_id=g.trace.id)
        if g.trace.parent is not None:
            bind_contextvars(parent_span_id=g.trace.parent)

    @app.after_request
    def end(response: Response) -> Response:
        took = time.perf_counter() - g.started
        response.headers["X-Request-ID"] = g.request_id
        pattern = route()
        service = service_label(parts)
        outcome = g.get("outcome") or str(response.status_code)
        if pattern not in _PROBES:
            endpoint = request.endpoint.rpartition(".")[2] if request.endpoint else "unknown"
            parts.metrics.requests.labels(endpoint, service, outcome).inc()
            parts.metrics.seconds.labels(endpoint, service).observe(took)
        g.answer = {
            "http.route": pattern,
            "ra_cds.service": service,
            "http.response.status_code": response.status_code,
            "ra_cds.outcome": outcome,
        }
        log.log(
            logging.DEBUG if pattern in _PROBES else logging.INFO,
            "request",
            extra={
                "route": pattern,
                "service": service,
                "status": response.status_code,
                "outcome": outcome,
                "seconds": round(took, 4),
            },
        )
        return response

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        parts.tracing.end(g.pop("begun", None), **g.pop("answer", {}))
        clear_contextvars()
        # Here, where probes come by even when nobody calls.
        parts.retention.remind(parts.now())


def install_probes(app: Flask, parts: Parts) -> None:
    """``/healthz`` (the process answers), ``/readyz`` (it can do its work), ``/metrics``."""

    @app.get("/healthz")
    def healthz() -> Response:
        return json_response({"status": "ok"})

    @app.get("/readyz")
    def readyz() -> Response:
        checks = {"content": parts.content.version}
        ready = True
        try:
            parts.store.require_reachable()
            checks["store"] = "ok"
        except StoreUnavailable as error:
            checks["store"] = error.message
            # Where used tokens are remembered in the database nobody is let in without it.
            needed = parts.callers is not None and parts.settings.shared_replay
            ready = parts.settings.ready_without_store and not needed
        status = "ok" if ready else "unavailable"
        return json_response({"status": status, "checks": checks}, 200 if ready else 503)

    if parts.settings.metrics:

        @app.get("/metrics")
        def metrics() -> Response:
            return Response(parts.metrics.text(), content_type=CONTENT_TYPE)


def service_label(parts: Parts) -> str:
    """The service of the route; what is no service of ours is not repeated."""
    asked = (request.view_args or {}).get("service_id")
    if asked is None:
        return NO_SERVICE
    return asked if asked in parts.content.services else "unknown"
