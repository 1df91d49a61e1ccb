"""Feedback on cards: stored once however often it is sent, without anything about the patient.

Source: CDS Hooks 2.0.1 [Feedback]; cds-hooks.md (batches, repeats and unknown card ids are legal).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, DateTime, Engine, String, Text, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import (
    ArgumentError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from ra_cds_hooks.errors import ConfigurationError, StoreUnavailable
from ra_cds_hooks.store.migrate import migrate

log = logging.getLogger("ra_cds_hooks.store")

SILENCE_SECONDS = 5
# A server that is silent for so long is an OSError (TimeoutError) of the driver's socket, and
# SQLAlchemy passes on what is none of the driver's own errors.
DATABASE_FAILURES = (SQLAlchemyError, OSError)


class Base(DeclarativeBase):
    """The tables of the store."""


class FeedbackRow(Base):
    """One answer of a clinician to one card. ``card`` is the card's uuid as the client sent it."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    service_id: Mapped[str] = mapped_column(String(128), index=True)
    card: Mapped[str] = mapped_column(String(255), index=True)
    outcome: Mapped[str] = mapped_column(String(16))
    accepted_suggestions: Mapped[list[str]] = mapped_column(JSON)
    reason_system: Mapped[str | None] = mapped_column(String(255))
    reason_code: Mapped[str | None] = mapped_column(String(255))
    reason_display: Mapped[str | None] = mapped_column(String(255))
    comment: Mapped[str | None] = mapped_column(Text)
    outcome_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True)
class Feedback:
    """One answer: ``outcome`` is "accepted" or "overridden"; ``outcome_at`` is timezone-aware.

    ``reason`` is (system, code, display) of an override; ``comment`` may name the patient and is
    only given when the operator chose to keep it.
    """

    card: str
    outcome: str
    outcome_at: datetime
    accepted_suggestions: tuple[str, ...] = ()
    reason: tuple[str | None, str | None, str | None] = (None, None, None)
    comment: str | None = None

    def fingerprint(self, service_id: str) -> str:
        """The same for a repeated answer, whatever the order of its suggestions."""
        moment = self.outcome_at.astimezone(UTC).isoformat()
        said = [service_id, self.card, self.outcome, moment]
        parts = [said, sorted(self.accepted_suggestions), list(self.reason)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class FeedbackStore:
    """Stores feedback in the database of ``url``; safe to use from several threads."""

    def __init__(self, url: str, ca_bundle: Path | None = None) -> None:
        """``ca_bundle`` (PEM) asks for a PostgreSQL over TLS with a certificate of that authority.

        Raises ConfigurationError for a URL that no installed driver understands, and for a bundle
        that holds no certificates.
        """
        try:
            arguments = _for_the_driver(url, ca_bundle)
            self._engine = create_engine(url, pool_pre_ping=True, connect_args=arguments)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise ConfigurationError(
                f"RA_CDS_DATABASE_URL: not a usable database URL ({type(error).__name__}); "
                "write sqlite:///file or postgresql+pg8000://user:password@host/database"
            ) from None
        event.listen(self._engine, "handle_error", _drop_the_silent)
        self._passing = self._engine
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _prepare_sqlite)
            if self._engine.url.database not in (None, "", ":memory:"):
                self._passing = create_engine(url)
                event.listen(self._passing, "connect", _prepare_quick_sqlite)
        for engine in {self._engine, self._passing}:
            event.listen(engine, "handle_error", self._look_again)
        self._file = _file_of(self._engine.url)
        self._opened: tuple[int, int] | None = None
        self._ready = False
        self._last: list[Callable[[], None]] = []

    def add(self, service_id: str, answers: Iterable[Feedback], received_at: datetime) -> int:
        """Stores the answers that are not there yet, all or none; returns how many were new.

        Raises StoreUnavailable when the database cannot be written: nothing was stored then.
        """
        rows = [_row(service_id, answer, received_at) for answer in answers]
        try:
            self._prepare()
            with Session(self._engine) as session, session.begin():
                return sum(_insert_once(session, row) for row in rows)
        except DATABASE_FAILURES as error:
            raise StoreUnavailable(
                f"Feedback could not be stored ({type(error).__name__}). Send it again later."
            ) from None

    def all(self) -> Sequence[FeedbackRow]:
        """Every stored answer, oldest first. Raises StoreUnavailable."""
        try:
            self._prepare()
            with Session(self._engine) as session:
                return session.scalars(select(FeedbackRow).order_by(FeedbackRow.id)).all()
        except DATABASE_FAILURES as error:
            raise StoreUnavailable(f"Feedback cannot be read ({type(error).__name__}).") from None

    def count(self) -> int:
        """How many answers are stored. Raises StoreUnavailable."""
        try:
            self._prepare()
            with Session(self._engine) as session:
                return session.scalar(select(func.count()).select_from(FeedbackRow)) or 0
        except DATABASE_FAILURES as error:
            raise StoreUnavailable(f"Feedback cannot be read ({type(error).__name__}).") from None

    def require_reachable(self) -> None:
        """Raises StoreUnavailable when the database does not answer, or lacks our tables."""
        try:
            with self.ready_engine().connect() as connection:
                connection.execute(select(FeedbackRow.id).limit(1))
        except DATABASE_FAILURES as error:
            raise StoreUnavailable(
                f"The database does not answer ({type(error).__name__})."
            ) from None

    def before_close(self, last: Callable[[], None]) -> None:
        """Have ``last`` called before the connections are released."""
        self._last.append(last)

    def close(self) -> None:
        """Releases the connections."""
        for last in self._last:
            last()
        self._engine.dispose()
        self._passing.dispose()

    def ready_engine(self) -> Engine:
        """The engine, once the tables are there. Raises DATABASE_FAILURES when they cannot be."""
        self._prepare()
        return self._engine

    def passing_engine(self) -> Engine:
        """As `ready_engine`, for rows that are of use for minutes and that nobody was promised.

        SQLite does not wait for the disk then: a process that is killed loses nothing, a power
        failure the last of them.
        """
        self._prepare()
        return self._passing

    def _prepare(self) -> None:
        # On first use rather than at start: cards must be answered while the database is away.
        if self._ready and self._file is not None and _identity(self._file) != self._opened:
            # What was written to a file that has no name any more would be lost.
            log.warning("the database file was removed or replaced: it is opened anew")
            self._ready = False
            self._engine.dispose()
            self._passing.dispose()
        if not self._ready:
            if self._file is not None:
                _make_private(self._file)
            migrate(self._engine)
            self._opened = _identity(self._file) if self._file is not None else None
            self._ready = True

    def _look_again(self, context: ExceptionContext) -> None:
        """After a statement that failed: the tables may be gone, as after a restore."""
        if isinstance(context.sqlalchemy_exception, ProgrammingError | OperationalError):
            self._ready = False

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, for readiness checks and migrations."""
        return self._engine


def _drop_the_silent(context: ExceptionContext) -> None:
    """A connection that was left before its answer came would give it to the next question."""
    if isinstance(context.original_exception, OSError):
        context.is_disconnect = True


def _for_the_driver(url: str, ca_bundle: Path | None) -> dict[str, Any]:
    """A PostgreSQL that does not answer costs seconds, not the thread (pg8000: ``timeout``).

    Without ``ssl_context`` pg8000 goes on in the clear where the server has no TLS.
    """
    if make_url(url).drivername != "postgresql+pg8000":
        return {}
    arguments: dict[str, Any] = {"timeout": SILENCE_SECONDS}
    if ca_bundle is not None:
        try:
            arguments["ssl_context"] = ssl.create_default_context(cafile=ca_bundle)
        except OSError:
            raise ConfigurationError(
                "RA_CDS_DATABASE_CA_BUNDLE: it is not there, or holds no certificates (PEM)"
            ) from None
    return arguments


def _row(service_id: str, answer: Feedback, received_at: datetime) -> dict[str, Any]:
    system, code, display = answer.reason
    return {
        "fingerprint": answer.fingerprint(service_id),
        "service_id": service_id,
        "card": answer.card,
        "outcome": answer.outcome,
        "accepted_suggestions": sorted(answer.accepted_suggestions),
        "reason_system": system,
        "reason_code": code,
        "reason_display": display,
        "comment": answer.comment,
        "outcome_at": answer.outcome_at.astimezone(UTC),
        "received_at": received_at.astimezone(UTC),
    }


def _insert_once(session: Session, row: dict[str, Any]) -> int:
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = (
        insert(FeedbackRow)
        .values(row)
        .on_conflict_do_nothing(index_elements=[FeedbackRow.fingerprint])
    )
    result = session.execute(statement.returning(FeedbackRow.id))
    return len(result.all())


def _file_of(url: URL) -> Path | None:
    """The file of a SQLite database; None where there is none, or only SQLite knows."""
    path = url.database or ""
    if url.get_backend_name() != "sqlite" or path in ("", ":memory:") or path.startswith("file:"):
        return None
    return Path(path)


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make_private(path: Path) -> None:
    """A new SQLite file is the service's user's alone; SQLite gives its -wal the same mode."""
    with suppress(OSError):  # SQLite says itself why it cannot make it
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # Readers and one writer side by side; a writer waits for another instead of failing at once.
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _prepare_quick_sqlite(connection: Any, record: object) -> None:
    _prepare_sqlite(connection, record)
    connection.execute("PRAGMA synchronous=NORMAL")
