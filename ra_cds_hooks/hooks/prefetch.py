"""Prefetch templates: filled in for one request, and answered from a plain Bundle.

Source: CDS Hooks 2.0.1 [Prefetch Template], [Prefetch tokens], [Prefetch query restrictions].
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote

from ra_cds_hooks.errors import ContentError
from ra_cds_hooks.fhir.record import Entry, entries_of
from ra_cds_hooks.fhir.references import References, reference_of
from ra_cds_hooks.hooks.models import Context

_TOKEN = re.compile(r"\{\{\s*([A-Za-z.]+)\s*\}\}")
_USER_TOKENS = {
    "userPractitionerId": "Practitioner",
    "userPractitionerRoleId": "PractitionerRole",
    "userPatientId": "Patient",
    "userRelatedPersonId": "RelatedPerson",
}
# Search parameters that name the patient, in the templates and in ours.
_PATIENT_PARAMETERS = ("patient", "subject")


class PrefetchKeyDefinition(Protocol):
    """What a service says about one prefetch key (ra_cds_hooks.decision.PrefetchKey)."""

    @property
    def query(self) -> str: ...
    @property
    def required(self) -> str: ...


class ServiceDefinition(Protocol):
    """What gathering needs to know of a service (ra_cds_hooks.decision.Service)."""

    @property
    def prefetch(self) -> Mapping[str, PrefetchKeyDefinition]: ...
    @property
    def not_read(self) -> Collection[str]: ...
    @property
    def answers_when_unreachable(self) -> bool: ...


@dataclass(frozen=True)
class Query:
    """A filled-in template: ``text`` is relative to the server; a read has no ``parameters``."""

    text: str
    resource_type: str
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def is_read(self) -> bool:
        """Whether it asks for one resource by id."""
        return not self.parameters

    @property
    def count(self) -> int | None:
        """The ``_count`` asked for, None when the template has none."""
        for name, value in self.parameters:
            if name == "_count" and value.isdecimal():
                return int(value)
        return None


def fill(template: str, context: Context) -> Query:
    """``template`` with its tokens replaced from ``context``.

    Raises ContentError for a token that CDS Hooks 2.0 does not know or the context lacks.
    """
    text = _TOKEN.sub(lambda found: quote(_value(found[1], context), safe=""), template)
    path, mark, search = text.partition("?")
    parameters = tuple(parse_qsl(search, keep_blank_values=True)) if mark else ()
    return Query(text, path.partition("/")[0], parameters)


def _value(token: str, context: Context) -> str:
    if token in _USER_TOKENS:
        kind, _, id_ = context.userId.partition("/")
        if kind == _USER_TOKENS[token] and id_:
            return id_
        raise ContentError(f"prefetch token {token}: the user of this request is of another type")
    root, _, name = token.partition(".")
    value = getattr(context, name, None) if root == "context" else None
    if not isinstance(value, str | int | float) or not str(value):
        raise ContentError(f"prefetch token {token}: not in the context of this hook")
    return str(value)


def prefetch_from_bundle(
    service: ServiceDefinition, bundle: Mapping[str, Any], patient_id: str
) -> dict[str, Any]:
    """What a client that holds ``bundle`` would send: one answer for each of the service's keys.

    A read that finds nothing is None; a search is a searchset Bundle. Observations are matched
    by category as a server would, so one without category is not found. Raises InvalidBundle.
    """
    context = Context(userId="Practitioner/prefetch", patientId=patient_id)
    entries = entries_of(bundle)
    return {
        key: _answer(fill(definition.query, context), entries)
        for key, definition in service.prefetch.items()
    }


def _answer(query: Query, entries: list[Entry]) -> dict[str, Any] | None:
    of_type = [
        (entry.resource, entry.full_url)
        for entry in entries
        if isinstance(entry.resource, dict)
        and entry.resource.get("resourceType") == query.resource_type
    ]
    if query.is_read:
        wanted = query.text.partition("/")[2]
        return next((resource for resource, _ in of_type if resource.get("id") == wanted), None)
    references = References(
        {
            entry.full_url: f"{entry.resource.get('resourceType')}/{entry.resource.get('id')}"
            for entry in entries
            if entry.full_url and isinstance(entry.resource, dict)
        }
    )
    found = [(r, url) for r, url in of_type if _matches(r, query, references)]
    for name, value in query.parameters:
        if name == "_sort":
            found.sort(key=lambda item: _when(item[0]), reverse=value.startswith("-"))
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "entry": [
            {"resource": resource, **({"fullUrl": url} if url else {})}
            for resource, url in found[: query.count]
        ],
    }


def _matches(resource: dict[str, Any], query: Query, references: References) -> bool:
    for name, value in query.parameters:
        if name in _PATIENT_PARAMETERS:
            subject = reference_of(resource.get("subject")) or reference_of(resource.get("patient"))
            if subject is None:
                return False
            if references.normal(subject) != f"Patient/{value.removeprefix('Patient/')}":
                return False
        elif name == "status":
            if resource.get("status") not in value.split(","):
                return False
        elif name == "category" and not _categories(resource) & set(value.split(",")):
            return False
    return True


def _categories(resource: dict[str, Any]) -> set[str]:
    listed = resource.get("category")
    concepts = listed if isinstance(listed, list) else [listed]
    return {
        coding["code"]
        for concept in concepts
        if isinstance(concept, dict) and isinstance(concept.get("coding"), list)
        for coding in concept["coding"]
        if isinstance(coding, dict) and isinstance(coding.get("code"), str)
    }


def _when(resource: dict[str, Any]) -> str:
    period = resource.get("effectivePeriod")
    start = period.get("start") if isinstance(period, dict) else None
    for value in (resource.get("effectiveDateTime"), start, resource.get("issued")):
        if isinstance(value, str):
            return value
    return ""
