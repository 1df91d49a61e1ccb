"""What is older than the retention setting is forgotten, whether or not anything new arrives."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete

from ra_cds_hooks.store.card_log import CardLogRow
from ra_cds_hooks.store.feedback import DATABASE_FAILURES, FeedbackRow, FeedbackStore

log = logging.getLogger("ra_cds_hooks.store")

SWEEP_EVERY = timedelta(hours=1)


class Retention:
    """Forgets feedback and the log of shown cards that are older than ``keep`` (None: never).

    ``failed`` is called when the database could not be swept; it is tried again an hour later.
    """

    def __init__(
        self,
        store: FeedbackStore,
        keep: timedelta | None,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._keep = keep
        self._failed = failed
        self._lock = threading.Lock()
        self._swept: datetime | None = None

    def remind(self, now: datetime) -> threading.Thread | None:
        """Sweep in a thread of its own, once an hour; returns at once, with the thread if any."""
        if self._keep is None:
            return None
        with self._lock:
            if self._swept is not None and now - self._swept < SWEEP_EVERY:
                return None
            self._swept = now
        thread = threading.Thread(target=self.sweep, args=(now,), name="retention", daemon=True)
        thread.start()
        return thread

    def sweep(self, now: datetime) -> None:
        """Forget what is older at ``now`` (timezone-aware)."""
        if self._keep is None:
            return
        oldest = now.astimezone(UTC) - self._keep
        try:
            with self._store.ready_engine().begin() as connection:
                connection.execute(delete(CardLogRow).where(CardLogRow.shown_at < oldest))
                connection.execute(delete(FeedbackRow).where(FeedbackRow.received_at < oldest))
        except DATABASE_FAILURES as error:
            log.warning("retention: nothing forgotten (%s)", type(error).__name__)
            self._failed()
