"""The caller check at the door: discovery, services and feedback (CDS Hooks 2.0.1 [Trust]).

A preflight carries no Authorization and passes; everything else below /cds-services is refused
with 401 before its body is read.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from flask import Blueprint, g, request

from ra_cds_hooks.errors import Forbidden, Unauthorized
from ra_cds_hooks.hooks.callers import Caller, Callers, ReplayStore, Rules
from ra_cds_hooks.hooks.issuers import read_issuers
from ra_cds_hooks.hooks.keys import IssuerKeys, fetch, require_readable
from ra_cds_hooks.settings import Settings
from ra_cds_hooks.store import FeedbackStore
from ra_cds_hooks.store.replay import DatabaseReplay, MemoryReplay

log = logging.getLogger("ra_cds_hooks.web")

OPEN_BANNER = (
    "OPEN: callers are not verified (no RA_CDS_ISSUERS). Anyone who reaches this address is "
    "answered. Keep it on loopback, or see docs/security.md."
)


def callers_for(settings: Settings, store: FeedbackStore) -> Callers | None:
    """The verifier that the settings ask for; None when anyone may call.

    Raises ConfigurationError for an issuers file that cannot be used.
    """
    issuers = read_issuers(settings.issuers)
    if not issuers:
        return None
    require_readable(issuers)
    replay: ReplayStore = MemoryReplay()
    if settings.shared_replay:
        replay = DatabaseReplay(store)
    rules = Rules(
        settings.jwt_algorithms, settings.jwt_leeway_seconds, settings.jwt_max_lifetime_seconds
    )
    keys = IssuerKeys(time.monotonic, partial(fetch, ca_bundle=settings.fhir_ca_bundle))
    return Callers(issuers, keys, replay, rules)


def require_caller(
    blueprint: Blueprint,
    callers: Callers | None,
    settings: Settings,
    now: Callable[[], datetime],
    refused: Callable[[str], None],
) -> None:
    """Verify the caller before every route of the blueprint; `caller` gives who it is.

    ``refused`` hears the cause of each refusal.
    """

    @blueprint.before_request
    def verify() -> None:
        if callers is None or request.method == "OPTIONS":
            return
        try:
            found = callers.verified(
                request.headers.get("Authorization"),
                f"{settings.public_base_url}{request.path}",
                now(),
            )
        except Unauthorized as error:
            log.warning("caller refused: %s", error.cause)
            refused(error.cause)
            raise
        service_id = (request.view_args or {}).get("service_id")
        if service_id is not None and not found.issuer.may_use(service_id):
            raise Forbidden("This client is not allowed to use this service.")
        g.caller = found


def caller() -> Caller | None:
    """Who called; None while callers are not verified."""
    found: Caller | None = g.get("caller")
    return found


def allowed_servers() -> tuple[str, ...] | None:
    """The FHIR servers that this caller may name; None: those of the settings."""
    found = caller()
    return found.issuer.fhir_servers if found is not None else None
