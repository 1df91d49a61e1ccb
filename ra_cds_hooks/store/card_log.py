"""Which cards were shown when, for the feedback report: written in the background, in batches.

An answer never waits for it and never fails with it. Of the patient only a keyed hash is kept, so
that the report can tell one patient's ten cards from ten patients' one.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from ra_cds_hooks.store.feedback import DATABASE_FAILURES, Base, FeedbackStore

log = logging.getLogger("ra_cds_hooks.store")

# Rows that wait at most; beyond it (the database is away) the newest are dropped and counted.
MOST_WAITING = 10_000
PAUSE_SECONDS = 0.5


class CardLogRow(Base):
    """One shown card; ``subject`` is the keyed hash of the patient."""

    __tablename__ = "card_log"

    uuid: Mapped[str] = mapped_column(String(36), primary_key=True)
    service_id: Mapped[str] = mapped_column(String(128))
    card: Mapped[str] = mapped_column(String(128))
    subject: Mapped[str] = mapped_column(String(64))
    shown_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class CardLog:
    """Collects shown cards and writes them from a thread of its own, started on first use.

    ``failed`` is called once for each batch that could not be written.
    """

    def __init__(
        self,
        store: FeedbackStore,
        *,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._failed = failed
        self._waiting: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        store.before_close(self.close)

    def shown(self, rows: list[dict[str, Any]]) -> None:
        """Note rows (columns of `CardLogRow`, ``shown_at`` in UTC); returns at once."""
        if not rows:
            return
        with self._lock:
            room = MOST_WAITING - len(self._waiting)
            self._waiting += rows[:room]
            if len(rows) > room:
                self._failed()
            if self._thread is None:
                # Here and not in __init__: a thread does not survive the fork of the server.
                self._thread = threading.Thread(target=self._run, name="card-log", daemon=True)
                self._thread.start()
                atexit.register(self.close)
        self._wake.set()

    def flush(self) -> None:
        """Write what waits, now and in this thread."""
        with self._lock:
            rows, self._waiting = self._waiting, []
        if not rows:
            return
        try:
            self._write(rows)
        except DATABASE_FAILURES as error:
            log.warning("%d shown cards not logged (%s)", len(rows), type(error).__name__)
            self._failed()

    def close(self) -> None:
        """Write what waits and end the thread."""
        self._end.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
            atexit.unregister(self.close)
        self.flush()

    def _run(self) -> None:
        while not self._end.is_set():
            self._wake.wait()
            self._wake.clear()
            self._end.wait(PAUSE_SECONDS)
            self.flush()

    def _write(self, rows: list[dict[str, Any]]) -> None:
        with Session(self._store.ready_engine()) as session, session.begin():
            is_postgres = session.get_bind().dialect.name == "postgresql"
            insert = postgresql.insert if is_postgres else sqlite.insert
            session.execute(insert(CardLogRow).on_conflict_do_nothing(), rows)
