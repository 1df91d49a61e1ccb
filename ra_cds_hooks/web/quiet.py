"""Cards that were overridden with a reason: kept away for a while, or shown with a note of it.

Works on what was decided and rendered, never on the decision. A card says itself (``mayBeQuiet``)
whether it may stay away: never a block, a do-first or an unknown.

Source: issue "alert fatigue"; clinical-spec.md 8.50.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ra_cds_hooks.decision import Content, Service
from ra_cds_hooks.decision.render import Words
from ra_cds_hooks.errors import StoreUnavailable
from ra_cds_hooks.hooks.models import Context
from ra_cds_hooks.store.shown import Overridden, ShownCard, ShownCards

log = logging.getLogger("ra_cds_hooks.web")


def quieted(
    content: Content,
    service: Service,
    context: Context,
    body: dict[str, Any],
    shown_cards: ShownCards,
    *,
    language: str,
    now: datetime,
    period: timedelta,
) -> dict[str, Any]:
    """``body`` without the cards that this user overrode for this patient within ``period``.

    What remains is remembered; a card whose concern was overridden before says so. While the
    database is away every card is shown as if nothing had been overridden.
    """
    if not service.quiet_after_override or not period:
        return body
    rows = {card["uuid"]: card["extension"][content.extension_key] for card in body["cards"]}
    shown = [ShownCard(uuid, row["key"], _concern(row)) for uuid, row in rows.items()]
    who = (service.id, context.userId, context.patientId)
    try:
        before = shown_cards.overridden(*who, shown, now - period)
        quiet = {
            uuid
            for uuid, override in before.items()
            if override.same and rows[uuid].get("row", {}).get("mayBeQuiet") is True
        }
        kept = [card for card in shown if card.uuid not in quiet]
        shown_cards.remember(*who, kept, now, period)
    except StoreUnavailable as error:
        log.warning("%s: overrides not looked at: %s", service.id, error.message)
        return body
    words = Words(content.words, language)
    cards = [
        _noted(card, before.get(card["uuid"]), words)
        for card in body["cards"]
        if card["uuid"] not in quiet
    ]
    log.info("%s: %d cards kept away after an override", service.id, len(quiet))
    return {**body, "cards": cards}


def _concern(row: Mapping[str, Any]) -> str:
    return f"{row['card']}/{row.get('row', {}).get('concern', '')}"


def _noted(card: dict[str, Any], override: Overridden | None, words: Words) -> dict[str, Any]:
    """The card, with a sentence that its concern was overridden before."""
    if override is None:
        return card
    # The reason is the client's: only one of ours is repeated.
    code = override.reason
    reason = words("override", code) if words.has("override", code) else ""
    known = {"day": override.at.date().isoformat(), "reason": reason}
    return {**card, "detail": f"{card['detail']}\n\n{words.text('quiet', 'overridden', known)}"}
