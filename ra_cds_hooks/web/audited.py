"""Each evaluation is told to the audit, well or failed, before its answer leaves."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import orjson
from flask import g

from ra_cds_hooks.audit.event import Evaluation, as_fhir
from ra_cds_hooks.audit.keyed import parameters_hash
from ra_cds_hooks.decision import Content, Service
from ra_cds_hooks.decision.parameters import as_written
from ra_cds_hooks.errors import StoreUnavailable, answer_for
from ra_cds_hooks.fhir.local_codes import LocalCodes
from ra_cds_hooks.hooks.models import HookRequest
from ra_cds_hooks.web.callers import caller
from ra_cds_hooks.web.parts import Parts

log = logging.getLogger("ra_cds_hooks.web")


def own_parameters_hash(content: Content, codes: LocalCodes) -> str:
    """The hash of what this deployment sets itself: parameters, and its mapping of codes."""
    own = {name: as_written(v) for name, v in content.parameters.items()}
    return parameters_hash(own | ({"local codes": codes.digest} if codes.digest else {}))


@contextmanager
def audited(
    parts: Parts, service: Service, hook_request: HookRequest, as_of: datetime
) -> Iterator[Evaluation]:
    """An Evaluation to fill in; it is written at the end, also when the body raises.

    Raises StoreUnavailable when it cannot be written and the settings require it.
    """
    known = caller()
    evaluation = Evaluation(
        id=str(uuid.uuid4()),
        recorded=parts.now(),
        as_of=as_of,
        service=service.id,
        hook=service.hook,
        hook_instance=hook_request.hookInstance,
        request_id=g.request_id,
        content_version=parts.content.version,
        parameters_hash=parts.parameters_hash,
        user=hook_request.context.userId,
        patient=hook_request.context.patientId,
        issuer=known.issuer.iss if known else None,
        subject=known.subject if known else None,
    )
    try:
        yield evaluation
    except Exception as error:
        evaluation.outcome = "failed" if answer_for(error).status >= 500 else "refused"
        evaluation.reason = type(error).__name__
        evaluation.cards = ()
        _write(parts, evaluation)
        raise
    _write(parts, evaluation)


def _write(parts: Parts, evaluation: Evaluation) -> None:
    if parts.audit is None:
        return
    body = orjson.dumps(as_fhir(evaluation, parts.keyed)).decode()
    try:
        parts.audit.write(evaluation.id, evaluation.recorded, body)
    except StoreUnavailable as error:
        log.error("%s", error.message)
        parts.metrics.failures.labels("audit").inc()
        if parts.settings.audit_required:
            raise
