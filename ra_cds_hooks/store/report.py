"""What became of the cards: each shown card with its last answer, and the sums of a report.

A client's free words never leave: of an override only a coded reason of ours, of an answer to a
card that was not logged only that there was one.
"""

from __future__ import annotations

import re
import statistics
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from ra_cds_hooks.decision.render import OVERRIDE_SYSTEM
from ra_cds_hooks.errors import StoreUnavailable
from ra_cds_hooks.store.card_log import CardLogRow
from ra_cds_hooks.store.feedback import DATABASE_FAILURES, FeedbackRow, FeedbackStore

NOT_LOGGED = "(not logged)"
_CODE = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True)
class AnsweredCard:
    """One card; ``shown_at`` None: not logged; ``outcome`` None: no answer yet. Times in UTC."""

    uuid: str
    service: str
    card: str
    subject: str = ""
    shown_at: datetime | None = None
    outcome: str | None = None
    reason: str | None = None
    outcome_at: datetime | None = None

    @property
    def seconds_to_action(self) -> float | None:
        """From the card to the answer by the client's clock; None when its clock is behind ours."""
        if self.shown_at is None or self.outcome_at is None:
            return None
        seconds = (self.outcome_at - self.shown_at).total_seconds()
        return seconds if seconds >= 0 else None


def answered_cards(store: FeedbackStore, since: datetime | None = None) -> list[AnsweredCard]:
    """Every card that was shown or answered since then, oldest first. Raises StoreUnavailable."""
    try:
        with store.ready_engine().connect() as connection:
            logged = connection.execute(
                select(CardLogRow.__table__).order_by(CardLogRow.shown_at, CardLogRow.uuid)
            ).all()
            answers = connection.execute(
                select(FeedbackRow.__table__).order_by(FeedbackRow.outcome_at, FeedbackRow.id)
            ).all()
    except DATABASE_FAILURES as error:
        raise StoreUnavailable(f"Feedback cannot be read ({type(error).__name__}).") from None
    last = {(row.service_id, row.card): row for row in answers}  # the last answer counts
    found = []
    for row in logged:
        answer = last.pop((row.service_id, row.uuid), None)
        found.append(
            AnsweredCard(
                row.uuid, row.service_id, row.card, row.subject, _utc(row.shown_at), *_said(answer)
            )
        )
    found += [
        AnsweredCard(_uuid(card), service, NOT_LOGGED, "", None, *_said(answer))
        for (service, card), answer in last.items()
    ]
    if since is None:
        return found
    return [c for c in found if (moment := c.shown_at or c.outcome_at) and moment >= since]


def summary(cards: Iterable[AnsweredCard]) -> list[dict[str, Any]]:
    """The report, a row a service and card: counts, reasons, seconds to action (median, p90)."""
    groups: dict[tuple[str, str], list[AnsweredCard]] = {}
    for card in cards:
        groups.setdefault((card.service, card.card), []).append(card)
    return [
        {"service": service, "card": card, **_sums(listed)}
        for (service, card), listed in sorted(groups.items())
    ]


def _sums(cards: list[AnsweredCard]) -> dict[str, Any]:
    outcomes = Counter(card.outcome for card in cards)
    reasons = Counter(card.reason for card in cards if card.outcome == "overridden")
    seconds = sorted(s for card in cards if (s := card.seconds_to_action) is not None)
    return {
        "shown": sum(card.shown_at is not None for card in cards),
        "patients": len({card.subject for card in cards if card.subject}),
        "accepted": outcomes["accepted"],
        "overridden": outcomes["overridden"],
        "unanswered": outcomes[None],
        "reasons": {str(reason): number for reason, number in sorted(reasons.items())},
        "secondsToAction": {
            "median": statistics.median(seconds) if seconds else None,
            "p90": seconds[min(len(seconds) - 1, int(len(seconds) * 0.9))] if seconds else None,
            "count": len(seconds),
        },
    }


def _said(answer: Any) -> tuple[str | None, str | None, datetime | None]:
    if answer is None:
        return None, None, None
    reason = None
    if answer.outcome == "overridden":
        code = answer.reason_code
        ours = answer.reason_system == OVERRIDE_SYSTEM and code and _CODE.fullmatch(code)
        reason = str(code) if ours else "other" if code else "none"
    return answer.outcome, reason, _utc(answer.outcome_at)


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
