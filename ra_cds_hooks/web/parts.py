"""What the endpoints work with, put together once at start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from ra_cds_hooks.audit.keyed import KeyedHash
from ra_cds_hooks.audit.sink import Sink
from ra_cds_hooks.decision import Content
from ra_cds_hooks.hooks.callers import Callers
from ra_cds_hooks.hooks.gather import Gatherer
from ra_cds_hooks.operation.metrics import Metrics
from ra_cds_hooks.operation.switches import Switches
from ra_cds_hooks.operation.tracing import Tracing
from ra_cds_hooks.settings import Settings
from ra_cds_hooks.store import CardLog, FeedbackStore, Retention, ShownCards


@dataclass(frozen=True)
class Parts:
    """What the endpoints work with. ``now`` gives the present moment, timezone-aware."""

    settings: Settings
    content: Content
    parameters_hash: str
    gatherer: Gatherer
    store: FeedbackStore
    shown_cards: ShownCards
    callers: Callers | None
    now: Callable[[], datetime]
    metrics: Metrics
    tracing: Tracing
    switches: Switches
    keyed: KeyedHash
    audit: Sink | None
    card_log: CardLog | None
    retention: Retention

    @contextmanager
    def stage(self, service: str, stage: str) -> Iterator[None]:
        """Times one stage of a call, and is its span."""
        with self.tracing.stage(service, stage), self.metrics.stage(service, stage):
            yield
