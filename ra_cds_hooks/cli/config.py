"""The configuration in effect, without secrets, and what is wrong with it."""

from __future__ import annotations

import os
import re
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from ra_cds_hooks.cli.app import answers_errors, main
from ra_cds_hooks.errors import RaCdsError, public_message
from ra_cds_hooks.fhir.local_codes import LocalCodes
from ra_cds_hooks.hooks.issuers import read_issuers, require_services
from ra_cds_hooks.hooks.keys import require_readable
from ra_cds_hooks.hooks.trust import require_servers
from ra_cds_hooks.operation.switches import read_positions
from ra_cds_hooks.operation.tracing import tracing_for
from ra_cds_hooks.settings import Settings, is_loopback, load_settings, unknown_variables
from ra_cds_hooks.store import FeedbackStore
from ra_cds_hooks.web import content_for, sink_for

_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")


@main.group()
def config() -> None:
    """The configuration of this deployment.

    Example: ra-cds config check
    """


@config.command("check")
@answers_errors
def config_check() -> None:
    """Print each setting in effect, without secrets, and what is wrong with it.

    Exit code 1 when something is wrong, 3 when a value does not fit its setting. A note is a
    choice that deserves a second look.

    Example: ra-cds config check
    """
    settings = load_settings()
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        mark = " (default)" if value == field.get_default(call_default_factory=True) else ""
        click.echo(f"RA_CDS_{name.upper()} = {shown(name, value)}{mark}")
    for note in notes(settings):
        click.echo(f"note: {note}")
    wrong = list(dict.fromkeys(faults(settings)))
    for fault in wrong:
        click.echo(f"wrong: {fault}", err=True)
    if wrong:
        sys.exit(1)
    click.echo("nothing wrong")


def shown(name: str, value: Any) -> str:
    """The value as it may be printed: no secret, no password inside a URL."""
    if isinstance(value, SecretStr):
        return "(set)"
    if value is None:
        return "(not set)"
    if name == "database_url":
        return _database(str(value))
    if isinstance(value, tuple):
        value = ",".join(map(str, value))
    return _USERINFO.sub("***@", str(value))


def _database(url: str) -> str:
    try:
        parsed = make_url(url)
    except Exception:  # its message quotes the URL with its password
        return "(not a URL)"
    if "@" in (parsed.host or ""):  # the end of a password that holds one
        return "(a URL with a second @: in a user name or password it is written %40)"
    return parsed.set(query={}).render_as_string(hide_password=True)


def notes(settings: Settings) -> Iterator[str]:
    """Choices that are allowed and deserve a second look."""
    if settings.issuers is None:
        yield "callers are not verified (RA_CDS_ISSUERS)"
    alone = settings.workers == 1 and settings.database_url.startswith("sqlite")
    if settings.issuers is not None and not settings.shared_replay and not alone:
        yield "each process remembers used tokens for itself alone (RA_CDS_JWT_REPLAY)"
    if settings.demo:
        yield "the demonstration page is served (RA_CDS_DEMO)"
    if settings.as_of is not None:
        yield "everything is evaluated as of one date (RA_CDS_AS_OF)"
    if settings.audit == "off":
        yield "no evaluation is audited (RA_CDS_AUDIT)"
    if "*" in settings.cors_origins:
        yield "any browser page may call the service (RA_CDS_CORS_ORIGINS)"
    if settings.store_feedback_comments:
        yield "free text of clinicians is stored (RA_CDS_STORE_FEEDBACK_COMMENTS)"
    if settings.override_secret is None and not settings.database_url.startswith("sqlite"):
        yield "keyed hashes change with every start (RA_CDS_OVERRIDE_SECRET)"
    if settings.public_base_url and settings.public_base_url.startswith("http://"):
        host = settings.public_base_url.removeprefix("http://").partition("/")[0]
        if not is_loopback(host.partition(":")[0]):
            yield "callers are told to come without TLS (RA_CDS_PUBLIC_BASE_URL)"


def faults(settings: Settings) -> Iterator[str]:
    """What would stop the service, or a part of it, from working."""
    for name in unknown_variables():
        yield f"{name}: there is no such setting"
    yield from _tried(lambda: require_readable(read_issuers(settings.issuers)))
    yield from _tried(lambda: LocalCodes.read(settings.local_codes))
    yield from _tried(lambda: require_servers(settings.fhir_servers))
    yield from _authorities(settings.fhir_ca_bundle)
    yield from _tried(lambda: _content(settings))
    yield from _tried(lambda: _store(settings))
    yield from _tried(lambda: tracing_for(settings.otlp_endpoint).close())
    file = settings.audit_file
    if settings.audit == "file" and not _writable(file.parent):
        yield "RA_CDS_AUDIT_FILE: its folder is not there or may not be written"
    elif settings.audit == "file" and file.exists() and not _writable(file, Path.is_file):
        yield "RA_CDS_AUDIT_FILE: it is no file, or may not be written"


def _authorities(bundle: Path | None) -> Iterator[str]:
    if bundle is None:
        return
    if not bundle.is_file():
        yield "RA_CDS_FHIR_CA_BUNDLE: there is no such file"
        return
    try:
        ssl.create_default_context(cafile=bundle)
    except OSError:
        yield "RA_CDS_FHIR_CA_BUNDLE: it cannot be read as certificates (PEM)"


def _content(settings: Settings) -> None:
    content = content_for(settings)
    issuers = read_issuers(settings.issuers)
    require_services(issuers, content.services)
    if settings.switches is not None:
        read_positions(settings.switches, content.services, content.cards, issuers)


def _store(settings: Settings) -> None:
    store = FeedbackStore(settings.database_url, settings.database_ca_bundle)
    try:
        sink_for(settings, store)
        store.require_reachable()
    finally:
        store.close()


def _writable(path: Path, kind: Callable[[Path], bool] = Path.is_dir) -> bool:
    return kind(path) and os.access(path, os.W_OK)


def _tried(step: Callable[[], object]) -> Iterator[str]:
    try:
        step()
    except RaCdsError as error:
        yield error.message
    except Exception as error:
        yield public_message(error)
