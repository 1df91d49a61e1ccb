"""Commands over the audit: why did it say so on that day, and what would shadow mode have shown."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
import orjson

from ra_cds_hooks.audit.event import (
    cards_of,
    detail,
    incomplete_of,
    patient_of,
    resource_names,
    resources_of,
    service_of,
    user_of,
)
from ra_cds_hooks.audit.keyed import KeyedHash
from ra_cds_hooks.audit.sink import AuditFile, events
from ra_cds_hooks.cli.app import (
    PRETTY,
    answers_errors,
    lang_option,
    main,
    moment_of,
    since_option,
)
from ra_cds_hooks.decision import Content, Service, decide, render
from ra_cds_hooks.errors import InvalidBundle, RaCdsError
from ra_cds_hooks.fhir.files import json_in
from ra_cds_hooks.fhir.record import PatientRecord, Reading, entries_of
from ra_cds_hooks.hooks.drafts import draft_orders
from ra_cds_hooks.hooks.gather import NO_ORDERS
from ra_cds_hooks.hooks.models import HookRequest
from ra_cds_hooks.hooks.parse import parse_hook_request
from ra_cds_hooks.settings import Settings, load_settings
from ra_cds_hooks.store import FeedbackStore
from ra_cds_hooks.web import content_for, override_secret, reading_for, sink_for
from ra_cds_hooks.web.audited import own_parameters_hash

audit_option = click.option(
    "--audit",
    "audit_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of AuditEvents; default: where RA_CDS_AUDIT writes.",
)


class Differs(RaCdsError):
    """What the audit recorded and what is there now are not the same."""


@main.command()
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--event", "event_id", required=True, metavar="ID", help="Id of the AuditEvent.")
@click.option(
    "--request",
    "request_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The request of that call, for its draft orders (order-select and order-sign).",
)
@audit_option
@lang_option
@answers_errors
def replay(
    bundle: Path, event_id: str, request_file: Path | None, audit_file: Path | None, lang: str
) -> None:
    """Evaluate again what an audit event records, on the record as it was, and compare.

    BUNDLE holds the resources that the event names, in their versions of that day; others in it
    are left out. Content version, parameters and the hash of the record must be those of the
    event. Drafts are in no record: an order is replayed with the request that carried them.
    Exit code 0: the same cards again.

    Example: ra-cds replay bundle.json --event 0b7a3f6c-2a51-4e0e-9b0e-6d9ad2b0f6f4
    """
    settings = load_settings()
    content = content_for(settings)
    event = _event(settings, audit_file, event_id)
    keyed = KeyedHash(partial(override_secret, settings))
    as_of, service_id = detail(event, "asOf"), service_of(event)
    reading = reading_for(content, settings)
    _require_same_content(event, content, reading)
    service = content.services[service_id]
    asked = _request(event, request_file, service, keyed)
    record = _record_as_it_was(event, bundle, asked, reading, keyed)
    decision = decide(content, record, datetime.fromisoformat(str(as_of)), service)
    body = render(content, decision, service=service, language=lang, hook_instance="replay")
    now = []
    for card in body["cards"]:
        id_ = card["extension"][content.extension_key]["card"]
        form = "unknown" if decision.cards[id_].shown is None else "true"
        now.append((id_, form, card["indicator"]))
        click.echo(f"{card['indicator']}: {card['summary']}\n\n{card['detail']}\n")
        click.echo(f"rules: {', '.join(decision.cards[id_].card.defines)}\n")
    recorded = [(card.card, card.form, card.indicator) for card in cards_of(event)]
    if sorted(now) != sorted(recorded):
        raise Differs(f"other cards than recorded: {_listed(now)} now, {_listed(recorded)} then")
    click.echo(f"The same {len(now)} cards as recorded, as of {as_of}.")


def _require_same_content(event: Mapping[str, Any], content: Content, reading: Reading) -> None:
    then = detail(event, "contentVersion")
    if then != content.version:
        raise Differs(
            f"content {then} answered then, this is {content.version}: install that release"
        )
    if detail(event, "parametersHash") != own_parameters_hash(content, reading.codes):
        raise Differs(
            "other parameters were in effect then: set RA_CDS_PARAMETERS* and RA_CDS_LOCAL_CODES "
            "as they were"
        )
    if service_of(event) not in content.services:
        raise Differs(f"no service is called {service_of(event)}")


def _request(
    event: Mapping[str, Any], path: Path | None, service: Service, keyed: KeyedHash
) -> HookRequest | None:
    """The request of the event, None where none is given. Raises Differs when it is another's."""
    if path is None:
        if service.screen is not None:
            raise Differs("the drafts of an order hook are in no record: give --request FILE")
        return None
    request = parse_hook_request(path.read_bytes(), service.hook)
    if keyed("patient", request.context.patientId) != patient_of(event):
        raise Differs("the request is about another patient than the event")
    if request.hookInstance != detail(event, "hookInstance"):
        raise Differs("the request is another call than the event's (hookInstance)")
    return request


def _record_as_it_was(
    event: Mapping[str, Any],
    path: Path,
    request: HookRequest | None,
    reading: Reading,
    keyed: KeyedHash,
) -> PatientRecord:
    """The record of the event, out of the Bundle. Raises Differs that names what is missing."""
    if detail(event, "recordHash") is None:
        raise Differs(
            "the event records no evaluation of a record (refused, failed, off, no order of ours)"
        )
    bundle = json_in(path)
    patient = next((p for p in _patients(bundle) if keyed("patient", p) == patient_of(event)), None)
    if patient is None:
        raise Differs("the Bundle does not hold the patient of the event")
    wanted = [orjson.dumps(name) for name in resources_of(event)]
    kept = [e for e in entries_of(bundle) if _name(e.resource, patient, keyed) in wanted]
    orders = draft_orders(request.context) if request is not None else NO_ORDERS
    server = request.fhirServer if request is not None else None
    record = PatientRecord.read(
        patient,
        [*kept, *orders.entries],
        reading,
        incomplete=incomplete_of(event),
        issues=orders.issues,
        bases=[server] if server is not None else [],
        drafts=orders.drafts,
    )
    there = {orjson.dumps(name) for name in resource_names(record.sources, patient, keyed)}
    missing = [orjson.loads(name) for name in wanted if name not in there]
    if missing:
        named = ", ".join(str(name.get("reference", name.get("type"))) for name in missing[:10])
        raise Differs(f"{len(missing)} resources of that day are not in the Bundle: {named}")
    if keyed.record(record.sources) != detail(event, "recordHash"):
        raise Differs("the resources have the ids and versions of that day, but another content")
    return record


def _patients(bundle: Any) -> Iterator[str]:
    for entry in entries_of(bundle):
        resource = entry.resource
        if isinstance(resource, dict) and resource.get("resourceType") == "Patient":
            yield str(resource.get("id"))


def _name(resource: Any, patient: str, keyed: KeyedHash) -> bytes | None:
    if not isinstance(resource, dict) or not {"resourceType", "id"} <= resource.keys():
        return None
    return orjson.dumps(resource_names([resource], patient, keyed)[0])


def _event(settings: Settings, audit_file: Path | None, event_id: str) -> dict[str, Any]:
    for event in _events(settings, audit_file):
        if event.get("id") == event_id:
            return event
    raise InvalidBundle("the audit holds no event of this id")


def _left_out(number: int) -> None:
    click.echo(f"ra-cds: audit event {number} cannot be read and is left out", err=True)


def _events(settings: Settings, audit_file: Path | None) -> Iterator[dict[str, Any]]:
    if audit_file is not None:
        yield from events(AuditFile(audit_file), _left_out)
        return
    store = FeedbackStore(settings.database_url, settings.database_ca_bundle)
    try:
        sink = sink_for(settings, store)
        if sink is None:
            raise InvalidBundle("there is no audit: give --audit FILE, or set RA_CDS_AUDIT")
        yield from events(sink, _left_out)
    finally:
        store.close()


def _listed(cards: list[tuple[str, str, str]]) -> str:
    return ", ".join(f"{card} ({form}, {indicator})" for card, form, indicator in cards) or "none"


@main.group()
def shadow() -> None:
    """Shadow mode: what was computed and shown to nobody.

    Example: ra-cds shadow report
    """


@shadow.command("report")
@audit_option
@since_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@answers_errors
def shadow_report(audit_file: Path | None, since: str | None, as_json: bool) -> None:
    """Count what shadow mode would have shown: by service and card, patients and users.

    Example: ra-cds shadow report --since 2026-11-01
    """
    rows = shadow_rows(_events(load_settings(), audit_file), moment_of(since))
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(rows, option=PRETTY))
        return
    for row in rows:
        click.echo(
            f"{row['service']}: {row['evaluations']} evaluations, {row['patients']} patients, "
            f"{row['users']} users, {row['withCards']} with cards, {row['withGaps']} with gaps"
        )
        for card in row["cards"]:
            click.echo(
                f"    {card['card']} ({card['form']}, {card['indicator']}): {card['count']} cards, "
                f"{card['patients']} patients"
            )
    if not rows:
        click.echo("Nothing was evaluated in shadow mode.")


def shadow_rows(found: Iterator[dict[str, Any]], since: datetime | None) -> list[dict[str, Any]]:
    """The report, a row a service: events whose call or any card was in shadow mode."""
    by_service: dict[str, list[dict[str, Any]]] = {}
    for event in found:
        if since is not None and datetime.fromisoformat(event["recorded"]) < since:
            continue
        in_shadow = [card for card in cards_of(event) if card.fate == "shadow"]
        if detail(event, "mode") == "shadow" or in_shadow:
            by_service.setdefault(service_of(event), []).append(event)
    rows = []
    for service_id, listed in sorted(by_service.items()):
        count: Counter[tuple[str, str, str]] = Counter()
        patients: dict[tuple[str, str, str], set[str]] = {}
        with_cards = 0
        for event in listed:
            cards = [card for card in cards_of(event) if card.fate == "shadow"]
            with_cards += bool(cards)
            for card in cards:
                key = (card.card, card.form, card.indicator)
                count[key] += 1
                patients.setdefault(key, set()).add(patient_of(event))
        rows.append(
            {
                "service": service_id,
                "evaluations": len(listed),
                "patients": len({patient_of(event) for event in listed}),
                "users": len({user_of(event) for event in listed}),
                "withCards": with_cards,
                "withGaps": sum(bool(incomplete_of(event)) for event in listed),
                "cards": [
                    {
                        "card": key[0],
                        "form": key[1],
                        "indicator": key[2],
                        "count": number,
                        "patients": len(patients[key]),
                    }
                    for key, number in sorted(count.items())
                ],
            }
        )
    return rows
