"""Tokens that were used: each `jti` counts once per issuer, until it expires.

In memory for one process; in the database where several workers or hosts answer together.
What is kept is a hash of issuer and jti, nothing of the token.
"""

from __future__ import annotations

import hashlib
import heapq
import threading
from datetime import UTC, datetime

from sqlalchemy import DateTime, Engine, String, delete, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from ra_cds_hooks.errors import StoreUnavailable
from ra_cds_hooks.store.feedback import DATABASE_FAILURES, Base, FeedbackStore

# Bounds the memory that a client with valid tokens can take; beyond it the oldest is forgotten
# only when it has expired, else the token is refused.
MAX_REMEMBERED = 200_000


class UsedToken(Base):
    """One used token."""

    __tablename__ = "used_token"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


_USED = insert(UsedToken)


def _fingerprint(issuer: str, jti: str) -> str:
    return hashlib.sha256(f"{len(issuer)}:{issuer}{jti}".encode()).hexdigest()


class MemoryReplay:
    """Used tokens of this process."""

    def __init__(self, limit: int = MAX_REMEMBERED) -> None:
        self._seen: set[str] = set()
        self._expiry: list[tuple[datetime, str]] = []
        self._lock = threading.Lock()
        self._limit = limit

    def first_use(self, issuer: str, jti: str, expires: datetime, now: datetime) -> bool:
        """Remember the token until ``expires``; False when it was used, or no room is left."""
        name = _fingerprint(issuer, jti)
        with self._lock:
            while self._expiry and self._expiry[0][0] <= now:
                self._seen.discard(heapq.heappop(self._expiry)[1])
            if name in self._seen or len(self._seen) >= self._limit:
                return False
            self._seen.add(name)
            heapq.heappush(self._expiry, (expires, name))
            return True


class DatabaseReplay:
    """Used tokens in the store's database, shared by all workers."""

    def __init__(self, store: FeedbackStore) -> None:
        self._store = store
        self._sweeping = threading.Lock()
        self._swept: datetime | None = None

    def first_use(self, issuer: str, jti: str, expires: datetime, now: datetime) -> bool:
        """Remember the token until ``expires``; False when it was used. Raises StoreUnavailable."""
        row = {"fingerprint": _fingerprint(issuer, jti), "expires_at": expires.astimezone(UTC)}
        try:
            engine = self._store.passing_engine()
            self._sweep(engine, now)
            with engine.begin() as connection:
                connection.execute(_USED, row)
        except IntegrityError:
            return False
        except DATABASE_FAILURES:
            raise StoreUnavailable(
                "The caller cannot be verified at the moment; repeat the call later."
            ) from None
        return True

    def _sweep(self, engine: Engine, now: datetime) -> None:
        """Forget what has expired, once a minute at most."""
        with self._sweeping:
            if self._swept is not None and (now - self._swept).total_seconds() < 60:
                return
            self._swept = now
        with engine.begin() as connection:
            connection.execute(delete(UsedToken).where(UsedToken.expires_at <= now.astimezone(UTC)))
