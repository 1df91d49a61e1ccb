"""Which cards were shown, so that advice overridden with a reason can stay away for a while.

Nothing about the patient or the user is stored: what a card was shown for is one keyed hash (HMAC)
of user, patient and advice, which says nothing without the key, and with the key only answers
whether this advice was shown to this user for this patient.

Source: issue "alert fatigue"; CDS Hooks 2.0.1 [Feedback] (feedback names the card's uuid).
"""

from __future__ import annotations

import hmac
import logging
import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from sqlalchemy import DateTime, String, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Mapped, mapped_column

from ra_cds_hooks.errors import StoreUnavailable
from ra_cds_hooks.store.feedback import DATABASE_FAILURES, Base, FeedbackRow, FeedbackStore

log = logging.getLogger("ra_cds_hooks.store")

SECRET_BYTES = 32
# Feedback may arrive this long after the card; older cards without a living override are dropped.
FEEDBACK_DELAY = timedelta(days=30)


class ShownCardRow(Base):
    """One card of an order hook as it was shown; the hashes hold user, patient and advice."""

    __tablename__ = "shown_card"

    uuid: Mapped[str] = mapped_column(String(36), primary_key=True)
    service_id: Mapped[str] = mapped_column(String(128))
    advice: Mapped[str] = mapped_column(String(64))
    concern: Mapped[str] = mapped_column(String(64), index=True)
    shown_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


@dataclass(frozen=True)
class ShownCard:
    """A card about to be shown: ``key`` is the same for the same advice on the same record,
    ``concern`` for the same question (card and drug) whatever the record says."""

    uuid: str
    key: str
    concern: str


@dataclass(frozen=True)
class Overridden:
    """The latest override of this concern; ``same``: of this very advice. ``at`` is in UTC."""

    same: bool
    at: datetime
    reason: str


# Made once: making and compiling them costs more than running them.
_OVERRIDDEN = (
    select(
        ShownCardRow.advice,
        ShownCardRow.concern,
        FeedbackRow.received_at,
        FeedbackRow.reason_code,
    )
    .join(FeedbackRow, FeedbackRow.card == ShownCardRow.uuid)
    .where(
        ShownCardRow.concern.in_(bindparam("concerns", expanding=True)),
        ShownCardRow.service_id == bindparam("service"),
        FeedbackRow.service_id == bindparam("service"),
        FeedbackRow.outcome == "overridden",
        FeedbackRow.reason_code.is_not(None),
        FeedbackRow.received_at >= bindparam("since"),
    )
    .order_by(FeedbackRow.received_at)
)
_OLDER = delete(ShownCardRow).where(ShownCardRow.shown_at < bindparam("oldest"))


class ShownCards:
    """Remembers cards in the database of ``store``, under hashes made with ``secret``.

    ``secret`` is asked once, on first use: a service that shows no such card needs none.
    """

    def __init__(self, store: FeedbackStore, secret: Callable[[], bytes]) -> None:
        self._store = store
        self._make_secret = secret

    @cached_property
    def _secret(self) -> bytes:
        return self._make_secret()

    def remember(
        self,
        service_id: str,
        user: str,
        patient: str,
        cards: Iterable[ShownCard],
        at: datetime,
        keep: timedelta,
    ) -> None:
        """Notes that these cards are shown; what is older than ``keep`` and a delay is dropped.

        Raises StoreUnavailable when the database cannot be written.
        """
        rows = [
            {
                "uuid": card.uuid,
                "service_id": service_id,
                "advice": self._hash(service_id, user, patient, card.key),
                "concern": self._hash(service_id, user, patient, card.concern),
                "shown_at": at.astimezone(UTC),
            }
            for card in cards
        ]
        if not rows:
            return
        oldest = at.astimezone(UTC) - keep - FEEDBACK_DELAY
        try:
            with self._store.passing_engine().begin() as connection:
                postgres = connection.dialect.name == "postgresql"
                insert = postgresql.insert if postgres else sqlite.insert
                connection.execute(insert(ShownCardRow).on_conflict_do_nothing(), rows)
                connection.execute(_OLDER, {"oldest": oldest})
        except DATABASE_FAILURES as error:
            raise StoreUnavailable(
                f"Shown cards cannot be stored ({type(error).__name__})."
            ) from None

    def overridden(
        self,
        service_id: str,
        user: str,
        patient: str,
        cards: Sequence[ShownCard],
        since: datetime,
    ) -> Mapping[str, Overridden]:
        """By card uuid: what this user overrode for this patient on this service after ``since``.

        Only overrides with a coded reason count. An override of the very advice comes before one
        of the concern. Raises StoreUnavailable when the database cannot be read.
        """
        advice = {card.uuid: self._hash(service_id, user, patient, card.key) for card in cards}
        concern = {card.uuid: self._hash(service_id, user, patient, card.concern) for card in cards}
        if not cards:
            return {}
        asked = {
            "concerns": list(set(concern.values())),
            "service": service_id,
            "since": since.astimezone(UTC),
        }
        try:
            with self._store.passing_engine().connect() as connection:
                found = connection.execute(_OVERRIDDEN, asked).all()
        except DATABASE_FAILURES as error:
            raise StoreUnavailable(
                f"Shown cards cannot be read ({type(error).__name__})."
            ) from None
        result: dict[str, Overridden] = {}
        for uuid in advice:
            mine = [row for row in found if row.concern == concern[uuid]]
            same = [row for row in mine if row.advice == advice[uuid]]
            if mine:
                latest = (same or mine)[-1]
                moment = latest.received_at.replace(tzinfo=latest.received_at.tzinfo or UTC)
                result[uuid] = Overridden(bool(same), moment, latest.reason_code)
        return result

    def _hash(self, *parts: str) -> str:
        # Lengths in front: no two lists of parts make the same text.
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return hmac.digest(self._secret, text.encode(), "sha256").hex()


def keeps_secret(database_url: str) -> bool:
    """Whether a key can be kept in a file beside this database."""
    url = make_url(database_url)
    return url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")


def secret_for(configured: str | None, database_url: str) -> bytes:
    """The key of the hashes: the setting; else a random one kept in a file beside the database.

    For a database without a file, and where the file cannot be written, the key lasts as long as
    the process: overrides are then forgotten with it, which shows cards again and harms nobody.
    """
    if configured:
        return configured.encode()
    if not keeps_secret(database_url):
        log.warning("no RA_CDS_OVERRIDE_SECRET: overrides are remembered until this process ends")
        return secrets.token_bytes(SECRET_BYTES)
    try:
        return _kept_secret(Path(f"{make_url(database_url).database}.key"))
    except OSError as error:
        log.warning(
            "the key beside the database cannot be kept (%s): overrides are remembered until this "
            "process ends",
            type(error).__name__,
        )
        return secrets.token_bytes(SECRET_BYTES)


def _kept_secret(path: Path) -> bytes:
    """The bytes in ``path``, made on first use; several processes agree on one."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(SECRET_BYTES))
            try:
                os.link(fresh, path)  # whole or not at all, and only the first of several
            except FileExistsError:
                log.debug("another process made the key")
        finally:
            fresh.unlink()
    return path.read_bytes()
