"""One evaluation as a FHIR R4 AuditEvent, and what a replay reads back from it.

Who asked is the client's iss and keyed hashes of its sub and of the user; whom it was about is a
keyed hash. Resources are named by id and version; the Patient, and an id that holds the
patient's, only by keyed hash.

Source: FHIR R4 AuditEvent (value sets audit-event-type, audit-entity-type, object-role).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ra_cds_hooks.audit.keyed import KeyedHash
from ra_cds_hooks.errors import InvalidBundle

KEYED = "urn:ra-cds-hooks:keyed-hash"
ISSUER = "urn:ra-cds-hooks:issuer"
OUTCOMES = {"ok": "0", "refused": "4", "failed": "8"}


@dataclass(frozen=True)
class CardFate:
    """One card that was computed: ``fate`` is shown, quiet, shadow or off; ``form`` is "true" or
    "unknown"; ``defines`` are the rules that fired."""

    card: str
    uuid: str
    fate: str
    form: str
    indicator: str
    defines: tuple[str, ...]


@dataclass
class Evaluation:
    """What is known of one evaluation while it runs. ``user`` and ``patient`` leave as hashes."""

    id: str
    recorded: datetime
    as_of: datetime
    service: str
    hook: str
    hook_instance: str
    request_id: str
    content_version: str
    parameters_hash: str
    user: str
    patient: str
    issuer: str | None = None
    subject: str | None = None
    mode: str = "on"
    outcome: str = "ok"
    reason: str = ""
    cards: tuple[CardFate, ...] = ()
    incomplete: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    resources: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)


def as_fhir(evaluation: Evaluation, keyed: KeyedHash) -> dict[str, Any]:
    """The AuditEvent of ``evaluation``."""
    patient = keyed("patient", evaluation.patient)
    agents: list[dict[str, Any]] = [_agent(KEYED, keyed("user", evaluation.user), requestor=True)]
    if evaluation.issuer is not None:
        client = _agent(ISSUER, evaluation.issuer, requestor=False)
        if evaluation.subject is not None:
            client["altId"] = keyed("subject", evaluation.subject)
        agents.append(client)
    return {
        "resourceType": "AuditEvent",
        "id": evaluation.id,
        "type": {
            "system": "http://terminology.hl7.org/CodeSystem/audit-event-type",
            "code": "rest",
        },
        "subtype": [{"system": "urn:ra-cds-hooks:hook", "code": evaluation.hook}],
        "action": "E",
        "recorded": evaluation.recorded.isoformat(),
        "outcome": OUTCOMES[evaluation.outcome],
        **({"outcomeDesc": evaluation.reason} if evaluation.reason else {}),
        "agent": agents,
        "source": {"observer": {"display": "ra-cds-hooks"}},
        "entity": [
            {"what": _identifier(KEYED, patient), "role": _code("object-role", "1")},
            _named("evaluation", evaluation.service, _details(evaluation, keyed)),
            *(_named("card", card.card, _card_details(card)) for card in evaluation.cards),
            *_gaps(evaluation),
            *(
                {"what": what}
                for what in resource_names(evaluation.resources, evaluation.patient, keyed)
            ),
        ],
    }


def resource_names(
    resources: Iterable[Mapping[str, Any]], patient: str, keyed: KeyedHash
) -> list[dict[str, Any]]:
    """Each resource by reference with its version, sorted; a keyed hash where that tells whom."""
    names = sorted(
        (f"{r['resourceType']}/{r['id']}", _version(r), r["resourceType"]) for r in resources
    )
    named: list[dict[str, Any]] = []
    for reference, version, kind in names:
        full = f"{reference}/_history/{version}" if version else reference
        if kind == "Patient" or patient in reference:
            named.append({**_identifier(KEYED, keyed("resource", full)), "type": kind})
        else:
            named.append({"reference": full})
    return named


def detail(event: Mapping[str, Any], name: str) -> str | None:
    """One detail of the evaluation: contentVersion, parametersHash, recordHash, asOf, mode, ..."""
    for entity in _of_kind(event, "evaluation"):
        return _read(entity).get(name, [None])[0]
    raise InvalidBundle("the AuditEvent is none of this service's")


def service_of(event: Mapping[str, Any]) -> str:
    """The id of the service that evaluated."""
    for entity in _of_kind(event, "evaluation"):
        return str(entity["name"])
    raise InvalidBundle("the AuditEvent is none of this service's")


def patient_of(event: Mapping[str, Any]) -> str:
    """The keyed hash of the patient."""
    return str(event["entity"][0]["what"]["identifier"]["value"])


def user_of(event: Mapping[str, Any]) -> str:
    """The keyed hash of the user."""
    return str(event["agent"][0]["who"]["identifier"]["value"])


def cards_of(event: Mapping[str, Any]) -> list[CardFate]:
    """The cards of an event, in its order."""
    found = []
    for entity in _of_kind(event, "card"):
        read = _read(entity)
        one = {name: read[name][0] for name in ("uuid", "fate", "form", "indicator")}
        found.append(CardFate(entity["name"], **one, defines=tuple(read.get("define", ()))))
    return found


def incomplete_of(event: Mapping[str, Any]) -> tuple[str, ...]:
    """The resource types that were not obtained completely."""
    return tuple(v for e in _of_kind(event, "gaps") for v in _read(e).get("incomplete", ()))


def resources_of(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The names of the resources, as `resource_names` gives them."""
    return [e["what"] for e in event["entity"][1:] if "what" in e]


def _details(evaluation: Evaluation, keyed: KeyedHash) -> list[tuple[str, str]]:
    rows = [
        ("contentVersion", evaluation.content_version),
        ("parametersHash", evaluation.parameters_hash),
        ("asOf", evaluation.as_of.isoformat()),
        ("mode", evaluation.mode),
        ("hookInstance", evaluation.hook_instance),
        ("requestId", evaluation.request_id),
    ]
    if evaluation.resources:
        rows.append(("recordHash", keyed.record(evaluation.resources)))
    return rows


def _card_details(card: CardFate) -> list[tuple[str, str]]:
    return [
        ("uuid", card.uuid),
        ("fate", card.fate),
        ("form", card.form),
        ("indicator", card.indicator),
        *(("define", define) for define in card.defines),
    ]


def _gaps(evaluation: Evaluation) -> list[dict[str, Any]]:
    rows = [("incomplete", kind) for kind in sorted(evaluation.incomplete)]
    counted = sorted(Counter(evaluation.issues).items())
    rows += [("issue", f"{code} x {count}") for code, count in counted]
    return [_named("gaps", "gaps", rows)] if rows else []


def _named(kind: str, name: str, rows: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "type": {"system": "urn:ra-cds-hooks:audit", "code": kind},
        "name": name,
        "detail": [{"type": name_, "valueString": value} for name_, value in rows],
    }


def _agent(system: str, value: str, *, requestor: bool) -> dict[str, Any]:
    return {"who": _identifier(system, value), "requestor": requestor}


def _identifier(system: str, value: str) -> dict[str, Any]:
    return {"identifier": {"system": system, "value": value}}


def _code(name: str, code: str) -> dict[str, Any]:
    return {"system": f"http://terminology.hl7.org/CodeSystem/{name}", "code": code}


def _version(resource: Mapping[str, Any]) -> str:
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, Mapping) else None
    # Only what FHIR allows as an id: anything else could be a text.
    is_id = isinstance(version, str) and 0 < len(version) <= 64 and version.isascii()
    plain = is_id and all(c.isalnum() or c in "-." for c in str(version))
    return str(version) if plain else ""


def _of_kind(event: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    listed = event.get("entity")
    return [
        e
        for e in (listed if isinstance(listed, list) else ())
        if isinstance(e, Mapping) and (e.get("type") or {}).get("code") == kind
    ]


def _read(entity: Mapping[str, Any]) -> dict[str, list[str]]:
    read: dict[str, list[str]] = {}
    for row in entity.get("detail", ()):
        read.setdefault(row["type"], []).append(row["valueString"])
    return read
