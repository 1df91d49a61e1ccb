"""One service call from the parsed request to the body of the answer, timed stage by stage."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

from flask import g

from ra_cds_hooks.audit.event import CardFate, Evaluation
from ra_cds_hooks.decision import Service, decide, issues_of, render, screened_out
from ra_cds_hooks.fhir.client import Budget
from ra_cds_hooks.fhir.record import PatientRecord
from ra_cds_hooks.hooks.drafts import draft_orders
from ra_cds_hooks.hooks.models import HookRequest
from ra_cds_hooks.operation.switches import Mode, Positions
from ra_cds_hooks.web.audited import audited
from ra_cds_hooks.web.callers import allowed_servers, caller
from ra_cds_hooks.web.parts import Parts
from ra_cds_hooks.web.quiet import quieted

log = logging.getLogger("ra_cds_hooks.web")


def evaluated(
    parts: Parts,
    service: Service,
    hook_request: HookRequest,
    language_for: Callable[[PatientRecord], str],
) -> dict[str, Any]:
    """The body that answers ``hook_request``. Raises as `Gatherer.gather` and `decide` do."""
    as_of = parts.settings.as_of or parts.now()
    with audited(parts, service, hook_request, as_of) as evaluation:
        known = caller()
        positions = parts.switches.positions()
        mode = positions.service(service.id, known.issuer.iss if known else None)
        evaluation.mode = mode.word
        if mode is Mode.OFF:
            log.info("%s: switched off", service.id)
            return {"cards": []}
        orders = draft_orders(hook_request.context)
        budget = Budget(parts.settings.fhir_budget_seconds)
        if service.screen is not None:
            with parts.stage(service.id, "gather"):
                drafts = parts.gatherer.drafts_alone(
                    hook_request, orders, budget, allowed_servers(), g.trace.headers
                )
            if screened_out(parts.content, service, drafts, as_of):
                log.info("%s: no order of ours", service.id)
                return {"cards": []} if mode is Mode.SHADOW else _nothing(parts, drafts)
        with parts.stage(service.id, "gather"):
            record = parts.gatherer.gather(
                service, hook_request, budget, orders, allowed_servers(), g.trace.headers
            )
        _note_record(parts, evaluation, record)
        with parts.stage(service.id, "evaluate"):
            decision = decide(parts.content, record, as_of, service)
        language = language_for(record)
        with parts.stage(service.id, "render"):
            body = render(
                parts.content,
                decision,
                service=service,
                language=language,
                hook_instance=hook_request.hookInstance,
                with_extension=parts.settings.decision_extension,
            )
            rendered = body["cards"]
            body, withheld = _switched(parts, body, mode, positions)
            body = quieted(
                parts.content,
                service,
                hook_request.context,
                body,
                parts.shown_cards,
                language=language,
                now=parts.now(),
                period=timedelta(days=parts.settings.override_quiet_days),
            )
        fates = _fates(parts, rendered, body["cards"], withheld)
        evaluation.cards = tuple(
            CardFate(
                card=card,
                uuid=one["uuid"],
                fate=fates[one["uuid"]],
                form="unknown" if decision.cards[card].shown is None else "true",
                indicator=one["indicator"],
                defines=decision.cards[card].card.defines,
            )
            for one in rendered
            for card in (_card_id(parts, one),)
        )
    _count_cards(parts, evaluation)
    log.info("%s: %d cards", service.id, len(body["cards"]))
    return body


def _note_record(parts: Parts, evaluation: Evaluation, record: PatientRecord) -> None:
    codes = tuple(issue.code for issue in record.data_issues)
    parts.metrics.record(evaluation.service, record.incomplete, codes)
    evaluation.incomplete = tuple(sorted(record.incomplete))
    evaluation.issues = codes
    evaluation.resources = record.sources


def _switched(
    parts: Parts, body: dict[str, Any], mode: Mode, positions: Positions
) -> tuple[dict[str, Any], dict[str, Mode]]:
    """The body without what the switches withhold, and the mode of each withheld card by uuid.

    The Decision goes with the cards: it says in data what the card would have said in words.
    """
    modes: dict[str, Mode] = {
        card["uuid"]: max(mode, positions.card(_card_id(parts, card))) for card in body["cards"]
    }
    withheld: dict[str, Mode] = {
        uuid: found for uuid, found in modes.items() if found is not Mode.ON
    }
    if not withheld and mode is Mode.ON:
        return body, {}
    return {"cards": [card for card in body["cards"] if card["uuid"] not in withheld]}, withheld


def _fates(
    parts: Parts,
    rendered: list[dict[str, Any]],
    shown: list[dict[str, Any]],
    withheld: dict[str, Mode],
) -> dict[str, str]:
    seen = {card["uuid"] for card in shown}
    return {
        uuid: withheld[uuid].word if uuid in withheld else "shown" if uuid in seen else "quiet"
        for uuid in (card["uuid"] for card in rendered)
    }


def _count_cards(parts: Parts, evaluation: Evaluation) -> None:
    for card in evaluation.cards:
        parts.metrics.cards.labels(evaluation.service, card.card, card.fate).inc()
    if parts.card_log is not None:
        subject = parts.keyed("patient", evaluation.patient)
        parts.card_log.shown(
            [
                {
                    "uuid": card.uuid,
                    "service_id": evaluation.service,
                    "card": card.card,
                    "subject": subject,
                    "shown_at": evaluation.recorded.astimezone(UTC),
                }
                for card in evaluation.cards
                if card.fate == "shown"
            ]
        )


def _card_id(parts: Parts, card: dict[str, Any]) -> str:
    return str(card["extension"][parts.content.extension_key]["card"])


def _nothing(parts: Parts, drafts: PatientRecord) -> dict[str, Any]:
    """No cards; what was odd in the drafts is told all the same."""
    issues = issues_of(drafts)
    body: dict[str, Any] = {"cards": []}
    if issues and parts.settings.decision_extension:
        body["extension"] = {parts.content.extension_key: {"dataIssues": issues}}
    return body
