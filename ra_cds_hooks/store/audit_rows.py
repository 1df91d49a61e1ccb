"""The audit in the database: one row an event, its FHIR JSON as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import DateTime, String, Text, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from ra_cds_hooks.errors import StoreUnavailable
from ra_cds_hooks.store.feedback import DATABASE_FAILURES, Base, FeedbackStore


class AuditRow(Base):
    """One AuditEvent."""

    __tablename__ = "audit_event"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    body: Mapped[str] = mapped_column(Text)


class AuditRows:
    """Writes and reads events in the store's database."""

    def __init__(self, store: FeedbackStore) -> None:
        self._store = store

    def write(self, event_id: str, recorded_at: datetime, body: str) -> None:
        """Store one event. Raises StoreUnavailable."""
        row = {"id": event_id, "recorded_at": recorded_at.astimezone(UTC), "body": body}
        try:
            with self._store.ready_engine().begin() as connection:
                connection.execute(insert(AuditRow).values(**row))
        except DATABASE_FAILURES as error:
            raise StoreUnavailable(
                f"The audit cannot be written ({type(error).__name__})."
            ) from None

    def bodies(self) -> Iterator[str]:
        """Every event, oldest first. Raises StoreUnavailable."""
        query = select(AuditRow.body).order_by(AuditRow.recorded_at)
        try:
            with self._store.ready_engine().connect() as connection:
                yield from connection.execute(query).scalars()
        except DATABASE_FAILURES as error:
            raise StoreUnavailable(f"The audit cannot be read ({type(error).__name__}).") from None

    def forget(self, before: datetime) -> int:
        """Delete what is older; returns how many. Raises StoreUnavailable."""
        try:
            with self._store.ready_engine().begin() as connection:
                found = connection.execute(
                    delete(AuditRow).where(AuditRow.recorded_at < before.astimezone(UTC))
                )
                return int(found.rowcount)
        except DATABASE_FAILURES as error:
            raise StoreUnavailable(
                f"The audit cannot be written ({type(error).__name__})."
            ) from None
