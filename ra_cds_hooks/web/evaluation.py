"""One service call from the parsed request to the body of the answer, timed stage by stage."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from ra_cds_hooks.decision import Service, decide, issues_of, render, screened_out
from ra_cds_hooks.fhir.client import Budget
from ra_cds_hooks.fhir.record import PatientRecord
from ra_cds_hooks.hooks.drafts import draft_orders
from ra_cds_hooks.hooks.models import HookRequest
from ra_cds_hooks.web.callers import allowed_servers
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
    metrics, content, settings = parts.metrics, parts.content, parts.settings
    budget = Budget(settings.fhir_budget_seconds)
    orders = draft_orders(hook_request.context)
    as_of = settings.as_of or parts.now()
    if service.screen is not None:
        with metrics.stage(service.id, "gather"):
            drafts = parts.gatherer.drafts_alone(hook_request, orders, budget, allowed_servers())
        if screened_out(content, service, drafts, as_of):
            log.info("%s: no order of ours", service.id)
            return _nothing(parts, drafts)
    with metrics.stage(service.id, "gather"):
        record = parts.gatherer.gather(service, hook_request, budget, orders, allowed_servers())
    metrics.record(service.id, record.incomplete, (issue.code for issue in record.data_issues))
    with metrics.stage(service.id, "evaluate"):
        decision = decide(content, record, as_of, service)
    language = language_for(record)
    with metrics.stage(service.id, "render"):
        body = render(
            content,
            decision,
            service=service,
            language=language,
            hook_instance=hook_request.hookInstance,
            with_extension=settings.decision_extension,
        )
        rendered = cards_by_uuid(parts, body)
        body = quieted(
            content,
            service,
            hook_request.context,
            body,
            parts.shown_cards,
            language=language,
            now=parts.now(),
            period=timedelta(days=settings.override_quiet_days),
        )
    shown = cards_by_uuid(parts, body)
    for uuid, card in rendered.items():
        metrics.cards.labels(service.id, card, "shown" if uuid in shown else "quiet").inc()
    log.info("%s: %d cards", service.id, len(shown))
    return body


def cards_by_uuid(parts: Parts, body: dict[str, Any]) -> dict[str, str]:
    """The card id of each card in a body, by its uuid."""
    key = parts.content.extension_key
    return {card["uuid"]: card["extension"][key]["card"] for card in body["cards"]}


def _nothing(parts: Parts, drafts: PatientRecord) -> dict[str, Any]:
    """No cards; what was odd in the drafts is told all the same."""
    issues = issues_of(drafts)
    body: dict[str, Any] = {"cards": []}
    if issues and parts.settings.decision_extension:
        body["extension"] = {parts.content.extension_key: {"dataIssues": issues}}
    return body
