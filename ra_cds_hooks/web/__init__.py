"""create_app(): the WSGI application, put together from its parts."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from flask import Flask

from ra_cds_hooks.audit.keyed import KeyedHash
from ra_cds_hooks.audit.sink import AuditFile, AuditTable, Sink
from ra_cds_hooks.cql_engine_lite import ParameterError
from ra_cds_hooks.decision import Content, decide, load_content
from ra_cds_hooks.decision.parameters import read_overrides
from ra_cds_hooks.errors import ConfigurationError
from ra_cds_hooks.fhir.client import FhirClient, Limits
from ra_cds_hooks.fhir.destination import Destinations
from ra_cds_hooks.fhir.local_codes import LocalCodes
from ra_cds_hooks.fhir.patience import Patience
from ra_cds_hooks.fhir.record import PatientRecord, Reading
from ra_cds_hooks.fhir.validate import ElementChecks
from ra_cds_hooks.hooks.gather import Gatherer
from ra_cds_hooks.hooks.issuers import read_issuers
from ra_cds_hooks.hooks.trust import require_servers
from ra_cds_hooks.operation.metrics import Metrics
from ra_cds_hooks.operation.switches import Switches
from ra_cds_hooks.operation.tracing import Tracing, tracing_for
from ra_cds_hooks.settings import Settings
from ra_cds_hooks.store import AuditRows, CardLog, FeedbackStore, Retention, ShownCards, secret_for
from ra_cds_hooks.store.shown import keeps_secret
from ra_cds_hooks.web.audited import own_parameters_hash
from ra_cds_hooks.web.callers import OPEN_BANNER, callers_for
from ra_cds_hooks.web.cds_services import cds_services_blueprint
from ra_cds_hooks.web.http import install_cors, install_errors, install_headers
from ra_cds_hooks.web.observed import install_observation, install_probes
from ra_cds_hooks.web.openapi import install_openapi
from ra_cds_hooks.web.parts import Parts

log = logging.getLogger("ra_cds_hooks.web")


def reading_for(content: Content, settings: Settings) -> Reading:
    """How records are read for this content. Raises ConfigurationError for wrong local codes."""
    return Reading(
        ElementChecks(content.program.elements_read()), LocalCodes.read(settings.local_codes)
    )


def content_for(settings: Settings) -> Content:
    """The clinical content with the site's own parameters. Raises as `load_content` does."""
    given = read_overrides(settings.parameters_file) | settings.parameters
    return load_content(settings.content_dir, given, settings.cache_dir)


def check_content(content: Content, as_of: datetime) -> None:
    """Evaluates the content once on an empty record, so that faults show at start.

    Raises ConfigurationError for a parameter that is unknown, missing or of the wrong type, and the
    engine's errors for content that cannot be evaluated at all.
    """
    try:
        content.program.require_parameters(content.parameters, content.defines)
        decide(content, PatientRecord("nobody", {}, frozenset(), ()), as_of)
    except ParameterError as error:
        raise ConfigurationError(
            f"RA_CDS_PARAMETERS: {error}. See cql/RAParameters.cql."
        ) from error


def create_app(
    settings: Settings,
    *,
    content: Content | None = None,
    store: FeedbackStore | None = None,
    now: Callable[[], datetime] | None = None,
    tracing: Tracing | None = None,
) -> Flask:
    """The application for ``settings``.

    ``content``, ``store``, ``tracing`` and ``now`` (the present moment, timezone-aware) can be
    given by tests.
    Raises ContentError, ConfigurationError and the engine's load errors: a service that cannot
    answer does not start.
    """
    require_servers(settings.fhir_servers)
    content = content or content_for(settings)
    now = now or _now
    check_content(content, settings.as_of or now())
    app = Flask(__name__, static_folder=None)
    # Two slashes are no path of ours: a redirect would lead to the Host header's name, without TLS.
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    limits = Limits(
        connect_seconds=settings.fhir_connect_timeout_seconds,
        read_seconds=settings.fhir_read_timeout_seconds,
        max_pages=settings.fhir_max_pages,
        max_page_bytes=settings.fhir_max_page_bytes,
    )
    store = store or FeedbackStore(settings.database_url, settings.database_ca_bundle)
    metrics = Metrics(content.version)
    reading = reading_for(content, settings)
    parts = Parts(
        settings=settings,
        content=content,
        parameters_hash=own_parameters_hash(content, reading.codes),
        gatherer=Gatherer(
            reading,
            FhirClient(
                limits,
                ca_bundle=settings.fhir_ca_bundle,
                connections=settings.fhir_parallel_reads,
                destinations=Destinations(
                    loopback=settings.loopback_fhir, networks=settings.fhir_private_networks
                ),
                patience=Patience(
                    tries=settings.fhir_tries,
                    failures=settings.fhir_breaker_failures,
                    rest_seconds=settings.fhir_breaker_rest_seconds,
                ),
                told=metrics.fhir_call,
            ),
            allowed_servers=settings.fhir_servers,
            loopback=settings.loopback_fhir,
            enough_seconds=settings.fhir_budget_with_prefetch_seconds,
            parallel_reads=settings.fhir_parallel_reads,
        ),
        store=store,
        callers=callers_for(settings, store),
        shown_cards=ShownCards(store, partial(override_secret, settings)),
        now=now,
        metrics=metrics,
        tracing=tracing or tracing_for(settings.otlp_endpoint),
        switches=Switches(
            settings.switches,
            content.services,
            content.cards,
            read_issuers(settings.issuers),
            failed=metrics.failures.labels("switches").inc,
        ),
        keyed=KeyedHash(partial(override_secret, settings)),
        audit=sink_for(settings, store),
        card_log=CardLog(
            store,
            failed=metrics.failures.labels("card log").inc,
        )
        if settings.log_shown_cards
        else None,
        retention=Retention(
            store,
            _days(settings.feedback_retention_days),
            failed=metrics.failures.labels("retention").inc,
        ),
    )
    app.extensions["ra_cds_hooks"] = parts
    install_errors(app)
    install_observation(app, parts)
    install_cors(app, settings.cors_origins)
    install_headers(app)
    app.register_blueprint(cds_services_blueprint(parts))
    if settings.demo:
        from ra_cds_hooks.web.demo import demo_blueprint

        app.register_blueprint(demo_blueprint(content, settings.fixtures_dir))

    install_probes(app, parts)
    install_openapi(app, content, settings)
    if parts.callers is None:
        log.warning(OPEN_BANNER)
    if settings.as_of is not None:
        log.warning("EVALUATING AS OF %s: for demo and tests only", settings.as_of.isoformat())
    return app


def override_secret(settings: Settings) -> bytes:
    """The key of all keyed hashes."""
    configured = settings.override_secret
    return secret_for(configured.get_secret_value() if configured else None, settings.database_url)


def sink_for(settings: Settings, store: FeedbackStore) -> Sink | None:
    """Where audit events go; None: nowhere. Raises ConfigurationError without a lasting key."""
    if settings.audit == "off":
        return None
    if settings.override_secret is None and not keeps_secret(settings.database_url):
        raise ConfigurationError(
            "RA_CDS_AUDIT: its hashes need a lasting key; set RA_CDS_OVERRIDE_SECRET."
        )
    if settings.audit == "file":
        return AuditFile(settings.audit_file)
    return AuditTable(AuditRows(store), _days(settings.audit_retention_days))


def _days(number: int) -> timedelta | None:
    return timedelta(days=number) if number else None


_NEW_OBJECTS = 20_000
"""Objects made before the collector looks; a request of 60 resources makes some 7,000."""


def settle() -> None:
    """Take what was loaded out of the garbage collector's sight, once per serving process.

    The compiled content is millions of objects that never become garbage; looking through them
    in the middle of a request costs more than the request (docs/adr/0006). What a request makes
    lives until its end and then goes without the collector: a look at it in between is for nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)


def _now() -> datetime:
    # In the server's own zone: "today" is the clinic's calendar day, not Greenwich's.
    return datetime.now(UTC).astimezone()
