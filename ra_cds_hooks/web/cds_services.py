"""The three CDS Hooks endpoints: discovery, service call, feedback. Thin: each step is elsewhere.

Source: CDS Hooks 2.0.1 [Discovery], [Calling a CDS Service], [Feedback].
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from flask import Blueprint, Response, g, request
from werkzeug.datastructures import LanguageAccept

from ra_cds_hooks.decision import Content, Service
from ra_cds_hooks.errors import UnknownService, outcome
from ra_cds_hooks.fhir.record import PatientRecord
from ra_cds_hooks.hooks.models import FeedbackItem
from ra_cds_hooks.hooks.parse import parse_feedback, parse_hook_request
from ra_cds_hooks.store import Feedback
from ra_cds_hooks.web.callers import caller, require_caller
from ra_cds_hooks.web.evaluation import evaluated
from ra_cds_hooks.web.http import has_hung_up, json_body, json_response
from ra_cds_hooks.web.parts import Parts

log = logging.getLogger("ra_cds_hooks.web")

DEFAULT_LANGUAGE = "en"


def cds_services_blueprint(parts: Parts) -> Blueprint:
    """Routes ``/cds-services``, ``/cds-services/<id>`` and ``/cds-services/<id>/feedback``."""
    blueprint = Blueprint("cds_services", __name__)
    require_caller(blueprint, parts.callers, parts.settings, parts.now, parts.metrics.refused)

    @blueprint.get("/cds-services")
    def discovery() -> Response:
        known = caller()
        services = [
            described(service, parts.content.version)
            for service in parts.content.services.values()
            if known is None or known.issuer.may_use(service.id)
        ]
        return json_response({"services": services})

    @blueprint.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        service = _service(parts.content, service_id)
        sent = json_body(request)
        if has_hung_up(request):
            g.outcome = "client gone"
            return json_response(outcome("transient", "The client is gone."), 503)
        hook_request = parse_hook_request(sent, service.hook)
        body = evaluated(
            parts,
            service,
            hook_request,
            partial(language_for, parts.settings.language, request.accept_languages),
        )
        g.outcome = "cards" if body["cards"] else "no cards"
        return json_response(body)

    @blueprint.post("/cds-services/<service_id>/feedback")
    def feedback(service_id: str) -> Response:
        service = _service(parts.content, service_id)
        batch = parse_feedback(json_body(request))
        keep = parts.settings.store_feedback_comments
        answers = [_answer(item, keep_comment=keep) for item in batch.feedback]
        new = parts.store.add(service.id, answers, parts.now())
        log.info("%s: %d answers, %d new", service.id, len(answers), new)
        stored = Response(status=200)
        del stored.headers["Content-Type"]  # there is no body to have one
        return stored

    return blueprint


def described(service: Service, version: str) -> dict[str, Any]:
    """One service as discovery shows it."""
    return {
        "hook": service.hook,
        "id": service.id,
        "title": service.title,
        "description": service.description,
        "usageRequirements": service.usage_requirements,
        "version": version,
        "prefetch": {key: definition.query for key, definition in service.prefetch.items()},
    }


def language_for(setting: str | None, accepted: LanguageAccept, record: PatientRecord) -> str:
    """The language of the cards: the setting, then the request, then the patient, then English."""
    if setting is not None:
        return setting
    wanted = [language for language, quality in accepted if quality > 0]
    wanted += _spoken(record)
    known = (language.replace("_", "-").partition("-")[0].lower() for language in wanted)
    return next((language for language in known if language in ("en", "zh")), DEFAULT_LANGUAGE)


def _spoken(record: PatientRecord) -> list[str]:
    """Language codes of Patient.communication, the preferred one first."""
    listed = record.patient.get("communication")
    spoken: list[tuple[bool, str]] = []
    for item in listed if isinstance(listed, list) else ():
        language = item.get("language") if isinstance(item, dict) else None
        codings = language.get("coding") if isinstance(language, dict) else None
        for coding in codings if isinstance(codings, list) else ():
            if isinstance(coding, dict) and isinstance(coding.get("code"), str):
                spoken.append((item.get("preferred") is not True, coding["code"]))
    return [code for _, code in sorted(spoken, key=lambda pair: pair[0])]


def _service(content: Content, service_id: str) -> Service:
    service = content.services.get(service_id)
    if service is None:
        raise UnknownService("No such service: GET /cds-services lists them.")
    return service


def _answer(item: FeedbackItem, *, keep_comment: bool) -> Feedback:
    override = item.overrideReason
    reason = override.reason if override else None
    moment = item.outcomeTimestamp
    return Feedback(
        card=item.card,
        outcome=item.outcome,
        outcome_at=moment,
        accepted_suggestions=tuple(s.id for s in item.acceptedSuggestions),
        # What is displayed of a reason is words, which may be as free as a comment.
        reason=(reason.system, reason.code, reason.display if keep_comment else None)
        if reason
        else (None, None, None),
        comment=override.userComment if override and keep_comment else None,
    )
