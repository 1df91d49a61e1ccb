"""What is counted and timed, in Prometheus' form. Labels are ids of ours and kinds of faults only.

Several worker processes share their numbers where PROMETHEUS_MULTIPROC_DIR names a folder
(prometheus-client reads it itself); else each process answers for itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
# Seconds; fine where the goal lies (100 ms), coarse where the time budget ends (3 s).
BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0)


class Metrics:
    """The numbers of one application; safe from several threads."""

    def __init__(self, content_version: str) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "ra_cds_requests",
            "Requests, by endpoint, service and outcome (an HTTP status where it is an error).",
            ["endpoint", "service", "outcome"],
            registry=registry,
        )
        self.seconds = Histogram(
            "ra_cds_request_seconds",
            "Time to answer.",
            ["endpoint", "service"],
            registry=registry,
            buckets=BUCKETS,
        )
        self.stages = Histogram(
            "ra_cds_stage_seconds",
            "Time of one stage of a service call: gather, evaluate, render.",
            ["service", "stage"],
            registry=registry,
            buckets=BUCKETS,
        )
        self.fhir_calls = Counter(
            "ra_cds_fhir_calls",
            "Reads of FHIR servers, by outcome.",
            ["outcome"],
            registry=registry,
        )
        self.gaps = Counter(
            "ra_cds_gaps",
            "Evaluations in which a resource type was not obtained completely.",
            ["service", "kind"],
            registry=registry,
        )
        self.data_issues = Counter(
            "ra_cds_data_issues",
            "What could not be read as sent, by kind.",
            ["service", "code"],
            registry=registry,
        )
        self.cards = Counter(
            "ra_cds_cards",
            "Cards by id and by what became of them: shown, quiet, shadow, off.",
            ["service", "card", "fate"],
            registry=registry,
        )
        self.refusals = Counter(
            "ra_cds_jwt_refusals", "Callers refused, by cause.", ["cause"], registry=registry
        )
        self.failures = Counter(
            "ra_cds_operation_failures",
            "What failed beside the answer, by part.",
            ["part"],
            registry=registry,
        )
        info = Gauge(
            "ra_cds_content_info",
            "The content that answers.",
            ["version"],
            registry=registry,
            multiprocess_mode="max",
        )
        info.labels(content_version).set(1)

    @contextmanager
    def stage(self, service: str, stage: str) -> Iterator[None]:
        """Times a stage, also when it ends in an error."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.stages.labels(service, stage).observe(time.perf_counter() - start)

    def fhir_call(self, outcome: str) -> None:
        """One read of a FHIR server ended; ``outcome`` is "ok" or the name of a failure."""
        self.fhir_calls.labels(outcome).inc()

    def refused(self, cause: str) -> None:
        """A caller was refused."""
        self.refusals.labels(cause).inc()

    def record(self, service: str, incomplete: Iterable[str], issues: Iterable[str]) -> None:
        """What was missing and what was odd in one record (types and codes)."""
        for kind in incomplete:
            self.gaps.labels(service, kind).inc()
        for code in issues:
            self.data_issues.labels(service, code).inc()

    def text(self) -> bytes:
        """The exposition, of all worker processes where they share a folder."""
        registry = self.registry
        if values.ValueClass.__name__ != "MutexValue":
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
